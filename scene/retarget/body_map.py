"""Which bones of a rig are which part of an animal's body: what retargeting needs to know about a rig, and all that it knows.

A part is a chain of bones from the trunk outwards; rigs have any number of bones in it, or none. A map is saved as JSON, as a
preset for all rigs with the same bone names.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from .rig_shape import RigError, RigShape

LEGS = ("front_left", "front_right", "hind_left", "hind_right")
SEGMENTS = ("girdle", "upper", "lower", "cannon", "toes")
"""Of a leg, from the trunk down: scapula or hip bone; humerus or femur; radius or tibia; metacarpus or metatarsus (a horse's cannon
bone, a dog's pastern, the sole of a bear's foot); digits or hoof, which stand on the ground."""
MIDLINE = ("root", "spine", "neck", "head", "jaw", "tail")
"""root: bones that carry the whole animal and are no part of its body; spine: from the hips to the chest; tail: from base to tip."""
EARS = ("left_ear", "right_ear")
PARTS = (*MIDLINE, *EARS, *(f"{leg}_{segment}" for leg in LEGS for segment in SEGMENTS))


@dataclass(frozen=True)
class BodyMap:
    """Part (of `PARTS`) → its bones, from the trunk outwards. Parts without bones may be left out.

    label: the rig's name for people. source: where the map is from: "matched", "edited", or a preset's name. confidence (0..1) for
    bones, by name, where whoever made the map has one.
    Raises RigError for an unknown part, or a bone that is in two places.
    """

    bones: Mapping[str, tuple[str, ...]]
    label: str = ""
    source: str = "matched"
    confidence: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        unknown = [part for part in self.bones if part not in PARTS]
        if unknown:
            raise RigError(f"no part of the body is called {unknown[0]!r}; the parts are {', '.join(PARTS)}")
        kept = {part: tuple(self.bones[part]) for part in PARTS if self.bones.get(part)}
        every = [name for chain in kept.values() for name in chain]
        twice = next((name for i, name in enumerate(every) if name in every[:i]), None)
        if twice is not None:
            raise RigError(f"the bone {twice!r} is in two places of the map")
        object.__setattr__(self, "bones", MappingProxyType(kept))

    def __getitem__(self, part: str) -> tuple[str, ...]:
        if part not in PARTS:
            raise KeyError(part)
        return self.bones.get(part, ())

    def leg(self, leg: str) -> tuple[str, ...]:
        """All bones of a leg, from the girdle to the toes."""
        return tuple(name for segment in SEGMENTS for name in self[f"{leg}_{segment}"])

    def part_of(self, bone: str) -> str | None:
        """The part that a bone belongs to, or None."""
        return next((part for part, chain in self.bones.items() if bone in chain), None)

    def on(self, shape: RigShape) -> BodyMap:
        """The same map without the bones that this rig does not have."""
        kept = {part: tuple(name for name in chain if name in shape.index) for part, chain in self.bones.items()}
        return BodyMap(kept, self.label, self.source, self.confidence)
