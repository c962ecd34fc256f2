"""Work on triangle surfaces: Laplacians, visibility, simplifying one half and mirroring it, faces folded over or cutting others.

Arrays: vertices (V, 3), faces (F, 3). The plane of symmetry is y = 0 and y > 0 is the animal's left.
pymeshlab is imported inside the functions that need it: it is a build tool, never a dependency of the package.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import splu


def vertex_normals(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Area-weighted unit normals (V, 3)."""
    a, b, c = (vertices[faces[:, k]] for k in range(3))
    cross = np.cross(b - a, c - a)
    normals = np.zeros_like(vertices)
    for k in range(3):
        np.add.at(normals, faces[:, k], cross)
    return normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-20)


def signed_volume(vertices: np.ndarray, faces: np.ndarray) -> float:
    """Enclosed volume, positive when the faces wind outward."""
    a, b, c = (vertices[faces[:, k]] for k in range(3))
    return float(np.einsum("ij,ij->", a, np.cross(b, c)) / 6)


def edges_of(faces: np.ndarray) -> np.ndarray:
    """Every undirected edge once, (E, 2) with the smaller index first."""
    pairs = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    return np.unique(np.sort(pairs, axis=1), axis=0)


def adjacency(faces: np.ndarray, n_vertices: int) -> sparse.csr_matrix:
    """Symmetric 0/1 matrix (V, V) of vertices that share an edge."""
    edges = edges_of(faces)
    rows, columns = np.concatenate([edges, edges[:, ::-1]]).T
    return sparse.csr_matrix((np.ones(len(rows)), (rows, columns)), shape=(n_vertices, n_vertices))


def averaging(faces: np.ndarray, n_vertices: int) -> sparse.csr_matrix:
    """Matrix (V, V) that replaces a value by the mean over the neighbours."""
    matrix = adjacency(faces, n_vertices)
    return sparse.diags(1.0 / np.maximum(np.asarray(matrix.sum(axis=1)).ravel(), 1)) @ matrix


def laplacian(faces: np.ndarray, n_vertices: int) -> sparse.csr_matrix:
    """Uniform Laplacian, value minus the mean of the neighbours (V, V)."""
    return sparse.identity(n_vertices, format="csr") - averaging(faces, n_vertices)


def smooth(values: np.ndarray, faces: np.ndarray, steps: int, amount: float = 0.5) -> np.ndarray:
    """Diffuse per-vertex values (V, …) over the surface."""
    mean = averaging(faces, len(values))
    for _ in range(steps):
        values = (1 - amount) * values + amount * (mean @ values)
    return values


def fill_smoothly(values: np.ndarray, faces: np.ndarray, unknown: np.ndarray, load: float = 0.0) -> np.ndarray:
    """Values (V, D) with the rows under the mask `unknown` (V,) replaced by the solution of Lu = load."""
    matrix = laplacian(faces, len(values)).tocsc()
    inside = np.flatnonzero(unknown)
    outside = np.flatnonzero(~unknown)
    rows = matrix[inside]
    right = load - rows[:, outside] @ values[outside]
    result = values.copy()
    result[inside] = splu(rows[:, inside].tocsc()).solve(right)
    return result


def rasterise_depth(points: np.ndarray, faces: np.ndarray, pixel: float) -> tuple[np.ndarray, np.ndarray]:
    """Orthographic height map of points (V, 3) seen from +z: (image of the greatest z, xy of its corner)."""
    corner = points[:, :2].min(axis=0) - pixel
    scaled = (points[:, :2] - corner) / pixel
    width, height = np.ceil(scaled.max(axis=0)).astype(int) + 2
    triangle = scaled[faces]
    low = np.floor(triangle.min(axis=1)).astype(int)
    size = np.ceil(triangle.max(axis=1)).astype(int) - low + 1
    count = size[:, 0] * size[:, 1]
    face = np.repeat(np.arange(len(faces)), count)
    step = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    column, row = low[face, 0] + step % size[face, 0], low[face, 1] + step // size[face, 0]
    a, b, c = (triangle[face, k] for k in range(3))
    at = np.stack([column, row], axis=1).astype(float)

    def cross(u: np.ndarray, v: np.ndarray) -> np.ndarray:
        return u[:, 0] * v[:, 1] - u[:, 1] * v[:, 0]

    area = cross(b - a, c - a)
    safe = np.where(np.abs(area) < 1e-12, np.inf, area)
    second, third = cross(at - a, c - a) / safe, cross(b - a, at - a) / safe
    first = 1 - second - third
    inside = (np.minimum(np.minimum(first, second), third) >= 0) & np.isfinite(safe)
    z = points[faces[face], 2]
    depth = first * z[:, 0] + second * z[:, 1] + third * z[:, 2]
    image = np.full((height, width), -np.inf)
    np.maximum.at(image, (row[inside], column[inside]), depth[inside])
    return image, corner


def fibonacci_directions(count: int) -> np.ndarray:
    """Evenly spread unit vectors (count, 3)."""
    k = np.arange(count) + 0.5
    z, angle = 1 - 2 * k / count, np.pi * (1 + 5**0.5) * k
    flat = np.sqrt(1 - z * z)
    return np.stack([flat * np.cos(angle), flat * np.sin(angle), z], axis=1)


def seen_from_outside(
    vertices: np.ndarray, faces: np.ndarray, pixel: float, directions: int = 80, slack: float = 2.0
) -> np.ndarray:
    """Share (V,) of the directions from which each vertex can be seen; depth slack in pixels."""
    seen = np.zeros(len(vertices))
    for direction in fibonacci_directions(directions):
        side = np.cross(direction, (0.0, 0.0, 1.0) if abs(direction[2]) < 0.9 else (1.0, 0.0, 0.0))
        side /= np.linalg.norm(side)
        points = vertices @ np.stack([side, np.cross(direction, side), direction], axis=1)
        image, corner = rasterise_depth(points, faces, pixel)
        at = np.round((points[:, :2] - corner) / pixel).astype(int)
        seen += points[:, 2] >= image[at[:, 1], at[:, 0]] - slack * pixel
    return seen / directions


def left_half(vertices: np.ndarray, faces: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The faces with y >= 0 as a surface of their own: (vertices, faces, index of each vertex in the whole)."""
    chosen = faces[(vertices[faces, 1] >= -1e-7).all(axis=1)]
    used, inverse = np.unique(chosen, return_inverse=True)
    return vertices[used], inverse.reshape(chosen.shape), used


def border_vertices(faces: np.ndarray) -> np.ndarray:
    """Indices of the vertices on edges that only one face has."""
    pairs = np.sort(np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]), axis=1)
    edges, count = np.unique(pairs, axis=0, return_counts=True)
    return np.unique(edges[count == 1])


def decimate(
    vertices: np.ndarray, faces: np.ndarray, importance: np.ndarray, target: int, border_weight: float
) -> tuple[np.ndarray, np.ndarray]:
    """Quadric edge collapse to about `target` faces; importance (V,) > 1 keeps more of a place."""
    import pymeshlab

    meshes = pymeshlab.MeshSet()
    meshes.add_mesh(pymeshlab.Mesh(vertices, faces.astype(np.int32), v_scalar_array=importance))
    meshes.meshing_decimation_quadric_edge_collapse(
        targetfacenum=int(target), qualitythr=0.6, preserveboundary=True, boundaryweight=float(border_weight),
        preservenormal=True, preservetopology=True, optimalplacement=True, planarquadric=True,
        planarweight=0.002, qualityweight=True, autoclean=True,
    )  # fmt: skip
    result = meshes.current_mesh()
    return result.vertex_matrix().copy(), result.face_matrix().astype(np.int64)


def simplify_half(
    vertices: np.ndarray, faces: np.ndarray, importance: np.ndarray, target: int
) -> tuple[np.ndarray, np.ndarray]:
    """Decimate an open half to exactly `target` (odd) faces by scanning the border's weight.

    An interior collapse removes two faces and a border collapse one, so not every run ends on an odd number.
    """
    for border_weight in np.linspace(1.0, 4.0, 31):
        for aim in (target, target + 1):
            v, f = decimate(vertices, faces, importance, aim, border_weight)
            if len(f) == target and len(v) - len(edges_of(f)) + len(f) == 1:
                return v, f
    raise RuntimeError(f"No border weight gave exactly {target} faces; change the importance a little.")


def flip_inner_midline_edges(faces: np.ndarray, border: np.ndarray) -> np.ndarray:
    """Flip the inner edges that join two midline vertices: mirrored they would be shared by four faces."""
    faces = faces.copy()
    on_border = np.zeros(faces.max() + 1, dtype=bool)
    on_border[border] = True
    for _ in range(100):
        owner: dict[tuple[int, int], list[int]] = {}
        for index, face in enumerate(faces):
            for k in range(3):
                a, b = int(face[k]), int(face[(k + 1) % 3])
                if on_border[a] and on_border[b]:
                    owner.setdefault((min(a, b), max(a, b)), []).append(index)
        bad = [(edge, pair) for edge, pair in owner.items() if len(pair) == 2]
        if not bad:
            return faces
        (a, b), (left, right) = bad[0]
        third_left = int(next(x for x in faces[left] if x not in (a, b)))
        third_right = int(next(x for x in faces[right] if x not in (a, b)))
        row = list(faces[left])
        if row[(row.index(a) + 1) % 3] != b:
            a, b = b, a
        faces[left] = (third_left, a, third_right)
        faces[right] = (third_right, b, third_left)
    raise RuntimeError("Inner midline edges could not be flipped away.")


def mirror_half(vertices: np.ndarray, faces: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Snap the border of a left half to y = 0 and add its mirror: (vertices, faces, vertex_mirror).

    Left vertices come first, the midline among them; then the right ones in the same order.
    """
    border = border_vertices(faces)
    faces = flip_inner_midline_edges(faces, border)
    vertices = vertices.copy()
    vertices[border, 1] = 0.0
    inner = np.setdiff1d(np.arange(len(vertices)), border)
    partner = np.arange(len(vertices))
    partner[inner] = len(vertices) + np.arange(len(inner))
    whole = np.concatenate([vertices, vertices[inner] * (1.0, -1.0, 1.0)])
    mirror = np.concatenate([partner, inner])
    return whole, np.concatenate([faces, partner[faces][:, ::-1]]), mirror


def thinness(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Height over longest side (F,): 0 for a sliver, 0.87 for an equilateral triangle."""
    a, b, c = (vertices[faces[:, k]] for k in range(3))
    longest = np.max([((b - a) ** 2).sum(1), ((c - b) ** 2).sum(1), ((a - c) ** 2).sum(1)], axis=0)
    return np.linalg.norm(np.cross(b - a, c - a), axis=1) / np.maximum(longest, 1e-30)


def relax_slivers(
    vertices: np.ndarray, faces: np.ndarray, mirror: np.ndarray, least: float = 0.04, rounds: int = 60
) -> np.ndarray:
    """Vertices of thin faces drawn toward their neighbours' mean, symmetrically, until no face is thinner than `least`."""
    mean = averaging(faces, len(vertices))
    for _ in range(rounds):
        thin = thinness(vertices, faces) < least
        if not thin.any():
            break
        moved = np.zeros(len(vertices))
        moved[faces[thin].ravel()] = 0.25
        moved = np.maximum(moved, moved[mirror])[:, None]
        vertices = vertices + moved * (mean @ vertices - vertices)
        vertices = (vertices + vertices[mirror] * (1.0, -1.0, 1.0)) / 2
    return vertices


def face_neighbours(faces: np.ndarray) -> np.ndarray:
    """(F, 3) the face across each edge of every face. Raises ValueError unless the surface is closed and manifold."""
    directed = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]).astype(np.int64)
    n = int(faces.max()) + 1
    keys, back = directed[:, 0] * n + directed[:, 1], directed[:, 1] * n + directed[:, 0]
    order = np.argsort(keys)
    if len(np.unique(keys)) != len(keys):
        raise ValueError("the surface is not manifold: an edge belongs to more than two faces, or two faces disagree on outside")
    at = np.searchsorted(keys[order], back)
    if (at >= len(keys)).any() or (keys[order][np.minimum(at, len(keys) - 1)] != back).any():
        raise ValueError("the surface is not closed: an edge has a face on one side only")
    return (order[at] % len(faces)).reshape(3, len(faces)).T


def flipped_faces(vertices: np.ndarray, faces: np.ndarray, neighbours: np.ndarray) -> np.ndarray:
    """Mask (F,) of the faces folded over: those that look away from all their neighbours (F, 3)."""
    a, b, c = (vertices[faces[:, k]] for k in range(3))
    normals = np.cross(b - a, c - a)
    normals /= np.maximum(np.linalg.norm(normals, axis=1), 1e-30)[:, None]
    return np.einsum("fd,fkd->fk", normals, normals[neighbours]).max(axis=1) < 0


def self_intersecting_faces(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Mask (F,) of the faces that cut another face."""
    import pymeshlab

    meshes = pymeshlab.MeshSet()
    meshes.add_mesh(pymeshlab.Mesh(vertices, faces.astype(np.int32)))
    meshes.compute_selection_by_self_intersections_per_face()
    return meshes.current_mesh().face_selection_array()
