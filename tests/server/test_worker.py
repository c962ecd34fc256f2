"""What a worker does with requests that cannot be done and engines that fail, and that it survives them."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from bestiary.server.echo import EchoEngine
from bestiary.server.engine import Cancelled, JobContext, JobFailure
from bestiary.server.requests import check_request
from bestiary.wire import messages as m
from bestiary.wire.errors import WireError
from serving import faulty, quick_client, running_broker, wait_ready, wait_until


@pytest.fixture(scope="module")
def client():
    with running_broker() as broker, quick_client(broker) as client:
        wait_ready(client)
        yield client


def worker_pid(client):
    return client.wait(client.submit(faulty())).nbytes


def failure_of(client, request, arrays=None):
    with pytest.raises(WireError) as caught:
        client.wait(client.submit(request, arrays))
    return caught.value


def test_exceptions_of_an_engine_leave_the_worker_alive(client):
    before = worker_pid(client)
    assert failure_of(client, faulty("raise")).code == "engine_error"
    assert failure_of(client, faulty("memory")).code == "out_of_memory"
    assert failure_of(client, m.EchoRequest(engine="faulty", options={"large": 70 << 20})).code == "engine_error"
    assert worker_pid(client) == before


def test_a_broken_device_context_is_answered_and_the_process_replaced(client):
    before = worker_pid(client)
    assert "device-side assert" in failure_of(client, faulty("cuda")).message
    assert worker_pid(client) != before


def test_an_idle_worker_lives_longer_than_the_silence_allowed():
    with running_broker(silence_s=0.5, beat_s=0.1) as broker, quick_client(broker) as client:
        wait_ready(client)
        before = worker_pid(client)
        threading.Event().wait(1.2)
        assert worker_pid(client) == before
        wait_until(lambda: client.status().workers[0].state == "idle")


def test_bool_frames_with_other_values_are_refused(client):
    """The broker does not look into frames; the worker does, before an engine gets them."""
    values = np.array([0, 2], np.uint8).view(bool)
    assert failure_of(client, m.EchoRequest(), {"a": values}).code == "bad_message"


def test_an_engine_runs_in_process_too():
    reports = []
    job = JobContext(lambda *now: reports.append(now), lambda: len(reports) >= 2)
    with pytest.raises(Cancelled):
        EchoEngine().run(m.EchoRequest(steps=5), {}, job)
    assert [stage for _, stage, _ in reports] == ["step 1 of 5", "step 2 of 5"]
    result, arrays = EchoEngine().run(m.EchoRequest(), {"a": np.ones(2)}, JobContext())
    assert result.nbytes == 16 and list(arrays) == ["a"]


IMAGE = np.zeros((40, 50, 3), np.uint8)


def test_rows_of_a_keypoint_set_get_their_names():
    sets = pytest.importorskip("bestiary.animal.keypoint_sets").KEYPOINT_SETS
    names = sets["ap10k"].points
    points = [m.Keypoint("#2", 1, 2, 0.5), m.Keypoint(names[0], 3, 4)]
    request = m.ReconstructRequest("i", animals=[m.AnimalHints(points, "ap10k")])
    (animal,) = check_request(request, {"i": IMAGE}).animals
    assert animal.keypoints == [m.Keypoint(names[2], 1, 2, 0.5), m.Keypoint(names[0], 3, 4)]
    assert request.animals[0].keypoints[0].name == "#2"
    for hints in (
        m.AnimalHints(points, "no_such_set"),
        m.AnimalHints(points),
        m.AnimalHints([m.Keypoint("#99", 1, 2)], "ap10k"),
    ):
        with pytest.raises(JobFailure) as caught:
            check_request(m.ReconstructRequest("i", animals=[hints]), {"i": IMAGE})
        assert caught.value.code in ("unknown_keypoint_set", "unknown_keypoint") and caught.value.advice


@pytest.mark.parametrize(
    ("frames", "code"),
    [
        ({}, "bad_request"),
        ({"i": IMAGE.astype(np.float32), "m": IMAGE[:, :, 0]}, "bad_request"),
        ({"i": IMAGE[:, :, 0], "m": IMAGE[:, :, 0]}, "bad_image"),
        ({"i": IMAGE}, "bad_request"),
        ({"i": IMAGE, "m": IMAGE}, "bad_mask"),
        ({"i": IMAGE, "m": IMAGE[:, :, 0] > 0}, "bad_request"),
    ],
)
def test_frames_that_do_not_fit_the_request(frames, code):
    request = m.ReconstructRequest("i", animals=[m.AnimalHints(mask="m")])
    with pytest.raises(JobFailure) as caught:
        check_request(request, frames)
    assert caught.value.code == code and caught.value.advice


def test_a_mask_frame_belongs_to_one_animal():
    frames = {"i": IMAGE, "m": IMAGE[:, :, 0], "n": IMAGE[:, :, 1]}
    hints = [m.AnimalHints(mask=name) for name in ("m", None, "n", "m")]
    with pytest.raises(JobFailure, match="'m' is the mask of more than one animal") as caught:
        check_request(m.ReconstructRequest("i", animals=hints), frames)
    assert caught.value.code == "bad_mask" and caught.value.advice
    request = m.ReconstructRequest("i", animals=hints[:3])
    assert check_request(request, frames) == request


def test_requests_that_fit_are_left_as_they_are():
    request = m.ReconstructRequest("i", animals=[m.AnimalHints([m.Keypoint("nose", 1, 2)], mask="m")])
    assert check_request(request, {"i": IMAGE, "m": IMAGE[:, :, 0]}) == request
    assert check_request(m.ReconstructRequest(width=3, height=4), {}) == m.ReconstructRequest(width=3, height=4)
