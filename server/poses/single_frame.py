"""The engine that looks at one frame at a time: tracks of any animal whose joints include the network's, as 3D positions.

What the network gives is laid over the points that were seen: their x and y are the footage's, the depth is the network's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from ...animal.anatomy import part_of
from ...animal.keypoint_sets import KEYPOINT_SETS, set_of
from ...animal.keypoints import SUPERSET
from ...animal.skeleton import Skeleton
from ..lift.windows import LiftedClip
from .network import PoseNetwork
from .spherical import camera_axes

FEWEST_NODES = 10
"""Of the 16; with fewer there is no telling which way an animal faces."""
FEWEST_SEEN = 4
"""Points in a frame; frames with fewer are filled in from their neighbours."""
CHUNK = 4096

Array = NDArray[np.float64]

# Each node by the parts of animal/anatomy.py that may stand for it, best first; several in one row: their mean.
_PAIRED = {"elbow": ("elbow", "shoulder"), "wrist": ("wrist",), "front_paw": ("front_paw", "front_fetlock", "front_toe"),
           "knee": ("knee", "hip"), "ankle": ("ankle",), "hind_paw": ("hind_paw", "hind_fetlock", "hind_toe")}  # fmt: skip
NODES: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "neck": (("neck",), ("neck_base",), ("withers",), ("nape",), ("throat",)),
    "head": (("left_eye", "right_eye"), ("forehead",), ("left_ear_base", "right_ear_base")),
    "nose": (("nose",), ("upper_jaw",), ("chin",)),
    "tail_base": (("tail_base",), ("back_end",)),
    **{f"{side}_{node}": tuple((f"{side}_{part}",) for part in parts)
       for side in ("left", "right") for node, parts in _PAIRED.items()},
}  # fmt: skip


class SingleFrameError(ValueError):
    """Tracks that this engine cannot lift; the message says what it lacks."""


@dataclass(frozen=True)
class NodeMap:
    """Which joints of some skeleton stand for a network's nodes: joints[n] (none: the skeleton lacks it), whose mean is the node."""

    joints: tuple[tuple[int, ...], ...]

    def gather(self, points: Array, confidence: Array) -> tuple[Array, Array]:
        """Nodes (F, N, 2) and their confidences (F, N) of points (F, J, 2), confidence (F, J); what is not seen is nan and 0."""
        there = np.where(np.isfinite(points).all(-1), np.nan_to_num(confidence), 0.0)
        nodes = np.full((len(points), len(self.joints), 2), np.nan)
        sure = np.zeros(nodes.shape[:2])
        for number, joints in enumerate(self.joints):
            if joints:
                weight = there[:, joints]
                total = weight.sum(1)
                seen = total > 0
                mean = (np.nan_to_num(points[:, joints]) * weight[..., None]).sum(1)[seen] / total[seen, None]
                nodes[seen, number], sure[seen, number] = mean, weight.max(1)[seen]
        return nodes, sure


def map_nodes(names: Sequence[str], network: PoseNetwork) -> NodeMap:
    """Which of the joints `names` are the network's nodes: the same names, or those of a public keypoint set, or what they mean.

    Raises SingleFrameError where too few are, or a network that needs all lacks one.
    """
    wanted = network.space.skeleton.names
    known = set_of(names)
    if known.name in KEYPOINT_SETS:
        parts = [SUPERSET[index] if index >= 0 else None for index in known.superset]
    else:
        parts = [part_of(name) for name in names]
    place = {part: joint for joint, part in reversed(list(enumerate(parts))) if part is not None}
    exact = {name: joint for joint, name in enumerate(names)}
    found: list[tuple[int, ...]] = []
    for node in wanted:
        # A public set's own words may mean something else ("elbow" in AP-10K is a wrist), so its table goes first.
        joints = (exact[node],) if node in exact and known.name not in KEYPOINT_SETS else ()
        for choice in NODES.get(node, ()) if not joints else ():
            joints = tuple(place[part] for part in choice if part in place)
            if joints:
                break
        found.append(joints)
    lacking = [node for node, joints in zip(wanted, found, strict=True) if not joints]
    least = min(FEWEST_NODES, len(wanted)) if network.uses_seen else len(wanted)
    if len(wanted) - len(lacking) < least:
        raise SingleFrameError(f"The single-frame engine knows {len(wanted)} joints and needs {least} of them; this skeleton has no "
                               f"{', '.join(lacking)}. Take another engine, or rename the joints.")
    return NodeMap(tuple(found))


def lift_frames(network: PoseNetwork, points: ArrayLike, confidence: ArrayLike | None = None) -> Array:
    """Positions (F, N, 3) of points (F, N, 2) pixels, nan where missing: x right, y down, z away from the viewer, in pixels.

    N are the network's nodes in its order. x and y of seen points are the points'; z is 0 at the root. Frames with fewer than
    FEWEST_SEEN points lie between their neighbours.
    Raises SingleFrameError for another number of points, and where no frame has enough of them.
    """
    points = np.asarray(points, np.float64)
    joints = len(network.space.skeleton)
    if points.ndim != 3 or points.shape[1:] != (joints, 2) or not len(points):
        raise SingleFrameError(f"The points have the shape {points.shape}; this network takes (frames, {joints}, 2).")
    sure = np.ones(points.shape[:2]) if confidence is None else np.asarray(confidence, np.float64)
    if sure.shape != points.shape[:2]:
        raise SingleFrameError(f"The confidences have the shape {sure.shape}, the points {points.shape}.")
    seen = np.isfinite(points).all(-1) & (np.nan_to_num(sure) > 0)
    if not network.uses_seen and not seen.all():
        points, seen = _between(points, seen)
    enough = seen.sum(1) >= min(FEWEST_SEEN, joints)
    if not enough.any():
        raise SingleFrameError(f"No frame has {min(FEWEST_SEEN, joints)} points.")
    usable = points[enough]
    result = np.full((*points.shape[:2], 3), np.nan)
    result[enough] = np.concatenate([_lift(network, usable[i : i + CHUNK], seen[enough][i : i + CHUNK])
                                     for i in range(0, len(usable), CHUNK)])
    if not enough.all():
        frames, good = np.arange(len(points)), np.flatnonzero(enough)
        flat = result.reshape(len(points), -1)
        for column in range(flat.shape[1]):
            flat[~enough, column] = np.interp(frames[~enough], good, flat[good, column])
    return result


def lift_single(
    network: PoseNetwork, points: Array, confidence: Array, skeleton: Skeleton,
) -> LiftedClip:
    """The same for tracks (F, J, 2) in pixels with confidence (F, J) of any skeleton whose joints can be mapped, as `lift_tracks` gives it.

    Joints that the network does not know are as deep as the nearest joint of the skeleton that it knows. Raises SingleFrameError.
    """
    nodes = map_nodes(skeleton.names, network)
    lifted = lift_frames(network, *nodes.gather(points, confidence))
    # Each joint takes the depth of its node, or of the node of the joint nearest to it along the skeleton.
    of_joint = {joint: node for node, joints in enumerate(nodes.joints) for joint in joints}
    near = [next(of_joint[other] for other in _outward(skeleton, joint) if other in of_joint) for joint in range(len(skeleton))]
    positions = lifted[:, near]
    seen = np.isfinite(points).all(-1) & (np.nan_to_num(confidence) > 0)
    positions[..., :2] = np.where(seen[..., None], points, positions[..., :2])
    centre = positions[..., :2].mean(1)
    positions = positions - positions.mean(1, keepdims=True)
    scale = float(max(np.sqrt((positions[..., :2] ** 2).sum(-1).mean()), 1e-6))
    return LiftedClip(positions / scale, None, scale, centre)


def _lift(network: PoseNetwork, points: Array, seen: NDArray[np.bool_]) -> Array:
    """Frames (n, N, 2), seen (n, N) → positions (n, N, 3) in pixels."""
    device = next(network.parameters()).device
    # Pixels lose their offset in double, so that a small animal in a large picture keeps its last digits.
    offset = np.where(seen[..., None], points, 0.0).sum(1, keepdims=True) / seen.sum(1)[:, None, None]
    up = np.where(seen[..., None], points - offset, 0.0) * (1.0, -1.0)
    with torch.inference_mode():
        given = torch.as_tensor(up, dtype=torch.float32, device=device)
        local = network(given, torch.as_tensor(seen, dtype=torch.float32, device=device))
        pose = camera_axes(network.positions(local)).double().cpu().numpy()
    weight = seen[..., None].astype(np.float64)
    number = weight.sum(1, keepdims=True)
    flat, target = pose[..., :2], np.where(seen[..., None], points, 0.0)
    about = flat - (flat * weight).sum(1, keepdims=True) / number
    goal = (target - target.sum(1, keepdims=True) / number) * weight
    scale = (about * goal).sum((1, 2)) / np.maximum((about**2 * weight).sum((1, 2)), 1e-12)
    # A pose that fits badly may ask for no size, or for less than none; then it has the spread of the points.
    spread = np.sqrt((goal**2).sum((1, 2)) / np.maximum((about**2 * weight).sum((1, 2)), 1e-12))
    scale = np.maximum(scale, 0.3 * spread)[:, None, None]
    root = network.space.skeleton.root
    xy = about * scale + target.sum(1, keepdims=True) / number
    return np.concatenate([np.where(seen[..., None], points, xy), (pose[..., 2:] - pose[:, root : root + 1, 2:]) * scale], axis=-1)


def _between(points: Array, seen: NDArray[np.bool_]) -> tuple[Array, NDArray[np.bool_]]:
    """Missing points on the line between the frames in which they were seen. Raises SingleFrameError for one never seen."""
    lost = ~seen.any(0)
    if lost.any():
        raise SingleFrameError(f"{int(lost.sum())} points are never seen, and this network needs all of them.")
    points = points.copy()
    frames = np.arange(len(points))
    for joint in np.flatnonzero(~seen.all(0)):
        there = seen[:, joint]
        for axis in range(2):
            points[~there, joint, axis] = np.interp(frames[~there], frames[there], points[there, joint, axis])
    return points, np.ones_like(seen)


def _outward(skeleton: Skeleton, start: int) -> list[int]:
    """All joints, the nearest along the skeleton first."""
    queue = [start]
    for joint in queue:
        queue.extend(int(other) for other in np.flatnonzero(skeleton.adjacency[joint]) if other not in queue)
    return queue
