"""`bestiary render herd`: shared work gives the set of one run, Ctrl-C ends every process, and what fails is said."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.blender

SMALL = ("--resolution", "64", "--samples", "1", "--animals", "1:2", "--grounds", "sand", "--lights", "overcast", "--seed", "3")


def command(*words: object) -> list[str]:
    return [sys.executable, "-m", "bestiary", "render", "herd", *map(str, words)]


def environment() -> dict[str, str]:
    return {**os.environ, "COLUMNS": "200", "NO_COLOR": "1", "OMP_NUM_THREADS": "1"}


def bestiary(*words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(*words), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=170, check=False,
                          env=environment())


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def blenders_of(out: Path) -> list[int]:
    """Processes that render into this folder."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if str(out).encode() in words and any(word.endswith(b"render_herd.py") for word in words):
            found.append(int(entry.name))
    return found


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four pictures rendered by one process."""
    out = tmp_path_factory.mktemp("render") / "one"
    done = bestiary("--out", out, "--images", 4, *SMALL)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "4 rendered" in done.stdout
    return out


def test_two_processes_give_the_set_of_one(one: Path, tmp_path: Path) -> None:
    done = bestiary("--out", tmp_path / "two", "--images", 4, "--workers", 2, *SMALL)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "4 pictures in" in done.stdout
    assert files(tmp_path / "two") == files(one)


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_ray_tasks_give_the_set_of_one(one: Path, tmp_path: Path) -> None:
    pytest.importorskip("ray")
    done = bestiary("--out", tmp_path / "ray", "--images", 4, "--workers", 2, "--cluster", "ray", *SMALL)
    assert done.returncode == 0, done.stdout + done.stderr
    assert files(tmp_path / "ray") == files(one)
    wrong = bestiary("--out", tmp_path / "none", "--images", 4, "--workers", 2, "--cluster", "ray", "--species", "wulf")
    assert wrong.returncode == 2 and "wolf" in wrong.stderr and "Traceback" not in wrong.stderr
    nowhere = bestiary("--out", tmp_path / "none", "--workers", 2, "--cluster", "ray", "--address", "127.0.0.1:9")
    assert nowhere.returncode != 0 and "--address" in nowhere.stderr and "Traceback" not in nowhere.stderr


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks for processes in /proc")
@pytest.mark.parametrize("how", [("--workers", "1"), ("--workers", "2"), ("--workers", "2", "--cluster", "ray")], ids=["one", "two", "ray"])
def test_ctrl_c_in_the_middle_of_a_render_ends_every_process(tmp_path: Path, how: tuple[str, ...]) -> None:
    if "ray" in how:
        pytest.importorskip("ray")
    out = tmp_path / "long"
    words = command("--out", out, "--images", 4, "--resolution", 512, "--samples", 4000, "--animals", "1:1", "--grounds", "floor", *how)
    process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                               env=environment(), preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler))
    until = time.monotonic() + 60
    while not (out / "dataset.json").exists() and process.poll() is None and time.monotonic() < until:
        time.sleep(0.1)
    time.sleep(6)
    assert process.poll() is None and blenders_of(out)
    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=40)[0]
    assert process.returncode == 130, said
    assert "goes on from here" in said and "Traceback" not in said
    time.sleep(1)
    assert not blenders_of(out)
    assert not list(out.glob("failed/*")) and not list(out.glob("records/*"))


def test_shares_say_what_cannot_be_done(tmp_path: Path) -> None:
    done = bestiary("--out", tmp_path / "none", "--workers", 2, "--species", "wulf")
    assert done.returncode == 2 and "wolf" in done.stderr and not (tmp_path / "none").exists()
    done = bestiary("--out", tmp_path / "none", "--blender", tmp_path / "nothing", "--workers", 2)
    assert done.returncode != 0 and "nothing" in done.stderr and "--blender" in done.stderr and "Traceback" not in done.stderr
    for words in (("--workers", 0), ("--workers", 2, "--shard", "1/2")):
        done = bestiary("--out", tmp_path / "none", *words)
        assert done.returncode != 0 and str(words[-2]) in done.stderr and "Traceback" not in done.stderr


@pytest.mark.skipif(os.name == "nt", reason="a shell script stands in for Blender")
@pytest.mark.parametrize("workers", [1, 2])
def test_a_process_that_the_system_killed_is_no_success(tmp_path: Path, workers: int) -> None:
    program = tmp_path / "blender"
    program.write_text("#!/bin/sh\nkill -9 $$\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    done = bestiary("--out", tmp_path / "none", "--images", 2, "--workers", workers, "--blender", program)
    assert done.returncode == 137
    assert workers == 1 or "signal 9" in done.stderr


def test_chosen_pictures_are_shared_too(one: Path, tmp_path: Path) -> None:
    done = bestiary("--out", tmp_path / "some", "--images", 4, "--only", "1,2", "--workers", 2, *SMALL)
    assert done.returncode == 0, done.stdout + done.stderr
    assert sorted(path.name for path in (tmp_path / "some" / "images").iterdir()) == ["000001.png", "000002.png"]
    assert (tmp_path / "some" / "records" / "000002.json").read_bytes() == (one / "records" / "000002.json").read_bytes()
