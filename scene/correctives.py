"""Pose correctives in Blender: the strongest shapes of a model's posedirs as shape keys that the bones' turns drive.

`posedirs` are linear in the nine entries of R - I of every joint, some 300 shapes. Of each joint's nine, a few mixtures
carry nearly all of the movement over the turns that the joint may make (a principal component analysis of the corrected
offsets); the strongest of all joints become keys. Entries of R are quadratic in the bone's quaternion, so each key's value
is a short polynomial of it: exact, blind to the quaternion's sign, and simple enough for Blender to evaluate without
Python, so that it works in files whose scripts are not trusted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import bpy
import numpy as np
from numpy.typing import NDArray

from ..animal.model import AnimalModel
from ..animal.rotations import matrix_from_axis_angle
from . import rig
from .frames import ARMATURE_AXES

Array = NDArray[np.float64]

MOST_KEYS = 24
"""How many corrective shape keys an animal gets at most; each costs memory like a beta."""

KEY_PREFIX = "pose "
"""Names of corrective shape keys begin so; those of betas never do."""

_LEAST_SHARE = 0.03  # of the strongest shape's strength: weaker ones are left out
_STEPS = 5  # turns tried about each axis between a joint's limits
_DEFAULT_LIMIT = 0.7  # radians, for models that say nothing
_DAMPING = 0.01  # variance added to every entry of R - I: turns beyond the limits must not blow a shape up
_LETTERS = "wxyz"


@dataclass(frozen=True)
class Corrective:
    """One shape: offsets (V, 3) of the rest shape, animal frame and model units, times `mix` (3, 3) : (R - I) of a joint.

    offsets are scaled so that the value stays within ±1 while the joint stays within its limits.
    """

    joint: int
    number: int
    offsets: Array
    mix: Array

    def value(self, rotation: Array) -> float:
        """How much of the shape a turn (3, 3) of the joint calls for."""
        return float((self.mix * (rotation - np.eye(3))).sum())


def strongest_correctives(model: AnimalModel, most: int = MOST_KEYS) -> tuple[Corrective, ...]:
    """The `most` shapes that carry most of the model's posedirs, the strongest first; none for a model without."""
    if model.posedirs is None:
        return ()
    found: list[tuple[float, Corrective]] = []
    for joint in range(1, model.n_joints):
        block = model.posedirs[:, :, 9 * joint - 9 : 9 * joint].reshape(-1, 9)
        if not block.any():
            continue
        features = _usual_features(model, joint)
        spread = features.T @ features / len(features) + _DAMPING * np.eye(9)
        values, vectors = np.linalg.eigh(spread)
        root, inverse = ((vectors * values**power) @ vectors.T for power in (0.5, -0.5))
        strengths, mixes = np.linalg.eigh(root @ block.T @ block @ root)
        for number, k in enumerate(np.argsort(-strengths, kind="stable")[:3], start=1):
            mix = inverse @ mixes[:, k]
            largest = max(float(np.abs(features @ mix).max()), 1e-9)
            offsets = (block @ (root @ mixes[:, k])).reshape(-1, 3) * largest
            # A small part that moves far (a tail) catches the eye as much as a large one that moves a little.
            peak = float(np.linalg.norm(offsets, axis=1).max())
            strength = float(np.sqrt(max(strengths[k], 0.0)) * peak)
            found.append((strength, Corrective(joint, number, offsets, (mix / largest).reshape(3, 3))))
    # Left and right are equally strong but for rounding: rounded, they keep together in the order of joints.
    found.sort(key=lambda item: (-float(f"{item[0]:.4g}"), item[1].joint))
    least = _LEAST_SHARE**2 * found[0][0] if found else 0.0
    return tuple(corrective for strength, corrective in found[:most] if strength >= least)


def add_correctives(body: bpy.types.Object, armature: bpy.types.Object, correctives: Sequence[Corrective]) -> None:
    """Give an animal's body these corrective shape keys, driven by the bones of its armature as they lie now.

    Keys that it has already (a copied mesh brings them along) are set anew. Raises ValueError when the armature has no
    record. A body without shape keys gets its basis first.
    """
    record = rig.read_record(armature)
    if record is None:
        raise ValueError(f"{armature.name} is not an animal of Bestiary: it has no {rig.KEY} property")
    if not correctives:
        return
    if body.data.shape_keys is None:
        body.shape_key_add(name="Basis", from_mix=False)
    keys = body.data.shape_keys
    basis = np.empty(3 * len(body.data.vertices), dtype=np.float32)
    keys.reference_key.points.foreach_get("co", basis)
    rest_axes = rig.rest_axes(armature, record)
    for corrective in correctives:
        bone = record.bones[corrective.joint]
        name = f"{KEY_PREFIX}{bone} {corrective.number}"
        block = keys.key_blocks.get(name)
        if block is None:
            block = body.shape_key_add(name=name, from_mix=False)
            block.slider_min, block.slider_max = -2.0, 2.0
        moved = basis + (record.unit * corrective.offsets @ ARMATURE_AXES.T).astype(np.float32).ravel()
        block.points.foreach_set("co", moved)
        axes = ARMATURE_AXES.T @ rest_axes[corrective.joint]
        _drive(block, armature, bone, polynomial(axes.T @ corrective.mix @ axes))


def refresh_drivers(body: bpy.types.Object, armature: bpy.types.Object, model: AnimalModel) -> None:
    """Fit the drivers of a body's corrective keys to its armature's bones, after these were laid anew.

    Keys that the body has not got stay away: a user may have deleted some.
    """
    keys = body.data.shape_keys
    if keys is None or not corrective_keys(body):
        return
    record = rig.read_record(armature)
    assert record is not None, "refresh_drivers needs a rig with its record"
    rest_axes = rig.rest_axes(armature, record)
    for corrective in strongest_correctives(model):
        bone = record.bones[corrective.joint]
        block = keys.key_blocks.get(f"{KEY_PREFIX}{bone} {corrective.number}")
        if block is not None:
            axes = ARMATURE_AXES.T @ rest_axes[corrective.joint]
            _drive(block, armature, bone, polynomial(axes.T @ corrective.mix @ axes))


@contextmanager
def held(bodies: Iterable[bpy.types.Object], posed: bool) -> Iterator[None]:
    """Take the drivers off the corrective keys for as long as the block: at their present values, or at nought.

    For exporters, which put the armature at rest (and the drivers with it) to read the mesh. posed: keep what the
    present pose calls for; an animation would carry one frame's folds through all others, so give False for it.
    """
    bpy.context.view_layer.update()
    drivers = [(body, curve) for body in bodies for curve in _drivers(body) if not curve.mute]
    values = [body.data.shape_keys.path_resolve(curve.data_path) for body, curve in drivers]
    try:
        for (body, curve), value in zip(drivers, values, strict=True):
            curve.mute = True
            _driven(body, curve).value = value if posed else 0.0
        yield
    finally:
        for _, curve in drivers:
            curve.mute = False


def _drivers(body: bpy.types.Object) -> list[bpy.types.FCurve]:
    """The drivers of a body's corrective keys."""
    paths = {block.path_from_id("value") for block in corrective_keys(body)}
    moved = body.data.shape_keys.animation_data if paths else None
    return [] if moved is None else [curve for curve in moved.drivers if curve.data_path in paths]


def _driven(body: bpy.types.Object, curve: bpy.types.FCurve) -> bpy.types.ShapeKey:
    """The key that a driver of `_drivers` moves."""
    return next(block for block in corrective_keys(body) if block.path_from_id("value") == curve.data_path)


def corrective_keys(body: bpy.types.Object) -> list[bpy.types.ShapeKey]:
    """The corrective shape keys of a body."""
    keys = body.data.shape_keys
    return [] if keys is None else [block for block in keys.key_blocks if block.name.startswith(KEY_PREFIX)]


def polynomial(mix: Array) -> str:
    """`mix` (3, 3) : (R - I) as an expression of the quaternion w, x, y, z of R; under 256 characters, as Blender asks."""
    a = mix
    terms = {
        "xx": -a[1, 1] - a[2, 2], "xy": a[0, 1] + a[1, 0], "xz": a[0, 2] + a[2, 0], "wx": a[2, 1] - a[1, 2],
        "yy": -a[0, 0] - a[2, 2], "yz": a[1, 2] + a[2, 1], "wy": a[0, 2] - a[2, 0],
        "zz": -a[0, 0] - a[1, 1], "wz": a[1, 0] - a[0, 1],
    }  # fmt: skip
    text = "".join(f"{2 * factor:+.4g}*{p}*{q}" for (p, q), factor in terms.items() if abs(factor) > 5e-5)
    return text.lstrip("+") or "0.0"


def _usual_features(model: AnimalModel, joint: int) -> Array:
    """(n, 9) entries of R - I over turns of a joint, evenly between its limits."""
    limits = np.tile((-_DEFAULT_LIMIT, _DEFAULT_LIMIT), (3, 1))
    if model.joint_limits is not None:
        limits = np.clip(model.joint_limits[joint], -np.pi / 2, np.pi / 2)
    axes = [np.linspace(low, high, _STEPS) for low, high in limits]
    turns = matrix_from_axis_angle(np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3))
    return (turns - np.eye(3)).reshape(-1, 9)


def _drive(block: bpy.types.ShapeKey, armature: bpy.types.Object, bone: str, expression: str) -> None:
    """Drive a key's value by the rotation of a bone against its rest, whatever rotation mode or constraint it has."""
    block.driver_remove("value")
    driver = block.driver_add("value").driver
    driver.type = "SCRIPTED"
    for letter in _LETTERS:
        variable = driver.variables.new()
        variable.name, variable.type = letter, "TRANSFORMS"
        target = variable.targets[0]
        target.id, target.bone_target = armature, bone
        target.rotation_mode, target.transform_space = "QUATERNION", "LOCAL_SPACE"
        target.transform_type = f"ROT_{letter.upper()}"
    driver.expression = expression
