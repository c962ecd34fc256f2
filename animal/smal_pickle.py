"""Opens SMAL, SMAL+, SMILify and PIG_model pickles without running anything in them.

The bytes are read by `pickle_reader.py`, which knows arrays, sparse matrices and chumpy values and refuses all
else by name. Units: SMAL's own for SMAL (about 2.5 from nose to tail); PIG_model is taken to be in metres.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from .assemble import assemble, parents_of
from .model import AnimalModel, ModelError
from .pickle_reader import Record, read_pickle
from .pickle_values import Work, to_array, to_flag, to_names
from .smal_points import with_known_keypoints, with_pig_keypoints

MAX_FILE_BYTES = 512 << 20

# What each part of a model is called in the files: SMAL and SMAL+, SMILify, PIG_model.
_NAMES = {
    "v_template": ("v_template", "vertices"),
    "faces": ("f", "faces", "faces_vert"),
    "weights": ("weights", "skinning_weights"),
    "kintree": ("kintree_table", "parents"),
    "shapedirs": ("shapedirs",),
    "posedirs": ("posedirs",),
    "J_regressor": ("J_regressor",),
    "J": ("J", "t_pose_joints"),
    "vertex_mirror": ("vert_sym_idxs", "vertex_mirror", "sym"),
}
_REQUIRED = ("v_template", "faces", "weights", "kintree")


def read_smal_pickle(path: str | Path) -> AnimalModel:
    """Read a model pickle of protocol 0 to 5, of Python 2 or 3.

    Joint names are the file's, or SMAL's where the parents are SMAL's; SMAL's own mesh, told by where its published
    keypoint vertices lie on the skeleton, also gets the keypoints. Raises ModelError that names the field, or the
    module and name the file asks for when it is not one that a model may hold; OSError if it cannot be opened.
    """
    path = Path(path)
    with path.open("rb") as stream:
        data = stream.read(MAX_FILE_BYTES + 1)
    if len(data) > MAX_FILE_BYTES:
        raise ModelError(f"{path.name}: more than {MAX_FILE_BYTES} bytes are not read")
    try:
        values = read_pickle(data)
    except ModelError as error:
        raise ModelError(f"{path.name}: {error}") from error
    del data
    fields = _fields(values, path)
    work = Work()  # one for all fields: many that are large must not add up
    parts = _parts(fields, work)
    missing = [key for key in _REQUIRED if key not in parts]
    if missing:
        wanted = ", ".join(" or ".join(_NAMES[key]) for key in missing)
        found = ", ".join(sorted(fields)[:20]) or "nothing"
        raise ModelError(f"{path.name}: a model needs {wanted}; this file has {found}")
    names = next((to_names(fields[key], key) for key in ("J_names", "joint_names") if key in fields), ())
    static = "static_joint_locs" in fields and to_flag(
        fields["static_joint_locs"], "static_joint_locs", work
    )
    is_pig = "t_pose_joints" in fields and "faces_vert" in fields and parents_of(parts["kintree"]).shape == (62,)
    extras: dict[str, Any] = {"source": f"converted from {path.name}"}
    if is_pig:
        extras |= {"source": f"PIG_model by Liang An, converted from {path.name}", "licence": "MIT"}
    model = assemble(name=path.stem, joint_names=names, static_joints=static, extras=extras, **parts)
    return with_pig_keypoints(model) if is_pig else with_known_keypoints(model)


def unused_parts(path: str | Path) -> tuple[str, ...]:
    """Names of what is in a model pickle that a model here has no place for, such as SMILify's `scaledirs`."""
    known = {name for names in _NAMES.values() for name in names}
    known |= {"J_names", "joint_names", "static_joint_locs", "bs_style", "bs_type"}
    with Path(path).open("rb") as stream:
        return tuple(sorted(_fields(read_pickle(stream.read(MAX_FILE_BYTES)), Path(path)).keys() - known))


def _fields(values: Any, path: Path) -> dict[str, Any]:
    """The dictionary of the file, whether it is one or an object's attributes."""
    if isinstance(values, Record) and isinstance(values.state, dict):
        values = values.state
    if not isinstance(values, dict):
        raise ModelError(f"{path.name}: holds a {type(values).__name__}; a model is a dictionary of arrays")
    return {k.decode("latin1") if isinstance(k, bytes) else str(k): v for k, v in values.items()}


def _parts(fields: dict[str, Any], work: Work) -> dict[str, np.ndarray]:
    """The arrays that make a model, by the names that `assemble` has for them."""
    parts = {}
    for part, names in _NAMES.items():
        name = next((n for n in names if fields.get(n) is not None), None)
        if name is None:
            continue
        try:
            parts[part] = to_array(fields[name], name, work)
        except ModelError:
            # SMPL's makers left unfinished expressions for joints that the regressor gives anyway.
            if part != "J" or "J_regressor" not in parts:
                raise
    return parts
