"""Clips fitted as a whole: one shape, poses through time, cameras that are known or not, several animals, and what cannot be fitted."""

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")

from bestiary.animal.clips import load_shipped_clip  # noqa: E402
from bestiary.animal.default import default_model  # noqa: E402
from bestiary.animal.keypoints import INDEX  # noqa: E402
from bestiary.animal.skeleton import Skeleton  # noqa: E402
from bestiary.animal.skeleton_presets import preset  # noqa: E402
from bestiary.animal.track_points import superset_points, superset_rows  # noqa: E402
from bestiary.animal.tracks import Tracks, TracksError  # noqa: E402
from bestiary.server.engine import Cancelled, JobContext, JobFailure  # noqa: E402
from bestiary.server.evaluate.footage_truth import SCENES, aligned_error, keypoints_of, scene  # noqa: E402
from bestiary.server.fit.body_points import BodyPoints, Hypotheses, rodrigues  # noqa: E402
from bestiary.server.fit.clip import ClipSettings, fit_clip, spans_of  # noqa: E402
from bestiary.server.fit.clip_solver import ClipState, Plan, Spreads, _equations, _tie, log_rotation  # noqa: E402
from bestiary.server.fit.clip_strip import draw_clip_strip  # noqa: E402
from bestiary.server.fit.clip_terms import ClipTerms, Views  # noqa: E402
from bestiary.server.fit.engine import FitEngine  # noqa: E402
from bestiary.server.fit.point_table import PointTable  # noqa: E402
from bestiary.wire.animating import build_animate, read_animated  # noqa: E402


@pytest.fixture(scope="module")
def model():
    return default_model()


@pytest.fixture(scope="module")
def walk(model):
    """A dog that walks by, seen with 2 pixels of noise: the scene, and its fit."""
    SCENES["dog"] = (("dog_walk", 60.0, 0.0),)
    try:
        seen = scene(model, "dog", np.random.default_rng(1), 2.0, 0.8)
    finally:
        del SCENES["dog"]
    return seen, fit_clip(model, seen.tracks, ["dog"])


def hypotheses(n, joints, k, seed=0):
    rng = torch.Generator().manual_seed(seed)

    def draw(*shape):
        return torch.randn(*shape, generator=rng, dtype=torch.float64)

    return Hypotheses(torch.zeros(n, dtype=torch.long), rodrigues(0.4 * draw(n, 3)), 0.2 * draw(n, joints - 1, 3),
                      0.3 * draw(n, 3) + torch.tensor([0.0, 0.0, 8.0]), 0.5 * draw(n, k), 0.1 * draw(n))


def test_points_by_joint_are_the_points_by_vertex(model):
    basis = 0.3 * torch.eye(model.n_betas, 12, dtype=torch.float64)[None]
    body = BodyPoints(model, torch.zeros(1, model.n_betas, dtype=torch.float64), basis)
    matrix = torch.tensor(np.asarray(model.superset_matrix))
    h = hypotheses(4, model.n_joints, 12)
    s = body.skeletons(h)
    ids = torch.nonzero(matrix.abs().sum(0) > 0)[:, 0]
    places, motion = body.points(h, s, ids.expand(4, -1), matrix[:, ids])
    found, moves = PointTable(body, matrix)(h, s)
    for a, b in ((places, found), (motion.arm, moves.arm), (motion.shape, moves.shape)):
        torch.testing.assert_close(a, b, atol=1e-10, rtol=0)


def test_the_slope_of_the_ties_is_the_slope(model):
    """Against differences of the cost itself, turns left small: there the linear form is exact."""
    body = BodyPoints(model, torch.zeros(1, model.n_betas, dtype=torch.float64), torch.zeros(1, model.n_betas, 1, dtype=torch.float64))
    n = 5
    turns = 0.02 * torch.sin(torch.arange(3 * n, dtype=torch.float64)).reshape(n, 3)
    h = replace(hypotheses(n, model.n_joints, 1), R0=rodrigues(turns))
    views = Views.unknown(n)
    points = np.zeros((n, 44, 3))
    terms = ClipTerms(model, body, np.diag([900.0, 900.0, 1.0]), points, np.full(n, 100.0), views, 0.25, False)
    spreads = Spreads(torch.full((3 * (model.n_joints - 1),), 0.1, dtype=torch.float64), 0.3, 0.2)
    plan = Plan(torch.arange(n), spreads)
    D = 6 + 3 * (model.n_joints - 1)
    g = torch.zeros(n, D, dtype=torch.float64)
    cost = _tie(terms, h, plan, g)
    for frame, column in ((0, 0), (2, 1), (1, 10), (3, 40), (4, D - 1), (2, D - 3)):
        step = torch.zeros(n, h.n_parameters, dtype=torch.float64)
        step[frame, column] = 1e-5
        after = _tie(terms, h.moved(step), plan, torch.zeros_like(g))
        assert (after - cost) / 2e-5 == pytest.approx(float(g[frame, column]), rel=0.03, abs=1e-3)
    state = ClipState(h, torch.zeros(n, dtype=torch.float64))
    assert _equations(terms, state, plan).cost > cost


def test_rotations_and_their_logarithms():
    v = torch.tensor([[0.0, 0.0, 0.0], [1e-9, 0, 0], [0.3, -1.0, 2.0], [3.0, 0.2, 0.1]], dtype=torch.float64)
    torch.testing.assert_close(log_rotation(rodrigues(v)), v, atol=1e-7, rtol=0)


def test_a_walking_dog_is_found_again(model, walk):
    seen, fit = walk
    animal = fit.animals[0]
    assert animal.betas.shape == (model.n_betas,) and np.isfinite(animal.poses).all() and animal.done == len(animal.trans)
    length = float(np.ptp(seen.places[0][0], axis=0).max())
    assert aligned_error(keypoints_of(model, animal), seen.places[0]) < 0.08 * length
    assert animal.facts["error_percent"] < 4
    away = np.linalg.norm(animal.pixels[:, [INDEX[n] for n in ("nose", "left_front_paw")], :2]
                          - superset_points(seen.tracks[0])[0][:, [INDEX[n] for n in ("nose", "left_front_paw")], :2], axis=-1)
    assert np.median(away) < 6
    assert abs(animal.metres_per_unit / seen.clips[0].metres_per_unit - 1) < 0.25


def test_smoothing_calms_and_the_shape_stays_one(model, walk):
    seen, fit = walk
    rough = fit_clip(model, seen.tracks, ["dog"], ClipSettings(smooth=0.0))

    def shaking(one):
        return float(np.abs(np.diff(one.animals[0].poses[:, 1:], 2, axis=0)).mean())

    assert shaking(fit) < 0.5 * shaking(rough)
    assert fit.animals[0].betas.ndim == 1


def test_what_is_done_comes_in_parts_and_stays_as_it_was(model, walk, monkeypatch):
    from bestiary.server.fit import clip

    monkeypatch.setattr(clip, "WINDOW", 8)
    monkeypatch.setattr(clip, "AHEAD", 4)
    seen, _ = walk
    tracks = seen.tracks[0]
    parts, stages = [], []
    whole = fit_clip(model, [tracks], ["dog"], progress=lambda x, stage: stages.append((x, stage)),
                     partial=lambda fit: parts.append((fit.animals[0].done, fit.animals[0].poses[5].copy())))
    assert len(tracks) > 2 * clip.WINDOW and len(parts) >= 2 and parts[-1][0] == len(tracks)
    assert [done for done, _ in parts] == sorted({done for done, _ in parts})
    np.testing.assert_array_equal(parts[0][1], whole.animals[0].poses[5])
    assert [x for x, _ in stages] == sorted(x for x, _ in stages) and any("frame" in stage for _, stage in stages)
    seam = np.abs(np.diff(whole.animals[0].poses[:, 1:], 2, axis=0)).mean(axis=(1, 2))
    assert seam[clip.WINDOW - 3:clip.WINDOW + 2].max() < 2.5 * np.median(seam), "no jump from window to window"


def test_gaps_are_bridged_and_long_ones_stay_unknown(model, walk):
    seen, _ = walk
    points = seen.tracks[0].points.copy()
    points[6:11] = np.nan
    points[:, 3] = np.nan
    points[14, 5] += 300.0
    short = fit_clip(model, [replace(seen.tracks[0], points=points, confidence=None)], ["dog"])
    assert np.isfinite(short.animals[0].trans).all()
    length = float(np.ptp(seen.places[0][0], axis=0).max())
    assert aligned_error(keypoints_of(model, short.animals[0]), seen.places[0]) < 0.12 * length
    long = fit_clip(model, [replace(seen.tracks[0], points=points, confidence=None)], ["dog"], ClipSettings(max_gap_s=0.1))
    known = np.isfinite(long.animals[0].trans[:, 0])
    assert not known[6:11].any() and known[:6].all() and known[11:].all()


def test_spans():
    assert spans_of(np.array([0, 1, 1, 0, 0, 1, 0, 1], bool), 2) == [(1, 2), (5, 7)]
    assert spans_of(np.array([1], bool), 2) == [(0, 0)]


def test_a_known_moving_camera_keeps_its_world(model):
    seen = scene(model, "trot_moving", np.random.default_rng(2), 2.0, 0.8)
    fit = fit_clip(model, seen.tracks, ["cow"], cameras=seen.cameras)
    assert len(fit.cameras) == len(seen.cameras)
    found = keypoints_of(model, fit.animals[0])
    length = float(np.ptp(seen.places[0][0], axis=0).max())
    assert np.linalg.norm((found - seen.places[0]).mean(1), axis=-1).mean() < 0.25 * length
    assert aligned_error(found, seen.places[0]) < 0.08 * length


def test_several_animals_share_a_camera_and_a_ground(model):
    seen = scene(model, "three", np.random.default_rng(3), 2.0, 0.4)
    fit = fit_clip(model, seen.tracks, [clip.species for clip in seen.clips])
    assert [animal.species for animal in fit.animals] == ["dog", "horse", "fox"] and len(fit.cameras) == 1
    lowest = [float(np.nanmin(keypoints_of(model, animal)[..., 2])) for animal in fit.animals]
    assert np.ptp(lowest) < 0.25
    depth = [fit.cameras[0].to_camera(np.nanmedian(keypoints_of(model, one).reshape(-1, 3), axis=0))[2] for one in fit.animals]
    real = [seen.cameras[0].to_camera(np.median(one.reshape(-1, 3), axis=0))[2] for one in seen.places]
    assert np.argsort(depth).tolist() == np.argsort(real).tolist()
    assert draw_clip_strip(model, fit, seen.tracks, 3).width == 3 * 260


def test_one_frame_and_a_fast_camera(model, walk):
    seen, _ = walk
    one = Tracks(seen.tracks[0].points[:1], seen.tracks[0].skeleton, 240.0, None, 960, 720)
    fit = fit_clip(model, [one], ["dog"])
    assert fit.animals[0].poses.shape == (1, model.n_joints, 3) and np.isfinite(fit.animals[0].poses).all()


def test_names_are_read_through_their_set_or_by_what_they_say():
    rows = superset_rows(preset("ap10k").names)
    assert rows[preset("ap10k").names.index("left_shoulder")] == INDEX["left_elbow"], "AP-10K's shoulder is an elbow"
    assert superset_rows(["Snout", "tailbase", "paw_FL", "marker 7", "snout"]) == [
        INDEX["nose"], INDEX["tail_base"], INDEX["left_front_paw"], -1, -1]


def tracks_of(names, frames=4, **more):
    points = np.random.default_rng(0).uniform(100, 400, (frames, len(names), 2))
    return Tracks(points, Skeleton(tuple(names), (-1, *[0] * (len(names) - 1))), 30.0, **{"width": 640, "height": 480, **more})


def test_points_that_are_no_animals_are_refused():
    with pytest.raises(TracksError, match="4 are needed"):
        superset_points(tracks_of(["nose", "tail_base", "thing", "other", "more"]))
    sides = [f"{side}_{part}" for part in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle") for side in ("left", "right")]
    with pytest.raises(TracksError, match="person"):
        superset_points(tracks_of(["nose", "left_eye", "right_eye", *sides]))


def run(model, tracks, context=None, **more):
    request, arrays = build_animate(tracks, **more)
    return read_animated(*FitEngine().run(request, arrays, context or JobContext()))


def test_the_engine_answers_and_hands_on_what_is_done(model, walk):
    seen, _ = walk
    parts = []
    result = run(model, [seen.tracks[0]], JobContext(None, None, lambda x, stage, part, arrays: parts.append(read_animated(part, arrays))),
                 species="dog", options={"smooth": 1.0})
    assert result.model_id == model.model_id and result.frames == len(seen.tracks[0]) and result.animals[0].known.all()
    assert parts and parts[-1].animals[0].known.any() and result.animals[0].facts["error_px"] < 6
    assert (result.width, result.height, result.fps) == (960, 720, seen.tracks[0].fps)


def test_cancelling_stops_after_what_is_done_was_handed_on(model, walk):
    seen, _ = walk
    parts = []
    context = JobContext(None, lambda: bool(parts), lambda *given: parts.append(given))
    with pytest.raises(Cancelled):
        run(model, [seen.tracks[0]], context)
    assert len(parts) == 1


def test_poses_from_lifting(model, walk):
    pytest.importorskip("safetensors")
    from bestiary.server.lift.weights import shipped

    if not shipped():
        pytest.skip("no network ships")
    seen, _ = walk
    result = run(model, [seen.tracks[0]], species="dog", options={"poses": "lift"})
    assert result.animals[0].known.all() and result.animals[0].facts["error_percent"] < 8


@pytest.mark.parametrize(("options", "message"), [
    ({"colour": "red"}, "colour"), ({"smooth": "very"}, "smooth"), ({"poses": "guess"}, "guess"), ({"metres": -1.0}, "metres"),
    ({"smooth": True}, "smooth"),
])
def test_options_that_there_are_not(model, options, message):
    with pytest.raises(JobFailure, match=message):
        run(model, [tracks_of(["nose", "withers", "tail_base", "left_front_paw"])], options=options)


def test_tracks_that_cannot_be_fitted(model):
    names = ["nose", "withers", "tail_base", "left_front_paw", "right_front_paw"]
    with pytest.raises(JobFailure, match="unicorn"):
        run(model, [tracks_of(names)], species="unicorn")
    with pytest.raises(JobFailure, match="frame rates"):
        run(model, [tracks_of(names), replace(tracks_of(names), fps=25.0)])
    points = np.full((6, 5, 2), np.nan)
    points[np.arange(5), np.arange(5)] = 200.0
    with pytest.raises(JobFailure, match="4 at once"):
        run(model, [replace(tracks_of(names, 6), points=points, confidence=None)])
    far = replace(tracks_of(names, 2), frame_numbers=np.array([0, 10**6]))
    with pytest.raises(JobFailure, match="can be fitted"):
        run(model, [far])


def test_a_shipped_clip_is_what_the_truth_is_made_of():
    assert all(len(load_shipped_clip(clip)) > 3 for one in SCENES.values() for clip, _, _ in one)
