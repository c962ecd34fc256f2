"""Clips to animate on the wire: what is packed comes back as it was, and what does not fit is told."""

import msgspec
import numpy as np
import pytest

from bestiary.wire import TrackedPoints
from bestiary.wire import messages as m
from bestiary.wire.animating import build_animate, read_animated
from bestiary.wire.errors import BadInput, BadMessage


class View:
    """A camera."""

    K, R, t = np.eye(3), np.eye(3), np.zeros(3)


def tracked(frames=4, label="Rex"):
    points = np.arange(frames * 3 * 2, dtype=float).reshape(frames, 3, 2)
    return TrackedPoints(points, ["nose", "neck", "tail_base"], [1, -1, 1], 25.0, label=label)


def answer(**changes):
    arrays = {
        "betas/0": np.zeros(7, np.float32), "poses/0": np.zeros((4, 5, 3), np.float32), "trans/0": np.zeros((4, 3), np.float32),
        "keypoints/0": np.zeros((4, 2, 3), np.float32), "K": np.eye(3)[None], "R": np.eye(3)[None], "t": np.zeros((1, 3)),
    }  # fmt: skip
    arrays["poses/0"][3] = np.nan
    animal = m.AnimatedAnimal("betas/0", "poses/0", "trans/0", "keypoints/0", 0.25, "Rex", "dog", facts={"error_px": 1.5})
    result = m.AnimateResult("id", "animal", list("abcde"), ["nose", "chin"], [animal], "K", "R", "t", 25.0, 7, 640, 480)
    return msgspec.structs.replace(result, **changes), arrays


def test_a_request_survives_the_wire():
    request, arrays = build_animate([tracked(), tracked(6, "Bella")], species=["dog", None], cameras=[View(), View(), View(), View()],
                                    options={"smooth": 0.5})
    back = msgspec.msgpack.decode(msgspec.msgpack.encode(request), type=m.JobRequest)
    assert back == request and isinstance(back, m.AnimateRequest) and back.engine == "fit"
    assert (back.species, back.families, [one.label for one in back.animals]) == (["dog", None], [None, None], ["Rex", "Bella"])
    assert arrays[back.animals[1].points].shape == (6, 3, 3) and arrays["K"].shape == (4, 3, 3)


def test_one_kind_for_all():
    request, _ = build_animate([tracked(), tracked()], species="dog", family=None)
    assert request.species == ["dog", "dog"] and request.families == [None, None]


@pytest.mark.parametrize(("tracks", "more", "message"), [
    ([], {}, "0 animals"), ([tracked()] * 65, {}, "65 animals"), ([tracked()], {"species": ["dog", "cat"]}, "2 species"),
    ([tracked()], {"cameras": [View(), View()]}, "2 cameras"),
])  # fmt: skip
def test_requests_that_do_not_fit(tracks, more, message):
    with pytest.raises(BadInput, match=message):
        build_animate(tracks, **more)


def test_a_rate_of_nothing():
    one = tracked()
    one.fps = 0.0
    with pytest.raises(BadInput, match="frame rate"):
        build_animate([one])


def test_an_answer_comes_back_and_so_does_a_half_done_one_with_progress():
    result, arrays = answer()
    progress = msgspec.msgpack.decode(msgspec.msgpack.encode(m.Progress(0.5, "half", partial=result)), type=m.ServerMessage)
    found = read_animated(progress.partial, arrays)
    assert (found.frames, found.first, found.width, found.animals[0].species) == (4, 7, 640, "dog")
    assert found.animals[0].known.tolist() == [True, True, True, False] and found.animals[0].facts == {"error_px": 1.5}


@pytest.mark.parametrize("change", [
    {"animals": []}, {"fps": 0.0}, {"fps": float("nan")}, {"joint_names": ["a"]}, {"keypoint_names": []}, {"K": "lost"},
])
def test_answers_that_do_not_hold_together(change):
    with pytest.raises(BadMessage):
        read_animated(*answer(**change))


@pytest.mark.parametrize(("name", "value"), [
    ("poses/0", np.zeros((3, 5, 3), np.float32)), ("trans/0", np.zeros((4, 3))), ("K", np.zeros((2, 3, 3))), ("betas/0", None),
    ("keypoints/0", np.zeros((4, 2, 2), np.float32)),
])
def test_arrays_that_do_not_fit(name, value):
    result, arrays = answer()
    if value is None:
        del arrays[name]
    else:
        arrays[name] = value
    with pytest.raises(BadMessage):
        read_animated(result, arrays)


def test_an_animal_without_size():
    result, arrays = answer()
    result.animals[0].metres_per_unit = 0.0
    with pytest.raises(BadMessage, match="metres"):
        read_animated(result, arrays)
