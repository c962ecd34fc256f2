"""`bestiary lift` and `bestiary data tracks`: what is read, what is written, and what is said of files that cannot be used."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from bestiary.animal.cameras import Camera
from bestiary.animal.motion import Motion, load_motion
from bestiary.animal.tracks import Tracks, TracksError, load_tracks
from bestiary.cli.main import run
from bestiary.server.engine import JobContext
from bestiary.server.lift import engine
from bestiary.server.lift.strip import draw_strip, headings

NAMES = ("nose", "withers", "tail_base", "left_front_paw", "right_front_paw", "left_hind_paw", "right_hind_paw")
PLACES = np.array([[-60, -40], [-30, -30], [30, -30], [-32, 30], [-28, 30], [28, 30], [32, 30]], float)
Seen = list[tuple[Tracks, dict[str, Any]]]


def flat(tracks: Tracks, options: Mapping[str, Any], cameras: Sequence[Camera], device: str, job: JobContext) -> Motion:
    """Stands for the networks: every joint at one depth."""
    job.progress(0.5, "lifting")
    camera = Camera.look_at([0, -5, 0.5], [0, 0, 0.5], 900, 640, 480)
    positions = camera.unproject(tracks.points, np.full(tracks.points.shape[:2], 5.0))
    details = {"network": "flat", "error_px": 0.25, "swaps": [(3, 5, ["left_front_paw"])], "warnings": ["It is flat."]}
    return Motion(
        positions,
        tracks.skeleton,
        tracks.fps,
        tracks.label,
        cameras=(camera,),
        frame_numbers=tracks.frame_numbers,
        details=details,
    )


@pytest.fixture
def lifted(monkeypatch: pytest.MonkeyPatch) -> Seen:
    """The networks replaced by `flat`; what was handed to them."""
    seen: Seen = []
    make = engine.LiftEngine.__init__

    def pipeline(tracks: Tracks, options: Mapping[str, Any], *more: Any) -> Motion:
        seen.append((tracks, dict(options)))
        if tracks.label == "fox 2":
            raise TracksError("Too little of it is seen.", "Track more points.")
        return flat(tracks, options, *more)

    monkeypatch.setattr(engine.LiftEngine, "__init__", lambda self, device="cpu", _=None: make(self, device, pipeline))
    return seen


@pytest.fixture
def table(tmp_path: Path) -> Callable[..., Path]:
    """Writes a plain table of walking animals and gives its path."""

    def write(animals: int = 1, frames: int = 12, names: Sequence[str] = NAMES) -> Path:
        rows = ["frame,name,x,y,animal"]
        for animal in range(animals):
            for frame in range(frames):
                for name, (x, y) in zip(names, PLACES, strict=False):
                    rows.append(f"{frame},{name},{300 + x + 2 * frame},{240 + y + 5 * animal},fox {animal + 1}")
        path = tmp_path / "tracks.csv"
        path.write_text("\n".join(rows), encoding="utf-8")
        return path

    return write


def call(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str]:
    """The exit code of a command line, and all that it printed on one line."""
    code = run([str(argument) for argument in arguments])
    shown = capsys.readouterr()
    return code, " ".join((shown.out + shown.err).split())


def test_one_animal(
    lifted: Seen, table: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    code, shown = call(
        capsys, "lift", table(), "--out", out, "--fps", 25, "--size", "640x480", "--focal", 800, "--no-blender"
    )
    assert code == 0, shown
    assert (
        "1 animal" in shown
        and "0.2 px" in shown
        and "It is flat." in shown
        and "frames 3 to 5" in shown
        and "guessed" in shown
    )
    motion = load_motion(out / "fox_1.npz")
    assert (
        motion.fps == 25
        and len(motion) == 12
        and motion.skeleton.names == NAMES
        and motion.details["network"] == "flat"
    )
    tracks = load_tracks(out / "tracks.json")[0]
    np.testing.assert_allclose(motion.cameras[0].project(motion.positions[4]), tracks.points[4], atol=0.01)
    summary = json.loads((out / "summary.json").read_text(encoding="utf-8"))
    assert all((out / name).is_file() for name in summary["files"])
    assert summary["animals"][0]["network"] == "flat" and summary["animals"][0]["swaps"] == [[3, 5, ["left_front_paw"]]]
    with Image.open(out / "strip.png") as picture:
        assert picture.width > picture.height > 100
    given, options = lifted[0]
    assert (given.width, given.height, given.focal) == (640, 480, 800)
    assert options == {"feet": True, "smooth": 1.0, "camera_static": True}


def test_the_network_that_ships(table: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The whole way with nothing replaced: seen by its camera the motion lies on the tracks, and no joint is far under the ground."""
    out = tmp_path / "out"
    code, shown = call(capsys, "lift", table(), "--out", out, "--size", "640x480", "--length", "1.0", "--device", "cpu", "--no-blender")
    assert code == 0, shown
    motion, tracks = load_motion(out / "fox_1.npz"), load_tracks(out / "tracks.json")[0]
    seen = np.stack([motion.cameras[f if len(motion.cameras) > 1 else 0].project(motion.positions[f]) for f in range(len(motion))])
    assert np.median(np.linalg.norm(seen - tracks.points, axis=-1)) < 10
    assert np.isfinite(motion.positions).all() and motion.positions[..., 2].min() > -0.3
    lengths = motion.bone_lengths()
    np.testing.assert_allclose(lengths, np.broadcast_to(lengths[:1], lengths.shape), rtol=1e-3)
    assert 0.8 < max(np.linalg.norm(motion.positions[0] - joint, axis=-1).max() for joint in motion.positions[0]) < 1.25
    assert json.loads((out / "summary.json").read_text(encoding="utf-8"))["animals"][0]["network"] == "bestiary"


@pytest.mark.blender
def test_armatures_are_built(lifted: Seen, table: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    code, shown = call(capsys, "lift", table(frames=4), "--out", out, "--size", "640x480")
    assert code == 0, shown
    assert (out / "motion.blend").stat().st_size > 10_000 and (out / "motion.glb").read_bytes()[:4] == b"glTF"


def test_what_is_said_reaches_the_engine(
    lifted: Seen, table: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = table(frames=2)
    out = ["--out", tmp_path / "out", "--no-blender"]
    assert (
        call(
            capsys,
            "lift",
            path,
            *out,
            "--species",
            "Horse",
            "--moving-camera",
            "--no-feet",
            "--smooth",
            "0",
            "--network",
            "mine",
        )[0]
        == 0
    )
    options = lifted[-1][1]
    assert options["species"] == "horse" and 1 < options["metres"] < 2 and options["measures"] == "height"
    assert (
        not options["feet"] and not options["camera_static"] and options["smooth"] == 0 and options["network"] == "mine"
    )
    assert call(capsys, "lift", path, *out, "--length", "0.9")[0] == 0
    assert lifted[-1][1]["metres"] == 0.9 and lifted[-1][1]["measures"] == "length"


def test_twelve_animals_and_some_of_them(
    lifted: Seen, table: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, out = table(animals=12, frames=3), tmp_path / "out"
    code, shown = call(capsys, "lift", path, "--out", out, "--no-blender")
    assert code == 0 and "12 animals" in shown and len(lifted) == 12
    assert "Not lifted: fox_2. Too little of it is seen." in shown
    assert sorted(file.name for file in out.glob("*.npz")) == sorted(f"fox_{i}.npz" for i in range(1, 13) if i != 2)
    assert (out / "fox_12_strip.png").is_file() and len(load_tracks(out / "tracks.json")) == 11
    lifted.clear()
    assert call(capsys, "lift", path, "--out", out, "--no-blender", "--animal", "fox 3", "1")[0] == 0
    assert [tracks.label for tracks, _ in lifted] == ["fox 3", "fox 1"]
    code, shown = call(capsys, "lift", path, "--out", out, "--no-blender", "--animal", "2")
    assert code == 2 and "Too little of it is seen." in shown and "Track more points." in shown
    code, shown = call(capsys, "lift", path, "--out", out, "--no-blender", "--animal", "hare")
    assert code == 2 and "no animal 'hare'" in shown and "fox 1" in shown


def test_one_frame_and_a_joint_that_is_never_seen(
    lifted: Seen, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "one.csv"
    path.write_text(
        "frame,nose_x,nose_y,withers_x,withers_y,tail_base_x,tail_base_y\n7,100,100,,,160,100\n", encoding="utf-8"
    )
    code, shown = call(capsys, "lift", path, "--out", tmp_path / "out", "--no-blender")
    assert code == 0 and "never seen: withers" in shown
    motion = load_motion(tmp_path / "out" / "animal.npz")
    assert motion.skeleton.names == ("nose", "tail_base") and np.asarray(motion.frame_numbers).tolist() == [7]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--fps", "0"], "The frame rate is 0"),
        (["--fps", "nan"], "The frame rate is nan"),
        (["--size", "640"], "WIDTHxHEIGHT"),
        (["--size", "0x480"], "WIDTHxHEIGHT"),
        (["--skeleton", "ap11k"], "No skeleton is called"),
        (["--skeleton", "no.json"], "no.json"),
        (["--skeleton", "ap10k"], "no point 'left_eye'"),
        (["--min-confidence", "2"], "confidence of 2"),
        (["--focal", "-3"], "focal is -3"),
        (["--species", "unicorn"], "unicorn"),
        (["--height", "1", "--length", "2"], "exclude each other"),
        (["--height", "0"], "cannot be"),
        (["--smooth", "-1"], "smoothness"),
        (["--device", "abacus"], "write cpu, cuda or cuda:0"),
        (["--video", "no.mp4"], "no.mp4 was not found"),
        (["--server", "tcp://127.0.0.1:9", "--device", "cpu"], "exclude each other"),
    ],
)
def test_arguments_that_make_no_sense(
    arguments: list[str],
    words: str,
    lifted: Seen,
    table: Callable[..., Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, shown = call(capsys, "lift", table(frames=2), "--out", tmp_path / "out", "--no-blender", *arguments)
    assert code == 2 and words in shown and "Traceback" not in shown and not lifted


@pytest.mark.parametrize(
    ("skeleton", "words"),
    [
        ({"names": ["nose", "withers"], "bones": [["nose", "withers"], ["withers", "nose"]]}, "occurs twice"),
        ({"names": ["nose", "withers", "tail_base"], "bones": [[0, 1], [1, 2], [2, 0]]}, "closes a circle"),
        ({"names": ["nose", "withers"], "parents": [None, None]}, "one root, this one has 2"),
        ({"names": ["nose", "withers", "tail_base"], "bones": [[0, 1]]}, "these joints have no parent"),
        ({"names": ["nose", "elbow"], "bones": [[0, 1]]}, "no point 'elbow'"),
    ],
)
def test_skeletons_that_are_none(
    skeleton: dict,
    words: str,
    lifted: Seen,
    table: Callable[..., Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = tmp_path / "skeleton.json"
    path.write_text(json.dumps(skeleton), encoding="utf-8")
    code, shown = call(capsys, "lift", table(), "--skeleton", path, "--out", tmp_path / "out", "--no-blender")
    assert code == 2 and words in shown and "Traceback" not in shown


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("clip.mp4", bytes(4) + b"ftypisom" + bytes(64), "is a movie"),
        ("photo.png", b"\x89PNG\r\n\x1a\n" + bytes(64), "a PNG picture"),
        ("tracks.h5", b"\x89HDF\r\n\x1a\n" + bytes(64), "damaged, or not written by SLEAP"),
        ("empty.csv", b"", "is empty"),
        ("random.bin", bytes(range(256)), "no text"),
        ("nothing.csv", b"frame,nose_x,nose_y\n0,,\n1,nan,nan\n", "No point is visible"),
        ("model.pkl", b"\x80\x04\x95.", "a pickle, which is never opened"),
    ],
)
def test_files_that_are_something_else(
    name: str, content: bytes, words: str, lifted: Seen, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / name).write_bytes(content)
    for verb in (["lift"], ["data", "tracks"]):
        code, shown = call(capsys, *verb, tmp_path / name, "--out", tmp_path / "out.json")
        assert code == 2 and words in shown and "what to do:" in shown and "Traceback" not in shown
    assert call(capsys, "lift", tmp_path / "no.csv")[0] == 2


def test_converting(table: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "new" / "tracks.json"
    code, shown = call(capsys, "data", "tracks", table(animals=2), "--out", out, "--fps", 50, "--animal", "2")
    assert code == 0 and "Written to" in shown
    tracks = load_tracks(out)
    assert len(tracks) == 1 and tracks[0].label == "fox 2" and tracks[0].fps == 50
    assert call(capsys, "data", "tracks", out, "--out", tmp_path)[0] == 2


# --- the strip --------------------------------------------------------------------------------------------------------


def walk(turn: float = 0.0, frames: int = 6, names: Sequence[str] = NAMES) -> Motion:
    """A stiff animal that looks along x, turned by `turn` radians about z."""
    from bestiary.animal.skeleton_presets import guess_skeleton

    animal = np.stack([-PLACES[:, 0], np.array([0, 0, 0, 8, -8, 8, -8.0]), 30 - PLACES[:, 1]], axis=-1) / 100
    spin = np.array([[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, 1]])
    return Motion(
        np.repeat((animal @ spin.T)[None], frames, axis=0), guess_skeleton(NAMES if names is NAMES else list(names)), 30
    )


@pytest.mark.parametrize("turn", [0.0, 1.0, 3.0, -2.0])
def test_headings(turn: float) -> None:
    np.testing.assert_allclose(headings(walk(turn)), np.tile([np.cos(turn), np.sin(turn)], (6, 1)), atol=1e-9)
    nameless = walk(turn, names=[f"q{letter}" for letter in "abcdefg"])
    assert abs(headings(nameless)[0] @ [np.cos(turn), np.sin(turn)]) > 0.99


def test_the_strip_puts_left_and_right_where_they_are() -> None:
    """From above with the front to the left of the picture, the animal's left (blue) is below its right (orange)."""
    picture = np.asarray(draw_strip(walk(1.0), columns=1)).astype(int)
    blue = np.argwhere((picture[..., 2] > 150) & (picture[..., 0] < 90))
    orange = np.argwhere((picture[..., 0] > 200) & (picture[..., 2] < 90))
    below = picture.shape[0] * 0.55
    assert blue[blue[:, 0] > below].mean(axis=0)[0] > orange[orange[:, 0] > below].mean(axis=0)[0]


def test_a_strip_of_little() -> None:
    motion = walk(frames=3)
    positions = motion.positions.copy()
    positions[0] = np.nan
    positions[2, 1:] = np.nan
    assert draw_strip(Motion(positions, motion.skeleton, 30)).height > 100
    with pytest.raises(ValueError, match="no joint"):
        draw_strip(Motion(np.full((1, 7, 3), np.nan), motion.skeleton, 30))
