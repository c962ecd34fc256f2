"""Eyeballs for the template: the pit of the empty socket is cut out and a lid with a convex eyeball is set in its place.

The patch has the same number of vertices whatever it replaces: a lid ring, the eyeball's edge, an iris ring and a centre,
stitched to the hole. So the eye can be coloured as a clean disc, and can be found again by its indices.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

LID, EDGE, IRIS = 12, 12, 8  # vertices of the rings, from outside in
PATCH = LID + EDGE + IRIS + 1


@dataclass(frozen=True)
class Socket:
    """Where the left eye sits, in the mesh's unit: centre of the opening, outward axis (any length), sizes.

    hole is the radius within which the old surface is cut away and radius the eyeball's; lift is how far the eyeball's
    middle stands above its edge, sunk how far its edge lies below the lid.
    """

    centre: tuple[float, float, float]
    outward: tuple[float, float, float]
    hole: float
    radius: float
    lift: float
    sunk: float

    def axes(self) -> np.ndarray:
        """Rows forward, up, outward (3, 3); forward runs along the head."""
        out = np.asarray(self.outward) / np.linalg.norm(self.outward)
        up = np.array([0.0, 0.0, 1.0]) - out[2] * out
        up /= np.linalg.norm(up)
        return np.stack([np.cross(up, out), up, out])


def hole_faces(vertices: np.ndarray, faces: np.ndarray, socket: Socket) -> np.ndarray:
    """Mask (F,) of the faces to cut: those with a vertex inside the hole."""
    offset = vertices - socket.centre
    flat = offset @ socket.axes().T
    inside = (np.linalg.norm(flat[:, :2], axis=1) < socket.hole) & (np.linalg.norm(offset, axis=1) < 2 * socket.hole)
    return inside[faces].any(axis=1)


def boundary_loop(faces: np.ndarray) -> np.ndarray:
    """The border of a disc of faces as one loop of vertices, in the faces' own direction; ValueError if it is not a disc."""
    directed = {(int(a), int(b)) for face in faces for a, b in zip(face, np.roll(face, -1), strict=True)}
    following = {}
    for a, b in directed:
        if (b, a) not in directed:
            if a in following:
                raise ValueError("The cut touches itself.")
            following[a] = b
    loop = [min(following)]
    while following[loop[-1]] != loop[0]:
        loop.append(following[loop[-1]])
    if len(loop) != len(following):
        raise ValueError("The cut has more than one border.")
    return np.array(loop)


def zipper(outer: np.ndarray, inner: np.ndarray, outer_angle: np.ndarray, inner_angle: np.ndarray) -> list[list[int]]:
    """Triangles between two rings that run the same way round, joined by angle (radians)."""
    outer_angle = np.unwrap(outer_angle)
    start = int(np.argmin(np.abs(np.angle(np.exp(1j * (inner_angle - outer_angle[0]))))))
    inner, inner_angle = np.roll(inner, -start), np.unwrap(np.roll(inner_angle, -start))
    inner_angle = inner_angle + 2 * np.pi * np.round((outer_angle[0] - inner_angle[0]) / (2 * np.pi))
    outer_angle = np.append(outer_angle, outer_angle[0] + 2 * np.pi)
    inner_angle = np.append(inner_angle, inner_angle[0] + 2 * np.pi)
    n, m = len(outer), len(inner)
    i = j = 0
    triangles = []
    while i < n or j < m:
        if j == m or (i < n and outer_angle[i + 1] + outer_angle[i] <= inner_angle[j + 1] + inner_angle[j]):
            triangles.append([outer[i], outer[(i + 1) % n], inner[j % m]])
            i += 1
        else:
            triangles.append([outer[i % n], inner[(j + 1) % m], inner[j]])
            j += 1
    return triangles


def ring(count: int, radius: float, turn: float = 0.0) -> np.ndarray:
    """Points (count, 2) of a ring, a little longer along the head than high, counter-clockwise."""
    angle = turn + 2 * np.pi * np.arange(count) / count
    return radius * np.stack([1.12 * np.cos(angle), 0.94 * np.sin(angle)], axis=1)


def set_eye(vertices: np.ndarray, faces: np.ndarray, socket: Socket) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Vertices, faces, and (PATCH,) indices of the new vertices: lid, edge, iris, centre.

    Vertices that the cut leaves unused are dropped, the new ones stand last. ValueError when the cut is not a disc.
    """
    cut = hole_faces(vertices, faces, socket)
    loop, axes = boundary_loop(faces[cut]), socket.axes()
    border = (vertices[loop] - socket.centre) @ axes.T
    angle = np.arctan2(border[:, 1], border[:, 0])
    turns = np.angle(np.exp(1j * np.diff(np.append(angle, angle[0]))))
    if turns.sum() < 0:
        raise ValueError("The cut is seen from behind.")
    order = np.argsort(angle)
    rings = [ring(LID, 1.25 * socket.radius), ring(EDGE, socket.radius), ring(IRIS, 0.5 * socket.radius), np.zeros((1, 2))]
    # The lid lies on the plane through the hole's border, bent half-way to the border itself.
    plane = np.linalg.lstsq(np.column_stack([border[:, :2], np.ones(len(border))]), border[:, 2], rcond=None)[0]
    new = []
    for k, flat in enumerate(rings):
        height = flat @ plane[:2] + plane[2]
        if k == 0:
            around = np.arctan2(flat[:, 1], flat[:, 0])
            bent = border[:, 2] - border[:, :2] @ plane[:2] - plane[2]
            height += 0.5 * np.interp(around, angle[order], bent[order], period=2 * np.pi)
        else:
            part = np.linalg.norm(flat, axis=1) / socket.radius
            height += socket.lift * np.clip(1 - part**2, 0, None) - socket.sunk
        new.append(np.column_stack([flat, height]) @ axes + socket.centre)
    kept, inverse = np.unique(faces[~cut], return_inverse=True)
    place = np.full(len(vertices), -1)
    place[kept] = np.arange(len(kept))
    starts = len(kept) + np.cumsum([0, LID, EDGE, IRIS])
    ids = [start + np.arange(len(points)) for start, points in zip(starts, new, strict=True)]
    triangles = zipper(place[loop], ids[0], angle, np.arctan2(rings[0][:, 1], rings[0][:, 0]))
    for outside, inside in ((0, 1), (1, 2)):
        triangles += zipper(ids[outside], ids[inside], *(np.arctan2(rings[k][:, 1], rings[k][:, 0]) for k in (outside, inside)))
    triangles += [[ids[2][k], ids[2][(k + 1) % IRIS], ids[3][0]] for k in range(IRIS)]
    joined = np.concatenate([inverse.reshape(-1, 3), np.array(triangles, dtype=faces.dtype)])
    return np.concatenate([vertices[kept], *new]), joined, np.concatenate(ids)
