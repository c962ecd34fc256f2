"""What the coats of hoofed animals share."""

from __future__ import annotations

from ....animal.coats import Coat, Layer, Tuft

HORN = "#2c2520"
BROWN_EYE = "#2f1c11"


def hoofed(
    base: str,
    under: str,
    *layers: Layer,
    contrast: float = 0.2,
    nose: str = "#241d1a",
    hoof: str = HORN,
    fur: float = 0.012,
    curl: float = 0.0,
    tufts: tuple[Tuft, ...] = (),
) -> Coat:
    """A coat with dark eyes, barred pupils and hooves."""
    return Coat(
        base,
        under,
        layers,
        contrast,
        nose,
        "#4a3a33",
        BROWN_EYE,
        hoof=hoof,
        pupil="bar",
        fur=fur,
        curl=curl,
        tufts=tufts,
    )
