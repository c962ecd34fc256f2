"""How many poses a second: the batched generator beside one pose at a time, and beside the paper's 500.

A pose is everything the paper's network learns from: the 16 joints turned at random, their view, and the edges' spherical
coordinates (equations 5 to 7). One at a time is the paper's recursion in numpy, as one would write it down.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from ..server.evaluate.report import markdown_table, write_metrics, write_text
from ..server.poses.generator import PoseGenerator
from ..server.poses.motion import endless_motions
from ..server.poses.skeletons import PAPER

PAPER_POSES = 500
"""Poses a second that the paper's authors trained with."""
FRAMES, FPS = 32, 30.0
ROUNDS = 3


def run(
    out: Path, seconds: float = 3.0, batch: int = 4000, windows: int = 512, threads: int = 0, seed: int = 0,
    say: Callable[[str], None] = print,
) -> dict[str, float]:
    """Measure, write metrics.json and table.md to `out`, and give the metrics.

    seconds: for each measurement; batch: poses at once; windows: clips at once; threads: torch's, 0 leaves them as they are.
    """
    if threads:
        torch.set_num_threads(threads)
    metrics: dict[str, float] = {"threads": torch.get_num_threads()}
    rows = [["the paper", "", float(PAPER_POSES), 1.0]]
    rng = np.random.default_rng(seed)
    say("one pose at a time")
    _row("loop", "numpy, one at a time", 1, _rate(lambda: one_pose(rng), 1, seconds), rows, metrics)
    devices = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]
    for device in devices:
        say(f"batches, {device}")
        _batches(device, batch, windows, seconds, seed, rows, metrics)
    about = (f"Poses a second: 16 joints, float32, best of {ROUNDS} rounds; torch {torch.__version__}, {torch.get_num_threads()} threads"
             f"{', ' + torch.cuda.get_device_name() if len(devices) > 1 else ''}.\n\n")
    clips_text = "".join(f"\nMotions of random animals, clips of {FRAMES} frames a second, {device}: "
                         f"{metrics[f'windows_per_second_{device}']:,.0f}.\n" for device in devices)
    write_text(Path(out) / "table.md", about + markdown_table(["", "at once", "poses/s", "times the paper's"], rows) + clips_text)
    write_metrics(Path(out), metrics)
    return metrics


def one_pose(rng: np.random.Generator) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Joints (16, 3), view (16, 2) and edges' r, theta, phi (15, 3) of one pose, as the paper writes it: joint after joint."""
    skeleton = PAPER.skeleton
    place = {int(joint): edge for edge, joint in enumerate(PAPER.children)}
    angles = rng.uniform(PAPER.low, PAPER.high)
    r = rng.uniform(0, 1, len(place))
    for left, right in PAPER.pairs:
        r[right] = r[left]
    r /= r.max()
    joints = np.zeros((len(skeleton), 3))
    for joint in skeleton.order[1:]:
        edge = place[joint]
        theta, phi = angles[edge]
        step = (math.sin(theta) * math.cos(phi), math.sin(theta) * math.sin(phi), math.cos(theta))
        joints[joint] = joints[skeleton.parents[joint]] + r[edge] * np.array(step)
    q = rng.normal(size=4)
    w, x, y, z = q / np.linalg.norm(q)
    turn = np.array([[1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
                     [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
                     [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)]])  # fmt: skip
    joints = joints @ turn.T
    local = np.zeros((len(place), 3))
    for joint, edge in place.items():
        dx, dy, dz = joints[joint] - joints[skeleton.parents[joint]]
        local[edge] = (math.sqrt(dx * dx + dy * dy + dz * dz), math.atan2(math.hypot(dx, dy), dz), math.atan2(dy, dx))
    return joints, joints[:, [0, 2]], local


def _batches(device: str, batch: int, windows: int, seconds: float, seed: int, rows: list, metrics: dict[str, float]) -> None:
    """Our generator on one device; a GPU gets larger batches."""
    wait = torch.cuda.synchronize if device == "cuda" else _nothing
    size, clips = (batch, windows) if device == "cpu" else (100 * batch, 16 * windows)
    generator = torch.Generator(device=device).manual_seed(seed)
    poses = PoseGenerator(device=device)
    rate = _rate(lambda: poses.draw(size, generator).local, size, seconds, wait)
    _row(device, f"Bestiary, {device}", size, rate, rows, metrics)
    rate = _rate(lambda: poses.draw(size, generator), size, seconds, wait)
    _row(f"{device}_views", f"Bestiary, {device}, joints and view only", size, rate, rows, metrics)
    metrics[f"windows_per_second_{device}"] = _rate(lambda: endless_motions(clips, FRAMES, FPS, generator), clips, seconds, wait)


def _rate(call: Callable[[], object], size: int, seconds: float, wait: Callable[[], None] | None = None) -> float:
    """Poses a second of calls that draw `size` each: the best of a few rounds, after a first call that warms up."""
    wait = wait or _nothing
    call()
    wait()
    best = 0.0
    for _ in range(ROUNDS):
        done, start = 0, time.perf_counter()
        while time.perf_counter() - start < seconds / ROUNDS:
            call()
            done += size
        wait()
        best = max(best, done / (time.perf_counter() - start))
    return best


def _nothing() -> None:
    """No device to wait for."""


def _row(key: str, name: str, size: int, rate: float, rows: list, metrics: dict[str, float]) -> None:
    metrics[f"poses_per_second_{key}"] = rate
    if key != "loop":
        metrics[f"{key}_over_loop"] = rate / metrics["poses_per_second_loop"]
    metrics[f"{key}_over_paper"] = rate / PAPER_POSES
    rows.append([name, size, rate, rate / PAPER_POSES])
