"""What must not lose a job: workers that die, hang or never start; a broker that is replaced; peers that are not who
they say."""

from __future__ import annotations

import os
import signal
import time

import numpy as np
import pytest
import zmq

from bestiary.server import inner
from bestiary.server.broker import Broker
from bestiary.server.settings import ServerError, Settings
from bestiary.server.supervisor import Bell, Supervisor
from bestiary.wire import frames, keys
from bestiary.wire import messages as m
from bestiary.wire.errors import JobFailed, NoServer, NotYours, ServerLost, WorkerLost
from serving import QUICK, faulty, quick_client, running_broker, wait_ready, wait_state, wait_until


def pid_of(job):
    """The process that a faulty engine says it runs in."""
    return int(job.stage.split()[1])


def test_a_killed_worker_s_job_is_finished_by_another(tmp_path):
    with running_broker(devices=("cpu", "cpu")) as broker, quick_client(broker) as client:
        wait_ready(client, 2)
        job = client.submit(faulty("wait", once=str(tmp_path / "once")))
        wait_state(client, job, "running")
        wait_until(lambda: client.poll(job, 0.02).stage.startswith("pid"))
        first = pid_of(job)
        os.kill(first, signal.SIGKILL)
        echo = client.wait(job)
        assert echo.nbytes != first  # the process that answered is another
        assert client.poll(job).state == "done"
        wait_ready(client, 2)  # the killed one was replaced
        assert client.wait(client.submit(m.EchoRequest())).nbytes == 0


def test_a_killed_worker_s_job_is_finished_by_its_successor(tmp_path):
    with running_broker() as broker, quick_client(broker) as client:
        assert client.wait(client.submit(faulty("die", once=str(tmp_path / "once")))).nbytes > 0


def test_a_hanging_worker_is_killed_and_its_job_finished(tmp_path):
    with running_broker(silence_s=0.8) as broker, quick_client(broker) as client:
        wait_ready(client)
        seen = []
        client.wait(client.submit(faulty("hang", once=str(tmp_path / "once"))), lambda *now: seen.append(now[1]))
        hung = int(seen[0].split()[1])
        with pytest.raises(ProcessLookupError):
            os.kill(hung, 0)


def test_a_job_that_kills_every_worker_fails(tmp_path):
    with running_broker() as broker, quick_client(broker) as client:
        with pytest.raises(WorkerLost, match=r"2 times.*killed by signal 9"):
            client.wait(client.submit(faulty("die")))
        assert client.wait(client.submit(m.EchoRequest())).nbytes == 0


def test_a_hanging_job_can_be_cancelled():
    with running_broker(silence_s=20.0, cancel_grace_s=0.3) as broker, quick_client(broker) as client:
        job = client.submit(faulty("hang"))
        wait_state(client, job, "running")
        client.cancel(job)
        wait_until(lambda: client.poll(job, 0.05).ended)
        assert job.state == "cancelled"
        assert client.wait(client.submit(m.EchoRequest())).nbytes == 0


def test_a_model_that_no_worker_can_load_ends_the_server():
    broker = Broker(Settings(**{**QUICK, "engine_factory": "faulty_engines:refuse"}))
    with pytest.raises(ServerError, match="The model is broken") as caught:
        broker.run()
    assert caught.value.advice == "Take another one."


def test_workers_that_die_at_once_end_the_server(monkeypatch):
    monkeypatch.setattr("bestiary.server.supervisor._LONGEST_PAUSE", 0.1)
    broker = Broker(Settings(**{**QUICK, "engine_factory": "faulty_engines:crash"}))
    with pytest.raises(ServerError, match="exit code 7"):
        broker.run()


def test_a_worker_that_greets_and_dies_is_not_restarted_at_once():
    """Only a finished job (or a long life) proves a worker; without one, the pauses grow as for one that never starts."""
    with running_broker() as broker, quick_client(broker) as client:
        (slot,) = broker._supervisor.slots

        def kill_idle():
            wait_ready(client)
            process = slot.process
            process.kill()
            wait_until(lambda: slot.process is not process)
            return slot.start_at - time.monotonic()

        assert 0.5 < kill_idle() <= 1.0
        assert slot.state == "failed" and "soon after it started" in slot.message
        assert 1.5 < kill_idle() <= 2.0
        wait_ready(client)
        assert client.wait(client.submit(m.EchoRequest())).nbytes == 0
        assert kill_idle() <= 0.0


def test_a_long_life_proves_a_worker():
    bell = Bell()
    supervisor = Supervisor(Settings(), "ipc://nowhere", bell)
    (slot,) = supervisor.slots
    for alive, pause in ((1.0, 1.0), (29.0, 2.0), (30.0, 0.0), (1.0, 1.0)):
        slot.state, slot.ready_at = "idle", 100.0
        supervisor.release(slot, "was lost", 100.0 + alive)
        assert slot.start_at == 100.0 + alive + pause
    for _ in range(2000):
        slot.state = "idle"
        supervisor.release(slot, "was lost", 100.0)
    assert slot.start_at == 132.0
    bell.close()


def test_a_new_broker_gets_the_job_again():
    """The server dies and another one takes its place: the client sends the job again by itself."""
    with running_broker() as broker, quick_client(broker, timeout=1.0, patience=20.0) as client:
        address = broker.address
        wait_ready(client)
        job = client.submit(m.EchoRequest(), {"a": np.arange(3)})
        client._connection.reopen()  # the job is lost on the way
    job.state = "queued"
    with running_broker(address=address):
        np.testing.assert_array_equal(client_wait(client, job).arrays["a"], np.arange(3))
        client.close()


def client_wait(client, job):
    wait_until(lambda: client.poll(job, 0.1).ended)
    assert job.error is None, job.error
    return job.result


def test_a_server_that_goes_away_for_good():
    with running_broker() as broker:
        client = quick_client(broker, timeout=0.4, patience=0.8)
        wait_ready(client)
        client._connection.close()
    with client:
        job = client.submit(m.EchoRequest())
        wait_until(lambda: client.poll(job, 0.1).ended)
        assert isinstance(job.error, ServerLost) and job.error.advice


def test_nobody_can_pose_as_a_worker():
    with running_broker() as broker, quick_client(broker) as client:
        wait_ready(client)
        context = zmq.Context()
        impostor = context.socket(zmq.DEALER)
        impostor.linger = 0
        impostor.connect(broker._supervisor._address)
        impostor.send_multipart(frames.pack(inner.Hello("0" * 64, ["echo"], "evil", "evil")))
        impostor.send_multipart(frames.pack(inner.Hello("", ["echo"], "evil", "evil")))
        impostor.send(b"noise")
        impostor.send_multipart(frames.pack(m.EchoResult(), "0" * 32))
        assert client.wait(client.submit(m.EchoRequest())).nbytes == 0
        assert not impostor.poll(100)
        assert client.status().model_name == "test" and len(client.status().workers) == 1
        impostor.close()
        context.term()


def test_other_machines_only_with_keys():
    with pytest.raises(ServerError, match="reached from other machines") as caught:
        Broker(Settings(address="tcp://0.0.0.0:0"))
    assert "keys" in caught.value.advice


def test_an_address_in_use():
    with running_broker() as broker, pytest.raises(ServerError, match="cannot listen") as caught:
        Broker(Settings(address=broker.address))
    assert "another port" in caught.value.advice


def test_keys_say_who_a_client_is(tmp_path):
    """Over CURVE: clients in the list are let in, others are not; jobs belong to keys, whatever token comes along."""
    keys.make_server_keys(tmp_path / "server")
    for name in ("anna", "ben"):
        keys.make_client_keys(tmp_path / name, tmp_path / "server", name)
    keys.make_server_keys(tmp_path / "other_server")
    keys.make_client_keys(tmp_path / "stranger", tmp_path / "other_server", "stranger")
    public = (tmp_path / "server" / "server.public").read_text()
    (tmp_path / "stranger" / "server.public").write_text(public)
    with running_broker(address="tcp://0.0.0.0:*", key_dir=tmp_path / "server") as broker:
        address = broker.address.replace("0.0.0.0", "127.0.0.1")
        with quick_client(address, key_dir=tmp_path / "anna") as anna:
            wait_ready(anna)
            job = anna.submit(m.EchoRequest(steps=2, sleep_s=0.1), {"a": np.arange(4)})
            wait_state(anna, job, "running")
        with (
            quick_client(address, key_dir=tmp_path / "ben", token=anna.token) as ben,
            pytest.raises(NotYours),
        ):
            ben.wait(ben.resume(job.id))
        with quick_client(address, key_dir=tmp_path / "stranger", timeout=0.7) as stranger:
            with pytest.raises(NoServer) as caught:
                stranger.status()
            assert "lists this client's public key" in caught.value.advice
        with quick_client(address, timeout=0.7) as keyless, pytest.raises(NoServer):
            keyless.status()
        with quick_client(address, key_dir=tmp_path / "anna") as anna:
            np.testing.assert_array_equal(anna.wait(anna.resume(job.id)).arrays["a"], np.arange(4))


def test_results_wait_within_limits():
    """The oldest answer is let go when there are too many: asking for it says so."""
    with running_broker(kept_results=1) as broker, quick_client(broker) as client:
        wait_ready(client)
        token = client.token
        jobs = [client.submit(m.EchoRequest(steps=1, sleep_s=0.05)) for _ in range(2)]
        wait_state(client, jobs[1], "queued")
        client._connection.close()
        with quick_client(broker) as watch:
            wait_until(lambda: watch.status().workers[0].jobs_done == 2)
        with quick_client(broker, token=token) as again:
            assert again.wait(again.resume(jobs[1].id)).nbytes == 0
            with pytest.raises(JobFailed) as caught:
                again.wait(again.resume(jobs[0].id))
            assert caught.value.code == "unknown_job"
