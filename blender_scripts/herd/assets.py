"""Animals of other people: a folder of meshes and clips becomes posed animals that stand in a herd.

A pack is any folder in a layout that some reader knows; `LAYOUTS` is the list of them, and a new one is a new line there. A
reader gives animals in the animal frame and in metres; what is common to all, drawing and placing, is here. A pack's files are
never copied: what is rendered with them carries their licence.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .plan import AssetAnimal, Terrain

Array = NDArray[np.float64]

STEEPEST = 0.45
"""Rise over run beyond which an animal does not lean with the ground."""

SUNK = 0.006
"""Of the height: how deep the feet press into the ground, so that none is seen to hover."""


class AssetError(ValueError):
    """A pack or an animal of it that cannot be used; the message names the file or the animal, and says what to do."""


@dataclass(frozen=True, eq=False)
class PosedAsset:
    """One animal of a pack in one pose: x forward, y left, z up, metres, the lowest point at z = 0.

    vertices (V, 3), faces (F, 3) wound outward, uv (F, 3, 2) with v up or None, texture: a file or None, joints (J, 3) under
    `joint_names` with parents (J,), J may be 0. shoulder_m: height at the withers. clip: "name:frame".
    """

    asset: str
    species: str
    vertices: Array
    faces: NDArray[np.int32]
    uv: Array | None
    texture: str | None
    joints: Array
    joint_names: tuple[str, ...]
    parents: tuple[int, ...]
    doing: str
    clip: str
    shoulder_m: float

    @property
    def radius(self) -> float:
        """Of the circle about the origin, seen from above, that holds the animal; metres."""
        return float(np.linalg.norm(self.vertices[:, :2], axis=1).max())

    def place(self, terrain: Terrain, xy: ArrayLike, yaw: float) -> AssetAnimal:
        """The animal on the ground at xy (2,) metres, turned by yaw radians from +x towards +y, leaning as the ground does.

        Vertices are rounded to float32, which is what Blender stores: they are the ground truth.
        """
        xy = np.asarray(xy, np.float64)
        c, s = np.cos(yaw), np.sin(yaw)
        turn = np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])
        points = self.vertices @ turn.T
        lean = _upright_to(_slope(points, terrain, xy))
        turn = lean @ turn
        points = self.vertices @ turn.T + np.append(xy, 0.0)
        height = float(np.ptp(self.vertices[:, 2]))
        lift = -float((points[:, 2] - terrain.height(points[:, :2])).min()) - SUNK * height
        move = np.array([*xy, lift])
        return AssetAnimal(
            self.asset, self.species, _as_stored(self.vertices @ turn.T + move), self.faces, self.uv, self.texture,
            self.joints @ turn.T + move, self.joint_names, self.parents, self.doing, self.clip,
            (float(turn[0, 0]), float(turn[1, 0]), float(turn[2, 0])))


def _slope(points: Array, terrain: Terrain, xy: Array) -> Array:
    """Unit normal (3,) of the plane through the ground under what the animal stands or lies on; points (V, 3) about xy."""
    low = points[:, 2] < points[:, 2].min() + 0.06 * max(float(np.ptp(points[:, 2])), 1e-9)
    under = points[low, :2]
    middle = under - under.mean(axis=0)
    # Feet in a line say nothing of the slope across it: the ground under the whole body does.
    if np.linalg.svd(middle, compute_uv=False)[-1] < 0.05 * np.linalg.norm(np.ptp(points[:, :2], axis=0)):
        under = points[:, :2]
    design = np.column_stack([under, np.ones(len(under))])
    rise = np.linalg.lstsq(design, terrain.height(under + xy), rcond=None)[0][:2]
    steep = float(np.linalg.norm(rise))
    normal = np.array([*(-rise * min(1.0, STEEPEST / steep) if steep > 0 else rise), 1.0])
    return normal / np.linalg.norm(normal)


def _upright_to(normal: Array) -> Array:
    """The smallest rotation (3, 3) that takes z to a unit normal above the ground."""
    x, y, z = normal
    k = 1.0 / (1.0 + z)
    return np.array([[1 - k * x * x, -k * x * y, x], [-k * x * y, 1 - k * y * y, y], [-x, -y, z]])


def _as_stored(values: Array) -> Array:
    # Rounded to 10 micrometres first, so that what machines compute differently in the last bits comes out the same.
    return np.round(values, 5).astype(np.float32).astype(np.float64)


class Library(Protocol):
    """What a reader makes of a folder: animals by the names of their files.

    unusable: animals that cannot be drawn, with the reason, which names the file that is missing.
    """

    @property
    def names(self) -> Sequence[str]: ...

    @property
    def unusable(self) -> Mapping[str, str]: ...

    def draw(self, rng: np.random.Generator, name: str, size: float, shoulder_m: float | None, doing: str | None) -> PosedAsset:
        """A random pose of one animal; `AssetPack.draw` says what the arguments mean. Raises ValueError or OSError."""
        ...


@dataclass(frozen=True)
class Layout:
    """A way to lay out a pack. name and tells: what it is and how it is recognised, for messages."""

    name: str
    tells: str
    fits: Callable[[Path], bool]
    read: Callable[[Path], Library]


def _is_zeroad(folder: Path) -> bool:
    return any((folder / top / "actors").is_dir() and (folder / top / "meshes").is_dir() for top in ("", "art"))


def _read_zeroad(folder: Path) -> Library:
    from .assets_zeroad import ZeroAdLibrary

    return ZeroAdLibrary(folder)


LAYOUTS: tuple[Layout, ...] = (
    Layout("0 A.D.", "folders actors and meshes (or art/actors and art/meshes) with the game's .xml, .pmd and .psa files",
           _is_zeroad, _read_zeroad),
)
"""The layouts that are read; the first that fits counts."""


class AssetPack:
    """The animals of a folder, under "pack/animal" where pack is the folder's name."""

    def __init__(self, folder: Path, layout: Layout) -> None:
        self.folder, self.name, self.layout = folder, folder.resolve().name, layout.name
        self._library = layout.read(folder)
        self.names: tuple[str, ...] = tuple(f"{self.name}/{animal}" for animal in self._library.names)
        """The animals that can be drawn, in a fixed order."""
        self.unusable: dict[str, str] = {f"{self.name}/{animal}": why for animal, why in self._library.unusable.items()}
        """Those that cannot, with the reason."""

    @property
    def licences(self) -> tuple[str, ...]:
        """The names of files in the pack's folder that state its licence, which pictures made with it carry on."""
        words = ("license", "licence", "copying", "copyright", "credits")
        return tuple(sorted(path.name for path in self.folder.iterdir() if path.is_file() and path.name.lower().startswith(words)))

    def draw(
        self, rng: np.random.Generator, name: str | None = None, *, size: float | None = None, shoulder_m: float | None = None,
        doing: str | None = None,
    ) -> PosedAsset:
        """An animal in a random pose: a clip of its own and a frame of it.

        name: one of `names` (None: any). size: how large it is of its kind (None: 0.92 to 1.08); shoulder_m: its height at
        the withers in metres instead. doing: the kind of clip, stand, walk, run, graze, attack, …, where it has such a one
        (None: any but dying); what it is seen to do may say more, as idling clips also lie, sit and graze. The draw depends on
        rng and the pack alone. Raises AssetError or OSError naming the file at fault.
        """
        at, spread = rng.random(), rng.uniform(0.92, 1.08)  # always drawn, so that options do not shift later draws
        if not all(value is None or 0.0 < value < 1e3 for value in (size, shoulder_m)):
            raise AssetError(f"an animal of size {size} with a shoulder at {shoulder_m} m cannot be; both must be above 0")
        name = self.names[int(at * len(self.names))] if name is None else name
        if name not in self.names:
            why = self.unusable.get(name)
            known = "" if why else f"; it has {', '.join(self.names[:12])}{', …' if len(self.names) > 12 else ''}"
            raise AssetError(f"asset pack {self.name}: {f'{name} cannot be used: {why}' if why else f'no animal {name}{known}'}")
        try:
            return self._library.draw(rng, name.removeprefix(f"{self.name}/"), spread if size is None else size, shoulder_m, doing)
        except ValueError as error:
            raise AssetError(f"asset {name}: {error}") from error


def open_pack(folder: str | Path) -> AssetPack:
    """The asset pack in a folder. Raises AssetError (a ValueError) when there is none, or none of its animals can be used."""
    folder = Path(folder)
    if not folder.is_dir():
        raise AssetError(f"{folder} is no folder; --assets wants the folder of an asset pack")
    for layout in LAYOUTS:
        if layout.fits(folder):
            pack = AssetPack(folder, layout)
            if not pack.names:
                reasons = "; ".join(f"{name}: {why}" for name, why in list(pack.unusable.items())[:3])
                raise AssetError(f"no animal of {folder} can be used ({reasons or 'it holds no actors'})")
            return pack
    known = "; ".join(f"{layout.name} ({layout.tells})" for layout in LAYOUTS)
    raise AssetError(f"{folder} is laid out in no way that is known. Known layouts: {known}")
