"""What every source of motions gives: entries, and what it left out with the reason."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class LeftOut:
    """A clip or a file that gives no motion: its name, and why in a few words that can be counted."""

    name: str
    reason: str
