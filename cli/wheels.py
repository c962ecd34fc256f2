"""Fetch the wheels that `blender_manifest.toml` lists, each for its own platform and Python.

Blender installs these beside the extension, so that msgspec and pyzmq are there without pip at run time.
Run by `make wheels`, or by hand from the repository's root: `python cli/wheels.py`. It needs nothing but
the standard library and pip, so it works before anything is installed.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


class WheelError(RuntimeError):
    """A wheel could not be fetched; the message says which one and why."""


def listed_wheels(manifest: Path) -> list[Path]:
    """Paths of the wheels that the manifest lists, relative to the manifest's folder.

    Raises:
        WheelError: when the manifest lists none.
    """
    with manifest.open("rb") as file:
        names = tomllib.load(file).get("wheels", [])
    if not names:
        raise WheelError(f"{manifest} lists no wheels")
    return [Path(name) for name in names]


def download_arguments(wheel_name: str) -> list[str]:
    """The pip arguments that pick exactly this wheel: requirement, platforms, Python and ABI.

    `msgspec-0.22.0-cp311-cp311-win_amd64.whl` becomes `msgspec==0.22.0 --platform win_amd64
    --python-version 311 --implementation cp --abi cp311`.
    """
    parts = wheel_name.removesuffix(".whl").split("-")
    if not wheel_name.endswith(".whl") or len(parts) not in (5, 6):
        raise WheelError(f"{wheel_name!r} is not a wheel's file name")
    project, version, (python, abi, platforms) = parts[0], parts[1], parts[-3:]
    arguments = [f"{project}=={version}", "--implementation", "cp", "--abi", abi]
    arguments += ["--python-version", python.removeprefix("cp")]
    for platform in platforms.split("."):
        arguments += ["--platform", platform]
    return arguments


def fetch(wheel: Path) -> None:
    """Download one wheel into its folder, unless it is there."""
    if wheel.is_file():
        return
    wheel.parent.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--only-binary=:all:", "--dest", str(wheel.parent), *download_arguments(wheel.name)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode or not wheel.is_file():
        last = (done.stderr.strip().splitlines() or ["pip downloaded another file"])[-1]
        raise WheelError(f"{wheel.name} could not be fetched: {last}")


def main() -> int:
    """Fetch every listed wheel and take away wheels that are no longer listed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--manifest", type=Path, default=ROOT / "blender_manifest.toml")
    manifest: Path = parser.parse_args().manifest
    try:
        wheels = [manifest.parent / wheel for wheel in listed_wheels(manifest)]
        for wheel in wheels:
            fetch(wheel)
    except WheelError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    for old in {path for folder in {w.parent for w in wheels} for path in folder.glob("*.whl")} - set(wheels):
        old.unlink()
    print(f"{len(wheels)} wheels in {wheels[0].parent}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
