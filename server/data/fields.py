"""Values out of JSON, each checked before it is used: what is wrong is said with the file and the path of the field.

    fields = Fields(value, "records/000123.json")
    width = fields.integer("width", 1, 20000)
    pose = fields.child("camera").numbers("K", (3, 3))
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

MAX_NUMBERS = 1 << 16
"""The most numbers of one field; a model has some hundreds of betas and joints."""
MAX_TEXT = 4000


class RecordError(ValueError):
    """A data set, or one record of it, that cannot be used; the message names the file and the field."""


class Fields:
    """An object of a JSON file and where it stands, with a reader for each kind of value. All raise RecordError."""

    def __init__(self, value: Any, where: str, path: str = "") -> None:
        self.where, self.path = where, path
        if not isinstance(value, dict):
            raise self.error("", f"must be an object, is {_kind(value)}")
        self.value = value

    def error(self, name: str, what: str) -> RecordError:
        """What is wrong with a field."""
        path = ".".join(part for part in (self.path, name) if part)
        return RecordError(f"{self.where}: {path}: {what}" if path else f"{self.where}: {what}")

    def raw(self, name: str) -> Any:
        """The value, whatever it is."""
        if name not in self.value:
            raise self.error(name, "is missing")
        return self.value[name]

    def missing(self, name: str) -> bool:
        """Whether the field is null or not there."""
        return self.value.get(name) is None

    def child(self, name: str) -> Fields:
        """An object inside."""
        return Fields(self.raw(name), self.where, ".".join(part for part in (self.path, name) if part))

    def children(self, name: str, most: int) -> Iterator[Fields]:
        """The objects of a list of at most so many."""
        for i, value in enumerate(self.list(name, most)):
            yield Fields(value, self.where, ".".join(part for part in (self.path, f"{name}[{i}]") if part))

    def list(self, name: str, most: int) -> list[Any]:
        """A list of at most so many values."""
        value = self.raw(name)
        if not isinstance(value, list):
            raise self.error(name, f"must be a list, is {_kind(value)}")
        if len(value) > most:
            raise self.error(name, f"{len(value)} values are too many, the limit is {most}")
        return value

    def text(self, name: str) -> str:
        """A text of a reasonable length."""
        value = self.raw(name)
        if not isinstance(value, str) or len(value) > MAX_TEXT:
            raise self.error(name, f"must be a text of at most {MAX_TEXT} characters, is {_kind(value)}")
        return value

    def texts(self, name: str, most: int = 1024) -> tuple[str, ...]:
        """A list of texts."""
        value = self.list(name, most)
        if not all(isinstance(text, str) and len(text) <= MAX_TEXT for text in value):
            raise self.error(name, "must be a list of texts")
        return tuple(value)

    def integer(self, name: str, low: int, high: int) -> int:
        """A whole number from low to high."""
        value = self.raw(name)
        if type(value) is not int or not low <= value <= high:
            raise self.error(name, f"must be a whole number from {low} to {high}, is {_shown(value)}")
        return value

    def integers(self, name: str, low: int, high: int, most: int = 1024) -> tuple[int, ...]:
        """A list of whole numbers from low to high."""
        value = self.list(name, most)
        if not all(type(number) is int and low <= number <= high for number in value):
            raise self.error(name, f"must be whole numbers from {low} to {high}")
        return tuple(value)

    def number(self, name: str, low: float = -math.inf, high: float = math.inf) -> float:
        """A finite number from low to high."""
        value = self.raw(name)
        if not _is_number(value) or not low <= value <= high:
            bounds = "" if math.isinf(low) and math.isinf(high) else f" from {low:g} to {high:g}"
            raise self.error(name, f"must be a number{bounds}, is {_shown(value)}")
        return float(value)

    def numbers(self, name: str, shape: tuple[int | None, ...], holes: bool = False) -> Array:
        """Finite numbers of a shape, None standing for any length; with holes, rows (and values) may be null: nan."""
        value = self.raw(name)
        sizes: list[int] = []
        measured = value
        for wanted in shape:
            if wanted is not None:
                sizes.append(wanted)
            elif isinstance(measured, list):
                sizes.append(len(measured))
            else:
                raise self.error(name, f"must be numbers of shape {_shape(shape)}, is {_kind(value)}")
            measured = next((row for row in measured if row is not None), None) if isinstance(measured, list) else None
        if math.prod(sizes) > MAX_NUMBERS:
            raise self.error(name, f"{math.prod(sizes)} numbers are too many, the limit is {MAX_NUMBERS}")
        array = np.full(sizes, np.nan)
        if not _fill(array, value, holes):
            raise self.error(name, f"must be finite numbers of shape {_shape(tuple(sizes))}")
        array.flags.writeable = False
        return array

    def optional(self, name: str, read: Callable[[str], Any]) -> Any:
        """None for a field that is null or missing, else what `read` makes of it."""
        return None if self.missing(name) else read(name)


def _fill(array: Array, value: Any, holes: bool) -> bool:
    """Copy nested lists into an array; gives whether they fit and hold numbers."""
    if value is None and holes:
        return True
    if not isinstance(value, list) or len(value) != len(array):
        return False
    if array.ndim > 1:
        return all(_fill(row, inner, holes) for row, inner in zip(array, value, strict=True))
    if not all(_is_number(number) or (holes and number is None) for number in value):
        return False
    array[:] = [math.nan if number is None else number for number in value]
    return True


def _is_number(value: Any) -> bool:
    if type(value) is int:
        return abs(value) < 1 << 62
    return type(value) is float and math.isfinite(value)


def _kind(value: Any) -> str:
    names = {dict: "an object", list: "a list", str: "a text", bool: "true or false", int: "a number", float: "a number"}
    return f"a list of {len(value)}" if isinstance(value, list) else names.get(type(value), "null")


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:40]}…"


def _shape(shape: tuple[int | None, ...]) -> str:
    return "(" + ", ".join("any" if n is None else str(n) for n in shape) + ")"
