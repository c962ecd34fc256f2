"""Retargeting: the model follows a rig, keeps its feet on the ground, and what ships is what it says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from bestiary.animal.clips import ClipError, load_clip, load_shipped_clip, shipped_clips
from bestiary.animal.default import default_model
from bestiary.animal.keypoints import INDEX
from bestiary.server.authoring.limits import joint_limits
from bestiary.server.authoring.motion.gaits import hold, trot
from bestiary.server.authoring.motion.library import WANTED, shipped_clip, write_clip
from bestiary.server.authoring.motion.mixture import learn
from bestiary.server.authoring.motion.retarget import _smoothed, calibrate, fit_clip
from bestiary.server.authoring.motion.rig_tracks import RigTracks
from bestiary.server.authoring.motion.skeleton import KeypointSkeleton
from bestiary.server.evaluate.rigs import load_rig


def test_the_skeletons_keypoints_are_the_models() -> None:
    model = replace(default_model(), posedirs=None)
    betas = np.asarray(model.species["horse"].betas)
    skeleton = KeypointSkeleton(model, betas)
    pose = np.random.default_rng(0).normal(size=(3, 35, 3)) * 0.2
    pose[:, 0] = 0.0
    h = skeleton.start(3)
    h = replace(h, theta=torch.tensor(pose[:, 1:]))
    points = skeleton.keypoints(skeleton.body.skeletons(h)).numpy()
    np.testing.assert_allclose(points, model.superset_matrix @ model.forward(betas, pose).vertices, atol=1e-9)


def test_the_skeletons_derivatives_are_right() -> None:
    model = default_model()
    skeleton = KeypointSkeleton(model, np.zeros(model.n_betas))
    h = skeleton.start(1)
    h = replace(h, theta=0.2 * torch.randn(h.theta.shape, dtype=h.theta.dtype, generator=torch.Generator().manual_seed(0)))
    _, motion = skeleton.motion(skeleton.body.skeletons(h))
    slopes = motion.along(torch.eye(3, dtype=h.theta.dtype).expand(1, len(INDEX), 3, 3))[0]
    for parameter in (0, 2, 3 + 7 * 3 + 1, 3 + 15 * 3, 3 + 34 * 3 + 2):
        step = torch.zeros(1, h.n_parameters, dtype=h.theta.dtype)
        step[0, parameter] = 1e-6
        after, before = (skeleton.keypoints(skeleton.body.skeletons(h.moved(sign * step)))[0] for sign in (1, -1))
        np.testing.assert_allclose(slopes[..., parameter].numpy(), ((after - before) / 2e-6).numpy(), atol=1e-6)


@pytest.mark.data
def test_a_rigs_walk_is_followed(shared_data: Path, tmp_path: Path) -> None:
    model = replace(default_model(), joint_limits=joint_limits())
    tracks = RigTracks(load_rig(shared_data / "rigs", "quaternius/husky.glb"))
    walk = tracks.track("Walk")
    direct = tracks.rig.pose("Walk", tracks.rig.clips["Walk"] * 10 / (len(walk) - 1)).keypoints
    np.testing.assert_allclose(walk.keypoints[10], direct, atol=1e-6)
    assert all(np.allclose(turn[0] @ turn[0].T, np.eye(3), atol=1e-5) for turn in walk.turns.values())
    with torch.no_grad():
        rig = calibrate(model, tracks)
        fitted = fit_clip(rig, walk)
    assert fitted.errors.mean() < 0.012 and fitted.errors.max() < 0.03
    assert np.abs(np.diff(fitted.poses, axis=0)).max() < 0.5, "no joint jumps from frame to frame"
    wanted = next(w for w in WANTED if w.name == "dog_walk")
    clip = shipped_clip(model, wanted, rig, fitted, "dog")
    low = [clip.frame(i).posed(model).vertices[:, 2].min() for i in range(0, len(clip), 6)]
    assert np.abs(low).max() < 0.02, "its lowest foot stands on the ground"
    back = load_clip(write_clip(clip, tmp_path))
    np.testing.assert_allclose(back.poses, clip.poses, atol=2e-3)
    assert 0.2 < back.details["speed_m_s"] < 2.0 and back.details["licence"] == "CC0-1.0"


def test_a_trot_moves_diagonal_legs_together() -> None:
    model = default_model()
    index = {name: i for i, name in enumerate(model.joint_names)}
    t = np.linspace(0.0, 2 * np.pi, 33)
    walk = np.zeros((33, 35, 3))
    for name, phase in (("LLegBack1", 0.0), ("LLeg1", 1.6), ("RLegBack1", 3.1), ("RLeg1", 4.7)):
        walk[:, index[name], 1] = 0.3 * np.sin(t + phase)
    poses, _ = trot(model, walk, np.zeros((33, 3)))
    np.testing.assert_allclose(poses[:, index["LLeg1"]], poses[:, index["RLegBack1"]], atol=0.02)
    np.testing.assert_allclose(poses[:, index["LLeg1"]], -poses[:, index["RLeg1"]], atol=0.02)
    np.testing.assert_array_equal(poses[0], poses[-1])
    held, _ = hold(model, walk[0], np.zeros(3))
    np.testing.assert_allclose(held[0], held[-1], atol=1e-12)


def test_the_prior_is_learned_symmetric_and_knows_its_clips() -> None:
    model, rng = default_model(), np.random.default_rng(1)
    clips = [[rng.normal(size=(1, 34, 3)) * 0.3 + rng.normal(size=(20, 34, 3)) * 0.05 for _ in range(4)] for _ in range(3)]
    prior = learn(clips, joint_limits(), model.joint_mirror, np.random.default_rng(0))
    again = learn(clips, joint_limits(), model.joint_mirror, np.random.default_rng(0))
    np.testing.assert_array_equal(prior.means, again.means)
    known = np.concatenate([clip for rig in clips for clip in rig])
    np.testing.assert_allclose(prior.log_prob(known), prior.mirrored(model.joint_mirror).log_prob(known), rtol=1e-6)
    other = rng.permuted(np.repeat(np.arange(len(known))[:, None], 34, axis=1), axis=0)
    other = known[other, np.arange(34)]
    assert prior.log_prob(known).mean() > prior.log_prob(other).mean() + 10, "joints that move together are known to"


def test_smoothing_keeps_a_loop_a_loop() -> None:
    values = torch.sin(torch.linspace(0, 2 * torch.pi, 31, dtype=torch.float64))[:, None]
    smooth = _smoothed(values, True)
    assert torch.allclose(smooth[0], smooth[-1]) and (smooth - values).abs().max() < 0.05


def test_clips_that_ship_fit_the_default_animal() -> None:
    names = shipped_clips()
    assert len(names) >= 20
    assert {"horse_walk", "horse_trot", "horse_gallop", "dog_walk", "dog_sit", "cow_eat", "cow_lie", "cat_walk"} <= set(names)
    model = default_model()
    for name in names:
        clip = load_shipped_clip(name)
        clip.check_model(model)
        assert clip.fps == 30 and clip.species == name.split("_")[0] and clip.details["licence"] == "CC0-1.0"
        if clip.details["loop"]:
            np.testing.assert_allclose(clip.poses[0], clip.poses[-1], atol=3e-3)
    with pytest.raises(ClipError, match="horse_gallop"):
        load_shipped_clip("horse_galop")


def test_feet_of_shipped_clips_stay_on_the_ground() -> None:
    model = default_model()
    for name in ("horse_gallop", "dog_sit", "cow_lie", "cat_sneak"):
        clip = load_shipped_clip(name)
        frames = range(0, len(clip), max(len(clip) // 5, 1))
        low = [model.forward(clip.betas, clip.poses[i], clip.trans[i]).vertices[:, 2].min() for i in frames]
        assert min(low) > -0.02, f"{name} goes through the ground"
        assert min(low) < 0.05, f"{name} flies"
