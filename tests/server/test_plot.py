"""Charts show every curve in its own colour and refuse to show nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from bestiary.server.evaluate.plot import COLOURS, line_plot


def shown(path: Path, colour: str) -> np.ndarray:
    pixels = np.asarray(Image.open(path).convert("RGB")).astype(int)
    wanted = [int(colour[k : k + 2], 16) for k in (1, 3, 5)]
    return np.argwhere(np.abs(pixels - wanted).max(axis=2) < 12)


def test_a_falling_curve_falls_and_each_curve_has_its_colour(tmp_path: Path):
    path = tmp_path / "deep" / "plot.png"
    line_plot(path, {"a": ([1, 10, 100], [3.0, 2.0, 1.0]), "b": ([1, 100], [1.0, 1.0])}, "directions", "error", log_x=True)
    first, second = (shown(path, colour) for colour in COLOURS[:2])
    inside = first[first[:, 1] < 560]  # the name stands on the right
    left, right = inside[inside[:, 1] < 200], inside[inside[:, 1] > 400]
    assert len(second) and left[:, 0].mean() < right[:, 0].mean()


def test_nothing_to_draw_is_refused(tmp_path: Path):
    with pytest.raises(ValueError, match="no point"):
        line_plot(tmp_path / "plot.png", {"a": ([np.nan], [1.0]), "b": ([], [])}, "x", "y")
    assert not list(tmp_path.iterdir())


numbers = st.floats(-1e9, 1e9) | st.just(float("nan")) | st.just(float("inf"))


@settings(max_examples=25, deadline=None)
@given(points=st.lists(st.tuples(numbers, numbers), min_size=1, max_size=5), log_x=st.booleans())
def test_any_points_are_drawn_or_refused(tmp_path_factory: pytest.TempPathFactory, points, log_x: bool):
    path = tmp_path_factory.mktemp("plots") / "plot.png"
    x, y = zip(*points, strict=True)
    try:
        line_plot(path, {"a": (x, y)}, "x", "y", log_x)
    except ValueError as error:
        assert "no point" in str(error)
    else:
        assert path.is_file()
