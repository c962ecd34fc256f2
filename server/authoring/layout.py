"""The texture layout: the skin cut where it shows least and laid flat, left and right side by side.

Trunk with neck, head, and tail are cut along the underside and stay whole over the back; each leg is opened on its inside,
each ear from base to tip. Only the left half is flattened (`flatten`): the right one is its mirror image, so that what is
painted on one side can be mirrored in the picture. Islands keep their true relative size, but for a larger head.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components, dijkstra

from .flatten import border_loops, flatten
from .skeleton import INDEX
from .surface import edges_of, smooth, vertex_normals

HEAD_SCALE = 1.4  # faces are looked at: they get twice the texels
MARGIN = 0.006  # of the picture's side, between islands

_PARTS = {
    "head": ("Head", "Mouth"), "ear": ("LEar", "REar"), "tail": tuple(f"Tail{k}" for k in range(1, 8)),
    "front": ("LLeg1", "LLeg2", "LLeg3", "LFoot", "RLeg1", "RLeg2", "RLeg3", "RFoot"),
    "hind": ("LLegBack1", "LLegBack2", "LLegBack3", "LFootBack", "RLegBack1", "RLegBack2", "RLegBack3", "RFootBack"),
}  # fmt: skip
_ORDER = ("trunk", "head", "ear", "front", "hind", "tail")


@dataclass(frozen=True)
class _Island:
    """A flat piece of the left half: its faces (n,) of the mesh, corners (n, 3) into uv (m, 2), and the vertex of each (m,).

    whole: the mirror image joins on at u = 0, so that both make one island.
    """

    faces: np.ndarray
    corners: np.ndarray
    uv: np.ndarray
    vertex: np.ndarray
    whole: bool


def uv(
    vertices: np.ndarray, faces: np.ndarray, mirror: np.ndarray, weights: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Texture coordinates (T, 2) in [0, 1], v up, and for every face corner its index (F, 3).

    vertices (V, 3) of a closed symmetric template, faces (F, 3), mirror (V,), weights (V, 35) of skinning. No face is
    flipped, none overlap. Raises ValueError when the surface is not symmetric or a part of it cannot be laid flat.
    """
    partner = _mirror_faces(faces, mirror)
    middle = vertices[faces].mean(axis=1)[:, 1]
    left = np.flatnonzero((middle > 0) | ((middle == 0) & (np.arange(len(faces)) < partner)))
    if 2 * len(left) != len(faces):
        raise ValueError("the surface is not symmetric: its halves have different numbers of faces")
    back = _back_line(vertices, faces[left], mirror)
    label = _label(vertices, faces, left, weights)
    islands = [_flat_island(name, vertices, faces, left[label == k], back) for k, name in enumerate(_ORDER)]
    return _pack(islands, faces, mirror, partner)


def stretch(vertices: np.ndarray, faces: np.ndarray, uv: np.ndarray, uv_faces: np.ndarray) -> np.ndarray:
    """(F, 2) how much each face is lengthened at most and at least, over what its island (same scale) is on average."""
    from .flatten import _gradients, _jacobians, _local_frames

    local = _local_frames(vertices, faces)
    sigma = np.linalg.svd(_jacobians(_gradients(uv_faces, local, len(uv)), uv), compute_uv=False)
    links = sparse.csr_matrix((np.ones(2 * len(uv_faces)), (np.repeat(uv_faces[:, 0], 2), uv_faces[:, 1:].ravel())),
                              shape=(len(uv),) * 2)  # fmt: skip
    island = connected_components(links, directed=False)[1][uv_faces[:, 0]]
    area = 0.5 * local[:, 0, 0] * local[:, 1, 1]
    for k in np.unique(island):
        here = island == k
        sigma[here] /= np.sqrt((area[here] * sigma[here].prod(axis=1)).sum() / area[here].sum())
    return sigma


def _mirror_faces(faces: np.ndarray, mirror: np.ndarray) -> np.ndarray:
    """(F,) the face that each face's mirror image is."""
    known = {tuple(sorted(face)): i for i, face in enumerate(faces.tolist())}
    try:
        return np.array([known[tuple(sorted(face))] for face in mirror[faces].tolist()])
    except KeyError:
        raise ValueError("the surface is not symmetric: a face has no mirror image") from None


def _back_line(vertices: np.ndarray, half: np.ndarray, mirror: np.ndarray) -> np.ndarray:
    """The midline from the tail's tip over the back to the nose, as a run of vertices of the left half's border."""
    loop = max(border_loops(half), key=len)
    if (mirror[loop] != loop).any():
        raise ValueError("the left half's border is not the midline")
    tail = int(np.argmin(vertices[loop, 0]))
    loop = np.roll(loop, -tail)
    nose = int(np.argmax(vertices[loop, 0]))
    one, other = loop[: nose + 1], np.concatenate([loop[nose:], loop[:1]])
    return one if vertices[one, 2].mean() > vertices[other, 2].mean() else other[::-1]


def _label(vertices: np.ndarray, faces: np.ndarray, left: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """(n,) which of _ORDER each face of the left half belongs to; every part is one connected piece."""
    share = {name: weights[:, [INDEX[joint] for joint in joints]].sum(axis=1) for name, joints in _PARTS.items()}
    legs = share["front"] + share["hind"]
    trunk = (vertices[:, 2] - vertices[:, 2].min())
    line = float(np.quantile(trunk[(legs < 0.3) & (share["head"] + share["tail"] + share["ear"] < 0.1)], 0.03))
    for name in ("front", "hind"):
        share[name] = share[name] * np.clip(3.0 - 2.0 * trunk / line, 0.0, 1.0)  # above the belly they are trunk
    share["trunk"] = 1.0 - sum(share.values())
    table = smooth(np.stack([share[name] for name in _ORDER], axis=1), faces, 2)
    half = faces[left]
    label = np.argmax(table[half].mean(axis=1), axis=1)
    neighbours = _face_links(half)
    for _ in range(20):
        before = label.copy()
        count = np.stack([neighbours @ (label == k) for k in range(len(_ORDER))], axis=1)
        lonely = count[np.arange(len(label)), label] <= 1  # ragged teeth of the border
        label = np.where(lonely & (count.max(axis=1) >= 2), np.argmax(count, axis=1), label)
        for k in range(len(_ORDER)):
            _keep_largest(label, k, neighbours)
        if np.array_equal(before, label):
            break
    return label


def _face_links(faces: np.ndarray) -> sparse.csr_matrix:
    """(F, F) which faces share an edge."""
    edges = np.sort(np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]), axis=1)
    owner = np.tile(np.arange(len(faces)), 3)
    key = edges[:, 0] * (faces.max() + 1) + edges[:, 1]
    order = np.argsort(key, kind="stable")
    same = np.flatnonzero(key[order][1:] == key[order][:-1])
    a, b = owner[order[same]], owner[order[same + 1]]
    return sparse.csr_matrix((np.ones(2 * len(a)), (np.r_[a, b], np.r_[b, a])), shape=(len(faces),) * 2)


def _keep_largest(label: np.ndarray, part: int, neighbours: sparse.csr_matrix) -> None:
    """Give all but the largest connected piece of a part to what surrounds it, in place."""
    inside = np.flatnonzero(label == part)
    if not len(inside):
        raise ValueError(f"no face belongs to the {_ORDER[part]}")
    count, piece = connected_components(neighbours[inside][:, inside], directed=False)
    for k in range(count):
        if k != np.argmax(np.bincount(piece)):
            here = inside[piece == k]
            around = np.setdiff1d(neighbours[here].indices, here)
            label[here] = np.argmax(np.bincount(label[around], minlength=len(_ORDER)))


def _flat_island(name: str, vertices: np.ndarray, faces: np.ndarray, own: np.ndarray, back: np.ndarray) -> _Island:
    """One part of the left half, cut until it is a disc, and laid flat; parts on the back line keep it straight."""
    used, half = np.unique(faces[own], return_inverse=True)
    half = half.reshape(-1, 3)
    points = vertices[used]
    place = {int(v): i for i, v in enumerate(used)}
    edges = {tuple(edge) for edge in edges_of(half).tolist()}
    run = [(a, b) for a, b in zip(back[:-1].tolist(), back[1:].tolist(), strict=True) if a in place and b in place
           and tuple(sorted((place[a], place[b]))) in edges]  # fmt: skip
    line = [place[run[0][0]]] + [place[b] for _, b in run] if name in ("trunk", "head", "tail") and run else []
    corners, vertex = _cut_to_disc(points, half, name, np.array(line, dtype=int))
    straight = np.zeros(0, int)
    if line:
        loop = border_loops(corners)[0]
        straight = _run_of(loop, vertex, line)
    flat = flatten(points[vertex], corners, straight)
    return _Island(own, corners, flat, used[vertex], len(straight) > 0)


def _run_of(loop: np.ndarray, vertex: np.ndarray, line: list[int]) -> np.ndarray:
    """The stretch of a border loop (cut vertices) that runs along `line` (uncut ones), whichever way round."""
    names = vertex[loop].tolist()
    for wanted in (line, line[::-1]):
        for start in range(len(names)):
            if names[start] == wanted[0] and all(
                    names[(start + k) % len(names)] == v for k, v in enumerate(wanted)):  # fmt: skip
                return np.array([loop[(start + k) % len(loop)] for k in range(len(wanted))])
    raise ValueError("the back line is broken by a cut")


def _cut_to_disc(
    points: np.ndarray, faces: np.ndarray, name: str, spared: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Corners (F, 3) and the vertex of each of them: cut from hole to hole, and open a cup from its rim to its far end.

    No cut comes near the vertices `spared`.
    """
    edges = edges_of(faces)
    normals = vertex_normals(points, faces)
    outward = np.clip(normals[edges].mean(axis=1)[:, 1], 0.0, 1.0)  # a left limb's inside looks to the right, -y
    upward = np.clip(normals[edges].mean(axis=1)[:, 2], 0.0, 1.0)
    cost = np.linalg.norm(points[edges[:, 0]] - points[edges[:, 1]], axis=1) * (1 + 4 * outward + 2 * upward)
    cost[np.isin(edges, spared).any(axis=1)] += 1e3
    graph = sparse.csr_matrix((np.r_[cost, cost], (np.r_[edges[:, 0], edges[:, 1]], np.r_[edges[:, 1], edges[:, 0]])),
                              shape=(len(points),) * 2)  # fmt: skip
    seams: set[tuple[int, int]] = set()
    corners, vertex = _split(faces, seams)
    if name in ("ear", "front", "hind"):
        rim = max(border_loops(corners), key=len)
        distance, before = dijkstra(graph, indices=vertex[rim], min_only=True, return_predecessors=True)[:2]
        _walk(int(np.argmax(distance)), before, seams)
        corners, vertex = _split(faces, seams)
    for _ in range(20):
        loops = border_loops(corners)
        if len(loops) == 1:
            return corners, vertex
        largest = max(loops, key=len)
        hole = min(loops, key=len)
        distance, before = dijkstra(graph, indices=vertex[hole], min_only=True, return_predecessors=True)[:2]
        _walk(int(vertex[largest][np.argmin(distance[vertex[largest]])]), before, seams)
        corners, vertex = _split(faces, seams)
    raise ValueError(f"the {name} cannot be cut to a disc")


def _walk(end: int, before: np.ndarray, seams: set[tuple[int, int]]) -> None:
    """Add the edges of the path that leads to `end` to the seams."""
    while before[end] >= 0:
        start = int(before[end])
        seams.add((min(start, end), max(start, end)))
        end = start


def _split(faces: np.ndarray, seams: set[tuple[int, int]]) -> tuple[np.ndarray, np.ndarray]:
    """Face corners as vertices of their own, joined again across every edge that is no seam: (F, 3) and their vertex."""
    owner: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for f, face in enumerate(faces.tolist()):
        for k in range(3):
            a, b = face[k], face[(k + 1) % 3]
            owner.setdefault((min(a, b), max(a, b)), []).append((f, k))
    joined: list[tuple[int, int]] = []
    for edge, users in owner.items():
        if len(users) == 2 and edge not in seams:
            (f, i), (g, j) = users
            joined += [(3 * f + i, 3 * g + (j + 1) % 3), (3 * f + (i + 1) % 3, 3 * g + j)]
    pairs = np.array(joined).reshape(-1, 2)
    size = 3 * len(faces)
    links = sparse.csr_matrix((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(size, size))
    count, group = connected_components(links, directed=False)
    vertex = np.empty(count, int)
    vertex[group] = faces.ravel()
    return group.reshape(-1, 3), vertex


def _pack(islands: list[_Island], faces: np.ndarray, mirror: np.ndarray, partner: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both halves of every island in the unit square, in rows that fill it best."""
    flats, boxes = [], []
    for name, island in zip(_ORDER, islands, strict=True):
        flat = island.uv * (HEAD_SCALE if name in ("head", "ear") else 1.0)
        flat = flat if island.whole else _upright(flat)
        flat = flat - flat.min(axis=0) * ((0.0, 1.0) if island.whole else (1.0, 1.0))
        width, height = flat.max(axis=0)
        boxes += [(2 * width, height)] if island.whole else [(width, height)] * 2
        flats.append(flat)
    side, corner = _rows(np.array(boxes))
    coordinates, owners, table = [], [], np.zeros((len(faces), 3), int)
    start, box = 0, 0
    for island, flat in zip(islands, flats, strict=True):
        middle = np.array([flat[:, 0].max(), 0.0])
        left, right = (flat + middle, middle - flat * (1, -1)) if island.whole else (flat, middle - flat * (1, -1))
        table[island.faces] = start + island.corners
        table[partner[island.faces]] = start + len(flat) + _mirrored_corners(island, faces, mirror, partner)
        coordinates += [left + corner[box], right + corner[box if island.whole else box + 1]]
        owners += [island.vertex, mirror[island.vertex]]
        start += 2 * len(flat)
        box += 1 if island.whole else 2
    rows = np.column_stack([np.round(np.concatenate(coordinates) / side, 7), np.concatenate(owners)])
    merged, index = np.unique(rows, axis=0, return_inverse=True)  # what lies on u = 0 belongs to both halves
    return np.ascontiguousarray(merged[:, :2]), index.reshape(-1)[table].astype(np.int32)


def _mirrored_corners(island: _Island, faces: np.ndarray, mirror: np.ndarray, partner: np.ndarray) -> np.ndarray:
    """(n, 3) the island's corners in the order in which the mirror images of its faces name their vertices."""
    images, theirs = mirror[faces[island.faces]], faces[partner[island.faces]]
    order = np.argmax(images[:, None, :] == theirs[:, :, None], axis=2)
    return np.take_along_axis(island.corners, order, axis=1)


def _upright(flat: np.ndarray) -> np.ndarray:
    """Turned so that its longest extent is up; never mirrored."""
    centred = flat - flat.mean(axis=0)
    axis = np.linalg.eigh(centred.T @ centred)[1][:, 1]
    axis = axis * (np.sign(axis[1]) or 1.0)
    return centred @ np.array([[axis[1], axis[0]], [-axis[0], axis[1]]])


def _rows(boxes: np.ndarray) -> tuple[float, np.ndarray]:
    """Place boxes (n, 2) in rows, tallest first, in the smallest square: its side, and the low corner of each (n, 2)."""
    gap = MARGIN * np.sqrt(boxes.prod(axis=1).sum())
    order = np.argsort(-boxes[:, 1], kind="stable")
    best, corners = np.inf, np.zeros_like(boxes)
    for width in np.linspace(boxes[:, 0].max() + 2 * gap, 2.5 * np.sqrt(boxes.prod(axis=1).sum()), 200):
        at, x, y, row, wide = np.zeros_like(boxes), gap, gap, 0.0, 0.0
        for k in order:
            if x + boxes[k, 0] + gap > width + 1e-12:
                x, y, row = gap, y + row + gap, 0.0
            at[k] = x, y
            x, row = x + boxes[k, 0] + gap, max(row, boxes[k, 1])
            wide = max(wide, x)
        side = max(wide, y + row + gap)
        if side < best:
            best, corners = side, at
    return float(best), corners
