"""Tasks in a thread: progress, results, errors, cancelling, stopping."""

import threading
import time

import pytest

from bestiary.addon.background import Task

pytestmark = pytest.mark.blender


def finished(task, seconds=10.0):
    end = time.monotonic() + seconds
    while task.outcome is None and time.monotonic() < end:
        task.drain()
        time.sleep(0.005)
    assert task.outcome is not None
    return task.outcome


def test_result_and_progress_arrive():
    def work(progress, _cancel):
        progress(0.5, "half")
        return 42

    task = Task(work).start()
    outcome = finished(task)
    assert (outcome.value, outcome.error, outcome.cancelled) == (42, None, False)
    assert (task.fraction, task.stage) == (0.5, "half")
    assert not task.drain()


def test_an_error_is_an_outcome():
    def work(_progress, _cancel):
        raise ValueError("no such thing")

    assert str(finished(Task(work).start()).error) == "no such thing"


def test_cancelling_ends_as_cancelled_even_when_the_work_fails_over_it():
    def work(_progress, cancel):
        cancel.wait(10)
        raise RuntimeError("torn away")

    task = Task(work).start()
    task.cancel()
    outcome = finished(task)
    assert outcome.cancelled and outcome.error is None


def test_stop_does_not_wait_for_a_stuck_thread():
    release = threading.Event()
    task = Task(lambda _progress, _cancel: release.wait(30)).start()
    assert not task.stop(timeout=0.05)
    release.set()
    assert task.stop(timeout=10)
