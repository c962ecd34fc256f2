"""Motions of the animals of the game 0 A.D.: every mesh with every clip that was made for its bones.

The pack is found as the game has it (`art/meshes`, `art/animation`) or flat (`meshes`, `animations`); the bones' tree and names come
from `skeletons/*.xml`. A clip belongs to a mesh when it moves as many bones and they are as long in both. Meshes of one species whose
joints lie where those of another do are the same animal in another coat and are left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ....animal.motion import Motion
from ....animal.zeroad import ZeroAdError, ZeroAdMesh, read_pmd, to_world
from ....animal.zeroad_actor import Skeleton as Bones
from ....animal.zeroad_actor import bone_lengths, looks_back, name_bones, read_xml, skeletons_of
from ....animal.zeroad_clip import ZeroAdClip, bone_matrices, read_psa
from ....animal.zeroad_size import UNITS_PER_METRE, species_of, withers_of
from .bones import joints_of
from .folder import Entry, plain_name
from .skinning import BoundMesh, follow
from .sources import LeftOut, guarded

Array = NDArray[np.float64]

LICENCE = "CC-BY-SA-3.0"
MAX_FILES = 4000
_FOLDERS = {"meshes": ".pmd", "animation": ".psa", "animations": ".psa", "skeletons": ".xml"}
_STRETCH = 0.03  # a clip made for other bones stretches them by more
_SAME = 0.02  # of its size: meshes whose joints differ by less on average are one animal
_TURN = np.array([[0.0, 0.0, -1.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])  # `to_world` as a matrix


def from_zeroad(folder: Path) -> Iterator[Entry | LeftOut]:
    """All motions of a pack, in the world at real size, each at its clip's own frame rate."""
    skeletons: list[Bones] = []
    for path in _files(folder, "skeletons"):
        try:
            skeletons += skeletons_of(read_xml(path))
        except (ZeroAdError, OSError) as error:
            yield LeftOut(path.name, f"skeleton cannot be read: {error}")
    clips: dict[Path, ZeroAdClip] = {}
    for path in [*_files(folder, "animation"), *_files(folder, "animations")]:
        try:
            clips[path] = read_psa(path)
        except (ZeroAdError, OSError) as error:
            yield LeftOut(path.name, f"clip cannot be read: {error}")
    seen: dict[str, list[Array]] = {}
    used: set[Path] = set()
    for path in _files(folder, "meshes"):
        try:
            animal = _Animal(path, read_pmd(path), skeletons)
        except (ValueError, OSError) as error:
            yield LeftOut(path.name, f"mesh cannot be read: {error}")
            continue
        fitting = {file: clip for file, clip in clips.items() if animal.fits(clip)}
        used.update(fitting)
        place = animal.joints.rest / animal.bound.size
        twin = any(place.shape == other.shape and np.linalg.norm(place - other, axis=1).mean() < _SAME
                   for other in seen.get(animal.species, []))  # fmt: skip
        if twin or not fitting:
            yield LeftOut(path.name, "the same animal as another mesh" if twin else "no clip fits its bones")
            continue
        seen.setdefault(animal.species, []).append(place)
        yield from guarded(path.name, (animal.entry(file, clip) for file, clip in fitting.items()))
    for path in sorted(set(clips) - used):
        yield LeftOut(path.name, "no mesh has the bones that the clip moves")


def _files(folder: Path, kind: str) -> list[Path]:
    """The files of a kind, below the pack or its `art`."""
    for top in (folder, folder / "art"):
        found = sorted((top / kind).rglob(f"*{_FOLDERS[kind]}")) if (top / kind).is_dir() else []
        if found:
            return found[:MAX_FILES]
    return []


class _Animal:
    """A mesh with its bones' names, at real size."""

    def __init__(self, path: Path, mesh: ZeroAdMesh, skeletons: list[Bones]) -> None:
        if not len(mesh.translations):
            raise ZeroAdError("it has no bones")
        self.stem = plain_name(path.name.split(".")[0])
        joints = to_world(mesh.translations)
        self.bones = name_bones(skeletons, joints)
        # Some bind poses are turned round, and every clip turns them back.
        self.ahead = np.array([-1.0, -1.0, 1.0]) if looks_back(self.bones.names, joints) else np.ones(3)
        vertices, joints = to_world(mesh.vertices) * self.ahead, joints * self.ahead
        withers = withers_of(vertices, mesh.faces)
        self.species, height = species_of(self.stem)
        self.scale = (height or withers / UNITS_PER_METRE) / withers
        weights = np.zeros((len(vertices), len(joints)))
        for slot in range(mesh.bones.shape[1]):
            there = np.flatnonzero(mesh.bones[:, slot] >= 0)
            np.add.at(weights, (there, mesh.bones[there, slot]), mesh.weights[there, slot])
        self.mesh = mesh
        self.bound = BoundMesh(vertices, weights, self.bones.names, self.bones.parents, joints)
        self.joints = joints_of(self.bound)

    def fits(self, clip: ZeroAdClip) -> bool:
        """Whether a clip moves as many bones, and bones of these lengths."""
        if clip.translations.shape[1] != len(self.bones.names):
            return False
        own = bone_lengths(self.mesh.translations, self.bones.parents)
        used = own > 0.02 * max(self.bound.size, 1e-9)
        stretch = np.abs(bone_lengths(clip.translations[0], self.bones.parents)[used] / own[used] - 1.0)
        return bool(used.any()) and float(np.median(stretch)) < _STRETCH

    def entry(self, file: Path, clip: ZeroAdClip) -> Entry:
        bind = bone_matrices(self.mesh.translations, self.mesh.rotations / np.linalg.norm(self.mesh.rotations, axis=1, keepdims=True))
        pose = bone_matrices(clip.translations, clip.rotations)
        turn = pose[..., :3] @ bind[..., :3].transpose(0, 2, 1)
        shift = pose[..., 3] - np.einsum("fbij,bj->fbi", turn, bind[..., 3])
        world = np.concatenate([_TURN @ turn @ _TURN.T * self.ahead, (shift @ _TURN.T)[..., None]], axis=-1)
        positions = self.scale * follow(self.joints.blends, world)
        name = plain_name(file.name.split(".")[0])
        category = f"zeroad_{plain_name(self.species)}"
        motion = Motion(positions, self.joints.skeleton, 1000.0 / clip.frame_ms if clip.frame_ms > 0 else 30.0,
                        label=f"{self.species} {name}", species=self.species, licence=LICENCE,
                        source=f"0 A.D., Wildfire Games ({self.stem}, {name})", details={"clip": name, "mesh": self.stem})  # fmt: skip
        return Entry(plain_name(f"zeroad_{self.stem}_{name}"), category, f"zeroad/{name}", motion)
