"""How posed skin is measured: faces that cut each other, volume, and the area of loops of skin across limbs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bestiary.animal.clips import AnimalClip
from bestiary.animal.model import AnimalModel
from bestiary.animal.rotations import matrix_from_axis_angle
from bestiary.server.evaluate.deformation import deformation_metrics, deformation_of_clips, limb_loops
from bestiary.server.evaluate.intersections import FaceContacts
from tubes import RADIUS, tube


def tail_model(posedirs: np.ndarray | None = None) -> AnimalModel:
    """The tube as an animal that is all tail: three joints, each taking over from the last within a tenth of the length."""
    vertices, faces = tube()
    joints = np.array([[0.0, 0, 0], [0.7, 0, 0], [1.4, 0, 0]])
    second, third = (np.clip((vertices[:, 0] - x) / 0.3 + 0.5, 0, 1) for x in (0.7, 1.4))
    weights = np.stack([1 - second, second - third, third], axis=1)
    return AnimalModel("tail", vertices, np.zeros((len(vertices), 3, 0)), faces, weights, np.array([-1, 0, 1]), joints,
                       posedirs=posedirs, joint_names=("Tail1", "Tail2", "Tail3"))


def crumpled(seed: int) -> tuple[np.ndarray, np.ndarray]:
    vertices, faces = tube(13, 8)
    rng = np.random.default_rng(seed)
    for _ in range(3):
        vertices = vertices + 0.08 * np.sin(vertices @ rng.normal(size=(3, 3)) * 6 + rng.normal(size=3) * 3)
    return vertices, faces


@pytest.mark.parametrize("seed", range(6))
def test_faces_that_cut_each_other_are_those_that_an_independent_program_finds(seed: int) -> None:
    pytest.importorskip("pymeshlab")
    from bestiary.server.authoring.surface import self_intersecting_faces

    vertices, faces = crumpled(seed)
    np.testing.assert_array_equal(FaceContacts(faces).mask(vertices), self_intersecting_faces(vertices, faces))


@settings(max_examples=25, deadline=None)
@given(turn=st.tuples(*[st.floats(-3, 3)] * 3), shift=st.floats(-5, 5), size=st.floats(0.01, 50))
def test_cutting_does_not_depend_on_place_or_size(turn: tuple[float, float, float], shift: float, size: float) -> None:
    vertices, faces = crumpled(1)
    contacts = FaceContacts(faces)
    moved = size * (vertices @ matrix_from_axis_angle(turn).T + shift)
    assert 0 < contacts.mask(vertices).sum() < len(faces)
    assert abs(int(contacts.mask(moved).sum()) - int(contacts.mask(vertices).sum())) <= 1  # a graze may round away


def test_a_sound_surface_has_no_cuts_and_two_crossing_sheets_have() -> None:
    vertices, faces = tube()
    assert FaceContacts(faces).share(vertices) == 0.0
    cross = np.array([[0, 0, -1], [0, 0, 1], [2, 0.1, 0], [1, -1, 0], [1, 1, 0.2], [1, 0.5, 3]], float)
    np.testing.assert_array_equal(FaceContacts(np.array([[0, 1, 2], [3, 4, 5]])).mask(cross), [True, True])


def test_loops_run_round_the_limb_and_enclose_its_cross_section() -> None:
    model = tail_model()
    loops = limb_loops(model)
    assert {loop.bone for loop in loops} == {"Tail1", "Tail2"}
    ring = 8 * RADIUS**2 * np.sin(2 * np.pi / 16)  # area of a polygon with sixteen corners
    turned = model.forward(pose=np.array([[0.4, -1.0, 2.0], [0, 0, 0], [0, 0, 0]])).vertices
    for loop in loops:
        assert loop.area(model.v_template) == pytest.approx(ring, rel=0.01)
        assert loop.area(turned) == pytest.approx(loop.area(model.v_template), rel=1e-6)


def test_a_wrung_limb_loses_its_cross_section_and_a_folded_one_its_volume() -> None:
    model = tail_model()
    wrung, folded, rest = np.zeros((3, 3, 3))
    wrung[1, 0], folded[1, 1] = 3.0, 2.0
    metrics = deformation_metrics(model, [np.zeros(0)], np.stack([wrung]))["lbs"]
    assert metrics["cross_section_smallest"] < 0.2 and metrics["volume_deviation_max"] > 0.02
    assert next(iter(metrics["worst_cross_sections"])) in ("Tail1", "Tail2")
    assert deformation_metrics(model, [np.zeros(0)], np.stack([folded]))["lbs"]["self_intersecting_share_95"] > 0
    still = deformation_metrics(model, [np.zeros(0)], np.stack([rest] * 3))
    assert still["correctives"] is None and still["frames"] == 3
    assert still["lbs"]["cross_section_smallest"] == pytest.approx(1.0)
    assert still["lbs"]["volume_deviation_max"] == pytest.approx(0.0, abs=1e-9)


def test_correctives_are_measured_beside_plain_skinning() -> None:
    plain = tail_model()
    posedirs = np.zeros((plain.n_vertices, 3, 18))
    # 1 - cos of a turn about x, on the diagonal of R - I, swells the skin round the second joint.
    near = np.exp(-(((plain.v_template[:, 0] - 0.7) / 0.1) ** 2))
    posedirs[:, 1:, 4] = -0.25 * near[:, None] * plain.v_template[:, 1:]
    wrung = np.zeros((1, 3, 3))
    wrung[0, 1, 0] = 2.0
    metrics = deformation_metrics(tail_model(posedirs), [np.zeros(0)], wrung)
    assert metrics["lbs"] == deformation_metrics(plain, [np.zeros(0)], wrung)["lbs"]
    assert metrics["correctives"]["cross_section_smallest"] > metrics["lbs"]["cross_section_smallest"] + 0.05


def test_clips_are_measured_on_their_own_animals_and_evenly() -> None:
    model = tail_model()
    wrung = np.zeros((40, 3, 3))
    wrung[20:, 1, 0] = 3.0
    clips = [AnimalClip(poses, np.zeros((len(poses), 3)), np.zeros(0)) for poses in (np.zeros((60, 3, 3)), wrung)]
    report = deformation_of_clips(model, clips, frames=50)
    assert report["frames"] == 50 and report["animals"] == 2
    assert report["lbs"]["cross_section_smallest"] < 0.2 and report["lbs"]["cross_section_5"] < 0.2
    assert report["lbs"]["self_intersecting_share_mean"] >= 0
    with pytest.raises(ValueError, match="clip"):
        deformation_of_clips(model, [])


@pytest.mark.parametrize("poses", [np.zeros((0, 3, 3)), np.zeros((3, 3)), np.zeros((2, 4, 3))])
def test_poses_of_the_wrong_shape_are_refused(poses: np.ndarray) -> None:
    with pytest.raises(ValueError, match="3, 3"):
        deformation_metrics(tail_model(), [np.zeros(0)], poses)
