"""Windows to learn from: targets and points are of one camera, rigs are trees, noise and gaps are what was asked for."""

import numpy as np
import pytest
import torch

from bestiary.animal.motion import Motion
from bestiary.animal.skeleton import Skeleton
from bestiary.server.data.motions.cameras import paper_camera
from bestiary.server.data.motions.folder import Entry, write_index, write_motion
from bestiary.server.lift.losses import weight_of
from bestiary.server.lift.sampling import Drawing, MotionStore, path_lengths, shortest_tree
from bestiary.server.lift.task import LiftTask, TaskError, held_back


def creature(joints: int, frames: int, seed: int = 0, moves: int = 0) -> Motion:
    """An animal of random shape (seed) that swings its joints in a random rhythm (moves)."""
    rng = np.random.default_rng(seed)
    names = tuple(f"part{i // 2}.{'LR'[i % 2]}" if i else "root" for i in range(joints))
    skeleton = Skeleton(names, tuple((i - 1) // 2 if i else -1 for i in range(joints)))
    shape = rng.normal(size=(joints, 3)) * 0.4
    rhythm = np.random.default_rng(moves)
    swing = np.sin(np.arange(frames)[:, None, None] / 6 + rhythm.uniform(0, 6, (1, joints, 1)))
    return Motion(shape + 0.05 * swing * rhythm.normal(size=(joints, 3)), skeleton, 30.0)


@pytest.fixture(scope="module")
def store() -> MotionStore:
    motions = [creature(12, 60), creature(33, 20, 1), creature(70, 90, 2)]
    cameras = [paper_camera(motion.positions, np.random.default_rng(0)) for motion in motions]
    return MotionStore(motions, "cpu", cameras)


def draw(store: MotionStore, seed: int = 0, count: int = 24, **settings: object) -> object:
    return store.windows(count, Drawing(**settings), torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("cameras", ["fixed", "random"])
@pytest.mark.parametrize("rigs", ["own", "random"])
def test_targets_project_onto_the_points(store: MotionStore, cameras: str, rigs: str) -> None:
    """A pinhole sees the target where the points are, up to the nearness that perspective adds."""
    w = draw(store, cameras=cameras, rigs=rigs, noise_px=0.0, noise=0.0)
    weight = weight_of(w)
    apart = (w.target[..., :2] - w.points).norm(dim=-1) * weight
    assert float(apart.sum() / weight.sum()) < 0.3
    assert torch.allclose((w.target * weight[..., None]).sum(2), torch.zeros(len(weight), 48, 3), atol=1e-3)
    # The nearer a point is, the further from the middle it is seen than its target's x and y say.
    outward = ((w.points - w.target[..., :2]) * w.target[..., :2]).sum(-1)
    rows = (weight > 0) & (w.target[..., :2].norm(dim=-1) > 0.5)
    assert np.corrcoef(outward[rows], w.target[..., 2][rows])[0, 1] < -0.15


def test_lengths_come_back_in_millimetres(store: MotionStore) -> None:
    w = draw(store, cameras="fixed", noise_px=0.0)
    child, parent = w.adjacency[0].triu(1).nonzero(as_tuple=True)
    seen = torch.stack([(w.target[b, 0, child[0]] - w.target[b, 0, parent[0]]).norm() * w.mm[b] for b in range(len(w.mm))])
    true = [float(np.linalg.norm(m.positions[:, 0] - m.positions[:, 1], axis=-1).mean()) * 1000
            for m in (creature(12, 60), creature(33, 20, 1), creature(70, 90, 2))]
    assert all(min(abs(length - t) / t for t in true) < 0.35 for length in seen.tolist())


def test_random_rigs_are_trees_of_the_points_that_stay(store: MotionStore) -> None:
    w = draw(store, count=40, rigs="random", cameras="random", max_joints=20)
    for b in range(40):
        live = w.joints[b].nonzero()[:, 0]
        links = w.adjacency[b][live][:, live]
        assert 4 <= len(live) <= 20 and int(links.sum() - len(live)) == 2 * (len(live) - 1)
        reached = torch.linalg.matrix_power(links.float(), len(live))
        assert (reached > 0).all() and torch.equal(links, links.T)
    assert len({int(n) for n in w.joints.sum(1)}) > 5


def test_shortest_trees_are_the_shortest() -> None:
    from scipy.sparse.csgraph import minimum_spanning_tree

    rng = np.random.default_rng(0)
    d = rng.uniform(1, 2, (5, 9, 9))
    d = d + d.transpose(0, 2, 1)
    trees = shortest_tree(torch.as_tensor(d), torch.ones(5, 9, dtype=torch.bool)).numpy()
    for mine, away in zip(trees, d, strict=True):
        assert (away * np.triu(mine, 1)).sum() == pytest.approx(minimum_spanning_tree(np.triu(away, 1)).sum())


def test_ways_along_the_bones_add_up() -> None:
    skeleton = Skeleton(("a", "b", "c", "d"), (1, -1, 1, 2))
    paths = path_lengths(np.array([[0.0, 0, 0], [1, 0, 0], [1, 2, 0], [1, 2, 4]]), skeleton.bones)
    assert paths[0, 3] == 7 and paths[0, 1] == 1 and (paths == paths.T).all()


def test_the_same_seed_gives_the_same_windows(store: MotionStore) -> None:
    settings = {"cameras": "random", "rigs": "random", "missing": 0.5, "outliers": 0.1, "speed": 1.5, "no_sides": 0.5}
    first, second, third = (draw(store, seed, **settings) for seed in (3, 3, 4))
    assert torch.equal(first.points, second.points) and torch.equal(first.seen, second.seen)
    assert first.points.shape != third.points.shape or not torch.equal(first.points, third.points)


def test_noise_is_as_strong_as_it_says(store: MotionStore) -> None:
    clean, noisy = draw(store, cameras="fixed", noise_px=0.0), draw(store, cameras="fixed", noise_px=3.0)
    weight = weight_of(clean)

    def pixels(w: object) -> torch.Tensor:
        return w.points * w.scale[:, None, None, None] + w.centre[:, :, None]

    apart = (pixels(noisy) - pixels(clean)).norm(dim=-1) * weight
    assert float(apart.sum() / weight.sum()) == pytest.approx(3.0, rel=0.05)


def test_missing_points_have_no_confidence_and_leave_no_trace(store: MotionStore) -> None:
    w = draw(store, count=200, cameras="random", rigs="own", missing=0.6, noise=0.0)
    share = float((w.seen > 0).sum() / weight_of(w).sum())
    assert 0.6 < share < 0.97 and torch.isfinite(w.points).all()


def make_folder(path, clips: int = 18, kinds: int = 3) -> None:
    entries = [Entry(f"clip{i}", f"kind{i % kinds}", f"source/{i // 2}", creature(12, 50, i % kinds, i)) for i in range(clips)]
    for entry in entries:
        write_motion(path, entry)
    write_index(path, entries, [])


def test_the_task_learns_and_watches_other_clips(tmp_path) -> None:
    make_folder(tmp_path, kinds=1)
    config = {"network": {"kind": "bestiary", "width": 32, "heads": 2, "time_layers": 1, "space_layers": 2},
              "data": {"motions": str(tmp_path), "cameras": "random", "rigs": "own", "batch": 4, "frames": 16, "noise": 0.0}}
    task = LiftTask(config, "cpu")
    generator = torch.Generator().manual_seed(0)
    before = task.validate(task.network)["error"]
    optimiser = torch.optim.Adam(task.network.parameters(), 3e-3)
    for _ in range(300):
        optimiser.zero_grad()
        task.loss(task.network, task.batch(generator))["loss"].backward()
        optimiser.step()
    assert task.validate(task.network.eval())["error"] < 0.9 * before


def test_what_is_watched_is_never_learned(tmp_path) -> None:
    make_folder(tmp_path)
    from bestiary.server.data.motions.folder import read_motions

    learned, watched = held_back(read_motions(tmp_path))
    assert watched and not {e.source_key for e in learned} & {e.source_key for e in watched}


def test_configurations_that_do_not_fit_are_named(tmp_path) -> None:
    make_folder(tmp_path, 4)
    network = {"kind": "lifter", "width": 16, "heads": 2, "time_layers": 1, "space_layers": 1}
    for data, words in (({}, "data.motions"), ({"motions": str(tmp_path), "noize": 1}, "noize"),
                        ({"motions": str(tmp_path), "only": ["horse"]}, "no motions"),
                        ({"motions": str(tmp_path), "cameras": "many"}, "cameras")):
        with pytest.raises(TaskError, match=words):
            LiftTask({"network": network, "data": data}, "cpu")
