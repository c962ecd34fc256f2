"""The coat of every species, in the colours and marks by which people tell them apart.

Written from what field guides agree on; lengths are in body lengths (see `animal.coats`). Order matters: later layers
cover earlier ones. `COATS` joins the tables of carnivores, hoofed animals and the rest.
"""

from __future__ import annotations

from ...animal.coats import Coat
from .coats_carnivores import CARNIVORES
from .coats_hoofed import HOOFED
from .coats_others import OTHERS

COATS: dict[str, Coat] = {**CARNIVORES, **HOOFED, **OTHERS}
"""Species name → coat, for every species of the default model."""
