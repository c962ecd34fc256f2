"""Messages become parts and parts become messages; what breaks the rules is refused before it is used."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from bestiary.wire import frames as f
from bestiary.wire import messages as m
from bestiary.wire.errors import BadMessage, VersionMismatch

DECODER = msgspec.msgpack.Decoder(m.Header[m.ClientMessage])
JOB = "0123456789abcdef" * 2


def as_sent(parts):
    """The parts as plain bytes, as a socket would deliver them."""
    return [bytes(part) for part in parts]


@given(
    st.dictionaries(
        st.text(max_size=20),
        st.sampled_from(sorted(f.DTYPES)).flatmap(
            lambda name: hnp.arrays(np.dtype(name), hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=5))
        ),
        max_size=5,
    )
)
def test_arrays_come_back_as_they_were(arrays):
    parts = as_sent(f.pack(m.EchoRequest(), JOB, arrays, token="t", deadline_s=3.0))
    header = f.decode_header(DECODER, parts[0])
    assert (header.job, header.token, header.deadline_s, header.body) == (JOB, "t", 3.0, m.EchoRequest())
    back = f.open_frames(header.frames, parts[1:])
    assert list(back) == list(arrays)
    for name, array in arrays.items():
        assert back[name].dtype == array.dtype and not back[name].flags.writeable
        np.testing.assert_array_equal(back[name], array)


def test_order_of_bytes_and_memory_is_normalised():
    array = np.arange(12, dtype=">f4").reshape(3, 4).T
    header, frame = as_sent(f.pack(m.EchoRequest(), JOB, {"a": array}))
    back = f.open_frames(f.decode_header(DECODER, header).frames, [frame])["a"]
    assert back.flags.c_contiguous and back.dtype == np.dtype("<f4")
    np.testing.assert_array_equal(back, array)


def test_contiguous_arrays_are_not_copied():
    array = np.zeros((100, 100), np.float32)
    assert np.shares_memory(np.frombuffer(f.pack(m.EchoRequest(), JOB, {"a": array})[1], np.uint8), array)


@pytest.mark.parametrize("array", [np.array([object()]), np.array(["text"]), np.zeros(2, "c16"), np.zeros(2, "M8[s]")])
def test_other_element_types_do_not_travel(array):
    with pytest.raises(BadMessage, match="element type"):
        f.pack(m.EchoRequest(), JOB, {"a": array})


@pytest.mark.parametrize(
    ("dtype", "shape", "size"),
    [
        ("uint8", [3], 4),
        ("uint8", [2**31 - 1] * 8, 4),  # a product far beyond any integer of the machine
        ("float32", [2, 2], 15),
        ("object", [1], 8),
        ("O", [1], 8),
        ("<f4", [1], 4),
        ("uint8", [], 0),
    ],
)
def test_frames_that_are_not_what_they_claim(dtype, shape, size):
    with pytest.raises(BadMessage):
        f.check_frames([m.FrameInfo("a", dtype, shape)], [size])


def test_missing_surplus_and_twice_named_frames():
    info = m.FrameInfo("a", "uint8", [1])
    for infos, sizes in (([info], []), ([], [1]), ([info, info], [1, 1])):
        with pytest.raises(BadMessage):
            f.check_frames(infos, sizes)


def test_bool_frames_hold_zero_and_one_only():
    info = m.FrameInfo("a", "bool", [2])
    assert f.open_frames([info], [b"\x00\x01"])["a"].tolist() == [False, True]
    with pytest.raises(BadMessage, match="bool"):
        f.open_frames([info], [b"\x00\x02"])


def test_limits_of_parts():
    f.check_sizes([10, f.MAX_PART_BYTES])
    for sizes in (
        [],
        [1] * (f.MAX_PARTS + 1),
        [f.MAX_HEADER_BYTES + 1],
        [1, f.MAX_PART_BYTES + 1],
        [1, *[60 << 20] * 5],
    ):
        with pytest.raises(BadMessage):
            f.check_sizes(sizes)
    with pytest.raises(BadMessage, match="limit"):
        f.pack(m.EchoRequest(), JOB, {"a": np.zeros(f.MAX_PART_BYTES + 1, np.uint8)})
    with pytest.raises(BadMessage):
        f.pack(m.EchoRequest(), JOB, {str(i): np.zeros(1) for i in range(m.MAX_FRAMES + 1)})


@pytest.mark.parametrize(("theirs", "who"), [(0, "client"), (2, "server")])
def test_another_version_is_told_and_what_to_do(theirs, who):
    header = msgspec.msgpack.encode({"protocol": theirs, "job": JOB, "whatever": [1, 2], "body": 7})
    assert f.peek(header).job == JOB
    with pytest.raises(VersionMismatch, match=rf"version {theirs} .* version {m.PROTOCOL}") as caught:
        f.decode_header(DECODER, header, other="client")
    assert f"Update the {who}" in caught.value.advice
    assert "Update the" in f.version_mismatch(theirs, "server").advice


def test_unknown_fields_are_passed_over():
    header = msgspec.msgpack.encode(
        {"protocol": m.PROTOCOL, "job": JOB, "body": {"kind": "echo", "new": 1}, "newer": {"a": [1]}}
    )
    assert f.decode_header(DECODER, header).body == m.EchoRequest()


@given(st.binary(max_size=200) | st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats() | st.text(max_size=9)
    | st.binary(max_size=9),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(
        st.sampled_from(["protocol", "job", "body", "frames", "kind", "token", "steps", "shape"]) | st.text(max_size=3),
        inner, max_size=6),
).map(msgspec.msgpack.encode))  # fmt: skip
def test_random_headers_are_read_or_refused(data):
    try:
        f.decode_header(DECODER, data)
    except (BadMessage, VersionMismatch) as error:
        assert error.message


def test_deep_nesting_is_refused():
    deep = b"\x91" * 100_000
    header = b"\x83" + msgspec.msgpack.encode("protocol") + b"\x01" + msgspec.msgpack.encode("job") + b"\xa0"
    with pytest.raises(BadMessage):
        f.decode_header(DECODER, header + msgspec.msgpack.encode("x") + deep)


@pytest.mark.parametrize("job", ["x", JOB[:-1], JOB.upper() + "\n", JOB + "\n", "../" + JOB[3:]])
def test_job_ids_are_hex(job):
    header = msgspec.msgpack.encode({"protocol": m.PROTOCOL, "job": job, "body": {"kind": "status"}})
    with pytest.raises(BadMessage):
        f.decode_header(DECODER, header)
