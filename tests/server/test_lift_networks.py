"""The lifting networks: what goes in is normalised alike, what comes out does not depend on order, padding or blocks."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from bestiary.animal.skeleton import Skeleton
from bestiary.server.lift.inputs import Lifted, Windows, fill_gaps, normalise
from bestiary.server.lift.layers import banded_attention, walk_features
from bestiary.server.lift.losses import align_frames, align_windows, bestiary_loss, paper_loss, rotation_between
from bestiary.server.lift.networks import NETWORKS, NetworkError, make_network
from bestiary.server.lift.weights import WeightsError, load_network, save_weights
from bestiary.server.lift.windows import FRAMES, lift_tracks, window_starts

SMALL = {
    "lifter": {"width": 32, "heads": 2, "time_layers": 2, "space_layers": 2},
    "lfm": {"width": 32, "heads": 2, "space_layers": 2},
    "dstformer": {"width": 32, "heads": 2, "depth": 1},
    "bestiary": {"width": 32, "heads": 2, "time_layers": 2, "space_layers": 2},
}


def chain(joints: int) -> Skeleton:
    return Skeleton(tuple(f"joint {i}" for i in range(joints)), tuple(range(-1, joints - 1)))


def windows(b: int = 2, t: int = 12, j: int = 7, seed: int = 0, missing: float = 0.2) -> Windows:
    g = torch.Generator().manual_seed(seed)
    points = 300 + 60 * torch.randn(b, t, j, 2, generator=g)
    seen = (torch.rand(b, t, j, generator=g) > missing).float()
    adjacency = torch.as_tensor(chain(j).adjacency).expand(b, j, j)
    sides = torch.randint(-1, 2, (b, j), generator=g)
    made = normalise(points, seen, torch.ones(b, j, dtype=torch.bool), torch.ones(b, t, dtype=torch.bool), adjacency, sides)
    made.target = torch.randn(b, t, j, 3, generator=g)
    return made


def random_rotations(count: int, seed: int = 0) -> torch.Tensor:
    q, _ = torch.linalg.qr(torch.randn(count, 3, 3, generator=torch.Generator().manual_seed(seed)))
    return q * torch.linalg.det(q)[:, None, None]


def test_points_are_normalised_and_can_be_put_back() -> None:
    w = windows(missing=0.0)
    assert torch.allclose(w.points.mean(2), torch.zeros(2, 12, 2), atol=1e-5)
    assert torch.allclose(w.points.square().sum(-1).mean((1, 2)), torch.ones(2), atol=1e-5)
    pixels = w.points * w.scale[:, None, None, None] + w.centre[:, :, None]
    again = normalise(pixels, w.seen, w.joints, w.frames, w.adjacency, w.sides)
    assert torch.allclose(again.points, w.points, atol=1e-4)


def test_gaps_lie_between_what_was_seen() -> None:
    points = torch.full((1, 5, 3, 2), torch.nan)
    seen = torch.zeros(1, 5, 3)
    points[0, 1, 0], points[0, 4, 0] = torch.tensor([0.0, 0.0]), torch.tensor([3.0, 6.0])
    seen[0, [1, 4], 0] = 1
    points[0, :, 1] = torch.tensor([10.0, 10.0])
    seen[0, :, 1] = 1
    filled = fill_gaps(points, seen, torch.ones(1, 5, dtype=torch.bool))
    assert filled[0, :, 0, 0].tolist() == [0, 0, 1, 2, 3] and filled[0, :, 0, 1].tolist() == [0, 0, 2, 4, 6]
    assert filled[0, 2, 2].tolist() == [5.5, 6.0]  # never seen: the middle of the others


@given(frames=st.integers(1, 150), alpha=st.integers(1, 12), seed=st.integers(0, 99), padded=st.integers(0, 10))
def test_blocks_attend_as_one_masked_matrix(frames: int, alpha: int, seed: int, padded: int) -> None:
    g = torch.Generator().manual_seed(seed)
    q, k, v = (torch.randn(2, 2, frames, 4, generator=g) for _ in range(3))
    valid = torch.ones(2, frames, dtype=torch.bool)
    if padded and frames > 1:
        valid[1, frames - min(padded, frames - 1):] = False
    time = torch.arange(frames)
    mask = ((time[:, None] - time).abs() <= alpha) & valid[:, None, None] | torch.eye(frames, dtype=torch.bool)
    expected = torch.nn.functional.scaled_dot_product_attention(q, k, v, attn_mask=mask)
    assert torch.allclose(banded_attention(q, k, v, alpha, valid), expected, atol=1e-5)


@pytest.mark.parametrize("kind", ["lifter", "lfm", "bestiary"])
def test_the_order_of_joints_does_not_matter(kind: str) -> None:
    torch.manual_seed(0)
    network = make_network(kind, **SMALL[kind]).eval()
    w, order = windows(), torch.randperm(7, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        straight, permuted = network(w).positions, network(w.permuted(order)).positions
    assert torch.allclose(straight[:, :, order], permuted, atol=1e-4)


@pytest.mark.parametrize("kind", list(NETWORKS))
def test_padding_changes_nothing(kind: str) -> None:
    torch.manual_seed(0)
    network = make_network(kind, **SMALL[kind]).eval()
    w = windows()
    wide = dataclasses.replace(
        w, points=torch.nn.functional.pad(w.points, (0, 0, 0, 3)), seen=torch.nn.functional.pad(w.seen, (0, 3)),
        joints=torch.nn.functional.pad(w.joints, (0, 3)), adjacency=torch.nn.functional.pad(w.adjacency, (0, 3, 0, 3)),
        sides=torch.nn.functional.pad(w.sides, (0, 3)))
    with torch.no_grad():
        assert torch.allclose(network(w).positions, network(wide).positions[:, :, :7], atol=1e-4)


@pytest.mark.parametrize("kind", list(NETWORKS))
def test_missing_points_may_be_anything(kind: str) -> None:
    torch.manual_seed(0)
    network = make_network(kind, **SMALL[kind]).eval()
    w = windows(missing=0.5)
    pixels = w.points * w.scale[:, None, None, None] + w.centre[:, :, None]
    found = []
    for junk in (torch.nan, 1e9):
        bad = torch.where(w.seen[..., None] > 0, pixels, torch.tensor(junk))
        with torch.no_grad():
            found.append(network(normalise(bad, w.seen, w.joints, w.frames, w.adjacency, w.sides)).positions)
    assert torch.isfinite(found[0]).all() and torch.equal(*found)


def test_alignment_turns_and_scales_but_never_mirrors() -> None:
    w = windows()
    weight = torch.ones(w.target.shape[:3])
    rotation = random_rotations(2 * 12).view(2, 12, 3, 3)
    turned = (w.target + 5) @ rotation * 0.3
    centred = w.target - w.target.mean(2, keepdim=True)
    assert torch.allclose(align_frames(turned, w.target, weight), centred, atol=1e-4)
    one = (w.target @ rotation[:, :1]) * 3
    assert torch.allclose(align_windows(one, w.target, weight), centred, atol=1e-4)
    assert not torch.allclose(align_windows(turned, w.target, weight), centred, atol=0.1)
    mirrored = w.target * torch.tensor([1.0, 1.0, -1.0])
    assert (align_frames(mirrored, w.target, weight) - centred).norm(dim=-1).mean() > 0.3
    assert torch.allclose(torch.linalg.det(rotation_between(mirrored, w.target, weight)), torch.ones(2, 12), atol=1e-4)


def test_losses_vanish_for_the_truth_and_ignore_padding() -> None:
    w = windows()
    w.target = w.target - w.target.mean(2, keepdim=True)
    for loss in (paper_loss(Lifted(w.target * 2), w, 1.0, True), bestiary_loss(Lifted(w.target), w, bones=0.0)):
        assert float(loss["loss"]) < 1e-3
    worse = w.target.clone()
    worse[:, :, -1] += 100
    w.joints = w.joints.clone()
    w.joints[:, -1] = False
    short = dataclasses.replace(w, target=w.target)
    assert torch.allclose(paper_loss(Lifted(worse), short, 1.0, True)["loss"], paper_loss(Lifted(w.target), short, 1.0, True)["loss"])


def test_walks_tell_an_end_from_the_middle() -> None:
    w = windows(b=1, j=7)
    told = walk_features(w.adjacency, w.joints)[0]
    assert torch.allclose(told[0], told[6]) and not torch.allclose(told[0], told[3])


@given(frames=st.integers(1, 5000))
def test_windows_cover_a_clip_and_overlap(frames: int) -> None:
    starts = window_starts(frames)
    assert starts[0] == 0 and starts[-1] + min(FRAMES, frames) == frames
    assert (np.diff(starts) <= FRAMES // 2 + 1).all()


class Oracle(torch.nn.Module):
    """Knows the truth and tells it in the network's units, each window in a scale of its own; stands in for a perfect network."""

    canonical = False

    def __init__(self, truth: np.ndarray, points: np.ndarray) -> None:
        super().__init__()
        self.truth, self.centres = truth, points.mean(axis=1)

    def forward(self, w: Windows) -> Lifted:
        rows = [int(np.abs(self.centres - centre[0].numpy()).sum(axis=1).argmin()) for centre in w.centre]
        picked = [torch.as_tensor(self.truth[row : row + w.points.shape[1]]) for row in rows]
        positions = torch.stack(picked).float() / w.scale[:, None, None, None]
        return Lifted(positions, torch.zeros(positions.shape[:3]))


@pytest.mark.parametrize("frames", [1, 3, 48, 49, 130])
def test_a_long_clip_has_no_seams(frames: int) -> None:
    rng = np.random.default_rng(0)
    truth = 40 * rng.normal(size=(6, 3)) * np.linspace(1, 3, frames)[:, None, None]  # it comes nearer
    path = 500 + np.cumsum(rng.normal(size=(frames, 1, 2)) * 9, axis=0)
    points = truth[..., :2] + path
    lifted = lift_tracks(Oracle(truth, points), points, np.ones(points.shape[:2]), chain(6))
    centred = truth - truth.mean(axis=1, keepdims=True)
    assert np.abs(lifted.positions * lifted.scale - centred).max() < 0.02
    assert np.abs(lifted.centre - points.mean(axis=1)).max() < 1e-3
    assert lifted.uncertainty is not None and lifted.uncertainty.shape == (frames, 6)


@pytest.mark.parametrize("kind", list(NETWORKS))
def test_any_clip_can_be_lifted(kind: str) -> None:
    torch.manual_seed(0)
    network = make_network(kind, **SMALL[kind]).eval()
    for frames, joints in ((1, 1), (2, 3), (60, 40)):
        points = np.random.default_rng(0).normal(size=(frames, joints, 2)) * 50
        points[frames // 2] = np.nan
        points[0, 0] = 5.0
        lifted = lift_tracks(network, points, np.ones(points.shape[:2]), chain(joints))
        assert lifted.positions.shape == (frames, joints, 3) and np.isfinite(lifted.positions).all()
    with pytest.raises(ValueError, match="no point is seen"):
        lift_tracks(network, np.full((4, 3, 2), np.nan), np.ones((4, 3)), chain(3))


def test_canonical_frames_are_turned_to_the_camera() -> None:
    rng = np.random.default_rng(1)
    shape = rng.normal(size=(8, 3)) * 30
    spin = np.stack([np.array([[np.cos(a), 0, np.sin(a)], [0, 1, 0], [-np.sin(a), 0, np.cos(a)]]) for a in np.linspace(0, 2, 60)])
    truth = shape @ spin
    points = truth[..., :2] + 400 + 3 * np.arange(60)[:, None, None]

    class Canonical(Oracle):
        canonical = True

        def forward(self, w: Windows) -> Lifted:
            lifted = super().forward(w)
            turns = random_rotations(lifted.positions.shape[0] * lifted.positions.shape[1]).view(*lifted.positions.shape[:2], 3, 3)
            return Lifted(lifted.positions @ turns * 0.4)

    lifted = lift_tracks(Canonical(truth, points), points, np.ones((60, 8)), chain(8))
    assert np.abs(lifted.positions * lifted.scale - (truth - truth.mean(axis=1, keepdims=True))).max() < 0.5


def test_weights_come_back_and_carry_a_card(tmp_path: Path) -> None:
    network = make_network("bestiary", **SMALL["bestiary"]).eval()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.copy_(parameter.half().float() + 0.01)
    save_weights(tmp_path / "mine", network, {"data": "none", "curve": [[1, 2.5]]})
    again, card = load_network(tmp_path / "mine")
    w = windows()
    with torch.no_grad():
        assert torch.allclose(network(w).positions, again(w).positions, atol=2e-2)
    assert card["data"] == "none" and "| 1 | 2.5 |" in (tmp_path / "mine" / "card.md").read_text()


def test_bad_weights_are_named(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="no network"):
        load_network(tmp_path / "nowhere")
    folder = tmp_path / "mine"
    save_weights(folder, make_network("lifter", **SMALL["lifter"]), {})
    piece = folder / "weights-00001.safetensors"
    whole = piece.read_bytes()
    piece.write_bytes(whole[:-7])
    with pytest.raises(WeightsError, match="cut off"):
        load_network(folder)
    piece.write_bytes(whole)
    card = json.loads((folder / "card.json").read_text())
    (folder / "card.json").write_text(json.dumps({**card, "settings": {**card["settings"], "width": 64}}))
    with pytest.raises(WeightsError, match="do not fit"):
        load_network(folder)
    (folder / "card.json").write_text("[]")
    with pytest.raises(WeightsError, match="card"):
        load_network(folder)


def test_settings_that_do_not_fit_are_named() -> None:
    with pytest.raises(NetworkError, match="bestiary"):
        make_network("besti")
    with pytest.raises(NetworkError, match="depth"):
        make_network("lifter", depth=3)
    with pytest.raises(NetworkError, match="places for"):
        make_network("dstformer", **SMALL["dstformer"], max_joints=3)(windows())
