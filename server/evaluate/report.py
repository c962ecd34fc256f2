"""What every evaluation and benchmark leaves behind: `metrics.json` (flat, name → number) and `table.md`."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any


def write_text(path: Path, text: str) -> None:
    """Write a file whole or not at all: under another name first, then renamed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(path.name + f".part{os.getpid()}")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)


def write_metrics(out: Path, metrics: Mapping[str, float]) -> None:
    """`out/metrics.json`; a number that does not exist (nan) becomes null."""
    flat = {name: float(value) if math.isfinite(value) else None for name, value in metrics.items()}
    write_text(out / "metrics.json", json.dumps(flat, indent=1) + "\n")


def markdown_table(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """A Markdown table; floats get three significant decimals, nan a dash."""
    lines = ["| " + " | ".join(columns) + " |", "|" + "|".join("---" for _ in columns) + "|"]
    lines += ["| " + " | ".join(_cell(value) for value in row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return "–" if not math.isfinite(value) else f"{value:.3f}" if abs(value) < 100 else f"{value:.1f}"
    return str(value)
