"""Named sliders: directions of the betas that change one thing an animator has a word for, and little else.

Each starts as what the warp's trait does to the mean animal, seen in the shape space. It is then changed as little as
possible, in mean squared distance on the surface, so that one unit changes its own measure by the named amount and leaves
the other measures alone (least squares with linear constraints; Golub and Van Loan, Matrix Computations, section 6.2).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .measures import Ruler
from .population import Stance
from .proportions import expand, on
from .skeleton import SPINE
from .space import Space

QUARTER = float(np.log(1.25))
HELD = ("elbow_height", "neck_length", "head_length", "tail_length", "chest_depth", "ear_length")
STEP = 1e-3


@dataclass(frozen=True)
class Slider:
    """traits: one unit on the warp; measure and change: the logarithm by which one unit changes it; held: what must stay.

    low and high: how far it may go and still look like an animal.
    """

    traits: dict[str, float]
    measure: str = ""
    change: float = QUARTER
    held: tuple[str, ...] = HELD
    low: float = -1.0
    high: float = 1.0


def without(*names: str) -> tuple[str, ...]:
    """The measures that must stay, but for some."""
    return tuple(name for name in HELD if name not in names)


SLIDERS: dict[str, Slider] = {
    "leg_length": Slider({"leg_length": QUARTER}, "elbow_height"),
    "leg_girth": Slider({"leg_girth": QUARTER, "thigh_girth": 0.12}),
    "foot_size": Slider({"foot_size": QUARTER}),
    "trunk_length": Slider(on(SPINE, "length", by=QUARTER), held=()),
    "trunk_depth": Slider({"trunk_depth": QUARTER}, "chest_depth", held=without("chest_depth", "elbow_height")),
    "girth": Slider({"trunk_width": QUARTER, "trunk_depth": 0.12, "flank": 0.02, "neck_girth": 0.08},
                    held=without("chest_depth", "elbow_height")),
    "belly": Slider({"belly": 0.07, "groin": 0.03}, low=-0.7),
    "hump": Slider({"hump": 0.10, "withers": 0.03}, low=-0.3),
    "neck_length": Slider({"neck_length": QUARTER}, "neck_length"),
    "neck_girth": Slider({"neck_girth": QUARTER}),
    "head_size": Slider({"head_size": QUARTER}, "head_length"),
    "muzzle_length": Slider({"muzzle_length": 0.35}, held=without("head_length")),
    "muzzle_width": Slider(on(("Muzzle", "Chin"), "width", by=QUARTER)),
    "ear_size": Slider({"ear_length": QUARTER, "ear_width": QUARTER}, "ear_length", high=2.0),
    "tail_length": Slider({"tail_length": QUARTER}, "tail_length", low=-1.5, high=1.5),
    "tail_girth": Slider({"tail_girth": QUARTER}, high=1.5),
}  # fmt: skip


def slider_fields(space: Space, regressor: np.ndarray, template: Stance, ruler: Ruler) -> dict[str, np.ndarray]:
    """The arrays slider_names (S,), slider_directions (S, B), slider_ranges (S, 2) of a space and its J_regressor (35, V)."""
    mean = space.mean.astype(np.float64)
    stance = template.on(mean, regressor @ mean)
    flat = space.directions.astype(np.float64).reshape(-1, space.directions.shape[-1])
    loose = np.linalg.inv(flat.T @ flat)  # how far each change of the betas moves the surface
    slopes = measure_slopes(space, regressor, ruler)
    rows = [_solve(slider, space, stance, loose, slopes) for slider in SLIDERS.values()]
    return {
        "slider_names": np.array(list(SLIDERS)),
        "slider_directions": np.round(rows, 6).astype(np.float32),
        "slider_ranges": np.array([(slider.low, slider.high) for slider in SLIDERS.values()], np.float32),
    }


def measure_slopes(space: Space, regressor: np.ndarray, ruler: Ruler) -> dict[str, np.ndarray]:
    """Derivative (B,) of every measure's logarithm by the betas, at the mean animal."""
    betas = np.concatenate([np.zeros((1, space.directions.shape[-1])), STEP * np.eye(space.directions.shape[-1])])
    shapes = space.shape(betas)
    found = ruler.measure(shapes, np.einsum("jv,nvd->njd", regressor, shapes))
    return {name: (np.log(value[1:]) - np.log(value[0])) / STEP for name, value in found.items()}


def _solve(slider: Slider, space: Space, stance: Stance, loose: np.ndarray, slopes: dict[str, np.ndarray]) -> np.ndarray:
    ends = stance.level_many(np.stack([expand(slider.traits), -expand(slider.traits)]), 3)[1]
    start = space.project(space.mean + (ends[:1] - ends[1:]) / 2)[0]
    wanted = {name: slider.change if name == slider.measure else 0.0 for name in {*slider.held, slider.measure} - {""}}
    if not wanted:
        return start
    names = sorted(wanted)
    matrix = np.stack([slopes[name] for name in names])
    missing = np.array([wanted[name] for name in names]) - matrix @ start
    return start + loose @ matrix.T @ np.linalg.solve(matrix @ loose @ matrix.T, missing)
