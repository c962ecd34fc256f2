"""A herd checked against its own records: every picture by itself, in several processes, into numbers, a table and pictures.

    result = run(folder, out)
    if result.broken: …

`LIMITS` says what must hold. Records that cannot be read are named, the rest is checked all the same.
"""

from __future__ import annotations

import heapq
import math
import multiprocessing
import signal
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from pathlib import Path

from ...animal.default import default_model
from ...animal.model import AnimalModel
from ...animal.model_file import load_model
from ..evaluate.report import markdown_table, write_metrics, write_text
from .check_picture import PictureReport, check_picture
from .fields import RecordError
from .records import Dataset, read_dataset
from .surfaces import Surfaces

LIMITS: dict[str, tuple[str, float]] = {
    "corrupt": ("<=", 0), "points_present": (">=", 1), "reprojection_px_max": ("<=", 0.5), "keypoints_3d_error_m_max": ("<=", 0.001),
    "mask_outline_px_max": ("<=", 1), "visible_outline_px_max": ("<=", 1),
    "mask_iou_min": (">=", 0.99), "ids_known": (">=", 1), "ids_agree": (">=", 1),
    "visible_within_whole": (">=", 1), "areas_agree": (">=", 1), "boxes_agree": (">=", 1), "box_px_max": ("<=", 1),
    "depth_error_percent_max": ("<=", 1), "visible_fraction_error_max": ("<=", 0.001), "visibility_agreement": (">=", 0.99),
    "joints_in_frame_agreement": (">=", 0.999), "facing_agreement": (">=", 1), "left_to_right_agreement": (">=", 1),
    "depth_order_agreement": (">=", 1), "overlap_percent_max": ("<=", 2)}  # fmt: skip
"""What must hold, by measure. A measure that nothing could be measured for (no animal that large) breaks nothing."""

SMALLEST = ("mask_iou_min", "mask_iou_min_all")
"""Of these measures the smallest value counts, of the others the largest, or the mean where the name says so."""
_WORST = 5  # cases that are named for each measure
_TOLD = 200  # problems that are listed
_AHEAD = 4  # pictures given to each process beforehand
_LEFT_OVER = ("*.tmp", ".*.tmp", "*.part*")

Case = tuple[float, str, int]
"""A value, the picture's name, the animal's id (0: the whole picture)."""


@dataclass
class CheckResult:
    """metrics: name → number; broken: the limits that do not hold, in words; problems: what was found, with the picture's
    name; worst: measure → its worst cases; corrupt: names of pictures that could not be read as a whole."""

    metrics: dict[str, float] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    worst: dict[str, list[Case]] = field(default_factory=dict)
    corrupt: list[str] = field(default_factory=list)


def run(
    folder: str | Path,
    out: str | Path,
    model: str | Path | None = None,
    workers: int = 1,
    limit: int | None = None,
    progress: Callable[[float, str], None] | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> CheckResult:
    """Check a data set and write `metrics.json`, `table.md`, `worst_masks.png`, `worst_depth.png` into `out`.

    model: the model's file, None for the open animal. workers: processes. limit: only so many pictures, evenly spread.
    progress(share, words) is called for every picture; where stop() says so, KeyboardInterrupt is raised.
    Raises RecordError for a folder that is no data set, or is another model's.
    """
    folder, out, start = Path(folder), Path(out), time.perf_counter()
    herd, loaded = _opened(folder, model)
    names = spread(herd.names, limit)
    if not names:
        raise RecordError(f"{folder}: holds no records; was anything rendered into it?")
    tally = _Tally()
    for done, report in enumerate(_reports(herd, loaded, model, names, workers, stop), 1):
        tally.add(report)
        if progress is not None:
            progress(done / len(names), f"{done} of {len(names)}")
    result = tally.result(herd, len(names))
    result.metrics["seconds"] = time.perf_counter() - start
    result.broken = list(_broken(result.metrics))
    write_metrics(out, result.metrics)
    write_text(out / "table.md", _table(herd, result))
    from .check_sheet import draw_worst

    draw_worst(herd, Surfaces(loaded), result.worst, out)
    return result


def spread(names: tuple[str, ...], limit: int | None) -> tuple[str, ...]:
    """At most `limit` of the names, evenly spread over them."""
    if limit is None or limit >= len(names):
        return names
    return tuple(names[i * len(names) // limit] for i in range(max(limit, 0)))


def _opened(folder: Path, model: str | Path | None) -> tuple[Dataset, AnimalModel]:
    """The data set and its model. Raises RecordError where they do not belong together."""
    from ...animal.keypoints import SUPERSET

    herd = read_dataset(folder)
    loaded = default_model() if model is None else load_model(model)
    if herd.model_id != loaded.model_id:
        raise RecordError(f"{folder}: its animals are of the model {herd.model_name!r} ({herd.model_id}), this is {loaded.name!r} "
                          f"({loaded.model_id}): give the model's file with --model")
    if herd.keypoint_names != SUPERSET:
        raise RecordError(f"dataset.json: keypoint_names: are not the {len(SUPERSET)} points that this version knows, in their order")
    return herd, loaded


# -- the pictures -----------------------------------------------------------------------------------------------------


def _reports(
    herd: Dataset, model: AnimalModel, file: str | Path | None, names: tuple[str, ...], workers: int, stop: Callable[[], bool]
) -> Iterator[PictureReport]:
    """The reports of all pictures, as they are ready."""
    if workers <= 1 or len(names) == 1:
        surfaces = Surfaces(model)
        for name in names:
            if stop():
                raise KeyboardInterrupt
            yield _one(herd, surfaces, name)
        return
    # Fresh processes: what this one has open (progress bars, threads, CUDA) is not theirs.
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(min(workers, len(names)), context, _begin, (str(herd.folder), None if file is None else str(file)))
    try:
        waiting: deque[Future[PictureReport]] = deque()  # read in their order, so that every run tells the same
        left = iter(names)
        while True:
            while len(waiting) < _AHEAD * workers and (name := next(left, None)) is not None:
                waiting.append(pool.submit(_work, name))
            if not waiting:
                return
            wait([waiting[0]], 0.2)
            if stop():
                raise KeyboardInterrupt
            if waiting[0].done():
                yield waiting.popleft().result()
    except BrokenProcessPool:
        raise RecordError("a process that checked pictures ended unasked, perhaps for want of memory: try --workers 1") from None
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


_state: tuple[Dataset, Surfaces] | None = None  # of a process of the pool


def _begin(folder: str, model: str | None) -> None:
    """Set up a process of the pool; Ctrl-C is the parent's to hear."""
    global _state
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    herd, loaded = _opened(Path(folder), model)
    _state = herd, Surfaces(loaded)


def _work(name: str) -> PictureReport:
    assert _state is not None
    return _one(*_state, name)


def _one(herd: Dataset, surfaces: Surfaces, name: str) -> PictureReport:
    """One picture's report; numbers so wild that they break the arithmetic are a corrupt record, too."""
    try:
        return check_picture(herd, name, surfaces)
    except (ValueError, ArithmeticError, IndexError, MemoryError) as error:
        report = PictureReport(name)
        report.broken(f"cannot be checked ({type(error).__name__}: {str(error)[:200]})")
        return report


# -- the sum ----------------------------------------------------------------------------------------------------------


class _Tally:
    """Adds reports up; holds no more of them than the worst cases."""

    def __init__(self) -> None:
        self.extreme: dict[str, float] = {}
        self.sums: dict[str, list[float]] = {}
        self.counts: dict[str, list[int]] = {}
        self.worst: dict[str, list[Case]] = {}
        self.problems: list[str] = []
        self.corrupt: list[str] = []
        self.told = self.animals = 0
        self.layouts: dict[str, int] = {}

    def add(self, report: PictureReport) -> None:
        """Take one picture in."""
        self.animals += report.animals
        if report.layout:
            self.layouts[report.layout] = self.layouts.get(report.layout, 0) + 1
        if report.corrupt:
            self.corrupt.append(report.name)
        for problem in report.problems:
            self.told += 1
            if len(self.problems) < _TOLD:
                self.problems.append(f"{report.name}: {problem}")
        for measure, (agreeing, every) in report.counts.items():
            counted = self.counts.setdefault(measure, [0, 0])
            counted[0] += agreeing
            counted[1] += every
        for measure, value, animal in report.values:
            self._value(measure, value, (report.name, animal))

    def _value(self, measure: str, value: float, case: tuple[str, int]) -> None:
        value = value if math.isfinite(value) else math.inf
        sign = -1.0 if measure in SMALLEST else 1.0
        summed = self.sums.setdefault(measure, [0.0, 0.0])
        summed[0] += value
        summed[1] += 1
        self.extreme[measure] = sign * max(sign * self.extreme.get(measure, value), sign * value)
        heap = self.worst.setdefault(measure, [])
        heapq.heappush(heap, (sign * value, *case))
        if len(heap) > _WORST:
            heapq.heappop(heap)

    def result(self, herd: Dataset, pictures: int) -> CheckResult:
        """The numbers of the whole data set."""
        self.corrupt.sort()
        self.problems.sort()
        left_over = sum(1 for _ in left_overs(herd.folder))
        metrics: dict[str, float] = {
            "pictures": pictures, "animals": self.animals, "corrupt": len(self.corrupt), "problems": self.told,
            "failed": len(herd.failed), "left_over_files": left_over, "pictures_without_record": _without_record(herd)}  # fmt: skip
        metrics |= {f"pictures_{layout}": count for layout, count in sorted(self.layouts.items())}
        for measure in LIMITS:  # always there, so that a missing one is seen
            metrics.setdefault(measure, math.nan)
        for measure, (agreeing, every) in self.counts.items():
            metrics[measure] = agreeing / every if every else math.nan
        if "boxes_agree" not in self.counts:
            metrics["boxes_agree"] = 1.0 if "box_px_max" in self.extreme else math.nan
        for measure, value in self.extreme.items():
            total, count = self.sums[measure]
            metrics[measure] = total / count if measure.endswith("_mean") else value
            if measure.endswith("_max") and (mean := f"{measure.removesuffix('_max')}_mean") not in self.extreme:
                metrics[mean] = total / count
        worst = {}
        for measure, heap in self.worst.items():
            sign = -1.0 if measure in SMALLEST else 1.0
            worst[measure] = [(sign * value, name, animal) for value, name, animal in sorted(heap, reverse=True)]
        return CheckResult(metrics, [], self.problems, worst, self.corrupt)


def left_overs(folder: Path) -> Iterator[Path]:
    """Half-written files of a run that was killed."""
    found = {path for pattern in _LEFT_OVER for path in folder.rglob(pattern)}
    yield from sorted(found)


def _without_record(herd: Dataset) -> int:
    """Pictures that were being made when a run was killed."""
    names = set(herd.names)
    return sum(1 for path in herd.folder.glob("images/*") if path.suffix == ".png" and path.stem not in names)


def _broken(metrics: dict[str, float]) -> Iterator[str]:
    for measure, (sign, limit) in LIMITS.items():
        value = metrics.get(measure, math.nan)
        if (value > limit) if sign == "<=" else (value < limit):
            yield f"{measure} is {value:.6g}, must be {sign} {limit:g}"


def _table(herd: Dataset, result: CheckResult) -> str:
    """What `table.md` says."""
    metrics = result.metrics
    broken = {text.split(" ", 1)[0] for text in result.broken}
    rows = []
    for measure, (sign, limit) in LIMITS.items():
        value = metrics.get(measure, math.nan)
        held = "**no**" if measure in broken else "not measured" if math.isnan(value) else "yes"
        rows.append([measure, f"{value:.6g}", f"{sign} {limit:g}", held])
    others = [[name, f"{value:.6g}"] for name, value in metrics.items() if name not in LIMITS]
    cases = [[measure, f"{value:.6g}", name, animal or "–"] for measure, found in sorted(result.worst.items())
             for value, name, animal in found[:3] if value != (1 if measure in SMALLEST else 0)]  # fmt: skip
    parts = [f"# {herd.folder.name}\n", markdown_table(["measure", "value", "limit", "holds"], rows),
             markdown_table(["number", "value"], others), "## Worst cases\n",
             markdown_table(["measure", "value", "picture", "animal"], cases)]  # fmt: skip
    if result.corrupt:
        parts.append("## Corrupt\n\n" + "\n".join(f"- {name}" for name in result.corrupt) + "\n")
    if result.problems:
        more = int(metrics["problems"]) - len(result.problems)
        listed = "\n".join(f"- {problem}" for problem in result.problems)
        parts.append(f"## Problems\n\n{listed}\n" + (f"\nand {more} more\n" if more > 0 else ""))
    return "\n".join(parts)
