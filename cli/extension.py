"""Builds the Blender extension, `dist/bestiary-VERSION.zip`, with Blender's own builder. Run by `make extension`.

The builder is a file that comes with every Blender and needs only Python: the one of a Blender program is asked first
(`--blender`, or `blender` on the path), else the one inside the Python module `bpy`. The wheels must be there
(`make wheels`). Nothing but the standard library is needed here.
"""

from __future__ import annotations

import argparse
import importlib.util
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


class ExtensionError(RuntimeError):
    """The extension cannot be built; the message says why and what to do."""


def find_builder(blender: str | None = None) -> list[str]:
    """The start of the command line that does what `blender --command extension` does.

    Raises ExtensionError when there is no Blender in any form.
    """
    program = blender or shutil.which("blender")
    if program is not None:
        return [program, "--background", "--factory-startup", "--command", "extension"]
    module = importlib.util.find_spec("bpy")
    if module is not None and module.origin is not None:
        found = sorted(Path(module.origin).parent.glob("*/scripts/addons_core/bl_pkg/cli/blender_ext.py"))
        if found:
            return [sys.executable, str(found[-1])]
    raise ExtensionError("No Blender was found. Give --blender /path/to/blender, or: pip install bpy")


def build_extension(out: Path, blender: str | None = None, source: Path = ROOT) -> Path:
    """Build and validate the zip in the folder `out`, and give its path. Raises ExtensionError."""
    manifest = tomllib.loads((source / "blender_manifest.toml").read_text(encoding="utf-8"))
    missing = [name for name in manifest.get("wheels", []) if not (source / name).is_file()]
    if missing:
        raise ExtensionError(f"{len(missing)} wheels are missing, such as {missing[0]}. Run: make wheels")
    builder = find_builder(blender)
    out.mkdir(parents=True, exist_ok=True)
    target = out.resolve() / f"{manifest['id']}-{manifest['version']}.zip"
    draft = target.with_name(f".{target.name}")
    try:
        _run([*builder, "build", "--source-dir", str(source), "--output-filepath", str(draft)])
        _run([*builder, "validate", str(draft)])
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)
    return target


def _run(command: list[str]) -> None:
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise ExtensionError(f"Blender's builder said:\n{done.stdout}{done.stderr}")


def main() -> int:
    """Build the extension; the exit code is 0 when that worked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--out", type=Path, default=ROOT / "dist", help="folder for the zip")
    parser.add_argument("--blender", help="a Blender program")
    given = parser.parse_args()
    try:
        target = build_extension(given.out, given.blender)
    except ExtensionError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"{target} ({target.stat().st_size / 2**20:.1f} MiB)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
