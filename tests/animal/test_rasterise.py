"""The z-buffer against a slow one that tests every pixel with every face, and against shapes known by formula."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bestiary.animal.default import default_model
from bestiary.animal.rasterise import NEAR, rasterise, vertex_visibility

K = np.array([[40.0, 0, 24], [0, 40.0, 16], [0, 0, 1]])
WIDTH, HEIGHT = 48, 32


def brute_force(vertices: np.ndarray, faces: np.ndarray, K: np.ndarray, width: int, height: int) -> Any:
    """Rays through pixel centres against every face: nearest depth, inf where none, by solving for barycentrics."""
    columns, rows = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
    rays = np.stack([columns, rows, np.ones_like(columns)], -1) @ np.linalg.inv(K).T
    depth = np.full((height, width), np.inf)
    margin = np.full((height, width), np.inf)  # how near the pixel is to some edge, to leave ties out of comparison
    for face in faces:
        matrix = vertices[face].T
        if abs(np.linalg.det(matrix)) < 1e-12:
            continue
        part = rays @ np.linalg.inv(matrix).T  # ray = sum of part * corners, up to scale
        total = part.sum(-1)
        inside = (part > 0).all(-1)
        margin = np.minimum(margin, np.abs(part).min(-1))
        with np.errstate(all="ignore"):
            z = np.where(inside, rays[..., 2] / total, np.inf)
        depth = np.where(inside & (z < depth), z, depth)
    return depth, margin


def random_scene(seed: int, count: int, behind: bool) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    vertices = rng.normal(size=(3 * count, 3)) * [1.5, 1.0, 0.8] + [0, 0, 0.5 if behind else 4.0]
    if not behind:
        vertices[:, 2] = np.maximum(vertices[:, 2], 0.5)
    return vertices, np.arange(3 * count).reshape(-1, 3)


@settings(max_examples=80)
@given(st.integers(0, 10**6), st.integers(1, 12), st.booleans())
def test_equals_the_slow_way(seed: int, count: int, behind: bool) -> None:
    """Also with corners behind the camera, where the slow way has no trouble: it never divides by their depth."""
    vertices, faces = random_scene(seed, count, behind)
    raster = rasterise(vertices, faces, K, WIDTH, HEIGHT)
    depth, margin = brute_force(vertices, faces, K, WIDTH, HEIGHT)
    near = NEAR * vertices[:, 2].max()
    sure = (margin > 2e-3) & ~(depth < 1.05 * near)
    if behind:  # a face that is cut away may hide another in the slow picture
        sure &= raster.depth > 1.05 * near
    assert (raster.silhouette == np.isfinite(depth))[sure].all()
    both = sure & raster.silhouette
    close = np.abs(1 / raster.depth[both] - 1 / depth[both]) < 2e-3 / depth[both] + 2e-4
    assert close.mean() > 0.98 if both.any() else True


@given(st.integers(0, 10**6), st.integers(3, 9))
def test_faces_that_share_edges_neither_overlap_nor_leave_gaps(seed: int, size: int) -> None:
    """A flat sheet cut into triangles at random: every pixel inside is covered exactly once."""
    rng = np.random.default_rng(seed)
    grid = np.stack(np.meshgrid(np.linspace(-3, 3, size), np.linspace(-3, 3, size)), -1)
    grid[1:-1, 1:-1] += rng.uniform(-0.2, 0.2, (size - 2, size - 2, 2)) * 6 / size
    vertices = np.concatenate([grid.reshape(-1, 2), np.full((size * size, 1), 2.0)], axis=1)
    if seed % 2:  # corners exactly on pixel centres
        vertices[:, :2] = np.round(vertices[:, :2] * 20) / 20 + 0.025
    index = np.arange(size * size).reshape(size, size)
    a, b, c, d = index[:-1, :-1], index[:-1, 1:], index[1:, 1:], index[1:, :-1]
    faces = np.concatenate([np.stack(t, -1).reshape(-1, 3) for t in ((a, b, c), (a, c, d))])
    faces = faces[rng.permutation(len(faces))]
    times = np.zeros((HEIGHT, WIDTH), int)
    for face in faces:
        times += rasterise(vertices, face[None], K, WIDTH, HEIGHT).silhouette
    assert (times == 1).all()
    assert rasterise(vertices, faces, K, WIDTH, HEIGHT).silhouette.all()


@given(st.integers(0, 10**6))
def test_silhouette_is_the_union_and_depth_the_least(seed: int) -> None:
    vertices, faces = random_scene(seed, 8, behind=False)
    both = rasterise(vertices, faces, K, WIDTH, HEIGHT)
    single = [rasterise(vertices, face[None], K, WIDTH, HEIGHT) for face in faces]
    np.testing.assert_array_equal(both.silhouette, np.any([r.silhouette for r in single], axis=0))
    np.testing.assert_allclose(both.depth, np.min([r.depth for r in single], axis=0))
    for number, raster in enumerate(single):
        np.testing.assert_allclose(both.depth[both.face == number], raster.depth[both.face == number])


@given(st.integers(0, 10**6))
def test_winding_and_order_do_not_matter(seed: int) -> None:
    vertices, faces = random_scene(seed, 6, behind=False)
    first = rasterise(vertices, faces, K, WIDTH, HEIGHT)
    second = rasterise(vertices, faces[::-1, [1, 0, 2]], K, WIDTH, HEIGHT)
    np.testing.assert_array_equal(first.silhouette, second.silhouette)
    np.testing.assert_allclose(first.depth, second.depth, rtol=1e-9)


def test_depth_of_a_sloping_plane() -> None:
    """z = 4 + x over the whole picture: along a ray (X, Y, 1) z, so z = 4 / (1 - X)."""
    corners = np.array([[-3.0, -9, 1], [3, -9, 7], [3, 9, 7], [-3, 9, 1]])
    raster = rasterise(corners, np.array([[0, 1, 2], [0, 2, 3]]), K, WIDTH, HEIGHT)
    slope = (np.arange(WIDTH) + 0.5 - K[0, 2]) / K[0, 0]
    seen = raster.silhouette
    expected = np.broadcast_to(4 / (1 - slope), (HEIGHT, WIDTH))
    assert seen.mean() > 0.8
    np.testing.assert_allclose(raster.depth[seen], expected[seen], rtol=1e-3)


def test_a_plane_under_the_camera_is_cut_where_it_passes_behind() -> None:
    """A floor from far behind to far ahead: below the horizon every pixel sees it, at depth height / slope."""
    floor = np.array([[-1000.0, 1, -1000], [1000, 1, -1000], [1000, 1, 1000], [-1000, 1, 1000]])
    raster = rasterise(floor, np.array([[0, 1, 2], [0, 2, 3]]), K, WIDTH, HEIGHT)
    slope = (np.arange(HEIGHT) + 0.5 - K[1, 2]) / K[1, 1]
    visible = (slope > 1 / 1000) & (1 / np.where(slope > 0, slope, 1) > NEAR * 1000)
    np.testing.assert_array_equal(raster.silhouette.all(axis=1), visible)
    expected = np.broadcast_to((1 / slope[visible])[:, None], raster.depth[visible].shape)
    np.testing.assert_allclose(raster.depth[visible], expected, rtol=5e-3)


def test_area_and_depth_of_a_sphere() -> None:
    latitude, longitude = np.linspace(0, np.pi, 60), np.linspace(0, 2 * np.pi, 121)
    la, lo = np.meshgrid(latitude, longitude, indexing="ij")
    points = np.stack([np.sin(la) * np.cos(lo), np.cos(la), np.sin(la) * np.sin(lo)], -1)
    index = np.arange(la.size).reshape(la.shape)
    a, b, c, d = index[:-1, :-1], index[:-1, 1:], index[1:, 1:], index[1:, :-1]
    faces = np.concatenate([np.stack(t, -1).reshape(-1, 3) for t in ((a, b, c), (a, c, d))])
    vertices = points.reshape(-1, 3) + [0, 0, 10]
    intrinsics = np.array([[1000.0, 0, 256], [0, 1000, 256], [0, 0, 1]])
    raster = rasterise(vertices, faces, intrinsics, 512, 512)
    radius = 1000 / np.sqrt(99)  # of the outline of a unit sphere at distance 10
    assert abs(raster.silhouette.sum() / (np.pi * radius**2) - 1) < 0.005
    assert abs(raster.depth[256, 256] - 9) < 1e-3
    visible = vertex_visibility(vertices, raster, intrinsics, tolerance=0.02)
    facing = 10 * points.reshape(-1, 3)[:, 2] + 1  # < 0: the surface turns towards the camera
    assert visible[facing < -3.0].all() and not visible[facing > 1.0].any()


def test_pixel_centres() -> None:
    """A square from 2 to 5 covers pixels 2, 3 and 4, whose centres are 2.5 to 4.5; edges count at the top and left."""
    flat = np.array([[1.0, 0, 0], [0, 1, 0], [0, 0, 1]])
    for low, high, expected in ((2, 5, [2, 3, 4]), (2.5, 5.5, [2, 3, 4]), (2.6, 4.4, [3]), (2.6, 3.4, [])):
        square = np.array([[low, low, 1.0], [high, low, 1], [high, high, 1], [low, high, 1]])
        raster = rasterise(square, np.array([[0, 1, 2], [2, 3, 0]]), flat, 8, 8)
        assert np.flatnonzero(raster.silhouette.any(axis=0)).tolist() == expected
        assert np.flatnonzero(raster.silhouette.any(axis=1)).tolist() == expected
        assert raster.silhouette.sum() == len(expected) ** 2


def test_equally_near_faces_show_the_first() -> None:
    triangle = np.array([[-1.0, -1, 2], [1, -1, 2], [0, 1, 2]])
    raster = rasterise(np.tile(triangle, (3, 1)), np.arange(9).reshape(3, 3), K, WIDTH, HEIGHT)
    assert set(np.unique(raster.face)) == {-1, 0}


def test_what_cannot_be_seen() -> None:
    triangle = np.array([[-1.0, -1, 2], [1, -1, 2], [0, 1, 2]])
    one = np.array([[0, 1, 2]])
    for vertices in (triangle * [1, 1, -1], triangle * np.nan, triangle + [100, 0, 0], triangle * [1, 0, 1]):
        raster = rasterise(vertices, one, K, WIDTH, HEIGHT)
        assert not raster.silhouette.any() and np.isinf(raster.depth).all()
    assert not rasterise(triangle, np.zeros((0, 3), int), K, WIDTH, HEIGHT).silhouette.any()
    assert rasterise(triangle * [1e9, 1e9, 1], one, K, WIDTH, HEIGHT).silhouette.all()
    for bad in ((triangle[:, :2], one, K, 8, 8), (triangle, one, K[:2], 8, 8), (triangle, one, K, 0, 8)):
        with pytest.raises(ValueError):
            rasterise(*bad)
    with pytest.raises(ValueError):
        rasterise(triangle, one, K, 100_000, 100_000)


def test_many_pixels_are_drawn_in_parts() -> None:
    """More pixels of faces than are handled at a time give the same picture as each face by itself."""
    sheet = np.array([[-9.0, -9, 0], [9, -9, 0], [9, 9, 0], [-9, 9, 0]])
    vertices = np.concatenate([sheet + [0, 0, 2 + 0.5 * i] for i in range(6, -1, -1)])
    faces = np.concatenate([np.array([[0, 1, 2], [0, 2, 3]]) + 4 * i for i in range(7)])
    intrinsics = np.array([[900.0, 0, 512], [0, 900, 512], [0, 0, 1]])
    raster = rasterise(vertices, faces, intrinsics, 1024, 1024)
    assert set(np.unique(raster.face)) == {12, 13}
    np.testing.assert_allclose(raster.depth, 2.0)


def test_the_default_animal_is_one_closed_shape() -> None:
    """From any side the silhouettes of front and back faces agree: nothing shines through the surface."""
    model = default_model()
    intrinsics = np.array([[300.0, 0, 128], [0, 300, 128], [0, 0, 1]])
    for angle in (0.0, 1.0, 2.5):
        c, s = np.cos(angle), np.sin(angle)
        turned = model.v_template @ np.array([[c, 0, s], [-s, 0, c], [0, -1, 0]])
        seen = turned - turned.mean(axis=0) + [0, 0, 4.0]
        corners = seen[model.faces]
        front = np.einsum("ij,ij->i", np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), corners[:, 0]) < 0
        near = rasterise(seen, model.faces[front], intrinsics, 256, 256)
        far = rasterise(seen, model.faces[~front], intrinsics, 256, 256)
        np.testing.assert_array_equal(near.silhouette, far.silhouette)
        whole = rasterise(seen, model.faces, intrinsics, 256, 256)
        assert whole.silhouette.sum() > 1000
