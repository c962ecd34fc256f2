"""Third-party rigged animals as sources of truth: any clip at any time gives a mesh and the superset's 3D keypoints.

The table `rig_keypoints.json` says, for every rig, where each point lies, by a rule that is resolved once in the rig's
rest pose to joints or vertices. The rules:

* `{"joint": J}` the joint itself; `{"joints": [A, B], "at": s}` the place s of the way from A to B;
* `{"mean_of": [J…]}` the mean of the vertices that these joints move most;
* `{"extreme": [x, y, z], "of": [J…], "count": n}` of those, the mean of the n furthest in a direction
  (y not 0 in a rule for the left: only vertices on that side);
* `{"farthest_from": J, "of": [J…], "count": n}` the n vertices furthest from a joint;
* `{"darker_than": c, "of": [J…]}` the mean of the vertices of these joints whose colour is darker than c (eyes);
* `{"midline": "top" | "bottom", "at": J}` the vertices of the back or belly's midline that are nearest to a joint's x,
  or with `"at": [A, B, s]` to the place s of the way from A to B; `"of": [J…]` looks at these joints' vertices alone;
* `{"near": [x, y, z]}` the vertices closest to a place; `null` the rig has no such point.
"""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ...animal.gltf import GltfScene, SkinnedMesh, read_gltf, to_world
from ...animal.keypoints import INDEX, SUPERSET, mirror_keypoint

Array = NDArray[np.float64]
TABLE = Path(__file__).with_name("rig_keypoints.json")


class RigError(ValueError):
    """A rig whose table does not fit; the message names the rig and the point."""


@dataclass(frozen=True)
class RigPose:
    """A rig at one time of one clip, world axes (x forward, y left, z up), metres: vertices (V, 3) and keypoints (44, 3),
    nan where the rig has no such point."""

    vertices: Array
    keypoints: Array


@dataclass(frozen=True)
class Rig:
    """A rigged animal: faces (F, 3) and linear colours (V, 3) of all its skinned meshes, its clips (name → seconds)."""

    name: str
    species: str
    scene: GltfScene
    meshes: tuple[SkinnedMesh, ...]
    faces: NDArray[np.int32]
    colours: Array
    metres_per_unit: float
    vertex_rows: Array      # (44, V): weights over vertices, zero rows for points that lie on joints
    joint_rows: Array       # (44, J): weights over the first mesh's joints

    @property
    def clips(self) -> dict[str, float]:
        return self.scene.clips

    def pose(self, clip: str | None, seconds: float = 0.0) -> RigPose:
        """The mesh and its points in a clip at a time; clip None is the rest pose."""
        vertices = np.concatenate([to_world(mesh.posed(clip, seconds)) for mesh in self.meshes])
        joints = to_world(self.meshes[0].joint_positions(clip, seconds))
        points = self.vertex_rows @ vertices + self.joint_rows @ joints
        points[(self.vertex_rows.sum(axis=1) + self.joint_rows.sum(axis=1)) == 0] = np.nan
        return RigPose(vertices * self.metres_per_unit, points * self.metres_per_unit)


@cache
def _table() -> dict[str, Any]:
    return json.loads(TABLE.read_text(encoding="utf-8"))


def rig_names() -> list[str]:
    """The rigs that the table knows, as paths below the folder of rigs."""
    return list(_table()["rigs"])


def load_rig(folder: Path, name: str) -> Rig:
    """The rig `name` (see rig_names) below `folder`. Raises RigError where its table does not fit the file."""
    entry = _table()["rigs"].get(name)
    if entry is None:
        raise RigError(f"{name}: no such rig in {TABLE.name}")
    rules = {**_table()["families"].get(entry.get("family", ""), {}), **entry.get("points", {})}
    scene = read_gltf(folder / name)
    meshes = tuple(scene.skinned_meshes)
    if not meshes:
        raise RigError(f"{name}: holds no skinned mesh")
    starts = np.cumsum([0, *(len(mesh.vertices) for mesh in meshes)])
    faces = np.concatenate([mesh.faces + start for mesh, start in zip(meshes, starts, strict=False)])
    colours = np.concatenate([_colours(mesh) for mesh in meshes])
    rest = _Rest(name, meshes, colours)
    vertex_rows, joint_rows = np.zeros((len(SUPERSET), len(colours))), np.zeros((len(SUPERSET), len(rest.joint_names)))
    for point, rule in rules.items():
        for side in (point, mirror_keypoint(point)) if point.startswith("left_") else (point,):
            if rule is not None:
                rest.resolve(rule if side == point else _mirrored(rule), side, vertex_rows[INDEX[side]],
                             joint_rows[INDEX[side]])
    return Rig(name, entry["species"], scene, meshes, faces.astype(np.int32), colours,
               float(entry.get("metres_per_unit", 1.0)), vertex_rows, joint_rows)


def _colours(mesh: SkinnedMesh) -> Array:
    """Linear colours (V, 3), from the texture if there is one."""
    if mesh.texture is None:
        return mesh.vertex_colours
    picture = np.asarray(Image.open(io.BytesIO(mesh.texture)).convert("RGB"))
    return mesh.colours_from_image(picture) ** 2.2


def _mirrored(rule: dict[str, Any]) -> dict[str, Any]:
    """The rule for the right side from the one for the left."""

    def swap(value: Any) -> Any:
        if isinstance(value, str):
            return value[:-2] + {".L": ".R", "_L": "_R", "_l": "_r"}.get(value[-2:], value[-2:])
        if isinstance(value, list) and value and isinstance(value[0], (int, float)):
            return [value[0], -value[1], value[2]]
        return [swap(item) for item in value] if isinstance(value, list) else value

    mirrored = {key: swap(value) for key, value in rule.items()}
    if "side" in rule:
        mirrored["side"] = "right"
    return mirrored


class _Rest:
    """A rig in its rest pose, on which rules are resolved."""

    def __init__(self, name: str, meshes: tuple[SkinnedMesh, ...], colours: Array) -> None:
        self.name, self.colours = name, colours
        self.joint_names = meshes[0].joint_names
        self.vertices = np.concatenate([to_world(mesh.posed()) for mesh in meshes])
        self.joints = to_world(meshes[0].joint_positions())
        most = [mesh.joint_indices[np.arange(len(mesh.vertices)), mesh.joint_weights.argmax(axis=1)] for mesh in meshes]
        # Which joint moves each vertex most; only the first mesh is the animal, others are its antlers and the like.
        self.owner = np.array([mesh.joint_names[j] if mesh is meshes[0] else "" for mesh, of in zip(meshes, most, strict=True)
                               for j in of])

    def resolve(self, rule: dict[str, Any], point: str, vertex_row: Array, joint_row: Array) -> None:
        """Write one point's weights over vertices (V,) or joints (J,)."""
        if "joint" in rule or "joints" in rule:
            first, second = rule.get("joints", [rule.get("joint")] * 2)
            share = rule.get("at", 0.0)
            joint_row[self._joint(first, point)] += 1.0 - share
            joint_row[self._joint(second, point)] += share
            return
        chosen = self._vertices(rule, point)
        if not len(chosen):
            raise RigError(f"{self.name}: the rule for {point} finds no vertex")
        np.add.at(vertex_row, chosen, 1.0 / len(chosen))

    def _vertices(self, rule: dict[str, Any], point: str) -> NDArray[np.intp]:
        """The vertices (n,) whose mean the point is."""
        size = float(np.ptp(self.vertices, axis=0).max())
        if "near" in rule:
            away = np.linalg.norm(self.vertices - np.array(rule["near"]), axis=1)
            return np.flatnonzero(away <= away.min() + 0.002 * size)
        if "midline" in rule:
            sign = {"top": 1.0, "bottom": -1.0}[rule["midline"]]
            first, second, share = [rule["at"], rule["at"], 0.0] if isinstance(rule["at"], str) else rule["at"]
            joints = self.joints[[self._joint(first, point), self._joint(second, point)]]
            x = (1.0 - share) * joints[0, 0] + share * joints[1, 0]
            ahead, height = np.abs(self.vertices[:, 0] - x), sign * self.vertices[:, 2]
            middle = (np.abs(self.vertices[:, 1]) < 0.01 * size) & (ahead < 0.08 * size)
            middle &= np.isin(self.owner, rule["of"]) if "of" in rule else self.owner != ""
            if not middle.any():
                return np.flatnonzero(middle)
            # Only the outer third counts: meshes are coarse, and a narrow slice may hold vertices of the other side alone.
            middle &= height > height[middle].max() - 0.33 * np.ptp(height[middle])
            return np.flatnonzero(middle & (ahead <= ahead[middle].min() + 0.005 * size))
        mine = np.isin(self.owner, rule.get("of", rule.get("mean_of", [])))
        if "mean_of" in rule:
            return np.flatnonzero(mine)
        if "darker_than" in rule:
            side = self.vertices[:, 1] * {"left": 1.0, "right": -1.0}[rule["side"]]
            return np.flatnonzero(mine & (self.colours.max(axis=1) < rule["darker_than"]) & (side > 0))
        if "farthest_from" in rule:
            start = self.joints[self._joint(rule["farthest_from"], point)]
            return self._best(np.linalg.norm(self.vertices - start, axis=1), mine, rule["count"], size)
        if "extreme" in rule:
            return self._best(self.vertices @ np.array(rule["extreme"], dtype=np.float64), mine, rule["count"], size)
        raise RigError(f"{self.name}: no known rule for {point}: {rule}")

    def _best(self, value: Array, among: NDArray[np.bool_], count: int, size: float) -> NDArray[np.intp]:
        """The `count` vertices with the largest value and all within 0.2 % of the last; the mesh repeats vertices at seams."""
        candidates = np.flatnonzero(among)
        if not len(candidates):
            return candidates
        ranked = np.sort(value[candidates])[::-1]
        return candidates[value[candidates] >= ranked[min(count, len(ranked)) - 1] - 0.002 * size]

    def _joint(self, name: str, point: str) -> int:
        if name not in self.joint_names:
            raise RigError(f"{self.name}: {point} names the joint {name}, which the rig does not have")
        return self.joint_names.index(name)
