"""A server as a process of its own: started, ready, stopped, killed; and nothing of it left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import psutil
import pytest

import bestiary
import serving
from bestiary.server.serve import find_devices, serve
from bestiary.server.settings import ServerError
from bestiary.wire import Client, LocalServer
from bestiary.wire import messages as m
from bestiary.wire.local import ServerNotStarted
from serving import faulty, wait_state, wait_until

LAUNCH = Path(bestiary.__file__).parent / "server" / "launch.py"
QUICK = {"engine_factory": "faulty_engines:make", "devices": ["cpu"], "beat_s": 0.2}


def children(pid):
    return psutil.Process(pid).children(recursive=True)


def gone(processes):
    return all(not p.is_running() or p.status() == psutil.STATUS_ZOMBIE for p in processes)


def test_a_local_server_serves_and_goes():
    with LocalServer(**QUICK) as server, Client(server.address) as client:
        assert server.ready and server.address.startswith("tcp://127.0.0.1:")
        assert client.wait(client.submit(m.EchoRequest(), {"a": np.ones(3)})).nbytes == 24
        processes = [psutil.Process(server.pid), *children(server.pid)]
        assert len(processes) == 2
    wait_until(lambda: gone(processes))
    assert not server.running
    server.stop()


def test_a_local_server_that_cannot_start_says_why():
    with (
        pytest.raises(ServerNotStarted, match="The model is broken"),
        LocalServer(**{**QUICK, "engine_factory": "faulty_engines:refuse"}),
    ):
        pass
    with pytest.raises(ServerNotStarted, match="no model file"), LocalServer(model_path="no/such/model.npz"):
        pass
    with pytest.raises(ServerNotStarted, match="cannot be run"):
        LocalServer(python="/no/such/python").start()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_end_it_cleanly_in_mid_job(tmp_path, number):
    process = start(tmp_path)
    with Client(address_in(tmp_path)) as client:
        job = client.submit(faulty("wait"))
        wait_state(client, job, "running")
        workers = children(process.pid)
        assert workers
        process.send_signal(number)
        wait_until(lambda: client.poll(job, 0.05).ended)
        assert job.error.code == "server_stopped"
    assert process.wait(10) == 0
    wait_until(lambda: gone(workers))


@pytest.mark.parametrize("fault", ["", "hang"])
def test_workers_die_with_a_killed_broker(tmp_path, fault):
    process = start(tmp_path)
    with Client(address_in(tmp_path)) as client:
        wait_until(lambda: client.status().workers[0].state == "idle")
        if fault:
            wait_state(client, client.submit(faulty(fault)), "running")
        workers = children(process.pid)
        assert workers
        process.kill()
        process.wait(10)
    wait_until(lambda: gone(workers))


def start(folder):
    arguments = {**QUICK, "address": "tcp://127.0.0.1:0", "ready_file": str(folder / "address")}
    process = subprocess.Popen(
        [sys.executable, str(LAUNCH), "server.serve", json.dumps(arguments)], stdin=subprocess.DEVNULL
    )
    wait_until((folder / "address").exists)
    return process


def address_in(folder):
    return (folder / "address").read_text()


def test_arguments_that_make_no_sense(tmp_path):
    with pytest.raises(ServerError, match="no model file"):
        serve(model_path=tmp_path / "none.npz")
    with pytest.raises(ServerError, match="reached from other machines"):
        serve("tcp://0.0.0.0:0", devices=["cpu"])
    with pytest.raises(ServerError, match="cannot be read"):
        serve("tcp://127.0.0.1:0", devices=["cpu"], key_dir=tmp_path)
    with pytest.raises(ServerError, match="no address"):
        serve("localhost", devices=["cpu"])


def test_devices_are_found():
    assert find_devices()[0] in ("cpu", "cuda:0")


def test_the_launcher_needs_no_installed_package(tmp_path):
    """A Python that knows nothing of the package runs its modules by the launcher's own place."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    command = [sys.executable, str(LAUNCH), "server.serve", '{"no_such": 1}']
    done = subprocess.run(command, cwd=tmp_path, env=environment,
                          capture_output=True, text=True, timeout=60)  # fmt: skip
    assert done.returncode == 2 and "no_such" in done.stderr
    assert serving.QUICK  # its import puts the engines of the tests within the workers' reach
