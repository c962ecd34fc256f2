"""Writes what came of a photo as files: one clip of one frame per animal, and the overlay picture.

The first animal is `animal.npz` with `animal.json`, the next ones `animal_2.npz`, …; `overlay.png` shows them all. The
formats are described in docs/files.md.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..animal.cameras import Camera
from ..animal.clips import AnimalClip, save_clip
from ..animal.default import default_model
from ..animal.model import AnimalModel
from ..animal.rasterise import rasterise

if TYPE_CHECKING:
    from ..wire.reconstruction import Animal, Reconstruction

ORIENTATION = 0x0112
"""EXIF's tag for the way a picture must be turned to be upright."""


def camera_of(result: Reconstruction) -> Camera:
    """The photo's camera."""
    return Camera(result.camera_K, result.camera_R, result.camera_t, result.width, result.height)


def clip_of(result: Reconstruction, animal: Animal, photo: str = "") -> AnimalClip:
    """One animal of a result as a clip of one frame.

    The parents of the joints are known when the model is the open animal; a file of another model leaves them out.
    """
    scores = {"score": animal.score, "keypoint_error_px": animal.keypoint_error_px, "iou": animal.iou}
    return AnimalClip(
        poses=animal.pose[None],
        trans=animal.trans[None],
        betas=animal.betas,
        model_id=result.model_id,
        model_name=result.model_name,
        joint_names=tuple(result.joint_names),
        parents=_parents(result.model_id),
        metres_per_unit=animal.metres_per_unit,
        label=animal.label,
        species=animal.species,
        family=animal.family,
        confidences=np.array([animal.score]),
        keypoint_names=tuple(result.keypoint_names),
        keypoints_2d=_missing_as_nan(animal.keypoints_2d)[None],
        cameras={"photo": camera_of(result)},
        source=photo,
        scores={name: float(value) for name, value in scores.items() if value is not None and np.isfinite(value)},
        warnings=tuple(animal.warnings),
    )


def write_reconstruction(result: Reconstruction, folder: str | Path, photo: str | Path | None = None) -> list[Path]:
    """Write every animal and the overlay into `folder`, which is made if need be; gives the files written.

    Older files of further animals in the same folder are removed: what lies there is one photo's result.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []
    for number, animal in enumerate(result.animals, start=1):
        path = folder / ("animal.npz" if number == 1 else f"animal_{number}.npz")
        beside = save_clip(clip_of(result, animal, "" if photo is None else Path(photo).name), path)
        written += [path, beside]
    for old in [*folder.glob("animal*.npz"), *folder.glob("animal*.json")]:
        if old not in written:
            old.unlink()
    if result.overlay is not None:
        path = folder / "overlay.png"
        draft = path.with_name("overlay.png.part")
        draft.write_bytes(np.ascontiguousarray(result.overlay).tobytes())
        draft.replace(path)
        written.append(path)
    return written


def upright_photo(photo: Path, folder: Path) -> Path:
    """The photo, or an upright copy of it in `folder` when its file says that it must be turned.

    Programs that ignore EXIF's orientation, Blender among them, would show it another way round than it was fitted.
    """
    with Image.open(photo) as image:
        if image.getexif().get(ORIENTATION, 1) == 1:
            return photo
    from .pictures import decode_image

    path = folder / "photo.png"
    draft = path.with_name("photo.png.part")
    Image.fromarray(decode_image(photo.read_bytes())).save(draft, "PNG")
    draft.replace(path)
    return path


def clip_silhouette(clip: AnimalClip, model: AnimalModel, frame: int = 0) -> NDArray[np.bool_]:
    """(H, W) where the clip's first camera sees the animal. Raises ClipError when the clip is of another model."""
    clip.check_model(model)
    camera = next(iter(clip.cameras.values()))
    vertices = camera.to_camera(clip.frame(frame).posed(model).vertices)
    return rasterise(vertices, model.faces, camera.K, camera.width, camera.height).silhouette


def _parents(model_id: str) -> tuple[int, ...]:
    model = default_model()
    return tuple(int(parent) for parent in model.parents) if model.model_id == model_id else ()


def _missing_as_nan(points: NDArray[Any]) -> NDArray[np.float64]:
    """(K, 3) x, y, 1 or 0 with nan places where the model has no such point (0)."""
    points = np.array(points, dtype=np.float64)
    points[points[:, 2] == 0, :2] = np.nan
    return points
