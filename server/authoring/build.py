"""Make the default animal's file from the `dm_control` package.

    python -m bestiary.server.authoring.build --package dm_control-1.0.50-py3-none-any.whl --out animal/data/open_animal.npz

Without --package an installed dm_control is used. The same seed and package give the same file to 1e-5.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

from .base import make_stance
from .breeds import BREEDS
from .landmarks import NAMES
from .limits import joint_limits
from .population import Shape, Stance, draw_population, joint_regressor, principal_directions, random_traits
from .proportions import expand
from .skeleton import INDEX, JOINT_NAMES, PARENTS
from .source import SourceError
from .surface import self_intersecting_faces

N_BETAS = 145
RARE = ("elephantid", "giraffid", "hippopotamid", "rhinocerotid")  # extreme builds: drawn less often
DOG_HEIGHT = 0.60  # metres at the withers of the template


def project(offset: np.ndarray, directions: np.ndarray, ridge: float = 1e-3) -> np.ndarray:
    """Betas (B,) whose shape is nearest to an offset (V, 3) from the template, lightly held to zero."""
    flat = directions.reshape(-1, directions.shape[-1])
    gram = flat.T @ flat
    return np.linalg.solve(gram + ridge * np.trace(gram) / len(gram) * np.eye(len(gram)), flat.T @ offset.ravel())


def author_species(stance: Stance) -> dict[str, np.ndarray]:
    """The warp parameters of each authored species, legs and trunk solved for its real measures."""
    authored = {}
    for name, breed in BREEDS.items():
        wanted = Shape(breed.height / breed.length, breed.depth * breed.height / breed.length, breed.width)
        authored[name] = stance.meet(expand(breed.traits), wanted)
    return authored


def family_fields(
    stance: Stance,
    authored: dict[str, np.ndarray],
    directions: np.ndarray,
    rng: np.random.Generator,
    per_species: int = 40,
) -> dict[str, Any]:
    """Names, means (K, B) and covariances (K, B, B) of the families, from jittered individuals of each species."""
    names = sorted({breed.family for breed in BREEDS.values()})
    means, covariances = [], []
    for family in names:
        members = [name for name, breed in BREEDS.items() if breed.family == family]
        betas = []
        for member in members:
            for _ in range(max(per_species, 160 // len(members))):
                _, vertices, _ = stance.level(authored[member] + random_traits(rng, 0.45), 3)
                betas.append(project(vertices - stance.warp.vertices, directions))
        betas = np.array(betas)
        means.append(betas.mean(axis=0))
        covariances.append(np.cov(betas.T) + 0.06 * np.eye(betas.shape[1]))
    n_betas = directions.shape[-1]
    return {
        "family_names": np.array([*names, "quadruped"]),
        "family_means": np.array([*means, np.zeros(n_betas)], np.float32),
        "family_covariances": np.array([*covariances, np.eye(n_betas)], np.float16),
    }


def about(metres_per_unit: float) -> str:
    """The JSON that says what the file is and whom to thank."""
    return json.dumps({
        "format": "bestiary-animal/1",
        "name": "Bestiary open animal",
        "source": "Dog skin of dm_control 1.0.50 (suite/dog_assets/dog_skin.skn), modified.",
        "licence": "Apache-2.0",
        "credits": [
            "dm_control authors / Google DeepMind: the dog model (Apache-2.0).",
            "Modified for Bestiary: mouth shut, simplified, made symmetric, proportions and stance changed, re-rigged to SMAL's "
            "joint layout, with an authored shape space, species and keypoints.",
        ],
        "metres_per_unit": metres_per_unit,
        "axes": "x forward, y left, z up; model units",
    })  # fmt: skip


def build(package: Path | None, rng: np.random.Generator, count: int) -> tuple[dict[str, Any], dict[str, float]]:
    """All arrays of the file, and what was measured on the way."""
    stance, mirror, groups = make_stance(package)
    warp = stance.warp
    authored = author_species(stance)
    common = np.array([0.35 if breed.family in RARE else 1.0 for breed in BREEDS.values()])
    population = draw_population(stance, list(authored.values()), common / common.sum(), mirror, count, rng)
    directions, explained = principal_directions(population.offsets, N_BETAS)
    directions = directions.astype(np.float16)
    wide = directions.astype(np.float64)
    regressor = joint_regressor(warp, population, mirror)
    height, _ = stance.height_and_length(warp.vertices)
    shapes = [stance.level(authored[name])[1:] for name in BREEDS]
    species = [project(vertices - warp.vertices, wide) for vertices, _ in shapes]
    missed = [np.linalg.norm(regressor @ vertices - joints, axis=1).mean() for vertices, joints in shapes]
    misfit = [
        np.abs(wide @ b + warp.vertices - vertices).max() for b, (vertices, _) in zip(species, shapes, strict=True)
    ]
    arrays = {
        "v_template": warp.vertices.astype(np.float32),
        "shapedirs": directions,
        "J_regressor": regressor.astype(np.float32),
        "J": (regressor @ warp.vertices).astype(np.float32),
        "weights": warp.weights.astype(np.float32),
        "kintree_table": np.stack([PARENTS, np.arange(len(PARENTS))]).astype(np.int32),
        "f": warp.faces.astype(np.int32),
        "joint_names": np.array(JOINT_NAMES),
        "keypoint_names": np.array(NAMES),
        "keypoint_vertices": np.concatenate(groups).astype(np.int32),
        "keypoint_weights": np.concatenate([np.full(len(g), 1 / len(g)) for g in groups]).astype(np.float32),
        "keypoint_offsets": np.cumsum([0, *(len(g) for g in groups)]).astype(np.int32),
        "vertex_mirror": mirror.astype(np.int32),
        "joint_limits": joint_limits().astype(np.float32),
        "species_names": np.array(list(BREEDS)),
        "species_families": np.array([breed.family for breed in BREEDS.values()]),
        "species_betas": np.array(species, np.float32),
        "species_shoulder_height": np.array([breed.height for breed in BREEDS.values()], np.float32),
        "species_body_length": np.array([breed.length for breed in BREEDS.values()], np.float32),
        **family_fields(stance, authored, wide, rng),
        "about": np.array(about(round(DOG_HEIGHT / height, 6))),
    }
    measured = {
        "self_intersecting_rest": float(self_intersecting_faces(warp.vertices, warp.faces).mean()),
        "joint_error": float(np.abs(regressor @ warp.vertices - warp.joints).max()),
        "joint_error_species": float(np.mean(missed)),
        "species_misfit_max": float(np.max(misfit)),
        "explained_10": float(explained[:10].sum()),
        "explained_40": float(explained[:40].sum()),
        "explained_145": float(explained.sum()),
        "max_weights": float((warp.weights > 0).sum(axis=1).max()),
        "nose_to_tail": float(np.ptp(warp.vertices[:, 0])),
        "pelvis_x": float(warp.joints[INDEX["pelvis"], 0]),
    }
    return arrays, measured


def write(arrays: dict[str, Any], out: Path) -> None:
    """Write beside the target, then rename, so that a reader never sees half a file."""
    out.parent.mkdir(parents=True, exist_ok=True)
    half = out.with_suffix(".part.npz")
    np.savez_compressed(half, **arrays)
    half.replace(out)


def main(arguments: list[str] | None = None) -> int:
    """Command line: build, write, print what was measured."""
    parser = argparse.ArgumentParser(
        prog="python -m bestiary.server.authoring.build", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--package", type=Path, help="dm_control wheel or unpacked folder (default: the installed one)")
    parser.add_argument("--out", type=Path, required=True, help="the .npz to write")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--animals", type=int, default=2000, help="how many random animals span the shape space")
    options = parser.parse_args(arguments)
    try:
        arrays, measured = build(options.package, np.random.default_rng(options.seed), options.animals)
    except SourceError as error:
        print(error, file=sys.stderr)
        return 2
    write(arrays, options.out)
    for name, value in measured.items():
        print(f"{name} {value:.6g}")
    print(f"{options.out}: {options.out.stat().st_size / 2**20:.2f} MiB")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
