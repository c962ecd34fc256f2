"""Jobs through a real broker and real worker processes: the good days, cancelling, limits, who may ask for what."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from bestiary.wire import messages as m
from bestiary.wire.errors import (
    Busy,
    DeadlinePassed,
    JobCancelled,
    JobFailed,
    NotYours,
    UnknownJob,
)  # fmt: skip
from serving import faulty, quick_client, running_broker, wait_ready, wait_state, wait_until


@pytest.fixture(scope="module")
def broker():
    """One broker with one worker for the tests that leave it as it was."""
    with running_broker() as broker, quick_client(broker) as client:
        wait_ready(client)
        yield broker


@pytest.fixture
def client(broker):
    with quick_client(broker) as client:
        yield client


def test_status_tells_who_answers(client):
    status = client.status()
    assert (status.protocol, status.model_id, status.model_name) == (m.PROTOCOL, "0123456789abcdef", "test")
    assert status.engines == ["faulty", "echo"]
    assert [(w.device, w.state) for w in status.workers] == [("cpu", "idle")]


def test_a_job_there_and_back(client):
    arrays = {"a": np.random.default_rng(0).random((50, 60)), "b": np.array(True), "c": np.zeros((0, 3), np.int32)}
    echo = client.wait(client.submit(m.EchoRequest(), arrays))
    assert echo.nbytes == sum(a.nbytes for a in arrays.values())
    for name, array in arrays.items():
        np.testing.assert_array_equal(echo.arrays[name], array)
        assert echo.arrays[name].dtype == array.dtype


def test_progress_rises_and_tells_the_stage(client):
    seen = []
    client.wait(client.submit(m.EchoRequest(steps=5, sleep_s=0.06)), lambda *now: seen.append(now))
    assert len(seen) >= 3 and seen == sorted(seen)
    assert seen[0] == (0.0, "step 1 of 5")


def test_previews_arrive(client):
    job = client.submit(faulty())
    client.wait(job)
    assert job.preview.shape == (2, 3, 3)


def test_two_clients_at_once(broker):
    """Each gets its own answers, in whatever order they ask."""
    results = {}

    def work(number):
        with quick_client(broker) as client:
            jobs = [client.submit(m.EchoRequest(), {"n": np.array([number, i])}) for i in range(20)]
            results[number] = [client.wait(job).arrays["n"].tolist() for job in reversed(jobs)]

    threads = [threading.Thread(target=work, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert results == {n: [[n, i] for i in reversed(range(20))] for n in range(2)}


def test_failures_of_an_engine(client):
    with pytest.raises(JobFailed) as caught:
        client.wait(client.submit(faulty("refuse")))
    assert (caught.value.code, caught.value.message) == ("bad_thing", "The thing is bad.")
    assert caught.value.advice == "Send a better thing."
    with pytest.raises(JobFailed, match="ZeroDivisionError") as caught:
        client.wait(client.submit(faulty("raise")))
    assert caught.value.code == "engine_error"
    with pytest.raises(JobFailed, match=r"no engine 'dream'.*faulty, echo"):
        client.wait(client.submit(m.EchoRequest(engine="dream")))
    with pytest.raises(JobFailed, match="echo requests only"):
        client.reconstruct(b"bytes", engine="echo")
    assert client.wait(client.submit(m.EchoRequest())).nbytes == 0


def test_a_mask_that_did_not_come(client):
    request = m.ReconstructRequest(width=20, height=20, animals=[m.AnimalHints(mask="nowhere")], engine="echo")
    with pytest.raises(JobFailed, match="'nowhere', which did not come"):
        client.wait(client.submit(request))


def test_cancel_while_it_runs(client):
    job = client.submit(faulty("wait"))
    wait_state(client, job, "running")
    client.cancel(job)
    with pytest.raises(JobCancelled):
        client.wait(job)
    assert job.state == "cancelled"
    assert client.wait(client.submit(m.EchoRequest())).nbytes == 0


def test_cancel_by_event(client):
    cancel = threading.Event()
    job = client.submit(faulty("wait"))
    with pytest.raises(JobCancelled):
        client.wait(job, lambda *_: cancel.set(), cancel)


def test_cancel_while_it_waits_and_places_in_the_queue(client):
    running = client.submit(faulty("wait"))
    wait_state(client, running, "running")
    first, second = (client.submit(m.EchoRequest()) for _ in range(2))
    wait_state(client, second, "queued")
    assert (first.place, second.place) == (0, 1)
    client.cancel(first)
    with pytest.raises(JobCancelled):
        client.wait(first)
    wait_until(lambda: client.poll(second, 0.05).place == 0)
    client.cancel(running)
    assert client.wait(second).nbytes == 0
    assert client.poll(running, 1).state == "cancelled"


def test_an_interrupted_caller_cancels_its_job(client):
    class Interrupt(Exception):
        pass

    def interrupt(*_):
        raise Interrupt

    job = client.submit(faulty("wait"))
    with pytest.raises(Interrupt):
        client.wait(job, interrupt)
    wait_until(lambda: client.poll(job, 0.05).state == "cancelled")


def test_deadlines_end_jobs_that_run_and_jobs_that_wait(client):
    running = client.submit(faulty("wait"), deadline=0.5)
    waiting = client.submit(m.EchoRequest(), deadline=0.2)
    with pytest.raises(DeadlinePassed, match="still waiting"):
        client.wait(waiting)
    with pytest.raises(DeadlinePassed):
        client.wait(running)
    assert client.wait(client.submit(m.EchoRequest())).nbytes == 0


def test_client_gone_and_back_finds_its_result(broker):
    with quick_client(broker) as client:
        job = client.submit(m.EchoRequest(steps=3, sleep_s=0.1), {"a": np.arange(5)})
        wait_state(client, job, "running")
        token = client.token
    with quick_client(broker) as other, pytest.raises(NotYours, match="another client"):
        other.wait(other.resume(job.id))
    with quick_client(broker, token=token) as again:
        np.testing.assert_array_equal(again.wait(again.resume(job.id)).arrays["a"], np.arange(5))
        again.status()  # the confirmation went before it
        with pytest.raises(UnknownJob):
            again.wait(again.resume(job.id))


def test_another_client_can_neither_cancel_nor_drop_a_job(broker, client):
    job = client.submit(m.EchoRequest(steps=4, sleep_s=0.1))
    wait_state(client, job, "running")
    with quick_client(broker) as other:
        theirs = other.resume(job.id)
        other.cancel(theirs)
        wait_until(lambda: other.poll(theirs, 0.05).ended)
        assert isinstance(theirs.error, NotYours)
    assert client.wait(job).nbytes == 0


def test_a_job_sent_twice_runs_once(client):
    job = client.submit(faulty())
    client._send_job(job)
    client.wait(job)
    assert client.status().workers[0].state in ("idle", "busy")
    done = client.status().workers[0].jobs_done
    client.wait(client.submit(m.EchoRequest()))
    assert client.status().workers[0].jobs_done == done + 1


def test_a_full_queue_is_busy(broker):
    with running_broker(queue_jobs=2) as small, quick_client(small) as client:
        wait_ready(client)
        running = client.submit(faulty("wait"))
        wait_state(client, running, "running")
        waiting = [client.submit(m.EchoRequest()) for _ in range(2)]
        with pytest.raises(Busy, match="2 jobs are waiting"):
            client.wait(client.submit(m.EchoRequest()))
        client.cancel(running)
        for job in waiting:
            client.wait(job)


def test_stopping_tells_the_clients():
    with running_broker() as broker, quick_client(broker) as client:
        wait_ready(client)
        job = client.submit(faulty("wait"))
        wait_state(client, job, "running")
        broker.stop()
        wait_until(lambda: client.poll(job, 0.05).ended)
        assert job.error.code == "server_stopped"
