"""A coat painted on vertices with numpy: what solid viewports, files and plain renderers show of it.

`scene/coat_nodes.py` paints the same coat per pixel in Blender; both read the fields made here (`coat_surface`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .coat_fields import BodyFields, body_length, can_measure, flow, model_fields, vertex_normals
from .coats import Coat, ColourLike, Layer, linear
from .model import AnimalModel
from .noise import cells, value_noise

Array = NDArray[np.float64]

FIELD_LIMIT = 0.25  # body lengths; how far inside or outside of a place matters no more beyond this
ROSETTE_RIM, ROSETTE_MIDDLE = 0.15, 0.22  # width of the ring in cells, and how dark the middle is beside it
SPOT_SPREAD = 0.7  # how much the radii of spots differ where a layer is as irregular as can be
GROUND_WORTH = 0.5  # share of `contrast` by which the back is darker and the flank lighter than the base


@dataclass(frozen=True)
class CoatSurface:
    """What a coat is painted by, for the V vertices of one shaped animal.

    rest (V, 3): the animal at rest in body lengths, animal axes, feet at 0. flow (V,): see `coat_fields.flow`.
    shade (V,): -1 skin that faces down to 1 skin of the back. layers: (V,) for each layer, how far inside its place,
    body lengths, clipped to ±FIELD_LIMIT. eye (V, 3): place about the nearer eye's centre in radii of the eye: along the
    gap of the lids, across it (up), and outward. nostril (V, 3): the same about the nearer nostril. regions: names →
    (V,) 0..1 (nose, mouth, hoof, pad, ear_inner, …).
    """

    rest: Array
    flow: Array
    shade: Array
    layers: tuple[Array, ...]
    eye: Array
    nostril: Array
    regions: Mapping[str, Array]

    def at(self, corners: NDArray[np.int32], shares: Array) -> CoatSurface:
        """The same at N places on faces: corners (N, 3) vertex indices, shares (N, 3) barycentric."""

        def pick(values: Array) -> Array:
            return np.einsum("nk,nk...->n...", shares, values[corners])

        return CoatSurface(pick(self.rest), pick(self.flow), pick(self.shade), tuple(map(pick, self.layers)),
                           pick(self.eye), pick(self.nostril), {name: pick(row) for name, row in self.regions.items()})


class CoatPainter:
    """Paints coats on the animals of one model; what depends on the model alone is worked out once.

    Raises ValueError for a model whose skeleton or keypoints coats cannot be told on: see `coat_fields.can_measure`.
    """

    def __init__(self, model: AnimalModel) -> None:
        if not can_measure(model):
            raise ValueError(f"{model.name}: coats need SMAL's joints and keypoints at eyes, nose and ear tips")
        self.model = model
        self.fields: BodyFields = model_fields(model)
        self._places: dict[str, Array] = {}
        self.regions = _regions(model, self.fields)

    def place(self, name: str) -> Array:
        """(V,) how far inside a place each vertex lies, clipped to ±FIELD_LIMIT body lengths."""
        if name not in self._places:
            self._places[name] = np.clip(self.fields.inside(name), -FIELD_LIMIT, FIELD_LIMIT)
        return self._places[name]

    def surface(self, coat: Coat, betas: ArrayLike | None = None) -> CoatSurface:
        """What this coat is painted by on the animal of these betas (B',)."""
        model = self.model
        rest = model.rest(betas)
        unit = body_length(rest.joints)
        points = dict(zip(model.keypoint_names, rest.keypoints, strict=True))
        eye = _about_eye(model, rest.vertices, points["left_eye"], self.regions.get("eye"), self.fields.head_length)
        nostril = _about_nostril(rest.vertices, points["nose"], self.regions.get("nose"), model,
                                 self.fields.head_length)
        places = tuple(self.place(layer.where) for layer in coat.layers)
        ground = np.array([0.0, 0.0, rest.vertices[:, 2].min()])
        return CoatSurface((rest.vertices - ground) / unit, flow(rest.vertices, rest.joints, model.weights),
                           _shade(self.fields), places, eye, nostril, self.regions)

    def paint(self, coat: Coat, surface: CoatSurface) -> Array:
        """(V, 3) the coat in linear colours, at the resolution of the vertices."""
        base, under = (np.array(linear(c)) for c in (coat.base, coat.under))
        low = _smoothstep(-0.1, -0.8, surface.shade)[:, None]
        colours = ground(base, coat.contrast, surface.shade) * (1 - low) + under * low
        for number, (layer, place) in enumerate(zip(coat.layers, surface.layers, strict=True)):
            mask = layer_mask(layer, place, surface, number)[:, None]
            colours = colours * (1 - mask) + np.array(linear(layer.colour)) * mask
        return self._features(coat, surface, colours)

    def _features(self, coat: Coat, surface: CoatSurface, colours: Array) -> Array:
        """Skin without hair over the coat: inner ears, lips, nose, feet, eyes."""
        skin: list[tuple[str, ColourLike]] = [("ear_inner", coat.inner_ear), ("mouth", coat.lips)]
        skin += [("hoof", coat.hoof)] if coat.hoof is not None else [("pad", coat.pad)]
        skin += [("nose", coat.nose)]
        for name, tone in skin:
            mask = surface.regions.get(name)
            if mask is not None:
                strength = (0.6 if name == "ear_inner" else 1.0) * mask[:, None]
                colours = colours * (1 - strength) + np.array(linear(tone)) * strength
        distance = np.linalg.norm(surface.eye, axis=1)
        for radius, tone in ((1.15, (0.03, 0.02, 0.02)), (0.85, coat.eye), (0.45, (0.01, 0.01, 0.01))):
            mask = _smoothstep(radius + 0.15, radius - 0.15, distance)[:, None]
            colours = colours * (1 - mask) + np.array(linear(tone)) * mask
        return np.clip(colours, 0.0, 1.0)


def ground(base: Array, contrast: float, shade: Array) -> Array:
    """(V, 3) the ground colour by `shade`: the back darker, flank and below lighter than the base (linear)."""
    return base * (1.0 + GROUND_WORTH * contrast * (0.4 - 1.4 * shade))[:, None]


def layer_mask(layer: Layer, place: Array, surface: CoatSurface, number: int = 0) -> Array:
    """(V,) 0..1 how much of the layer's colour shows. number: of the layer in its coat, so that no two are alike."""
    inside = place
    if layer.ragged > 0:
        inside = inside + layer.ragged * value_noise(surface.rest / max(3 * layer.ragged, 0.03), 50 + number)
    width = max(layer.edge, 0.004)
    mask = _smoothstep(-width / 2, width / 2, inside)
    if layer.pattern != "solid":
        mask = mask * pattern(layer, surface, number)
    return layer.strength * mask


def pattern(layer: Layer, surface: CoatSurface, number: int = 0) -> Array:
    """(V,) 0..1 the layer's pattern, as if its place were everywhere."""
    at, cover = surface.rest / layer.scale, layer.cover
    if layer.pattern in ("stripes", "tabby", "brindle", "rings"):
        return _bands(layer, surface, number)
    if layer.pattern == "patches":
        level = 0.5 * (1 + 1.6 * value_noise(at, 3 * number, 3))
        return _smoothstep(1 - cover - 0.012, 1 - cover + 0.012, level)
    if layer.pattern == "flecks":
        return _smoothstep(0.4 - 0.5 * cover, 0.9 - 0.5 * cover, 0.5 + value_noise(at, 3 * number, 2))
    first, second, kind = cells(at + layer.warp * 0.25 * value_noise(at * 2, 9)[:, None], 5 + number, 0.6 + 0.4 * layer.warp)
    inner = 0.5 * (second - first)  # about the distance to the cell's wall
    gap, soft = wall_gap(layer)
    if layer.pattern == "net":
        return _smoothstep(gap - soft, gap + soft, inner)
    if layer.pattern == "spots":
        radius = spot_radius(layer.cover) * (1.0 + SPOT_SPREAD * layer.warp * (kind - 0.5))
        return _smoothstep(radius + soft, radius - soft, first)
    gap = gap + 0.16 * layer.warp * (kind - 0.5)
    spot = _smoothstep(gap - soft, gap + soft, inner)
    if layer.pattern != "rosettes":
        return spot
    hollow = _smoothstep(gap + ROSETTE_RIM + soft, gap + ROSETTE_RIM - soft, inner)
    broken = _smoothstep(-0.45, -0.3, value_noise(at * 2.2, 11 + number, 1))
    return np.maximum(spot * hollow * broken, ROSETTE_MIDDLE * spot)


def spot_radius(cover: float) -> float:
    """Radius of round spots, in cells, of which one in every cell fills this share of space."""
    return (3 * cover / (4 * np.pi)) ** (1 / 3)


def wall_gap(layer: Layer) -> tuple[float, float]:
    """How far from the walls of their cells spots begin so as to cover the layer's share, and how soft their rim is."""
    if layer.pattern == "net":
        return 0.25 * (1 - layer.cover), 0.02
    return 0.36 * (1 - layer.cover**0.5), 0.12 if layer.pattern == "dapples" else 0.025


def _bands(layer: Layer, surface: CoatSurface, number: int) -> Array:
    """Stripes of all kinds: levels of the flow coordinate, bent by noise, thinning and breaking up by kind."""
    wander = {"rings": 0.1, "stripes": 0.9, "tabby": 1.3, "brindle": 1.8}[layer.pattern]
    at = surface.rest / layer.scale
    phase = surface.flow / layer.scale + wander * layer.warp * value_noise(0.4 * at, 20 + number)
    wave = np.abs(2 * (phase - np.floor(phase)) - 1)
    cover = np.full(len(wave), layer.cover)
    if layer.pattern in ("tabby", "brindle"):
        cover = cover + 0.6 * layer.warp * value_noise(0.9 * at, 30 + number)
    elif layer.pattern == "stripes":
        cover = cover + 0.5 * layer.warp * value_noise(0.5 * at, 30 + number)
    soft = {"rings": 0.1, "stripes": 0.1, "tabby": 0.25, "brindle": 0.5}[layer.pattern]
    return _smoothstep(1 - cover - soft, 1 - cover + soft, wave)


def _smoothstep(start: float | Array, end: float | Array, value: Array) -> Array:
    """0 at `start`, 1 at `end` (which may be the smaller), smooth between."""
    part = np.clip((value - start) / (end - start), 0.0, 1.0)
    return part * part * (3 - 2 * part)


def _shade(fields: BodyFields) -> Array:
    """(V,) -1..1: on the body from both where the skin lies and which way it faces; on legs mostly from its inner side."""
    body = np.clip(2 * fields.at["up"] - 1, -1.0, 1.0)
    thigh = np.clip(-fields.at["up"] / 0.15, 0.0, 1.0) * (1 - fields.parts["head"])  # below the belly's line
    limb = np.clip(np.maximum(np.maximum(fields.parts["legs"], fields.at["limb"]), thigh) + fields.parts["ears"], 0.0, 1.0)
    return np.clip((1 - limb) * (0.3 * body + 0.7 * fields.skin_up) + limb * 0.3 * (fields.skin_up + 0.3), -1.0, 1.0)


def _regions(model: AnimalModel, fields: BodyFields) -> dict[str, Array]:
    """The model's own regions, or the few that the fields alone can tell."""
    names = getattr(model, "region_names", None) or ()
    weights = getattr(model, "region_weights", None)
    if weights is not None and len(names):
        return {name: np.asarray(weights[:, k], dtype=np.float64) for k, name in enumerate(names)}
    head = fields.parts["head"]
    return {"nose": head * _smoothstep(0.13, 0.09, fields.at["nose"]),
            "hoof": fields.parts["legs"] * _smoothstep(0.11, 0.08, fields.at["leg"]),
            "pad": fields.parts["legs"] * _smoothstep(0.04, 0.02, fields.at["leg"])}


def _about_eye(model: AnimalModel, rest: Array, centre: Array, region: Array | None, head_length: float) -> Array:
    """(V, 3) place about the nearer eye in eye radii: forward, up, outward in the plane of the eye's patch."""
    k = model.keypoint_names.index("left_eye")
    group = model.keypoint_matrix[k] > 1e-9
    patch = group if region is None else (region > 0.5) & (rest[:, 1] > 0)
    patch = patch if patch.sum() >= 4 else group
    outward = vertex_normals(rest, model.faces)[patch].mean(axis=0)
    outward /= max(float(np.linalg.norm(outward)), 1e-12)
    forward = np.array([1.0, 0.0, -0.25]) - outward * (outward @ np.array([1.0, 0.0, -0.25]))
    forward /= max(float(np.linalg.norm(forward)), 1e-12)
    upward = np.cross(outward, forward)
    upward *= np.sign(upward[2]) or 1.0
    middle = rest[patch].mean(axis=0) if region is not None else centre
    reach = np.linalg.norm(rest[patch] - middle, axis=1)
    radius = float(np.clip(np.quantile(reach, 0.8), 0.02 * head_length, 0.09 * head_length))
    folded = rest * (1, 0, 1) + np.abs(rest) * (0, 1, 0)
    return (folded - middle) @ np.stack([forward, upward, outward], axis=1) / radius


def _about_nostril(rest: Array, nose: Array, region: Array | None, model: AnimalModel, head_length: float) -> Array:
    """(V, 3) place about the nearer nostril in its radii: where the nose's skin faces forward, outward and a little up."""
    normals, folded = vertex_normals(rest, model.faces), rest * (1, 0, 1) + np.abs(rest) * (0, 1, 0)
    facing = np.array([0.62, 0.72, 0.3])
    region = np.zeros(len(rest)) if region is None else region
    weight = region * (rest[:, 1] > 0) * np.exp(10.0 * (normals @ facing))
    if weight.sum() <= 0:
        return np.full_like(rest, 100.0)
    centre = weight @ folded / weight.sum()
    size = np.linalg.norm(rest[region > 0.5] - nose, axis=1) if (region > 0.5).any() else np.ones(1)
    radius = min(0.3 * float(np.quantile(size, 0.9)), 0.07 * head_length)  # a trunk is long, its nostril is not
    along = np.array([0.5, -0.35, 0.8])  # a slit that leans inward above
    along /= np.linalg.norm(along)
    across = np.cross(along, facing)
    across /= np.linalg.norm(across)
    return (folded - centre) @ np.stack([along, across, np.cross(along, across)], axis=1) / max(radius, 1e-9)
