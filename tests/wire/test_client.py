"""The client against no server at all, and against peers that do not behave like one."""

from __future__ import annotations

import threading

import msgspec
import numpy as np
import pytest
import zmq

from bestiary.wire import Client, frames
from bestiary.wire import messages as m
from bestiary.wire.errors import BadInput, BadMessage, NoServer, VersionMismatch, WireError


@pytest.fixture
def peer():
    """A bare ROUTER socket on a free port: plays a server."""
    context = zmq.Context()
    socket = context.socket(zmq.ROUTER)
    socket.linger = 0
    socket.bind("tcp://127.0.0.1:*")
    yield socket
    socket.close()
    context.term()


def address_of(socket):
    return socket.last_endpoint.decode()


def answer(socket, *messages):
    """Answer every message that has come with these parts."""
    while socket.poll(500):
        route, *_ = socket.recv_multipart()
        for parts in messages:
            socket.send_multipart([route, *parts])


def test_no_server_is_said_with_the_address_and_what_to_do():
    with Client("tcp://127.0.0.1:9", timeout=0.5) as client:
        for call in (client.status, lambda: client.reconstruct(np.zeros((20, 20, 3), np.uint8))):
            with pytest.raises(NoServer, match=r"tcp://127\.0\.0\.1:9") as caught:
                call()
            assert "bestiary serve" in caught.value.advice


def test_a_bad_address_is_said():
    for address in (
        "tcp://127.0.0.1",
        "127.0.0.1:8755",
        "http://localhost:80",
        "tcp://:1/x",
        "tcp://localhost:99999",
        "",
    ):
        with pytest.raises(BadInput, match="no address"):
            Client(address)


def test_a_server_of_another_version(peer):
    """Its answers are of another protocol: both for the status and for a job."""
    other = msgspec.msgpack.encode({"protocol": m.PROTOCOL + 1, "job": "", "body": {"something": "new"}})
    with Client(address_of(peer), timeout=3) as client:
        job = client.submit(m.EchoRequest())
        answer(peer, [other])
        client.poll(job, 2)
        assert job.state == "failed" and isinstance(job.error, VersionMismatch)
        assert f"version {m.PROTOCOL + 1}" in job.error.message and "Update the client" in job.error.advice


def test_a_peer_that_talks_nonsense(peer):
    with Client(address_of(peer), timeout=3) as client:
        job = client.submit(m.EchoRequest())
        answer(peer, [b"HTTP/1.1 400 Bad Request"])
        client.poll(job, 2)
        assert job.state == "failed" and isinstance(job.error, BadMessage)


def test_a_result_with_wrong_frames_is_an_error_not_a_crash(peer):
    with Client(address_of(peer), timeout=3) as client:
        job = client.submit(m.EchoRequest())
        parts = frames.pack(m.EchoResult(), job.id, {"a": np.zeros(3)})
        answer(peer, [bytes(parts[0]), b"short"])
        client.poll(job, 2)
        assert isinstance(job.error, BadMessage)


def test_a_client_belongs_to_one_thread(peer):
    with Client(address_of(peer), timeout=1) as client:
        client.submit(m.EchoRequest())
        caught: list[BaseException] = []

        def elsewhere():
            try:
                client.submit(m.EchoRequest())
            except WireError as error:
                caught.append(error)

        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join()
        assert "two threads" in str(caught[0])


def test_too_large_and_senseless_arguments_are_refused_before_sending():
    with Client("tcp://127.0.0.1:9", timeout=0.2) as client:
        with pytest.raises(BadMessage, match="limit"):
            client.submit(m.EchoRequest(), {"a": np.zeros(frames.MAX_PART_BYTES + 1, np.uint8)})
        with pytest.raises(BadInput, match="deadline"):
            client.submit(m.EchoRequest(), deadline=0)
