"""What is made of a network's shapes: swapped sides put right, constant bones, a place in the world, feet that stand still."""

from .clip import RefineSettings, refine_clip
from .swaps import Swap, find_swaps
from .wild import without_wild

__all__ = ["RefineSettings", "Swap", "find_swaps", "refine_clip", "without_wild"]
