"""Tracks become a message and answers become motions; what does not fit is refused before anything is made of it."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bestiary.animal.cameras import Camera
from bestiary.animal.skeleton import Skeleton
from bestiary.animal.tracks import Tracks
from bestiary.wire import TrackedPoints, frames
from bestiary.wire import messages as m
from bestiary.wire.errors import BadInput, BadMessage
from bestiary.wire.lifting import (
    build_lift,
    build_reading,
    pack_animal,
    read_cameras,
    read_lifted,
    read_tracks_result,
    unpack_animal,
)

NAMES, PARENTS = ["hip", "left_knee", "right_knee"], [-1, 0, 0]
HEADER = msgspec.msgpack.Decoder(m.Header[m.ClientMessage])


def points(count: int = 5) -> np.ndarray:
    return np.random.default_rng(0).uniform(0, 500, (count, 3, 2))


def travel(body, arrays):
    """A message as the other side opens it."""
    parts = frames.pack(body, "0" * 32, arrays)
    header = frames.decode_header(HEADER, parts[0])
    return header.body, frames.open_frames(header.frames, [bytes(part) for part in parts[1:]])


def test_tracks_travel_with_all_that_is_known_of_them():
    given_points = points()
    given_points[2, 1] = np.nan
    sure = np.linspace(0.1, 1, 15).reshape(5, 3)
    tracks = Tracks(given_points, Skeleton(tuple(NAMES), tuple(PARENTS)), 29.97, sure, 640, 480, 700.5, "Rex", "rex.json",
                    np.array([3, 4, 5, 9, 12]))
    request, arrays = build_lift(tracks, options={"network": "bestiary"})
    body, opened = travel(request, arrays)
    assert (body.engine, body.options) == ("lift", {"network": "bestiary"})
    back = unpack_animal(body.animal, opened)
    np.testing.assert_allclose(back.points, given_points, atol=1e-4)
    np.testing.assert_allclose(back.confidence, tracks.confidence, atol=1e-6)
    assert (back.names, back.parents, back.fps, back.width, back.height, back.focal, back.label, back.source) == (
        NAMES, PARENTS, 29.97, 640, 480, 700.5, "Rex", "rex.json")
    assert back.frame_numbers.tolist() == [3, 4, 5, 9, 12]


def test_plain_arrays_will_do():
    request, arrays = build_lift(TrackedPoints(points(), NAMES, PARENTS, 30))
    assert request.animal.numbers is None and (arrays["points/0"][..., 2] == 1).all()


@pytest.mark.parametrize("count", [1, 5])
def test_a_known_path_of_the_camera_travels_too(count):
    cameras = [Camera.look_at((2.0 + f, -3.0, 1.0), (0, 0, 0), 500.0, 640, 480) for f in range(count)]
    body, opened = travel(*build_lift(TrackedPoints(points(), NAMES, PARENTS, 30), cameras=cameras))
    K, R, t = read_cameras(body, opened, 5)
    np.testing.assert_array_equal(t, [one.t for one in cameras])
    assert K.shape == R.shape == (count, 3, 3)
    with pytest.raises(BadInput, match="2 cameras for 5 frames"):
        build_lift(TrackedPoints(points(), NAMES, PARENTS, 30), cameras=(cameras * 2)[:2])
    assert len(read_cameras(build_lift(TrackedPoints(points(), NAMES, PARENTS, 30))[0], {}, 5)[0]) == 0


@pytest.mark.parametrize(("change", "message"), [
    ({"points": points()[0]}, "shape"),
    ({"points": points()[:0]}, "0 frames"),
    ({"points": "nothing"}, "no array"),
    ({"points": np.broadcast_to(np.zeros(1), (m.MAX_TRACK_FRAMES + 1, 3, 2))}, "100001 frames"),
    ({"names": NAMES[:2]}, "2 names"),
    ({"parents": [-1]}, "1 parents"),
    ({"fps": 0.0}, "frame rate"),
    ({"fps": float("nan")}, "frame rate"),
    ({"confidence": np.ones((5, 2))}, "confidences"),
])
def test_what_cannot_be_sent_is_said(change, message):
    with pytest.raises(BadInput, match=message):
        build_lift(TrackedPoints(**{"points": points(), "names": NAMES, "parents": PARENTS, "fps": 30.0, **change}))


def test_too_many_points_in_all_are_refused_before_they_are_copied():
    huge = np.broadcast_to(np.zeros(1), (90_000, 500, 2))
    with pytest.raises(BadInput, match="4000000 points"):
        build_lift(TrackedPoints(huge, [f"p{i}" for i in range(500)], [-1] + [0] * 499, 30.0))


@pytest.mark.parametrize("change", [
    {"parents": [-1, 0]},
    {"points": "elsewhere"},
    {"numbers": "points/0"},
    {"names": [*NAMES, "tail"], "parents": [*PARENTS, 0]},
])
def test_a_request_whose_frames_do_not_fit_is_refused(change):
    request, arrays = build_lift(TrackedPoints(points(), NAMES, PARENTS, 30.0))
    with pytest.raises(BadMessage):
        unpack_animal(msgspec.structs.replace(request.animal, **change), arrays)


@pytest.mark.parametrize("frame", [
    np.zeros((5, 3, 2), np.float32), np.zeros((5, 3, 3), np.float64), np.zeros((5, 9), np.float32), np.zeros((0, 3, 3), np.float32),
    np.zeros((m.MAX_TRACK_FRAMES + 1, 3, 3), np.float32),
])
def test_points_of_another_kind_or_number_are_refused(frame):
    with pytest.raises(BadMessage):
        unpack_animal(m.TrackedAnimal("a", NAMES, PARENTS, 30.0), {"a": frame})


def test_the_header_itself_has_limits():
    many = m.TrackedAnimal("a", ["x"] * 600, [0] * 600, 30.0)
    for request in (m.LiftRequest(many), m.LiftRequest(m.TrackedAnimal("a", [], [], 30.0))):
        with pytest.raises(BadMessage):
            travel(request, {"a": np.zeros((1, 1, 3), np.float32)})


def result(count: int = 4, cameras: int = 1, **change):
    arrays = {
        "positions": np.ones((count, 3, 3), np.float32), "points": np.ones((count, 3, 2), np.float32),
        "numbers": np.arange(count), "uncertainty": np.ones((count, 3), np.float32), "contacts": np.ones((count, 3), bool),
        "K": np.ones((cameras, 3, 3)), "R": np.ones((cameras, 3, 3)), "t": np.ones((cameras, 3)),
    }
    body = m.LiftResult(NAMES, PARENTS, 25.0, "positions", "points", "numbers", "uncertainty", "contacts", "K", "R", "t", 640, 480,
                        "Rex", swaps=[m.SwappedSides(3, 7, ["left_knee", "right_knee"])], facts={"error_px": 1.5})
    return msgspec.structs.replace(body, **change), arrays


@pytest.mark.parametrize("cameras", [1, 4])
def test_a_motion_comes_back_whole(cameras):
    lifted = read_lifted(*result(cameras=cameras))
    assert lifted.positions.shape == (4, 3, 3) and lifted.camera_t.shape == (cameras, 3)
    assert lifted.swaps == [(3, 7, ["left_knee", "right_knee"])] and lifted.facts == {"error_px": 1.5}
    assert lifted.contacts.dtype == bool and lifted.uncertainty.shape == (4, 3)
    bare = read_lifted(*result(uncertainty=None, contacts=None, K=None, R=None, t=None))
    assert bare.uncertainty is None and bare.contacts is None and len(bare.camera_K) == 0


@pytest.mark.parametrize("change", [
    {"positions": "points"}, {"positions": "nowhere"}, {"points": "positions"}, {"numbers": "positions"}, {"K": "t"}, {"t": "K"},
    {"names": NAMES[:2]}, {"parents": [-1]}, {"fps": 0.0}, {"fps": float("nan")}, {"contacts": "uncertainty"},
])
def test_an_answer_that_does_not_fit_is_refused(change):
    body, arrays = result(**change)
    with pytest.raises(BadMessage):
        read_lifted(body, arrays)


def test_cameras_must_be_one_or_one_for_each_frame():
    with pytest.raises(BadMessage, match="2, 2 and 2 cameras for 4 frames"):
        read_lifted(*result(cameras=2))


def test_a_file_travels_with_what_the_user_says_of_it(tmp_path):
    path = tmp_path / "mouse.h5"
    path.write_bytes(b"\x89HDF")
    request, arrays = build_reading(path, fps=50.0, size=(640, 480), skeleton="ap10k")
    body, opened = travel(request, arrays)
    assert (body.file_name, body.fps, body.width, body.height, body.skeleton) == ("mouse.h5", 50.0, 640, 480, "ap10k")
    assert opened["file"].tobytes() == b"\x89HDF"
    assert build_reading(b"abc", "a.csv")[0].file_name == "a.csv"
    for wrong in (tmp_path / "absent.h5", b""):
        with pytest.raises(BadInput):
            build_reading(wrong)


def test_twelve_animals_come_back():
    arrays: dict[str, np.ndarray] = {}
    herd = [pack_animal(TrackedPoints(points() + i, NAMES, PARENTS, 30.0, label=f"cow {i}"), i, arrays) for i in range(12)]
    parts = frames.pack(m.TracksResult("COCO", herd, ["30 are assumed"]), "0" * 32, arrays)
    header = frames.decode_header(msgspec.msgpack.Decoder(m.Header[m.ServerMessage]), parts[0])
    found = read_tracks_result(header.body, frames.open_frames(header.frames, [bytes(part) for part in parts[1:]]))
    assert [one.label for one in found.animals] == [f"cow {i}" for i in range(12)] and found.notes == ["30 are assumed"]
    np.testing.assert_allclose(found.animals[7].points, points() + 7, atol=1e-4)


@given(st.lists(st.tuples(st.sampled_from(["float32", "float64", "int64", "uint8", "bool"]),
                          st.lists(st.integers(0, 6), max_size=4)), min_size=8, max_size=8))
def test_no_frames_whatever_make_anything_but_a_motion_or_a_refusal(kinds):
    names = ("positions", "points", "numbers", "uncertainty", "contacts", "K", "R", "t")
    arrays = {name: np.zeros(shape, dtype) for name, (dtype, shape) in zip(names, kinds, strict=True)}
    try:
        lifted = read_lifted(result()[0], arrays)
    except BadMessage:
        return
    assert lifted.positions.shape[1:] == (3, 3) and len(lifted.points) == len(lifted.positions)
