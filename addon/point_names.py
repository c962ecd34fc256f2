"""How named points read on screen, and in which order they are asked for."""

from __future__ import annotations

from collections.abc import Sequence

from ..animal.keypoints import SUGGESTED_ORDER, SUPERSET


def shown_name(name: str) -> str:
    """`left_front_paw` as an animator reads it: `Left Front Paw`."""
    return name.replace("_", " ").title()


def asking_order(known: Sequence[str] = SUPERSET) -> tuple[str, ...]:
    """Every name in `known`: the suggested ones first and in their order, then the others in theirs."""
    allowed = set(known)
    first = [name for name in SUGGESTED_ORDER if name in allowed]
    return (*first, *(name for name in known if name not in set(first)))
