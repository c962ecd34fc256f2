"""The torch body against `smplx.lbs.lbs`, the function one would call instead: same model, same inputs, one run.

The two take turns, and the fastest call of each is compared: what else a machine does only ever adds time. Ratios of
medians stand beside them (`speedup_median_*`). smplx needs pose
correctives; a model without them is given zeros there. Because that favours our side, every measurement is repeated
with random dense correctives, where both do all the work (`*_correctives`). `trans` is added on both sides.
Backward means the gradient of a weighted sum of all vertices and joints through betas, pose and trans.
Peak memory is measured per implementation in a process of its own (`peak.py`).
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ..animal.model import AnimalModel
from ..server.body import Body
from ..server.evaluate.report import markdown_table, write_metrics, write_text
from .peak import peak_in_process, print_peak

Forward = Callable[[torch.Tensor, torch.Tensor, torch.Tensor], tuple[torch.Tensor, torch.Tensor]]
SIDES = ("bestiary", "smplx")


@dataclass(frozen=True)
class Case:
    """One measurement: batch size, with or without gradient, with or without dense pose correctives."""

    batch: int
    grad: bool
    correctives: bool

    @property
    def key(self) -> str:
        return f"{'grad_' if self.grad else ''}b{self.batch}{'_correctives' if self.correctives else ''}"


def run(out: Path, model: Path | None = None, batches: tuple[int, ...] = (1, 32, 256), seconds: float = 4.0,
        threads: int = 0, memory: bool = True, seed: int = 0) -> dict[str, float]:
    """Measure, write `metrics.json` and `table.md` into `out`, and give the metrics.

    model: a model file (default: the default animal); seconds: time for each case; threads: of torch, 0 leaves it as it
    is; memory: also measure peak memory (a process for each case and side).
    """
    if threads:
        torch.set_num_threads(threads)
    animal = _open(model)
    cases = [Case(b, grad, dense) for dense in (False, True) for b in batches for grad in (False, True)]
    metrics: dict[str, float] = {"threads": torch.get_num_threads()}
    rows: list[list[Any]] = []
    for case in cases:
        calls = time_case(_prepared(animal, case), case, seconds, seed)
        times = {side: min(values) for side, values in calls.items()}
        medians = {side: float(np.median(values)) for side, values in calls.items()}
        row: list[Any] = [case.batch, _yes(case.grad), _yes(case.correctives), *(1e3 * times[s] for s in SIDES)]
        metrics[f"speedup_{case.key}"] = times["smplx"] / times["bestiary"]
        metrics[f"speedup_median_{case.key}"] = medians["smplx"] / medians["bestiary"]
        row.append(metrics[f"speedup_{case.key}"])
        for side in SIDES:
            metrics[f"ms_{side}_{case.key}"] = 1e3 * times[side]
        if memory:
            peaks = {side: _peak_in_process(side, case, model, threads, seed) for side in SIDES}
            metrics[f"memory_ratio_{case.key}"] = peaks["bestiary"] / peaks["smplx"]
            row += [peaks["bestiary"] / 2**20, peaks["smplx"] / 2**20, metrics[f"memory_ratio_{case.key}"]]
        rows.append(row)
    columns = ["animals", "gradient", "dense correctives", "ours ms", "smplx ms", "speed-up"]
    columns += ["ours peak MB", "smplx peak MB", "memory ratio"] if memory else []
    about = (f"Torch body against smplx.lbs: {animal.name}, {animal.n_vertices} vertices, {animal.n_joints} joints, "
             f"{animal.n_betas} betas; torch {torch.__version__}, {torch.get_num_threads()} threads, float32, CPU.\n\n")
    write_text(Path(out) / "table.md", about + markdown_table(columns, rows))
    write_metrics(Path(out), metrics)
    return metrics


def time_case(model: AnimalModel, case: Case, seconds: float, seed: int) -> dict[str, list[float]]:
    """The seconds of every call of both sides, which take turns for about `seconds`."""
    inputs, pull = inputs_for(model, case, seed)
    calls = {side: _call(forward_of(side, model), inputs, pull, case.grad) for side in SIDES}
    for call in calls.values():
        call()
    times: dict[str, list[float]] = {side: [] for side in SIDES}
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(times["smplx"]) < 5:
        order = SIDES if len(times["smplx"]) % 2 else SIDES[::-1]
        for side in order:
            start = time.perf_counter()
            calls[side]()
            times[side].append(time.perf_counter() - start)
    return times


def forward_of(side: str, model: AnimalModel) -> Forward:
    """The function betas (B, nb), pose (B, J, 3), trans (B, 3) → vertices, joints of one of the SIDES."""
    if side == "bestiary":
        body = Body(model)
        return lambda betas, pose, trans: tuple(body(betas, pose, trans))  # type: ignore[return-value]
    from smplx.lbs import lbs

    n = 9 * (model.n_joints - 1)
    flat = np.zeros((n, 3 * model.n_vertices)) if model.posedirs is None else model.posedirs.reshape(-1, n).T
    regressor = model.J_regressor
    if regressor is None:
        raise ValueError("smplx knows no joints that stand still: choose a model with a J_regressor")
    arrays = [torch.tensor(np.ascontiguousarray(a), dtype=torch.float32)
              for a in (model.v_template, model.shapedirs, flat, regressor)]
    parents, weights = torch.tensor(model.parents.copy()).long(), torch.tensor(model.weights.copy()).float()

    def forward(betas: torch.Tensor, pose: torch.Tensor, trans: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        vertices, joints = lbs(betas, pose.flatten(1), *arrays, parents, weights)
        return vertices + trans[:, None], joints + trans[:, None]

    return forward


def inputs_for(model: AnimalModel, case: Case, seed: int) -> tuple[list[torch.Tensor], tuple[torch.Tensor, torch.Tensor]]:
    """Random betas, pose and trans, and the weights of the sum whose gradient is taken."""
    generator = torch.Generator().manual_seed(seed)
    shapes = (case.batch, model.n_betas), (case.batch, model.n_joints, 3), (case.batch, 3)
    inputs = [torch.randn(shape, generator=generator) * 0.4 for shape in shapes]
    pull = (torch.randn(case.batch, model.n_vertices, 3, generator=generator),
            torch.randn(case.batch, model.n_joints, 3, generator=generator))
    return [x.requires_grad_(case.grad) for x in inputs], pull


def _call(forward: Forward, inputs: list[torch.Tensor], pull: tuple[torch.Tensor, torch.Tensor],
          grad: bool) -> Callable[[], object]:
    if grad:
        return lambda: torch.autograd.grad(forward(*inputs), inputs, pull)

    def call() -> object:
        with torch.no_grad():
            return forward(*inputs)

    return call


def _open(path: Path | None) -> AnimalModel:
    if path is None:
        from ..animal.default import default_model

        return default_model()
    from ..animal.model_file import open_model

    return open_model(path)


def _prepared(model: AnimalModel, case: Case) -> AnimalModel:
    """The model, with random dense pose correctives if the case asks for them."""
    if not case.correctives:
        return model
    shape = (model.n_vertices, 3, 9 * (model.n_joints - 1))
    return replace(model, posedirs=np.random.default_rng(0).normal(scale=1e-3, size=shape))


def _yes(value: bool) -> str:
    return "yes" if value else "no"


# -- peak memory, in a process of its own ---------------------------------------------------------------------------


def _peak_in_process(side: str, case: Case, model: Path | None, threads: int, seed: int) -> float:
    """Bytes by which one call raises the resident set of a fresh process."""
    job = {"side": side, "case": case.__dict__, "model": None if model is None else str(model), "threads": threads,
           "seed": seed}
    return peak_in_process("body", "report_peak", job)


def report_peak(job: str) -> None:
    """Print the bytes by which one call of a job (JSON) raises this process's resident set. Runs in a child process."""
    given = json.loads(job)
    if given["threads"]:
        torch.set_num_threads(given["threads"])
    case = Case(**given["case"])
    model = _prepared(_open(given["model"] and Path(given["model"])), case)
    inputs, pull = inputs_for(model, case, given["seed"])
    call = _call(forward_of(given["side"], model), inputs, pull, case.grad)
    small = Case(1, case.grad, case.correctives)
    warm, warm_pull = inputs_for(model, small, given["seed"])
    _call(forward_of(given["side"], model), warm, warm_pull, case.grad)()  # threads and buffers of the libraries
    print_peak(call)
