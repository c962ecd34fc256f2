"""Animals drawn at random: how many joints their chains have, how long their bones are, how they stand.

A plan is a skeleton with more places than any animal needs: a spine from the pelvis to the chest, a neck that ends in the head,
a tail, limbs in pairs. An animal fills some of them. Empty places lie on the joint before them (their bone has no length), so
animals with different skeletons are computed side by side, without a loop over them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from .limbs import Limbs
from .noise import chance, uniform

HEAD_PARTS = ("nose", "chin", "left_eye", "right_eye", "left_ear", "right_ear", "left_ear_tip", "right_ear_tip", "left_horn", "right_horn")


@dataclass(frozen=True)
class Plan:
    """The most joints of each chain. limbs is even: left and right take turns, fore pairs first."""

    spine: int
    neck: int
    tail: int
    limbs: int
    links: int
    toes: int

    @cached_property
    def attached(self) -> tuple[int, ...]:
        """The place on the spine (0 is the pelvis) that each limb hangs from: pairs from the chest to the pelvis."""
        pairs = self.limbs // 2
        return tuple(self.spine - round(self.spine * (i // 2) / max(pairs - 1, 1)) for i in range(self.limbs))

    @cached_property
    def _places(self) -> list[tuple[str, int, int]]:
        """Name, parent and side of every place, parents first."""
        places = [("pelvis", -1, 0), *((f"spine_{i + 1}", i, 0) for i in range(self.spine))]
        places += [(f"neck_{i + 1}" if i < self.neck else "head", self.spine + i, 0) for i in range(self.neck + 1)]
        head = len(places) - 1
        for name in HEAD_PARTS:
            parent = head + 5 if name == "left_ear_tip" else head + 6 if name == "right_ear_tip" else head
            places.append((name, parent, _side(name)))
        places += [(f"tail_{i + 1}", 0 if i == 0 else len(places) + i - 1, 0) for i in range(self.tail)]
        for limb in range(self.limbs):
            side, pair = ("left", "right")[limb % 2], limb // 2
            name = f"{side}_{('front', 'hind')[pair] if self.limbs == 4 else f'limb{pair + 1}'}"
            top = len(places)
            places.append((f"{name}_leg_0", self.attached[limb], _side(name)))
            places += [(f"{name}_leg_{i + 1}", top + i, _side(name)) for i in range(self.links)]
            places += [(f"{name}_toe_{i + 1}", top + self.links, _side(name)) for i in range(self.toes)]
        return places

    @cached_property
    def names(self) -> tuple[str, ...]:
        """(P,) of the places."""
        return tuple(name for name, _, _ in self._places)

    @cached_property
    def parents(self) -> tuple[int, ...]:
        """(P,) each smaller than its place's number, -1 for the pelvis."""
        return tuple(parent for _, parent, _ in self._places)

    @cached_property
    def sides(self) -> tuple[int, ...]:
        """(P,) +1 left, -1 right, 0 in the middle."""
        return tuple(side for _, _, side in self._places)

    @cached_property
    def spare(self) -> tuple[int, ...]:
        """Ends of the tree, those first that an animal with too many joints loses first; children before their parents."""
        order = ["_toe_3", "_toe_2", "_horn", "_ear_tip", "_eye", "_toe_1", "_ear", "chin"]
        found = [i for word in order for i, name in enumerate(self.names) if name.endswith(word)]
        tail = [i for i, name in enumerate(self.names) if name.startswith("tail_")]
        return (*found, *reversed(tail))


def _side(name: str) -> int:
    return 1 if name.startswith("left") else -1 if name.startswith("right") else 0


FOUR = Plan(6, 4, 8, 4, 5, 3)
MANY = Plan(4, 1, 4, 8, 4, 0)
NONE = Plan(16, 2, 8, 0, 1, 0)

Ranges = Mapping[str, tuple[float, float]]

_MAMMAL: dict[str, tuple[float, float]] = {
    "height": (0.06, 1.7), "trunk": (0.85, 1.7), "rise": (-8, 14), "arch": (-12, 30), "neck": (0.15, 0.75), "neck_pitch": (5, 65),
    "neck_curve": (-35, 35), "head": (0.2, 0.42), "head_pitch": (-70, 5), "tail": (0.08, 1.0), "tail_pitch": (-75, 25),
    "tail_curve": (-60, 70), "width": (0.05, 0.17), "outward": (-0.08, 0.06), "twist": (-18, 18), "bent": (0.6, 1.3),
}  # fmt: skip
KINDS: Mapping[str, tuple[Plan, float, Ranges]] = {
    "quadruped": (FOUR, 6.0, _MAMMAL),
    "long_necked": (FOUR, 0.7, {**_MAMMAL, "height": (0.7, 2.0), "trunk": (0.7, 1.0), "neck": (0.8, 1.7), "neck_pitch": (35, 75),
                                "head": (0.2, 0.32)}),
    "short_legged": (FOUR, 1.0, {**_MAMMAL, "height": (0.03, 0.4), "trunk": (1.7, 2.8), "neck": (0.1, 0.35), "width": (0.06, 0.13)}),
    "sprawling": (FOUR, 0.8, {**_MAMMAL, "height": (0.03, 0.4), "trunk": (2.2, 4.0), "rise": (-4, 8), "arch": (-5, 10),
                              "neck": (0.08, 0.25), "neck_pitch": (-5, 30), "neck_curve": (-10, 10), "head": (0.15, 0.35),
                              "head_pitch": (-20, 10), "tail": (0.7, 1.6), "tail_pitch": (-22, 0), "tail_curve": (-5, 20),
                              "width": (0.06, 0.14), "outward": (0.5, 1.3), "twist": (45, 85), "bent": (0.8, 1.5)}),
    "bird": (FOUR, 1.0, {**_MAMMAL, "height": (0.05, 1.4), "trunk": (0.45, 1.0), "rise": (0, 55), "neck": (0.2, 1.5),
                         "neck_pitch": (15, 80), "neck_curve": (-60, 110), "head_pitch": (-35, 5), "tail": (0.15, 0.8),
                         "tail_pitch": (-40, 15), "tail_curve": (-10, 10), "width": (0.06, 0.16), "bent": (0.9, 1.7)}),
    "upright": (FOUR, 0.7, {**_MAMMAL, "height": (0.3, 1.2), "trunk": (0.5, 0.9), "rise": (60, 92), "arch": (-15, 15),
                            "neck": (0.1, 0.25), "neck_pitch": (60, 90), "neck_curve": (-10, 10), "head_pitch": (-25, 10),
                            "tail": (0.02, 0.8), "width": (0.12, 0.28), "bent": (0.3, 1.0)}),
    "many_legged": (MANY, 0.5, {**_MAMMAL, "height": (0.01, 0.2), "trunk": (1.2, 3.0), "rise": (-6, 8), "arch": (-5, 8),
                                "neck": (0.05, 0.2), "neck_pitch": (-20, 20), "neck_curve": (0, 1), "head": (0.1, 0.3),
                                "head_pitch": (-40, 10), "tail": (0.2, 1.2), "tail_pitch": (-15, 15), "width": (0.08, 0.2),
                                "outward": (0.8, 2.4), "twist": (70, 100), "bent": (0.8, 1.5)}),
    "limbless": (NONE, 0.5, {**_MAMMAL, "height": (0.01, 0.12), "trunk": (8, 25), "rise": (0, 0), "arch": (-3, 3),
                             "neck": (0.02, 0.1), "neck_pitch": (-5, 25), "neck_curve": (0, 1), "head": (0.03, 0.12),
                             "head_pitch": (-15, 10), "tail": (0.2, 0.8), "tail_pitch": (-4, 0), "tail_curve": (0, 4)}),
}  # fmt: skip
"""Kinds of animals: plan, how often, and what they are drawn from. height: of the hips in metres; trunk in heights; neck, head,
tail and width (half the hips') in trunks; outward: how far feet stand outside the limbs' tops, in heights; bent: how much knees
are bent; angles in degrees: rise of the chest over the pelvis, arch of the back, pitches upward, curves along a chain, twist of
knees outward."""

# Angles of the links to the line from top to foot, standing, how they turn as the limb folds, and their shares of its length.
_FORE = ((0.35, -0.6, 0.12, 0.0, 0.5), (0.2, -0.6, 0.9, -1.0, -0.5), (0.28, 0.3, 0.33, 0.17, 0.08))
_HIND = ((0.5, -0.6, 0.25, 0.45, 0.0), (0.75, -0.85, 0.6, -0.6, 0.0), (0.34, 0.34, 0.26, 0.1, 0.0))
_WING = ((-0.5, 0.5, -0.3, 0.0, 0.0), (-0.75, 1.1, -1.1, 0.0, 0.0), (0.3, 0.36, 0.34, 0.0, 0.0))
_CRAWL = ((0.35, 0.75, -0.5, -0.2, 0.0), (0.2, 0.5, -0.6, -0.1, 0.0), (0.15, 0.33, 0.32, 0.2, 0.0))
_FORE_LINKS = ((0, 1, 1, 0, 0), (1, 1, 1, 0, 0), (0, 1, 1, 1, 0), (0, 1, 1, 1, 0), (1, 1, 1, 1, 0), (1, 1, 1, 1, 1))
_HIND_LINKS = ((1, 1, 0, 0, 0), (1, 1, 1, 0, 0), (1, 1, 1, 0, 0), (1, 1, 1, 0, 0), (1, 1, 1, 1, 0))
_CRAWL_LINKS = ((0, 1, 1, 0, 0), (0, 1, 1, 1, 0), (1, 1, 1, 0, 0), (1, 1, 1, 1, 0))


@dataclass(frozen=True)
class Animals:
    """B animals of one plan. Lengths in metres, angles in radians; chains from the pelvis outward, the head at the neck's end.

    kind: which of KINDS. there (B, P): the places they fill. spine (B, S), neck (B, N + 1), tail (B, T): lengths of the
    bones; the `_pitch` beside each: how they stand, upward; head (B, H, 3): HEAD_PARTS in the head's axes; tops (B, L, 3):
    where limbs begin, in the axes of the trunk there; toes (B, L, X, 3) level, seen from the foot; outward (B, L), twist (B, L).
    stands (B, L): limbs that the animal stands on. height (B,) of the middle of the trunk over the ground.
    """

    plan: Plan
    kind: str
    there: Tensor
    spine: Tensor
    spine_pitch: Tensor
    neck: Tensor
    neck_pitch: Tensor
    head: Tensor
    head_pitch: Tensor
    tail: Tensor
    tail_pitch: Tensor
    tops: Tensor
    limbs: Limbs
    toes: Tensor
    outward: Tensor
    twist: Tensor
    stands: Tensor
    height: Tensor

    def __len__(self) -> int:
        return len(self.there)


def draw_animals(kind: str, count: int, generator: torch.Generator) -> Animals:
    """`count` animals of a kind of KINDS, all different, standing. KeyError for another name."""
    plan, _, ranges = KINDS[kind]
    drawn = {name: uniform((count,), low, high, generator) for name, (low, high) in ranges.items()}
    low, high = ranges["height"]
    tall = torch.exp(uniform((count,), torch.tensor(low).log().item(), torch.tensor(high).log().item(), generator))
    angle = {name: drawn[name] * (torch.pi / 180) for name in
             ("rise", "arch", "neck_pitch", "neck_curve", "head_pitch", "tail_pitch", "tail_curve", "twist")}  # fmt: skip
    trunk = tall * drawn["trunk"]
    fewest = 6 if kind == "limbless" else 1
    spine, spine_there = _chain(trunk, plan.spine, fewest, plan.spine, generator)
    long_neck, neck_there = _chain(trunk * drawn["neck"], plan.neck, 0, plan.neck, generator)
    tail, tail_there = _chain(trunk * drawn["tail"], plan.tail, 0, plan.tail, generator)
    neck = torch.cat([torch.where(neck_there.any(1), 0.3, 1.0)[:, None] * (trunk * drawn["neck"])[:, None], 0.7 * long_neck], 1).flip(1)
    spine_pitch = angle["rise"][:, None] + angle["arch"][:, None] * (0.5 - along(spine))
    neck_pitch = angle["neck_pitch"][:, None] + angle["neck_curve"][:, None] * (along(neck) - 0.5)
    tail_pitch = angle["tail_pitch"][:, None] + angle["tail_curve"][:, None] * along(tail)
    # A tail longer than the hips are high is not held straight down.
    tail_pitch = torch.maximum(tail_pitch, -torch.asin((0.7 * tall / tail.sum(1).clamp_min(1e-9)).clamp_max(1.0))[:, None])
    limbs, limb_there, stands = _limbs(kind, plan, drawn["bent"], generator)
    tops, limbs, height, outward = _stand(kind, plan, spine, spine_pitch, tall, drawn, limbs, stands, limb_there, generator)
    toe_length = limbs.lengths.sum(-1) * uniform((count, 1), 0.06, 0.14, generator)
    yaw = torch.tensor([0.0, 0.45, -0.45][: plan.toes], device=tall.device) + 0.05 * torch.randn(
        (count, 1, plan.toes), generator=generator, device=tall.device)
    toes = toe_length[..., None, None] * torch.stack([torch.cos(yaw), torch.sin(yaw), torch.zeros_like(yaw)], -1)
    head, head_there = _head(kind, trunk * drawn["head"], generator)
    # Some rigs are bare: no toes, no face.
    bare = chance((count, 1), 0.35, generator)
    head_there[:, 1:] &= ~bare
    limb_there[..., 1 + plan.links :] &= ~bare[..., None]
    there = _places(spine_there, neck_there, head_there, tail_there, limb_there)
    return Animals(plan, kind, there, spine, spine_pitch, neck, neck_pitch, head, angle["head_pitch"], tail, tail_pitch, tops, limbs,
                   toes, outward, angle["twist"][:, None].expand(-1, plan.limbs), stands, height)


def _chain(total: Tensor, most: int, low: int, high: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Lengths (B, most) that sum to total (B,), of low to high links, fewer ones more often; and which links are there."""
    count = len(total)
    share = torch.rand(count, generator=generator, device=total.device) ** 1.8
    number = low + (share * (high - low + 1)).long().clamp_max(high - low)
    there = torch.arange(most, device=total.device) < number[:, None]
    weight = torch.exp(0.25 * torch.randn((count, most), generator=generator, device=total.device)) * there
    return total[:, None] * weight / weight.sum(1, keepdim=True).clamp_min(1e-9), there


def along(lengths: Tensor) -> Tensor:
    """How far along its chain the middle of each bone lies, 0 to 1."""
    end = lengths.cumsum(1)
    return (end - 0.5 * lengths) / end[:, -1:].clamp_min(1e-9)


def _limbs(kind: str, plan: Plan, bent: Tensor, generator: torch.Generator) -> tuple[Limbs, Tensor, Tensor]:
    """Limbs whose lengths sum to 1, which links and toes are there (B, L, 1 + K + X), and which limbs carry (B, L)."""
    count, pairs, device = len(bent), plan.limbs // 2, bent.device
    parts: list[list[Tensor]] = [[], [], [], [], []]
    for pair in range(pairs):
        fore = pair == 0
        crawling = kind == "many_legged"
        table = _CRAWL if crawling or kind == "sprawling" else _WING if kind == "bird" and fore else _FORE if fore else _HIND
        links = _CRAWL_LINKS if table is _CRAWL else _HIND_LINKS[:4] if table is _WING else _FORE_LINKS if fore else _HIND_LINKS
        links = _HIND_LINKS[:1] if kind == "upright" and not fore else _FORE_LINKS[:4] if kind == "upright" else links
        standing, folding, share = (torch.tensor(row[: plan.links], device=device) for row in table)
        choice = torch.randint(len(links), (count,), generator=generator, device=device)
        there = torch.tensor(links, device=device, dtype=torch.float32)[choice][:, : plan.links]
        weight = there * share * torch.exp(0.2 * torch.randn((count, plan.links), generator=generator, device=device))
        noise = torch.randn((count, plan.links), generator=generator, device=device)
        free = fore and kind in ("bird", "upright")
        angles = standing * (1.0 if free else bent[:, None]) * (1 + 0.2 * noise)
        toes = torch.arange(plan.toes, device=device) < torch.randint(
            -2 if not free else 0, plan.toes + 1, (count, 1), generator=generator, device=device)
        parts[0].append(weight / weight.sum(1, keepdim=True).clamp_min(1e-9))
        parts[1].append(angles)
        parts[2].append(folding * torch.exp(0.1 * noise))
        parts[3].append(torch.cat([bent[:, None] > 0, there > 0, toes], 1))
        parts[4].append(torch.full((count,), not free, device=device))
    if not pairs:
        empty = torch.zeros((count, 0, plan.links), device=device)
        return Limbs(empty, empty, empty), torch.zeros((count, 0, 2), dtype=torch.bool, device=device), torch.zeros(
            (count, 0), dtype=torch.bool, device=device)
    both = [torch.stack(part, 1).repeat_interleave(2, dim=1) for part in parts]
    if kind == "many_legged":  # six legs or eight
        six = chance((count,), 0.6, generator)
        both[3][:, 4:6] &= ~six[:, None, None]
        both[4][:, 4:6] &= ~six[:, None]
    return Limbs(both[0], both[1], both[2]), both[3], both[4]


def _stand(
    kind: str, plan: Plan, spine: Tensor, spine_pitch: Tensor, tall: Tensor, drawn: Mapping[str, Tensor], limbs: Limbs,
    stands: Tensor, there: Tensor, generator: torch.Generator,
) -> tuple[Tensor, Limbs, Tensor, Tensor]:
    """Where the limbs begin, the limbs as long as they must be for that, the trunk's height, the feet's distance outward."""
    count, device = len(tall), tall.device
    up = (spine * torch.sin(spine_pitch)).cumsum(1)
    middle = tall + 0.5 * up[:, -1]
    if not plan.limbs:
        return torch.zeros((count, 0, 3), device=device), limbs, middle, torch.zeros((count, 0), device=device)
    rises = torch.cat([torch.zeros_like(up[:, :1]), up], 1)[:, list(plan.attached)]
    trunk = spine.sum(1, keepdim=True)
    pairs = plan.limbs // 2
    width = drawn["width"][:, None] * trunk * torch.exp(0.15 * torch.randn((count, pairs), generator=generator, device=device))
    drop = uniform((count, pairs), 0.0, 0.12, generator)
    if kind not in ("many_legged", "sprawling", "upright"):
        # A limb that begins below the shoulder blade begins lower.
        drop[:, 0] += torch.where(there[:, 0, 1], 0.0, 0.13)
    drop = torch.minimum(drop * trunk, 0.35 * tall[:, None])
    if kind == "upright":
        drop = drop * 0.2
    both = torch.arange(plan.limbs, device=device) // 2
    side = torch.tensor([1.0, -1.0], device=device).repeat(pairs)
    tops = torch.stack([torch.zeros((count, plan.limbs), device=device), width[:, both] * side, -drop[:, both]], -1)
    outward = (drawn["outward"] * tall)[:, None].expand(-1, plan.limbs)
    floor = (tall[:, None] + rises - drop[:, both]).clamp_min(0.2 * tall[:, None])
    # Standing, the line from top to foot has the length of this slope; arms and wings are as long as legs, or so.
    slope = torch.hypot(floor, outward)
    loose = uniform((count, 1), 0.5, 1.0, generator) * torch.minimum(tall, 1.2 * trunk[:, 0])[:, None] * (1.6 if kind == "bird" else 1.0)
    wanted = torch.where(stands, slope, loose)
    # Limbs drawn with knees so bent that they would have to be very long stand less bent instead.
    scale = wanted / limbs.reach(torch.ones((count, 1, plan.limbs), device=device))[:, 0].clamp_min(0.6)
    return tops, Limbs(limbs.lengths * scale[..., None], limbs.standing, limbs.folding), middle, outward


def _head(kind: str, size: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """HEAD_PARTS (B, H, 3) in the head's axes (x towards the nose), heads `size` (B,) long, and which of them are there."""
    count, device = len(size), size.device
    middle = torch.tensor([
        [1.0, 0.0, -0.1], [0.75, 0.0, -0.32], [0.42, 0.2, 0.12], [0.42, -0.2, 0.12], [-0.02, 0.22, 0.22], [-0.02, -0.22, 0.22],
        [0.0, 0.18, 0.42], [0.0, -0.18, 0.42], [0.05, 0.22, 0.7], [0.05, -0.22, 0.7]], device=device)  # fmt: skip
    half = torch.randn((count, len(HEAD_PARTS), 3), generator=generator, device=device) * 0.06
    half[:, 3::2] = half[:, 2::2] * torch.tensor([1.0, -1.0, 1.0], device=device)
    half[:, :2, 1] = 0
    places = (middle + half) * torch.exp(0.2 * torch.randn((count, 1, 3), generator=generator, device=device))
    places[:, 6:8] *= uniform((count, 1, 1), 0.5, 1.8, generator)
    places[:, 8:10] *= uniform((count, 1, 1), 0.5, 1.6, generator)
    odds = torch.tensor([0.85, 0.5, 0.45, 0.65, 0.55, 0.1], device=device)
    if kind in ("bird", "many_legged", "limbless"):
        odds = torch.tensor([0.9, 0.4, 0.5, 0.0, 0.0, 0.0], device=device)
    drawn = torch.rand((count, 6), generator=generator, device=device) < odds
    nose, chin, eye, ear, tip, horn = drawn.unbind(1)
    there = torch.stack([nose, chin, eye, eye, ear, ear, ear & tip, ear & tip, horn, horn], 1)
    return places * size[:, None, None], there


def _places(spine: Tensor, neck: Tensor, head: Tensor, tail: Tensor, limbs: Tensor) -> Tensor:
    """Which places (B, P) are filled."""
    always = torch.ones_like(head[:, :1])
    # The neck's links are numbered from the head down, so that those not there lie at its foot.
    return torch.cat([always, spine, neck.flip(1), always, head, tail, limbs.flatten(1)], 1)
