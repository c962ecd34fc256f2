"""Engines for tests of the add-on: every animal stands in its rest shape before a camera that is known; tracks stay flat.

They take the way of any other engine (broker, worker process, wire); only the computing itself is not done. What an animal is
called says what happens: `slow` works until it is cancelled, `mute` too and hands on nothing of a clip before, `refused` is refused,
`other model` comes from a model that Blender does not have.
"""

import copy
import time

import numpy as np

from bestiary.animal.cameras import Camera, default_focal
from bestiary.animal.default import default_model
from bestiary.animal.motion import Motion
from bestiary.animal.track_points import superset_points
from bestiary.server.engine import JobFailure
from bestiary.server.fit.clip import ClipAnimal, ClipFit
from bestiary.server.fit.clip_job import answer
from bestiary.server.lift.engine import LiftEngine, cameras_of, tracks_of
from bestiary.wire import messages as m


class StandingEngine:
    """Takes the name of the engine that the add-on asks for."""

    name = "fit"

    def __init__(self):
        self.model = default_model()

    def run(self, request, frames, job):
        if isinstance(request, m.AnimateRequest):
            return walk_ahead(self.model, request, frames, job)
        image = frames[request.image]
        height, width = image.shape[:2]
        labels = [animal.label for animal in request.animals]
        if "refused" in labels:
            raise JobFailure("bad_keypoints", "The points contradict each other.", "Look at left and right.")
        for step in range(10**9 if "slow" in labels else 3):
            job.progress(min(step / 100, 0.9), "looking at the photo")
            time.sleep(0.02)
        focal = request.focal_px or default_focal(width, height)
        camera = Camera.look_at((2.0, -2.5, 0.9), (0.0, 0.0, 0.4), focal, width, height)
        arrays, animals = {}, []
        for number, hints in enumerate(request.animals):
            rest = self.model.rest(np.zeros(self.model.n_betas))
            arrays[f"betas{number}"] = np.zeros(self.model.n_betas, np.float32)
            arrays[f"pose{number}"] = np.zeros((self.model.n_joints, 3), np.float32)
            arrays[f"trans{number}"] = np.array([0, number, -rest.vertices[:, 2].min()], np.float32)
            arrays[f"points{number}"] = np.zeros((len(self.model.keypoint_names), 3), np.float32)
            animals.append(
                m.ReconstructedAnimal(
                    f"betas{number}", f"pose{number}", f"trans{number}", f"points{number}",
                    metres_per_unit=0.25, label=hints.label, species=hints.species, keypoint_error_px=2.0, iou=0.9,
                )
            )  # fmt: skip
        other = "other model" in labels
        reply = m.ReconstructResult(
            "0" * 16 if other else self.model.model_id, "Another animal" if other else self.model.name,
            list(self.model.joint_names), list(self.model.keypoint_names), animals,
            camera.K.tolist(), camera.R.tolist(), camera.t.tolist(), width, height,
        )  # fmt: skip
        return reply, arrays


def walk_ahead(model, request, frames, job):
    """Every animal walks ahead along x beside the others, its tail wagging, known in the frames in which any of its points is seen."""
    tracks = [tracks_of(animal, frames) for animal in request.animals]
    for one in tracks:
        superset_points(one)
        if one.label == "refused":
            raise JobFailure("bad_tracks", "The tracks contradict each other.", "Look at left and right.")
    first = min(int(one.frame_numbers[0]) for one in tracks)
    count = max(int(one.frame_numbers[-1]) for one in tracks) - first + 1
    rest = model.rest(np.zeros(model.n_betas))
    width, height = tracks[0].width or 640, tracks[0].height or 480
    camera = Camera.look_at((0.5, -3.0, 1.0), (0.5, 0.0, 0.4), tracks[0].focal or default_focal(width, height), width, height)
    given = cameras_of(request, frames, tracks[0])
    animals = []
    for i, one in enumerate(tracks):
        poses = np.full((count, model.n_joints, 3), np.nan)
        trans, pixels = np.full((count, 3), np.nan), np.zeros((count, 44, 3))
        for row in np.flatnonzero(one.seen.any(axis=1)):
            f = int(one.frame_numbers[row]) - first
            poses[f], trans[f] = 0.0, (0.05 * f, i, -rest.vertices[:, 2].min())
            poses[f, 25, 2] = 0.3 * np.sin(f)
        species = request.species[i] if request.species else None
        animals.append(ClipAnimal(np.zeros(model.n_betas), poses, trans, 0.25, pixels, one.label, species, facts={"error_px": 1.5}))
    fit = ClipFit(animals, tuple(given) or (camera,), tracks[0].fps, first)
    half = copy.deepcopy(fit)
    for animal in half.animals:
        animal.poses[count // 2:], animal.trans[count // 2:] = np.nan, np.nan
    notes = [[] for _ in tracks]
    labels = {one.label for one in tracks}
    if "mute" not in labels:
        job.partial(0.5, "half of the frames", *answer(model, half, notes))
    for _ in range(10**9 if labels & {"slow", "mute"} else 3):
        job.progress(0.5, "half of the frames")
        time.sleep(0.02)
    return answer(model, fit, notes)


def flat(tracks, options, cameras, device, job):
    """A motion in which every point is three metres before the camera, in the middle of a picture that stands upright."""
    if tracks.label == "refused":
        raise JobFailure("bad_tracks", "The tracks contradict each other.", "Look at left and right.")
    for step in range(10**9 if tracks.label == "slow" else 3):
        job.progress(min(step / 100, 0.9), "looking at the tracks")
        time.sleep(0.02)
    width, height = tracks.width or 640, tracks.height or 480
    camera = Camera.look_at((0.0, -3.0, 1.0), (0.0, 0.0, 1.0), tracks.focal or default_focal(width, height), width, height)
    cameras = tuple(cameras) or (camera,)
    seers = cameras if len(cameras) > 1 else cameras * len(tracks)
    places = np.stack([one.unproject(points, np.full(len(points), 3.0)) for one, points in zip(seers, tracks.points, strict=True)])
    return Motion(
        places, tracks.skeleton, tracks.fps, tracks.label, str(options.get("species", "")), cameras=cameras,
        uncertainty=np.full(places.shape[:2], 0.02), frame_numbers=tracks.frame_numbers,
        details={"swaps": [(3, 5, ["left_ear", "right_ear"])] if tracks.label == "swapped" else [],
                 "contacts": places[..., 2] < 0.5, "network": "flat"},
    )  # fmt: skip


def make(model_path, device):
    """The engine factory that the tests name."""
    return {"fit": StandingEngine(), "lift": LiftEngine("cpu", flat)}
