"""Footage that is faster or sparser than what networks learn from, and the numbers that they compute in."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from bestiary.server.lift import pace, precision
from bestiary.server.lift.networks import make_network
from bestiary.server.lift.pipeline import lift
from bestiary.server.lift.refine.noise import acceleration, noise_level
from bestiary.server.lift.windows import LiftedClip, lift_tracks
from walking import filmed, walk


def recorded(calls: list[np.ndarray]):
    """A stand-in for `lift_tracks` that says each joint is where its point is, at its frame's number as depth."""

    def fake(network, points, confidence, skeleton, device, progress):
        calls.append(points)
        positions = np.concatenate([np.nan_to_num(points), np.nan_to_num(points[..., :1])], axis=-1)
        return LiftedClip(positions, np.ones(points.shape[:2]), 1.0, np.nan_to_num(points).mean(axis=1))

    return fake


def test_fast_footage_goes_through_in_strides(monkeypatch: pytest.MonkeyPatch) -> None:
    motion, _ = walk(90, fps=90)
    tracks, _ = filmed(motion)
    calls: list[np.ndarray] = []
    monkeypatch.setattr(pace, "lift_tracks", recorded(calls))
    lifted = pace.lift_at_pace(torch.nn.Identity(), tracks, "cpu", lambda x: None)
    assert [len(points) for points in calls] == [30, 30, 30]
    assert np.array_equal(calls[1], tracks.points[1::3])
    assert np.abs(lifted.positions[..., :2] - tracks.points).max() < 3.0  # a mean over three frames
    assert np.array_equal(lifted.centre, tracks.points.mean(axis=1))
    assert pace.stride_of(replace(tracks, fps=50.0)) == 1 and pace.stride_of(replace(tracks, fps=60.0)) == 2
    assert pace.stride_of(replace(tracks, frame_numbers=np.arange(90) * 5)) == 1


def test_what_strides_differ_by_is_taken_away() -> None:
    steady = np.linspace(0, 1, 40)[:, None, None] * np.ones((1, 2, 3))
    for stride in (2, 3, 4):
        shaken = steady + (np.arange(40) % stride == 0)[:, None, None]
        assert np.ptp((pace._mean_over(shaken, stride) - steady)[stride:-stride]) < 1e-12


def test_a_fast_camera_makes_feet_no_less_still() -> None:
    motion, stands = walk(160, fps=120)
    tracks, _ = filmed(motion, noise=2.0)
    result = lift(replace(tracks, focal=None))
    found = np.zeros_like(stands)
    for contact in result.details["contacts"]:
        found[contact["first"] : contact["last"] + 1, motion.skeleton.names.index(contact["joint"])] = True
    assert (found & stands).sum() > 0.55 * stands.sum()


def test_sparse_frames_are_lifted_together_and_joined(monkeypatch: pytest.MonkeyPatch) -> None:
    motion, _ = walk(61)
    tracks, _ = filmed(motion)
    points = np.full_like(tracks.points, np.nan)
    points[::5] = tracks.points[::5]
    calls: list[np.ndarray] = []
    monkeypatch.setattr(pace, "lift_tracks", recorded(calls))
    lifted = pace.lift_at_pace(torch.nn.Identity(), replace(tracks, points=points, confidence=None), "cpu", lambda x: None)
    assert len(calls) == 1 and np.array_equal(calls[0], tracks.points[::5])
    assert np.allclose(lifted.positions[::5, :, :2], tracks.points[::5])
    assert np.allclose(lifted.positions[2], 0.6 * lifted.positions[0] + 0.4 * lifted.positions[5])


def test_sparse_annotations_are_met() -> None:
    motion, _ = walk(100)
    tracks, _ = filmed(motion, noise=1.0)
    points = np.full_like(tracks.points, np.nan)
    points[::5] = tracks.points[::5]
    result = lift(replace(tracks, points=points, confidence=None))
    off = np.linalg.norm(result.camera(0).project(result.positions) - points, axis=-1)
    assert np.nanmean(off) < 0.03 * np.ptp(tracks.points[0], axis=0).max()


def test_movement_is_read_from_frames_far_apart() -> None:
    rng = np.random.default_rng(0)
    jolts = rng.normal(scale=0.3, size=(4000, 6, 2))
    values = jolts.cumsum(0).cumsum(0)
    known = np.zeros(values.shape[:2], bool)
    known[::5] = True
    assert acceleration(values, known, 0.0) == pytest.approx(0.3, rel=0.2)
    slow = np.stack([np.sin(np.arange(300) / 90), np.cos(np.arange(300) / 70)], -1)[:, None] + rng.normal(scale=0.05, size=(300, 6, 2))
    assert noise_level(slow, known[:300]) == pytest.approx(0.05, rel=0.5)


def test_bfloat16_stays_near_single_precision(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    network = make_network("bestiary", width=64, time_layers=2, space_layers=4).eval()
    torch.nn.init.normal_(network.head.layers[-1].weight, std=0.05)
    motion, _ = walk(60)
    tracks, _ = filmed(motion, noise=1.0)

    def lifted(fast: bool) -> np.ndarray:
        monkeypatch.setattr(precision, "fast_bfloat16", lambda: fast)
        monkeypatch.setattr(precision, "WORTH_IT", 0)
        kind = precision.dtype_of(network, "cpu")
        assert kind == (torch.bfloat16 if fast else torch.float32)
        return lift_tracks(network, tracks.points, np.asarray(tracks.confidence), tracks.skeleton).positions

    exact, near = lifted(False), lifted(True)
    assert 0 < np.sqrt(np.mean((near - exact) ** 2)) < 0.01
    assert precision.dtype_of(network, "cuda") == torch.float32
    monkeypatch.setattr(precision, "WORTH_IT", 2_000_000)
    assert precision.dtype_of(network, "cpu") == torch.float32  # a small one stays exact
