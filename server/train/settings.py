"""The TOML file of a training: read, overridden from the command line, every field checked by name.

`[training]` is this package's own and becomes `Training`. `[task]` has the `kind`; what else a file holds belongs to the
task, which can check its tables with `read_table` in the same way.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

MAX_CONFIG_BYTES = 1 << 20
MAX_DEPTH = 8
_MAY_CHANGE = ("steps", "patience", "validate_every", "checkpoint_every", "log_every", "max_skipped", "compile")


class SettingsError(ValueError):
    """A config that cannot be used; the message names the field."""


def limits(default: Any, least: float | None = None, most: float | None = None, choices: tuple[str, ...] = ()) -> Any:
    """A dataclass field with a default and what `read_table` holds its value against (both ends included)."""
    return field(default=default, metadata={"least": least, "most": most, "choices": choices})


@dataclass(frozen=True)
class Training:
    """The table `[training]`: how to train, whatever the network is."""

    steps: int = limits(10_000, 1)
    """Steps of the optimiser; the schedule ends here."""
    lr: float = limits(1e-3, 0.0)
    """Highest learning rate."""
    warmup: int = limits(0, 0)
    """Steps over which the rate rises from 0 to `lr`."""
    schedule: str = limits("cosine", choices=("cosine", "constant"))
    lr_end: float = limits(0.0, 0.0, 1.0)
    """Where the cosine ends, as a share of `lr`."""
    weight_decay: float = limits(0.01, 0.0)
    """Of matrices only; biases and norms are never pulled to zero."""
    betas: tuple[float, float] = limits((0.9, 0.999), 0.0, 0.999999)
    """AdamW's."""
    clip_norm: float = limits(1.0, 0.0)
    """Longest gradient; 0 leaves it as it is."""
    precision: str = limits("fp32", choices=("fp32", "bf16", "fp16"))
    """fp16 (with a gradient scaler) needs CUDA."""
    validate_every: int = limits(500, 1)
    patience: int = limits(0, 0)
    """So many validations without a better error end the training; 0 never does."""
    checkpoint_every: int = limits(500, 1)
    seed: int = limits(0, 0, 2**63 - 1)
    ema: float = limits(0.0, 0.0, 0.999999)
    """Decay of the moving average of the weights, which is then what is validated and shipped; 0 means none."""
    log_every: int = limits(50, 1)
    max_skipped: int = limits(20, 1)
    """So many steps in a row without a finite loss and gradient end the training with an error."""
    compile: bool = limits(False)
    """torch.compile the network: slower to start, needs a C++ compiler or Triton."""

    def __post_init__(self) -> None:
        if self.lr == 0.0:
            raise SettingsError("[training] lr = 0: nothing would be learned")

    def lr_at(self, step: int) -> float:
        """Learning rate of step `step` (the first is 0): a straight warm-up, then half a cosine, or constant."""
        if step < self.warmup:
            return self.lr * (step + 1) / self.warmup
        if self.schedule == "constant":
            return self.lr
        done = min(1.0, (step - self.warmup) / max(1, self.steps - self.warmup))
        return self.lr * (self.lr_end + (1.0 - self.lr_end) * 0.5 * (1.0 + math.cos(math.pi * done)))


T = TypeVar("T")


def read_config(path: Path, overrides: Sequence[str] = ()) -> dict[str, Any]:
    """The tables of a TOML file, changed by `overrides` ("table.key=value", the value as in TOML; bare words are text).

    Raises SettingsError for what is no TOML, too large, or no such override; FileNotFoundError.
    """
    with path.open("rb") as stream:
        data = stream.read(MAX_CONFIG_BYTES + 1)
    if len(data) > MAX_CONFIG_BYTES:
        raise SettingsError(f"{path.name}: more than {MAX_CONFIG_BYTES} bytes; this is no config")
    try:
        config = tomllib.loads(data.decode("utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as bad:
        raise SettingsError(f"{path.name} is not TOML: {bad}") from bad
    for override in overrides:
        _override(config, override)
    return config


def _override(config: dict[str, Any], text: str) -> None:
    name, equals, value = text.partition("=")
    keys = [key.strip() for key in name.split(".")]
    if not equals or len(keys) < 2 or len(keys) > MAX_DEPTH or not all(keys):
        raise SettingsError(f"--set {text}: write it as table.key=value, for example training.lr=0.0003")
    place = config
    for key in keys[:-1]:
        place = place.setdefault(key, {})
        if not isinstance(place, dict):
            raise SettingsError(f"--set {text}: {key} is a value, not a table")
    place[keys[-1]] = _value(value.strip())


def _value(text: str) -> Any:
    try:
        parsed = tomllib.loads(f"value = {text}")
    except tomllib.TOMLDecodeError:
        return text
    return parsed["value"] if len(parsed) == 1 else text


def read_training(config: Mapping[str, Any]) -> Training:
    """The checked table `[training]`; what it does not say keeps its default."""
    return read_table(Training, config.get("training", {}), "training")


def read_table(kind: type[T], table: Any, name: str) -> T:
    """A dataclass made of the table `[name]`, each value held against its field's type and `limits`.

    Fields may be int, float, bool, str and tuples of those. Raises SettingsError with the first field that is unknown,
    missing, of a wrong type, not finite or out of range.
    """
    if not isinstance(table, Mapping):
        raise SettingsError(f"[{name}] must be a table, not {table!r}")
    known = {one.name: one for one in fields(kind)}  # type: ignore[arg-type]
    types = get_type_hints(kind)
    for key in table:
        if key not in known:
            near = difflib.get_close_matches(str(key), known, 1)
            hint = f"; did you mean {near[0]}?" if near else f"; there are {', '.join(known)}"
            raise SettingsError(f"[{name}] has no field {key}{hint}")
    values = {}
    for key, one in known.items():
        if key in table:
            values[key] = _checked(table[key], types[key], one, f"[{name}] {key}")
        elif one.default is MISSING and one.default_factory is MISSING:
            raise SettingsError(f"[{name}] {key} is missing")
    return kind(**values)


def _checked(value: Any, kind: Any, one: Field, name: str) -> Any:
    parts = getattr(kind, "__args__", ())
    if parts:  # a tuple: (float, float), or (str, ...)
        if not isinstance(value, (list, tuple)):
            raise SettingsError(f"{name} = {value!r}: must be a list")
        each = parts[:1] * len(value) if Ellipsis in parts else parts
        if len(value) != len(each):
            raise SettingsError(f"{name} = {value!r}: must have {len(each)} values")
        return tuple(_checked(v, k, one, f"{name}[{n}]") for n, (v, k) in enumerate(zip(value, each, strict=True)))
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if type(value) is not kind:
        words = {int: "a whole number", float: "a number", bool: "true or false", str: "text"}
        raise SettingsError(f"{name} = {value!r}: must be {words.get(kind, kind)}")
    choices, least, most = (one.metadata.get(key) for key in ("choices", "least", "most"))
    if choices and value not in choices:
        raise SettingsError(f"{name} = {value!r}: must be one of {', '.join(choices)}")
    if kind in (int, float):
        if not math.isfinite(value):
            raise SettingsError(f"{name} = {value}: must be finite")
        if (least is not None and value < least) or (most is not None and value > most):
            span = f"at least {least}" if most is None else f"between {least} and {most}"
            raise SettingsError(f"{name} = {value}: must be {span}")
    return value


def flat(config: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Every value of nested tables by its dotted name."""
    found: dict[str, Any] = {}
    for key, value in config.items():
        found.update(flat(value, f"{prefix}{key}.") if isinstance(value, Mapping) else {f"{prefix}{key}": value})
    return found


def lasting(config: Mapping[str, Any]) -> dict[str, Any]:
    """What must stay the same when a training is resumed: all values but how long it runs and how often it reports."""
    free = {f"training.{name}" for name in _MAY_CHANGE}
    return {name: value for name, value in sorted(flat(config).items()) if name not in free}


def config_hash(config: Mapping[str, Any]) -> str:
    """16 hexadecimal digits that stand for `lasting(config)`."""
    text = json.dumps(lasting(config), sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Lines "name: was → is" of what must not change and did."""
    a, b = (json.loads(json.dumps(lasting(config), default=str)) for config in (before, now))
    names = sorted(name for name in a.keys() | b.keys() if a.get(name, MISSING) != b.get(name, MISSING))
    return [f"{name}: {a.get(name, 'not given')!r} → {b.get(name, 'not given')!r}" for name in names]
