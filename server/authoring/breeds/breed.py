"""What an authored species is: a family, the registered animals it starts from, and traits that change them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Breed:
    """A species or breed before its measures are met.

    base: shares of registered animals by name (see `registration`); what they leave to 1 is the template dog, and {} is the
    dog alone. traits: amounts of the traits of `proportions.TRAITS` or of single parameters of `warp.PARAMETERS`.
    """

    family: str
    traits: Mapping[str, float]
    base: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if any(share < 0 for share in self.base.values()) or sum(self.base.values()) > 1 + 1e-9:
            raise ValueError(f"base shares must be positive and sum to at most 1: {dict(self.base)}")
