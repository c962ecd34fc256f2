"""Do sampled poses look like those of real animals? Projected samples against the annotated animals of AwA-pose.

    python -m bestiary.server.evaluate.pose_coverage --data ../shared/data/keypoints2d/awa_pose/dataset.json --out out/poses

Every real animal (at least MIN_POINTS points that we have too) is compared with samples of its own family: shapes drawn from
the family's prior, poses from a distribution, each seen from VIEWS directions of which the best counts. Two sets of points
are brought together by the best shift and scale, and the root mean square of what is left, as a share of the longer side of
the real animal's box, is their distance. *Coverage* is a real animal's distance to its nearest of N samples, *precision* a
sample's distance to its nearest real animal. A distribution that is too narrow has poor coverage, one too wide poor
precision. Shapes and cameras are the same for all distributions; what differs is the pose alone. No distance comes near
zero: the shapes are not the animals' own, photographs have perspective, and people click where they see fit.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from ...animal.default import default_model
from ...animal.keypoint_sets import keypoint_set
from ...animal.keypoints import INDEX
from ...animal.model import AnimalModel
from ...animal.model_file import load_model
from ...animal.pose_prior import PosePrior, gaussian
from ..authoring.motion.skeleton import KeypointSkeleton
from ..fit.body_points import Hypotheses
from .plot import line_plot
from .report import markdown_table, write_metrics, write_text

Array = NDArray[np.float64]
Sampler = Callable[[np.random.Generator, int, Array], Array]

MIN_POINTS = 12
SAMPLES = 150
SHAPES = 30
"""Samples of every family, and shapes that share them."""
VIEWS = (24, (-2.0, 12.0, 28.0))
"""Directions all around, and degrees above the horizon."""
NEAR = 0.08
"""A distance below which two poses are called alike."""
_ENDS = (("nose", "left_eye", "right_eye"), ("tail_base", "back_end"),
         ("left_front_paw", "right_front_paw", "left_wrist", "right_wrist"),
         ("left_hind_paw", "right_hind_paw", "left_ankle", "right_ankle"))  # fmt: skip
"""Whoever has a point of each of these is seen whole; the others are portraits, which say little of a pose."""
_FAMILIES = {
    "canid": "fox wolf collie dalmatian german+shepherd chihuahua", "felid": "bobcat leopard persian+cat tiger lion siamese+cat",
    "lagomorph": "rabbit", "rodent": "squirrel", "ursid": "giant+panda polar+bear grizzly+bear", "cervid": "moose deer",
    "bovid": "ox cow antelope sheep buffalo", "suid": "pig", "equid": "horse zebra", "elephantid": "elephant",
    "mustelid": "otter weasel", "mephitid": "skunk", "giraffid": "giraffe", "rhinocerotid": "rhinoceros",
    "hippopotamid": "hippopotamus", "procyonid": "raccoon",
}  # fmt: skip
FAMILY_OF = {animal: family for family, animals in _FAMILIES.items() for animal in animals.split()}


@dataclass(frozen=True)
class RealAnimals:
    """Annotated animals of one family: points (n, 44, 2) as shares of the box's longer side, y down; seen (n, 44)."""

    points: Array
    seen: NDArray[np.bool_]

    @property
    def whole(self) -> NDArray[np.bool_]:
        """(n,) whether head, rump, fore and hind feet are seen."""
        return np.all([self.seen[:, [INDEX[name] for name in end]].any(axis=1) for end in _ENDS], axis=0)


def read_animals(path: Path, families: set[str]) -> dict[str, RealAnimals]:
    """The annotations of AwA-pose by family; animals of a family that is not among `families` count as "quadruped"."""
    data = json.loads(path.read_text(encoding="utf-8"))
    table = keypoint_set("awa")
    if tuple(data["categories"][0]["keypoints"]) != table.points:
        raise ValueError(f"{path}: its points are not AwA-pose's")
    rows: dict[str, list[Array]] = {}
    for entry in data["annotations"]:
        family = FAMILY_OF.get(entry["animal"], "quadruped")
        points = np.array(entry["keypoints"], np.float64).reshape(len(table), 3)
        points[points[:, 2] == 0] = np.nan
        points[:, :2] /= max(entry["clean_bbox"][2:])
        rows.setdefault(family if family in families else "quadruped", []).append(points)
    found = {}
    for family, points in rows.items():
        ours = table.to_superset(np.array(points)[..., :2])
        seen = np.isfinite(ours).all(axis=-1)
        enough = seen.sum(axis=1) >= MIN_POINTS
        found[family] = RealAnimals(np.nan_to_num(ours[enough]), seen[enough])
    return found


def samplers(prior: PosePrior) -> dict[str, Sampler]:
    """The distributions that are compared: name -> poses (n, J-1, 3) from a generator, a number and limits (J, 3, 2)."""
    one = gaussian(*prior.moments())
    joints = prior.n_joints - 1
    return {
        "mixture": lambda rng, n, limits: prior.sample(rng, n, limits=limits),
        "one Gaussian": lambda rng, n, limits: one.sample(rng, n, limits=limits),
        "rest pose": lambda rng, n, limits: np.zeros((n, joints, 3)),
        "uniform in limits": lambda rng, n, limits: rng.uniform(limits[1:, :, 0], limits[1:, :, 1], (n, joints, 3)),
    }


def sampled_points(model: AnimalModel, family: str, kinds: dict[str, Sampler], count: int, rng: np.random.Generator
                   ) -> dict[str, Array]:  # fmt: skip
    """Keypoints (count, 44, 3) of sampled animals of a family, for each way of posing them."""
    about = model.families[family]
    limits = about.joint_limits if about.joint_limits is not None else model.joint_limits
    assert limits is not None
    found: dict[str, list[Array]] = {name: [] for name in kinds}
    for shape, n in _shapes(about.mean, about.covariance, count, rng):
        skeleton = KeypointSkeleton(model, shape)
        state = int(rng.integers(1 << 32))
        for name, draw in kinds.items():
            h = skeleton.start(n)
            poses = torch.tensor(draw(np.random.default_rng(state), n, np.asarray(limits)))
            h = Hypotheses(h.animal, h.R0, poses, h.trans, h.z, h.pitch)
            found[name].append(skeleton.keypoints(skeleton.body.skeletons(h)).numpy())
    order = rng.permutation(count)
    return {name: np.concatenate(parts)[order] for name, parts in found.items()}


def nearest_view(real: RealAnimals, points: Array) -> NDArray[np.float32]:
    """(n, N) the distance of every real animal to every sample (N, 44, 3) from the direction that suits best."""
    cameras, table = _cameras(), []
    for start in range(0, len(points), 25):
        views = np.einsum("vij,nkj->nvki", cameras, points[start : start + 25])
        each = distances(real, views.reshape(-1, *views.shape[2:]))
        table.append(each.reshape(len(each), -1, len(cameras)).min(axis=2))
    return np.concatenate(table, axis=1)


def distances(real: RealAnimals, sampled: Array) -> NDArray[np.float32]:
    """(n, N) root mean square distances of every real animal to every sample (N, 44, 2) after the best shift and scale."""
    w, y = real.seen.astype(np.float32), np.where(real.seen[..., None], real.points, 0.0).astype(np.float32)
    x = (sampled - sampled.mean(axis=1, keepdims=True)).astype(np.float32)
    count = w.sum(axis=1)[:, None]
    sums = [w @ x[..., axis].T for axis in range(2)]
    cross = sum(y[..., a] @ x[..., a].T - y[..., a].sum(axis=1)[:, None] * sums[a] / count for a in range(2))
    own = w @ (x**2).sum(axis=-1).T - sum(s**2 for s in sums) / count
    off = y - (y.sum(axis=1) / count)[:, None]
    spread = (w[..., None] * off**2).sum(axis=(1, 2))[:, None]
    # A negative scale would be the picture upside down.
    left = spread - np.maximum(cross, 0.0) ** 2 / np.maximum(own, 1e-9)
    return np.sqrt(np.maximum(left, 0.0) / count)


def measure(model: AnimalModel, prior: PosePrior, animals: dict[str, RealAnimals], count: int, seed: int
            ) -> tuple[dict[str, float], dict[str, tuple[list[float], list[float]]]]:  # fmt: skip
    """All numbers, and for every distribution the curve of coverage (percent) of whole animals over the samples."""
    kinds = samplers(prior)
    steps = [n for n in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000) if n < count] + [count]
    nearest: dict[str, list[Array]] = {name: [] for name in kinds}
    back: dict[str, list[Array]] = {name: [] for name in kinds}
    whole = np.concatenate([real.whole for _, real in sorted(animals.items())])
    metrics: dict[str, float] = {"animals": len(whole), "whole_animals": int(whole.sum()), "samples_per_family": count}
    for family, real in sorted(animals.items()):
        for name, points in sampled_points(model, family, kinds, count, np.random.default_rng(seed)).items():
            table = nearest_view(real, points)
            nearest[name].append(np.array([table[:, :n].min(axis=1) for n in steps]))
            if real.whole.any():
                back[name].append(table[real.whole].min(axis=0))
            metrics[f"{_key(name)}_{family}_coverage_percent"] = 100 * float(nearest[name][-1][-1].mean())
    curves = {}
    for name in kinds:
        curve = np.concatenate(nearest[name], axis=1)
        seen = curve[:, whole] if whole.any() else curve
        curves[name] = ([float(n) for n in steps], (100 * seen.mean(axis=1)).tolist())
        metrics[f"{_key(name)}_coverage_percent"] = 100 * float(curve[-1].mean())
        metrics[f"{_key(name)}_whole_coverage_percent"] = 100 * float(seen[-1].mean())
        metrics[f"{_key(name)}_whole_coverage_95_percent"] = 100 * float(np.percentile(seen[-1], 95))
        metrics[f"{_key(name)}_whole_covered_share"] = float((seen[-1] < NEAR).mean())
        metrics[f"{_key(name)}_precision_percent"] = 100 * float(np.concatenate(back[name]).mean())
    return metrics, curves


def _shapes(mean: Array, covariance: Array, count: int, rng: np.random.Generator) -> Iterator[tuple[Array, int]]:
    """Betas drawn from a family's prior and how many samples each carries."""
    values, vectors = np.linalg.eigh(np.asarray(covariance))
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    for part in np.array_split(np.arange(count), min(SHAPES, count)):
        yield np.asarray(mean) + root @ rng.standard_normal(len(values)), len(part)


def _cameras() -> Array:
    """(V, 2, 3) rows right and down of the cameras of VIEWS."""
    turns, up = np.meshgrid(np.arange(VIEWS[0]) * 2 * np.pi / VIEWS[0], np.radians(VIEWS[1]))
    azimuth, up = turns.ravel(), up.ravel()
    right = np.stack([-np.sin(azimuth), np.cos(azimuth), np.zeros(len(up))], -1)
    down = np.stack([np.cos(azimuth) * np.sin(up), np.sin(azimuth) * np.sin(up), -np.cos(up)], -1)
    return np.stack([right, down], axis=1).astype(np.float64)


def _key(name: str) -> str:
    return name.replace(" ", "_").lower()


def run(model: AnimalModel, data: Path, out: Path, count: int = SAMPLES, seed: int = 0) -> dict[str, float]:
    """Measure and write metrics.json, table.md and coverage.png below `out`. Raises ValueError for a model without a prior."""
    if model.pose_prior is None:
        raise ValueError(f"{model.name}: has no pose prior")
    metrics, curves = measure(model, model.pose_prior, read_animals(data, set(model.families)), count, seed)
    rows = [[name, *(metrics[f"{_key(name)}_{what}"] for what in
                     ("coverage_percent", "whole_coverage_percent", "whole_coverage_95_percent", "whole_covered_share",
                      "precision_percent"))]
            for name in curves]  # fmt: skip
    columns = ("poses from", "coverage, all", "coverage, whole animals", "whole, 95 % below",
               f"whole nearer than {100 * NEAR:.0f} %", "precision")  # fmt: skip
    note = (f"\n{metrics['animals']:.0f} annotated animals with at least {MIN_POINTS} points, {metrics['whole_animals']:.0f} of "
            f"them whole, {count} samples of each family from the best of {len(_cameras())} directions; mean distances in "
            "percent of the longer side of the animal's box, after the best shift and scale.\n")  # fmt: skip
    write_metrics(out, metrics)
    write_text(out / "table.md", markdown_table(columns, rows) + note)
    line_plot(out / "coverage.png", curves, "samples", "distance to the nearest sample, % of box", log_x=True)
    return metrics


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="AwA-pose's dataset.json")
    parser.add_argument("--out", type=Path, required=True, help="folder for metrics.json, table.md and coverage.png")
    parser.add_argument("--model", type=Path, help="model file with a pose prior (default: the default animal)")
    parser.add_argument("--samples", type=int, default=SAMPLES, help="samples of every family")
    options = parser.parse_args()
    torch.set_num_threads(1)
    run(load_model(options.model) if options.model else default_model(), options.data, options.out, options.samples)
    print((options.out / "table.md").read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
