"""The zip that users install: built, validated, installed and enabled in every Blender that is here."""

import os
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from bestiary.cli.extension import ExtensionError, build_extension

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
MANIFEST = tomllib.loads((ROOT / "blender_manifest.toml").read_text("utf-8"))


def real_programs() -> list:
    """The Blender programs of this machine as test parameters, or one that says that there is none."""
    import importlib.util

    spec = importlib.util.spec_from_file_location("bestiary_conftest", ROOT / "tests" / "conftest.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.blender_programs() or [[]]


@pytest.fixture(scope="session")
def extension(tmp_path_factory):
    """The zip."""
    missing = [name for name in MANIFEST["wheels"] if not (ROOT / name).is_file()]
    if missing:
        pytest.skip(f"{len(missing)} wheels are missing: run make wheels")
    try:
        return build_extension(tmp_path_factory.mktemp("zip"))
    except ExtensionError as error:
        if "No Blender was found" in str(error):
            pytest.skip("no Blender to build the extension with")
        raise


def private(folder):
    """The environment of a Blender whose settings and extensions are in a folder of their own."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    return environment | {"BLENDER_USER_RESOURCES": str(folder)}


def run(command, folder, seconds=170):
    """Run a command; its whole output when it fails."""
    done = subprocess.run(
        [str(part) for part in command], env=private(folder), cwd=ROOT if command[0] != sys.executable else folder,
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=seconds, check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.mark.blender
def test_holds_the_rooms_and_nothing_else(extension):
    with zipfile.ZipFile(extension) as archive:
        names = archive.namelist()
    tops = {name.split("/")[0] for name in names}
    assert {"addon", "animal", "wire", "scene", "server", "cli", "__init__.py", "blender_manifest.toml"} <= tops
    assert not tops & {"tests", "benchmarks", "docs", "out", "dist", "build"}, tops
    assert not [name for name in names if name.startswith(".") or "__pycache__" in name or name.endswith(".pyc")]
    assert "server/launch.py" in names and "animal/data/open_animal.npz" in names
    presets = {path.name for path in (ROOT / "scene" / "retarget" / "presets").glob("*.json")}
    assert len(presets) >= 12 and {Path(name).name for name in names if name.startswith("scene/retarget/presets/")} >= presets
    wheels = {f"./{name}" for name in names if name.endswith(".whl")}
    assert wheels == set(MANIFEST["wheels"])


def test_wheels_are_there_for_every_python_and_platform():
    for project in ("msgspec", "pyzmq"):
        wheels = [Path(name).name for name in MANIFEST["wheels"] if Path(name).name.startswith(project)]
        for system in ("manylinux", "win_amd64", "macosx"):
            tags = {name.split("-")[2] for name in wheels if system in name}
            assert tags >= ({"cp311", "cp313", "cp314"} if project == "msgspec" else {"cp311", "cp312"}), (project, system)
    assert set(MANIFEST["platforms"]) == {"linux-x64", "windows-x64", "macos-arm64", "macos-x64"}


@pytest.mark.blender
def test_installs_in_blender_as_a_module(extension, tmp_path):
    # Leaving by os._exit: Blender 4.2 as a module crashes in its own clean-up (see conftest.py).
    script = (
        f"import sys, bpy; sys.path.insert(0, {str(HERE)!r}); "
        f"bpy.ops.extensions.package_install_files(filepath={str(extension)!r}, repo='user_default', "
        "enable_on_install=True); "
        "import check_installed, os; check_installed.check(); sys.stdout.flush(); "
        "os._exit(0) if bpy.app.version < (4, 3) else None"
    )
    assert "CHECKED" in run([sys.executable, "-c", script], tmp_path)


@pytest.mark.real_blender
@pytest.mark.parametrize("program", real_programs(), ids=lambda program: " ".join(map(str, program[1:])) or "program")
def test_installs_in_a_real_blender(extension, tmp_path, program):
    run([*program, "--command", "extension", "validate", extension], tmp_path)
    run([*program, "--command", "extension", "install-file", "-r", "user_default", "-e", extension], tmp_path)
    output = run([*program, "-b", "--python-exit-code", "3", "--python", HERE / "check_installed.py"], tmp_path)
    assert "CHECKED" in output


@pytest.mark.real_blender
@pytest.mark.parametrize("program", real_programs(), ids=lambda program: " ".join(map(str, program[1:])) or "program")
def test_a_real_blender_builds_it(extension, tmp_path, program):
    run([*program, "--command", "extension", "build", "--source-dir", ROOT, "--output-dir", tmp_path], tmp_path)
    assert (tmp_path / extension.name).stat().st_size > 1_000_000
