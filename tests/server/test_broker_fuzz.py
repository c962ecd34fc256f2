"""Whatever bytes arrive on the socket: the broker answers or drops them, and goes on serving others."""

from __future__ import annotations

import socket
import struct

import msgspec
import numpy as np
import pytest
import zmq
from hypothesis import given, settings
from hypothesis import strategies as st

from bestiary.wire import frames
from bestiary.wire import messages as m
from serving import quick_client, running_broker, wait_ready

JOB = "0123456789abcdef" * 2
TOKEN = "a fuzzing stranger"


@pytest.fixture(scope="module")
def broker():
    with running_broker(queue_jobs=8, deadline_s=5.0) as broker, quick_client(broker) as client:
        wait_ready(client)
        yield broker


@pytest.fixture(scope="module")
def context():
    context = zmq.Context()
    yield context
    context.destroy(linger=0)


def still_serves(broker):
    """Somebody else's job goes through, with the worker that was there from the start."""
    with quick_client(broker) as client:
        assert client.wait(client.submit(m.EchoRequest(), {"a": np.arange(3)})).nbytes == 24
        return client.status()


def raw(broker, context):
    stranger = context.socket(zmq.DEALER)
    stranger.linger = 0
    stranger.connect(broker.address)
    return stranger


def ask(stranger, parts):
    """Send parts and a status request behind them; give what was answered before the status."""
    stranger.send_multipart(parts)
    stranger.send_multipart(frames.pack(m.Status(), token=TOKEN))
    answers = []
    while True:
        assert stranger.poll(10_000), "the broker is silent"
        header = frames.decode_header(msgspec.msgpack.Decoder(m.Header[m.ServerMessage]), stranger.recv_multipart()[0])
        if isinstance(header.body, m.StatusReply):
            return answers
        answers.append(header.body)


def header_of(**fields):
    whole = {"protocol": m.PROTOCOL, "job": JOB, "body": {"kind": "echo"}, "frames": [], "token": TOKEN, **fields}
    return msgspec.msgpack.encode({name: value for name, value in whole.items() if value is not None})


@pytest.mark.parametrize(
    ("parts", "code"),
    [
        ([b""], "bad_message"),
        ([b"\xc1"], "bad_message"),
        ([b"\x80"], "bad_message"),
        ([b"GET / HTTP/1.1"], "bad_message"),
        ([header_of(body={"kind": "no such kind"})], "bad_message"),
        ([header_of(body=None)], "bad_message"),
        ([header_of(job="nothex")], "bad_message"),
        ([header_of(job="")], "bad_message"),
        ([header_of(token="")], "bad_message"),
        ([header_of(token="t" * 200)], "bad_message"),
        ([header_of(deadline_s=-1.0)], "bad_message"),
        ([header_of(body={"kind": "echo", "sleep_s": 1e9})], "bad_message"),
        ([header_of(), b"surplus"], "bad_message"),
        ([header_of(frames=[{"name": "a", "dtype": "uint8", "shape": [9]}])], "bad_message"),
        ([header_of(frames=[{"name": "a", "dtype": "uint8", "shape": [9]}]), b"short"], "bad_message"),
        ([header_of(frames=[{"name": "a", "dtype": "object", "shape": [1]}]), bytes(8)], "bad_message"),
        ([header_of(frames=[{"name": "a", "dtype": "uint8", "shape": [-1]}]), b"x"], "bad_message"),
        ([header_of(frames=[{"name": "a", "dtype": "uint8", "shape": [2**62] * 4}]), b"x"], "bad_message"),
        ([header_of(), *[b""] * 500], "bad_message"),
        ([b"\x91" * 200_000], "bad_message"),
        ([bytes(frames.MAX_HEADER_BYTES + 1)], "bad_message"),
        ([header_of(protocol=m.PROTOCOL + 1)], "version"),
        ([header_of(protocol=0, body={"what": "ever"})], "version"),
        ([header_of(body={"kind": "resume"}, job="f" * 32)], "unknown_job"),
        ([header_of(body={"kind": "cancel"}, job="f" * 32)], "unknown_job"),
    ],
)
def test_bad_messages_are_answered_with_what_is_wrong(broker, context, parts, code):
    stranger = raw(broker, context)
    (failure,) = ask(stranger, parts)
    assert isinstance(failure, m.Failure) and failure.code == code and failure.message
    if code == "version":
        assert "Update" in failure.advice
    stranger.close()
    still_serves(broker)


WORDS = st.sampled_from(
    [m.PROTOCOL, "kind", "echo", "reconstruct", "cancel", "resume", "received", "status", JOB, TOKEN, "uint8"]
)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats()
    | st.text(max_size=8)
    | st.binary(max_size=8)
    | WORDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4) | WORDS, inner, max_size=4),
    max_leaves=12,
)
HEADERS = st.fixed_dictionaries(
    {"protocol": st.just(m.PROTOCOL) | VALUES, "job": st.sampled_from([JOB, "", "f" * 32]) | VALUES},
    optional={
        "body": VALUES | st.fixed_dictionaries(
            {"kind": st.sampled_from(["echo", "cancel", "resume", "received", "status", "hello", "beat"])},
            optional={"engine": st.sampled_from(["echo", "nothing"]) | VALUES, "steps": VALUES, "options": VALUES},
        ),
        "frames": VALUES | st.lists(
            st.fixed_dictionaries({"name": VALUES, "dtype": st.just("uint8") | VALUES, "shape": st.just([1]) | VALUES}),
            max_size=3,
        ),
        "token": st.just(TOKEN) | VALUES,
        "deadline_s": VALUES,
    },
)  # fmt: skip


@settings(max_examples=200)
@given(
    st.lists(st.binary(max_size=64), min_size=1, max_size=6)
    | st.tuples(HEADERS.map(msgspec.msgpack.encode), st.lists(st.binary(max_size=3), max_size=3)).map(
        lambda p: [p[0], *p[1]]
    )
)
def test_random_messages(broker, context, parts):
    stranger = raw(broker, context)
    try:
        for body in ask(stranger, parts):
            assert isinstance(body, m.Failure | m.Accepted | m.Progress | m.EchoResult | m.Cancelled)
    finally:
        stranger.close()


@given(st.binary(min_size=1, max_size=200))
@settings(max_examples=30)
def test_random_bytes_below_the_protocol(broker, data):
    """Not even ZeroMQ: bytes on the bare TCP connection."""
    host, port = broker.address.removeprefix("tcp://").split(":")
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        connection.sendall(data)


def test_oversized_parts_end_the_connection_before_they_are_read(broker):
    """A stranger that announces a part beyond MAXMSGSIZE is cut off; nothing of that size is allocated."""
    host, port = broker.address.removeprefix("tcp://").split(":")
    greeting = b"\xff" + bytes(8) + b"\x7f" + b"\x03\x00" + b"NULL".ljust(20, b"\0") + bytes(32)
    ready = b"\x05READY\x0bSocket-Type" + struct.pack(">I", 6) + b"DEALER"
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(greeting + b"\x04" + bytes([len(ready)]) + ready)
        connection.sendall(b"\x02" + struct.pack(">Q", 1 << 40) + bytes(1000))
        while True:
            try:
                if not connection.recv(4096):
                    break
            except ConnectionResetError:
                break


def test_after_all_that_it_serves_with_its_first_worker(broker):
    status = still_serves(broker)
    assert len(status.workers) == 1 and status.workers[0].message == ""
