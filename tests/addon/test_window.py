"""The whole flow in a real Blender window, driven by simulated mouse and keys, and the faults of an impatient animator."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from bestiary.cli.extension import build_extension

from .test_zip import HERE, ROOT, real_programs

pytestmark = [pytest.mark.real_blender, pytest.mark.slow, pytest.mark.timeout(600)]


def in_a_window(program):
    """The command line that opens this program in a window, or a skip."""
    if len(program) == 2:  # the development tool brings a virtual screen
        return [*program, "gui"]
    if not os.environ.get("DISPLAY"):
        pytest.skip("no screen: run under xvfb-run")
    return program


def drive(program, story, server, folder, photo=HERE / "fox.jpg", hints=HERE / "fox.json"):
    """Install the extension, run a story in a window, and give its outcome."""
    extension = build_extension(folder)
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    environment["BLENDER_USER_RESOURCES"] = str(folder / "user")
    common = {"env": environment, "cwd": ROOT, "stdin": subprocess.DEVNULL, "capture_output": True, "text": True}
    install = [*program, "--command", "extension", "install-file", "-r", "user_default", "-e", str(extension)]
    subprocess.run(install, check=True, timeout=120, **common)
    done = subprocess.run(
        [
            *in_a_window(program), "--factory-startup", "--enable-event-simulate", "-p", "0", "0", "1600", "900",
            "--python", str(HERE / story), "--",
            "--photo", str(photo), "--hints", str(hints),
            "--server", server, "--out", str(folder),
        ],
        timeout=400, **common,
    )  # fmt: skip
    output = f"{done.stdout}\n{done.stderr}"
    assert (folder / "outcome.json").is_file(), output
    outcome = json.loads((folder / "outcome.json").read_text("utf-8"))
    assert "failed" not in outcome, outcome["failed"] + output
    assert done.returncode == 0, output
    assert "Traceback" not in output, output
    return outcome


programs = pytest.mark.parametrize("program", real_programs(), ids=lambda program: " ".join(map(str, program[1:])) or "-")


@programs
def test_from_an_empty_file_to_a_rig(program, tmp_path):
    from bestiary.cli.connection import private_server

    keep = os.environ.get("BESTIARY_SCREENSHOTS")
    folder = Path(keep) if keep else tmp_path
    folder.mkdir(parents=True, exist_ok=True)
    with private_server() as address:
        outcome = drive(program, "drive_window.py", address, folder)
    assert outcome["box_error"] < 3 and outcome["point_error"] < 3
    assert outcome["kind"].lower() == "fox" and len(outcome["points"]) == 5
    assert outcome["offline_at_first"] and not outcome["error"]
    assert outcome["rigs"] == ["Fox"] and outcome["stages"]
    assert outcome["undo"] == [1, 0, 1]


@programs
def test_an_impatient_animator(program, server, tmp_path):
    outcome = drive(program, "drive_faults.py", server, tmp_path)
    assert outcome["cancelled"] == ["Cancelled"]
    assert outcome["busy_after_undo"] and not outcome["busy_after_load"]
    assert outcome["thread_ended_after_disable"]
    assert outcome["placed"] == 1 and not outcome["tool_after_load"]


@programs
def test_from_tracks_to_motion(program, tmp_path):
    import sys

    from bestiary.cli.connection import private_server

    keep = os.environ.get("BESTIARY_SCREENSHOTS")
    folder = Path(keep) if keep else tmp_path
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "dog.mp4").is_file():
        subprocess.run([sys.executable, str(HERE / "make_footage.py"), str(folder)], check=True, timeout=500, capture_output=True)
    with private_server() as address:
        outcome = drive(program, "drive_footage.py", address, folder, folder / "dog.mp4", folder / "dog_points.json")
    assert outcome["animals"] == ["Rex"] and outcome["film"] == "dog.mp4"
    assert outcome["offline_at_first"] and not outcome["error"]
    assert "Rex" in outcome["rigs"] and outcome["summary"] and outcome["fps"] == 24
    assert outcome["undo"] == [2, 0, 2]
    assert outcome["clip"] == ["dog.mp4", 17, 66, 0.95, 30]


@programs
def test_animate_from_footage(program, server, tmp_path):
    from tracked_dog import animal

    keep = os.environ.get("BESTIARY_SCREENSHOTS")
    folder = Path(keep) if keep else tmp_path
    folder.mkdir(parents=True, exist_ok=True)
    tracks = folder / "slow.json"
    tracks.write_text(json.dumps({"format": "bestiary-tracks/1", "animals": [animal("slow")]}))
    outcome = drive(program, "drive_animate.py", server, folder, hints=tracks)
    assert outcome["objects_while_it_runs"] == 0, "what is done is drawn, not in the file"
    assert outcome["rigs"] == ["slow"] and outcome["preview_gone"]
    assert outcome["warnings"][0].startswith("Cancelled: what was done is kept, 10 of 20")
    assert outcome["undo"] == [2, 0, 2]
    assert not outcome["busy_after_load"] and not outcome["preview_after_load"]


@programs
def test_from_a_lifted_skeleton_to_a_baked_rigify_horse(program, tmp_path):
    from . import lifted_dog

    keep = os.environ.get("BESTIARY_SCREENSHOTS")
    folder = Path(keep) if keep else tmp_path
    folder.mkdir(parents=True, exist_ok=True)
    motion = os.environ.get("BESTIARY_MOTION") or lifted_dog.save(folder)
    outcome = drive(program, "drive_retarget.py", "tcp://127.0.0.1:9", folder, HERE / "fox.jpg", motion)
    assert outcome["rigs"][1] == "Horse" and len(outcome["matched"]) == 2
    assert outcome["edited"] == ["ORG-thigh.L"]
    assert outcome["preview"] == [True, True, False]
    assert not outcome["error"] and "Horse: " in outcome["summary"][0] and "frames" in outcome["summary"][0]
    assert outcome["undo"] == [1, 0, 1]
    assert outcome["stopped"] == [True, ["Cancelled"], True]
    held, frames = outcome["live"]
    assert held and frames > 20


@programs
def test_controls_and_rigify(program, tmp_path):
    keep = os.environ.get("BESTIARY_SCREENSHOTS")
    folder = Path(keep) if keep else tmp_path
    folder.mkdir(parents=True, exist_ok=True)
    outcome = drive(program, "drive_controls.py", "tcp://127.0.0.1:9", folder)
    assert outcome["controls"] > 25 and outcome["action"].endswith(" controls")
    chosen, control, paw = outcome["pulled"]
    assert chosen == "CTL-foot_front.L" and control > 0.02 and abs(paw - control) < 0.2 * control
    assert 1.0 in outcome["switched"]
    assert outcome["off_at_first"] and outcome["rig"] == "Wolf Rigify" and outcome["hidden"]
    assert outcome["shown_again"] and not outcome["back"].endswith("Rigify")
    assert outcome["active"] == ["Wolf Rigify", "Wolf"]
    assert outcome["undo_back"] == 1 and outcome["undo_convert"] == 1
