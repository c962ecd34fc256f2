"""How feet follow one another: the gaits as tables, and where each foot is at any moment.

A stride is one turn of the phase. A foot lands at its own place in the turn and stands for a share of it, the duty factor;
then it swings to where it will stand next. Places and duty factors after Hildebrand (The quadrupedal gaits of vertebrates,
BioScience 1989) and Muybridge (Animals in Motion, 1899).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from .noise import chance, uniform


@dataclass(frozen=True)
class Gait:
    """landing: where in the stride the left fore, right fore, left hind and right hind foot come down (turns).

    duty: smallest and largest share of the stride that a foot stands. period: the stride's seconds for a leg one metre long,
    smallest and largest (other legs: times the square root of their length). bob: ups and downs in a stride. rise: how high
    the body goes up and down, of the leg's length. pitch and flex: how far the trunk tilts and the back bends, degrees.
    """

    landing: tuple[float, float, float, float]
    duty: tuple[float, float]
    period: tuple[float, float]
    bob: int
    rise: float
    pitch: float
    flex: float


GAITS = {
    "walk": Gait((0.25, 0.75, 0.0, 0.5), (0.58, 0.76), (0.95, 1.6), 2, 0.015, 1.5, 2.0),
    "amble": Gait((0.25, 0.75, 0.0, 0.5), (0.38, 0.5), (0.55, 0.8), 2, 0.02, 1.5, 2.0),
    "trot": Gait((0.5, 0.0, 0.0, 0.5), (0.34, 0.52), (0.5, 0.75), 2, 0.035, 1.0, 1.5),
    "pace": Gait((0.04, 0.54, 0.0, 0.5), (0.36, 0.52), (0.5, 0.75), 2, 0.03, 1.0, 1.5),
    "canter": Gait((0.33, 0.62, 0.0, 0.3), (0.3, 0.42), (0.45, 0.6), 1, 0.04, 5.0, 6.0),
    "gallop": Gait((0.48, 0.6, 0.0, 0.12), (0.2, 0.32), (0.34, 0.46), 1, 0.05, 6.0, 12.0),
    "rotary_gallop": Gait((0.62, 0.5, 0.0, 0.12), (0.2, 0.3), (0.32, 0.44), 1, 0.05, 6.0, 16.0),
    "bound": Gait((0.5, 0.52, 0.0, 0.02), (0.2, 0.36), (0.36, 0.5), 1, 0.06, 9.0, 18.0),
    "pronk": Gait((0.04, 0.0, 0.04, 0.0), (0.22, 0.36), (0.45, 0.6), 1, 0.1, 3.0, 4.0),
}
"""Of four-legged animals. Two-legged ones walk, run and hop by the hind feet of walk, trot and bound."""

SMALLEST_LEG = 0.25
"""Metres. Smaller animals step no faster than this: at 30 frames a second their feet would be seen in a few places only."""
_NAMES = tuple(GAITS)
_SHARES = {"walk": 5.0, "trot": 3.0, "amble": 1.0, "pace": 1.0, "canter": 1.5, "gallop": 2.0, "rotary_gallop": 1.0, "bound": 1.0}


@dataclass(frozen=True)
class Strides:
    """Gaits of B clips, drawn. landing (B, L) turns; duty, period, bob, rise (B,); pitch, flex (B,) radians."""

    landing: Tensor
    duty: Tensor
    period: Tensor
    bob: Tensor
    rise: Tensor
    pitch: Tensor
    flex: Tensor


def draw_strides(count: int, limbs: int, leg: Tensor, generator: torch.Generator, which: str | None = None) -> Strides:
    """Gaits at random for `count` animals with legs of length leg (B,) metres, or all of the gait `which`.

    Four limbs (fore left, fore right, hind left, hind right) take a gait of the table, either side leading; more limbs, or
    fewer, move in a wave from the last to the first, the sides half a stride apart.
    """
    device = generator.device
    shares = torch.tensor([_SHARES.get(name, 0.5) if which is None else float(name == which) for name in _NAMES], device=device)
    number = torch.multinomial(shares, count, replacement=True, generator=generator)
    landing = torch.tensor([gait.landing for gait in GAITS.values()], device=device)[number]
    landing = torch.where(chance((count, 1), 0.5, generator), landing[:, [1, 0, 3, 2]], landing)
    if limbs != 4:
        pair = torch.arange(limbs, device=device) // 2
        wave = uniform((count, 1), 0.15, 0.5, generator) * pair
        landing = 0.5 * (torch.arange(limbs, device=device) % 2) - wave
    landing = landing + 0.015 * torch.randn((count, limbs), generator=generator, device=device)

    def column(name: str) -> Tensor:
        return torch.tensor([getattr(gait, name) for gait in GAITS.values()], device=device)[number]

    def between(name: str) -> Tensor:
        low, high = column(name).unbind(-1)
        return low + (high - low) * torch.rand(count, generator=generator, device=device)

    size = uniform((4, count), 0.4, 1.3, generator)
    degree = torch.pi / 180
    return Strides(landing % 1.0, between("duty"), between("period") * leg.clamp_min(SMALLEST_LEG).sqrt(), column("bob"),
                   column("rise") * size[0], column("pitch") * size[1] * degree, column("flex") * size[2] * degree)


@dataclass(frozen=True)
class Path:
    """The way an animal goes on the ground: arcs of B circles. speed (B,) m/s, turning (B,) and heading (B,) radians (a second)."""

    speed: Tensor
    turning: Tensor
    heading: Tensor

    def at(self, times: Tensor) -> tuple[Tensor, Tensor]:
        """Places (B, …, 2) in metres and headings (B, …) in radians at times (B, …) in seconds; at time 0 it is at the origin."""
        spread = (-1, *[1] * (times.ndim - 1))
        speed, turning, start = (x.reshape(spread) for x in (self.speed, self.turning, self.heading))
        half = 0.5 * turning * times
        # The chord of an arc: its length is speed x time x sin(half)/half, its direction lies half-way.
        chord = speed * times * torch.sinc(half / torch.pi)
        place = torch.stack([chord * torch.cos(start + half), chord * torch.sin(start + half)], dim=-1)
        return place, start + 2 * half


def footfalls(times: Tensor, strides: Strides, path: Path, stance: Tensor, lift: Tensor) -> tuple[Tensor, Tensor]:
    """Where each foot is: (B, F, L, 3) metres in the world, z = 0 while it stands, and how far (B, F, L) through its swing it is.

    times (B, F) seconds; stance (B, L, 2): where each foot stands below the animal in the middle of its stance, metres
    forward and left of the point that goes along the path; lift (B, L) metres. The share of the swing is 0 while a foot stands.
    """
    period, duty = strides.period[:, None, None], strides.duty[:, None, None]
    phase = times[..., None] / period - strides.landing[:, None]
    turn = torch.floor(phase)
    swing = ((phase - turn - duty) / (1 - duty)).clamp_min(0.0)

    def planted(number: Tensor) -> Tensor:
        middle = (number + 0.5 * duty + strides.landing[:, None]) * period
        place, heading = path.at(middle)
        forward, left = stance[:, None, :, 0], stance[:, None, :, 1]
        cos, sin = torch.cos(heading), torch.sin(heading)
        return place + torch.stack([cos * forward - sin * left, sin * forward + cos * left], dim=-1)

    eased = (swing * swing * (3 - 2 * swing))[..., None]
    flat = torch.lerp(planted(turn), planted(turn + 1), eased)
    height = lift[:, None] * torch.sin(torch.pi * swing.clamp_max(1.0)) ** 1.5
    return torch.cat([flat, height[..., None]], dim=-1), swing
