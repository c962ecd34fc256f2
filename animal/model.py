"""A parametric animal: SMAL's linear shape space and linear blend skinning, for any number of vertices, joints and betas.

The layout is SMAL's and SMAL+'s (Zuffi et al. 2017; Zuffi and Black 2024), which follow SMPL (Loper et al. 2015):
shaped = v_template + shapedirs · betas; joints = J_regressor · shaped; posed = skinning of (shaped + posedirs · (R - I)).
`pose[0]` turns the whole animal about joint 0, and `trans` is added last. All lengths are model units.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .keypoints import INDEX, SUPERSET
from .rotations import matrix_from_axis_angle

if TYPE_CHECKING:
    from .pose_prior import PosePrior
    from .species import Family, Species

Array = NDArray[np.float64]

SMAL_JOINTS = (
    "pelvis", "pelvis0", "spine", "spine0", "spine1", "spine2", "spine3",
    "LLeg1", "LLeg2", "LLeg3", "LFoot", "RLeg1", "RLeg2", "RLeg3", "RFoot", "Neck", "Head",
    "LLegBack1", "LLegBack2", "LLegBack3", "LFootBack", "RLegBack1", "RLegBack2", "RLegBack3", "RFootBack",
    "Tail1", "Tail2", "Tail3", "Tail4", "Tail5", "Tail6", "Tail7", "Mouth", "LEar", "REar")
SMAL_PARENTS = (-1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 6, 11, 12, 13, 6, 15, 0, 17, 18, 19, 0, 21, 22, 23,
                0, 25, 26, 27, 28, 29, 30, 16, 16, 16)


class ModelError(ValueError):
    """A model that cannot be used; the message names the field and says what is wrong with it."""


@dataclass(frozen=True)
class Posed:
    """An animal, or a batch of them, in pose and in model units: vertices (…, V, 3), joints (…, J, 3), keypoints (…, K, 3)."""

    vertices: Array
    joints: Array
    keypoints: Array


@dataclass(frozen=True)
class AnimalModel:
    """A parametric animal model, checked when it is made.

    v_template (V, 3) mean shape; shapedirs (V, 3, B) one direction per beta; faces (F, 3); weights (V, J) skinning
    weights, rows sum to 1; parents (J,) with -1 at joint 0 and every parent before its children; posedirs
    (V, 3, 9(J-1)) or None; J_regressor (J, V), or None when the joints stand still at J (J, 3) whatever the betas;
    keypoint_matrix (K, V), rows sum to 1, for the points named in keypoint_names; vertex_mirror (V,) the index of each
    vertex's mirror image, or None; joint_limits (J, 3, 2) smallest and largest axis-angle component in radians, or None; pose_prior
    how the joints below the root usually turn, or None.
    uv (T, 2) texture coordinates in [0, 1], v up, and uv_faces (F, 3) which of them each corner of a face has, or None;
    region_weights (V, R) in [0, 1] how much each vertex belongs to the parts of the surface in region_names (eye, nose,
    belly, …); slider_directions (S, B): betas + x * direction change what slider_names says and little else,
    slider_ranges (S, 2) the x that still look like an animal.

    Raises ModelError naming the field that does not fit.
    """

    name: str
    v_template: Array
    shapedirs: Array
    faces: NDArray[np.int32]
    weights: Array
    parents: NDArray[np.int32]
    J: Array
    posedirs: Array | None = None
    J_regressor: Array | None = None
    joint_names: tuple[str, ...] = ()
    keypoint_names: tuple[str, ...] = ()
    keypoint_matrix: Array | None = None
    vertex_mirror: NDArray[np.int32] | None = None
    joint_limits: Array | None = None
    pose_prior: PosePrior | None = None
    uv: Array | None = None
    uv_faces: NDArray[np.int32] | None = None
    region_names: tuple[str, ...] = ()
    region_weights: Array | None = None
    slider_names: tuple[str, ...] = ()
    slider_directions: Array | None = None
    slider_ranges: Array | None = None
    metres_per_unit: float = 1.0
    source: str = ""
    licence: str = ""
    credits: tuple[str, ...] = ()
    species: Mapping[str, Species] = field(default_factory=dict)
    families: Mapping[str, Family] = field(default_factory=dict)

    def __post_init__(self) -> None:
        floats = ("v_template", "shapedirs", "weights", "J", "posedirs", "J_regressor", "keypoint_matrix", "joint_limits",
                  "uv", "region_weights", "slider_directions", "slider_ranges")
        for name in floats:
            if getattr(self, name) is not None:
                object.__setattr__(self, name, _array(name, getattr(self, name), np.float64))
        for name in ("faces", "parents", "vertex_mirror", "uv_faces"):
            if getattr(self, name) is not None:
                object.__setattr__(self, name, _array(name, getattr(self, name), np.int32))
        if self.keypoint_matrix is None:
            object.__setattr__(self, "keypoint_matrix", np.zeros((0, len(self.v_template))))
        if not self.joint_names:
            object.__setattr__(self, "joint_names", tuple(f"joint_{i}" for i in range(len(self.parents))))
        none_of = {"region_weights": (len(self.v_template), 0), "slider_ranges": (0, 2),
                   "slider_directions": (0, self.shapedirs.shape[-1] if self.shapedirs.ndim else 0)}
        for name, shape in none_of.items():
            if getattr(self, name) is None:
                object.__setattr__(self, name, np.zeros(shape))
        for name in ("species", "families"):
            object.__setattr__(self, name, MappingProxyType(dict(getattr(self, name))))
        self.validate()

    # -- sizes and identity ---------------------------------------------------------------------------------------

    @property
    def n_vertices(self) -> int:
        return len(self.v_template)

    @property
    def n_joints(self) -> int:
        return len(self.parents)

    @property
    def n_betas(self) -> int:
        return self.shapedirs.shape[2]

    @property
    def n_keypoints(self) -> int:
        return len(self.keypoint_names)

    @cached_property
    def model_id(self) -> str:
        """Which model this is: 16 hex digits of a SHA-256 over faces and joint names. Betas of one id mean nothing to another."""
        digest = hashlib.sha256(np.ascontiguousarray(self.faces, dtype="<i4").tobytes())
        digest.update("\n".join(self.joint_names).encode())
        return digest.hexdigest()[:16]

    @property
    def is_smal_profile(self) -> bool:
        """Whether the skeleton is SMAL's: its 35 joints, names and parents. Says nothing about the vertices."""
        return self.joint_names == SMAL_JOINTS and tuple(self.parents) == SMAL_PARENTS

    @cached_property
    def joint_mirror(self) -> NDArray[np.int32]:
        """(J,) the joint on the other side of each joint, itself on the midline; from left and right in the names."""
        index = {name: i for i, name in enumerate(self.joint_names)}
        return np.array([index.get(mirrored_name(name), i) for i, name in enumerate(self.joint_names)], dtype=np.int32)

    @cached_property
    def superset_matrix(self) -> Array:
        """(44, V) the weights of every point of the superset over the vertices; rows of zeros where the model has none."""
        matrix = np.zeros((len(SUPERSET), self.n_vertices))
        matrix[[INDEX[name] for name in self.keypoint_names]] = self.keypoint_matrix
        return matrix

    # -- forward --------------------------------------------------------------------------------------------------

    def forward(self, betas: ArrayLike | None = None, pose: ArrayLike | None = None, trans: ArrayLike | None = None) -> Posed:
        """Pose the animal.

        betas (…, B') with B' <= B, pose (…, J, 3) axis-angle radians, trans (…, 3) model units; None stands for zeros,
        and the leading axes broadcast. Gives vertices (…, V, 3), joints (…, J, 3) and keypoints (…, K, 3).
        """
        betas = np.zeros(0) if betas is None else np.asarray(betas, dtype=np.float64)
        pose = np.zeros((self.n_joints, 3)) if pose is None else np.asarray(pose, dtype=np.float64)
        trans = np.zeros(3) if trans is None else np.asarray(trans, dtype=np.float64)
        if betas.ndim < 1 or betas.shape[-1] > self.n_betas:
            raise ModelError(f"betas: {self.name} has {self.n_betas} of them, got shape {betas.shape}")
        if pose.shape[-2:] != (self.n_joints, 3):
            raise ModelError(f"pose: {self.name} needs (…, {self.n_joints}, 3), got {pose.shape}")
        if trans.shape[-1:] != (3,):
            raise ModelError(f"trans: needs (…, 3), got {trans.shape}")
        lead = np.broadcast_shapes(betas.shape[:-1], pose.shape[:-2], trans.shape[:-1])
        rotations = matrix_from_axis_angle(pose)

        shaped = self.v_template + self._offsets(betas)
        joints = self.J if self.J_regressor is None else self.J_regressor @ shaped
        if self.posedirs is not None and pose.any():  # at rest they do nothing, and cost most of the time
            features = (rotations[..., 1:, :, :] - np.eye(3)).reshape(*rotations.shape[:-3], 9 * (self.n_joints - 1))
            offsets = features @ self.posedirs.reshape(3 * self.n_vertices, self.posedirs.shape[2]).T
            shaped = shaped + offsets.reshape(*offsets.shape[:-1], self.n_vertices, 3)

        orient, origin = self.chain(rotations, np.broadcast_to(joints, (*lead, self.n_joints, 3)))
        # Skinning: each joint carries points from its rest place to its posed one, x → orient x + shift.
        shift = origin - np.einsum("...jab,...jb->...ja", orient, joints)
        affine = np.concatenate([orient, shift[..., None]], axis=-1)
        blended = (self.weights @ affine.reshape(*lead, self.n_joints, 12)).reshape(*lead, self.n_vertices, 3, 4)
        vertices = np.einsum("...vab,...vb->...va", blended[..., :3], np.broadcast_to(shaped, (*lead, self.n_vertices, 3)))
        vertices = vertices + blended[..., 3] + trans[..., None, :]
        return Posed(vertices, origin + trans[..., None, :], self.keypoint_matrix @ vertices)

    def rest(self, betas: ArrayLike | None = None) -> Posed:
        """The animal of these betas (…, B') in its rest pose."""
        return self.forward(betas)

    @cached_property
    def _shape_rows(self) -> Array:
        """shapedirs as (B, 3V), so that a batch of betas is one matrix product."""
        return np.ascontiguousarray(self.shapedirs.reshape(3 * self.n_vertices, self.n_betas).T)

    def _offsets(self, betas: Array) -> Array:
        offsets = betas @ self._shape_rows[: betas.shape[-1]]
        return offsets.reshape(*betas.shape[:-1], self.n_vertices, 3)

    def chain(self, rotations: Array, joints: Array) -> tuple[Array, Array]:
        """Forward kinematics: orientation (…, J, 3, 3) and place (…, J, 3) of every joint.

        rotations (…, J, 3, 3) of each joint within its parent; joints (…, J, 3) at rest, model units.
        """
        lead = joints.shape[:-2]
        orient = np.empty((*lead, self.n_joints, 3, 3))
        origin = np.empty((*lead, self.n_joints, 3))
        for j, parent in enumerate(self.parents):
            if parent < 0:
                orient[..., j, :, :], origin[..., j, :] = rotations[..., j, :, :], joints[..., j, :]
                continue
            orient[..., j, :, :] = orient[..., parent, :, :] @ rotations[..., j, :, :]
            bone = joints[..., j, :] - joints[..., parent, :]
            origin[..., j, :] = origin[..., parent, :] + np.einsum("...ab,...b->...a", orient[..., parent, :, :], bone)
        return orient, origin

    # -- checks ---------------------------------------------------------------------------------------------------

    def validate(self) -> None:
        """Raise ModelError, naming the field, unless every array fits the others and holds usable numbers."""
        V, J = _rows("v_template", self.v_template, 3), len(self.parents)
        expected: dict[str, tuple[Any, ...]] = {
            "shapedirs": (V, 3, None), "weights": (V, J), "J": (J, 3), "posedirs": (V, 3, 9 * (J - 1)),
            "J_regressor": (J, V), "keypoint_matrix": (len(self.keypoint_names), V), "vertex_mirror": (V,),
            "joint_limits": (J, 3, 2), "faces": (None, 3), "parents": (J,), "uv": (None, 2), "uv_faces": (len(self.faces), 3),
            "region_weights": (V, len(self.region_names)), "slider_directions": (len(self.slider_names), None),
            "slider_ranges": (len(self.slider_names), 2)}
        for name, shape in expected.items():
            _check_shape(name, getattr(self, name), shape)
        if J < 1:
            raise ModelError("parents: a model needs at least one joint")
        if len(self.joint_names) != J or len(set(self.joint_names)) != J:
            raise ModelError(f"joint_names: {J} different names are needed, got {len(set(self.joint_names))}")
        for name in ("keypoint_names", "region_names", "slider_names"):
            if len(set(getattr(self, name))) != len(getattr(self, name)):
                raise ModelError(f"{name}: a name occurs twice")
        if self.parents[0] != -1 or (self.parents[1:] < 0).any() or (self.parents[1:] >= np.arange(1, J)).any():
            raise ModelError("parents: joint 0 must be the root (-1) and every other parent must come before its child")
        if (self.uv is None) != (self.uv_faces is None):
            raise ModelError("uv_faces: uv and uv_faces go together, one is missing")
        for name, among, what in (("faces", V, "vertices"), ("vertex_mirror", V, "vertices"),
                                  ("uv_faces", 0 if self.uv is None else len(self.uv), "texture coordinates")):
            index = getattr(self, name)
            if index is not None and index.size and (index.min() < 0 or index.max() >= among):
                raise ModelError(f"{name}: an index lies outside the {among} {what}")
        weights = self.region_weights
        if weights is not None and weights.size and not (weights.min() >= -1e-6 and weights.max() <= 1 + 1e-6):
            raise ModelError("region_weights: must lie between 0 and 1")
        if self.slider_directions is not None and self.slider_directions.shape[1] != self.n_betas:
            raise ModelError(f"slider_directions: {self.slider_directions.shape[1]} betas, the model has {self.n_betas}")
        if self.slider_ranges is not None and (self.slider_ranges[:, 0] > self.slider_ranges[:, 1]).any():
            raise ModelError("slider_ranges: the smallest value comes first")
        if self.pose_prior is not None and self.pose_prior.n_joints != J:
            raise ModelError(f"pose_prior: speaks of {self.pose_prior.n_joints} joints, the model has {J}")
        for name in ("weights", "keypoint_matrix"):
            _check_weights(name, getattr(self, name))
        if self.vertex_mirror is not None and (self.vertex_mirror[self.vertex_mirror] != np.arange(V)).any():
            raise ModelError("vertex_mirror: mirroring twice must lead back to each vertex")
        if not self.metres_per_unit > 0 or not np.isfinite(self.metres_per_unit):
            raise ModelError(f"metres_per_unit: must be a positive number, got {self.metres_per_unit}")
        for kind, table in (("species", self.species), ("families", self.families)):
            for name, entry in table.items():
                betas = entry.betas if kind == "species" else entry.mean
                if len(betas) != self.n_betas:
                    raise ModelError(f"{kind}: {name} has {len(betas)} betas, the model has {self.n_betas}")
        for name, family in self.families.items():
            if family.joint_limits is not None and np.shape(family.joint_limits) != (J, 3, 2):
                raise ModelError(f"family_joint_limits: {name} needs ({J}, 3, 2), has {np.shape(family.joint_limits)}")


def mirrored_name(name: str) -> str:
    """The name of the part on the other side: `LLeg1` → `RLeg1`, `left_ear` → `right_ear`, `ear.L` → `ear.R`; else `name`."""
    for left, right in (("left", "right"), ("Left", "Right"), ("LEFT", "RIGHT")):
        if left in name:
            return name.replace(left, right)
        if right in name:
            return name.replace(right, left)
    swap = {"L": "R", "R": "L", "l": "r", "r": "l"}
    if len(name) > 2 and name[-2] in "._- " and name[-1] in swap:
        return name[:-1] + swap[name[-1]]
    if len(name) > 2 and name[0] in swap and name[1] in "._- ":
        return swap[name[0]] + name[1:]
    if len(name) > 1 and name[0] in "LR" and name[1].isupper():
        return swap[name[0]] + name[1:]
    return name


def _array(name: str, value: ArrayLike, dtype: type) -> NDArray[Any]:
    """`value` as a read-only contiguous array of its own; ModelError for what is no array of finite numbers."""
    try:
        array = np.array(value, dtype=dtype, order="C")
    except (TypeError, ValueError, OverflowError) as error:
        raise ModelError(f"{name}: not an array of numbers ({error})") from None
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise ModelError(f"{name}: holds values that are not finite")
    array.flags.writeable = False
    return array


def _rows(name: str, array: Array, columns: int) -> int:
    if array.ndim != 2 or array.shape[1] != columns or not len(array):
        raise ModelError(f"{name}: must have shape (n, {columns}) with n > 0, got {array.shape}")
    return len(array)


def _check_shape(name: str, array: NDArray[Any] | None, shape: tuple[int | None, ...]) -> None:
    if array is None:
        return
    fits = array.ndim == len(shape) and all(want in (None, have) for want, have in zip(shape, array.shape, strict=True))
    if not fits:
        wanted = ", ".join("any" if n is None else str(n) for n in shape)
        raise ModelError(f"{name}: must have shape ({wanted}), got {array.shape}")


def _check_weights(name: str, weights: Array | None) -> None:
    if weights is None or not weights.size:
        return
    if weights.min() < -1e-6:
        raise ModelError(f"{name}: holds a negative weight ({weights.min():.3g})")
    worst = np.abs(weights.sum(axis=1) - 1.0).max()
    if worst > 1e-3:
        raise ModelError(f"{name}: every row must sum to 1, one is off by {worst:.3g}")
