"""A small herd data set without Blender: the open animal, numpy's rasteriser, flat colours; docs/files.md "Herds" to the letter.

    folder = write_herd_folder(tmp_path / "herd", count=3, seed=0, size=256)
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from bestiary.animal.cameras import Camera
from bestiary.animal.default import default_model
from bestiary.animal.individual import Individual, betas_of, metres_per_unit
from bestiary.animal.keypoints import SKELETON, SUPERSET
from bestiary.animal.masks import box, encode
from bestiary.animal.npz import write_json, write_npz
from bestiary.animal.part_shapes import PartMesh
from bestiary.animal.rasterise import Raster, rasterise
from bestiary.animal.rotations import axis_angle_from_matrix, matrix_from_axis_angle

FORMAT = "bestiary-herd/1"
TOLERANCE = 0.02
STEP = 0.001
SPECIES = ("zebra", "cow", "lion", "wolf", "horse", "sheep", "stag", "elephant")
WORDS = ("right", "away-right", "away", "away-left", "left", "towards-left", "towards", "towards-right")
_WALL = 99  # stands before the animals in every third picture; not an animal's id


def write_herd_folder(path: str | Path, count: int = 3, seed: int = 0, size: int = 256, assets: bool = False) -> Path:
    """Write a data set of `count` pictures, `size` pixels wide and three quarters high, and give its folder.

    assets: each picture also holds a box on four legs that stands for an animal of an asset pack.
    """
    folder, model = Path(path), default_model()
    for name in ("images", "records", "truth", "control"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    write_json(folder / "dataset.json", {
        "format": FORMAT, "options": {"images": count, "seed": seed, "layout": "natural", "resolution": size},
        "model_id": model.model_id, "model_name": model.name, "joint_names": list(model.joint_names),
        "parents": [int(p) for p in model.parents], "keypoint_names": list(SUPERSET), "skeleton": [list(pair) for pair in SKELETON],
        "visibility_tolerance": TOLERANCE, "engine": "workbench", "blender": "none"})  # fmt: skip
    for index in range(count):
        _write_picture(folder, seed, index, size, assets)
    return folder


class _Animal:
    """One animal placed in the world: its mesh in metres and what a record says of it, without what a picture adds."""

    def __init__(self, vertices: np.ndarray, faces: np.ndarray, body: int, keypoints: np.ndarray, joints: np.ndarray, about: dict) -> None:
        self.vertices, self.faces, self.body = vertices, faces, body
        self.keypoints, self.joints, self.about = keypoints, joints, about


@lru_cache(maxsize=32)
def _parts(species: str) -> PartMesh | None:
    model = default_model()
    parts = model.species[species].parts
    return PartMesh.of(model, parts) if parts else None


def _posed(species: str, who: Individual, place: np.ndarray, heading: float, rng: np.random.Generator) -> _Animal:
    """An animal that stands at place (2,) on z = 0 and looks along `heading` in radians from +x."""
    model = default_model()
    betas, scale = betas_of(model, who), metres_per_unit(model, who)
    pose = np.zeros((model.n_joints, 3))
    pose[1:] = model.pose_prior.sample(rng, 1, 0.5, model.joint_limits)[0]
    pose[0] = (0.0, 0.0, heading)
    posed = model.forward(betas, pose)
    trans = np.array([*(place / scale - posed.joints[0, :2]), -posed.vertices[:, 2].min()])
    posed = model.forward(betas, pose, trans)
    vertices, faces, mesh, rest = posed.vertices, model.faces, _parts(species), model.rest(betas)
    if mesh is not None:  # laid on the rest shape, carried by the joints
        orient, origin = model.chain(matrix_from_axis_angle(pose), rest.joints)
        local = mesh.vertices(rest)[:, None] - rest.joints  # (n, J, 3)
        carried = np.einsum("jab,njb->nja", orient, local) + origin
        faces = np.concatenate([faces, mesh.faces + len(vertices)])
        vertices = np.concatenate([vertices, np.einsum("nj,nja->na", mesh.weights, carried) + trans])
    about = {
        "species": species, "family": model.species[species].family, "label": species.replace("_", " "), "doing": "stand",
        "who": {"species": species, "other": "", "blend": 0.0, "seed": who.seed, "variation": who.variation, "sliders": {},
                "youth": 0.0, "height_m": 0.0},
        "coat": species, "without": [], "model_id": model.model_id, "betas": betas.tolist(), "pose": pose.tolist(),
        "trans": trans.tolist(), "metres_per_unit": scale, "asset": None, "clip": "prior"}  # fmt: skip
    return _Animal(vertices * scale, faces, model.n_vertices, posed.keypoints * scale, posed.joints * scale, about)


def _asset(place: np.ndarray) -> _Animal:
    """A box on four legs at place (2,), as if from an asset pack."""
    def block(low: tuple[float, ...], high: tuple[float, ...]) -> np.ndarray:
        return np.array([[(low, high)[i >> k & 1][k] for k in range(3)] for i in range(8)], np.float64)

    one = np.array([[0, 2, 1], [1, 2, 3], [4, 5, 6], [5, 7, 6], [0, 1, 4], [1, 5, 4], [2, 6, 3], [3, 6, 7], [0, 4, 2], [2, 4, 6],
                    [1, 3, 5], [3, 7, 5]])  # fmt: skip
    blocks = [block((-0.6, -0.2, 0.5), (0.6, 0.2, 1.0))]
    blocks += [block((x, y, 0.0), (x + 0.15, y + 0.12, 0.5)) for x in (-0.6, 0.45) for y in (-0.2, 0.08)]
    vertices = (np.concatenate(blocks) + [*place, 0.0]).astype(np.float32).astype(np.float64)
    faces = np.concatenate([one + 8 * i for i in range(len(blocks))])
    joints = np.array([[0.0, 0.0, 0.8], [0.6, 0.0, 0.9]]) + [*place, 0.0]
    about = {
        "species": "goat", "family": None, "label": "goat", "doing": "stand", "who": None, "coat": None, "without": [],
        "model_id": None, "betas": None, "pose": None, "trans": None, "metres_per_unit": None, "asset": "boxes/goat", "clip": "",
        "joint_names": ["spine", "head"], "joint_parents": [-1, 0]}  # fmt: skip
    return _Animal(vertices, faces, len(vertices), np.full((len(SUPERSET), 3), np.nan), joints, about)


def _scene(seed: int, index: int, width: int, height: int, assets: bool) -> tuple[list[_Animal], Camera]:
    """Animals on the ground in a row of loose places, and a camera that looks at them from a person's height."""
    rng = np.random.default_rng([seed, index])
    animals, x = [], -2.0
    for _ in range(int(rng.integers(1, 5))):
        species = SPECIES[int(rng.integers(len(SPECIES)))]
        who = Individual(species, seed=int(rng.integers(1 << 30)), variation=1.0)
        animals.append(_posed(species, who, np.zeros(2), float(rng.uniform(-np.pi, np.pi)), rng))
    row = [*animals, *([_asset(np.zeros(2))] if assets else [])]
    for animal in row:  # side by side by their own widths, so that none stands inside another
        x = _move(animal, x, float(rng.uniform(-2.5, 2.5))) + 0.05
    middle = np.concatenate([animal.vertices for animal in row]).mean(axis=0)
    turn, far = rng.uniform(-0.5, 0.5), (x + 2.0) * rng.uniform(0.7, 1.1) + 3.0
    position = middle + far * np.array([np.sin(turn), -np.cos(turn), 0.2])
    return row, Camera.look_at(position, middle, 1.1 * width, width, height)


def _move(animal: _Animal, x: float, y: float) -> float:
    """Put an animal with its left edge at x and its middle at y in the world; gives its right edge."""
    low, high = animal.vertices.min(axis=0), animal.vertices.max(axis=0)
    shift = np.array([x - low[0], y - (low[1] + high[1]) / 2, 0.0])
    animal.vertices = animal.vertices + shift
    if animal.about["asset"] is not None:
        animal.vertices = animal.vertices.astype(np.float32).astype(np.float64)
    animal.keypoints, animal.joints = animal.keypoints + shift, animal.joints + shift
    if animal.about["trans"] is not None:
        animal.about["trans"] = (np.array(animal.about["trans"]) + shift / animal.about["metres_per_unit"]).tolist()
    return float(x + high[0] - low[0])


def _write_picture(folder: Path, seed: int, index: int, size: int, assets: bool) -> None:
    width, height, name = size, size * 3 // 4, f"{index:06d}"
    animals, camera = _scene(seed, index, width, height, assets)
    rasters = [_raster(animal.vertices, animal.faces, camera) for animal in animals]
    ground = _ground(camera)
    things = [*zip(range(1, len(animals) + 1), rasters, strict=True)]
    if index % 3 == 2:
        things.append((_WALL, _wall(animals, camera)))
    depth, ids = ground.depth.copy(), np.zeros((height, width), np.uint8)
    normals, colour = np.zeros((height, width, 3)), np.zeros((height, width, 3))
    normals[ground.silhouette] = camera.R @ np.array([0.0, 0.0, 1.0])
    colour[:], colour[ground.silhouette] = (0.62, 0.76, 0.92), (0.36, 0.47, 0.22)
    for number, raster in things:
        near = raster.depth < depth
        depth[near], ids[near] = raster.depth[near], number
        if number == _WALL:
            normals[near], colour[near] = (0.0, 0.0, -1.0), (0.5, 0.42, 0.36)
        else:
            facing = _face_normals(camera.to_camera(animals[number - 1].vertices), animals[number - 1].faces)[raster.face[near]]
            normals[near] = facing
            tint = np.random.default_rng(number).uniform(0.3, 0.9, 3)
            colour[near] = tint * (0.35 + 0.65 * np.clip(facing @ np.array([0.3, -0.7, -0.65]), 0, 1))[:, None]
    ids[ids == _WALL] = 0
    steps = np.where(np.isfinite(depth), np.minimum(np.rint(np.where(np.isfinite(depth), depth, 0) / STEP), 65535), 0).astype(np.uint16)
    files = _save(folder, name, colour, steps, ids, normals)
    meshes = {}
    for number, animal in enumerate(animals, 1):
        if animal.about["asset"] is not None:
            meshes[f"vertices_{number}"] = animal.vertices.astype(np.float32)
            meshes[f"faces_{number}"] = animal.faces.astype(np.int32)
    if meshes:
        write_npz(folder / f"truth/{name}_meshes.npz", meshes)
    entries = [_entry(n, a, r, camera, ids, steps) for n, (a, r) in enumerate(zip(animals, rasters, strict=True), 1)]
    write_json(folder / f"records/{name}.json", {
        "format": FORMAT, "id": name, "index": index, "seed": seed, "layout": "natural", "width": width, "height": height, **files,
        "meshes": f"truth/{name}_meshes.npz" if meshes else None,
        "camera": {"K": camera.K.tolist(), "R": camera.R.tolist(), "t": camera.t.tolist()},
        "lens": {"f_number": 0.0, "focus_m": 0.0, "exposure_s": 0.0, "noise": 0.0},
        "scene": {"ground": "grass", "light": "sun", "sun_azimuth": 0.5, "sun_elevation": 0.9, "occluders": int(index % 3 == 2),
                  "background": None},
        "prompt": f"{len(animals)} animals on grass in the sun.", "left_to_right": _left_to_right(entries, ids),
        "depth_order": _depth_order(rasters, entries), "animals": entries})  # fmt: skip


def _raster(vertices: np.ndarray, faces: np.ndarray, camera: Camera) -> Raster:
    return rasterise(camera.to_camera(vertices), faces, camera.K, camera.width, camera.height)


def _ground(camera: Camera) -> Raster:
    corners = np.array([[-1.0, -1.0, 0.0], [1, -1, 0], [1, 1, 0], [-1, 1, 0]]) * 45.0 - [0.0, 0.0, 1e-3]
    return _raster(corners, np.array([[0, 1, 2], [0, 2, 3]]), camera)


def _wall(animals: list[_Animal], camera: Camera) -> Raster:
    """A board square to the camera, before the lower part of the middle of the picture."""
    nearest = min(float(camera.to_camera(animal.vertices)[:, 2].min()) for animal in animals)
    z, half = 0.8 * nearest, 0.12
    x, y = z * camera.width / camera.K[0, 0] * half, z * camera.height / camera.K[1, 1] * half
    board = np.array([[-x, 0.0, z], [x, 0.0, z], [x, 4 * y, z], [-x, 4 * y, z]])
    return rasterise(board, [[0, 1, 2], [0, 2, 3]], camera.K, camera.width, camera.height)


def _face_normals(points: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """(F, 3) unit normals in camera axes, turned towards the camera."""
    a, b, c = (points[faces[:, k]] for k in range(3))
    normal = np.cross(b - a, c - a)
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-12)
    return np.where(((normal * a).sum(axis=1) > 0)[:, None], -normal, normal)


def _save(folder: Path, name: str, colour: np.ndarray, steps: np.ndarray, ids: np.ndarray, normals: np.ndarray) -> dict[str, Any]:
    """Write the pictures; gives what the record says of them."""
    depth = steps * STEP
    near = np.where(steps > 0, 1.0 / np.maximum(depth, 1e-6), 0.0)
    control = 255 * near / max(near.max(), 1e-9)
    grey = colour.mean(axis=2)
    edges = np.hypot(*np.gradient(grey)) > 0.06
    seen = steps > 0
    pictures = {
        f"images/{name}.png": (255 * np.clip(colour, 0, 1)).astype(np.uint8), f"truth/{name}_depth.png": steps,
        f"truth/{name}_ids.png": ids,
        f"truth/{name}_normals.png": np.where(seen[..., None], np.rint(127.5 * (normals + 1)), 0).astype(np.uint8),
        f"control/{name}_canny.png": (255 * edges).astype(np.uint8), f"control/{name}_depth.png": control.astype(np.uint8)}  # fmt: skip
    for file, pixels in pictures.items():
        Image.fromarray(pixels).save(folder / file)
    return {"image": f"images/{name}.png", "depth": {"file": f"truth/{name}_depth.png", "metres_per_step": STEP},
            "ids": f"truth/{name}_ids.png", "normals": f"truth/{name}_normals.png", "canny": f"control/{name}_canny.png",
            "control_depth": f"control/{name}_depth.png"}  # fmt: skip


def _entry(number: int, animal: _Animal, raster: Raster, camera: Camera, ids: np.ndarray, steps: np.ndarray) -> dict[str, Any]:
    whole, seen = raster.silhouette, ids == number
    body = animal.vertices[: animal.body]
    keypoints = _points(animal.keypoints, camera)
    if animal.about["asset"] is None:
        for row, weights in zip(keypoints, default_model().superset_matrix, strict=True):
            if row is not None and row[2]:
                row[2] = 2 if _seen(body, weights, camera, steps) else 1
    heading, facing = _facing(animal, camera)
    return {
        "id": number, **animal.about,
        "keypoints": keypoints, "keypoints_3d": _rows(animal.keypoints), "joints": _points(animal.joints, camera),
        "joints_3d": _rows(animal.joints), "box": box(whole), "box_visible": box(seen), "mask": encode(whole), "mask_visible": encode(seen),
        "area": int(whole.sum()), "area_visible": int(seen.sum()), "visible_fraction": float(seen.sum() / max(whole.sum(), 1)),
        "in_frame_fraction": _in_frame(animal, raster, camera), "depth_m": float(np.median(camera.to_camera(animal.vertices)[:, 2])),
        "facing": facing, "yaw": heading}  # fmt: skip


def _points(points: np.ndarray, camera: Camera) -> list[list[float] | None]:
    """x, y, and 1 in the frame or 0 outside it; None where there is no such point."""
    pixels = camera.project(points)
    inside = (pixels >= 0).all(axis=1) & (pixels < [camera.width, camera.height]).all(axis=1)
    return [[float(x), float(y), int(i)] if np.isfinite(x) else None for (x, y), i in zip(pixels, inside, strict=True)]


def _rows(points: np.ndarray) -> list[list[float] | None]:
    return [row.tolist() if np.isfinite(row).all() else None for row in points]


def _seen(body: np.ndarray, weights: np.ndarray, camera: Camera, steps: np.ndarray) -> bool:
    """Whether a vertex of a point's group is in the frame and no more than the tolerance behind what its pixel shows."""
    group = body[weights > 1e-3]
    pixels = np.floor(camera.project(group))
    inside = np.isfinite(pixels).all(axis=1) & (pixels >= 0).all(axis=1) & (pixels < [camera.width, camera.height]).all(axis=1)
    x, y = pixels[inside].astype(int).T
    behind = np.where((steps[y, x] == 0) | (steps[y, x] == 65535), np.inf, steps[y, x] * STEP)
    return bool((camera.to_camera(group)[inside, 2] <= behind + TOLERANCE * np.ptp(body, axis=0).max()).any())


def _in_frame(animal: _Animal, raster: Raster, camera: Camera) -> float:
    """Share of the whole picture of an animal that lies in the frame, from a picture three times as wide and high."""
    K = camera.K.copy()
    K[:2, 2] += [camera.width, camera.height]
    wide = Camera(K, camera.R, camera.t, 3 * camera.width, 3 * camera.height)
    return float(raster.silhouette.sum() / max(_raster(animal.vertices, animal.faces, wide).silhouette.sum(), 1))


def _facing(animal: _Animal, camera: Camera) -> tuple[float, str]:
    """Degrees of the heading in the camera and its word."""
    if animal.about["asset"] is None:
        ahead = animal.keypoints[SUPERSET.index("neck_base")] - animal.keypoints[SUPERSET.index("tail_base")]
    else:
        ahead = animal.joints[1] - animal.joints[0]
    away = camera.R[2, :2] / np.linalg.norm(camera.R[2, :2])  # on the ground
    degrees = float(np.degrees(np.arctan2(ahead[:2] @ away, ahead[:2] @ [away[1], -away[0]]))) % 360.0
    return degrees, WORDS[round(degrees / 45.0) % 8]


def _left_to_right(entries: list[dict[str, Any]], ids: np.ndarray) -> list[int]:
    seen = [entry["id"] for entry in entries if entry["area_visible"]]
    return sorted(seen, key=lambda number: float(np.nonzero(ids == number)[1].mean()))


def _depth_order(rasters: list[Raster], entries: list[dict[str, Any]]) -> list[list[int]]:
    pairs = []
    for i in range(len(rasters)):
        for j in range(i + 1, len(rasters)):
            both = rasters[i].silhouette & rasters[j].silhouette
            if both.any():
                first, second = (float(np.median(rasters[k].depth[both])) for k in (i, j))
            else:
                first, second = entries[i]["depth_m"], entries[j]["depth_m"]
            pairs.append([i + 1, j + 1] if first <= second else [j + 1, i + 1])
    return pairs


def turned(R: np.ndarray, pose: list[list[float]]) -> list[list[float]]:
    """A pose (J, 3) whose root is turned by R (3, 3): for tests that spoil a record."""
    spoilt = np.array(pose)
    spoilt[0] = axis_angle_from_matrix(R @ matrix_from_axis_angle(spoilt[0]))
    return spoilt.tolist()
