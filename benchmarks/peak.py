"""Peak memory of one call, measured in a process of its own: how far the resident set rises above where it stood before.

The kernel's high-water mark is reset before the call; the C library is told to give freed blocks back at once, or the call
would reuse what the setup left.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any


def peak_in_process(module: str, function: str, job: Mapping[str, Any]) -> float:
    """Bytes: what `function` of the benchmark `module` prints for a job (handed over as JSON) in a fresh process."""
    package = __package__.rpartition(".")[0]
    code = f"import sys; from {package}.benchmarks import {module}; {module}.{function}(sys.argv[1])"
    # The package need not be installed under its own name: hand on where this process found it.
    root = Path(sys.modules[package].__file__ or ".").parent.parent
    paths = [str(root), *filter(None, sys.path)]
    found = subprocess.run([sys.executable, "-c", f"import sys; sys.path[:0] = {paths!r}; {code}", json.dumps(job)],
                           capture_output=True, text=True, check=True,
                           env={**os.environ, "MALLOC_MMAP_THRESHOLD_": "65536", "MALLOC_TRIM_THRESHOLD_": "65536"})  # fmt: skip
    return float(found.stdout.strip().splitlines()[-1])


def print_peak(call: Callable[[], object]) -> None:
    """Print the bytes by which a call raises this process's resident set. For the child process."""
    before = _reset_high_water()
    call()
    print(max(_high_water() - before, 1))


def _reset_high_water() -> float:
    """Resident bytes now; where the kernel allows it, the high-water mark starts again from here."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")
    return _high_water()


def _high_water() -> float:
    """The largest resident set so far, in bytes."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return 1024.0 * int(line.split()[1])
    import resource

    scale = 1 if sys.platform == "darwin" else 1024
    return float(scale * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
