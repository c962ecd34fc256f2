"""What all tests share: the development data beside the checkout, skips with their reason, settings."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parents[1]

# Shared machines are slow at times: a property holds or does not, whatever the clock says.
settings.register_profile(
    "bestiary", deadline=None, derandomize=True, max_examples=50, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("thorough", parent=settings.get_profile("bestiary"), derandomize=False, max_examples=1000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "bestiary"))


def blender_programs() -> list[list[str]]:
    """Real Blender programs to test with, each as the start of a command line.

    `BLENDER` (programs, separated by the path separator) comes first, then what the shared tool has set up,
    then `blender` on the path.
    """
    programs = [[p] for p in os.environ.get("BLENDER", "").split(os.pathsep) if p]
    tool = ROOT.parent / "shared" / "tools" / "blender"
    roots = Path(os.environ.get("BLENDER_ROOTS", "/opt/blender"))
    if tool.exists():
        for version in ("5.2", "4.3"):
            if (roots / version / "usr" / "bin" / "blender").exists():
                programs.append([str(tool), version])
    found = shutil.which("blender")
    if found and [found] not in programs:
        programs.append([found])
    return programs


_exit_status = 0


def pytest_sessionfinish(exitstatus: int) -> None:
    """Remember how the tests ended, for `pytest_unconfigure`."""
    global _exit_status
    _exit_status = int(exitstatus)


def pytest_unconfigure() -> None:
    """Leave without Python's own clean-up in Blender 4.2 and 4.5 as modules.

    At exit 4.2 crashes when any property with a callback was ever registered, by its own Rigify too, and 4.5 may free memory without
    end: either would hide the tests' result. Later modules and Blender programs do not.
    """
    bpy = sys.modules.get("bpy")
    if bpy is not None and bpy.app.version < (5, 0):
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(_exit_status)


def _has_gpu() -> bool:
    if importlib.util.find_spec("torch") is None:
        return False
    import torch

    return torch.cuda.is_available()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip, with the reason, what this machine cannot run."""
    reasons = {
        "blender": None if importlib.util.find_spec("bpy") else "bpy is not installed (pip install -e .[blender])",
        "real_blender": None if blender_programs() else "no Blender program found (set BLENDER=/path/to/blender)",
    }
    if any(item.get_closest_marker("gpu") for item in items):
        reasons["gpu"] = None if _has_gpu() else "no CUDA device"
    for item in items:
        for marker, reason in reasons.items():
            if reason and item.get_closest_marker(marker):
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout, which is the package `bestiary`."""
    return ROOT


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The development data `../shared/data`; a test that asks for it is skipped where it is absent."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"development data not found at {folder}")
    return folder


@pytest.fixture(autouse=True)
def _private_settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keys and settings that a test writes never reach the user's own folder."""
    before = os.environ.get("BESTIARY_HOME")
    os.environ["BESTIARY_HOME"] = str(tmp_path_factory.getbasetemp() / "bestiary_home")
    yield
    if before is None:
        os.environ.pop("BESTIARY_HOME", None)
    else:
        os.environ["BESTIARY_HOME"] = before
