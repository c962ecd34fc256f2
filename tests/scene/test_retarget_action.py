"""From armature to armature through the one door, live and baked, as a script, and what it says about what cannot be done."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bestiary.scene.retarget.rig_shape import RigError
from conftest import ROOT, blender_programs

SCRIPT = ROOT / "blender_scripts" / "retarget.py"


@pytest.fixture
def pair(blender: Any) -> tuple[Any, Any]:
    """Two plain rigs, Rigify's wolf with a clip of random turns, and its horse; nothing is selected."""
    import bpy
    from rig_motions import random_motion

    from bestiary.benchmarks import rigify_rigs
    from bestiary.scene.retarget import writing
    from bestiary.scene.retarget.matching import match_body
    from bestiary.scene.retarget.reading import read_shape, skeleton_of

    blender.ops.wm.read_factory_settings(use_empty=True)
    source, target = rigify_rigs.metarig("wolf"), rigify_rigs.metarig("horse")
    whole = read_shape(source)
    shape = skeleton_of(whole)
    motion = random_motion(shape, match_body(whole).on(shape), 30, size=0.1)
    writing.write_motion(source, motion, match_body(whole).on(shape), writing.WriteOptions(name="clip", nla=False, ik=False, check=0))
    target.location, target.scale = (3.0, 0.0, 0.0), (0.7, 0.7, 0.7)
    bpy.context.view_layer.update()
    return source, target


@pytest.mark.blender
def test_one_new_action_and_nothing_else(pair: tuple[Any, Any]) -> None:
    import bpy
    from scene_snapshot import snapshot

    from bestiary.scene.retarget.retarget import retarget_action

    source, target = pair
    bpy.context.scene.frame_set(5, subframe=0.5)
    before = snapshot(bpy)
    report = retarget_action(source, target)
    after = snapshot(bpy)
    assert report.frames == 30 and report.written.report.errors["head_percent_max"] < 0.3
    assert after.pop(f"action {report.written.action.name}") and after.pop(f"animation {target.name}")[0] is None
    after["actions"].remove(report.written.action.name)
    assert {key for key in before if before[key] != after.get(key)} == set()
    assert set(report.seconds) == {"match", "read", "probe", "solve", "write"}


@pytest.mark.blender
def test_the_result_may_begin_elsewhere_and_be_active(pair: tuple[Any, Any]) -> None:
    from bestiary.scene.retarget.retarget import ActionOptions, retarget_action
    from bestiary.scene.retarget.writing import WriteOptions

    source, target = pair
    report = retarget_action(source, target, ActionOptions(write=WriteOptions(name="walk", nla=False), start=101.0))
    assert target.animation_data.action == report.written.action and report.written.action.name == "walk"
    assert tuple(report.written.action.frame_range) == (101.0, 130.0)


@pytest.mark.blender
def test_live_then_baked(pair: tuple[Any, Any]) -> None:
    import bpy
    from scene_snapshot import snapshot

    from bestiary.scene.retarget import checking, live, writing
    from bestiary.scene.retarget.reading import read_shape, skeleton_of
    from bestiary.scene.retarget.retarget import ActionOptions, find_maps, read_clip, solve_clip

    source, target = pair
    options = ActionOptions()
    maps, motion = find_maps(source, target), read_clip(source, options)
    before = snapshot(bpy)
    with writing.prepared(target, skeleton_of(read_shape(target)), maps[1]) as ready:
        wanted = solve_clip(motion, maps, ready, options).motion
        live.go_live(ready, wanted)
    guide = live.guide_of(target)
    assert guide is not None and guide.hide_viewport
    bpy.context.scene.frame_set(12)
    evaluated = target.evaluated_get(bpy.context.evaluated_depsgraph_get())
    row = int(np.argmin(np.abs(wanted.frames - 12)))
    heads = np.array([evaluated.pose.bones[name].head for name in wanted.shape.names])
    leg = checking.leg_length(wanted.shape, maps[1])
    mapped = [i for i, name in enumerate(wanted.shape.names) if maps[1].part_of(name)]
    assert np.linalg.norm(heads - wanted.heads[row], axis=1)[mapped].max() < 0.01 * leg
    bpy.context.scene.frame_set(1)
    written = live.bake_live(target)
    assert live.guide_of(target) is None and written.report.errors["head_percent_max"] < 0.5
    assert live.remove_live(target) is False
    target.animation_data.nla_tracks.remove(target.animation_data.nla_tracks[-1])
    bpy.data.actions.remove(written.action)
    after = snapshot(bpy)
    assert {key for key in before if before[key] != after.get(key)} == set()


@pytest.mark.blender
def test_what_cannot_be_done_is_said(pair: tuple[Any, Any]) -> None:
    import bpy
    from scene_snapshot import snapshot

    from bestiary.scene.retarget.retarget import retarget_action

    source, target = pair
    empty = bpy.data.objects.new("empty", None)
    before = snapshot(bpy)
    for first, second, words in ((source, source, "two armatures"), (empty, target, "must be an armature"), (source, None, "nothing"),
                                 (target, source, "action")):
        with pytest.raises(RigError, match=words):
            retarget_action(first, second)
    bpy.context.view_layer.objects.active = target
    bpy.ops.object.mode_set(mode="EDIT")
    with pytest.raises(RigError, match="edit mode"):
        retarget_action(source, target)
    bpy.ops.object.mode_set(mode="OBJECT")
    before["scene"] = snapshot(bpy)["scene"]
    assert snapshot(bpy) == before


@pytest.mark.blender
@pytest.mark.parametrize("kind", ["human", "bird", "shark"])
def test_an_animal_without_four_legs_is_refused(pair: tuple[Any, Any], kind: str) -> None:
    import bpy
    from scene_snapshot import snapshot

    from bestiary.benchmarks import rigify_rigs
    from bestiary.scene.retarget.retarget import retarget_action

    other = rigify_rigs.metarig(kind)
    before = snapshot(bpy)
    with pytest.raises(RigError, match=other.name):
        retarget_action(pair[0], other)
    assert snapshot(bpy) == before


def _run(command: list[str], *words: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return subprocess.run([*command, *words], capture_output=True, text=True, timeout=170, env=clean, cwd=ROOT, check=False)


def _check(done: subprocess.CompletedProcess[str], folder: Path) -> None:
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    assert done.returncode == 0 and lines, done.stdout[-3000:] + done.stderr[-3000:]
    summary = json.loads(lines[-1])
    (clip,) = summary["clips"]
    assert clip["frames"] > 10 and clip["errors"]["head_percent_max"] < 0.3
    assert (folder / "out.blend").stat().st_size > 50_000 and (folder / "out.glb").stat().st_size > 10_000


def _words(data: Path, folder: Path) -> list[str]:
    rigs = data / "rigs" / "quaternius"
    return ["--source", str(rigs / "wolf.glb"), "--target", str(rigs / "horse.glb"), "--action", "Walk", "--cyclic",
            "--blend", str(folder / "out.blend"), "--glb", str(folder / "out.glb")]


@pytest.mark.blender
@pytest.mark.data
def test_the_script_in_blender_as_a_module(shared_data: Path, tmp_path: Path) -> None:
    _check(_run([sys.executable, str(SCRIPT)], *_words(shared_data, tmp_path)), tmp_path)


@pytest.mark.real_blender
@pytest.mark.data
@pytest.mark.parametrize("program", blender_programs(), ids=lambda program: program[-1])
def test_the_script_in_blender_programs(program: list[str], shared_data: Path, tmp_path: Path) -> None:
    start = [*program, "--background", "--factory-startup", "--python-exit-code", "1", "--python", str(SCRIPT), "--"]
    _check(_run(start, *_words(shared_data, tmp_path)), tmp_path)


@pytest.mark.blender
@pytest.mark.parametrize(("words", "message"), [
    (["--source", "no.glb", "--target", "no.blend"], "was not found"),
    (["--source", __file__, "--target", __file__], "is read from .blend"),
])
def test_the_script_says_what_is_wrong(words: list[str], message: str) -> None:
    done = _run([sys.executable, str(SCRIPT)], *words)
    assert done.returncode != 0 and message in done.stderr and "Traceback" not in done.stderr
