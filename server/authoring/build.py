"""Make the open animal's file: template, registered animals, species, shape space, and what other stages add.

    python -m bestiary.server.authoring.build --package dm_control-1.0.50-py3-none-any.whl --out animal/data/open_animal.npz

Without --package an installed dm_control is used. The same seed and sources give the same file to 1e-5. The slow stages
keep their results in --cache under a digest of what they were made from.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import inspect
import json
import sys
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ...animal.npz import write_npz
from .authored import SETTLING, Authored, Sources, Studio, measured_breeds
from .base import make_stance
from .breeds import BREEDS, Breed
from .landmarks import NAMES
from .limits import family_limits, joint_limits
from .measures import TRUNKED, Ruler, Table, summary
from .skeleton import JOINT_NAMES, PARENTS, joint_mirror
from .sliders import slider_fields
from .solve import Wanted, expected, targets
from .source import SourceError
from .space import FLIP, Space, error_curve, families, inside, joint_regressor
from .stages import cached, digest
from .surface import self_intersecting_faces

N_BETAS = 145
INDIVIDUALS = 8  # drawn of each species and source
OUTSIDE = {"LEar", "REar"}  # joints that stand in skin so thin that inside and outside mean little
AUTHORING = ("solve", "population", "warp", "proportions", "head", "feet", "giants", "docking")
KEPT = ("parameters", "vertices", "joints", "metres_per_unit", "folded")  # of a species, in the cache
LICENCE = "CC0-1.0"
SOURCE = (
    "Shape space, species and rig: Bestiary (CC0-1.0). Template surface made from the dog skin of dm_control 1.0.50 "
    "(Apache-2.0); shapes learned from registrations to CC0 and MIT animals."
)
CREDITS = (
    "Template: the dog of dm_control 1.0.50 (suite/dog_assets/dog_skin.skn), Google DeepMind with the Royal Veterinary "
    "College, Apache-2.0; changed: mouth shut, simplified, made symmetric, re-rigged to SMAL's joints.",
    "Shapes: the rodent of dm_control, Google DeepMind, Apache-2.0.",
    "Shapes: animals of Quaternius, CC0-1.0.",
    "Shapes: animals of Mesh2Motion, CC0-1.0.",
    "Shapes: the fox of Khronos' glTF samples, the mesh by PixelMannen, CC0-1.0.",
    "Shapes: PIG_model, MIT.",
)


@dataclass(frozen=True)
class Built:
    """What the shape stage gives: the space, its regressor (35, V), the species, their betas (S, B), measures in metres."""

    studio: Studio
    space: Space
    regressor: np.ndarray
    breeds: Mapping[str, Breed]
    authored: Mapping[str, Authored]
    betas: np.ndarray
    table: Table
    family_fields: dict[str, np.ndarray]
    curve: np.ndarray

    def found(self) -> dict[str, dict[str, float]]:
        """The measures of every species as the file will give it back, in metres."""
        result = {}
        for (name, animal), betas in zip(self.authored.items(), self.betas, strict=True):
            vertices = self.space.shape(betas)
            measures = self.studio.ruler.measure(
                vertices[None], (self.regressor @ vertices)[None], animal.family in TRUNKED
            )
            result[name] = {key: animal.metres_per_unit * float(value[0]) for key, value in measures.items()}
        return result


def registered_sources(path: Path) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Vertices and joints of every registered animal; none when registration has not been run."""
    if not path.exists() or importlib.util.find_spec(f"{__package__}.registration") is None:
        return {}
    loaded = importlib.import_module(f"{__package__}.registration").load_registered(path)
    return {name: (source.vertices, source.joints) for name, source in sorted(loaded.items())}


def author(studio: Studio, breeds: Mapping[str, Breed], table: Table, cache: Path | None) -> dict[str, Authored]:
    """Every species, solved; from the cache where nothing that it is made of has changed."""
    warp = studio.template.warp
    own_steps = [inspect.getsource(step) for step in (Studio, Ruler)]
    common = digest([warp.vertices, warp.joints, warp.fields, *own_steps], AUTHORING)
    guessed = expected(table, {name: breed.family for name, breed in breeds.items()})
    result = {}
    for name, breed in breeds.items():
        wanted = targets(table[name], guessed.get(name, {}))
        numbers = {key: (round(want.value, 9), round(want.spread, 9)) for key, want in wanted.items()}
        recipe = json.dumps([common, breed.family, dict(breed.traits), dict(breed.base), numbers])
        sources = [array for source in breed.base for array in studio.sources.get(source, ())]
        kept = cached(
            cache and cache / "species", name, [recipe, *sources], partial(_authored, studio, breed, wanted), ()
        )
        scale, joints, vertices = float(kept["metres_per_unit"]), kept["joints"], kept["vertices"]
        found = studio.ruler.measure(vertices[None], joints[None], breed.family in TRUNKED)
        measures = {key: scale * float(value[0]) for key, value in found.items()}
        result[name] = Authored(
            breed.family, kept["parameters"], vertices, joints, scale, measures, float(kept["folded"])
        )
    return result


def _authored(studio: Studio, breed: Breed, wanted: Mapping[str, Wanted]) -> dict[str, np.ndarray]:
    animal = studio.author(breed, wanted)
    return {name: np.asarray(getattr(animal, name)) for name in KEPT}


def build_space(
    studio: Studio, rng: np.random.Generator, individuals: int = INDIVIDUALS, without: Collection[str] = (), cache: Path | None = None,
    settling: int = SETTLING,
) -> Built:  # fmt: skip
    """The shape space with everything that hangs on it.

    without: names of sources that the space shall know nothing of; species based on them then stand on what else their
    bases name. Fewer individuals and one round of settling (see `Studio.settle`) are faster.
    """
    unknown = set(without) - set(studio.sources)
    if unknown:
        raise ValueError(f"no registered animal is called {', '.join(sorted(unknown))}; there are {', '.join(studio.sources)}")
    studio = studio.without(without)
    breeds, table = measured_breeds()
    authored = author(studio, breeds, table, cache)
    vertices, joints, _ = studio.individuals(breeds, authored, individuals, rng)
    known = [animal.vertices for animal in authored.values()] + [source[0] for source in studio.sources.values()]
    mean = studio.relaxed(np.asarray(vertices.mean(axis=0), np.float64))
    space, exact = studio.settle(np.stack([mean, *known]), vertices, N_BETAS, 1 + len(authored), settling)
    betas = space.project(exact)
    shapes = np.concatenate([space.shape(betas[1:]), vertices[::5]])
    rig = np.concatenate(
        [[a.joints for a in authored.values()], *([s[1]] for s in studio.sources.values()), joints[::5]]
    )
    emphasis = np.concatenate([np.full(len(exact) - 1, 3.0), np.ones(len(joints[::5]))])
    regressor = joint_regressor(shapes, rig, studio.mirror, emphasis)
    species = betas[1 : 1 + len(authored)].astype(np.float32).astype(np.float64)
    spread = space.project(vertices).reshape(-1, individuals, betas.shape[1])
    spread = (spread - spread.mean(axis=1, keepdims=True)).reshape(-1, betas.shape[1])
    within = spread.T @ spread / (len(spread) * (1 - 1 / individuals))
    kin = families(species, [animal.family for animal in authored.values()], within)
    fields = {
        "family_names": np.array(list(kin)),
        "family_means": np.round([mean for mean, _ in kin.values()], 6).astype(np.float32),
        "family_covariances": np.array([covariance for _, covariance in kin.values()], np.float16),
    }
    counts = np.array([c for c in (1, 2, 5, 10, 20, 40, 60, 80, 100, 120, 145) if c <= betas.shape[1]])
    errors = error_curve(space, np.asarray(exact[1:]), counts.tolist()) / studio.length
    curve = np.concatenate([counts[:, None], 100 * errors.mean(axis=1)[:, None], 100 * errors.max(axis=1)[:, None]], axis=1)
    return Built(studio, space, regressor, breeds, authored, species, table, fields, curve)


def rig_arrays(built: Built, groups: list[np.ndarray]) -> dict[str, Any]:
    """Surface, shape space, skeleton and named points."""
    warp, space = built.studio.template.warp, built.space
    return {
        "v_template": space.mean,
        "shapedirs": space.directions,
        "J_regressor": built.regressor.astype(np.float32),
        "J": (built.regressor @ space.mean.astype(np.float64)).astype(np.float32),
        "weights": warp.weights.astype(np.float32),
        "kintree_table": np.stack([PARENTS, np.arange(len(PARENTS))]).astype(np.int32),
        "f": warp.faces.astype(np.int32),
        "joint_names": np.array(JOINT_NAMES),
        "keypoint_names": np.array(NAMES),
        "keypoint_vertices": np.concatenate(groups).astype(np.int32),
        "keypoint_weights": np.concatenate([np.full(len(g), 1 / len(g)) for g in groups]).astype(np.float32),
        "keypoint_offsets": np.cumsum([0, *(len(g) for g in groups)]).astype(np.int32),
        "vertex_mirror": built.studio.mirror.astype(np.int32),
        "joint_limits": joint_limits().astype(np.float32),
    }


def species_arrays(built: Built) -> dict[str, Any]:
    """The species with their sizes, coats and parts, the families with their limits, and the sliders."""
    names, found = list(built.authored), built.found()
    arrays = {
        "species_names": np.array(names),
        "species_families": np.array([animal.family for animal in built.authored.values()]),
        "species_betas": built.betas.astype(np.float32),
        "species_shoulder_height": np.array([built.table[name]["shoulder_height"].value for name in names], np.float32),
        "species_body_length": np.round([found[name]["trunk_length"] for name in names], 4).astype(np.float32),
        **built.family_fields,
        "family_joint_limits": family_limits([str(name) for name in built.family_fields["family_names"]]).astype(np.float32),
        **slider_fields(built.space, built.regressor, built.studio.template, built.studio.ruler),
    }
    coats, parts = (_table(module, name) for module, name in (("coats", "COATS"), ("parts", "PARTS")))
    texts = [coats[name].to_json() if name in coats else "" for name in names]
    pieces = [json.dumps([json.loads(part.to_json()) for part in parts[name]]) if parts.get(name) else "" for name in names]
    return arrays | {"species_coats": np.array(texts), "species_parts": np.array(pieces)}


def _table(module: str, name: str) -> Mapping[str, Any]:
    if importlib.util.find_spec(f"{__package__}.{module}") is None:
        return {}
    return getattr(importlib.import_module(f"{__package__}.{module}"), name)


def surface_arrays(built: Built, groups: list[np.ndarray], weights: np.ndarray) -> dict[str, Any]:
    """Texture coordinates and regions, found on the template, whose parts stand clear of each other."""
    from .layout import uv
    from .regions import regions

    warp, mirror = built.studio.template.warp, built.studio.mirror
    coordinates, corners = uv(warp.vertices, warp.faces, mirror, warp.weights)
    names, table = regions(
        warp.vertices, warp.faces, mirror, warp.joints, weights, dict(zip(NAMES, [g.tolist() for g in groups], strict=True))
    )
    return {
        "uv": np.round(coordinates, 6).astype(np.float32),
        "uv_faces": corners.astype(np.int32),
        "region_names": np.array(names),
        "region_weights": np.asarray(table, np.float32),
    }


def skinning_arrays(built: Built, rng: np.random.Generator, cache: Path | None) -> dict[str, np.ndarray]:
    """Weights and pose correctives, solved on the mean animal and on a few that differ most."""
    from .skinning import solve_skinning

    warp, space = built.studio.template.warp, built.space
    mean = space.mean.astype(np.float64)
    names = [name for name in ("horse", "bear") if name in built.authored]
    others = [space.shape(built.betas[list(built.authored).index(name)]) for name in names]
    bodies = [(shape, built.regressor @ shape) for shape in others]

    def make() -> dict[str, np.ndarray]:
        weights, posedirs = solve_skinning(
            mean, warp.faces, built.studio.mirror, built.regressor @ mean, warp.weights, joint_limits(), rng, bodies
        )
        return {"weights": weights.astype(np.float32), "posedirs": posedirs.astype(np.float16)}

    inputs = [mean, *others, warp.weights, joint_limits()]
    return cached(cache, "skinning", inputs, make, ("skinning", "skinning_flesh"))


def about(metres_per_unit: float, registered: int) -> str:
    """The JSON that says what the file is, what it is made of and whom to thank."""
    return json.dumps({
        "format": "bestiary-animal/1",
        "name": "Bestiary open animal",
        "source": SOURCE,
        "licence": LICENCE,
        "credits": list(CREDITS if registered else CREDITS[:1]),
        "metres_per_unit": metres_per_unit,
        "axes": "x forward, y left, z up; model units",
    })  # fmt: skip


def report(built: Built, arrays: Mapping[str, Any]) -> dict[str, float]:
    """What was measured on the way."""
    space, studio, betas = built.space, built.studio, built.betas
    shapes = space.shape(betas)
    asked = np.stack([animal.vertices for animal in built.authored.values()])
    joints = np.einsum("jv,nvd->njd", built.regressor, shapes)
    wanted = np.stack([animal.joints for animal in built.authored.values()])
    folded = np.array([studio.folded(shape) for shape in shapes])
    deep = [index for index, name in enumerate(JOINT_NAMES) if name not in OUTSIDE]
    out = [(~inside(joints[n][deep], shapes[n], studio.faces)).sum() for n in range(len(shapes))]
    missed = np.sqrt(((shapes - asked) ** 2).sum(axis=2).mean(axis=1)) / studio.length
    return {
        "species": len(betas),
        "sources": len(studio.sources),
        "template_folded_percent": 100 * float(self_intersecting_faces(space.mean.astype(float), studio.faces).mean()),
        "species_folded_worst_percent": 100 * float(folded.max()),
        "species_folded_above_0.1_percent": int((folded > 0.001).sum()),
        "species_error_rms_worst_percent": 100 * float(missed.max()),
        "joint_error_mean_percent": 100 * float(np.linalg.norm(joints - wanted, axis=2).mean() / studio.length),
        "joint_error_worst_percent": 100 * float(np.linalg.norm(joints - wanted, axis=2).max() / studio.length),
        "joint_symmetry": float(np.abs(joints[:, joint_mirror()] * FLIP - joints).max()),
        "joints_outside": int(np.sum(out)),
        "betas_largest": float(np.abs(betas).max()),
        "explained_10": float(space.explained[:10].sum()),
        "explained_40": float(space.explained[:40].sum()),
        "explained_145": float(space.explained.sum()),
        **summary(built.found(), built.table),
    }


def build(
    package: Path | None, registered: Path, cache: Path | None, seed: int, stages: set[str]
) -> tuple[dict[str, Any], dict[str, float], Built]:
    """All arrays of the file, what was measured, and the shape stage's result; stages: which optional ones are run."""
    template, mirror, groups = make_stance(package)
    sources: Sources = registered_sources(registered)
    missing = {source for breed in BREEDS.values() for source in breed.base} - set(sources)
    if missing:
        print(f"not registered, so left out of the species that build on them: {', '.join(sorted(missing))}", file=sys.stderr)
    built = build_space(Studio(template, mirror, groups, sources), np.random.default_rng(seed), cache=cache)
    arrays = rig_arrays(built, groups) | species_arrays(built)
    if "skinning" in stages:
        arrays |= skinning_arrays(built, np.random.default_rng(seed), cache)
    if "surface" in stages:
        arrays |= surface_arrays(built, groups, template.warp.weights)
    scale = built.authored["dog"].metres_per_unit
    arrays["about"] = np.array(about(round(scale, 6), len(sources)))
    return arrays, report(built, arrays), built


def main(arguments: list[str] | None = None) -> int:
    """Command line: build, write, print what was measured."""
    parser = argparse.ArgumentParser(
        prog="python -m bestiary.server.authoring.build", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--package", type=Path, help="dm_control wheel or unpacked folder (default: the installed one)")
    parser.add_argument("--registered", type=Path, default=Path("build/animal/registered.npz"), help="of the registration")
    parser.add_argument("--out", type=Path, required=True, help="the .npz to write")
    parser.add_argument("--cache", type=Path, default=Path("build/animal"), help="folder for the slow stages' results")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--leave-out", nargs="*", default=[], choices=["skinning", "surface"], help="stages not to run")
    options = parser.parse_args(arguments)
    try:
        stages = {"skinning", "surface"} - set(options.leave_out)
        arrays, measured, built = build(options.package, options.registered, options.cache, options.seed, stages)
    except SourceError as error:
        print(error, file=sys.stderr)
        return 2
    options.out.parent.mkdir(parents=True, exist_ok=True)
    write_npz(options.out, arrays)
    for name, value in measured.items():
        print(f"{name} {value:.6g}")
    print("directions, mean and worst error in % of the trunk's length:")
    for count, mean, worst in built.curve:
        print(f"  {count:.0f} {mean:.3f} {worst:.3f}")
    print(f"{options.out}: {options.out.stat().st_size / 2**20:.2f} MiB")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
