"""Key files: made once, readable by their owner only, refused when they are not keys."""

from __future__ import annotations

import os
import stat

import pytest

from bestiary.wire import Client, keys
from bestiary.wire.errors import KeyProblem


def test_a_pair_is_made_and_read(tmp_path):
    pair = keys.make_key_pair(tmp_path / "k", "anna")
    assert keys.read_key(tmp_path / "k" / "anna.secret") == pair
    assert keys.read_key(tmp_path / "k" / "anna.public") == keys.KeyPair(pair.public)
    assert pair.secret not in repr(pair)
    with pytest.raises(KeyProblem, match="exists"):
        keys.make_key_pair(tmp_path / "k", "anna")


@pytest.mark.skipif(os.name != "posix", reason="file modes are a POSIX matter")
def test_secrets_are_for_their_owner_only(tmp_path):
    keys.make_key_pair(tmp_path, "anna")
    path = tmp_path / "anna.secret"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o644)
    with pytest.raises(KeyProblem, match="Other users"):
        keys.read_key(path)


@pytest.mark.parametrize(
    "text", ["", "public = short", "public = " + "\u00e9" * 40, "public = " + " " * 40, "x" * 9999]
)
def test_what_is_no_key(tmp_path, text):
    (tmp_path / "k.public").write_text(text, "utf-8")
    with pytest.raises(KeyProblem):
        keys.read_key(tmp_path / "k.public")
    with pytest.raises(KeyProblem, match="cannot be read"):
        keys.read_key(tmp_path / "none.public")


def test_the_list_of_clients(tmp_path):
    keys.make_server_keys(tmp_path / "server")
    anna = keys.make_client_keys(tmp_path / "anna", tmp_path / "server", "anna")
    (tmp_path / "server" / "clients" / "broken.public").write_text("nothing")
    assert keys.read_allowed(tmp_path / "server") == {anna.public: "anna"}
    assert keys.read_client_folder(tmp_path / "anna")[0] == anna
    for name in ("anna", "../evil", ""):
        with pytest.raises(KeyProblem):
            keys.allow_client(tmp_path / "server", anna.public, name)


@pytest.mark.parametrize(
    ("address", "local"),
    [
        ("tcp://127.0.0.1:8755", True), ("tcp://localhost:1", True), ("tcp://[::1]:1", True), ("ipc:///tmp/x", True),
        ("tcp://127.9.9.9:*", True), ("tcp://*:8755", False), ("tcp://0.0.0.0:1", False),
        ("tcp://127.evil.com:1", False),
        ("tcp://eth0:1", False), ("tcp://[::]:1", False), ("tcp://127.0.0.1.evil.com:1", False),
    ],
)  # fmt: skip
def test_which_addresses_are_this_machine_only(address, local):
    assert keys.is_loopback(address) is local


def test_other_machines_need_keys():
    with pytest.raises(KeyProblem, match="another machine"):
        Client("tcp://example.org:8755")
    with pytest.raises(KeyProblem, match="no key of this client"):
        Client("tcp://127.0.0.1:8755", server_key="x" * 40)
