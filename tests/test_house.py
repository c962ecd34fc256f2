"""The house holds together: one version, every package shipped, every room importing only what it may."""

import ast
import re
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
SKIPPED = {"tests", "docs", "out", "dist", "build", "wheels"}

# What each room may import besides the standard library (DESIGN.md, "The house").
ALLOWED = {
    "animal": {"numpy"},
    "wire": {"numpy", "msgspec", "zmq"},
    "server": {"animal", "wire", "numpy", "msgspec", "zmq", "torch", "scipy", "PIL", "pycocotools", "safetensors", "diffusers", "h5py"},
    "scene": {"animal", "numpy", "bpy", "mathutils", "bpy_extras"},
    "addon": {"animal", "wire", "scene", "numpy", "bpy", "mathutils", "bpy_extras", "gpu", "gpu_extras", "blf"},
    "blender_scripts": {"bestiary", "animal", "scene", "numpy", "bpy", "mathutils", "bpy_extras"},
    "cli": {"animal", "wire", "server", "benchmarks", "numpy", "tyro", "rich", "PIL", "ray"},
}
# Where the open animal's file is made; never imported when animals are fitted.
AUTHORING = {"pymeshlab"}
BARE = sys.stdlib_module_names


def python_files(room: str) -> list[Path]:
    return sorted((ROOT / room).rglob("*.py"))


def imports(path: Path) -> set[str]:
    """First names of what a file imports: rooms for relative imports that leave the own room, else packages."""
    inside = path.relative_to(ROOT).with_suffix("").parts
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            found.add((node.module or "").split(".")[0])
        elif isinstance(node, ast.ImportFrom):
            base = inside[: len(inside) - node.level]
            names = [*base, *(node.module or "").split(".")] if node.module else list(base)
            full = [part for part in names if part]
            found |= {full[0]} if full else {alias.name for alias in node.names}
    return found


@pytest.mark.parametrize("room", ALLOWED)
def test_room_imports_only_what_it_may(room: str) -> None:
    wrong = []
    for path in python_files(room):
        allowed = ALLOWED[room] | (AUTHORING if "authoring" in path.parts else set())
        for name in imports(path) - allowed - {room, "__future__", "__version__"} - BARE:
            wrong.append(f"{path.relative_to(ROOT)} imports {name}")
    assert not wrong, "\n".join(wrong)


def test_the_package_never_imports_itself_by_name() -> None:
    """Inside Blender it is called bl_ext.….bestiary, so only relative imports work everywhere.

    Except in bare scripts, which have no package around them until they have made it.
    """
    files = [path for room in ALLOWED if room != "blender_scripts" for path in python_files(room)]
    assert not [str(path.relative_to(ROOT)) for path in files if "bestiary" in imports(path)]


def test_one_version() -> None:
    manifest = tomllib.loads((ROOT / "blender_manifest.toml").read_text(encoding="utf-8"))
    source = (ROOT / "__init__.py").read_text(encoding="utf-8")
    found = re.search(r'^__version__ = "(.+)"$', source, re.M)
    assert found and found[1] == manifest["version"] == PROJECT["project"]["version"]
    assert f"## {found[1]}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_every_package_is_shipped() -> None:
    folders = {
        path.parent.relative_to(ROOT)
        for path in ROOT.rglob("*.py")
        if not any(part in SKIPPED or part.startswith(".") for part in path.relative_to(ROOT).parts)
    }
    there = {".".join(("bestiary", *folder.parts)) for folder in folders}
    assert there == set(PROJECT["tool"]["setuptools"]["packages"])


def test_nothing_unsafe_is_read() -> None:
    """No pickle, eval or shell strings; arrays and weights are read without code execution."""
    bad = re.compile(
        r"\bpickle\.loads?\(|\bimport pickle\b|allow_pickle\s*=\s*True|weights_only\s*=\s*False|shell\s*=\s*True"
        r"|recv_pyobj|send_pyobj|\bmarshal\.|(?<![\w.])eval\(|(?<![\w.])exec\("
    )
    wrong = []
    for room in (*ALLOWED, "benchmarks"):
        for path in python_files(room):
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
                if bad.search(line):
                    wrong.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("room", [*ALLOWED, "benchmarks"])
def test_files_are_of_a_size_to_read(room: str) -> None:
    sizes = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in python_files(room)}
    assert not [f"{path.relative_to(ROOT)}: {size} lines" for path, size in sizes.items() if size > 500]


@pytest.mark.parametrize("room", [*ALLOWED, "benchmarks"])
def test_every_file_says_what_it_is(room: str) -> None:
    assert not [
        str(path.relative_to(ROOT))
        for path in python_files(room)
        if not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    ]
