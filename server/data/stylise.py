"""A rendered herd drawn anew by an image-conditioned generator: other pixels, the same truth, a data set in its own right.

Each picture is drawn from its record's prompt and control maps, and depends on (seed, index) alone. Finished pictures are recognised
and never drawn twice; a picture that cannot be drawn is recorded with the reason, and the run goes on. What the records say of masks,
depth and animals stays true as far as the generator kept to the maps: `agreement` in each record says how far it did.
"""

from __future__ import annotations

import io
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ...animal.npz import read_json, whole_file, write_json
from .agreement import agreement
from .fields import RecordError
from .generator import Generator, Stopped, Style, StyliseError, kind_of
from .records import MAX_RECORD_BYTES, Dataset, Record, read_dataset

MAX_SEED = 1 << 63
_IN_VAIN = 3  # pictures that fail one after the other before any is drawn: then it is not the pictures

Progress = Callable[..., None]


@dataclass
class Outcome:
    """What a run did: pictures drawn, found finished, failed (name → reason), whether it was cancelled, and the drawn ones' agreement."""

    drawn: int
    finished_before: int
    failed: dict[str, str]
    cancelled: bool
    agreements: list[float]


def stylise(
    folder: Path,
    out: Path,
    style: Style,
    seed: int = 0,
    limit: int | None = None,
    progress: Progress | None = None,
    cancel: threading.Event | None = None,
) -> Outcome:
    """Draw the pictures of the herd in `folder` anew into `out`.

    seed: of the generator's noise. limit: only the first so many pictures. progress(fraction, stage) is told how far it is; `cancel`
    ends the run at the next step, with nothing half-written. Raises StyliseError for what no picture can be drawn with, RecordError
    for a folder that is no herd, OSError when `out` cannot be written.
    """
    if not 0 <= seed < MAX_SEED:
        raise StyliseError(f"The seed is {seed}.", "It must be a whole number from 0 on.")
    if limit is not None and limit < 1:
        raise StyliseError(f"The limit is {limit}.", "It must be at least 1.")
    if folder.resolve() == out.resolve():
        raise StyliseError(f"The results would overwrite {folder}.", "Give another folder with --out.")
    herd = read_dataset(folder)
    settings = _settings(style, seed)
    common = {**read_json(folder / "dataset.json", RecordError, MAX_RECORD_BYTES), "stylised": settings}
    begun = _same_run(out, common)
    names = herd.names[:limit]
    todo = [name for name in names if not _finished(out, name, settings)]
    outcome = Outcome(0, len(names) - len(todo), {}, False, [])
    if not todo:
        return outcome
    generator = Generator(style)  # before anything is written: a wrong checkpoint leaves no trace
    if not begun:
        with _writing(out):
            write_json(out / "dataset.json", common)
    _run(herd, out, todo, generator, settings, outcome, progress or _silent, cancel or threading.Event())
    return outcome


def picture_seed(seed: int, index: int) -> int:
    """The seed of one picture's noise: no other picture's, and the same however many are drawn and where."""
    return int(np.random.SeedSequence([seed, index]).generate_state(1, np.uint64)[0] >> np.uint64(1))


def _silent(fraction: float, stage: str = "") -> None:
    pass


def _settings(style: Style, seed: int) -> dict[str, Any]:
    """What a picture depends on besides its record; checkpoints by their folders' names, which are the same on every machine."""
    values = {key: value for key, value in asdict(style).items() if key not in ("device", "offload", "checkpoint", "controlnets")}
    return {"checkpoint": style.checkpoint.resolve().name, "kind": kind_of(style.checkpoint).name,
            "controlnets": [path.resolve().name for path in style.controlnets], "seed": seed, **values}  # fmt: skip


def _same_run(out: Path, common: dict[str, Any]) -> bool:
    """Whether `out` was begun with this dataset.json; StyliseError when it was begun with another."""
    path = out / "dataset.json"
    if not path.exists():
        return False
    before, settings = read_json(path, RecordError, MAX_RECORD_BYTES), common["stylised"]
    if before == common:
        return True
    old = before.get("stylised") if isinstance(before, dict) else None
    differ = [key for key in settings if old.get(key) != settings[key]] if isinstance(old, dict) else []
    raise StyliseError(
        f"{out} holds another data set" + (f": drawn with other {', '.join(differ)}." if differ else "."),
        "Give another folder with --out, or the options of the run that is there.",
    )


def _finished(out: Path, name: str, settings: dict[str, Any]) -> bool:
    """Whether a picture was drawn before; its record is written last."""
    try:
        value = read_json(out / f"records/{name}.json", RecordError, MAX_RECORD_BYTES)
    except (OSError, RecordError):
        return False
    stylised = value.get("stylised") if isinstance(value, dict) else None
    image = value.get("image") if isinstance(value, dict) else None
    same = isinstance(stylised, dict) and all(stylised.get(key) == settings[key] for key in settings)
    return same and isinstance(image, str) and (out / image).is_file()


def _run(
    herd: Dataset, out: Path, names: list[str], generator: Generator, settings: dict[str, Any], outcome: Outcome,
    progress: Progress, cancel: threading.Event,
) -> None:
    """Draw one picture after the other and keep count."""
    start, in_vain = time.monotonic(), 0
    for place, name in enumerate(names):
        ticker = _Ticker(progress, cancel, place, len(names), generator.style.steps, start)
        if ticker():
            outcome.cancelled = True
            return
        try:
            record = herd.record(name)
            drawn, score = _draw(herd, record, generator, settings["seed"], ticker)
        except Stopped:
            outcome.cancelled = True
            return
        except (RecordError, OSError) as error:  # the source is at fault
            _fail(out, name, error, outcome)
            continue
        except Exception as error:  # whatever a pipeline raises concerns this picture
            _fail(out, name, error, outcome)
            in_vain += 1
            if not outcome.drawn and in_vain >= _IN_VAIN:
                raise StyliseError(f"The first {in_vain} pictures all failed: {_reason(error)}", f"See {out / 'failed'}.") from error
            continue
        if _keep(herd, record, out, drawn, {**settings, "picture_seed": picture_seed(settings["seed"], record.index),
                                            "agreement": score.values()}, outcome):  # fmt: skip
            outcome.drawn += 1
            if score.overall is not None:
                outcome.agreements.append(score.overall)
    progress(1.0, f"{outcome.drawn} pictures drawn")


class _Ticker:
    """Tells progress after every step of a picture, and whether to stop."""

    def __init__(self, progress: Progress, cancel: threading.Event, place: int, total: int, steps: int, start: float) -> None:
        self.progress, self.cancel, self.place, self.total, self.steps, self.start = progress, cancel, place, total, steps, start
        self.step = -1

    def __call__(self) -> bool:
        self.step += 1
        done = self.place + min(self.step / self.steps, 1.0)
        left = ""
        if done > 0:
            seconds = (time.monotonic() - self.start) / done
            left = f", {60 / max(seconds, 1e-9):.1f} a minute, {_clock(seconds * (self.total - done))} left"
        self.progress(done / self.total, f"picture {self.place + 1} of {self.total}{left}")
        return self.cancel.is_set()


def _clock(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"


def _draw(herd: Dataset, record: Record, generator: Generator, seed: int, stopped: Callable[[], bool]) -> tuple[NDArray[np.uint8], Any]:
    """A picture (H, W, 3) by its record's prompt and maps, and how well it agrees with the truth."""
    files = {"canny": record.canny, "depth": record.control_depth}
    maps = []
    for kind in generator.style.maps:
        file = files[kind]
        if file is None:
            raise RecordError(f"records/{record.name}.json: there is no {kind} map to steer by; render the herd with control maps")
        maps.append(_map(herd, record, file))
    drawn = generator.draw(record.prompt, maps, herd.image(record), picture_seed(seed, record.index), stopped)
    return drawn, agreement(drawn, herd.ids(record))


def _map(herd: Dataset, record: Record, file: str) -> NDArray[np.uint8]:
    """A control map as RGB (H, W, 3)."""
    try:
        with Image.open(herd.path(file), formats=["PNG"]) as picture:
            if picture.size != (record.width, record.height) or picture.mode not in ("L", "RGB"):
                raise RecordError(f"{file}: must be 8 bit and {record.width} x {record.height} pixels, as the record says")
            return np.array(picture.convert("RGB"))
    except FileNotFoundError:
        raise RecordError(f"{file}: is missing") from None
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        if isinstance(error, RecordError):
            raise
        raise RecordError(f"{file}: damaged or no picture") from None


def _keep(
    herd: Dataset, record: Record, out: Path, drawn: NDArray[np.uint8], stylised: dict[str, Any], outcome: Outcome
) -> bool:
    """Write a picture with all its truth, the record last; gives whether the truth's files were all there."""
    value = read_json(herd.folder / f"records/{record.name}.json", RecordError, MAX_RECORD_BYTES)
    image = f"images/{record.name}.png"
    others = sorted({file for what, file in record.files.items() if what != "image"})
    missing = [file for file in others if file == image or not herd.path(file).is_file()]
    if missing:
        _fail(out, record.name, RecordError(f"{missing[0]}: is missing"), outcome)
        return False
    with _writing(out):
        for file in others:
            with herd.path(file).open("rb") as source, whole_file(out / file) as target:
                shutil.copyfileobj(source, target)
        encoded = io.BytesIO()
        Image.fromarray(drawn).save(encoded, "PNG")
        with whole_file(out / image) as target:
            target.write(encoded.getvalue())
        write_json(out / f"records/{record.name}.json", {**value, "image": image, "stylised": stylised})
        (out / f"failed/{record.name}.json").unlink(missing_ok=True)
    return True


def _fail(out: Path, name: str, error: Exception, outcome: Outcome) -> None:
    """Record why a picture could not be drawn."""
    outcome.failed[name] = _reason(error)
    with _writing(out):
        write_json(out / f"failed/{name}.json", {"reason": _reason(error), "details": f"{type(error).__name__}: {str(error)[:2000]}"})


def _reason(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:300] if lines else type(error).__name__


@contextmanager
def _writing(out: Path) -> Iterator[None]:
    """A full disk or a forbidden folder ends the run, with words: every further picture would fail alike."""
    try:
        yield
    except OSError as error:
        raise StyliseError(
            f"{error.filename or out} cannot be written: {error.strerror or error}.",
            "Make room or choose another --out, then start again: finished pictures are kept.",
        ) from error
