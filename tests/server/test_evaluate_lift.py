"""The evaluation of lifting tells good from bad, writes what it promises, and trains what a table lacks, once."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from bestiary.server.evaluate import lift, lift_clips, lift_methods, lift_tables
from bestiary.server.evaluate.lift_methods import Prediction
from bestiary.server.evaluate.lift_tally import Tally
from bestiary.server.lift.networks import make_network
from bestiary.server.train.start import train
from motion_folder import write_folder

TINY = {"task": {"kind": "lift"},
        "network": {"kind": "lifter", "width": 16, "heads": 2, "time_layers": 1, "space_layers": 2, "alpha": 4},
        "data": {"batch": 2, "frames": 12}, "training": {"steps": 3, "lr": 1e-3, "validate_every": 3}}  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_folder(tmp_path_factory.mktemp("zoo") / "motions")


@pytest.fixture(autouse=True)
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def knowing(clip: lift_clips.SeenClip, off: float) -> dict[str, Prediction]:
    """What somebody says who knows the truth but for so many millimetres, and knows where."""
    spread = off * np.random.default_rng(0).random(clip.truth.shape[:2])
    error = np.random.default_rng(1).normal(size=clip.truth.shape) * spread[..., None]
    return {f"off_{off:g}": Prediction(clip.truth + error, spread)}


def test_a_better_method_scores_better_and_flat_depth_is_no_lifting(folder: Path):
    tally = Tally()
    for clip in lift_clips.read_clips(folder):
        tally.add_clip(clip, knowing(clip, 5.0) | knowing(clip, 50.0) | lift_methods.flat(clip.tracks))
    good, bad, flat = (tally.means(name) for name in ("off_5", "off_50", "flat"))
    for number in ("sa_mpjpe", "fa_mpjpe", "sa_mpve", "camera_mpjpe"):
        assert good[number] < bad[number] / 5
    assert good["bone_variation"] < bad["bone_variation"] / 2 and good["jitter"] < bad["jitter"] / 4
    assert flat["sa_mpjpe"] > 5 * good["sa_mpjpe"] and flat["jitter"] == pytest.approx(flat["jitter_truth"], rel=1)
    assert tally.species == ["cattle", "dog", "fox"]


def test_whoever_knows_where_it_is_wrong_is_believed(folder: Path):
    clip = lift_clips.read_clips(folder)[0]
    (prediction,) = knowing(clip, 50.0).values()
    found = lift.doubt(prediction, clip)
    assert found["rank"] > 0.5 and found["expected"] == pytest.approx(1.0, rel=0.15) and found["surest_half"] < found["other_half"]
    blind = Prediction(prediction.positions, np.random.default_rng(9).random(clip.truth.shape[:2]))
    assert abs(lift.doubt(blind, clip)["rank"]) < 0.2


def test_a_filter_smooths_and_turning_makes_canonical_frames_smooth_to_filter():
    rng = np.random.default_rng(0)
    shape = rng.normal(size=(1, 9, 3)) + 0.2 * np.sin(np.arange(40) / 5)[:, None, None]
    turns = np.linalg.qr(rng.normal(size=(40, 3, 3)))[0]
    turns *= np.linalg.det(turns)[:, None, None]
    jumping = (shape - shape.mean(axis=1, keepdims=True)) @ turns
    turned = lift_methods.turned_onto_previous(jumping)
    assert np.abs(np.diff(turned, axis=0)).max() < 0.1 < np.abs(np.diff(jumping, axis=0)).max()
    noisy = shape + rng.normal(scale=0.1, size=shape.shape)
    assert np.abs(lift_methods.smoothed(noisy, 9) - shape).mean() < 0.6 * np.abs(noisy - shape).mean()
    for frames in (1, 2, 3, 4, 5):
        assert lift_methods.smoothed(noisy[:frames], 9).shape == (frames, 9, 3)


def test_all_networks_and_baselines_are_compared_on_the_same_clips(folder: Path, tmp_path: Path):
    kinds = ("lifter", "lfm", "dstformer", "bestiary")
    nets = {kind: (make_network(kind, width=16, heads=2).eval(), {}) for kind in kinds}
    inputs = lift.Inputs(lift_clips.read_clips(folder)[:2], nets, tmp_path)
    metrics = lift.run(inputs, ["table1", "clean"])
    for name in (*kinds, "flat", "lifter_facing", "lfm_savgol", "lfm_savgol_turned", "lfm_savgol_facing"):
        for number in ("sa_mpjpe", "fa_mpjpe", "sa_mpve"):
            assert np.isfinite([metrics[f"{number}_{name}"], metrics[f"{number}_{name}_clean"]]).all()
    assert metrics["sa_mpjpe_ratio_to_3dlfm"] == pytest.approx(metrics["sa_mpjpe_lifter"] / metrics["sa_mpjpe_lfm"])
    assert metrics["sa_mpve_ratio_bestiary_to_lifter"] == pytest.approx(metrics["sa_mpve_bestiary"] / metrics["sa_mpve_lifter"])
    # Ours starts as the tracks with no depth, before it has learned anything.
    assert metrics["sa_mpjpe_bestiary"] == pytest.approx(metrics["sa_mpjpe_flat"], rel=1e-4)
    assert json.loads((tmp_path / "metrics.json").read_text()).keys() == metrics.keys()
    table = (tmp_path / "table.md").read_text()
    assert "| SA-MPJPE | lfm_savgol_turned |" in table and "lifter to 3dlfm" in table
    assert (tmp_path / "errors.png").is_file()
    rows = (tmp_path / "species.csv").read_text().splitlines()
    assert rows[0].startswith("given,method,animal,category,clips") and any(row.startswith("clean,flat,dog,zoo_dog,1,") for row in rows)


def test_missing_points_are_lifted_by_all(folder: Path, tmp_path: Path):
    nets = {"lfm": (make_network("lfm", width=16, heads=2, space_layers=2).eval(), {})}
    metrics = lift.run(lift.Inputs(lift_clips.read_clips(folder)[:1], nets, tmp_path), ["missing"])
    assert np.isfinite([metrics[f"sa_mpjpe_{name}_missing{share}"] for name in ("lfm", "flat") for share in (10, 60)]).all()
    assert metrics["sa_mpjpe_flat_missing60"] > 0 and (tmp_path / "missing_sa_mpjpe.png").is_file()


def test_what_cannot_be_evaluated_is_said(folder: Path, tmp_path: Path):
    with pytest.raises(ValueError, match="no section nonsense"):
        lift.run(lift.Inputs(lift_clips.read_clips(folder), {}, tmp_path), ["nonsense"])
    with pytest.raises(ValueError, match="no test clip"):
        lift.run(lift.Inputs([], {}, tmp_path))


def test_the_whole_pipeline_is_scored_in_the_camera_that_it_finds(folder: Path, tmp_path: Path):
    net = make_network("bestiary", width=16, heads=2, time_layers=1, space_layers=1).eval()
    inputs = lift.with_pipeline(lift.Inputs(lift_clips.read_clips(folder)[:1], {"mine": (net, {})}, tmp_path))
    metrics = lift.run(inputs, ["table1"])
    assert np.isfinite(metrics["sa_mpjpe_mine_pipeline"]) and "uncertainty_rank_mine_pipeline" in metrics
    assert metrics["bone_variation_mine_pipeline"] < 1e-3 < metrics["bone_variation_flat"]
    ((name, prediction),) = lift_methods.pipeline("mine", net)(clip := inputs.clips[0].tracks).items()
    assert name == "mine_pipeline" and np.linalg.norm(prediction.pixels - clip.points, axis=-1).mean() < 30
    assert lift_methods.as_motion(prediction, clip) is prediction.motion


def test_a_network_without_room_for_a_rig_says_nothing_of_it(folder: Path):
    net = make_network("dstformer", width=16, heads=2, depth=1, max_joints=12).eval()
    method = lift_methods.network("dstformer", net)
    said = {clip.category: method(clip.tracks) for clip in lift_clips.read_clips(folder)}
    assert not said["zoo_fox"] and "dstformer" in said["zoo_dog"]


def test_a_trained_network_is_opened_and_a_table_trains_it_once(folder: Path, tmp_path: Path):
    work = lift_tables.Work(TINY, folder, tmp_path / "out")
    metrics = lift_tables.run(work, "3")
    assert np.isfinite(metrics["sa_mpjpe_table3_space"]) and np.isnan(metrics["sa_mpjpe_std_table3_space"])
    assert "| Model | FA-MPJPE ↓ | SA-MPJPE ↓ | SA-MPVE ↓ |" in (tmp_path / "out" / "table.md").read_text()
    runs = sorted((tmp_path / "out" / "runs").iterdir())
    assert len(runs) == 3  # space, time, time in a window
    stamps = [(run / "result.json").stat().st_mtime_ns for run in runs]
    again = lift_tables.run(work, "4")  # shares the lifter as configured and the one without a window
    assert [(run / "result.json").stat().st_mtime_ns for run in runs] == stamps
    assert again["sa_mpjpe_table4_no"] == metrics["sa_mpjpe_table3_time"]
    both = json.loads((tmp_path / "out" / "metrics.json").read_text())
    assert both.keys() == metrics.keys() | again.keys()
    opened, baselines = lift_methods.open_networks({"mine": runs[0]})
    net, card = opened["mine"]
    assert "flat" in baselines
    assert card["finished"] and net(_windows_of(folder)).positions.shape[-1] == 3


def test_rows_of_several_seeds_show_their_spread(folder: Path, tmp_path: Path):
    table = lift_tables.table3(lift_tables.Work(TINY, folder, tmp_path))
    numbers = [{"sa_mpjpe": 60.0 + k, "fa_mpjpe": 50.0, "sa_mpve": float("nan")} for k in (-1, 0, 1)]
    assert "| Space | 50.0 ± 0.00 | 60.0 ± 1.00 | – |" in lift_tables.form(table, [numbers, numbers, numbers])
    assert "| Time | 50.0 | 59.0 | – |" in lift_tables.form(table, [numbers[:1]] * 3)


def _windows_of(folder: Path):
    from bestiary.server.lift.windows import _windows

    tracks = lift_clips.read_clips(folder)[0].tracks
    return _windows(tracks.points[None], np.asarray(tracks.confidence)[None], tracks.skeleton, "cpu")


def test_a_broken_off_training_goes_on(folder: Path, tmp_path: Path):
    work = lift_tables.Work(TINY, folder, tmp_path / "out")
    config = lift_tables.run_config(work, "lifter", {}, 0)
    run = tmp_path / "out" / "runs" / f"lifter-s0-{lift_tables.config_hash(config)[:10]}"
    assert not train(config, run, "cpu", say=lambda text: None, stop=lambda: True).finished
    assert lift_tables.trained(work, "lifter", {}, 0) == run
    assert json.loads((run / "result.json").read_text())["step"] == 3


@pytest.mark.parametrize(("name", "rows"), [("2", 6), ("5", 3), ("6", 4), ("ood", 6), ("rig", 4), ("missing", 12)])
def test_every_table_has_the_papers_rows(folder: Path, tmp_path: Path, name: str, rows: int):
    table = lift_tables.TABLES[name](lift_tables.Work(TINY, folder, tmp_path))
    assert len(table.rows) == rows
    assert all(len(row.cells) == len(table.columns) for row in table.rows)


def test_unseen_means_that_nothing_of_the_animal_is_learned(folder: Path, tmp_path: Path):
    work = lift_tables.Work(TINY, folder, tmp_path, animals=["fox"])
    unseen, seen = lift_tables.ood(work).rows[-2:]
    ((change, only),) = unseen.parts
    assert only == ("zoo_fox",) and "zoo_fox" in change["data.leave_out"] and seen.parts == (({}, only),)
    ((change, only),) = lift_tables.rig(lift_tables.Work(TINY, folder, tmp_path)).rows[0].parts
    assert only == ("zoo_fox",) and "zoo_fox" in change["data.leave_out"]  # the one rig with a joint more
    with pytest.raises(lift_tables.TableError, match="dragon"):
        lift_tables.ood(lift_tables.Work(TINY, folder, tmp_path, animals=["dragon"]))


def test_networks_that_are_compared_have_about_as_many_parameters():
    settings = {"kind": "lifter", "width": 64, "heads": 4, "time_layers": 2, "space_layers": 4}
    counts = {kind: sum(p.numel() for p in make_network(**lift_tables.network_settings(settings, kind)).parameters())
              for kind in ("lifter", "lfm", "dstformer")}  # fmt: skip
    assert all(abs(count / counts["lifter"] - 1) < 0.3 for count in counts.values())
    with pytest.raises(lift_tables.TableError, match="of a lifter"):
        lift_tables.network_settings({"kind": "lfm"}, "lifter")


def test_it_runs_where_the_command_lines_packages_are_missing(tmp_path: Path):
    hidden = "import sys; sys.modules.update(dict.fromkeys(('msgspec', 'zmq', 'tyro', 'rich')))"
    start = f"{hidden}; from bestiary.server.evaluate.lift_bare import main; sys.exit(main(sys.argv[1:]))"
    done = subprocess.run([sys.executable, "-c", start, "table", "--table", "3", "--motions", tmp_path, "--out", tmp_path / "out"],
                          capture_output=True, text=True)  # fmt: skip
    assert done.returncode == 2 and "dataset.json" in done.stderr and "Traceback" not in done.stderr
