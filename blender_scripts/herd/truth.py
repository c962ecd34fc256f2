"""The record of a picture: everything that is known of it, as plain JSON values, from plan, bodies and the truth pass.

What is written is described in docs/files.md, "Herds". Numbers are rounded, so that the same plan gives the same text on
machines whose last bits differ.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...animal import masks
from ...animal.cameras import Camera
from ...animal.keypoints import SUPERSET
from ...animal.model import AnimalModel
from ...animal.rasterise import rasterise
from .bodies import Body
from .passes import Truth
from .plan import AssetAnimal, Plan, PlannedAnimal
from .words import heading

Array = NDArray[np.float64]

FORMAT = "bestiary-herd/1"
VISIBILITY_TOLERANCE = 0.015
"""A vertex counts as seen up to this share of its body's largest extent behind the depth at its pixel."""

_LEAST_WEIGHT = 1e-3
_LENGTHS = (0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1)  # metres of a step of depth
_STEPS = 60000  # of 65535, so that what is a little further can be told too
_FINE = 0.001  # of the nearest animal's depth: no step is coarser, where the range allows it
_COARSE = 160  # pixels along the longer side of the picture in which whole bodies are measured against the frame
_BETAS, _POSE, _METRES, _PIXELS = 6, 6, 6, 3  # decimals


def make_record(plan: Plan, model: AnimalModel, bodies: Sequence[Body], truth: Truth, metres_per_step: float) -> dict[str, Any]:
    """The record of a picture whose animals are `bodies`, but for paths and prompt."""
    wholes = [_drawn(body, plan.camera) for body in bodies]
    animals = [_animal(number, *pair, plan.camera, model, truth, whole[0])
               for number, (pair, whole) in enumerate(zip(zip(plan.animals, bodies, strict=True), wholes, strict=True), 1)]
    camera, around = plan.camera, plan.surroundings
    return {
        "format": FORMAT, "id": f"{plan.index:06d}", "index": plan.index, "seed": plan.seed, "layout": plan.layout,
        "width": camera.width, "height": camera.height,
        "camera": {"K": _list(camera.K, 6), "R": _list(camera.R, 9), "t": _list(camera.t, 6)},
        "lens": {name: round(value, 6) for name, value in asdict(plan.lens).items()},
        "scene": {"ground": around.ground, "light": around.light, "sun_azimuth": round(around.sun_azimuth, 6),
                  "sun_elevation": round(around.sun_elevation, 6), "occluders": around.occluders,
                  "background": None if around.background is None else Path(around.background).name},
        "depth": {"metres_per_step": metres_per_step},
        "left_to_right": _left_to_right(animals, truth.ids),
        "depth_order": _depth_order(wholes, bodies, plan.camera),
        "animals": animals,
    }


def _animal(
    number: int, animal: PlannedAnimal | AssetAnimal, body: Body, camera: Camera, model: AnimalModel, truth: Truth,
    whole: NDArray[np.bool_],
) -> dict[str, Any]:
    seen = truth.ids == number
    whole = whole | seen  # the two renderers may differ by a pixel at the outline
    joints = _flags(body.joints, camera)[:, None] * 1
    forward = _forward(body, model)
    facing, yaw = heading(camera.R @ forward, camera.R @ np.array([0.0, 0.0, 1.0]))
    record = _own(animal, model)
    return {
        "id": number, **record,
        "joints": _pixels(body.joints, camera, joints[:, 0]), "joints_3d": _list(body.joints, _METRES),
        **_keypoints(body, model, camera, truth.depth),
        "box": masks.box(whole), "box_visible": masks.box(seen),
        "mask": masks.encode(whole), "mask_visible": masks.encode(seen),
        "area": int(whole.sum()), "area_visible": int(seen.sum()),
        "visible_fraction": round(float(seen.sum() / whole.sum()), 6) if whole.any() else 0.0,
        "in_frame_fraction": round(in_frame(body.vertices, body.faces, camera), 4),
        "depth_m": round(float(np.median(camera.to_camera(body.vertices)[:, 2])), 4),
        "facing": facing, "yaw": round(yaw, 3) % 360.0,
    }


def _own(animal: PlannedAnimal | AssetAnimal, model: AnimalModel) -> dict[str, Any]:
    """What an animal is, whatever the picture."""
    if isinstance(animal, AssetAnimal):
        return {"species": animal.species, "family": None, "label": animal.species, "doing": animal.doing, "who": None, "coat": None,
                "without": [], "model_id": None, "betas": None, "pose": None, "trans": None, "metres_per_unit": None,
                "asset": animal.asset, "clip": animal.clip, "joint_names": list(animal.joint_names), "joint_parents": list(animal.parents)}
    who = animal.who
    return {"species": who.species, "family": animal.family, "label": _label(animal), "doing": animal.doing,
            "who": {**asdict(who), "sliders": dict(who.sliders)}, "coat": animal.coat, "without": list(animal.without),
            "model_id": model.model_id, "betas": _list(animal.betas, _BETAS), "pose": _list(animal.pose, _POSE),
            "trans": _list(animal.trans, _METRES), "metres_per_unit": round(animal.metres_per_unit, 9), "asset": None, "clip": animal.clip}


def rounded(animal: PlannedAnimal) -> PlannedAnimal:
    """The animal with the numbers that its record will hold, so that the picture shows what the record says."""
    from dataclasses import replace

    return replace(animal, betas=np.round(animal.betas, _BETAS), pose=np.round(animal.pose, _POSE), trans=np.round(animal.trans, _METRES),
                   metres_per_unit=round(animal.metres_per_unit, 9))


def rounded_camera(camera: Camera) -> Camera:
    """The camera with the numbers that its record will hold."""
    return Camera(np.round(camera.K, 6), np.round(camera.R, 9), np.round(camera.t, 6), camera.width, camera.height)


def _label(animal: PlannedAnimal) -> str:
    """What one would call the animal: "fox", "young fox", "fox and wolf cross"."""
    name = animal.who.species.replace("_", " ")
    if animal.who.other and animal.who.blend > 0:
        name = f"{name} and {animal.who.other.replace('_', ' ')} cross"
    return f"young {name}" if animal.who.youth > 0.3 else name


# -- points -----------------------------------------------------------------------------------------------------------


def _keypoints(body: Body, model: AnimalModel, camera: Camera, depth: Array) -> dict[str, Any]:
    """The 44 points of the superset: where, and whether they are seen; null where the model has none."""
    if body.posed is None:
        return {"keypoints": [None] * len(SUPERSET), "keypoints_3d": [None] * len(SUPERSET)}
    skin = body.posed.vertices
    have = model.superset_matrix.any(axis=1)
    points = model.superset_matrix @ skin
    shown = _seen_vertices(skin, camera, depth)
    seen = ((model.superset_matrix > _LEAST_WEIGHT) & shown).any(axis=1)
    flags = np.where(_flags(points, camera), np.where(seen, 2, 1), 0)
    flat, space = _pixels(points, camera, flags), _list(points, _METRES)
    return {"keypoints": [row if known else None for row, known in zip(flat, have, strict=True)],
            "keypoints_3d": [row if known else None for row, known in zip(space, have, strict=True)]}


def _seen_vertices(vertices: Array, camera: Camera, depth: Array) -> NDArray[np.bool_]:
    """(V,) whether a vertex lies in the frame and no more than the tolerance behind what its pixel shows."""
    tolerance = VISIBILITY_TOLERANCE * float(np.ptp(vertices, axis=0).max())
    placed = camera.to_camera(vertices)
    inside = _flags(vertices, camera)
    pixel = np.nan_to_num(camera.project(vertices), nan=0.0)
    column = np.clip(np.floor(pixel[:, 0]), 0, camera.width - 1).astype(int)
    row = np.clip(np.floor(pixel[:, 1]), 0, camera.height - 1).astype(int)
    return inside & (placed[:, 2] <= depth[row, column] + tolerance)


def _flags(points: Array, camera: Camera) -> NDArray[np.bool_]:
    """(n,) whether points (n, 3) lie in the frame."""
    pixel = camera.project(points)
    with np.errstate(invalid="ignore"):
        return np.asarray((pixel[:, 0] >= 0) & (pixel[:, 0] < camera.width) & (pixel[:, 1] >= 0) & (pixel[:, 1] < camera.height))


def _pixels(points: Array, camera: Camera, flags: NDArray) -> list[list[float | int] | None]:
    """x, y, flag of points; null for what lies behind the camera."""
    return [None if not np.isfinite(xy).all() else [round(float(xy[0]), _PIXELS), round(float(xy[1]), _PIXELS), int(flag)]
            for xy, flag in zip(camera.project(points), flags, strict=True)]


def _forward(body: Body, model: AnimalModel) -> Array:
    """Which way the body points: from the base of the tail to the base of the neck."""
    if body.posed is not None and {"tail_base", "neck_base"} <= set(model.keypoint_names):
        points = body.posed.keypoints
        direction = points[model.keypoint_names.index("neck_base")] - points[model.keypoint_names.index("tail_base")]
    else:
        direction = body.forward if body.forward is not None else np.array([1.0, 0.0, 0.0])
    return direction if np.linalg.norm(direction) > 1e-9 else np.array([1.0, 0.0, 0.0])


# -- regions ----------------------------------------------------------------------------------------------------------


def _drawn(body: Body, camera: Camera) -> tuple[NDArray[np.bool_], Array]:
    """The whole body's mask (H, W) as if nothing stood before it, and its depth (H, W), inf outside."""
    raster = rasterise(camera.to_camera(body.vertices), body.faces, camera.K, camera.width, camera.height)
    return raster.silhouette, raster.depth


def in_frame(vertices: Array, faces: NDArray[np.int32], camera: Camera) -> float:
    """Share of the body's picture that lies inside the frame, measured in a coarse picture that holds all of it."""
    placed = camera.to_camera(vertices)
    if (placed[:, 2] < 0.05 * max(float(placed[:, 2].max()), 1e-6)).any():
        return 0.0 if (placed[:, 2] <= 0).all() else float(_flags(vertices, camera).mean())
    pixel = camera.project(vertices)
    low, high = pixel.min(axis=0), pixel.max(axis=0)
    if (low >= 0).all() and (high <= (camera.width, camera.height)).all():
        return 1.0
    scale = _COARSE / max(float((high - low).max()), 1e-6)
    K = camera.K.copy()
    K[:2] *= scale
    K[:2, 2] -= scale * low
    width, height = (np.maximum(np.ceil(scale * (high - low)), 1)).astype(int)
    whole = rasterise(placed, faces, K, int(width), int(height)).silhouette
    x = (np.arange(width) + 0.5) / scale + low[0]
    y = (np.arange(height) + 0.5) / scale + low[1]
    inside = ((y >= 0) & (y < camera.height))[:, None] & ((x >= 0) & (x < camera.width))[None]
    return float((whole & inside).sum() / max(whole.sum(), 1))


def _left_to_right(animals: Sequence[dict[str, Any]], ids: NDArray[np.uint8]) -> list[int]:
    """Ids by the middle column of what is seen of each; those of which nothing is seen are left out."""
    middles = []
    for animal in animals:
        columns = np.flatnonzero((ids == animal["id"]).any(axis=0))
        if len(columns):
            counts = (ids == animal["id"]).sum(axis=0)
            middles.append((float(counts @ (np.arange(len(counts)) + 0.5) / counts.sum()), animal["id"]))
    return [number for _, number in sorted(middles)]


def _depth_order(wholes: Sequence[tuple[NDArray[np.bool_], Array]], bodies: Sequence[Body], camera: Camera) -> list[list[int]]:
    """[nearer, farther] for every pair: by the median depth where their whole masks overlap, else by that of the bodies."""
    typical = [float(np.median(camera.to_camera(body.vertices)[:, 2])) for body in bodies]
    order = []
    for a in range(len(wholes)):
        for b in range(a + 1, len(wholes)):
            both = wholes[a][0] & wholes[b][0]
            near, far = (np.median(wholes[k][1][both]) for k in (a, b)) if both.any() else (typical[a], typical[b])
            order.append([a + 1, b + 1] if near <= far else [b + 1, a + 1])
    return order


def _list(values: Any, decimals: int) -> Any:
    # Adding 0.0 turns -0.0 into 0.0, which is the same number with another text.
    return (np.round(np.asarray(values, np.float64), decimals) + 0.0).tolist()


# -- pictures ---------------------------------------------------------------------------------------------------------


def depth_steps(depth: Array, ids: NDArray[np.uint8] | None = None) -> tuple[NDArray[np.uint16], float]:
    """Depth as 16 bit steps, and the metres of one: coarse enough for all animals and, where that leaves them fine enough, for
    nearly all of the picture.

    ids (H, W): which pixels are animals'. 0 where nothing is, 65535 for what is further than the steps reach.
    """
    hit = np.isfinite(depth)
    reach = float(np.percentile(depth[hit], 98)) if hit.any() else 1.0
    step = _step(reach)
    animals = depth[hit & (ids > 0)] if ids is not None else depth[:0]
    if animals.size:  # a mouse before mountains: the mountains are "further"
        fine = [length for length in _LENGTHS if length <= _FINE * float(animals.min())] or _LENGTHS[:1]
        step = max(_step(float(animals.max())), min(step, fine[-1]))
    steps = np.where(hit, np.clip(np.round(np.where(hit, depth, 0.0) / step), 1, 65535), 0)
    return steps.astype(np.uint16), step


def _step(reach: float) -> float:
    """The finest round length of a step with which depths up to `reach` metres can be told."""
    return next((step for step in _LENGTHS if reach <= _STEPS * step), _LENGTHS[-1])


def normal_colours(normals: Array) -> NDArray[np.uint8]:
    """Normals (H, W, 3) as 8 bit RGB, black where nothing is."""
    there = (np.abs(normals).sum(axis=-1) > 0.5)[..., None]
    return np.where(there, np.clip(np.round((normals + 1.0) * 127.5), 1, 255), 0).astype(np.uint8)
