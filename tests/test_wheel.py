"""What `pip install` gives is whole: the wheel holds every package and its data, and each imports from it."""

import os
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
NEEDS = {  # packages that only import where their host is
    "bestiary.addon": "bpy",
    "bestiary.scene": "bpy",
}
IMPORT_ALL = """
import importlib, importlib.util, json, sys
wheel, names = sys.argv[1], json.loads(sys.argv[2])
sys.meta_path = [finder for finder in sys.meta_path if "editable" not in repr(finder).lower()]
sys.path.insert(0, wheel)
for name in names:
    module = importlib.import_module(name)
    assert module.__file__ and module.__file__.startswith(wheel), (name, module.__file__)
print("imported", len(names))
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy of what git tracks, so that nothing left over from other builds gets in."""
    source, target = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if listed.returncode != 0:
        pytest.skip("not a git checkout")
    for name in filter(None, listed.stdout.decode().split("\0")):
        if (ROOT / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes((ROOT / name).read_bytes())
    done = subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", str(target), str(source)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (path,) = target.glob("bestiary-*.whl")
    return path


def test_every_package_imports_from_the_wheel(wheel: Path, tmp_path: Path) -> None:
    import json

    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    packages = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]["packages"]
    names = [name for name in packages if not any(name == top or name.startswith(top + ".") for top in NEEDS)]
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    done = subprocess.run(
        [sys.executable, "-c", IMPORT_ALL, str(tmp_path), json.dumps(names)],
        capture_output=True, text=True, check=False, cwd=tmp_path, env=environment,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    for name in packages:
        assert (tmp_path / name.replace(".", "/") / "__init__.py").is_file()


@pytest.mark.blender
def test_blender_packages_import_from_the_wheel(wheel: Path, tmp_path: Path) -> None:
    import json

    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", "import bpy\n" + IMPORT_ALL, str(tmp_path), json.dumps(list(NEEDS))],
        capture_output=True, text=True, check=False, cwd=tmp_path,
    )  # fmt: skip
    assert "imported" in done.stdout, done.stderr


def test_the_wheel_holds_data_and_no_junk(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    for needed in (
        "bestiary/animal/data/open_animal.npz",
        "bestiary/cli/samples/fox.npz",
        "bestiary/blender_scripts/render_sample.py",
        "bestiary/blender_manifest.toml",
        "bestiary/server/launch.py",
        "bestiary/scene/retarget/presets/quaternius.json",
    ):
        assert needed in names
    tops = {name.split("/")[1] for name in names if name.startswith("bestiary/")}
    assert not tops & {"tests", "docs", "wheels", "out", ".venv", "build"}
