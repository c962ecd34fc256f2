"""A server on this machine: which Python will do, what is said when none does, start, log, end."""

import json
import os
import sys
import time

import pytest

from bestiary.addon.local_server import LocalServer, PythonFacts, ServerProblem, ask_python, find_python

pytestmark = pytest.mark.blender


def test_this_python_answers_for_itself():
    facts = ask_python(sys.executable)
    assert facts.version == sys.version_info[:2]
    assert "numpy" not in facts.missing


def test_missing_packages_come_with_the_command_that_installs_them():
    problem = PythonFacts("/usr/bin/python3", (3, 12), ("torch", "PIL")).problem()
    assert problem.message == "This Python has no torch, PIL"
    assert problem.advice == 'Run in a terminal: "/usr/bin/python3" -m pip install torch Pillow'
    assert "3.10" in PythonFacts("/usr/bin/python3", (3, 10), ()).problem().message
    assert PythonFacts("/usr/bin/python3", (3, 11), ()).problem() is None


def test_no_program_and_not_a_python(tmp_path):
    with pytest.raises(ServerProblem, match="no Python at"):
        ask_python(str(tmp_path / "nothing"))
    text = tmp_path / "python"
    text.write_text("hello")
    with pytest.raises(ServerProblem, match="does not answer"):
        ask_python(str(text))


def program(folder, name, version, missing):
    """A program that answers as a Python of this version which lacks these modules."""
    path = folder / name
    path.write_text(f"#!/bin/sh\necho '{json.dumps([version, missing])}'\n")
    path.chmod(0o755)
    return str(path)


@pytest.mark.skipif(os.name == "nt", reason="the stand-in programs are shell scripts")
def test_the_first_that_fits_is_taken_and_the_nearest_is_named(tmp_path):
    old = program(tmp_path, "old", [3, 9], [])
    bare = program(tmp_path, "bare", [3, 12], ["torch", "scipy"])
    near = program(tmp_path, "near", [3, 12], ["torch"])
    good = program(tmp_path, "good", [3, 12], [])
    assert find_python([old, bare, good, near]).path == good
    with pytest.raises(ServerProblem, match=r"no torch$") as caught:
        find_python([old, bare, near])
    assert near in caught.value.advice
    with pytest.raises(ServerProblem, match=r"No Python 3\.11"):
        find_python([old])


def test_a_server_that_ends_leaves_its_last_words(tmp_path):
    server = LocalServer(sys.executable, ["serve", "--no-such-option"], tmp_path / "log" / "server.log")
    server.start()
    end = time.monotonic() + 60
    while server.running and time.monotonic() < end:
        time.sleep(0.05)
    assert not server.running
    words = " ".join(server.last_words(20))
    assert "no-such-option" in words or "No module named" in words  # without the server's packages it gets less far
    assert "has ended" in server.problem().message and "server.log" in server.problem().advice
    server.stop()
    server.stop()  # twice does no harm
