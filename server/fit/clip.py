"""A clip, start to end: the points of one or several animals through footage in, animals in motion and their cameras out.

One shape for the whole clip, from frames spread over it, all solved together; then the poses in windows, each with all its
frames at once, tied through time, and held to the window before. Windows come one after the other, and what is done of
the clip can be looked at meanwhile.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...animal.cameras import Camera, intrinsics
from ...animal.keypoints import INDEX, SUPERSET
from ...animal.model import AnimalModel
from ...animal.rotations import axis_angle_from_matrix
from ...animal.track_points import FEWEST, superset_points
from ...animal.tracks import Tracks
from ..engine import JobFailure
from ..lift.refine.place import Picture, picture_of
from .body_points import BodyPoints, Hypotheses
from .clip_solver import ClipState, Plan, Spreads, same_for_all, solve_clip
from .clip_start import check_enough, choose_frames, directions, first_poses, point_counts, sizes_of
from .clip_terms import ClipTerms, Views, fixed_shape, level
from .clip_values import ClipAnimal, ClipFit, ClipSettings, Subject, lifted_scale, spans_of
from .hints import FitHints
from .image import _one_thread
from .shape_prior import shape_prior
from .solver import minimise
from .starts import camera_from_world
from .terms import up_in_camera
from .world import metres_per_unit

Array = NDArray[np.float64]
Progress = Callable[[float, str], None]

SHAPE_FRAMES = 16
"""Frames that the shape is taken from."""
ANCHOR_S = 0.5
"""Seconds between frames whose direction is sought all around."""
WINDOW, AHEAD, HELD = 60, 20, 4
"""Frames that a window adds, that it looks ahead, and that it keeps of the one before."""
MAX_FRAMES = 100_000

JOINT_SPREAD = 40.0
"""How much joints speed up and slow down in gaits, radians a second², one standard deviation."""
ROOT_SPREAD = 20.0
PLACE_SPREAD = 12.0
"""The same for the body: radians, and model units (2.5 long), a second²."""
SAME_GROUND = (0.67, 1.5)
ALONE_SIGMA, SIZE_SIGMA = 0.12, 0.1
"""How far off the camera's pitch is that one animal alone suggests, radians; and how far animals' sizes are from their kinds' (a share)."""


class ClipFitter:
    """Fits one model to the tracks of a clip's animals, which share their frames and camera.

    tracks: one `Tracks` for each; species, family: names or None for each; cameras: known ones, one or one for each frame of the
    first tracks. `partial(fit)` gets what is done whenever more is. lifted: for each animal (frames of its tracks, 44, 3) places
    of its points in the camera's axes, in any unit, nan where not known, to be followed beside the tracks; or None.
    Raises JobFailure or TracksError for tracks that say too little.
    """

    def __init__(self, model: AnimalModel, tracks: Sequence[Tracks], species: Sequence[str | None], family: Sequence[str | None],
                 settings: ClipSettings, cameras: Sequence[Camera] = (), device: str = "cpu",
                 lifted: Sequence[Array | None] | None = None) -> None:
        self.model, self.settings, self.device = model, settings, torch.device(device)
        self.tracks = list(tracks)
        self.fps = tracks[0].fps
        if any(abs(one.fps - self.fps) > 1e-6 for one in tracks):
            raise JobFailure("bad_tracks", "The animals' tracks have different frame rates.", "Take tracks of one piece of footage.")
        self.first = min(int(np.asarray(one.frame_numbers)[0]) for one in tracks)
        self.frames = max(int(np.asarray(one.frame_numbers)[-1]) for one in tracks) - self.first + 1
        if self.frames > MAX_FRAMES:
            raise JobFailure("bad_tracks", f"The tracks reach over {self.frames} frames; {MAX_FRAMES} can be fitted.", "Cut the footage.")
        self.picture = self._picture()
        self.K = intrinsics(self.picture.focal, self.picture.width, self.picture.height)
        self.known = self._known_cameras(tuple(cameras))
        self.static = settings.camera_static and not self.known
        self.subjects = [self._subject(i, species[i], family[i], None if lifted is None else lifted[i]) for i in range(len(tracks))]
        self.began = time.perf_counter()

    # --- evidence -----------------------------------------------------------------------------------------------------

    def _picture(self) -> Picture:
        pictures = [picture_of(one, self.settings.focal) for one in self.tracks]
        focal = next((p.focal for p in pictures if not p.assumed), max(p.focal for p in pictures))
        return Picture(focal, max(p.width for p in pictures), max(p.height for p in pictures), all(p.assumed for p in pictures))

    def _known_cameras(self, cameras: tuple[Camera, ...]) -> tuple[Camera, ...]:
        """The known cameras: one, or one for each frame of the clip, where frames without tracks have the one before."""
        if len(cameras) <= 1:
            return cameras
        numbers = np.asarray(self.tracks[0].frame_numbers) - self.first
        if len(cameras) != len(numbers):
            raise JobFailure("bad_tracks", f"There are {len(cameras)} cameras for {len(numbers)} frames.", "Give one for each frame.")
        row = np.clip(np.searchsorted(numbers, np.arange(self.frames), side="right") - 1, 0, len(numbers) - 1)
        return tuple(cameras[i] for i in row)

    def _subject(self, index: int, species: str | None, family: str | None, lifted: Array | None) -> Subject:
        tracks = self.tracks[index]
        label = tracks.label or (f"animal {index + 1}" if len(self.tracks) > 1 else "the animal")
        hints = FitHints(species=species, family=family, label=label)
        own, left_out = superset_points(tracks)
        check_enough(own, self.model, label, FEWEST)
        rows = np.asarray(tracks.frame_numbers) - self.first
        points = np.full((self.frames, len(SUPERSET), 3), np.nan)
        points[..., 2] = 0.0
        points[rows] = own
        depth = None
        if lifted is not None:
            depth = np.full((self.frames, len(SUPERSET), 3), np.nan)
            depth[rows] = lifted
        views = Views.unknown(self.frames)
        mean, _ = shape_prior(self.model, hints, label)
        if depth is not None:
            depth *= lifted_scale(self.model, mean, depth)
        scale = self._metres_per_unit(mean, hints)
        if self.known:
            points, views, turns = level(points, self.known, self.K)
            depth = None if depth is None else np.einsum("fab,fkb->fka", turns, depth)
        has = np.asarray(self.model.superset_matrix).any(1)
        points[:, ~has, 2] = 0.0
        seen = np.asarray((points[..., 2] > 0).any(1))
        spans = spans_of(seen, max(1, round(self.settings.max_gap_s * self.fps)))
        counts = point_counts(points, self.model)
        spans = [span for span in spans if counts[span[0]:span[1] + 1].max() >= FEWEST]
        return Subject(label, hints, points, sizes_of(points, np.arange(self.frames)), views, spans, scale, left_out, depth)

    def _metres_per_unit(self, betas: Array, hints: FitHints) -> float:
        scale = metres_per_unit(self.model, betas, hints)
        if self.settings.metres is None or "withers" not in self.model.keypoint_names:
            return scale
        rest = self.model.rest(betas)
        height = rest.keypoints[self.model.keypoint_names.index("withers"), 2] - rest.vertices[:, 2].min()
        return self.settings.metres / float(height) if height > 1e-6 else scale

    def _terms(self, subject: Subject, body: BodyPoints) -> ClipTerms:
        return ClipTerms(self.model, body, self.K, subject.points, subject.sizes, subject.views, subject.metres_per_unit,
                         self.static or bool(self.known), subject.lifted)

    # --- stages -------------------------------------------------------------------------------------------------------

    def run(self, progress: Progress, partial: Callable[[ClipFit], None] = lambda fit: None) -> ClipFit:
        """All stages of all animals. `progress` may raise to stop; what is done then was handed to `partial`."""
        with torch.no_grad(), _one_thread():
            count = len(self.subjects)
            for i, subject in enumerate(self.subjects):
                self._shape(subject, lambda x, i=i: progress(0.3 * (i + x) / count, "finding the shape"))
            self._share_ground(lambda x: progress(0.3, "finding the ground"))
            self.result = self._empty()
            for i, subject in enumerate(self.subjects):
                def say(share: float, stage: str, i: int = i) -> None:
                    progress(0.3 + 0.7 * (i + share) / count, stage)

                self._poses(i, subject, say, partial)
        self.result.seconds = time.perf_counter() - self.began
        return self.result

    def _shape(self, subject: Subject, tick: Callable[[float], None]) -> None:
        """The shape, the camera's pitch and the ground's height, from frames spread over the clip."""
        mean, basis = shape_prior(self.model, subject.hints, subject.label)
        body = BodyPoints(self.model, *(torch.tensor(x[None], dtype=torch.float64, device=self.device) for x in (mean, basis)))
        terms = self._terms(subject, body)
        counts = point_counts(subject.points, self.model)
        every = sum(last - first + 1 for first, last in subject.spans)
        most = int(np.clip(every // 3, 4, SHAPE_FRAMES))  # neighbours tell the same
        frames = choose_frames(counts, most, subject.spans, FEWEST)
        if len(frames) > 2 * most:  # many spans: the best of them will do
            frames = sorted(sorted(frames, key=lambda f: -counts[f])[:2 * most])
        h = directions(terms, subject.points, subject.views, frames, self.picture.width, self.picture.height, self.fps,
                       lambda x: tick(0.7 * x))
        pitch = h.pitch.median()
        h = same_for_all(h, h.z.median(0).values, self._pitches(subject, frames, pitch))
        rows = torch.tensor(frames, device=self.device)
        ground = terms.tensor(np.full(len(frames), self._first_ground(terms, h, rows)))
        plan = Plan(rows, None, shape=True, pitch=not subject.views.known, ground=terms.floor)
        self._keep_shape(subject, terms, solve_clip(terms, ClipState(h, ground), plan, 14, lambda x: tick(0.7 + 0.3 * x)), plan)

    def _shape_again(self, subject: Subject, pitch: float) -> None:
        """The shape and the ground under a camera that looks down by `pitch`."""
        terms, state, plan = subject.start
        turn = np.cos(pitch) * np.median(subject.paws[:, 1]) + np.sin(pitch) * np.median(subject.paws[:, 2])
        state = ClipState(replace(state.h, pitch=torch.full_like(state.h.pitch, pitch)), torch.full_like(state.ground, -float(turn)))
        plan = replace(plan, pitch=False)
        self._keep_shape(subject, terms, solve_clip(terms, state, plan, 6), plan)

    def _keep_shape(self, subject: Subject, terms: ClipTerms, state: ClipState, plan: Plan) -> None:
        subject.start = terms, state, plan
        subject.betas = betas = terms.body.betas(state.h)[0].cpu().numpy()
        subject.pitch, subject.ground = float(state.h.pitch[0]), float(state.ground[0])
        subject.paws = self._lowest(terms, state.h).cpu().numpy()
        subject.metres_per_unit = self._metres_per_unit(betas, subject.hints)

    def _pitches(self, subject: Subject, frames: Sequence[int], pitch: Tensor | float) -> Tensor:
        if subject.views.known:
            return torch.tensor(subject.views.pitch[list(frames)], dtype=torch.float64, device=self.device)
        return torch.full((len(frames),), float(pitch), dtype=torch.float64, device=self.device)

    def _first_ground(self, terms: ClipTerms, h: Hypotheses, rows: Tensor) -> float:
        """The usual height of the lowest paw."""
        up = up_in_camera(h.pitch)[0]
        return float(((self._lowest(terms, h) * up).sum(1) + terms.place[rows, 2]).median())

    def _lowest(self, terms: ClipTerms, h: Hypotheses) -> Tensor:
        """(n, 3) where the lowest paw is, in the camera's axes; the root where the model has no paws."""
        s = terms.body.skeletons(h)
        if not terms.has_paws:
            return s.o[:, 0]
        paws = terms.table(h, s)[0][:, terms.paws]
        low = (paws @ up_in_camera(h.pitch)[0][..., None])[..., 0].argmin(1)
        return paws[torch.arange(len(h), device=low.device), low]

    def _share_ground(self, tick: Callable[[float], None]) -> None:
        """Animals before one camera agree on how far it looks down, and stand on one ground at sizes that their kinds may have."""
        if self.known:
            return
        if len(self.subjects) > 1:
            pitch = self._common_pitch()
            for i, subject in enumerate(self.subjects):
                self._shape_again(subject, pitch)
                tick((i + 1) / len(self.subjects))
        drop = np.array([-(s.ground - self._sole(s)) * s.metres_per_unit for s in self.subjects])
        self.height = float(np.sort(drop)[(len(drop) - 1) // 2])
        for subject, own in zip(self.subjects, drop, strict=True):
            ratio = self.height / own if abs(own) > 1e-6 else 1.0
            if SAME_GROUND[0] < ratio < SAME_GROUND[1]:
                subject.metres_per_unit *= ratio
            elif self.static:
                subject.warnings.append("stands higher or lower than the others at its species' size; check the species")

    def _common_pitch(self) -> float:
        """How far the camera looks down: as each animal by itself suggests, and so that all stand on one ground at their sizes."""
        tried = np.linspace(-0.5, 1.3, 361)
        cost = np.zeros_like(tried)
        heights = []
        for subject in self.subjects:
            cost += ((tried - subject.pitch) / ALONE_SIGMA) ** 2
            y, z = subject.paws[:, 1:].T
            heights.append(np.median(y[:, None] * np.cos(tried) + z[:, None] * np.sin(tried), axis=0) * subject.metres_per_unit)
        above = np.array(heights)
        if self.static:
            cost += (np.log(np.maximum(above, 1e-3 * np.abs(above).max())).std(axis=0) / SIZE_SIGMA) ** 2 * len(above)
        return float(tried[int(cost.argmin())])

    def _sole(self, subject: Subject) -> float:
        """How far a standing paw's point lies above the ground, model units."""
        rest = self.model.rest(subject.betas)
        names = self.model.keypoint_names
        paws = [rest.keypoints[names.index(n), 2] for n in ("left_front_paw", "left_hind_paw") if n in names]
        return float(min(paws) - rest.vertices[:, 2].min()) if paws else 0.0

    # --- poses --------------------------------------------------------------------------------------------------------

    def _poses(self, index: int, subject: Subject, progress: Progress, partial: Callable[[ClipFit], None]) -> None:
        assert subject.betas is not None
        body = fixed_shape(self.model, subject.betas, self.device)
        terms = self._terms(subject, body)
        counts = point_counts(subject.points, self.model)
        every = sum(b - a + 1 for a, b in subject.spans)
        anchors = choose_frames(counts, max(2, round(every / (ANCHOR_S * self.fps))), subject.spans, FEWEST)
        progress(0.0, "finding directions")
        _, state, plan = subject.start
        if len(anchors) <= len(plan.frames):  # the frames of the shape are near enough to one another
            anchors, h = plan.frames.tolist(), replace(state.h, z=state.h.z.new_zeros(len(state.h), 1))
        else:
            h = directions(terms, subject.points, subject.views, anchors, self.picture.width, self.picture.height, self.fps,
                           lambda x: progress(0.3 * x, "finding directions"))
        spreads, done = self._spreads(terms), 0
        for first, last in subject.spans:
            mine = [i for i, f in enumerate(anchors) if first <= f <= last]
            if not mine:
                continue
            begins = first_poses(terms, h_rows(h, mine), [anchors[i] for i in mine], list(range(first, last + 1)))
            before: ClipState | None = None
            for start in range(first, last + 1, WINDOW):
                end = min(start + WINDOW - 1, last)
                if last - end < AHEAD:
                    end = last
                before, solved = self._window(terms, subject, begins, before, (first, start, end, last), spreads)
                self._store(index, subject, solved, start)
                done += end - start + 1
                progress(0.3 + 0.7 * done / every, f"frame {done} of {every}")
                partial(self.result)
                if end == last:
                    break
        self._finish(index, subject)

    def _spreads(self, terms: ClipTerms) -> Spreads:
        stiff = 1.0 / max(self.settings.smooth, 1e-3)
        per_frame = stiff / self.fps**2
        theta = torch.full((3 * (self.model.n_joints - 1),), JOINT_SPREAD * per_frame, dtype=torch.float64, device=self.device)
        return Spreads(theta, ROOT_SPREAD * per_frame, PLACE_SPREAD * terms.units * per_frame)

    def _window(self, terms: ClipTerms, subject: Subject, begins, before: ClipState | None, span: tuple[int, int, int, int],
                spreads: Spreads) -> tuple[ClipState, object]:
        """The poses of frames start to end, with a look ahead; gives the state to go on from (its last HELD frames) and the poses."""
        first, start, end, last = span
        ahead = min(end + AHEAD, last)
        rows = torch.arange(start, ahead + 1, device=self.device)
        h = h_rows(begins, list(range(start - first, ahead - first + 1)))
        h = same_for_all(h, h.z[0], self._pitches(subject, rows.tolist(), subject.pitch))
        h, _, _ = minimise(h, lambda x: terms.assemble(x, rows, None, 2.0, 20.0, 1.0), 4)
        h = same_for_all(h, h.z[0] * 0, self._pitches(subject, rows.tolist(), subject.pitch))
        held = 0
        if before is not None:
            held = len(before.h)
            h = joined(before.h, h)
            rows = torch.cat([torch.arange(start - held, start, device=self.device), rows])
        state = ClipState(h, terms.tensor(np.full(len(h), subject.ground)))
        state = solve_clip(terms, state, Plan(rows, spreads, held, cutoff=20.0), 4)
        state = solve_clip(terms, state, Plan(rows, spreads, held, cutoff=6.0), 12)
        count = end - start + 1
        solved = h_rows(state.h, list(range(held, held + count)))
        keep = list(range(max(0, held + count - HELD), held + count))
        return ClipState(h_rows(state.h, keep), state.ground[keep]), solved

    # --- the world ----------------------------------------------------------------------------------------------------

    def _empty(self) -> ClipFit:
        J, F = self.model.n_joints, self.frames
        animals = []
        for subject in self.subjects:
            assert subject.betas is not None
            pixels = np.full((F, len(SUPERSET), 3), np.nan)
            pixels[..., 2] = 0.0
            warnings = list(subject.warnings)
            if subject.left_out:
                warnings.append(f"Points without a counterpart were left out: {', '.join(subject.left_out)}.")
            animals.append(ClipAnimal(subject.betas, np.full((F, J, 3), np.nan), np.full((F, 3), np.nan), subject.metres_per_unit, pixels,
                                      self._label(subject), subject.hints.species, subject.hints.family, warnings=warnings))
        if self.known:
            return ClipFit(animals, self.known, self.fps, self.first)
        R = camera_from_world(self.subjects[0].pitch)
        self.R, self.t_world = R, np.array([0.0, 0.0, self.height])
        camera = Camera(self.K, R, -R @ self.t_world, self.picture.width, self.picture.height)
        return ClipFit(animals, (camera,), self.fps, self.first)

    def _label(self, subject: Subject) -> str:
        return "" if subject.label == "the animal" else subject.label

    def _store(self, index: int, subject: Subject, h, start: int) -> None:
        """Enter the poses of frames from `start`, turned into the world; the middle of the first animal's first frames is the origin."""
        animal = self.result.animals[index]
        n = len(h)
        rows = np.arange(start, start + n)
        joint = self.model.rest(subject.betas).joints[0]
        R0, trans, theta = (x.cpu().numpy() for x in (h.R0, h.trans, h.theta))
        scale = animal.metres_per_unit
        if self.known:
            M, place = subject.views.M[rows], subject.views.place[rows] / scale
        else:
            if not self._placed():
                middle = (np.median(joint + trans, axis=0) @ self.R) * scale
                self.t_world = np.array([-middle[0], -middle[1], self.height])
                self.result.cameras = (replace(self.result.cameras[0], t=-self.R @ self.t_world),)
            M, place = np.tile(self.R.T, (n, 1, 1)), np.tile(self.t_world / scale, (n, 1))
        animal.poses[rows, 0] = axis_angle_from_matrix(M @ R0)
        animal.poses[rows, 1:] = theta
        animal.trans[rows] = (M @ (joint + trans)[..., None])[..., 0] + place - joint
        for f in rows:
            self._project(animal, int(f))

    def _placed(self) -> bool:
        return any(animal.done for animal in self.result.animals)

    def _project(self, animal: ClipAnimal, frame: int) -> None:
        posed = self.model.forward(animal.betas, animal.poses[frame], animal.trans[frame])
        camera = self.result.cameras[frame if len(self.result.cameras) > 1 else 0]
        rows = [INDEX[name] for name in self.model.keypoint_names]
        animal.pixels[frame, rows, :2] = camera.project(posed.keypoints * animal.metres_per_unit)
        animal.pixels[frame, rows, 2] = 1.0

    def _finish(self, index: int, subject: Subject) -> None:
        """Say how well the tracks are met."""
        animal, tracks = self.result.animals[index], self.tracks[index]
        own, _ = superset_points(tracks)
        seen = animal.pixels[np.asarray(tracks.frame_numbers) - self.first]
        known = (own[..., 2] > 0) & np.isfinite(seen[..., 0])
        away = np.linalg.norm(seen[..., :2] - own[..., :2], axis=-1)[known]
        size = float(np.median(subject.sizes))
        error = float(np.median(away)) if len(away) else float("nan")
        animal.facts |= {"error_px": error, "error_percent": 100 * error / size, "size_px": size, "frames": animal.done}
        if error > 0.1 * size:
            animal.warnings.append(f"The animal lies {error:.0f} pixels from its tracks: is the species right, and are they its points?")


def h_rows(h, rows: list[int]):
    """Some rows of hypotheses."""
    return h[torch.tensor(rows, dtype=torch.long, device=h.trans.device)]


def joined(before, after):
    """Hypotheses one after the other."""
    return type(before)(*(torch.cat([getattr(before, name), getattr(after, name)]) for name in before.__dataclass_fields__))


def fit_clip(model: AnimalModel, tracks: Sequence[Tracks], species: Sequence[str | None] | None = None,
             settings: ClipSettings | None = None, cameras: Sequence[Camera] = (), progress: Progress = lambda fraction, stage: None,
             partial: Callable[[ClipFit], None] = lambda fit: None, device: str = "cpu") -> ClipFit:
    """Fit the animals of a clip in one call; see `ClipFitter`."""
    none = [None] * len(tracks)
    return ClipFitter(model, tracks, species or none, none, settings or ClipSettings(), cameras, device).run(progress, partial)

