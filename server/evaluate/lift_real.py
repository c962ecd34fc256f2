"""`bestiary evaluate lift-real`: animals that were not animated by anybody.

    rat     real motion capture, 23 markers of a walking and grooming rat, seen from virtual cameras: errors are known exactly
    badja   real footage, points annotated by hand: where the lifted animal falls on them, and whether it moves like one body

`--data` is a folder with `mocap/rat/*.mat` and `keypoints2d/badja/*.json`. Motion capture of other animals in the same form
(a MATLAB file with `pred` (F, 3, J) millimetres beside one with `joint_names` and `joints_idx`) is read from `mocap/*` alike.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import scipy.io
from numpy.typing import NDArray

from ...animal.cameras import Camera
from ...animal.motion import Motion
from ...animal.skeleton import Skeleton
from ..data.motions.cameras import FOCAL, SIZE
from ..data.motions.folder import Entry
from . import lift_footage
from .lift import Inputs, Metrics, Section, measured, numbers_of, report, with_pipeline
from .lift_clips import SeenClip, seen_clip, with_noise
from .lift_methods import Prediction, open_networks
from .lift_metrics import joint_errors, sequence_aligned
from .lift_tally import species_table, write_species
from .report import markdown_table, write_metrics, write_text

Array = NDArray[np.float64]
Say = Callable[[str], None]

MOCAP_FPS = 50.0
"""The files do not say how fast the rat was filmed; the settings published beside them render 50 frames a second."""
VIEWS = ("side", "above", "three_quarter", "moving")
BACK = ("Snout", "SpineF", "SpineM", "SpineL", "TailBase")
"""Markers whose distances add up to the body's length, where a file has them."""


class RealDataError(ValueError):
    """A folder of real data that holds nothing to test; the message says what was looked for."""


def run(
    data: Path, networks: Mapping[str, str | Path], out: Path, device: str = "cpu", seed: int = 0, sections: Sequence[str] = (),
    say: Say = lambda text: None,
) -> Metrics:
    """Test on what of the sections' data is there, write metrics.json, table.md, joints.csv and strips; give the numbers.

    Raises RealDataError when nothing is there, ValueError for a section that does not exist.
    """
    unknown = set(sections) - {"rat", "badja"}
    if unknown:
        raise ValueError(f"no section {', '.join(sorted(unknown))}; there are rat and badja")
    opened, baselines = open_networks(networks, device)
    inputs = with_pipeline(Inputs((), opened, out, seed, device, baselines=baselines, say=say))
    metrics: Metrics = {}
    text = ["# Real animals\n"]
    rats, clips = mocap_motions(data / "mocap"), sorted((data / "keypoints2d" / "badja").glob("*.json"))
    if rats and "rat" in (sections or ("rat",)):
        for name, motion in rats.items():
            say(name)
            section = mocap(replace(inputs, clips=views_of(name, motion)), name, body_length(motion))
            metrics |= section.metrics
            text.append(f"\n## {name}, motion capture\n\n{section.text}")
            write_species(out / f"{name}_views.csv", section.tallies)
    if clips and "badja" in (sections or ("badja",)):
        section = lift_footage.footage(inputs, clips)
        metrics |= section.metrics
        text.append(f"\n## Footage\n\n{section.text}")
        write_species(out / "footage.csv", section.tallies)
    if not metrics:
        raise RealDataError(f"{data} has neither mocap/*/*.mat nor keypoints2d/badja/*.json to test")
    write_metrics(out, metrics)
    write_text(out / "table.md", "".join(text))
    return metrics


def mocap_motions(folder: Path) -> dict[str, Motion]:
    """Every folder's motion capture by the folder's name: millimetres become metres, up stays up."""
    found = {}
    for one in sorted(path for path in folder.glob("*") if path.is_dir()):
        files = {path.name: _arrays(path) for path in sorted(one.glob("*.mat"))}
        points = next((arrays["pred"] for arrays in files.values() if "pred" in arrays), None)
        about = next((arrays for arrays in files.values() if "joint_names" in arrays and "joints_idx" in arrays), None)
        if points is None or about is None:
            continue
        names = [str(np.asarray(name).reshape(-1)[0]) for name in about["joint_names"].reshape(-1)]
        positions = np.moveaxis(np.asarray(points, np.float64), 1, 2) / 1000.0
        if positions.ndim != 3 or positions.shape[1:] != (len(names), 3):
            raise RealDataError(f"{one}: `pred` must be (frames, 3, {len(names)}), is {points.shape}")
        edges = [(int(a) - 1, int(b) - 1) for a, b in np.asarray(about["joints_idx"], np.int64)]
        skeleton = Skeleton.from_edges(names, edges, positions=np.nanmean(positions, axis=0))
        found[one.name] = Motion(positions, skeleton, MOCAP_FPS, one.name, one.name, source=f"mocap/{one.name}")
    return found


def _arrays(path: Path) -> dict[str, np.ndarray]:
    return {name: value for name, value in scipy.io.loadmat(path).items() if not name.startswith("__")}


def body_length(motion: Motion) -> float:
    """Metres: the median over frames of the way along BACK; without those markers, of the largest distance between joints."""
    names = list(motion.skeleton.names)
    if set(BACK) <= set(names):
        way = motion.positions[:, [names.index(name) for name in BACK]]
        return float(np.nanmedian(np.linalg.norm(np.diff(way, axis=1), axis=-1).sum(axis=1)))
    apart = np.linalg.norm(motion.positions[:, :, None] - motion.positions[:, None], axis=-1)
    return float(np.nanmedian(np.nanmax(apart, axis=(1, 2))))


def views_of(name: str, motion: Motion) -> list[SeenClip]:
    """The motion from the four VIEWS, exact; each is a category of its own, "rat_side" and so on."""
    entry = Entry(name, name, f"mocap/{name}", motion)
    return [replace(seen_clip(entry, view_cameras(motion, view)), category=f"{name}_{view}", view=number)
            for number, view in enumerate(VIEWS)]


def view_cameras(motion: Motion, view: str) -> tuple[Camera, ...]:
    """Cameras with the paper's lens that have the whole clip in their picture.

    side: level with the animal, across the way that it faces at first. above: from 85 degrees. three_quarter: 30 degrees up, 45 off the
    way it faces. moving: walks half a circle around it, 20 degrees up, in the course of the clip.
    """
    points = motion.positions.reshape(-1, 3)
    points = points[np.isfinite(points).all(axis=1)]
    centre = (points.min(axis=0) + points.max(axis=0)) / 2
    facing = _facing(motion)
    if view == "moving":
        turns = [(facing + math.radians(30) + share * math.pi, math.radians(20)) for share in np.linspace(0, 1, len(motion))]
    else:
        turn, height = {"side": (90, 5), "above": (90, 85), "three_quarter": (45, 30)}[view]
        turns = [(facing + math.radians(turn), math.radians(height))]
    # Seen from far enough that a ball around everything fits, with a tenth to spare.
    reach = float(np.linalg.norm(points - centre, axis=1).max())
    distance = 1.1 * reach * math.hypot(1.0, FOCAL / (SIZE / 2))
    ways = [np.array([math.cos(h) * math.cos(t), math.cos(h) * math.sin(t), math.sin(h)]) for t, h in turns]
    return tuple(Camera.look_at(centre + distance * way, centre, FOCAL, SIZE, SIZE) for way in ways)


def _facing(motion: Motion) -> float:
    """The direction in the plane, in radians, from the tail's base to the front of the spine in the first tenth of the clip."""
    names = list(motion.skeleton.names)
    if not {"TailBase", "SpineF"} <= set(names):
        return 0.0
    way = motion.positions[: max(1, len(motion) // 10), names.index("SpineF")] - motion.positions[
        : max(1, len(motion) // 10), names.index("TailBase")]  # fmt: skip
    x, y, _ = np.nanmean(way, axis=0)
    return math.atan2(y, x)


def mocap(inputs: Inputs, name: str, length: float) -> Section:
    """All methods on all views, noisy and exact: the paper's numbers, per joint, and as a share of the body's length (metres)."""
    noisy = [with_noise(clip, inputs.noise_px, inputs.seed) for clip in inputs.clips]
    joints: dict[str, list[Array]] = {}

    def look(clip: SeenClip, found: Mapping[str, Prediction]) -> None:
        for method, prediction in found.items():
            joints.setdefault(method, []).append(joint_errors(sequence_aligned(prediction.positions, clip.truth)))

    tally, chosen = measured(inputs, noisy, look)
    clean, _ = measured(inputs, inputs.clips)
    metrics = {f"{name}_{key}": value for key, value in (numbers_of(tally) | numbers_of(clean, "_clean")).items()}
    metrics[f"{name}_length_mm"] = 1000 * length
    for method in tally.rows:
        metrics[f"{name}_percent_of_length_{method}"] = tally.mean(method, "sa_mpjpe") / (10 * length)
        metrics |= {f"{name}_sa_mpjpe_{method}_{view}": tally.of_species(method, view, "sa_mpjpe") for view in VIEWS}
    frames = len(inputs.clips[0].tracks)
    text = report(inputs, tally, chosen, f"{frames} frames from {len(VIEWS)} views, {1000 * length:.0f} mm along the back. Tracks are "
                  f"{inputs.noise_px:g} px off on average at 1080 px.")  # fmt: skip
    text += f"\nExact tracks:\n\n{species_table(clean, list(clean.rows))}"
    errors = {method: np.nanmean(joints[f"{method}@{chosen[method]}" if method in chosen else method], axis=0) for method in tally.rows}
    names = inputs.clips[0].tracks.skeleton.names
    rows = [[joint, *(float(values[place]) for values in errors.values())] for place, joint in enumerate(names)]
    shares = ["mean, % of length", *(float(np.nanmean(values)) / (10 * length) for values in errors.values())]
    text += f"\nBy joint, mm, mean of the views, tracks as above:\n\n{markdown_table(['joint', *errors], [*rows, shares])}"
    return Section(metrics, text, {"noisy": tally, "clean": clean})
