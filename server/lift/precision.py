"""In which numbers a network computes: bfloat16 where the processor multiplies them fast, else single precision.

Only the layers' products are in bfloat16; sums, normalisations, features of the points and the answer's last layers stay in
single precision, so that answers differ by about 0.002 of the animal's extent and do not shake.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from functools import cache

import torch
from torch import nn

from .networks import parameters_of

WORTH_IT = 2_000_000
"""Networks with fewer parameters gain little, and stay exact."""
_ASKED = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")


@cache
def fast_bfloat16() -> bool:
    """Whether this CPU has instructions of its own for bfloat16. What torch cannot tell counts as no."""
    return any(bool(getattr(torch.cpu, name, lambda: False)()) for name in _ASKED)


def dtype_of(network: nn.Module, device: str | torch.device) -> torch.dtype:
    """What a network on a device computes with when it lifts: bfloat16 if it is large and the CPU is fast with it."""
    fast = torch.device(device).type == "cpu" and fast_bfloat16() and parameters_of(network) >= WORTH_IT
    return torch.bfloat16 if fast else torch.float32


def computing(network: nn.Module, device: str | torch.device) -> AbstractContextManager[object]:
    """Inside, a network on a device computes as `dtype_of` says."""
    return torch.autocast(torch.device(device).type, dtype=torch.bfloat16, enabled=dtype_of(network, device) == torch.bfloat16)
