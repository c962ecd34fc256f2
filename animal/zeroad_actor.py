"""Actors and skeletons of the game 0 A.D.: XML that says which mesh, texture and clips belong together, and bones' names.

An actor has groups; of each group one variant counts, drawn by its frequency, and what a later group says replaces what an
earlier one said. A variant may stand on a file of its own that is read first. The XML is a stranger's: its size is limited,
and document types and entities are refused, so nothing outside the file is ever opened and nothing in it multiplies.
"""

from __future__ import annotations

import math
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .zeroad import ZeroAdError

MAX_XML_BYTES = 1 << 20
MAX_DEPTH = 100
MAX_BONES = 255
BASE_TEXTURE = "baseTex"

_FORBIDDEN = re.compile(r"<!\s*(DOCTYPE|ENTITY)", re.IGNORECASE)
# How a bone's name says its side: a word of its own between underscores, dots, spaces or the ends.
_SIDE = re.compile(r"(?<![A-Za-z0-9])(left|right|l|r)(?![A-Za-z0-9])", re.IGNORECASE)
_OTHER = {"left": "right", "right": "left", "l": "r", "r": "l"}


@dataclass(frozen=True)
class Variant:
    """One choice of a group: a mesh, a texture and clips (pairs of a lower-case word and a file), each where it has any.

    base: the file of another variant that this one adds to, or "".
    """

    name: str
    frequency: float
    mesh: str = ""
    texture: str = ""
    clips: tuple[tuple[str, str], ...] = ()
    base: str = ""


@dataclass(frozen=True)
class Actor:
    """The groups of an actor; material: the name of its material file, or ""."""

    groups: tuple[tuple[Variant, ...], ...]
    material: str = ""


@dataclass
class Outfit:
    """What one drawing of an actor wears: mesh, texture, clips {word: files}, and the base files that could not be read."""

    mesh: str = ""
    texture: str = ""
    clips: dict[str, list[str]] = field(default_factory=dict)
    lacking: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Skeleton:
    """The names and parents (-1: none) of the bones, in the order in which meshes and clips number them."""

    name: str
    names: tuple[str, ...]
    parents: tuple[int, ...]


def parse_xml(data: bytes) -> ET.Element:
    """The root of an XML file. Raises ZeroAdError for what is too large, no XML, or brings its own entities."""
    if len(data) > MAX_XML_BYTES:
        raise ZeroAdError(f"more than {MAX_XML_BYTES} bytes of XML")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as bad:
        raise ZeroAdError("its text is not UTF-8") from bad
    if _FORBIDDEN.search(text):
        raise ZeroAdError("it brings a document type or entities of its own (<!DOCTYPE, <!ENTITY), which are not read")
    try:
        return ET.fromstring(text)
    except (ET.ParseError, ValueError) as bad:
        raise ZeroAdError(f"it is no XML ({bad})") from bad


def read_xml(path: Path) -> ET.Element:
    """The root of an XML file. Raises ZeroAdError naming the file, or OSError when it cannot be opened."""
    with path.open("rb") as stream:
        data = stream.read(MAX_XML_BYTES + 1)
    try:
        return parse_xml(data)
    except ZeroAdError as error:
        raise ZeroAdError(f"{path.name}: {error}") from error


def _text(element: ET.Element | None) -> str:
    return "" if element is None else (element.text or "").strip()


def _frequency(element: ET.Element) -> float:
    try:
        value = float(element.get("frequency", "0"))
    except ValueError:
        return 0.0
    return value if math.isfinite(value) and value > 0 else 0.0


def variant_of(element: ET.Element) -> Variant:
    """A <variant>, in an actor or as the root of a file of its own."""
    texture = ""
    for item in element.findall("textures/texture"):
        if item.get("name") == BASE_TEXTURE:
            texture = item.get("file", "")
    clips = tuple(
        (item.get("name", "").lower(), item.get("file", ""))
        for item in element.findall("animations/animation") if item.get("name") and item.get("file")
    )  # fmt: skip
    return Variant(element.get("name", "").lower(), _frequency(element), _text(element.find("mesh")), texture, clips,
                   element.get("file", ""))


def actor_of(root: ET.Element) -> Actor:
    """An actor from the root of its XML. Raises ZeroAdError when it is something else."""
    if root.tag != "actor":
        raise ZeroAdError(f"it holds <{root.tag[:40]}>, not an <actor>")
    groups = tuple(tuple(variant_of(item) for item in group.findall("variant")) for group in root.findall("group"))
    return Actor(tuple(group for group in groups if group), _text(root.find("material")))


def dress(
    actor: Actor, rng: np.random.Generator, state: str, base: Callable[[str], Variant | None],
    fits: Callable[[Variant], bool] = lambda variant: True,
) -> Outfit:
    """Draw one variant of each group and put together what they say.

    state: a variant of this name is taken wherever a group has one ("feeding"), "" for none. base reads the file of another
    variant, None where there is none. fits: variants that do not (their files are missing) are drawn only
    where a group has no others. The same number of values is drawn from rng whatever fits.
    """
    outfit = Outfit()
    for group in actor.groups:
        at = float(rng.random())
        named = [variant for variant in group if state and variant.name == state]
        usable = [variant for variant in group if fits(variant)] or list(group)
        _wear(outfit, named[0] if named else _pick(usable, at), base, 0)
    return outfit


def _pick(variants: Sequence[Variant], at: float) -> Variant:
    """The variant at a place (0..1) along their frequencies; where all have none, they are equally frequent."""
    shares = np.array([variant.frequency for variant in variants])
    shares = np.cumsum(shares if shares.sum() > 0 else np.ones(len(variants)))
    return variants[int(np.searchsorted(shares, at * shares[-1], side="right"))]


def _wear(outfit: Outfit, variant: Variant, base: Callable[[str], Variant | None], depth: int) -> None:
    if depth > 8:
        raise ZeroAdError(f"variant files name each other in a circle ('{variant.base[:80]}')")
    if variant.base:
        below = base(variant.base)
        if below is None:
            outfit.lacking.append(variant.base)
        else:
            _wear(outfit, below, base, depth + 1)
    outfit.mesh = variant.mesh or outfit.mesh
    outfit.texture = variant.texture or outfit.texture
    words: dict[str, list[str]] = {}
    for word, file in variant.clips:
        words.setdefault(word, []).append(file)
    outfit.clips.update(words)


def skeletons_of(root: ET.Element) -> list[Skeleton]:
    """The standard skeletons of a skeletons file; other skeletons in it only say how modelling programs name the bones."""
    return [_skeleton(item) for item in root.findall("standard_skeleton")]


def _skeleton(element: ET.Element) -> Skeleton:
    names: list[str] = []
    parents: list[int] = []

    def walk(above: ET.Element, parent: int, depth: int) -> None:
        if depth > MAX_DEPTH:
            raise ZeroAdError("its bones are nested too deeply")
        for bone in above.findall("bone"):
            names.append(bone.get("name", "") or f"bone_{len(names)}")
            parents.append(parent)
            if len(names) > MAX_BONES:
                raise ZeroAdError(f"a skeleton of more than {MAX_BONES} bones")
            walk(bone, len(names) - 1, depth + 1)

    walk(element, -1, 0)
    return Skeleton(element.get("id", ""), tuple(names), tuple(parents))


def mirror_name(name: str) -> str:
    """The name of the bone on the other side (`l_ear`, `Leg_Right`, `ear.L`); the name itself where it has no side."""

    def other(match: re.Match[str]) -> str:
        word = match.group(0)
        swapped = _OTHER[word.lower()]
        return swapped.upper() if word.isupper() else swapped.capitalize() if word[0].isupper() else swapped

    return _SIDE.sub(other, name)


def side_of(name: str) -> int:
    """+1 for a name that says left, -1 for right, 0 for neither."""
    found = _SIDE.search(name)
    return 0 if found is None else (1 if found.group(0).lower() in ("l", "left") else -1)


def sided(names: Sequence[str]) -> list[tuple[int, int]]:
    """Pairs (left bone, right bone) of indices, as the names say."""
    places = {name: index for index, name in enumerate(names)}
    pairs = ((index, places.get(mirror_name(name))) for name, index in places.items() if side_of(name) > 0)
    return [(index, other) for index, other in pairs if other is not None]


def looks_back(names: Sequence[str], joints: NDArray[np.float64]) -> bool:
    """Whether joints (B, 3) in the animal frame have their head behind their tail: some bind poses are turned round."""
    ahead, behind = (
        [joints[k, 0] for k, name in enumerate(names) if any(word in name.lower() for word in words)]
        for words in (("head", "neck"), ("tail", "butt", "pelvis", "hip")))
    return bool(ahead) and bool(behind) and float(np.mean(ahead)) < float(np.mean(behind))


def name_bones(skeletons: Sequence[Skeleton], joints: NDArray[np.float64]) -> Skeleton:
    """The skeleton that a mesh's bind pose has, out of those with as many bones; names without a tree where none fits.

    joints (B, 3) in the animal frame (y left). Files say the number of bones only, so where several skeletons have it, the one
    counts whose sides mirror each other best. Some artists called left what stands on the left of a viewer who faces
    the animal: names whose sides lie wrong are exchanged.
    """
    count = len(joints)
    able = [skeleton for skeleton in skeletons if len(skeleton.names) == count]
    if not able:
        return Skeleton("", tuple(f"bone_{index}" for index in range(count)), (-1,) * count)
    best = min(able, key=lambda skeleton: _misfit(skeleton, joints))
    pairs = sided(best.names)
    leftward = sum(joints[left, 1] - joints[right, 1] for left, right in pairs)
    if (-leftward if looks_back(best.names, joints) else leftward) >= 0:
        return best
    names = list(best.names)
    for left, right in pairs:
        names[left], names[right] = names[right], names[left]
    return Skeleton(best.name, tuple(names), best.parents)


def _misfit(skeleton: Skeleton, joints: NDArray[np.float64]) -> float:
    """How far from mirrored the named pairs stand, and how long the bones are, in shares of the animal's size."""
    size = float(np.ptp(joints, axis=0).max()) or 1.0
    pairs = sided(skeleton.names)
    off = [np.abs(joints[left] * [1.0, -1.0, 1.0] - joints[right]).max() for left, right in pairs]
    parents = np.array(skeleton.parents)
    held = parents >= 0
    length = np.linalg.norm(joints[held] - joints[parents[held]], axis=1)
    return float(max(off, default=0.0) + (length.mean() if len(length) else 0.0)) / size


def bone_lengths(joints: NDArray[np.float64], parents: Sequence[int]) -> NDArray[np.float64]:
    """(…,) distances of bones with a parent to it, from joints (…, B, 3)."""
    above = np.array(parents, dtype=np.int64)
    held = np.flatnonzero(above >= 0)
    return np.linalg.norm(joints[..., held, :] - joints[..., above[held], :], axis=-1)
