"""Edges where they are and nowhere else: against shapes whose edges are known, and against scipy's own parts put together."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from bestiary.blender_scripts.herd.canny import connected, control_depth, control_edges, edges, smooth, sobel

ndimage = pytest.importorskip("scipy.ndimage")
EIGHT = np.ones((3, 3), int)


def disc(size: int = 200, radius: float = 60.0) -> np.ndarray:
    """Signed distance (size, size) in pixels from a circle about the middle, negative inside."""
    y, x = np.mgrid[:size, :size] + 0.5
    return np.hypot(x - size / 2, y - size / 2) - radius


def test_a_disc_gives_one_closed_line_along_its_rim() -> None:
    away = disc()
    found = edges(200.0 * np.clip(0.5 - away, 0, 1)) > 0
    assert np.abs(away[found]).max() < 1.5
    assert ndimage.label(found, EIGHT)[1] == 1
    # Closed: the middle cannot reach the border without crossing it.
    free, _ = ndimage.label(~found)
    assert free[100, 100] != free[0, 0]
    # One pixel wide: about as many pixels as a digital circle has (the longer of its steps, 8 r / sqrt 2).
    assert found.sum() < 1.25 * 8 * 60 / np.sqrt(2)


@pytest.mark.parametrize("angle", [0, 10, 26, 45, 71, 90, 135])
def test_a_step_gives_one_thin_line_whatever_its_direction(angle: float) -> None:
    y, x = np.mgrid[:120, :120] + 0.5
    away = (x - 60.3) * np.cos(np.radians(angle)) + (y - 60.3) * np.sin(np.radians(angle))
    found = edges(np.where(away > 0, 180.0, 40.0)) > 0
    assert np.abs(away[found]).max() < 1.5
    rows = found[10:-10].sum(axis=1) if angle < 45 or angle > 135 else found[:, 10:-10].sum(axis=0)
    if angle not in (45, 135):
        assert set(rows.tolist()) <= {1, 2} and rows.mean() < 1.4  # two where the line steps aside
    assert ndimage.label(found, EIGHT)[1] == 1


def test_a_plain_picture_and_a_ramp_have_no_edges() -> None:
    assert not edges(np.full((50, 60), 90.0)).any()
    assert not edges(np.tile(np.linspace(0, 255, 200), (50, 1))).any()


def test_noise_below_the_thresholds_is_no_edge() -> None:
    noise = np.random.default_rng(0).normal(128, 5, (200, 200))
    assert not edges(noise, sigma=1.5).any()


def test_a_faint_line_counts_where_a_strong_one_continues_it() -> None:
    picture = np.zeros((100, 220))
    picture[50:] = np.linspace(200.0, 24.0, 220)  # ends too faint by itself, but strong enough to go on with
    assert (edges(picture, low=60, high=300, sigma=0.0)[48:52, 2:-2] > 0).any(axis=0).all()
    picture[:, :112] = 0.0
    assert not edges(picture, low=60, high=600, sigma=0.0).any()


def test_smoothing_and_gradients_are_scipys() -> None:
    picture = np.random.default_rng(1).uniform(0, 255, (60, 80)).astype(np.float32)
    expected = ndimage.gaussian_filter(picture, 1.4, mode="nearest", radius=5)
    np.testing.assert_allclose(smooth(picture, 1.4), expected, atol=1e-3)
    gx, gy = sobel(picture)
    np.testing.assert_allclose(gx, ndimage.sobel(picture, axis=1, mode="nearest"), atol=1e-2)
    np.testing.assert_allclose(gy, ndimage.sobel(picture, axis=0, mode="nearest"), atol=1e-2)


def reference(picture: np.ndarray, low: float, high: float, sigma: float) -> np.ndarray:
    """Canny's edges by scipy: ridges by looking one pixel ahead and behind along the gradient, labels for hysteresis."""
    soft = ndimage.gaussian_filter(picture, sigma, mode="nearest", radius=max(1, int(np.ceil(3 * sigma))))
    gx, gy = ndimage.sobel(soft, axis=1, mode="nearest"), ndimage.sobel(soft, axis=0, mode="nearest")
    strength = np.hypot(gx, gy)
    y, x = np.mgrid[: picture.shape[0], : picture.shape[1]]
    length = np.maximum(np.maximum(np.abs(gx), np.abs(gy)), 1e-9)
    ahead, behind = (
        ndimage.map_coordinates(strength, [y + s * gy / length, x + s * gx / length], order=1, mode="constant") for s in (1, -1)
    )
    ridge = (strength >= low) & (strength > ahead) & (strength >= behind)
    labels, _ = ndimage.label(ridge, EIGHT)
    return ridge & np.isin(labels, np.unique(labels[ridge & (strength >= high)]))


def test_as_scipy_finds_them_in_a_crowded_picture() -> None:
    rng = np.random.default_rng(2)
    picture = ndimage.gaussian_filter(rng.uniform(0, 1, (180, 240)), 4)
    picture = 255 * (picture > np.median(picture)) * 0.6 + rng.normal(40, 8, picture.shape)
    mine, theirs = edges(picture, 60, 140, 1.2) > 0, reference(picture, 60, 140, 1.2)
    assert (mine & theirs).sum() / (mine | theirs).sum() > 0.98


@settings(max_examples=60)
@given(arrays(bool, st.tuples(st.integers(1, 14), st.integers(1, 14))), st.integers(0, 2**32 - 1))
def test_hysteresis_keeps_the_components_that_scipy_labels(weak: np.ndarray, seed: int) -> None:
    strong = np.random.default_rng(seed).random(weak.shape) < 0.1
    labels, _ = ndimage.label(weak, EIGHT)
    expected = weak & np.isin(labels, np.setdiff1d(labels[weak & strong], [0]))
    np.testing.assert_array_equal(connected(weak, strong), expected)


def test_a_line_that_winds_through_the_whole_picture_is_followed_quickly() -> None:
    maze = np.zeros((512, 512), bool)
    maze[::4] = True
    maze[2::8, -1] = maze[1::8, -1] = maze[3::8, -1] = True
    maze[5::8, 0] = maze[6::8, 0] = maze[7::8, 0] = True
    strong = np.zeros_like(maze)
    strong[0, 0] = True
    start = time.perf_counter()
    np.testing.assert_array_equal(connected(maze, strong), maze)
    assert time.perf_counter() - start < 1.0


@pytest.mark.parametrize("bad", [np.zeros((4, 4, 3)), np.zeros((0, 5)), np.full((5, 5), np.nan)])
def test_what_is_no_grey_picture_is_refused(bad: np.ndarray) -> None:
    with pytest.raises(ValueError, match="picture"):
        edges(bad)
    with pytest.raises(ValueError, match="low"):
        edges(np.zeros((5, 5)), low=9, high=3)


# -- edges of the geometry ---------------------------------------------------------------------------------------------


def scene(size: int = 240) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Two balls on a ground that is all texture: depth, normals, ids. Ball 2 stands behind ball 1."""
    y, x = np.mgrid[:size, :size] + 0.5
    depth = 3.0 * size / np.maximum(y - 40, 1e-3)
    depth[y < 60] = np.inf
    depth += np.random.default_rng(0).uniform(-0.04, 0.04, depth.shape) * np.where(np.isfinite(depth), depth, 0)
    normals = np.random.default_rng(1).normal(size=(size, size, 3))
    normals /= np.linalg.norm(normals, axis=-1, keepdims=True)
    normals[~np.isfinite(depth)] = 0
    ids = np.zeros((size, size), np.uint8)
    for number, (cx, cy, r, z) in ((2, (140, 110, 40, 6.0)), (1, (100, 120, 45, 5.0))):
        inside = np.hypot(x - cx, y - cy) < r
        bulge = np.sqrt(np.maximum(1 - ((x - cx) ** 2 + (y - cy) ** 2) / r**2, 0))
        depth[inside], ids[inside] = (z - 0.4 * bulge)[inside], number
        normals[inside] = np.stack([(x - cx) / r, (y - cy) / r, -bulge], axis=-1)[inside]
    return depth, normals, ids


def test_outlines_of_animals_and_no_texture_of_the_ground() -> None:
    depth, normals, ids = scene()
    found = control_edges(depth, normals, ids)
    assert found.dtype == np.uint8 and set(np.unique(found)) == {0, 255}
    border = np.zeros(ids.shape, bool)
    for number in (1, 2):
        border |= (ids == number) & ~ndimage.binary_erosion(ids == number)
    assert (found[border & (ndimage.binary_dilation(ids == 0))] > 0).mean() > 0.75  # corners of staircases are taken off
    near = ndimage.binary_dilation(border, iterations=2)
    assert not found[~near].any()
    # Where the two meet the line lies on the nearer one.
    meet = (found > 0) & ndimage.binary_dilation(ids == 1) & ndimage.binary_dilation(ids == 2)
    assert (ids[meet] == 1).mean() > 0.9
    # Each animal's outline is closed.
    outside = ndimage.label(found == 0)[0]
    assert len({outside[120, 90], outside[110, 160], outside[5, 5]}) == 3


def test_a_leg_before_the_belly_and_a_fold_are_inner_contours() -> None:
    depth, normals, ids = np.full((100, 160), 5.0), np.zeros((100, 160, 3)), np.ones((100, 160), np.uint8)
    normals[..., 2] = -1.0
    depth[:, :20] = 5.4
    depth[30:, 60:75] = 4.8  # a leg
    normals[:, 120:] = (np.sin(1.2), 0.0, -np.cos(1.2))  # the surface turns away, without a step
    found = control_edges(depth, normals, ids) > 0
    assert found[40:, 60].all() and found[40:, 74].all() and found[30, 62:73].all()
    assert found[5:-5, 118:122].any(axis=1).all()
    assert not found[5:25, 30:110].any() and not found[40:, 62:72].any()


def test_a_slope_is_no_step() -> None:
    y, _ = np.mgrid[:100, :100]
    depth = 1.0 / (0.1 + 0.004 * y)  # a plane seen at a slant: ten metres at the top, two at the bottom
    normals = np.tile([0.0, -0.8, -0.6], (100, 100, 1))
    assert not control_edges(depth, normals, np.ones((100, 100), np.uint8))[2:-2, 2:-2].any()


def test_a_post_before_an_animal_is_drawn_with_what_it_hides_of_the_ground_and_grass_is_not() -> None:
    depth, ids = np.full((200, 300), 12.0), np.zeros((200, 300), np.uint8)
    normals = np.zeros((200, 300, 3))
    normals[..., 2] = -1.0
    ids[60:140, 60:240], depth[60:140, 60:240] = 1, 9.0
    depth[20:180, 100:112], ids[20:180, 100:112] = 6.0, 0  # a post
    for blade in range(150, 230, 7):
        depth[120:170, blade], ids[120:170, blade] = 7.0, 0
    found = control_edges(depth, normals, ids) > 0
    sides = found[65:135, 99:113]
    assert sides[:, :3].any(axis=1).all() and sides[:, -3:].any(axis=1).all()
    assert found[25:55, 99:113].any(axis=1).all() and found[20, 101:111].all()  # also above the animal
    assert not found[145:168, 140:230].any()


def test_control_edges_take_little_time() -> None:
    depth, normals, ids = scene(512)
    picture = np.random.default_rng(3).uniform(0, 255, (512, 512))
    for work in (lambda: control_edges(depth, normals, ids), lambda: edges(picture), lambda: control_depth(depth)):
        work()
        times = []
        for _ in range(5):
            start = time.process_time()
            work()
            times.append(time.process_time() - start)
        assert min(times) < 0.06


@given(
    arrays(np.float32, (7, 9), elements=st.floats(-1, 100, width=32) | st.just(np.inf) | st.just(np.nan)),
    arrays(np.uint8, (7, 9), elements=st.integers(0, 3)), st.integers(0, 99),
)  # fmt: skip
def test_anything_of_the_right_shape_gives_a_picture(depth: np.ndarray, ids: np.ndarray, seed: int) -> None:
    normals = np.random.default_rng(seed).normal(size=(7, 9, 3))
    found = control_edges(depth, normals, ids)
    assert found.shape == (7, 9) and np.isin(found, (0, 255)).all()
    assert control_depth(depth).shape == (7, 9)


def test_no_animal_no_edges_and_wrong_shapes_are_refused() -> None:
    depth, normals, ids = scene(60)
    assert not control_edges(depth, normals, np.zeros_like(ids)).any()
    assert control_edges(np.ones((1, 1)), np.zeros((1, 1, 3)), np.ones((1, 1), np.uint8)).shape == (1, 1)
    with pytest.raises(ValueError, match="normals"):
        control_edges(depth, normals[..., 0], ids)


# -- depth -------------------------------------------------------------------------------------------------------------


def test_near_is_white_far_is_dark_and_nothing_is_black() -> None:
    depth = np.tile(np.linspace(2.0, 60.0, 300), (40, 1))
    depth[:, -20:] = np.inf
    grey = control_depth(depth)
    assert grey[0, 0] == 255 and grey[0, 279] == 1 and not grey[:, -20:].any()
    assert (np.diff(grey[0, :280].astype(int)) <= 0).all()


def test_a_few_odd_pixels_do_not_take_all_the_contrast() -> None:
    depth = np.tile(np.linspace(10.0, 40.0, 300), (300, 1))
    plain = control_depth(depth)
    depth[0, :5] = 0.01  # a leaf before the lens
    assert np.abs(control_depth(depth)[1:].astype(int) - plain[1:]).max() <= 6


def test_one_distance_everywhere_and_nothing_at_all() -> None:
    assert len(np.unique(control_depth(np.full((5, 5), 3.0)))) == 1
    assert not control_depth(np.full((5, 5), np.inf)).any()
