"""Runs a file of `blender_scripts/` in a Blender of its own: the Python module `bpy`, or a Blender program."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from .console import CliError

SCRIPTS = Path(__file__).resolve().parents[1] / "blender_scripts"
NO_BLENDER = (
    "Install Blender as a module (pip install 'bestiary[blender]', with Python 3.11 or 3.13), "
    "or say --blender /path/to/blender."
)


def blender_command(script: str, blender: Path | None = None) -> list[str] | None:
    """The start of the command line that runs blender_scripts/`script`, or None when there is no Blender.

    blender: a Blender program; without it `bpy` of this Python is taken, then `blender` on the path.
    """
    path = str(SCRIPTS / script)
    if blender is None and importlib.util.find_spec("bpy") is not None:
        return [sys.executable, path]
    program = str(blender) if blender is not None else shutil.which("blender")
    if program is None:
        return None
    return [program, "--background", "--factory-startup", "--python-exit-code", "1", "--python", path, "--"]


def blender_environment() -> dict[str, str]:
    """This process's environment without what Blender's own Python must not see."""
    return {name: value for name, value in os.environ.items() if name not in ("PYTHONHOME", "PYTHONPATH")}


def run_script(
    script: str, arguments: Sequence[str | Path], blender: Path | None = None, timeout: float = 900.0
) -> str:
    """Run blender_scripts/`script` with `arguments` and give what it printed. Raises CliError."""
    command = blender_command(script, blender)
    if command is None:
        raise CliError("No Blender was found.", NO_BLENDER)
    try:
        done = subprocess.run(
            [*command, *map(str, arguments)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=timeout,
            env=blender_environment(),
            check=False,
        )
    except FileNotFoundError:
        raise CliError(f"{command[0]} is not there.", "Check --blender.") from None
    except PermissionError:
        raise CliError(f"{command[0]} cannot be run.", "Check --blender.") from None
    except subprocess.TimeoutExpired:
        raise CliError(f"Blender did not finish {script} within {timeout:.0f} s.", "Try it again.") from None
    if done.returncode != 0:
        last = "\n".join(done.stdout.strip().splitlines()[-12:])
        raise CliError(f"Blender failed at {script} (exit code {done.returncode}):\n{last}", NO_BLENDER)
    return done.stdout
