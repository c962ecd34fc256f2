"""Endless motions: bones keep their lengths, feet stay on the ground, every seed tells its own story."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from bestiary.animal.skeleton import Skeleton
from bestiary.server.poses.acting import act, standing
from bestiary.server.poses.gaits import GAITS, Path, draw_strides, footfalls
from bestiary.server.poses.limbs import FOLDED, STRAIGHT, Limbs, limb_points
from bestiary.server.poses.motion import endless_motions
from bestiary.server.poses.plans import KINDS, draw_animals
from bestiary.server.poses.trees import ancestors, random_tree, rig_motions


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def bone_lengths(motions):
    above = motions.parents.clamp_min(0)[:, None, :, None].expand(-1, motions.positions.shape[1], -1, 3)
    length = (motions.positions - motions.positions.gather(2, above)).norm(dim=-1)
    return torch.where((motions.parents >= 0)[:, None], length, 0.0)


@settings(max_examples=8, deadline=None)
@given(st.integers(1, 40), st.integers(1, 40), st.sampled_from([1.0, 24.0, 30.0, 120.0]), st.integers(0, 10**6), st.integers(8, 60))
def test_any_batch_is_whole(count, frames, fps, seed, most):
    motions = endless_motions(count, frames, fps, seeded(seed), max_joints=most)
    assert motions.positions.shape[:2] == (count, frames) and motions.positions.shape[2] <= most
    assert torch.isfinite(motions.positions).all()
    lengths = bone_lengths(motions)
    assert (lengths.amax(1) - lengths.amin(1)).max() < 1e-4
    for parents, joints, adjacency in zip(motions.parents, motions.joints, motions.adjacency, strict=True):
        number = int(joints.sum())
        assert 7 <= number <= most and joints[:number].all()
        skeleton = Skeleton(tuple(map(str, range(number))), tuple(parents[:number].tolist()))  # a tree with one root
        assert np.array_equal(skeleton.adjacency, adjacency[:number, :number].numpy())
        assert (parents[number:] == -1).all() and not adjacency[number:].any()


def test_the_same_seed_gives_the_same_clips_and_another_seed_others():
    one, two, other = (endless_motions(12, 8, 30.0, seeded(seed)) for seed in (3, 3, 4))
    assert all(torch.equal(a, b) for a, b in zip(one, two, strict=True))
    assert one.positions.shape != other.positions.shape or not torch.allclose(one.positions, other.positions)


def test_no_two_clips_share_a_skeleton():
    motions = endless_motions(64, 2, 30.0, seeded(), kinds={"quadruped": 1.0})
    rows = zip(bone_lengths(motions)[:, 0], motions.joints, strict=True)
    lengths = [tuple(sorted(np.round(row[joints].numpy(), 4))) for row, joints in rows]
    assert len(set(lengths)) == 64
    assert len({int(number) for number in motions.joints.sum(1)}) > 8


def test_left_is_as_long_as_right():
    motions = endless_motions(40, 2, 30.0, seeded(1), kinds={"quadruped": 1.0, "bird": 1.0, "many_legged": 1.0})
    for lengths, sides, parents in zip(bone_lengths(motions)[:, 0], motions.sides, motions.parents, strict=True):
        # A bone lies on the side of either end, whichever way the tree is looked at.
        side = torch.where(sides != 0, sides, torch.where(parents >= 0, sides[parents.clamp_min(0)], 0))
        left, right = (torch.sort(lengths[(side == s) & (parents >= 0)]).values for s in (1, -1))
        if int((sides == 1).sum()) and len(left) == len(right):
            assert torch.allclose(left, right, atol=1e-4)


@pytest.mark.parametrize("gait", [*GAITS])
def test_feet_that_carry_stand_still_on_the_ground(gait):
    animals = draw_animals("quadruped", 24, seeded(2))
    points = act(animals, 60, 60.0, seeded(3), gait)
    plan = animals.plan
    feet = points[:, :, [plan.names.index(f"{side}_{end}_leg_{plan.links}") for end in ("front", "hind") for side in ("left", "right")]]
    size = animals.height[:, None, None]
    height = feet[..., 2] / size
    assert height.amin() > -0.06 and (height.amin(dim=1) < 0.04).float().mean() > 0.95
    low = (height[:, 1:] < 0.005) & (height[:, :-1] < 0.005)
    slip = (feet[:, 1:, :, :2] - feet[:, :-1, :, :2]).norm(dim=-1) / size
    assert slip[low].quantile(0.9) < 0.01
    root = points[:, -1, 0, :2] - points[:, 0, 0, :2]
    assert root.norm(dim=-1).median() > 0.3 * animals.height.median()


def test_knees_bend_forward_and_elbows_backward():
    animals = draw_animals("quadruped", 200, seeded(4))
    points = standing(animals)
    names = animals.plan.names

    def bend(limb, joint):
        top, knee, foot = (points[:, names.index(f"left_{limb}_leg_{i}")] for i in (0, joint, animals.plan.links))
        share = ((knee - top)[:, 2] / (foot - top)[:, 2])[:, None]
        return (knee - (top + share * (foot - top)))[:, 0]

    assert (bend("hind", 1) > 0).float().mean() > 0.9  # behind: after the thigh, the first link
    assert (bend("front", 2) < 0).float().mean() > 0.7  # in front: after the upper arm, the second


def test_standing_animals_stand():
    for kind in KINDS:
        animals = draw_animals(kind, 30, seeded(5))
        points = torch.where(animals.there[..., None], standing(animals), torch.inf)
        assert points[..., 2].amin() > -0.35 * float(animals.height.max())
        if animals.plan.limbs:
            last = [animals.plan.names.index(name) for name in animals.plan.names if name.endswith(f"leg_{animals.plan.links}")]
            feet = standing(animals)[:, last, 2]
            assert (torch.where(animals.stands, feet, 0.0).abs() < 0.01 * animals.height[:, None]).all()


def test_a_clip_is_smooth():
    motions = endless_motions(60, 60, 120.0, seeded(6))
    size = (motions.positions[:, 0].amax(1) - motions.positions[:, 0].amin(1)).norm(dim=-1)
    jerk = (motions.positions[:, 2:] - 2 * motions.positions[:, 1:-1] + motions.positions[:, :-2]).norm(dim=-1).amax(dim=2) / size[:, None]
    assert jerk.max() < 0.08


def test_a_foot_lands_where_its_gait_says():
    strides = draw_strides(5, 4, torch.ones(5), seeded(), "trot")
    path = Path(torch.full((5,), 2.0), torch.full((5,), 0.2), torch.zeros(5))
    times = torch.linspace(0, 2, 400)[None].expand(5, -1)
    feet, swing = footfalls(times, strides, path, torch.zeros(5, 4, 2), torch.full((5, 4), 0.1))
    still = (swing[:, 1:] == 0) & (swing[:, :-1] == 0)
    moved = (feet[:, 1:] - feet[:, :-1]).norm(dim=-1)
    assert torch.isfinite(feet).all() and feet[..., 2].amin() >= 0
    assert moved[still].quantile(0.98) < 1e-6
    share = (swing == 0).float().mean(dim=1)
    assert (share - strides.duty[:, None]).abs().max() < 0.2
    diagonal = (swing[..., 0] == 0) == (swing[..., 3] == 0)  # left fore and right hind
    assert diagonal.float().mean() > 0.85


def test_a_straight_path_and_a_bent_one_have_the_same_length():
    times = torch.linspace(0, 3, 600)[None].expand(3, -1)
    path = Path(torch.full((3,), 1.5), torch.tensor([0.0, 0.6, -0.6]), torch.tensor([0.0, 1.0, 2.0]))
    place, heading = path.at(times)
    length = (place[:, 1:] - place[:, :-1]).norm(dim=-1).sum(dim=1)
    assert torch.allclose(length, torch.full((3,), 4.5), atol=1e-3)
    assert torch.allclose(heading[:, -1] - heading[:, 0], torch.tensor([0.0, 1.8, -1.8]), atol=1e-5)
    step = place[:, 1] - place[:, 0]
    assert torch.allclose(torch.atan2(step[:, 1], step[:, 0]), heading[:, 0], atol=0.01)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6))
def test_a_limb_reaches_what_it_can(seed):
    generator = seeded(seed)
    animals = draw_animals("quadruped", 6, generator)
    limbs = animals.limbs
    full = torch.ones(6, 1, 4)
    most, least = limbs.reach(STRAIGHT * full), limbs.reach(FOLDED * full)
    distance = torch.lerp(torch.minimum(least, most), most, 0.3 + 0.65 * torch.rand((6, 9, 4), generator=generator))
    fold = limbs.fold_for(distance)
    found = limbs.reach(fold)
    assert ((found - distance).abs() <= 0.01 * most).float().mean() > 0.95
    line = torch.nn.functional.normalize(torch.randn((6, 9, 4, 3), generator=generator), dim=-1)
    bend = torch.nn.functional.normalize(torch.linalg.cross(line, torch.randn((6, 9, 4, 3), generator=generator), dim=-1), dim=-1)
    ends = limb_points(limbs, fold, line, bend)
    assert torch.allclose(ends[..., -1, :], line * found[..., None], atol=1e-3)
    steps = torch.cat([ends[..., :1, :], ends[..., 1:, :] - ends[..., :-1, :]], -2).norm(dim=-1)
    assert torch.allclose(steps, limbs.lengths[:, None].expand_as(steps), atol=1e-5)


def test_a_limb_asked_for_too_much_points_there():
    limbs = Limbs(torch.tensor([[[0.5, 0.5]]]), torch.tensor([[[0.5, -0.5]]]), torch.tensor([[[0.7, -0.7]]]))
    assert float(limbs.fold_for(torch.tensor([[[9.0]]]))) == pytest.approx(STRAIGHT)
    assert float(limbs.fold_for(torch.tensor([[[0.0]]]))) == pytest.approx(FOLDED)


@pytest.mark.parametrize("kind", [None, *KINDS, "tree"])
def test_random_trees_are_skeletons_at_rest(kind):
    for seed in range(6):
        skeleton, rest = random_tree(seeded(seed), kind, most=30)
        assert 7 <= len(skeleton) <= 30 and rest.shape == (len(skeleton), 3) and np.isfinite(rest).all()
        if kind not in ("tree", "limbless", "many_legged", None):
            assert (skeleton.sides > 0).sum() == (skeleton.sides < 0).sum() > 0
            mirrored = rest[skeleton.mirror] * (1, -1, 1)
            assert np.allclose(mirrored, rest, atol=0.35 * np.ptp(rest, axis=0).max())


def test_any_rig_moves_without_stretching():
    skeleton, rest = random_tree(seeded(8), "quadruped")
    moved = rig_motions(skeleton, rest, 5, 40, 30.0, seeded(9)).numpy()
    child, parent = skeleton.bones.T
    lengths = np.linalg.norm(moved[:, :, child] - moved[:, :, parent], axis=-1)
    assert np.allclose(lengths, np.linalg.norm(rest[child] - rest[parent], axis=-1), atol=1e-4)
    assert np.ptp(moved, axis=1).max() > 0.02
    with pytest.raises(ValueError, match="rest"):
        rig_motions(skeleton, rest[:-1], 1, 2, 30.0, seeded())


def test_ancestors_of_a_chain_are_all_before_it():
    assert torch.equal(ancestors(torch.tensor([-1, 0, 1, 2])), torch.tril(torch.ones(4, 4)))


@pytest.mark.parametrize("wrong", [{"count": 0}, {"frames": 0}, {"fps": 0.0}, {"fps": float("nan")}, {"max_joints": 3},
                                   {"kinds": {"unicorn": 1.0}}, {"kinds": {"bird": 0.0}}])  # fmt: skip
def test_what_cannot_be_drawn_is_said(wrong):
    asked = {"count": 2, "frames": 3, "fps": 30.0, "generator": seeded()} | wrong
    with pytest.raises(ValueError):
        endless_motions(**asked)
