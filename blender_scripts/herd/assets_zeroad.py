"""Asset packs in the layout of the game 0 A.D.: which actors can be drawn, and one of them posed by one of its clips.

The files are found where the game keeps them (`art/animation/quadraped/x.dae.cached.psa`) or flat in a folder of each kind
(`animations/x.dae.cached.psa`). Names come out of XML, so none may lead out of the pack. The game draws its animals about
two and a half times as large as life; they are scaled to the real height of their species at the withers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from ...animal.dds_alpha import cut_out, read_dds_alpha
from ...animal.zeroad import ZeroAdError, ZeroAdMesh, read_pmd, to_world
from ...animal.zeroad_actor import (
    Actor,
    Outfit,
    Skeleton,
    Variant,
    actor_of,
    bone_lengths,
    dress,
    looks_back,
    name_bones,
    read_xml,
    skeletons_of,
    variant_of,
)  # fmt: skip
from ...animal.zeroad_clip import ZeroAdClip, read_psa, skin
from ...animal.zeroad_size import UNITS_PER_METRE, species_of, stance, withers_of
from .assets import AssetError, PosedAsset

Array = NDArray[np.float64]

MAX_ACTORS = 4000
DOING = {
    "idle": "stand", "walk": "walk", "run": "run", "gallop": "run", "trot": "trot", "canter": "run", "pace": "walk",
    "feeding": "graze", "attack_melee": "attack", "attack": "attack", "death": "die", "rest": "rest",
}  # fmt: skip
"""What the game's words for clips mean; other words are taken as they are."""

TRANSPARENT = ("basic_trans", "alphatest")
"""How the names of materials begin in which alpha means opacity; in the others it means gloss or a player's colour."""

EAT_MEAT = ("arctic_fox", "arctic_wolf", "bear", "black_bear", "brown_bear", "fox", "lion", "lioness", "mastiff", "pig", "piglet",
            "polar_bear", "tiger", "wolf")  # fmt: skip
"""Species of which one would not say that they graze."""

_UNSAID = {"stand": 0.4, "graze": 0.2, "walk": 0.22, "run": 0.1, "attack": 0.04}  # how often each is drawn; others 0.04, dying never
_WORDS = ("feeding", "attack", "death", "gallop", "canter", "trot", "pace", "walk", "run", "rest", "idle")
_FOLDERS = {
    "actor": ("actors/fauna", "actors"), "mesh": ("meshes",), "clip": ("animation", "animations"), "variant": ("variants",),
    "texture": ("textures/skins", "textures"), "skeleton": ("skeletons",),
}  # fmt: skip
_RIDDEN = ("gather", "promotion", "ranged")  # in names of clips that have no meaning without a rider
_LOW = 0.72  # of its height in the bind pose: a trunk lower than this does not stand
_HEAD_DOWN = 0.5  # of the height at the withers: a head's joint lower than this is at the ground
_SUFFIX = {"mesh": ".pmd", "clip": ".psa", "texture": ".dds", "variant": "", "actor": "", "skeleton": ""}
_STRETCH = 0.03  # a clip made for other bones stretches them by more


class ZeroAdLibrary:
    """The actors of a pack. Opening it looks once whether each has a mesh, a texture and a clip; the newest few stay in memory."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self.tops = [top for top in (self.folder, self.folder / "art") if top.is_dir()]
        self._mesh, self._clip = lru_cache(64)(read_pmd), lru_cache(128)(read_psa)
        self._variant = lru_cache(512)(self._read_variant)
        self._skin, self._fitting = lru_cache(64)(self._read_skin), lru_cache(64)(self._clips_that_fit)
        self.skeletons = tuple(self._read_skeletons())
        self.actors: dict[str, Actor] = {}
        self.unusable: dict[str, str] = {}
        for path in self._all("actor"):
            try:
                actor = actor_of(read_xml(path))
                outfit = self._outfit(actor, np.random.default_rng(0), "")
                self._clips(outfit, outfit, self._there("mesh", outfit.mesh))
                self.actors[path.stem] = actor
            except (ValueError, OSError) as error:
                self.unusable[path.stem] = str(error)

    @property
    def names(self) -> tuple[str, ...]:
        """Actors that can be drawn, sorted."""
        return tuple(sorted(self.actors))

    # -- finding files ------------------------------------------------------------------------------------------------

    def find(self, kind: str, reference: str) -> Path | None:
        """The file that XML means by a reference of this kind, None where the pack has none.

        Raises ZeroAdError for references that lead out of the pack.
        """
        inner = PurePosixPath(reference)
        if not reference or inner.is_absolute() or ".." in inner.parts or "\\" in reference or ":" in reference or "\0" in reference:
            raise ZeroAdError(f"'{reference[:120]}' is no path within a pack")
        suffix = _SUFFIX[kind]
        names = [inner, inner.with_name(f"{inner.name}.cached{suffix}"), inner.with_suffix(suffix)] if suffix else [inner]
        for folder in self._folders(kind):
            for name in [*names, *(PurePosixPath(name.name) for name in names)]:
                path = folder / name
                if (suffix in ("", ".dds") or path.suffix == suffix) and self._inside(path):
                    return path
        return None

    def _folders(self, kind: str) -> list[Path]:
        return [top / name for top in self.tops for name in _FOLDERS[kind] if (top / name).is_dir()]

    def _inside(self, path: Path) -> bool:
        """Whether it is a file, and links do not lead out of the pack."""
        return path.is_file() and path.resolve().is_relative_to(self.folder)

    def _all(self, kind: str) -> Iterator[Path]:
        """All files of a kind, sorted: XML, or clips."""
        ending = "*.psa" if kind == "clip" else "*.xml"
        for folder in self._folders(kind)[:1]:
            for count, path in enumerate(sorted(folder.rglob(ending))):
                if count >= MAX_ACTORS:
                    raise AssetError(f"{folder} holds more than {MAX_ACTORS} files; give a folder with the animals alone")
                if self._inside(path):
                    yield path

    def _read_variant(self, reference: str) -> Variant | None:
        path = self.find("variant", reference)
        return None if path is None else variant_of(read_xml(path))

    def _read_skeletons(self) -> Iterator[Skeleton]:
        for path in self._all("skeleton"):
            try:
                yield from skeletons_of(read_xml(path))
            except (ValueError, OSError):
                continue  # a skeleton only names bones: without it they are numbered

    # -- an actor's parts ---------------------------------------------------------------------------------------------

    def _outfit(self, actor: Actor, rng: np.random.Generator, state: str) -> Outfit:
        """What an actor wears, with a mesh and a texture that are there; ZeroAdError names what is missing."""

        def fits(variant: Variant) -> bool:
            if any(file and self.find(kind, file) is None for kind, file in (("mesh", variant.mesh), ("texture", variant.texture))):
                return False
            return not variant.base or bool(variant.mesh or variant.texture) or self._variant(variant.base) is not None

        outfit = dress(actor, rng, state, self._variant, fits)
        for kind, file in (("mesh", outfit.mesh), ("texture", outfit.texture)):
            if not file:
                lacking = f": variants/{', variants/'.join(outfit.lacking)} missing" if outfit.lacking else ""
                raise ZeroAdError(f"it names no {kind}{lacking}")
            self._there(kind, file)
        return outfit

    def _there(self, kind: str, file: str) -> Path:
        path = self.find(kind, file)
        if path is None:
            raise ZeroAdError(f"its {kind} {file} is missing in the pack")
        return path

    def _clips(self, outfit: Outfit, feeding: Outfit, mesh_path: Path) -> dict[str, list[Path]]:
        """The clips that there are, by what the animal does in them; none for a mesh without bones.

        feeding: what it wears when it feeds; idling in another way then is grazing. Where files with the actor's clips are
        missing, clips made for the same bones take their place.
        """
        if len(self._mesh(mesh_path).translations) == 0:
            return {}
        idle = outfit.clips.get("idle", [])
        named = [(DOING.get(word, word), file) for word, files in outfit.clips.items() for file in files
                 if word == "idle" or file not in idle]  # fmt: skip
        named += [("graze", file) for file in feeding.clips.get("idle", []) if file not in idle]
        there: dict[str, list[Path]] = {}
        for word, file in named:
            path = self.find("clip", file)
            if path is not None:
                there.setdefault(word, []).append(path)
        for path in () if there else self._fitting(mesh_path):
            if any(word in path.name for word in _RIDDEN):
                continue
            word = next((word for word in _WORDS if word in path.name), "idle")
            there.setdefault(DOING[word], []).append(path)
        if not there:
            wanted = ", ".join([*sorted(file for _, file in named), *(f"variants/{base}" for base in outfit.lacking)])
            raise ZeroAdError(f"no clip of it is in the pack ({wanted[:300] or 'it names none'})")
        return there

    def _clips_that_fit(self, mesh_path: Path) -> tuple[Path, ...]:
        """Clips whose bones are as many and as long as the mesh's."""
        mesh, skeleton = self._mesh(mesh_path), self._skin(mesh_path).skeleton
        own = bone_lengths(mesh.translations, skeleton.parents)
        used = own > 0.02 * max(float(np.ptp(mesh.vertices, axis=0).max()), 1e-9)
        fitting = []
        for path in self._all("clip"):
            try:
                clip = self._clip(path)
            except (ValueError, OSError):
                continue
            if clip.translations.shape[1] == len(mesh.translations) and used.any():
                stretch = np.abs(bone_lengths(clip.translations[0], skeleton.parents)[used] / own[used] - 1.0)
                if np.median(stretch) < _STRETCH:
                    fitting.append(path)
        return tuple(fitting)

    def _read_skin(self, path: Path, cut: Path | None = None) -> Skin:
        """cut: the texture whose transparent faces are no part of the animal."""
        alpha = None if cut is None or cut.suffix != ".dds" else read_dds_alpha(cut)
        try:
            return Skin.of(self._mesh(path), self.skeletons, alpha)
        except ZeroAdError as error:
            raise ZeroAdError(f"{path.name}: {error}") from error

    # -- drawing ------------------------------------------------------------------------------------------------------

    def draw(self, rng: np.random.Generator, name: str, size: float, shoulder_m: float | None, doing: str | None) -> PosedAsset:
        """A random pose of an actor, scaled to its species' real height times `size`, or to shoulder_m."""
        seed = int(rng.integers(1 << 62))
        actor = self.actors[name]
        outfit, feeding = (self._outfit(actor, np.random.default_rng(seed), state) for state in ("", "feeding"))
        mesh_path, texture = self._there("mesh", outfit.mesh), self._there("texture", outfit.texture)
        mesh, surface = self._mesh(mesh_path), self._skin(mesh_path, texture if actor.material.startswith(TRANSPARENT) else None)
        word, path = _pick(self._clips(outfit, feeding, mesh_path), rng, doing)
        clip = None if path is None else self._clip(path)
        frame = 0 if clip is None else int(rng.integers(len(clip.translations)))
        species, height = species_of(name)
        scale = (shoulder_m or (height or surface.withers / UNITS_PER_METRE) * size) / surface.withers
        try:
            vertices, joints = surface.pose(mesh, clip, frame, scale)
        except ZeroAdError as error:
            raise ZeroAdError(f"{mesh_path.name} with {'no clip' if path is None else path.name}: {error}") from error
        if word in ("stand", "graze", "rest"):
            word = surface.resting(vertices / scale, joints / scale) or word
        if word == "graze" and species in EAT_MEAT:
            word = "eat"
        return PosedAsset(
            f"{self.folder.name}/{name}", species, vertices, surface.faces, surface.uv, str(texture), joints, surface.skeleton.names,
            surface.skeleton.parents, word, "bind pose" if path is None else f"{path.name.split('.')[0]}:{frame}", scale * surface.withers)


@dataclass(frozen=True, eq=False)
class Skin:
    """A mesh made ready for posing: corners that share a place are one vertex again, faces look outward.

    Vertex v is the sum of shares[v] (V, 3) times the file's vertices corners[v] (V, 3), nearly always just one of them.
    faces (F, 3), uv (F, 3, 2); withers: height of the back in the bind pose, in the game's units; fore, rear: which of the V
    are the trunk's two halves, with their mean heights in the bind pose.
    """

    corners: NDArray[np.int64]
    shares: Array
    faces: NDArray[np.int32]
    uv: Array
    skeleton: Skeleton
    withers: float
    fore: tuple[NDArray[np.int64], float]
    rear: tuple[NDArray[np.int64], float]

    @classmethod
    def of(cls, mesh: ZeroAdMesh, skeletons: tuple[Skeleton, ...], alpha: NDArray[np.uint8] | None = None) -> Skin:
        """alpha (H, W): faces that it makes transparent are left out. Raises ZeroAdError for a mesh that is no body."""
        # The file splits vertices along seams of the texture; shading and volumes want the surface whole.
        rows = np.column_stack([mesh.vertices, mesh.bones, mesh.weights])
        _, first, new = np.unique(rows, axis=0, return_index=True, return_inverse=True)
        faces = first[new.reshape(-1)[mesh.faces]]
        whole = (faces != np.roll(faces, 1, axis=1)).all(axis=1)
        faces, uv = faces[whole], mesh.uv[mesh.faces[whole]]
        corners, shares = (np.repeat(np.arange(len(rows))[:, None], 3, axis=1), np.tile([1.0, 0.0, 0.0], (len(rows), 1)))
        if alpha is not None and len(faces):
            last = int(faces.max()) + 1
            faces, uv, more, by = cut_out(alpha, faces, uv)
            corners, shares = np.concatenate([corners[:last], more]), np.concatenate([shares[:last], by])
        used, new = np.unique(faces, return_inverse=True)
        corners, shares, faces = corners[used], shares[used], new.reshape(-1, 3)
        vertices = to_world(blended(mesh.vertices, corners, shares))
        if len(faces) == 0 or not (np.ptp(vertices, axis=0) > 1e-6).all():
            raise ZeroAdError("its mesh has no faces or no extent")
        joints = to_world(mesh.translations)
        skeleton = name_bones(skeletons, joints) if len(joints) else Skeleton("", (), ())
        if looks_back(skeleton.names, joints):
            vertices = vertices * [-1.0, -1.0, 1.0]  # to be measured; clips turn such a mesh themselves
        withers = withers_of(vertices, faces)
        front, back = stance(vertices)
        up = vertices[:, 2] - vertices[:, 2].min()
        trunk = (up > 0.5 * withers) & (up < 1.15 * withers) & (vertices[:, 0] < front) & (vertices[:, 0] > back - 0.3 * (front - back))
        ahead = vertices[:, 0] > 0.5 * (front + back)
        fore, rear = np.flatnonzero(trunk & ahead), np.flatnonzero(trunk & ~ahead)
        heights = [float(up[rows].mean()) if len(rows) else 0.0 for rows in (fore, rear)]
        return cls(corners, shares, faces.astype(np.int32), uv, skeleton, withers, (fore, heights[0]), (rear, heights[1]))

    def resting(self, vertices: Array, joints: Array) -> str:
        """"lie", "sit" or "graze" (head down) where a pose is that, else "".

        vertices (V, 3), joints (J, 3) in the game's units above the ground: idling clips hold all of these.
        """
        fore, rear = (len(rows) > 0 and vertices[rows, 2].mean() < _LOW * height for rows, height in (self.fore, self.rear))
        if rear:
            return "lie" if fore else "sit"
        heads = [joint[2] for joint, name in zip(joints, self.skeleton.names, strict=True) if "head" in name.lower()]
        return "graze" if heads and np.mean(heads) < _HEAD_DOWN * self.withers else ""

    def pose(self, mesh: ZeroAdMesh, clip: ZeroAdClip | None, frame: int, scale: float) -> tuple[Array, Array]:
        """vertices (V, 3) and joints (J, 3) in metres in the animal frame, the lowest vertex at z = 0."""
        posed = mesh.vertices if clip is None else skin(mesh, clip, frame)
        vertices = to_world(blended(posed, self.corners, self.shares)) * scale
        joints = to_world(mesh.translations if clip is None else clip.translations[frame]) * scale
        low = np.array([0.0, 0.0, vertices[:, 2].min()])
        return vertices - low, joints.reshape(-1, 3) - low


def blended(vertices: Array, corners: NDArray[np.int64], shares: Array) -> Array:
    """(V, 3) sums of shares (V, 3) times three vertices each, named by corners (V, 3)."""
    return (vertices[corners] * shares[..., None]).sum(axis=1)


def _pick(clips: dict[str, list[Path]], rng: np.random.Generator, doing: str | None) -> tuple[str, Path | None]:
    """What to do and a clip of it. Raises ZeroAdError when the animal has no clip in which it does what is wanted."""
    first, second = rng.random(), rng.random()
    if not clips:
        return "stand", None
    if doing is not None and doing not in clips:
        raise ZeroAdError(f"it has no clip in which it does '{doing}', only {', '.join(sorted(clips))}")
    words = [doing] if doing is not None else [word for word in sorted(clips) if word != "die"] or sorted(clips)
    shares = np.cumsum([_UNSAID.get(word, 0.04) for word in words])
    word = words[int(np.searchsorted(shares, first * shares[-1], side="right"))]
    return word, clips[word][int(second * len(clips[word]))]
