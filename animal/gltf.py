"""Rigged glTF animals in numpy: the node tree, clips sampled at a time, and linearly skinned vertices.

Axes are the file's own: glTF is right-handed and Y up, and animals look along +Z, so `to_world` gives
Bestiary's axes (x forward, y left, z up) by (x, y, z) -> (z, x, y). Units are the file's.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from .gltf_file import GltfError, GltfFile, open_gltf, read_uri

__all__ = ["GltfError", "GltfScene", "SkinnedMesh", "read_gltf", "to_world"]


def to_world(points: np.ndarray) -> np.ndarray:
    """Turn points or directions (..., 3) from glTF axes (Y up, Z forward) to x forward, y left, z up."""
    return np.asarray(points)[..., [2, 0, 1]]


@dataclass(frozen=True)
class _Channel:
    node: int
    path: str  # "translation", "rotation" or "scale"
    times: np.ndarray  # (T,) seconds, strictly increasing
    values: np.ndarray  # (T, 3|4), or (3T, 3|4) for cubic splines: in-tangent, value, out-tangent
    interpolation: str


@dataclass(frozen=True)
class SkinnedMesh:
    """One mesh bound to a skeleton; all its material parts joined.

    vertices (V, 3) bind positions in mesh space; faces (F, 3) int32; joint_indices and joint_weights (V, 4k);
    vertex_colours (V, 3) linear RGB in 0..1 (base colour factor times COLOR_0); uv (V, 2) or None, v down;
    texture the encoded base colour image or None; joint_parents -1 where the parent is no joint of the skin.
    """

    scene: "GltfScene" = field(repr=False)
    name: str
    vertices: np.ndarray = field(repr=False)
    faces: np.ndarray = field(repr=False)
    joint_indices: np.ndarray = field(repr=False)
    joint_weights: np.ndarray = field(repr=False)
    vertex_colours: np.ndarray = field(repr=False)
    vertex_materials: np.ndarray = field(repr=False)
    uv: np.ndarray | None = field(repr=False)
    texture: bytes | None = field(repr=False)
    joint_nodes: tuple[int, ...] = field(repr=False)
    joint_names: tuple[str, ...] = field(repr=False)
    joint_parents: np.ndarray = field(repr=False)
    inverse_bind: np.ndarray = field(repr=False)

    def joint_matrices(self, clip: str | None = None, time: Any = 0.0) -> np.ndarray:
        """World matrices of the joints, (J, 4, 4), or (T, J, 4, 4) for times (T,)."""
        return self.scene.node_matrices(clip, time)[..., list(self.joint_nodes), :, :]

    def joint_positions(self, clip: str | None = None, time: Any = 0.0) -> np.ndarray:
        """World positions of the joints, (J, 3), or (T, J, 3) for times (T,)."""
        return self.joint_matrices(clip, time)[..., :3, 3]

    def posed(self, clip: str | None = None, time: Any = 0.0) -> np.ndarray:
        """Skinned vertices in file axes, (V, 3), or (T, V, 3); `clip` None is the nodes' own pose."""
        skin = (self.joint_matrices(clip, time) @ self.inverse_bind)[..., :3, :]
        homogeneous = np.concatenate([self.vertices, np.ones((len(self.vertices), 1))], axis=1)
        result = np.zeros((*skin.shape[:-3], len(self.vertices), 3))
        for column in range(self.joint_indices.shape[1]):
            matrices = skin[..., self.joint_indices[:, column], :, :]
            moved = np.einsum("...vij,vj->...vi", matrices, homogeneous)
            result += self.joint_weights[:, column, None] * moved
        return result

    def colours_from_image(self, image: np.ndarray) -> np.ndarray:
        """Vertex colours (V, 3) in 0..1 from the decoded `texture` (H, W, 3+) uint8, nearest texel."""
        if self.uv is None:
            return self.vertex_colours
        height, width = image.shape[:2]
        wrapped = np.nan_to_num(self.uv) % 1.0
        columns = np.minimum((wrapped[:, 0] * width).astype(int), width - 1)
        rows = np.minimum((wrapped[:, 1] * height).astype(int), height - 1)
        return image[rows, columns, :3].astype(np.float64) / 255.0


class GltfScene:
    """A whole file: `skinned_meshes`, `clips` (name -> seconds), `node_names`, `node_parents` (N,)."""

    def __init__(self, file: GltfFile, path: Path) -> None:
        nodes = file.items("nodes")
        self.name = path.stem
        self.node_names = tuple(str(node.get("name", f"node_{i}")) for i, node in enumerate(nodes))
        self.node_parents, self._order = _node_tree(file)
        self._rest = _rest_transforms(nodes)
        self._channels, self.clips = _read_clips(file)
        self.skeletons = [self._joint_names(file, skin) for skin in file.items("skins")]
        self.skinned_meshes = [
            self._skinned_mesh(file, path, node)
            for node in nodes
            if node.get("mesh") is not None and node.get("skin") is not None
        ]

    def node_matrices(self, clip: str | None = None, time: Any = 0.0) -> np.ndarray:
        """World matrices of all nodes, (N, 4, 4), or (T, N, 4, 4) for times (T,) in seconds.

        Times before the first and after the last key hold the end keys. Raises GltfError for an unknown clip.
        """
        times = np.atleast_1d(np.asarray(time, dtype=np.float64))
        if times.ndim != 1 or not np.isfinite(times).all():
            raise GltfError("time must be a finite number or a list of them")
        local = self._local_matrices(clip, times)
        world = np.empty_like(local)
        for node in self._order:
            parent = self.node_parents[node]
            world[:, node] = local[:, node] if parent < 0 else world[:, parent] @ local[:, node]
        return world if np.ndim(time) else world[0]

    def _local_matrices(self, clip: str | None, times: np.ndarray) -> np.ndarray:
        if clip is not None and clip not in self._channels:
            raise GltfError(f"no clip {clip!r}; this file has {', '.join(self.clips) or 'none'}")
        rest = self._rest
        local = np.repeat(rest.matrices[None], len(times), axis=0)
        animated: dict[int, dict[str, np.ndarray]] = {}
        for channel in self._channels[clip] if clip is not None else ():
            animated.setdefault(channel.node, {})[channel.path] = _sample(channel, times)
        for node, paths in animated.items():
            translation = paths["translation"] if "translation" in paths else rest.translations[node : node + 1]
            rotation = paths["rotation"] if "rotation" in paths else rest.rotations[node : node + 1]
            scale = paths["scale"] if "scale" in paths else rest.scales[node : node + 1]
            local[:, node] = _compose(translation, rotation, scale)
        return local

    def _joint_names(self, file: GltfFile, skin: dict[str, Any]) -> tuple[str, ...]:
        return tuple(self.node_names[file.index("nodes", joint)] for joint in _list(skin, "joints"))

    def _skinned_mesh(self, file: GltfFile, path: Path, node: dict[str, Any]) -> SkinnedMesh:
        skin, mesh = file.item("skins", node["skin"]), file.item("meshes", node["mesh"])
        joints = [file.index("nodes", joint) for joint in _list(skin, "joints")]
        if not joints:
            raise GltfError("a skin has no joints")
        inverse = np.repeat(np.eye(4)[None], len(joints), axis=0)
        if "inverseBindMatrices" in skin:
            stored = file.accessor(skin["inverseBindMatrices"])
            if stored.ndim != 2 or stored.shape[1] != 16 or len(stored) < len(joints):
                raise GltfError("inverseBindMatrices does not hold a matrix for each joint")
            # Stored column by column.
            inverse = stored[: len(joints)].reshape(-1, 4, 4).transpose(0, 2, 1).astype(np.float64)
        parts = _join_parts([_primitive(file, part, len(joints)) for part in _list(mesh, "primitives")])
        return SkinnedMesh(
            scene=self,
            name=str(node.get("name") or mesh.get("name") or "mesh"),
            texture=_texture(file, path, mesh),
            joint_nodes=tuple(joints),
            joint_names=tuple(self.node_names[joint] for joint in joints),
            joint_parents=self._joint_parents(joints),
            inverse_bind=inverse,
            **parts,
        )

    def _joint_parents(self, joints: list[int]) -> np.ndarray:
        """(J,) nearest ancestor among the joints, skipping helper nodes between them; -1 at the roots."""
        place = {node: index for index, node in enumerate(joints)}
        parents = []
        for joint in joints:
            node = self.node_parents[joint]
            while node >= 0 and node not in place:
                node = self.node_parents[node]
            parents.append(place.get(int(node), -1))
        return np.array(parents, np.int32)


def read_gltf(path: str | Path) -> GltfScene:
    """Read a rigged `.glb` or `.gltf`. Raises GltfError with the reason, OSError when it cannot be opened."""
    path = Path(path)
    file = open_gltf(path)
    try:
        return GltfScene(file, path)
    except (TypeError, AttributeError, IndexError, KeyError, OverflowError) as error:
        # Entries of the wrong kind ("mesh": {}), wherever they sit.
        raise GltfError(f"{path.name} is malformed: {error}") from error


@dataclass(frozen=True)
class _Rest:
    translations: np.ndarray
    rotations: np.ndarray
    scales: np.ndarray
    matrices: np.ndarray


def _list(entry: Mapping[str, Any], key: str) -> list[Any]:
    found = entry.get(key, [])
    if not isinstance(found, list):
        raise GltfError(f"{key} must be a list")
    return found


def _node_tree(file: GltfFile) -> tuple[np.ndarray, list[int]]:
    """Parents (N,) and an order with parents first; refuses two parents and cycles."""
    nodes = file.items("nodes")
    parents = np.full(len(nodes), -1, np.int64)
    for index, node in enumerate(nodes):
        for child in _list(node, "children"):
            child = file.index("nodes", child)
            if parents[child] >= 0:
                raise GltfError(f"node {child} has two parents")
            parents[child] = index
    order = [int(node) for node in np.flatnonzero(parents < 0)]
    for node in order:  # grows while it is walked
        order.extend(nodes[node].get("children", []))
    if len(order) != len(nodes):
        raise GltfError("the node tree has a cycle")
    return parents, order


def _vector(node: Mapping[str, Any], key: str, default: list[float]) -> np.ndarray:
    value = np.asarray(node.get(key, default), dtype=np.float64)
    if value.shape != (len(default),) or not np.isfinite(value).all():
        raise GltfError(f"a node's {key} must be {len(default)} finite numbers")
    return value


def _rest_transforms(nodes: list[dict[str, Any]]) -> _Rest:
    translations = np.array([_vector(n, "translation", [0, 0, 0]) for n in nodes]).reshape(-1, 3)
    rotations = np.array([_vector(n, "rotation", [0, 0, 0, 1]) for n in nodes]).reshape(-1, 4)
    scales = np.array([_vector(n, "scale", [1, 1, 1]) for n in nodes]).reshape(-1, 3)
    matrices = _compose(translations, rotations, scales)
    for index, node in enumerate(nodes):
        if "matrix" in node:
            matrices[index] = _vector(node, "matrix", [0] * 16).reshape(4, 4).T
    return _Rest(translations, rotations, scales, matrices)


def _compose(translation: np.ndarray, rotation: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """(..., 4, 4) from translation (..., 3), quaternion x y z w (..., 4) and scale (..., 3)."""
    length = np.linalg.norm(rotation, axis=-1, keepdims=True)
    x, y, z, w = np.moveaxis(
        np.divide(rotation, length, out=np.zeros_like(rotation), where=length > 0), -1, 0
    )
    matrix = np.stack(
        [
            np.stack([1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)], -1),
            np.stack([2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)], -1),
            np.stack([2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)], -1),
        ],
        -2,
    )
    shape = np.broadcast_shapes(matrix.shape[:-2], translation.shape[:-1], scale.shape[:-1])
    result = np.zeros((*shape, 4, 4))
    result[..., :3, :3] = matrix * scale[..., None, :]
    result[..., :3, 3] = translation
    result[..., 3, 3] = 1.0
    return result


def _read_clips(file: GltfFile) -> tuple[dict[str, list[_Channel]], dict[str, float]]:
    clips: dict[str, list[_Channel]] = {}
    for number, animation in enumerate(file.items("animations")):
        name = str(animation.get("name", f"clip_{number}"))
        while name in clips:
            name += "_"
        samplers = _list(animation, "samplers")
        channels = [_channel(file, channel, samplers, name) for channel in _list(animation, "channels")]
        clips[name] = [channel for channel in channels if channel is not None]
    lengths = {
        name: max((float(c.times[-1]) for c in channels), default=0.0) for name, channels in clips.items()
    }
    return clips, lengths


def _channel(file: GltfFile, channel: dict[str, Any], samplers: list[Any], clip: str) -> _Channel | None:
    target, which = channel["target"], channel["sampler"]
    path = target.get("path")
    if path not in ("translation", "rotation", "scale") or target.get("node") is None:
        return None  # morph weights and extensions do not move the skeleton
    if not isinstance(which, int) or not 0 <= which < len(samplers):
        raise GltfError(f"clip {clip!r} names a sampler that is not there")
    sampler = samplers[which]
    times, values = file.accessor(sampler["input"]), file.accessor(sampler["output"])
    interpolation = sampler.get("interpolation", "LINEAR")
    if interpolation not in ("LINEAR", "STEP", "CUBICSPLINE"):
        raise GltfError(f"clip {clip!r} uses the unknown interpolation {interpolation!r}")
    rows = len(times) * (3 if interpolation == "CUBICSPLINE" else 1)
    width = 4 if path == "rotation" else 3
    if times.ndim != 1 or not len(times) or values.shape != (rows, width):
        raise GltfError(f"clip {clip!r} has a {path} channel whose keys and values do not match")
    times, values = times.astype(np.float64), values.astype(np.float64)
    if not np.isfinite(times).all() or not np.isfinite(values).all() or (np.diff(times) < 0).any():
        raise GltfError(f"clip {clip!r} has key times that go back, or values that are not finite")
    return _Channel(file.index("nodes", target["node"]), path, times, values, interpolation)


def _sample(channel: _Channel, times: np.ndarray) -> np.ndarray:
    """(T, 3|4) values of a channel at `times`, held at both ends."""
    keys = channel.times
    clipped = np.clip(times, keys[0], keys[-1])
    right = np.clip(np.searchsorted(keys, clipped, side="right"), 1, max(len(keys) - 1, 1))
    right = np.minimum(right, len(keys) - 1)
    left = np.maximum(right - 1, 0)
    span = keys[right] - keys[left]
    at = np.divide(clipped - keys[left], span, out=np.zeros_like(clipped), where=span > 0)[:, None]
    if channel.interpolation == "STEP":
        return channel.values[np.where(clipped >= keys[right], right, left)]
    if channel.interpolation == "CUBICSPLINE":
        triples = channel.values.reshape(len(keys), 3, -1)
        start, leave = triples[left, 1], triples[left, 2] * span[:, None]
        arrive, end = triples[right, 0] * span[:, None], triples[right, 1]
        square, cube = at**2, at**3
        start_part = (2 * cube - 3 * square + 1) * start + (cube - 2 * square + at) * leave
        return start_part + (3 * square - 2 * cube) * end + (cube - square) * arrive
    first, last = channel.values[left], channel.values[right]
    return _slerp(first, last, at) if channel.path == "rotation" else first + at * (last - first)


def _slerp(first: np.ndarray, last: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Spherical interpolation of quaternions (T, 4) at (T, 1), the short way round."""
    cosine = np.sum(first * last, axis=-1, keepdims=True)
    last = np.where(cosine < 0, -last, last)
    angle = np.arccos(np.clip(np.abs(cosine), 0.0, 1.0))
    sine = np.sin(angle)
    near = sine < 1e-6  # as good as linear, and free of 0/0
    safe = np.where(near, 1.0, sine)
    weight_first = np.where(near, 1.0 - at, np.sin((1.0 - at) * angle) / safe)
    weight_last = np.where(near, at, np.sin(at * angle) / safe)
    return weight_first * first + weight_last * last


def _primitive(file: GltfFile, part: dict[str, Any], n_joints: int) -> dict[str, Any]:
    """One material's part of a mesh, as the arrays of SkinnedMesh."""
    attributes = part["attributes"]
    if part.get("mode", 4) != 4:
        raise GltfError("only triangle meshes are read (primitive mode 4)")
    vertices = file.accessor(attributes["POSITION"]).astype(np.float64)
    count = len(vertices)
    if vertices.shape != (count, 3) or not count or not np.isfinite(vertices).all():
        raise GltfError("POSITION must be finite (V, 3)")
    faces = file.accessor(part["indices"]) if "indices" in part else np.arange(count)
    if (
        faces.ndim != 1
        or len(faces) % 3
        or faces.dtype.kind not in "iu"
        or (len(faces) and faces.max() >= count)
    ):
        raise GltfError("mesh indices must be whole triangles of existing vertices")
    sets = range(sum(f"JOINTS_{k}" in attributes for k in range(8)))
    if not sets:
        raise GltfError("a skinned mesh has no JOINTS_0")
    indices = np.concatenate([file.accessor(attributes[f"JOINTS_{k}"]) for k in sets], axis=1).astype(
        np.int32
    )
    weights = np.concatenate([file.accessor(attributes[f"WEIGHTS_{k}"]) for k in sets], axis=1).astype(
        np.float64
    )
    if indices.shape != weights.shape or len(indices) != count or not np.isfinite(weights).all():
        raise GltfError("JOINTS and WEIGHTS do not match the vertices")
    if indices.min() < 0 or indices.max() >= n_joints:
        raise GltfError(f"JOINTS_0 names joint {indices.max()}; the skin has {n_joints}")
    total = weights.sum(axis=1, keepdims=True)
    weights = np.divide(weights, total, out=weights, where=total > 0)
    material = part.get("material")
    uv = file.accessor(attributes["TEXCOORD_0"]).astype(np.float64) if "TEXCOORD_0" in attributes else None
    return {
        "vertices": vertices,
        "faces": faces.reshape(-1, 3).astype(np.int32),
        "joint_indices": indices,
        "joint_weights": weights,
        "vertex_colours": _colours(file, material, attributes, count),
        "vertex_materials": np.full(count, -1 if material is None else material, np.int32),
        "uv": uv,
    }


def _colours(file: GltfFile, material: Any, attributes: dict[str, Any], count: int) -> np.ndarray:
    factor = [1.0, 1.0, 1.0, 1.0]
    if material is not None:
        surface = file.item("materials", material).get("pbrMetallicRoughness", {})
        factor = surface.get("baseColorFactor", factor)
    colours = np.repeat(np.asarray(factor, np.float64).reshape(4)[None, :3], count, axis=0)
    if "COLOR_0" in attributes:
        painted = file.accessor(attributes["COLOR_0"])
        if painted.shape[:1] == (count,) and painted.ndim == 2:
            colours = colours * painted[:, :3]
    return np.clip(np.nan_to_num(colours), 0.0, 1.0)


def _join_parts(parts: list[dict[str, Any]]) -> dict[str, Any]:
    if not parts:
        raise GltfError("a skinned mesh has no primitives")
    offsets = np.cumsum([0] + [len(part["vertices"]) for part in parts[:-1]])
    width = max(part["joint_indices"].shape[1] for part in parts)
    joined: dict[str, Any] = {
        "faces": np.concatenate([part["faces"] + offset for part, offset in zip(parts, offsets, strict=True)])
    }
    for key in ("vertices", "vertex_colours", "vertex_materials"):
        joined[key] = np.concatenate([part[key] for part in parts])
    for key in ("joint_indices", "joint_weights"):
        joined[key] = np.concatenate(
            [np.pad(part[key], ((0, 0), (0, width - part[key].shape[1]))) for part in parts]
        )
    has_uv = all(part["uv"] is not None for part in parts)
    joined["uv"] = np.concatenate([part["uv"] for part in parts]) if has_uv else None
    return joined


def _texture(file: GltfFile, path: Path, mesh: dict[str, Any]) -> bytes | None:
    """Encoded base colour image of the first textured part, or None."""
    for part in _list(mesh, "primitives"):
        if part.get("material") is None:
            continue
        surface = file.item("materials", part["material"]).get("pbrMetallicRoughness", {})
        slot = surface.get("baseColorTexture")
        if not slot:
            continue
        source = file.item("textures", slot["index"]).get("source")
        if source is None:
            continue
        image = file.item("images", source)
        if "bufferView" in image:
            return file.view_bytes(image["bufferView"])
        return read_uri(str(image["uri"]), path, "the texture")
    return None
