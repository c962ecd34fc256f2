"""Smooth random curves: what joints do when nobody tells them what to do.

A curve is a sum of a few waves whose frequencies lie in a band, so it is smooth at any frame rate, can be asked for at any
time, and never repeats within a clip.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

WAVES = 5


def uniform(shape: tuple[int, ...], low: float, high: float, generator: torch.Generator) -> Tensor:
    """Numbers between low and high, float32, on the generator's device."""
    return torch.rand(shape, generator=generator, device=generator.device) * (high - low) + low


def chance(shape: tuple[int, ...], probability: float, generator: torch.Generator) -> Tensor:
    """True with this probability, independently."""
    return torch.rand(shape, generator=generator, device=generator.device) < probability


def smooth_noise(times: Tensor, channels: int, band: tuple[float, float], generator: torch.Generator) -> Tensor:
    """Curves (B, F, channels) within (-1, 1), of standard deviation about 0.6, at times (B, F) in seconds.

    band: the lowest and highest frequency in hertz. The curves of one clip share their frequencies and differ in the
    waves' heights and places; curves of different clips share nothing.
    """
    batch = len(times)
    low, high = math.log(band[0]), math.log(band[1])
    frequency = torch.exp(uniform((batch, 1, WAVES), low, high, generator))
    turn = 2 * math.pi * (frequency * times[..., None] + uniform((batch, 1, WAVES), 0, 1, generator))
    waves = torch.cat([torch.sin(turn), torch.cos(turn)], dim=-1)
    heights = torch.randn((batch, 2 * WAVES, channels), generator=generator, device=times.device)
    return torch.tanh(0.9 / math.sqrt(WAVES) * (waves @ heights))
