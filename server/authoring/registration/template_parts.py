"""The template as registration needs it: its body parts, what the shut mouth hides, sizes, and symmetric unknowns."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy import sparse

from ..landmarks import NAMES
from ..population import Stance
from ..skeleton import INDEX, TAIL
from ..surface import seen_from_outside, smooth
from .nearest import face_normals
from .sources import PARTS, HeadFrame, Source, head_share, soft_parts

LEGS = {"fore": ("Leg1", "Leg2", "Leg3", "Foot"), "hind": ("LegBack1", "LegBack2", "LegBack3", "FootBack")}


@dataclass(frozen=True)
class Base:
    """Template: vertices (V, 3), faces (F, 3), joints (35, 3), weights (V, 35), mirror (V,), keypoint groups,
    parts (V, K) as in `sources.PARTS`, hidden (V,) mask of what no eye sees."""

    vertices: np.ndarray
    faces: np.ndarray
    joints: np.ndarray
    weights: np.ndarray
    mirror: np.ndarray
    groups: dict[str, np.ndarray]
    parts: np.ndarray
    hidden: np.ndarray

    @cached_property
    def length(self) -> float:
        """From nose to rump without the tail, in model units."""
        return float(np.ptp(self.vertices[self.parts[:, PARTS.index("tail")] < 0.5, 0]))

    @cached_property
    def vertex_area(self) -> np.ndarray:
        """A third of the faces about each vertex (V,)."""
        _, area = face_normals(self.vertices, self.faces)
        total = np.zeros(len(self.vertices))
        for k in range(3):
            np.add.at(total, self.faces[:, k], area / 3)
        return total

    def point(self, name: str) -> np.ndarray:
        """The place of a named point (3,)."""
        return self.vertices[self.groups[name]].mean(axis=0)

    def without_ears(self) -> Base:
        """The same with the ears counted to the head, for a source whose rig has no ear bones."""
        parts = self.parts.copy()
        head, ears = PARTS.index("head"), PARTS.index("ears")
        parts[:, head] += parts[:, ears]
        parts[:, ears] = 0.0
        return replace(self, parts=parts)

    @cached_property
    def half(self) -> sparse.csr_matrix:
        """Matrix (3V, H) from the free numbers of a symmetric surface to its coordinates, flattened (V, 3).

        A left vertex has three, a vertex of the midline two (its y is 0), a right one follows its partner.
        """
        rows, columns, signs, count = [], [], [], 0
        first: dict[tuple[int, int], int] = {}
        for vertex, partner in enumerate(self.mirror):
            for axis in range(3):
                if partner == vertex and axis == 1:
                    continue
                key = (min(vertex, int(partner)), axis)
                if key not in first:
                    first[key] = count
                    count += 1
                rows.append(3 * vertex + axis)
                columns.append(first[key])
                signs.append(-1.0 if axis == 1 and vertex > partner else 1.0)
        return sparse.csr_matrix((signs, (rows, columns)), shape=(3 * len(self.mirror), count))


def template_parts(vertices: np.ndarray, faces: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Soft body parts (V, K) from the skinning weights."""
    parts = np.zeros((len(vertices), len(PARTS)))
    for leg, bones in LEGS.items():
        for side in ("left", "right"):
            letter = side[0].upper()
            parts[:, PARTS.index(f"{leg}_{side}")] = weights[:, [INDEX[letter + bone] for bone in bones]].sum(axis=1)
    parts[:, PARTS.index("tail")] = weights[:, [INDEX[name] for name in TAIL]].sum(axis=1)
    parts[:, PARTS.index("head")] = weights[:, [INDEX["Head"], INDEX["Mouth"]]].sum(axis=1)
    parts[:, PARTS.index("ears")] = weights[:, [INDEX["LEar"], INDEX["REar"]]].sum(axis=1)
    return soft_parts(parts, vertices, faces)


def hidden_vertices(vertices: np.ndarray, faces: np.ndarray, mirror: np.ndarray, head: np.ndarray) -> np.ndarray:
    """Mask (V,) of the mouth's pocket: parts of the head hardly seen from anywhere."""
    chosen = faces[(head[faces] > 0.3).all(axis=1)]
    seen = seen_from_outside(vertices, chosen, 0.0015 * np.ptp(vertices[:, 0]) / 2, slack=1.5)
    hidden = (seen < 0.06) & (head > 0.3)
    hidden = smooth((hidden | hidden[mirror]).astype(float), faces, 2) > 0.45
    return hidden | hidden[mirror]


def head_frame(base: Base) -> HeadFrame:
    """The template's nose tip, left eye and left ear's root."""
    nose = base.vertices[np.argmax(base.vertices[:, 0])]
    return HeadFrame(np.stack([nose, base.point("left_eye"), base.joints[INDEX["LEar"]]])[:, ::2])


def with_head(parts: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Parts (V, K) with the head's share (V,) set anew; ears and legs keep theirs."""
    parts = parts.copy()
    others = np.delete(parts, PARTS.index("head"), axis=1).sum(axis=1)
    parts[:, PARTS.index("head")] = share * np.clip(1 - others, 0, 1)
    return parts


def mark_head(source: Source, base: Base) -> Source:
    """The source with its head's part drawn where the template has it, seen from nose, eye and ear."""
    if source.left_eye is None or "LEar" not in source.joints:
        return source
    frame = HeadFrame(np.stack([source.nose, source.left_eye, source.joints["LEar"]])[:, ::2])
    home = head_frame(base)
    places = frame.into(home, source.vertices[:, ::2])
    joint = base.joints[INDEX["Head"], ::2]
    place = home.into(frame, joint[None])[0]
    joints = source.joints | {"Head": np.array([place[0], 0.0, place[1]])}
    return replace(source, joints=joints, parts=with_head(source.parts, head_share(places, home, joint)))


def base_of(stance: Stance, mirror: np.ndarray, groups: list[np.ndarray]) -> Base:
    """The template of `base.make_stance` prepared for registration."""
    warp = stance.warp
    parts = template_parts(warp.vertices, warp.faces, warp.weights)
    head = warp.weights[:, [INDEX["Head"], INDEX["Mouth"]]].sum(axis=1)
    hidden = hidden_vertices(warp.vertices, warp.faces, mirror, head)
    named: dict[str, np.ndarray] = {str(name): group for name, group in zip(NAMES, groups, strict=True)}
    base = Base(warp.vertices, warp.faces, warp.joints, warp.weights, mirror, named, parts, hidden)
    share = head_share(base.vertices[:, ::2], head_frame(base), base.joints[INDEX["Head"], ::2])
    return replace(base, parts=with_head(parts, share))
