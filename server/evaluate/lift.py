"""`bestiary evaluate lift`: how well do networks lift the test clips of a folder of motions, species by species?

Sections, each its own question:

    table1    tracks that are 3 pixels off on average (the paper's Table 1), and how sure the networks are of what is right
    clean     exact tracks (its Table 8)
    missing   10 to 60 % of the joints of every frame missing, on top of the noise

Errors are in millimetres on animals of their real size. Every given network is scored as it comes, beside 3D-LFM with
Savitzky-Golay filters, flat depth, and ours with the whole pipeline around it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import spearmanr

from ..data.bars import bar_chart, sheet
from . import lift_methods
from .lift_clips import LEFT_OUT, NOISE_PX, SeenClip, animal_of, read_clips, with_missing, with_noise
from .lift_methods import Method, Prediction, predict
from .lift_metrics import pair, sequence_aligned
from .lift_tally import HEADLINES, Tally, mean_of, method_table, species_table, write_species
from .plot import line_plot
from .report import markdown_table, write_metrics, write_text

Say = Callable[[str], None]
Metrics = dict[str, float]
MISSING = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6)


@dataclass(frozen=True)
class Inputs:
    """What the sections work on.

    clips: exact views; networks: name → (network, card); seed: of noise and missing points; device: torch's;
    pipelines: names of networks that are also run with the whole pipeline around them; baselines: more methods, and flat depth.
    """

    clips: Sequence[SeenClip]
    networks: Mapping[str, tuple[Any, Mapping[str, Any]]]
    out: Path
    seed: int = 0
    device: str = "cpu"
    noise_px: float = NOISE_PX
    baselines: Mapping[str, Method] = field(default_factory=lambda: {"flat": lift_methods.flat})
    pipelines: Sequence[str] = ()
    say: Say = field(default=lambda text: None)

    def named(self, kind: str) -> str | None:
        """The network called by its kind, else the first of that kind; None without one."""
        if kind in self.networks:
            return kind
        return next((name for name, (net, _) in self.networks.items() if getattr(net, "kind", "") == kind), None)

    def methods(self, plain: bool = False) -> dict[str, Method]:
        """All methods by name; plain: each network in one way only, without filters, pipelines and turns."""
        lfm = self.named("lfm")
        found = {name: lift_methods.network(name, net, self.device, not plain, not plain and name == lfm)
                 for name, (net, _) in self.networks.items()}
        around = {} if plain else {f"{name}_pipeline": lift_methods.pipeline(name, self.networks[name][0], self.device)
                                   for name in self.pipelines}  # fmt: skip
        return {**found, **around, **self.baselines}


@dataclass(frozen=True)
class Section:
    """One answer: flat numbers, the Markdown that explains them, and the tallies by what was given."""

    metrics: Metrics
    text: str
    tallies: Mapping[str, Tally]


def run(inputs: Inputs, sections: Sequence[str] = ()) -> Metrics:
    """Measure the sections (all, when none are named), write metrics.json, table.md, species.csv and plots; give the numbers.

    Raises ValueError for a section that does not exist, and when there is no clip or no network.
    """
    unknown = set(sections) - set(SECTIONS)
    if unknown:
        raise ValueError(f"no section {', '.join(sorted(unknown))}; there are {', '.join(SECTIONS)}")
    if not inputs.clips:
        raise ValueError("there is no test clip")
    species = {animal_of(clip.category) for clip in inputs.clips}
    frames = sum(len(clip.tracks) for clip in inputs.clips)
    rigs = len({clip.category for clip in inputs.clips})
    metrics: Metrics = {"clips": len(inputs.clips), "species": len(species), "rigs": rigs, "frames": frames}
    metrics |= {f"parameters_{name}": count for name, count in parameters(inputs).items()}
    text = [f"# Lifting\n\n{len(inputs.clips)} test clips of {len(species)} species on {rigs} rigs, {frames} frames. Millimetres on "
            "animals of their real size; every clip counts alike within its species, every species within the mean.\n"]  # fmt: skip
    tallies: dict[str, Tally] = {}
    for name in sections or SECTIONS:
        inputs.say(name)
        section = SECTIONS[name](inputs)
        metrics |= section.metrics
        tallies |= section.tallies
        text.append(f"\n## {name}\n\n{section.text}")
        write_metrics(inputs.out, metrics)
        write_text(inputs.out / "table.md", "".join(text))
        write_species(inputs.out / "species.csv", tallies)
    return metrics


def table1(inputs: Inputs) -> Section:
    """Noisy tracks: the paper's Table 1, its ratios, and how well the networks know where they are wrong."""
    clips = [with_noise(clip, inputs.noise_px, inputs.seed) for clip in inputs.clips]
    doubts: dict[str, list[dict[str, float]]] = {}

    def look(clip: SeenClip, found: Mapping[str, Prediction]) -> None:
        for name, prediction in found.items():
            if prediction.uncertainty is not None:
                doubts.setdefault(name, []).append(doubt(prediction, clip))

    tally, chosen = measured(inputs, clips, look)
    metrics = numbers_of(tally) | ratios(inputs, tally)
    rows = []
    for name, found in doubts.items():
        means = {key: mean_of(one[key] for one in found) for key in found[0]}
        metrics |= {f"uncertainty_{key}_{name}": value for key, value in means.items()}
        rows.append([name, means["rank"], means["expected"], means["surest_half"], means["other_half"]])
    charts(inputs.out / "errors.png", tally, inputs.named("lfm"))
    text = report(inputs, tally, chosen, f"Tracks are {inputs.noise_px:g} px off on average at 1080 px.")
    text += "\n" + ratio_table(metrics)
    if rows:
        text += "\nHow sure: rank correlation of stated and true errors within a clip; true error divided by the stated one; error in mm "
        text += "of the half that is surest and of the other.\n\n"
        text += markdown_table(["network", "rank", "true / stated", "surest half", "other half"], rows)
    return Section(metrics, text, {"noisy": tally})


def clean(inputs: Inputs) -> Section:
    """Exact tracks."""
    tally, chosen = measured(inputs, inputs.clips)
    return Section(numbers_of(tally, "_clean") | {f"{key}_clean": value for key, value in ratios(inputs, tally).items()},
                   report(inputs, tally, chosen, "Tracks are exact."), {"clean": tally})  # fmt: skip


def missing(inputs: Inputs) -> Section:
    """Noisy tracks with ever more joints missing in every frame."""
    metrics: Metrics = {}
    tallies: dict[str, Tally] = {}
    methods = inputs.methods(plain=True)
    for share in (0.0, *MISSING):
        percent = round(100 * share)
        inputs.say(f"missing {percent} %")
        clips = [with_missing(with_noise(clip, inputs.noise_px, inputs.seed), share, inputs.seed) for clip in inputs.clips]
        tallies[f"missing{percent}"] = tally = Tally()
        for clip in clips:
            tally.add_clip(clip, predict(methods, clip))
        if share:
            metrics |= {f"sa_mpjpe_{name}_missing{percent}": tally.mean(name, "sa_mpjpe") for name in tally.rows}
    names = list(next(iter(tallies.values())).rows)
    shares = [100 * share for share in (0.0, *MISSING)]
    text = []
    for number, title in HEADLINES.items():
        curves = {name: [tally.mean(name, number) for tally in tallies.values()] for name in names}
        rows = [[name, *values] for name, values in curves.items()]
        text.append(f"{title}, mm\n\n" + markdown_table(["missing", *(f"{share:.0f} %" for share in shares)], rows))
        line_plot(inputs.out / f"missing_{number}.png", {name: (shares, values) for name, values in curves.items()},
                  "% of the joints of every frame missing", f"{title}, mm")  # fmt: skip
    return Section(metrics, "\n".join(text), tallies)


SECTIONS: dict[str, Callable[[Inputs], Section]] = {"table1": table1, "clean": clean, "missing": missing}


def measured(
    inputs: Inputs, clips: Sequence[SeenClip], look: Callable[[SeenClip, Mapping[str, Prediction]], None] = lambda clip, found: None
) -> tuple[Tally, dict[str, str]]:
    """All methods on all clips, and which window each filter was given; `look` is shown every clip's predictions."""
    tally, methods = Tally(), inputs.methods()
    for number, clip in enumerate(clips):
        found = predict(methods, clip)
        tally.add_clip(clip, found)
        look(clip, found)
        if number % 10 == 9:
            inputs.say(f"{number + 1} of {len(clips)} clips")
    return tally, tally.keep_best()


def doubt(prediction: Prediction, clip: SeenClip) -> dict[str, float]:
    """Does a network know where it is wrong? Of one clip, errors after the sequence alignment:

    rank: Spearman's correlation of stated and true errors; expected: mean true error over mean stated one (a stated deviation u
    of each coordinate means a mean distance of 1.6 u); surest_half and other_half: mean error in mm of the joints below and above
    the median of what is stated.
    """
    aligned = sequence_aligned(prediction.positions, clip.truth)
    errors = np.linalg.norm(aligned.predicted - aligned.truth, axis=-1)[aligned.known]
    scale = np.linalg.norm(aligned.predicted) / max(float(np.linalg.norm(pair(prediction.positions, clip.truth).predicted)), 1e-12)
    stated = scale * np.asarray(prediction.uncertainty)[aligned.known]
    if len(errors) < 2 or np.ptp(stated) == 0:
        return dict.fromkeys(("rank", "expected", "surest_half", "other_half"), math.nan)
    sure = stated <= np.median(stated)
    return {"rank": float(spearmanr(stated, errors).statistic), "expected": float(errors.mean() / (1.6 * stated.mean())),
            "surest_half": float(errors[sure].mean()), "other_half": float(errors[~sure].mean())}  # fmt: skip


def numbers_of(tally: Tally, suffix: str = "") -> Metrics:
    """sa_mpjpe_NAME, fa_mpjpe_NAME, sa_mpve_NAME and the rest, means over species."""
    return {f"{number}_{method}{suffix}": value for method in tally.rows for number, value in tally.means(method).items()
            if number != "jitter_truth"}  # fmt: skip


def ratios(inputs: Inputs, tally: Tally) -> Metrics:
    """The paper's lifter against 3D-LFM, ours against both, and the pipeline against the bare lifter."""
    lifter, lfm, ours = inputs.named("lifter"), inputs.named("lfm"), inputs.named("bestiary")
    pairs = {"ratio_to_3dlfm": (lifter, lfm), "ratio_bestiary_to_3dlfm": (ours, lfm), "ratio_bestiary_to_lifter": (ours, lifter),
             "ratio_pipeline_to_lifter": (f"{ours}_pipeline", lifter)}  # fmt: skip
    found = {}
    for number in HEADLINES:
        for key, (above, below) in pairs.items():
            if above in tally.rows and below in tally.rows and below is not None and above is not None:
                found[f"{number}_{key}"] = tally.mean(above, number) / tally.mean(below, number)
    return found


def ratio_table(metrics: Metrics) -> str:
    """The ratios as a table; empty without any."""
    keys = sorted({name.split("_ratio_")[1] for name in metrics if "_ratio_" in name and not name.endswith("_clean")})
    titles = [("lifter_" if key.startswith("to_") else "") + key for key in keys]  # the paper's lifter has the plain name
    rows = [[title.replace("_", " "), *(metrics.get(f"{number}_ratio_{key}", math.nan) for number in HEADLINES)]
            for title, key in zip(titles, keys, strict=True)]  # fmt: skip
    return markdown_table(["ratio", *HEADLINES.values()], rows) if rows else ""


def parameters(inputs: Inputs) -> dict[str, int]:
    """How many numbers training moves in each network."""
    return {name: sum(p.numel() for p in net.parameters() if p.requires_grad) for name, (net, _) in inputs.networks.items()}


def charts(path: Path, tally: Tally, reference: str | None) -> None:
    """A bar chart for each of the three numbers; shares are of `reference`."""
    drawn = []
    for number, title in HEADLINES.items():
        names = sorted(tally.rows, key=lambda name: tally.mean(name, number))
        values = [float(f"{tally.mean(name, number):.3g}") for name in names]
        known = [(name, value) for name, value in zip(names, values, strict=True) if math.isfinite(value)]
        whole = None if reference not in tally.rows else tally.mean(str(reference), number)
        drawn.append(bar_chart([name for name, _ in known], [value for _, value in known], f"{title}, mm",
                               "" if whole is None else f"shares are of {reference}", total=whole))  # fmt: skip
    sheet(path, drawn, columns=1)


def report(inputs: Inputs, tally: Tally, chosen: Mapping[str, str], about: str) -> str:
    """One row for each method and the paper's Table 1, below a line about what was given."""
    names = list(tally.rows)
    filters = ", ".join(f"{name} over {window} frames" for name, window in chosen.items())
    note = f" Filters were given the window that suits these clips best: {filters}." if filters else ""
    counts = {name: len(clips) for name, clips in tally.rows.items()}
    short = [f"{name} ({count})" for name, count in counts.items() if count < max(counts.values())]
    note += f" Not on every clip, so that means are of other animals: {', '.join(short)}." if short else ""
    return f"{about}{note}\n\n{method_table(tally, names, parameters(inputs))}\n{species_table(tally, names)}"


def from_folder(motions: Path, networks: Mapping[str, str | Path], out: Path, seed: int = 0, views: int = 1, device: str = "cpu",
                only: Sequence[str] = (), leave_out: Sequence[str] = LEFT_OUT,
                say: Say = lambda text: None) -> Inputs:  # fmt: skip
    """Inputs of a folder of motions and of folders of networks; the one of kind "bestiary" also with its pipeline."""
    opened, baselines = lift_methods.open_networks(networks, device)
    clips = read_clips(motions, seed, views, only=only, leave_out=leave_out)
    return with_pipeline(Inputs(clips, opened, out, seed, device, baselines=baselines, say=say))


def with_pipeline(inputs: Inputs) -> Inputs:
    """The inputs with the whole pipeline around the network of kind "bestiary", where there is one."""
    ours = inputs.named("bestiary")
    return inputs if ours is None else replace(inputs, pipelines=(ours,))
