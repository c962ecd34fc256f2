"""What every source of motions gives: entries, and what it left out with the reason."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .folder import Entry


@dataclass(frozen=True)
class LeftOut:
    """A clip or a file that gives no motion: its name, and why in a few words that can be counted."""

    name: str
    reason: str


def guarded(name: str, items: Iterator[Entry | LeftOut]) -> Iterator[Entry | LeftOut]:
    """The items of one file; where numbers in it lead to no motion (a singular matrix, a size of nothing), that is its reason."""
    try:
        yield from items
    except (ValueError, KeyError, IndexError, FloatingPointError) as error:
        yield LeftOut(name, f"cannot be used: {error}")
