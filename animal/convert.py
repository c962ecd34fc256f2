"""Any model file made into Bestiary's own, and what to tell the user about it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from .model import AnimalModel, ModelError
from .model_file import load_model, open_model, save_model
from .npz import read_json
from .smal_points import with_keypoints


def convert(
    source: str | Path,
    target: str | Path,
    keypoints: str | Path | None = None,
    name: str | None = None,
    licence: str | None = None,
    metres_per_unit: float | None = None,
) -> AnimalModel:
    """Read the model `source` of any known kind, write it to `target` (.npz) and give it back as it reads from there.

    keypoints is a JSON file {"left_eye": [vertex ids], …}: each point is the mean of its vertices, and they take the
    place of the points that the model comes with. name, licence and metres_per_unit replace what the file says.
    Raises ModelError that names the field; OSError for a file that cannot be opened or written.
    """
    target = Path(target)
    if target.suffix != ".npz":
        raise ModelError(f"{target.name}: a model's file ends in .npz; call it {target.with_suffix('.npz').name}")
    model = open_model(source)
    if keypoints is not None:
        groups = read_json(keypoints, ModelError)
        if not isinstance(groups, dict):
            raise ModelError(f'keypoints: {Path(keypoints).name} must be an object such as {{"left_eye": [12, 40]}}')
        model = with_keypoints(model, groups)
    if name is not None:
        model = replace(model, name=name)
    if licence is not None:
        model = replace(model, licence=licence)
    if metres_per_unit is not None:
        model = replace(model, metres_per_unit=metres_per_unit)
    save_model(model, target)
    return load_model(target)


def summary(model: AnimalModel, source: str | Path | None = None) -> list[str]:
    """What a user should know of a model, a line each; with `source` also what of a pickle found no place."""
    lines = [
        f"{model.name}: {model.n_vertices} vertices, {model.n_joints} joints, {model.n_betas} shape directions, "
        f"id {model.model_id}"
    ]
    if model.is_smal_profile:
        lines.append("The skeleton is SMAL's.")
    if model.J_regressor is None:
        lines.append("Its joints stand still whatever the shape: the file has no joint regressor.")
    if not model.keypoint_names:
        lines.append(
            "It names no keypoints, so a photo can only be fitted to it by mask and box. "
            'Give them as a JSON file {"left_eye": [vertex ids], …}.'
        )
    else:
        lines.append(f"{model.n_keypoints} keypoints: {', '.join(model.keypoint_names)}")
    if source is not None and Path(source).suffix == ".pkl":
        from .smal_pickle import unused_parts

        unused = unused_parts(source)
        if unused:
            lines.append(f"Left out, as there is no place for it: {', '.join(unused)}")
    return lines
