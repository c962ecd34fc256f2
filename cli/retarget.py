"""`bestiary retarget`: the motion of one rig onto another, in a Blender of its own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Literal

from tyro.conf import arg

from .blender import run_script
from .console import CliError, need_file, print_table, say

SCRIPT = "retarget.py"


def retarget(
    source: Path,
    target: Path,
    out: Path = Path("out/retarget"),
    source_rig: str | None = None,
    target_rig: str | None = None,
    action: str | None = None,
    all_actions: Annotated[bool, arg(name="all")] = False,
    source_map: Path | None = None,
    target_map: Path | None = None,
    path: Literal["keep", "in_place", "travel"] = "keep",
    start: float | None = None,
    cyclic: bool = False,
    smooth: float = 0.0,
    active: bool = False,
    no_ik: bool = False,
    glb: bool = False,
    blender: Path | None = None,
) -> None:
    """Carry the motion of one rig over to another: retargeted.blend and summary.json.

    Args:
        source: File with the rig that moves: .blend, .glb, .gltf, .fbx or .bvh.
        target: File with the rig that is to move; it is the scene that is saved.
        out: Folder for the results.
        source_rig: The source's armature, where there are several.
        target_rig: The target's armature, where there are several.
        action: The clip; without it the one that the source plays.
        all_actions: Carry every clip of the source over.
        source_map: Which of the source's bones are what (JSON); without it they are found.
        target_map: Which of the target's bones are what (JSON); without it they are found.
        path: Where the animal goes: as the source does, on the spot, or on from a walk on the spot.
        start: Frame at which the result begins; without it the source's.
        cyclic: The clip goes round.
        smooth: Smooth over this many seconds.
        active: Make the result the rig's active action instead of an NLA strip.
        no_ik: Leave the IK controls without keys.
        glb: Write retargeted.glb as well.
        blender: Blender program; without it Blender's Python module, then `blender` on the path.
    """
    need_file(source, "The source")
    need_file(target, "The target")
    out.mkdir(parents=True, exist_ok=True)
    words = ["--source", str(source.resolve()), "--target", str(target.resolve()), "--blend", str((out / "retargeted.blend").resolve()),
             "--path", path, "--smooth", str(smooth)]
    for flag, value in (("--source-rig", source_rig), ("--target-rig", target_rig), ("--action", action), ("--start", start)):
        words += [] if value is None else [flag, str(value)]
    for flag, file in (("--source-map", source_map), ("--target-map", target_map)):
        if file is not None:
            need_file(file, "The map")
            words += [flag, str(file.resolve())]
    for flag, given in (("--all", all_actions), ("--cyclic", cyclic), ("--active", active), ("--no-ik", no_ik)):
        words += [flag] if given else []
    if glb:
        words += ["--glb", str((out / "retargeted.glb").resolve())]
    lines = [line for line in run_script(SCRIPT, words, blender).splitlines() if line.startswith('{"clips"')]
    if not lines:
        raise CliError("Blender did not say what it did.", "Try it again with --debug.")
    summary = json.loads(lines[-1])
    (out / "summary.json").write_text(json.dumps(summary, indent=1) + "\n", encoding="utf-8")
    rows = [[clip["action"], clip["frames"], clip["handles"], round(clip["errors"].get("head_percent_max", 0.0), 3)]
            for clip in summary["clips"]]
    print_table("Retargeted", ["clip", "frames", "bones keyed", "off at most, % of a leg"], rows)
    for clip in summary["clips"]:
        for message in clip["messages"]:
            say(f"{clip['action']}: {message}")
    say(f"{out / 'retargeted.blend'} ({summary['seconds']:.1f} s)")
