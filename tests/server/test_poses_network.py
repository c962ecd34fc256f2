"""Poses and the network that learns from them: equations 5 to 11, ranges, views, the single-frame engine."""

import math
import tomllib
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from bestiary.animal.keypoint_sets import KEYPOINT_SETS
from bestiary.animal.motion import Motion, save_motion
from bestiary.animal.skeleton import Skeleton
from bestiary.animal.tracks import Tracks, TracksError
from bestiary.server.lift.pipeline import lift
from bestiary.server.poses import single_frame, weights
from bestiary.server.poses.generator import PoseGenerator
from bestiary.server.poses.losses import direction_loss, joint_error, length_loss, pose_loss, symmetry_loss
from bestiary.server.poses.network import NetworkError, PoseNetwork, network_of, normalised
from bestiary.server.poses.ranges import parts_of, space_of
from bestiary.server.poses.skeletons import PAPER, PoseSpace
from bestiary.server.poses.spherical import (
    axes_of,
    camera_axes,
    edges_of,
    local_of,
    positions_of,
    random_rotations,
    seen_flat,
    seen_near,  # fmt: skip
    upright_rotations,
    vectors_of,
)
from bestiary.server.poses.task import TaskError, make_task
from bestiary.server.poses.trees import random_tree
from bestiary.server.train.tasks import make_task as make_any_task

CONFIGS = Path(single_frame.__file__).parent / "configs"


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


# -- equations 5 to 7 ---------------------------------------------------------------------------------------------


@given(arrays(np.float64, (7, 3), elements=st.floats(-100, 100)))
def test_spherical_coordinates_there_and_back(vectors):
    given_ = torch.tensor(vectors)
    local = local_of(given_)
    assert torch.allclose(vectors_of(local), given_, atol=1e-9)
    assert (local[:, 0] >= 0).all() and ((local[:, 1] >= 0) & (local[:, 1] <= math.pi)).all()


@given(st.integers(0, 10**6))
def test_equation_5_is_the_recursion(seed):
    skeleton, rest = random_tree(seeded(seed))
    space = space_of(skeleton, rest)
    local = torch.rand((len(space.children), 3), generator=seeded(seed), dtype=torch.float64) * 3
    found = positions_of(vectors_of(local), torch.tensor(space.reach)).numpy()
    place = np.zeros((len(skeleton), 3))
    for edge, joint in enumerate(space.children):
        r, theta, phi = local[edge].tolist()
        place[joint] = place[skeleton.parents[joint]] + r * np.array(
            [math.sin(theta) * math.cos(phi), math.sin(theta) * math.sin(phi), math.cos(theta)])
    assert np.allclose(found, place, atol=1e-9)
    child, parent = skeleton.bones.T
    again = local_of(edges_of(torch.tensor(found), torch.tensor(child), torch.tensor(parent)))
    assert torch.allclose(vectors_of(again), vectors_of(local), atol=1e-9)


def test_the_paper_animal():
    assert len(PAPER.skeleton) == 16 and len(PAPER.children) == 15 and PAPER.skeleton.names[PAPER.skeleton.root] == "neck"
    names = PAPER.edge_names
    assert {(names[a], names[b]) for a, b in PAPER.pairs} == {
        (f"left_{part}", f"right_{part}") for part in ("elbow", "wrist", "front_paw", "knee", "ankle", "hind_paw")}


def test_poses_are_what_they_should_be():
    poses = PoseGenerator().draw(500, seeded())
    child, parent = (torch.tensor(x) for x in PAPER.skeleton.bones.T.copy())
    assert torch.allclose(edges_of(poses.positions, child, parent), poses.vectors, atol=1e-5)
    length = poses.local[..., 0]
    assert torch.allclose(length.amax(1), torch.ones(500), atol=1e-5)
    for left, right in PAPER.pairs:
        assert torch.allclose(length[:, left], length[:, right], atol=1e-5)
    assert torch.equal(poses.points, poses.positions[..., [0, 2]])
    assert torch.allclose(vectors_of(poses.local), poses.vectors, atol=1e-5)
    mean = poses.vectors.mean((0, 1)).norm()  # turned any way, no direction is preferred
    assert mean < 0.05


def test_upright_poses_keep_their_ranges_and_look_forward():
    generator = PoseGenerator(lengths="anatomical")
    angles = generator.upright(2000, seeded()).numpy()
    assert (angles >= PAPER.low.T - 1e-5).all() and (angles <= PAPER.high.T + 1e-5).all()
    assert np.allclose(angles.min(0), PAPER.low.T, atol=0.02) and np.allclose(angles.max(0), PAPER.high.T, atol=0.02)
    local = torch.tensor(np.concatenate([generator.lengths(2000, seeded(1)).numpy()[:, None], angles], axis=1)).transpose(1, 2)
    places = (torch.tensor(PAPER.reach, dtype=torch.float32) @ vectors_of(local)).numpy()
    index = {name: i for i, name in enumerate(PAPER.skeleton.names)}
    assert (places[:, index["tail_base"], 0] < 0).all()  # behind the neck
    assert (places[:, index["nose"], 0] > places[:, index["tail_base"], 0]).mean() > 0.95
    assert (places[:, index["left_elbow"], 1] > places[:, index["right_elbow"], 1]).all()
    assert (places[:, index["left_front_paw"], 2] < 0).all()


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.floats(0.1, 2.0))
def test_any_tree_keeps_its_ranges(seed, wide):
    skeleton, rest = random_tree(seeded(seed))
    space = space_of(skeleton, rest, wide)
    generator = PoseGenerator(space, lengths="anatomical")
    angles = generator.upright(50, seeded(seed)).numpy()
    assert (angles >= space.low.T - 1e-4).all() and (angles <= space.high.T + 1e-4).all()
    poses = generator.draw(20, seeded(seed))
    assert torch.isfinite(poses.positions).all() and torch.isfinite(poses.points).all()
    child, parent = skeleton.bones.T
    bones = rest[child] - rest[parent]
    middle = torch.tensor((space.low + space.high) / 2)
    pointing = vectors_of(torch.cat([torch.tensor(np.linalg.norm(bones, axis=1))[:, None], middle], dim=1)).numpy()
    assert np.allclose(pointing, bones, atol=1e-6)


def test_a_seed_repeats_itself():
    one, two, other = (PoseGenerator(near=3.0).draw(30, seeded(seed)) for seed in (1, 1, 2))
    assert torch.equal(one.points, two.points) and not torch.allclose(one.points, other.points)


@given(st.integers(0, 10**6))
def test_rotations_turn_and_do_not_mirror(seed):
    for turn in (random_rotations(5, seeded(seed)), upright_rotations(5, seeded(seed))):
        assert torch.allclose(turn @ turn.transpose(1, 2), torch.eye(3).expand(5, 3, 3), atol=1e-5)
        assert torch.allclose(torch.linalg.det(turn), torch.ones(5), atol=1e-5)


def test_axes_are_named_rightly():
    quarter, zero = torch.tensor(math.pi / 2), torch.tensor(0.0)
    forward, left, up = torch.eye(3)
    assert torch.allclose(axes_of(quarter, zero, zero) @ forward, left, atol=1e-6)
    assert torch.allclose(axes_of(zero, quarter, zero) @ forward, up, atol=1e-6)
    assert torch.allclose(axes_of(zero, zero, quarter) @ left, up, atol=1e-6)


def test_views():
    point = torch.tensor([[[1.0, 2.0, 3.0], [1.0, 0.0, 3.0]]])
    assert torch.equal(seen_flat(point), torch.tensor([[[1.0, 3.0], [1.0, 3.0]]]))
    near = seen_near(point, torch.tensor([2.0]))
    assert torch.allclose(near, torch.tensor([[[0.5, 1.5], [1.0, 3.0]]]))  # twice as far, half as large
    assert torch.allclose(seen_near(point, torch.tensor([1e6])), seen_flat(point), atol=1e-4)
    assert torch.equal(camera_axes(point[0, 0]), torch.tensor([1.0, -3.0, 2.0]))


def test_a_near_viewer_is_never_inside_the_animal():
    poses = PoseGenerator(near=0.5).draw(2000, seeded())
    assert torch.isfinite(poses.points).all() and poses.points.abs().max() < 30


def test_parts_are_read_from_names_and_from_the_tree():
    skeleton = Skeleton(("Root", "Spine1", "Neck", "Head", "Tail_1", "Leg.L", "Knee.L", "Leg.R", "Knee.R", "ear_left", "ear_right"),
                        (-1, 0, 1, 2, 0, 0, 5, 0, 7, 3, 3))  # fmt: skip
    parts = dict(zip(skeleton.names, parts_of(skeleton), strict=True))
    assert parts["Spine1"] == "back" and parts["Tail_1"] == "tail" and parts["Knee.L"] == "upper" and parts["ear_left"] == "ear"
    assert parts["Leg.L"] == parts["Leg.R"] == "girdle"


@pytest.mark.parametrize("wrong", [{"lengths": "long"}, {"turning": "left"}, {"near": -1.0}])
def test_a_generator_says_what_is_wrong(wrong):
    with pytest.raises(ValueError):
        PoseGenerator(**wrong)
    with pytest.raises(ValueError, match="rest lengths"):
        PoseGenerator(PoseSpace(PAPER.skeleton, PAPER.low, PAPER.high), lengths="anatomical")
    with pytest.raises(ValueError, match="high"):
        PoseSpace(PAPER.skeleton, PAPER.high, PAPER.low)
    with pytest.raises(ValueError, match="count"):
        PoseGenerator().draw(0, seeded())


# -- equations 8 to 11 --------------------------------------------------------------------------------------------


def test_losses_of_the_truth_and_of_its_opposite():
    poses = PoseGenerator().draw(40, seeded())
    local, pairs = poses.local, torch.tensor(PAPER.pairs)
    parts = pose_loss(local, poses.vectors, pairs)
    assert parts["sym"] < 1e-9 and parts["el"] < 1e-9 and parts["ed"] == pytest.approx(-1, abs=1e-4)
    assert parts["loss"] == pytest.approx(float(parts["sym"] + parts["el"] + parts["ed"]))
    assert direction_loss(local, -poses.vectors) == pytest.approx(1, abs=1e-4)
    longer = local.clone()
    longer[..., 0] += 0.1
    assert length_loss(longer, poses.vectors) == pytest.approx(0.01, rel=1e-3)
    longer[:, PAPER.pairs[0][0], 0] += 0.3
    assert symmetry_loss(longer, pairs) == pytest.approx(0.09 / len(PAPER.pairs), rel=1e-3)
    assert symmetry_loss(local, pairs[:0]) == 0


@given(st.floats(0.1, 10), st.integers(0, 10**5))
def test_the_joint_error_is_blind_to_size_and_place(scale, seed):
    poses = PoseGenerator().draw(5, seeded(seed)).positions
    assert joint_error(scale * poses + 3, poses).max() < 1e-3
    assert joint_error(poses.flip(1), poses).min() > 0.05


# -- the network --------------------------------------------------------------------------------------------------


def test_the_network_is_the_papers():
    network = PoseNetwork()
    assert network.first.in_features == 32 and network.last.out_features == 45 and len(network.blocks) == 3
    assert sum(p.numel() for p in network.parameters()) == 32 * 1024 + 1024 + 6 * (1024 * 1024 + 3 * 1024) + 1024 * 45 + 45
    local = network(torch.randn(4, 16, 2, generator=seeded()))
    assert local.shape == (4, 15, 3) and (local[..., 0] > 0).all() and (local[..., 0] < 1).all()


@given(st.floats(0.01, 1e4), st.floats(-1e3, 1e3), st.integers(0, 2**16 - 1))
def test_size_and_place_in_the_picture_do_not_matter(scale, shift, bits):
    points = torch.randn((1, 16, 2), generator=seeded(), dtype=torch.float64)
    seen = torch.tensor([[float(bits >> i & 1) for i in range(16)]], dtype=torch.float64)
    one, two = normalised(points, seen, 0)[0], normalised(scale * points + shift, seen, 0)[0]
    assert torch.isfinite(one).all() and (int(seen.sum()) < 2 or torch.allclose(one, two, atol=1e-6))
    assert (one[0, seen[0] == 0] == 0).all()


def small_task(**data):
    return make_task({"network": {"width": 96, "blocks": 2}, "data": {"batch": 64, **data}}, "cpu")


def test_it_learns_a_few_poses_by_heart():
    task = small_task()
    batch = task.batch(seeded())
    optimiser = torch.optim.Adam(task.network.parameters(), 3e-3)
    for _ in range(150):
        optimiser.zero_grad()
        task.loss(task.network, batch)["loss"].backward()
        optimiser.step()
    parts = task.loss(task.network, batch)
    assert parts["ed"] < -0.95 and parts["el"] < 0.02 and parts["sym"] < 0.01


def test_a_task_for_another_animal(tmp_path):
    skeleton, rest = random_tree(seeded(3), "quadruped")
    save_motion(tmp_path / "rest.npz", Motion(rest[None], skeleton, 30.0))
    task = small_task(skeleton=str(tmp_path / "rest.npz"), uniform=0.0, upright=0.5)
    assert task.network.last.out_features == 3 * (len(skeleton) - 1)
    numbers = task.validate(task.network.eval())
    assert set(numbers) >= {"error", "sym", "ed", "el", "mpjpe", "flat_error"} and all(map(math.isfinite, numbers.values()))
    assert numbers == task.validate(task.network.eval())


def test_no_two_batches_are_alike_and_a_seed_repeats_them():
    task, generator = small_task(uniform=0.5, upright=0.5, near=4.0, noise=0.05), seeded()
    one, two = task.batch(generator), task.batch(generator)
    again = task.batch(seeded())
    assert len(one.points) == 64 and not torch.allclose(one.points, two.points) and torch.equal(one.points, again.points)


def test_hidden_points_are_hidden():
    task = make_task({"network": {"width": 16, "seen": True}, "data": {"hidden": 1.0, "batch": 200}}, "cpu")
    batch = task.batch(seeded())
    assert 0.05 < float((batch.seen == 0).float().mean()) < 0.5 and (batch.seen.sum(1) >= 2).all()
    moved = batch.points + 9.0 * (batch.seen == 0)[..., None]
    network = task.network.eval()
    assert torch.allclose(network(batch.points, batch.seen), network(moved, batch.seen), atol=1e-5)


@pytest.mark.parametrize("wrong", [{"data": {"batch": 1}}, {"data": {"noise": -1.0}}, {"data": {"colour": 1}}, {"data": {"near": -2.0}},
                                   {"network": {"width": 2}}, {"network": {"depth": 3}}, {"data": {"hidden": 0.5}},
                                   {"data": {"skeleton": "/nowhere.npz"}}])  # fmt: skip
def test_a_task_says_what_is_wrong(wrong):
    with pytest.raises(TaskError, match=r"data|network"):
        make_task(wrong, "cpu")


@pytest.mark.parametrize("name", ["pose", "pose_small"])
def test_configs_can_be_trained(name):
    config = tomllib.loads((CONFIGS / f"{name}.toml").read_text())
    config["network"]["width"], config["data"]["batch"] = 16, 8
    task = make_any_task(config, "cpu")
    assert torch.isfinite(task.loss(task.network, task.batch(seeded()))["loss"])


# -- weights ------------------------------------------------------------------------------------------------------


def test_weights_there_and_back(tmp_path):
    network = PoseNetwork(width=32, seen=True).eval()
    weights.save_pose_weights(tmp_path, network, {"data": "none"})
    found, card = weights.load_pose_network(tmp_path)
    points = torch.randn(3, 16, 2, generator=seeded())
    assert torch.allclose(found(points), network(points), atol=2e-2) and card["data"] == "none" and (tmp_path / "card.md").exists()


def test_broken_weights_are_refused(tmp_path):
    weights.save_pose_weights(tmp_path, PoseNetwork(width=16), {})
    whole = (tmp_path / "weights.safetensors").read_bytes()
    for damage in (b"", whole[: len(whole) // 2], b"\xff" * 64 + whole[64:]):
        (tmp_path / "weights.safetensors").write_bytes(damage)
        with pytest.raises(weights.WeightsError):
            weights.load_pose_network(tmp_path)
    (tmp_path / "weights.safetensors").write_bytes(whole)
    card = (tmp_path / "card.json").read_text()
    (tmp_path / "card.json").write_text(card.replace('"width": 16', '"width": 24'))
    with pytest.raises(weights.WeightsError, match="fit"):
        weights.load_pose_network(tmp_path)
    with pytest.raises(weights.WeightsError, match="card"):
        weights.load_pose_network(tmp_path / "nothing")
    with pytest.raises(NetworkError):
        network_of({"names": ["a"], "parents": [-1]})


# -- the single-frame engine --------------------------------------------------------------------------------------


def tracks_of(frames=40, seed=5, **how):
    poses = PoseGenerator(lengths="anatomical", turning="upright", **how).draw(frames, seeded(seed))
    pixels = poses.points.double().numpy() * (120.0, -120.0) + (800.0, 450.0)
    return pixels, camera_axes(poses.positions).double().numpy()


def centred_error(found, true):
    return float(joint_error(torch.tensor(found), torch.tensor(true)).mean())


def test_the_shipped_network_knows_more_than_flat_depth():
    network, card = weights.load_pose_network()
    pixels, true = tracks_of(300, near=8.0)
    lifted = single_frame.lift_frames(network, pixels)
    flat = np.concatenate([pixels, np.zeros_like(pixels[..., :1])], axis=-1)
    assert centred_error(lifted, true) < 0.6 * centred_error(flat, true)
    assert np.array_equal(lifted[..., :2], pixels)
    blind = pixels.copy()
    blind[np.random.default_rng(0).random(blind.shape[:2]) < 0.15] = np.nan
    assert centred_error(single_frame.lift_frames(network, blind), true) < 0.85 * centred_error(flat, true)
    folder = weights.SHIPPED
    assert sum(path.stat().st_size for path in folder.iterdir()) < 15_000_000 and card["parameters"] > 6_000_000


@pytest.mark.parametrize("name", ["animal3d", "ap10k", "animalpose", "stanford_extra", "awa", "badja", "superset"])
def test_public_keypoint_sets_map(name):
    network = PoseNetwork(width=16, seen=True).eval()
    points = KEYPOINT_SETS[name].points
    nodes = single_frame.map_nodes(points, network)
    assert sum(bool(joints) for joints in nodes.joints) >= 15
    index = network.space.skeleton.names.index("left_wrist")
    if name == "ap10k":  # its elbow is our wrist
        assert points[nodes.joints[index][0]] == "left_elbow"


def test_any_tracks_that_map_are_lifted_as_a_clip():
    network = PoseNetwork(width=16, seen=True).eval()
    names = KEYPOINT_SETS["ap10k"].points
    skeleton = Skeleton.from_edges(names, [(i, i + 1) for i in range(16)])
    points = np.random.default_rng(0).uniform(0, 500, (6, 17, 2))
    points[2] = np.nan
    points[3, :9] = np.nan
    clip = single_frame.lift_single(network, points, np.isfinite(points[..., 0]).astype(float), skeleton)
    assert clip.positions.shape == (6, 17, 3) and np.isfinite(clip.positions).all()
    back = clip.positions[..., :2] * clip.scale + clip.centre[:, None]
    seen = np.isfinite(points[..., 0])
    assert np.allclose(back[seen], points[seen], atol=1e-6)
    assert np.allclose(clip.positions.mean(1), 0, atol=1e-9)


def test_it_can_be_chosen_for_a_whole_lift():
    pixels, _ = tracks_of(20, near=8.0)
    skeleton = PoseNetwork(width=16).space.skeleton
    tracks = Tracks(pixels, skeleton, 25.0, width=1600, height=900)
    motion = lift(tracks, "single_frame")
    assert motion.details["network"] == "single_frame" and np.isfinite(motion.positions).all()
    lengths = motion.bone_lengths()
    assert np.allclose(lengths, lengths[:1], rtol=1e-4)
    other = Tracks(np.random.default_rng(0).uniform(0, 100, (5, 4, 2)), Skeleton(("a", "b", "c", "d"), (-1, 0, 1, 2)), 25.0)
    with pytest.raises(TracksError, match="single-frame engine"):
        lift(other, "single_frame")


@settings(max_examples=25, deadline=None)
@given(arrays(np.float64, (3, 16, 2), elements=st.one_of(st.floats(-1e5, 1e5), st.just(np.nan), st.just(np.inf))))
def test_any_points_give_finite_poses_or_a_clear_word(points):
    network = PoseNetwork(width=16, seen=True).eval()
    try:
        lifted = single_frame.lift_frames(network, points)
    except single_frame.SingleFrameError as error:
        assert "points" in str(error)
    else:
        assert np.isfinite(lifted).all()


def test_what_cannot_be_lifted_is_said():
    network = PoseNetwork(width=16).eval()
    with pytest.raises(single_frame.SingleFrameError, match="shape"):
        single_frame.lift_frames(network, np.zeros((3, 15, 2)))
    with pytest.raises(single_frame.SingleFrameError, match="confidences"):
        single_frame.lift_frames(network, np.zeros((3, 16, 2)), np.ones((3, 4)))
    with pytest.raises(single_frame.SingleFrameError, match="this skeleton has no neck"):
        single_frame.map_nodes(("thorax", "wing_left", "wing_right"), network)
    lost = np.zeros((3, 16, 2))
    lost[:, 4] = np.nan
    with pytest.raises(single_frame.SingleFrameError, match="never seen"):
        single_frame.lift_frames(network, lost)
