"""The coat of every species, in the colours and marks by which people tell them apart.

Written from what field guides agree on; lengths are in body lengths (see `animal.coats`). Order matters: later layers
cover earlier ones.
"""

from __future__ import annotations

from ....animal.coats import Coat
from .antelopes import SHEEP_AND_ANTELOPES
from .carnivores import OTHER_CARNIVORES
from .cats import FELIDS
from .cattle import CATTLE
from .deer import DEER_AND_CAMELS
from .dogs import CANIDS
from .giants import PIGS_AND_GIANTS
from .horses import EQUIDS
from .primates import ODD_ONES, PRIMATES
from .small import SMALL

COATS: dict[str, Coat] = {
    **CANIDS,
    **FELIDS,
    **OTHER_CARNIVORES,
    **EQUIDS,
    **CATTLE,
    **SHEEP_AND_ANTELOPES,
    **DEER_AND_CAMELS,
    **PIGS_AND_GIANTS,
    **SMALL,
    **PRIMATES,
    **ODD_ONES,
}
"""Species name → coat, for every species of the default model."""
