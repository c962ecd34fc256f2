"""Tracks in memory and in the project's own file."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bestiary.animal.skeleton import Skeleton
from bestiary.animal.tracks import Tracks, TracksError, load_tracks, save_tracks, tracks_of

SKELETON = Skeleton(("hip", "knee"), (-1, 0))
GOOD = {"points": [[[1, 2], None], [[3, 4, 0.5], [5, 6, 1]]], "names": ["hip", "knee"], "parents": [-1, 0], "fps": 25}


def test_missing_is_nan_and_not_sure() -> None:
    points = np.ones((3, 2, 2))
    points[0, 0, 0], points[1, 1] = np.nan, np.inf
    tracks = Tracks(points, SKELETON, 30, np.array([[1, 0.5], [3, 1], [0, -1]]))
    assert tracks.seen.tolist() == [[False, True], [True, False], [False, False]]
    assert np.asarray(tracks.confidence).tolist() == [[0, 0.5], [1, 0], [0, 0]]
    assert np.isnan(tracks.points[~tracks.seen]).all()
    assert Tracks(np.full((1, 2, 2), 1e9), SKELETON, 30).seen.sum() == 0


def test_there_and_back(tmp_path: Path) -> None:
    points = np.random.default_rng(0).uniform(0, 1000, (5, 2, 2))
    points[2] = np.nan
    one = Tracks(
        points, SKELETON, 59.94, np.full((5, 2), 0.25), 1920, 1080, 1500.5, "a dog", "file.h5", np.arange(5) * 2 + 7
    )
    save_tracks(tmp_path / "t.json", [one, Tracks(points, SKELETON, 30)])
    again, other = load_tracks(tmp_path / "t.json")
    np.testing.assert_allclose(again.points, one.points, atol=5e-4)
    for name in ("fps", "width", "height", "focal", "label", "source", "skeleton"):
        assert getattr(again, name) == getattr(one, name)
    np.testing.assert_array_equal(np.asarray(again.frame_numbers), np.asarray(one.frame_numbers))
    np.testing.assert_allclose(np.asarray(again.confidence), np.asarray(one.confidence))
    assert other.width is None and other.focal is None


def test_a_short_point_is_sure() -> None:
    tracks = tracks_of({"format": "bestiary-tracks/1", "animals": [GOOD]}, "t.json")[0]
    assert np.asarray(tracks.confidence).tolist() == [[1, 0], [0.5, 1]]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"fps": 0}, "frame rate is 0"),
        ({"fps": float("nan")}, "frame rate is nan"),
        ({"fps": -3}, "frame rate"),
        ({"fps": "x"}, "cannot be read"),
        ({"fps": None}, "cannot be read"),
        ({"points": []}, "0 frames"),
        ({"points": [[[1, 2]]]}, "shape"),
        ({"points": 3}, "cannot be read"),
        ({"points": [[[1, 2], [1]]]}, "cannot be read"),
        ({"points": [[[1, 2], "a"]]}, "cannot be read"),
        ({"names": ["a", "a"]}, "called 'a'"),
        ({"parents": [-1, -1]}, "one root"),
        ({"parents": [1, 0]}, "circle"),
        ({"parents": [-1, 9]}, "not there"),
        ({"width": 0}, "width is 0"),
        ({"focal": float("inf")}, "focal is inf"),
        ({"width": "wide"}, "cannot be read"),
        ({"frames": [4, 4]}, "must be one for each frame, and rise"),
        ({"frames": [1]}, "frame numbers"),
        ({"frames": ["a", "b"]}, "cannot be read"),
    ],
)
def test_what_does_not_fit_is_named(change: dict, words: str) -> None:
    with pytest.raises(TracksError, match=f"t.json, animal 1: .*{words}"):
        tracks_of({"format": "bestiary-tracks/1", "animals": [{**GOOD, **change}]}, "t.json")


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        {},
        {"format": "bestiary-tracks/2", "animals": []},
        {"format": "bestiary-tracks/1", "animals": 1},
        {"format": "bestiary-tracks/1", "animals": [1]},
        {"format": "bestiary-tracks/1", "animals": [{}]},
    ],
)
def test_what_is_no_file_of_tracks(value: object) -> None:
    with pytest.raises(TracksError):
        tracks_of(value, "t.json")


@given(
    st.dictionaries(
        st.sampled_from([*GOOD, "frames", "width", "confidence"]),
        st.recursive(
            st.none() | st.integers() | st.floats() | st.text(max_size=3), lambda inner: st.lists(inner, max_size=3)
        ),
    )
)
def test_any_animal_is_read_or_refused(change: dict) -> None:
    try:
        tracks_of({"format": "bestiary-tracks/1", "animals": [{**GOOD, **change}]}, "t.json")
    except TracksError as error:
        assert error.message.endswith(".")


def test_a_file_that_is_cut_off(tmp_path: Path) -> None:
    save_tracks(tmp_path / "t.json", [Tracks(np.ones((2, 2, 2)), SKELETON, 30)])
    data = (tmp_path / "t.json").read_bytes()
    for length in range(0, len(data) - 3, 7):
        (tmp_path / "cut.json").write_bytes(data[:length])
        with pytest.raises(TracksError):
            load_tracks(tmp_path / "cut.json")
    assert json.loads(data)["format"] == "bestiary-tracks/1"
