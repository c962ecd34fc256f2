"""What the bones of known rigs are, written by hand, and how much of it a matched map has right.

`retarget_truth/*.json`: label, the rigs that it holds for, a note, and the bones of each part. Truth follows anatomy; where a
rig's own
names say something that its joints allow as well, it follows the names. Bones that mark a chain's end are in none.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ..scene.retarget.body_map import LEGS, BodyMap

FOLDER = Path(__file__).parent / "retarget_truth"
JUDGED = ("spine", "neck", "head", "tail", *LEGS)
"""The parts that are scored; legs by segment."""


@dataclass(frozen=True)
class Truth:
    """label; rigs that it holds for; part of each bone, by name."""

    label: str
    rigs: tuple[str, ...]
    parts: dict[str, str]

    def of(self, names: Iterable[str]) -> Truth:
        """Without bones that a rig with these names does not have: rigs of one family differ in their tails."""
        there = set(names)
        return Truth(self.label, self.rigs, {bone: part for bone, part in self.parts.items() if bone in there})


def load_truths() -> dict[str, Truth]:
    """Rig → its truth."""
    found: dict[str, Truth] = {}
    for path in sorted(FOLDER.glob("*.json")):
        data = json.loads(path.read_text(encoding="utf-8"))
        parts = {bone: part for part, bones in data["bones"].items() for bone in bones}
        found.update(dict.fromkeys(data["rigs"], Truth(data["label"], tuple(data["rigs"]), parts)))
    return found


def score(body: BodyMap, truth: Truth) -> float:
    """The share (0..1) of the true limb, spine, neck, head and tail bones that the map has in their true part."""
    judged = [(bone, part) for bone, part in truth.parts.items() if part.startswith(JUDGED)]
    return sum(body.part_of(bone) == part for bone, part in judged) / max(len(judged), 1)


def mistakes(body: BodyMap, truth: Truth) -> list[str]:
    """The bones that `score` counts as wrong, as lines to read."""
    return [f"{bone}: {body.part_of(bone) or 'nothing'}, truly {part}" for bone, part in truth.parts.items()
            if part.startswith(JUDGED) and body.part_of(bone) != part]


def table(shares: dict[str, float]) -> str:
    """Rig × share as a Markdown table, the mean last."""
    rows = [f"| {rig} | {100 * share:.1f} |" for rig, share in shares.items()]
    mean = sum(shares.values()) / max(len(shares), 1)
    return "\n".join(["| rig | bones right, % |", "|---|---|", *rows, f"| mean | {100 * mean:.1f} |"])
