"""The engine `lift` behind a real broker and real sockets, with the network that ships."""

from __future__ import annotations

import subprocess
import sys

import msgspec
import numpy as np
import pytest

from bestiary.animal.cameras import Camera
from bestiary.animal.skeleton import Skeleton
from bestiary.animal.tracks import Tracks, save_tracks
from bestiary.server.engine import JobContext, JobFailure
from bestiary.server.lift.engine import LiftEngine, most_seen, points_like, safe_name
from bestiary.wire import TrackedPoints
from bestiary.wire import messages as m
from bestiary.wire.errors import JobCancelled, JobFailed, WireError
from bestiary.wire.lifting import build_lift
from serving import quick_client, running_broker, wait_state, wait_until

DOG = Skeleton(
    ("tail_base", "withers", "nose", "left_front_paw", "right_front_paw", "left_hind_paw", "right_hind_paw"),
    (-1, 0, 1, 1, 1, 0, 0))
REST = np.array([(-.35, 0, .5), (.2, 0, .55), (.5, 0, .6), (.2, .1, 0), (.2, -.1, 0), (-.35, .1, 0), (-.35, -.1, 0)])
CAMERA = Camera.look_at((0.8, -3.5, 1.0), (0.4, 0.0, 0.3), 800.0, 640, 480)


def walk(frames: int = 16) -> np.ndarray:
    """A dog of sticks that trots along x, (F, 7, 3) metres."""
    t = np.arange(frames) / 30
    places = REST + t[:, None, None] * [1.0, 0, 0]
    swing = 0.12 * np.sin(2 * np.pi * 2 * t)[:, None] * [1, -1, -1, 1]
    places[:, 3:, 0] += swing
    places[:, 3:, 2] += np.maximum(swing, 0) * 0.5
    return places


def tracks(frames: int = 16, **more) -> Tracks:
    return Tracks(CAMERA.project(walk(frames)), DOG, 30.0, **{"width": 640, "height": 480, "label": "Rex", **more})


@pytest.fixture(scope="module")
def broker():
    with running_broker(engine_factory="lift_engines:make", silence_s=120.0, start_s=120.0) as broker, quick_client(broker) as client:
        wait_until(lambda: client.status().workers[0].state == "idle", timeout=150)  # the first import of torch can take long
        yield broker


@pytest.fixture
def client(broker):
    with quick_client(broker) as client:
        yield client


def test_tracks_come_back_as_a_motion(client):
    seen = []
    motion = client.lift(tracks(), options={"metres": 0.6, "measures": "height", "species": "dog"},
                         progress=lambda *now: seen.append(now))
    assert motion.positions.shape == (16, 7, 3) and np.isfinite(motion.positions).all()
    assert (motion.names, motion.parents, motion.fps, motion.label, motion.species) == (
        list(DOG.names), list(DOG.parents), 30.0, "Rex", "dog")
    assert motion.network and len(motion.camera_K) in (1, 16) and (motion.width, motion.height) == (640, 480)
    np.testing.assert_allclose(motion.points, tracks().points, atol=1e-3)
    lengths = np.linalg.norm(motion.positions[:, 1] - motion.positions[:, 0], axis=-1)
    assert np.ptp(lengths) < 1e-3, "bones of one length"
    camera = Camera(motion.camera_K[0], motion.camera_R[0], motion.camera_t[0], 640, 480)
    off = np.linalg.norm(camera.project(motion.positions[0]) - tracks().points[0], axis=-1)
    assert np.median(off) < 10
    assert [now[0] for now in seen] == sorted(now[0] for now in seen) and {"lifting", "refining"} & {now[1] for now in seen}
    assert motion.uncertainty.shape == (16, 7) and motion.contacts.shape == (16, 7)


def test_a_known_camera_keeps_its_world(client):
    motion = client.lift(tracks(), cameras=[CAMERA])
    np.testing.assert_allclose(motion.camera_t, [CAMERA.t], atol=1e-9)
    off = np.linalg.norm(CAMERA.project(motion.positions).reshape(-1, 2) - tracks().points.reshape(-1, 2), axis=-1)
    assert np.median(off) < 10


def test_frames_without_the_animal_stay_unknown_and_unseen_joints_are_left_out(client):
    points = tracks(40).points.copy()
    points[10:34] = np.nan
    points[:, 2] = np.nan
    motion = client.lift(Tracks(points, DOG, 30.0))
    assert "nose" not in motion.names and motion.positions.shape[1] == 6
    assert np.isnan(motion.positions[12:32]).all() and np.isfinite(motion.positions[:10]).all()


def test_one_frame_will_do(client):
    assert np.isfinite(client.lift(tracks(1)).positions).all()


BAD = {
    "nothing is seen": {"points": np.full((5, 7, 2), np.nan)},
    "two roots": {"parents": [-1, -1, 1, 1, 1, 0, 0]},
    "a circle": {"parents": [-1, 2, 1, 1, 1, 0, 0]},
    "a parent that is not there": {"parents": [-1, 0, 1, 1, 1, 0, 9]},
    "one name twice": {"names": ["a"] * 7},
    "frames that do not rise": {"frame_numbers": np.zeros(5, int)},
    "a picture without width": {"width": -3},
}


@pytest.mark.parametrize("change", BAD.values(), ids=BAD.keys())
def test_tracks_that_cannot_be_lifted_are_told_and_the_server_lives_on(client, change):
    given = {"points": tracks(5).points, "names": DOG.names, "parents": DOG.parents, "fps": 30.0, **change}
    with pytest.raises(JobFailed) as caught:
        client.lift(TrackedPoints(**given))
    assert caught.value.code == "bad_tracks" and caught.value.message and caught.value.advice is not None
    assert client.status().workers[0].state in ("idle", "busy")


def test_a_frame_rate_of_nothing_is_refused_by_the_server_too(client):
    request, arrays = build_lift(tracks(3))
    for fps in (0.0, float("nan"), -5.0):
        animal = msgspec.structs.replace(request.animal, fps=fps)
        with pytest.raises(WireError, match="frame rate"):
            client.wait(client.submit(m.LiftRequest(animal), arrays))


@pytest.mark.parametrize(("options", "message"), [
    ({"colour": "red"}, "colour"), ({"smooth": "very"}, "smooth"), ({"network": "../../secret"}, "ships"), ({"network": "gpt"}, "gpt"),
    ({"metres": -1.0}, "metres"),
])
def test_options_that_there_are_not(client, options, message):
    with pytest.raises(JobFailed, match=message):
        client.lift(tracks(3), options=options)


def test_cancelling_ends_the_job(client):
    job = client.submit_lift(tracks(3000))
    wait_state(client, job, "running")
    client.cancel(job)
    with pytest.raises(JobCancelled):
        client.wait(job)
    assert client.lift(tracks(2)).fps == 30.0


def test_files_are_read_by_the_server(client, tmp_path):
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "mouse.h5", "w") as file:
        file["tracks"] = tracks().points.transpose(2, 1, 0)[None]
        file["node_names"] = [name.encode() for name in DOG.names]
        file["track_names"] = [b"mouse"]
    found = client.read_tracks(tmp_path / "mouse.h5", fps=50.0, size=(640, 480))
    (mouse,) = found.animals
    assert "SLEAP" in found.file_kind and (mouse.fps, mouse.width, list(mouse.names)) == (50.0, 640, list(DOG.names))
    np.testing.assert_allclose(mouse.points, tracks().points, atol=1e-3)
    assert client.lift(tmp_path / "mouse.h5").positions.shape == (16, 7, 3)


def test_files_of_twelve_and_of_no_animals(client, tmp_path):
    save_tracks(tmp_path / "cows.json", [tracks(4, label=f"cow {i}") for i in range(12)])
    found = client.read_tracks(tmp_path / "cows.json")
    assert [one.label for one in found.animals] == [f"cow {i}" for i in range(12)]
    with pytest.raises(WireError, match="holds 12 animals"):
        client.lift(tmp_path / "cows.json")
    for name, data in {"photo.h5": b"\x89PNG\r\n\x1a\n", "words.csv": b"no table at all", "broken.h5": b"\x89HDF\r\n\x1a\n" + bytes(64),
                       "evil/../../etc.json": b"{", "sav.pkl": b"\x80\x04."}.items():
        with pytest.raises(JobFailed) as caught:
            client.read_tracks(data, name)
        assert caught.value.code == "bad_tracks" and caught.value.message


def test_other_requests_are_not_for_this_engine_nor_tracks_for_others(client):
    for request in (m.ReconstructRequest(width=64, height=64, engine="lift"), m.EchoRequest(engine="lift"),
                    m.LiftRequest(build_lift(tracks(2))[0].animal, engine="echo")):
        with pytest.raises(WireError) as caught:
            client.wait(client.submit(request, build_lift(tracks(2))[1]))
        assert caught.value.code == "bad_request"


def test_a_server_without_networks_says_so(monkeypatch, tmp_path):
    from bestiary.server.lift import pipeline, weights

    monkeypatch.setattr(weights, "SHIPPED", tmp_path)
    monkeypatch.setattr(pipeline, "_LOADED", {})  # what other tests have loaded
    with pytest.raises(JobFailure) as caught:
        LiftEngine(folders=False).run(*build_lift(tracks(3)), JobContext())
    assert caught.value.code == "no_network" and caught.value.advice


def test_a_package_that_is_not_there_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "bestiary.server.data.tracks_h5", None)
    monkeypatch.setitem(sys.modules, "bestiary.server.lift.pipeline", None)
    file = m.ReadTracksRequest("file", "a.h5")
    for request, arrays in ((file, {"file": np.zeros(3, np.uint8)}), build_lift(tracks(3))):
        with pytest.raises(JobFailure) as caught:
            LiftEngine().run(request, arrays, JobContext())
        assert caught.value.code == "no_package" and "pip install" in caught.value.advice


def test_torch_is_loaded_by_the_first_job_that_needs_it():
    code = "import sys, bestiary.server.lift.engine as e; e.LiftEngine(); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_in_this_process_a_folder_of_ones_own_may_be_named(tmp_path):
    with pytest.raises(JobFailure, match=str(tmp_path)):
        LiftEngine().run(*build_lift(tracks(3), options={"network": str(tmp_path)}), JobContext())


def test_points_of_a_motion_stand_at_its_frames_and_joints():
    from bestiary.animal.motion import Motion

    motion = Motion(walk(3)[:, [2, 0]], Skeleton(("nose", "tail_base"), (1, -1)), 30.0, frame_numbers=[1, 2, 9])
    points = points_like(motion, tracks(4))
    np.testing.assert_allclose(points[:2], tracks(4).points[1:3][:, [2, 0]], atol=1e-3)
    assert np.isnan(points[2]).all()


def test_of_too_many_animals_those_seen_most_are_kept():
    few = tracks(2).points.copy()
    few[0] = np.nan
    herd = [tracks(2, label="a"), Tracks(few, DOG, 30.0, label="b"), tracks(2, label="c")]
    assert [one.label for one in most_seen(herd, 2)] == ["a", "c"]


@pytest.mark.parametrize(("name", "safe"), [
    ("../../etc/passwd", "passwd"), ("dog.h5", "dog.h5"), ("..", "tracks"), ("a\0b\n.csv", "a_b_.csv"), ("", "tracks"),
    ("Hündin.json", "Hündin.json"),
])
def test_names_of_files_lead_nowhere(name, safe):
    assert safe_name(name) == safe
