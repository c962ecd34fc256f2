"""Registration: nearest places, the bones' step and the vertices' step, on surfaces small enough to judge by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bestiary.animal.zeroad import ZeroAdError, parse_pmd, to_world
from bestiary.server.authoring.eyes import LID, PATCH, Socket, boundary_loop, set_eye
from bestiary.server.authoring.registration import Registered, load_registered, save_registered
from bestiary.server.authoring.registration.coarse import NODE, NODE_PARENTS, NODES, Rig, node_mirror, spread
from bestiary.server.authoring.registration.nearest import (
    Surface,
    closest_on_triangles,
    distances,
    even_samples,
    face_normals,
)
from bestiary.server.authoring.registration.sources import PARTS, HeadFrame, head_share, mark_ears, soft_parts, weld
from bestiary.server.authoring.skeleton import JOINT_NAMES
from bestiary.server.authoring.surface import relax_slivers, thinness


def ball(steps: int = 16) -> tuple[np.ndarray, np.ndarray]:
    """A closed unit sphere of quads cut in two: vertices, faces wound outward."""
    polar, around = np.meshgrid(np.linspace(0.2, np.pi - 0.2, steps), np.arange(steps) * 2 * np.pi / steps, indexing="ij")
    ring = np.stack([np.sin(polar) * np.cos(around), np.sin(polar) * np.sin(around), np.cos(polar)], axis=-1).reshape(-1, 3)
    vertices = np.concatenate([ring, [[0, 0, 1.0], [0, 0, -1.0]]])
    faces = []
    for i in range(steps):
        j = (i + 1) % steps
        faces.append([i, j, len(ring)])
        faces.append([(steps - 1) * steps + j, (steps - 1) * steps + i, len(ring) + 1])
        for k in range(steps - 1):
            a, b, c, d = k * steps + i, k * steps + j, (k + 1) * steps + i, (k + 1) * steps + j
            faces += [[a, c, b], [b, c, d]]
    return vertices, np.array(faces)


def as_surface(vertices: np.ndarray, faces: np.ndarray) -> Surface:
    return Surface(vertices, faces, np.zeros((len(vertices), 1)), samples=4000)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(-3, 3), min_size=12, max_size=12))
def test_the_closest_point_beats_every_other_point_of_the_triangle(numbers: list[float]) -> None:
    values = np.array(numbers).reshape(4, 3)
    foot, at = closest_on_triangles(values[:1], values[None, 1:])
    assert np.all(at > -1e-9) and np.isclose(at.sum(), 1)
    share = np.random.default_rng(0).dirichlet(np.ones(3), 200)
    others = np.linalg.norm(share @ values[1:] - values[0], axis=1)
    assert np.linalg.norm(foot[0] - values[0]) <= others.min() + 1e-6


def test_distances_to_a_ball_are_radius_less_one() -> None:
    surface = as_surface(*ball(24))
    points = np.array([[2.0, 0, 0], [0, 0, 3.0], [0, 1.5, 0]])
    assert np.allclose(distances(points, surface), [1.0, 2.0, 0.5], atol=0.02)


def test_samples_are_spread_by_area() -> None:
    vertices = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [5, 0, 0], [8, 0, 0], [5, 3, 0]], float)
    faces = np.array([[0, 1, 2], [3, 4, 5]])
    face, at = even_samples(vertices, faces, 1000)
    assert np.isclose((face == 1).mean(), 0.9, atol=0.01)
    assert at.min() >= 0 and np.allclose(at.sum(axis=1), 1)


def test_a_match_tells_two_near_sheets_apart_by_their_normals() -> None:
    sheet = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0]], float)
    vertices = np.concatenate([sheet, sheet + (0, 0, 0.02)])
    surface = Surface(vertices, np.array([[0, 2, 1], [3, 4, 5]]), np.zeros((6, 1)), samples=400)
    query = np.array([[0.3, 0.3, 0.012, 0, 0, -0.5, 0.0]])  # nearer to the upper sheet, but facing down
    assert surface.match(surface.tree(0.5, 0.0), query).points[0, 2] == pytest.approx(0.0)


def test_nodes_mirror_and_hang_from_the_skeleton() -> None:
    mirror = node_mirror()
    assert np.array_equal(mirror[mirror], np.arange(len(NODES)))
    assert NODES[mirror[NODE["LHindTip"]]] == "RHindTip"
    assert NODES[NODE_PARENTS[NODE["Nose"]]] == "Head"


def random_nodes() -> np.ndarray:
    rng = np.random.default_rng(3)
    return rng.normal(size=(len(NODES), 3)) + np.arange(len(NODES))[:, None]


def test_known_places_are_met_and_a_common_shift_moves_everything() -> None:
    rest = random_nodes()
    shift = np.array([0.5, 0.0, -0.2])
    moved = spread({NODE["Head"]: shift, NODE["LFoot"]: shift}, rest)
    assert np.allclose(moved, shift, atol=1e-6)


def test_a_rig_at_rest_gives_its_own_vertices_and_stretches_along_a_bone() -> None:
    import torch

    nodes = random_nodes()
    rng = np.random.default_rng(0)
    vertices, weights = rng.normal(size=(40, 3)), rng.dirichlet(np.ones(len(JOINT_NAMES)), 40)
    rig = Rig(nodes, vertices, weights)
    none = torch.zeros((len(JOINT_NAMES), 2), dtype=torch.float64)
    assert np.allclose(rig.pose(torch.from_numpy(nodes), none).numpy(), vertices, atol=1e-9)
    doubled = rig.pose(torch.from_numpy(2 * nodes), none + np.log(2.0)).numpy()
    assert np.allclose(doubled, 2 * vertices, atol=1e-9)


def test_legs_count_only_below_the_belly() -> None:
    vertices, faces = ball(24)
    parts = np.zeros((len(vertices), len(PARTS)))
    parts[vertices[:, 0] > 0.8, PARTS.index("fore_left")] = 1.0
    soft = soft_parts(parts, vertices, faces)
    assert soft[:, PARTS.index("fore_left")].max() < 0.5  # the ball has no leg below its own belly


def test_both_ears_are_marked_about_their_line() -> None:
    vertices = np.array([[0, 0.5, 1.0], [0, -0.5, 1.0], [0, 0.0, 0.0]])
    root, tip = np.array([0, 0.2, 1.0]), np.array([0, 0.8, 1.0])
    ears = mark_ears(np.zeros((3, len(PARTS))), vertices, root, tip)[:, PARTS.index("ears")]
    assert ears.tolist() == [1.0, 1.0, 0.0]


def test_a_head_frame_carries_a_turned_and_scaled_head_home() -> None:
    home = HeadFrame(np.array([[1.0, 0.0], [0.5, 0.3], [0.0, 0.4]]))
    angle = 0.7
    turn = 2 * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    there = HeadFrame(home.points @ turn.T + (3, 1))
    assert np.allclose(there.into(home, there.points), home.points)
    share = head_share(np.array([[0.7, 0.1], [-1.5, 0.0]]), home, np.array([-0.1, 0.2]))
    assert share[0] == 1.0 and share[1] == 0.0


def test_welding_keeps_the_surface_and_drops_what_is_unused() -> None:
    vertices, faces = ball(8)
    doubled = np.concatenate([vertices, vertices + 1e-9, [[9, 9, 9]]])
    mixed = np.where(np.arange(len(faces))[:, None] % 2 == 0, faces, faces + len(vertices))
    v, f, values = weld(doubled, mixed, np.arange(len(doubled), dtype=float)[:, None])
    assert len(v) == len(vertices) and len(f) == len(faces) and len(values) == len(v)


def test_registered_animals_survive_the_file(tmp_path) -> None:
    animal = Registered("horse", np.arange(12.0).reshape(4, 3), np.ones((35, 3)), {"to_mean": 0.1, "head": 0.2})
    save_registered(tmp_path / "made" / "registered.npz", [animal])
    back = load_registered(tmp_path / "made" / "registered.npz")
    assert list(back) == ["horse"] and back["horse"].errors == animal.errors
    assert np.array_equal(back["horse"].vertices, animal.vertices)


def test_an_eye_replaces_a_disc_and_bulges_out() -> None:
    vertices, faces = ball(48)
    socket = Socket((0.0, 1.0, 0.0), (0, 1, 0), hole=0.25, radius=0.15, lift=0.05, sunk=0.01)
    v, f, patch = set_eye(vertices, faces, socket)
    assert len(patch) == PATCH
    edges = np.sort(np.concatenate([f[:, [0, 1]], f[:, [1, 2]], f[:, [2, 0]]]), axis=1)
    assert np.all(np.unique(edges, axis=0, return_counts=True)[1] == 2)  # closed as before
    normals, area = face_normals(v, f)
    assert np.all((normals * v[f].mean(axis=1)).sum(axis=1)[area > 0] > 0)
    heights = v[patch] @ (0, 1, 0)
    assert heights[-1] > heights[LID:-1].max()  # the middle stands highest


def test_a_border_that_is_no_single_loop_is_refused() -> None:
    with pytest.raises(ValueError, match="more than one border"):
        boundary_loop(np.array([[0, 1, 2], [3, 4, 5]]))


def test_slivers_are_relaxed_symmetrically() -> None:
    vertices, faces = ball(16)
    mirror = np.array([int(np.argmin(np.linalg.norm(vertices - p * (1, -1, 1), axis=1))) for p in vertices])
    bad = vertices.copy()
    bad[5] = bad[6] + 1e-4
    bad[mirror[5]] = bad[5] * (1, -1, 1)
    relaxed = relax_slivers(bad, faces, mirror)
    assert thinness(bad, faces).min() < 0.04 <= thinness(relaxed, faces).min()
    assert np.allclose(relaxed[mirror] * (1, -1, 1), relaxed, atol=1e-9)


@given(st.binary(max_size=200))
def test_a_hostile_pmd_is_refused_in_words(data: bytes) -> None:
    for start in (b"", b"PSMD\x03\x00\x00\x00\x00\x00\x00\x00", b"PSMD\x04\x00\x00\x00\x00\x00\x00\x00\xff\xff\xff\xff"):
        try:
            mesh = parse_pmd(start + data)
        except ZeroAdError as error:
            assert str(error)
        else:
            assert mesh.faces.size == 0 or mesh.faces.max() < len(mesh.vertices)


def test_the_games_axes_become_ours() -> None:
    assert to_world(np.array([0.0, 2.0, -3.0])).tolist() == [3.0, 0.0, 2.0]
