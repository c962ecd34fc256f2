"""Animal models on disk: the project's own `.npz`, and one function that opens whatever model file a user has.

The `.npz` keeps SMAL's key names. What cannot be said there in arrays (name, licence, units) is JSON in `about`.
Lengths are model units in the animal's frame (x forward, y left, z up); `metres_per_unit` stands beside them.

    v_template (V, 3)   f (F, 3)   weights (V, J)   kintree_table (2, J)   J (J, 3)   joint_names (J,)
    shapedirs (V, 3, B)   posedirs (V, 3, 9(J-1)) or absent   J_regressor (J, V) or absent
    keypoint_names (K,)   keypoint_offsets (K+1,)   keypoint_vertices (n,)   keypoint_weights (n,)
    vertex_mirror (V,)   joint_limits (J, 3, 2)
    pose_weights (M,)   pose_means (M, J-1, 3)   pose_covariances (M, 3J-3, 3J-3)
    uv (T, 2)   uv_faces (F, 3)   region_names (R,)   region_weights (V, R)
    slider_names (N,)   slider_directions (N, B)   slider_ranges (N, 2)
    species_… and family_…: see `species_table.py`

Row k of the keypoint matrix has keypoint_weights[a:b] at keypoint_vertices[a:b], a and b = keypoint_offsets[k:k+2].
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .model import AnimalModel, ModelError
from .npz import read_npz, write_npz
from .pose_prior import PosePrior, PosePriorError
from .species_table import SPECIES_KEYS, read_species, species_arrays

FORMAT = "bestiary-animal/1"
MAX_VERTICES = 250_000
MAX_JOINTS = 1_024
MAX_BETAS = 1_024
MAX_KEYPOINTS = 1_024
MAX_NUMBERS = 1 << 27  # of one array: 1 GiB as float64
POSE_KEYS = ("pose_weights", "pose_means", "pose_covariances")
_REQUIRED = ("v_template", "f", "weights", "kintree_table")
_KEYS = {
    *_REQUIRED, "J", "J_regressor", "shapedirs", "posedirs", "joint_names", "keypoint_names", "keypoint_offsets",
    "keypoint_vertices", "keypoint_weights", "vertex_mirror", "joint_limits", *POSE_KEYS,
    "uv", "uv_faces", "region_names", "region_weights", "slider_names", "slider_directions", "slider_ranges", "about",
    *SPECIES_KEYS,
}  # fmt: skip


def load_model(path: str | Path) -> AnimalModel:
    """Read an animal model from Bestiary's `.npz`, or from another that has SMAL's keys.

    Raises ModelError naming the field that is missing, too large or does not fit; OSError if it cannot be opened.
    """
    path = Path(path)
    arrays = read_npz(path, ModelError, MAX_NUMBERS, _KEYS)
    for name in _REQUIRED:
        if name not in arrays:
            raise ModelError(f"{name}: missing in {path.name}; a model needs {', '.join(_REQUIRED)}")
    if "about" not in arrays:
        return _read_foreign(arrays, path)
    about = _read_about(arrays)
    if "J" not in arrays:
        raise ModelError(f"J: missing in {path.name}")
    _check_sizes(arrays)
    vertices = len(arrays["v_template"])
    names, matrix = _read_keypoints(arrays, vertices)
    species, families = read_species(arrays, _numbers, _texts)
    return AnimalModel(
        name=str(about.get("name", path.stem)),
        v_template=_numbers(arrays, "v_template"),
        shapedirs=_numbers(arrays, "shapedirs") if "shapedirs" in arrays else np.zeros((vertices, 3, 0)),
        faces=_indices(arrays, "f"),
        weights=_normalised(_numbers(arrays, "weights")),
        parents=_indices(arrays, "kintree_table")[0],
        J=_numbers(arrays, "J"),
        posedirs=_optional(arrays, "posedirs", _numbers),
        J_regressor=_optional(arrays, "J_regressor", _numbers),
        joint_names=_texts(arrays, "joint_names"),
        keypoint_names=names,
        keypoint_matrix=matrix,
        vertex_mirror=_optional(arrays, "vertex_mirror", _indices),
        joint_limits=_optional(arrays, "joint_limits", _numbers),
        pose_prior=_read_pose_prior(arrays),
        uv=_optional(arrays, "uv", _numbers),
        uv_faces=_optional(arrays, "uv_faces", _indices),
        region_names=_texts(arrays, "region_names"),
        region_weights=_optional(arrays, "region_weights", _numbers),
        slider_names=_texts(arrays, "slider_names"),
        slider_directions=_optional(arrays, "slider_directions", _numbers),
        slider_ranges=_optional(arrays, "slider_ranges", _numbers),
        metres_per_unit=_positive(about.get("metres_per_unit", 1.0)),
        source=str(about.get("source", "")),
        licence=str(about.get("licence", "")),
        credits=_credits(about),
        species=species,
        families=families,
    )


def save_model(
    model: AnimalModel, path: str | Path, shape_dtype: str | None = None, credits: Sequence[str] | None = None
) -> None:
    """Write `model` as `.npz`, whole or not at all.

    shape_dtype "float16" or "float32" is how shapedirs are kept; None takes float16 when that moves no vertex by
    more than 1e-6 units per unit of beta, else float32. All else is float32 (species covariances too) or int32.
    credits: whom to thank; None keeps the model's own.
    """
    parents = model.parents.astype(np.int32)
    arrays: dict[str, np.ndarray] = {
        "v_template": model.v_template.astype(np.float32),
        "shapedirs": _shapes(model.shapedirs, shape_dtype),
        "f": model.faces.astype(np.int32),
        "weights": model.weights.astype(np.float32),
        "kintree_table": np.stack([parents, np.arange(len(parents), dtype=np.int32)]),
        "J": model.J.astype(np.float32),
        "joint_names": np.array(model.joint_names, dtype=np.str_),
    }
    for name in ("posedirs", "J_regressor", "joint_limits", "uv"):
        if getattr(model, name) is not None:
            arrays[name] = getattr(model, name).astype(np.float32)
    for name in ("vertex_mirror", "uv_faces"):
        if getattr(model, name) is not None:
            arrays[name] = getattr(model, name).astype(np.int32)
    for kind, values in (("region", ("region_weights",)), ("slider", ("slider_directions", "slider_ranges"))):
        if getattr(model, f"{kind}_names"):
            arrays[f"{kind}_names"] = np.array(getattr(model, f"{kind}_names"), dtype=np.str_)
            arrays |= {name: getattr(model, name).astype(np.float32) for name in values}
    if model.pose_prior is not None:
        arrays |= {key: getattr(model.pose_prior, key[5:]).astype(np.float32) for key in POSE_KEYS}
    arrays |= _keypoint_arrays(model) | species_arrays(model)
    about = {
        "format": FORMAT,
        "name": model.name,
        "source": model.source,
        "licence": model.licence,
        "credits": list(model.credits if credits is None else credits),
        "metres_per_unit": model.metres_per_unit,
        "axes": "x forward, y left, z up",
    }
    arrays["about"] = np.array(json.dumps(about))
    write_npz(path, arrays)


def open_model(path: str | Path) -> AnimalModel:
    """Open a model of any known kind, told by the file's first bytes and not by its name.

    Knows Bestiary's `.npz`, pickles of SMAL, SMAL+, SMILify and PIG_model (by the restricted reader), and the
    avian-mesh JSON. Raises ModelError that says what the file is when it is something else.
    """
    path = Path(path)
    if path.is_dir():
        raise ModelError(f"{path} is a folder; give the model file itself")
    with path.open("rb") as stream:
        head = stream.read(64)
    if head[:4] == b"PK\x03\x04":
        return load_model(path)
    if head.lstrip()[:1] == b"{":
        from .bird_json import read_bird_json

        return read_bird_json(path)
    known = {
        b"glTF": "a glTF scene, not a model with a shape space",
        b"\x1f\x8b": "packed with gzip; unpack it first",
        b"BZh": "packed with bzip2; unpack it first",
        b"\x93NUM": "a single NumPy array",
        b"\x89HDF": "an HDF5 file",
        b"Kaydara": "an FBX scene, not a model with a shape space",
        b"MATLAB": "a MATLAB file",
        b"<": "a web page or XML; was the download stopped by a login page?",
        b"version https://git-lfs": "a Git LFS pointer; fetch the file itself with git lfs pull",
    }
    for magic, what in known.items():
        if head.startswith(magic):
            raise ModelError(f"{path.name} is {what}")
    if not head:
        raise ModelError(f"{path.name} is empty")
    from .smal_pickle import read_smal_pickle

    return read_smal_pickle(path)


def _read_foreign(arrays: dict[str, np.ndarray], path: Path) -> AnimalModel:
    """A model of an `.npz` that another program wrote, with SMAL's keys and SMAL's freedoms."""
    from .assemble import assemble
    from .smal_points import with_known_keypoints

    model = assemble(
        name=path.stem,
        v_template=_numbers(arrays, "v_template"),
        faces=arrays["f"],
        weights=_numbers(arrays, "weights"),
        kintree=arrays["kintree_table"],
        joint_names=_texts(arrays, "joint_names"),
        vertex_mirror=arrays.get("vertex_mirror"),
        shapedirs=_optional(arrays, "shapedirs", _numbers),
        posedirs=_optional(arrays, "posedirs", _numbers),
        J_regressor=_optional(arrays, "J_regressor", _numbers),
        J=_optional(arrays, "J", _numbers),
        extras={"source": f"read from {path.name}"},
    )
    return with_known_keypoints(model)


def _read_about(arrays: dict[str, np.ndarray]) -> dict[str, Any]:
    try:
        about = json.loads(str(arrays["about"][()]))
    except (ValueError, RecursionError) as error:
        raise ModelError(f"about: not JSON ({error})") from error
    if not isinstance(about, dict) or about.get("format", FORMAT) != FORMAT:
        raise ModelError(f"about: this file is not of the format {FORMAT}; a newer Bestiary may read it")
    return about


def _credits(about: dict[str, Any]) -> tuple[str, ...]:
    credits = about.get("credits", [])
    if not isinstance(credits, list) or not all(isinstance(line, str) for line in credits):
        raise ModelError("about: credits must be a list of lines")
    return tuple(credits)


def _check_sizes(arrays: dict[str, np.ndarray]) -> None:
    check_sizes(
        vertices=len(arrays["v_template"]) if arrays["v_template"].ndim else 0,
        joints=arrays["kintree_table"].shape[-1] if arrays["kintree_table"].ndim else 0,
        betas=arrays["shapedirs"].shape[-1] if "shapedirs" in arrays and arrays["shapedirs"].ndim else 0,
    )
    if arrays["kintree_table"].ndim != 2:
        raise ModelError(f"kintree_table: must have shape (2, J), got {arrays['kintree_table'].shape}")


def check_sizes(vertices: int, joints: int, betas: int) -> None:
    """Raise ModelError for a model larger than anything that is posed here."""
    for field, count, most in (
        ("v_template", vertices, MAX_VERTICES),
        ("kintree_table", joints, MAX_JOINTS),
        ("shapedirs", betas, MAX_BETAS),
    ):
        if count > most:
            raise ModelError(f"{field}: {count} are too many, the limit is {most}")
    if (
        vertices * joints > MAX_NUMBERS
        or vertices * 3 * betas > MAX_NUMBERS
        or vertices * 27 * joints > 2 * MAX_NUMBERS
    ):
        raise ModelError(f"v_template: {vertices} vertices with {joints} joints and {betas} betas are too many")


def _numbers(arrays: dict[str, np.ndarray], name: str) -> np.ndarray:
    if arrays[name].dtype.kind not in "fiu":
        raise ModelError(f"{name}: must hold numbers, holds {arrays[name].dtype}")
    return arrays[name].astype(np.float64)


def _indices(arrays: dict[str, np.ndarray], name: str) -> np.ndarray:
    return as_indices(arrays[name], name)


def as_indices(array: np.ndarray, name: str) -> np.ndarray:
    """`array` as int32, uint32's largest value (a root's parent in old files) as -1; ModelError naming the field."""
    if array.dtype.kind not in "iu" and not (array.dtype.kind == "f" and (array == np.round(array)).all()):
        raise ModelError(f"{name}: must hold whole numbers, holds {array.dtype}")
    wide = array.astype(np.float64)
    wide = np.where((wide == 2.0**32 - 1) | (wide == 2.0**64), -1.0, wide)
    if wide.size and (wide.min() < -1 or wide.max() > 2**31 - 1):
        raise ModelError(f"{name}: holds {wide.max():.0f}, which is no index")
    return wide.astype(np.int32)


def _optional(arrays: dict[str, np.ndarray], name: str, read: Callable[..., np.ndarray]) -> np.ndarray | None:
    return read(arrays, name) if name in arrays else None


def _texts(arrays: dict[str, np.ndarray], name: str) -> tuple[str, ...]:
    if name not in arrays:
        return ()
    if arrays[name].dtype.kind != "U" or arrays[name].ndim != 1 or len(arrays[name]) > 4096:
        raise ModelError(f"{name}: must be a list of at most 4096 names")
    return tuple(str(text) for text in arrays[name])


def _positive(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError) as error:
        raise ModelError(f"metres_per_unit: must be a number, is {value!r}") from error


def _normalised(weights: np.ndarray) -> np.ndarray:
    """Rows off 1 only by the rounding of the file are made to sum to 1; worse ones are left for the model to refuse."""
    if weights.ndim != 2:
        return weights
    total = weights.sum(axis=1, keepdims=True)
    return np.where(np.abs(total - 1.0) < 1e-3, weights / np.where(total == 0, 1.0, total), weights)


def _read_keypoints(arrays: dict[str, np.ndarray], vertices: int) -> tuple[tuple[str, ...], np.ndarray | None]:
    names = _texts(arrays, "keypoint_names")
    if not names:
        return (), None
    for name in ("keypoint_offsets", "keypoint_vertices", "keypoint_weights"):
        if name not in arrays or arrays[name].ndim != 1:
            raise ModelError(f"{name}: missing, though the file has keypoint_names, or not a list")
    offsets, ids = _indices(arrays, "keypoint_offsets"), _indices(arrays, "keypoint_vertices")
    shares = _numbers(arrays, "keypoint_weights")
    if len(names) > MAX_KEYPOINTS or len(names) * vertices > MAX_NUMBERS:
        raise ModelError(f"keypoint_names: {len(names)} are too many, the limit is {MAX_KEYPOINTS}")
    if len(offsets) != len(names) + 1 or offsets[0] != 0 or (np.diff(offsets) < 0).any() or offsets[-1] != len(ids):
        raise ModelError(
            "keypoint_offsets: must rise from 0 to the number of keypoint_vertices, one per name and one more"
        )
    if len(shares) != len(ids) or (len(ids) and (ids.min() < 0 or ids.max() >= vertices)):
        raise ModelError("keypoint_vertices: must name existing vertices, one for each of keypoint_weights")
    matrix = np.zeros((len(names), vertices))
    np.add.at(matrix, (np.repeat(np.arange(len(names)), np.diff(offsets)), ids), shares)
    return names, _normalised(matrix)


def _read_pose_prior(arrays: dict[str, np.ndarray]) -> PosePrior | None:
    found = [key for key in POSE_KEYS if key in arrays]
    if not found:
        return None
    if len(found) < len(POSE_KEYS):
        raise ModelError(f"{', '.join(set(POSE_KEYS) - set(found))}: missing beside {found[0]}")
    try:
        return PosePrior(*(_numbers(arrays, key) for key in POSE_KEYS))
    except PosePriorError as error:
        raise ModelError(f"pose_{error}") from None


def _keypoint_arrays(model: AnimalModel) -> dict[str, np.ndarray]:
    if not model.keypoint_names or model.keypoint_matrix is None:
        return {}
    rows, columns = np.nonzero(model.keypoint_matrix)
    offsets = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=model.n_keypoints))])
    return {
        "keypoint_names": np.array(model.keypoint_names, dtype=np.str_),
        "keypoint_offsets": offsets.astype(np.int32),
        "keypoint_vertices": columns.astype(np.int32),
        "keypoint_weights": model.keypoint_matrix[rows, columns].astype(np.float32),
    }


def _shapes(shapedirs: np.ndarray, dtype: str | None) -> np.ndarray:
    if dtype not in (None, "float16", "float32"):
        raise ModelError(f"shapedirs: can be kept as float16 or float32, not {dtype}")
    if dtype == "float32":
        return shapedirs.astype(np.float32)
    with np.errstate(over="ignore"):
        half = shapedirs.astype(np.float16)
    exact = np.abs(half.astype(np.float64) - shapedirs).max(initial=0.0) <= 1e-6
    return half if dtype == "float16" or exact else shapedirs.astype(np.float32)
