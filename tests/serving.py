"""A real server for tests: the broker in a thread of this process, its workers as real processes."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from pathlib import Path

from bestiary.server.broker import Broker
from bestiary.server.settings import Settings
from bestiary.wire import Client
from bestiary.wire import messages as m

os.environ["PYTHONPATH"] = os.pathsep.join(
    [str(Path(__file__).parent), *filter(None, [os.environ.get("PYTHONPATH")])]
)  # the workers import faulty_engines from here

QUICK = {
    "address": "tcp://127.0.0.1:*",
    "engine_factory": "faulty_engines:make",
    "silence_s": 2.0,
    "beat_s": 0.2,
    "cancel_grace_s": 1.0,
}


@contextlib.contextmanager
def running_broker(**numbers):
    """A broker that runs until the block ends; its workers may still be starting."""
    broker = Broker(Settings(**{**QUICK, **numbers}))
    thread = threading.Thread(target=broker.run, daemon=True)
    thread.start()
    try:
        yield broker
    finally:
        broker.stop()
        thread.join(15)
        assert not thread.is_alive()


def quick_client(broker_or_address, **more):
    """A client with short patience."""
    address = getattr(broker_or_address, "address", broker_or_address)
    return Client(address, **{"timeout": 10.0, "heartbeat": 0.3, **more})


def wait_until(condition, timeout=30.0):
    """Wait until ``condition()`` is true."""
    end = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.01)


def wait_ready(client, count=1):
    """Wait until so many workers are ready."""
    wait_until(lambda: sum(w.state == "idle" for w in client.status().workers) >= count)


def wait_state(client, job, *states):
    """Poll until the job is in one of these states."""
    end = time.monotonic() + 30
    while job.state not in states:
        assert time.monotonic() < end and not job.ended, (job, states)
        client.poll(job, 0.05)


def faulty(fault="", **options):
    """A request to the faulty engine."""
    return m.EchoRequest(engine="faulty", options={"fault": fault, **options})
