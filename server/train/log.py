"""What a training leaves to look at: `log.jsonl`, one line an event, and the curves `curve.png` and `loss.png`."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ...animal.npz import whole_file
from ..evaluate.plot import line_plot

MOST_POINTS = 150  # in a curve; more only hide each other
MAX_LINE = 1 << 16


class Log:
    """Appends to `folder/log.jsonl`: `{"step": …, "loss": …, …}` and `{"step": …, "validation": {…}}`.

    A resumed training drops the lines after its checkpoint's step first: the log is that of one unbroken run.
    """

    def __init__(self, folder: Path, step: int) -> None:
        self.folder = folder
        self.path = folder / "log.jsonl"
        self.lines: list[dict[str, Any]] = []
        folder.mkdir(parents=True, exist_ok=True)
        if self.path.exists():
            self.lines = [line for line in read_log(self.path) if line["step"] <= step] if step else []
            with whole_file(self.path) as stream:
                stream.writelines(_text(line).encode() for line in self.lines)

    def add(self, line: Mapping[str, Any]) -> None:
        """Write one event; what is not finite becomes null."""
        clean = _clean(line)
        self.lines.append(clean)
        with self.path.open("a", encoding="utf-8") as stream:
            stream.write(_text(clean))

    def draw(self) -> None:
        """`curve.png` (validation error) and `loss.png` (training loss) over the steps, as far as there is any."""
        errors = [(line["step"], line["validation"].get("error")) for line in self.lines if "validation" in line]
        losses = [(line["step"], line["loss"]) for line in self.lines if "loss" in line]
        for name, label, points in (("curve", "validation error", errors), ("loss", "training loss", losses)):
            known = [(x, y) for x, y in points if y is not None]
            if known:
                line_plot(self.folder / f"{name}.png", {label: _thinned(known)}, "step", label)


def read_log(path: Path) -> list[dict[str, Any]]:
    """The events of a `log.jsonl`; a last line that a kill cut off, and whatever is no event, is left out."""
    found = []
    with path.open(encoding="utf-8", errors="replace") as stream:
        for text in iter(lambda: stream.readline(MAX_LINE), ""):
            try:
                line = json.loads(text)
            except (ValueError, RecursionError):
                continue
            if isinstance(line, dict) and isinstance(line.get("step"), int):
                found.append(line)
    return found


def _thinned(points: Iterable[tuple[float, float]]) -> tuple[list[float], list[float]]:
    """Neighbours averaged until few enough are left to see."""
    table = np.asarray(list(points), np.float64)
    parts = np.array_split(table, min(MOST_POINTS, len(table)))
    means = np.stack([part.mean(axis=0) for part in parts])
    return means[:, 0].tolist(), means[:, 1].tolist()


def _text(line: Mapping[str, Any]) -> str:
    return json.dumps(line, ensure_ascii=False, allow_nan=False) + "\n"


def _clean(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _clean(one) for key, one in value.items()}
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
