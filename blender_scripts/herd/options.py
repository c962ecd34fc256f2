"""What a run renders: the options of `render_herd.py`, from the command line or a JSON file, checked before anything starts."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from ...animal.npz import read_json
from .plan import GROUNDS, LAYOUTS, LIGHTS

ENGINES = ("cycles", "eevee", "workbench")
PRESETS = ("train", "beauty")
MOST_ANIMALS = 8
MOST_PIXELS = 64_000_000
"""Of one picture: as many as every reader of data sets takes."""
_RESOLUTIONS = (32, 8192)
_MOST_CONFIG = 1 << 20  # bytes
_MOST_THREADS = 1024
_DEFAULT_RESOLUTION = {"train": 320, "beauty": 1024}


class OptionError(ValueError):
    """An option that cannot be used; the message names it and says what it takes."""


@dataclass(frozen=True)
class Options:
    """Everything that decides what the pictures are. Where they go and which share of them is rendered here is not part of it."""

    images: int = 10
    seed: int = 0
    layout: str = "herd3d"
    animals: tuple[int, int] = (1, MOST_ANIMALS)
    species: tuple[str, ...] = ()
    families: tuple[str, ...] = ()
    young: float = -1.0
    preset: str = "train"
    resolution: tuple[int, int] = (0, 0)
    engine: str = "cycles"
    samples: int = 0
    denoise: bool = False
    grounds: tuple[str, ...] = ()
    lights: tuple[str, ...] = ()
    motion_blur: bool = False
    depth_of_field: bool = False
    noise: bool = False
    hair: bool = False
    model: str = ""
    assets: str = ""
    asset_share: float = 0.5
    backgrounds: str = ""
    background_share: float = 0.5

    def __post_init__(self) -> None:
        for name, known in (("layout", LAYOUTS), ("engine", ENGINES), ("preset", PRESETS)):
            _one_of(name, getattr(self, name), known)
        for name, known in (("grounds", GROUNDS), ("lights", LIGHTS)):
            for value in getattr(self, name):
                _one_of(name, value, known)
        _whole("images", self.images, 1, 100_000_000)
        _whole("seed", self.seed, 0, 2**63 - 1)
        _whole("samples", self.samples, 0, 65536)
        low, high = self.animals
        _whole("animals", low, 1, MOST_ANIMALS)
        _whole("animals", high, low, MOST_ANIMALS)
        if self.resolution != (0, 0):
            for side in self.resolution:
                _whole("resolution", side, *_RESOLUTIONS)
            if self.resolution[0] * self.resolution[1] > MOST_PIXELS:
                raise OptionError(f"--resolution takes {MOST_PIXELS} pixels at most, not {self.resolution[0]} x {self.resolution[1]}.")
        if not (self.young == -1 or 0 <= self.young <= 1):
            raise OptionError(f"--young takes a share from 0 to 1, not {self.young}.")
        for name in ("asset_share", "background_share"):
            if not 0 <= getattr(self, name) <= 1:
                raise OptionError(f"{_flag(name)} takes a share from 0 to 1, not {getattr(self, name)}.")

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        usual = _DEFAULT_RESOLUTION[self.preset]
        return self.resolution[0] or usual, self.resolution[1] or usual

    @property
    def share_young(self) -> float:
        """Share of animals that are not grown, but the first of each picture."""
        return self.young if self.young >= 0 else {"herd3d": 0.05, "natural": 0.2}[self.layout]

    def to_json(self) -> dict[str, Any]:
        """The options as JSON values; `options_of` reads them back."""
        return asdict(self)


@dataclass(frozen=True)
class Run:
    """One process's share of the work: every `shards`-th picture from the `shard`-th on, of all or of `only`, into `out`."""

    options: Options
    out: Path
    shard: int = 1
    shards: int = 1
    threads: int = 0
    only: tuple[int, ...] = ()
    report: Path | None = None

    def indices(self) -> list[int]:
        """The pictures of this run, in order."""
        if self.only:
            return sorted(set(self.only))[self.shard - 1 :: self.shards]
        return list(range(self.shard - 1, self.options.images, self.shards))


def read_command(words: Sequence[str], prog: str = "render_herd.py") -> Run:
    """The run that a command line asks for. Raises OptionError; `--help` prints and exits."""
    given = vars(_parser(prog).parse_args(list(words)))
    values: dict[str, Any] = {}
    if given["config"] is not None:
        values.update(read_config(given["config"]))
    names = {field.name for field in fields(Options)}
    values.update({name: value for name, value in given.items() if name in names and value is not None})
    options = options_of(values)
    if given["out"] is None:
        raise OptionError("--out DIR is missing: say where the pictures go.")
    shard, shards = given["shard"] or (1, 1)
    only = given["only"] or ()
    threads = given["threads"] or 0
    _whole("threads", threads, 0, _MOST_THREADS)
    if any(not 0 <= index < options.images for index in only):
        raise OptionError(f"--only takes indices from 0 to {options.images - 1}.")
    return Run(options, given["out"], shard, shards, threads, only, given["report"])


def read_config(path: Path) -> dict[str, Any]:
    """Options from a JSON file, under the names of the command line. Raises OptionError."""
    try:
        values = read_json(path, OptionError, _MOST_CONFIG)
    except (OSError, ValueError) as error:
        raise OptionError(f"--config {path} cannot be read: {error}") from None
    if not isinstance(values, dict):
        raise OptionError(f"--config {path} must hold an object with options.")
    return {str(name).replace("-", "_"): value for name, value in values.items()}


def options_of(values: dict[str, Any]) -> Options:
    """Options from plain values (a configuration or a `dataset.json`). Raises OptionError for unknown names and wrong types."""
    known = {field.name: field for field in fields(Options)}
    made: dict[str, Any] = {}
    for name, value in values.items():
        if name not in known:
            raise OptionError(f"There is no option {_short(name)}. Known: {', '.join(sorted(known))}.")
        made[name] = _typed(name, value, getattr(Options, name))
    return replace(Options(), **made)


def _typed(name: str, value: Any, default: Any) -> Any:
    """A value of the type that the option has; texts are read as on the command line."""
    readers = {"animals": _span, "resolution": _size, "species": _names, "families": _names, "grounds": _names, "lights": _names}
    if name in readers and isinstance(value, str):
        try:
            return readers[name](value)
        except argparse.ArgumentTypeError as error:
            raise OptionError(f"{_flag(name)}: {error}.") from None
    if name in ("animals", "resolution") and isinstance(value, int) and not isinstance(value, bool):
        return (value, value)
    if isinstance(default, tuple):
        kind = int if name in ("animals", "resolution") else str
        if not isinstance(value, list | tuple) or not all(isinstance(item, kind) for item in value) or (kind is int and len(value) != 2):
            raise OptionError(f"{_flag(name)} cannot be {_short(value)}.")
        return tuple(value)
    if isinstance(default, float) and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if type(value) is not type(default):
        raise OptionError(f"{_flag(name)} must be of the kind of {default!r}, not {_short(value)}.")
    return value


def _parser(prog: str) -> argparse.ArgumentParser:
    parser = _Parser(prog=prog, description="Renders herds with exact ground truth.", allow_abbrev=False)
    add = parser.add_argument
    add("--out", type=Path, help="folder of the data set")
    add("--images", type=int, help="how many pictures the data set has (10)")
    add("--seed", type=int, help="of everything that is drawn (0)")
    add("--layout", help="herd3d (the paper's) or natural")
    add("--animals", type=_span, metavar="A:B", help="animals in a picture, 1:8")
    add("--species", type=_names, metavar="A,B", help="draw from these species; all without it")
    add("--families", type=_names, metavar="A,B", help="draw from these families too")
    add("--young", type=float, help="share of young animals")
    add("--preset", help="train (small, few samples) or beauty")
    add("--resolution", type=_size, metavar="W[xH]", help="pixels; 320 for train, 1024 for beauty")
    add("--engine", help="cycles, eevee or workbench")
    add("--samples", type=int, help="light paths a pixel; the preset's without it")
    add("--denoise", action="store_true", default=None, help="use Blender's denoiser")
    add("--grounds", type=_names, metavar="A,B", help=f"of {', '.join(GROUNDS)}")
    add("--lights", type=_names, metavar="A,B", help=f"of {', '.join(LIGHTS)}")
    add("--motion-blur", action="store_true", default=None, help="moving animals blur in some pictures")
    add("--depth-of-field", action="store_true", default=None, help="what is out of focus blurs in some pictures")
    add("--noise", action="store_true", default=None, help="sensor noise in some pictures")
    add("--hair", action="store_true", default=None, help="grow hair (slow; masks are of the skin)")
    add("--model", help="animal model file; the open animal without it")
    add("--assets", help="folder of an asset pack with animals of its own, such as 0 A.D.'s")
    add("--asset-share", type=float, help="share of pictures with animals of the pack (0.5)")
    add("--backgrounds", help="folder of pictures to put behind the animals")
    add("--background-share", type=float, help="share of pictures with one of them (0.5)")
    add("--shard", type=_shard, metavar="I/N", help="render every N-th picture, from the I-th on (1/1)")
    add("--only", type=_indices, metavar="A,B", help="render just these indices")
    add("--threads", type=int, help="processor threads; all without it")
    add("--report", type=Path, metavar="FILE", help="write what each picture cost (seconds, memory) as JSON")
    add("--config", type=Path, help="JSON file with options; the command line wins")
    return parser


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> Any:  # argparse would print its usage and leave
        raise OptionError(f"{message}. See --help.")


def _span(text: str) -> tuple[int, int]:
    low, _, high = text.partition(":")
    return _int(text, low), _int(text, high or low)


def _size(text: str) -> tuple[int, int]:
    width, _, height = text.lower().partition("x")
    return _int(text, width), _int(text, height or width)


def _shard(text: str) -> tuple[int, int]:
    shard, _, shards = text.partition("/")
    pair = _int(text, shard), _int(text, shards)
    if not 1 <= pair[0] <= pair[1]:
        raise argparse.ArgumentTypeError(f"{text!r} is no share: 1/4 to 4/4 are the four quarters")
    return pair


def _indices(text: str) -> tuple[int, ...]:
    found = tuple(_int(text, word) for word in text.split(",") if word.strip())
    if not found:
        raise argparse.ArgumentTypeError(f"{text!r} names no picture")
    return found


def _names(text: str) -> tuple[str, ...]:
    names = tuple(word.strip() for word in text.split(",") if word.strip())
    if text and not names:
        raise argparse.ArgumentTypeError(f"{text!r} names nothing")
    return names


def _int(text: str, part: str) -> int:
    try:
        return int(part)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} holds no whole number where one belongs") from None


def _one_of(name: str, value: Any, known: tuple[str, ...]) -> None:
    if value not in known:
        raise OptionError(f"{_flag(name)} cannot be {_short(value)}. Known: {', '.join(known)}.")


def _whole(name: str, value: Any, low: int, high: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise OptionError(f"{_flag(name)} takes a whole number from {low} to {high}, not {_short(value)}.")


def _short(value: Any) -> str:
    """A value as messages show it: a hostile one does not flood the screen."""
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # a number of thousands of digits
        text = f"a {type(value).__name__} that is too large"
    return text if len(text) <= 80 else text[:77] + "…"


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")
