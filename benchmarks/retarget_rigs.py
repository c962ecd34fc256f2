"""The rigs and clips that retargeting is measured on, made in Blender: twelve targets, eight clips of other animals.

Chosen before anything was measured: four kinds of rigs that animators have, gaits, idling, eating and jumping. The files are the
developers' (`../shared/data/rigs`); rigs whose files are not there are left out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bpy

from . import rigify_rigs, zeroad_rigs

RATE = 30
"""The scene's frames a second."""


@dataclass(frozen=True)
class Rig:
    """key: its name in `retarget_truth`; make(folder) builds it; needs: the file or folder that it is made of, or ""."""

    key: str
    make: Callable[[Path], Any]
    needs: str = ""


@dataclass(frozen=True)
class Clip:
    """A clip called `name` of the rig `key`; make(folder) gives the armature that plays it."""

    name: str
    key: str
    make: Callable[[Path], Any]
    needs: str = ""


def import_glb(folder: Path, file: str, action: str = "") -> Any:
    """The armature of a glTF file, playing one of its actions."""
    from ..scene import compat

    compat.enable_gltf()
    before, actions = set(bpy.data.objects), set(bpy.data.actions)
    bpy.ops.import_scene.gltf(filepath=str(folder / file))
    made = set(bpy.data.objects) - before
    (armature,) = (item for item in made if item.type == "ARMATURE")
    if action:
        (found,) = (one for one in set(bpy.data.actions) - actions if one.name.split(".")[0] == action)
        compat.play(armature, found, compat.own_slot(found, armature))
    elif armature.animation_data is not None:
        armature.animation_data_clear()
    return armature


def open_animal(species: str, clip: str = "") -> Any:
    """The open animal's rig as a species, playing one of its own clips."""
    from ..animal.clips import load_shipped_clip
    from ..animal.default import default_model
    from ..scene import action
    from ..scene.animals import BuildOptions, build_animals

    motion = load_shipped_clip(clip or f"{species}_idle")
    made = build_animals([motion.frame(0)], None, None, default_model(), name=species, options=BuildOptions(correctives=False))
    (armature,) = (item for item in made.all_objects if item.type == "ARMATURE")
    if clip:
        action.key_clip(armature, motion, bpy.context.scene)
    else:
        for bone in armature.pose.bones:
            bone.matrix_basis.identity()
    return armature


def zeroad_clip(folder: Path, mesh: str, clip: str) -> Any:
    """A rig of 0 A.D. that plays a clip."""
    armature = zeroad_rigs.build_rig(folder / "zeroad", mesh)
    zeroad_rigs.play_clip(armature, folder / "zeroad", clip)
    return armature


def _glb(key: str, file: str) -> Rig:
    return Rig(key, lambda folder: import_glb(folder, file), file)


TARGETS = (
    _glb("quaternius_fox", "quaternius/fox.glb"), _glb("quaternius_bull", "quaternius/bull.glb"),
    _glb("mesh2motion_rig-fox", "mesh2motion/rigs_rig-fox.glb"), _glb("mesh2motion_rig-horse", "mesh2motion/rigs_rig-horse.glb"),
    *(Rig(f"zeroad_{mesh}", lambda folder, mesh=mesh: zeroad_rigs.build_rig(folder / "zeroad", mesh), "zeroad/meshes")
      for mesh in ("horse", "wolf")),
    _glb("khronos_fox_Fox", "khronos_fox/Fox.glb"), Rig("bestiary", lambda _folder: open_animal("dog")),
    *(Rig(f"rigify_{kind}", lambda _folder, kind=kind: rigify_rigs.generated(kind)) for kind in rigify_rigs.METARIGS),
)

CLIPS = (
    Clip("open wolf, walk", "bestiary", lambda _folder: open_animal("wolf", "wolf_walk")),
    Clip("Mesh2Motion horse, trot", "mesh2motion_horse-animations",
         lambda folder: import_glb(folder, "mesh2motion/animations_horse-animations.glb", "Trot"), "mesh2motion"),
    Clip("Quaternius fox, gallop", "quaternius_fox", lambda folder: import_glb(folder, "quaternius/fox.glb", "Gallop"), "quaternius"),
    Clip("0 A.D. horse, walk", "zeroad_horse", lambda folder: zeroad_clip(folder, "horse", "horse_walk"), "zeroad"),
    Clip("Quaternius wolf, idle", "quaternius_wolf", lambda folder: import_glb(folder, "quaternius/wolf.glb", "Idle"), "quaternius"),
    Clip("Mesh2Motion horse, eating", "mesh2motion_horse-animations",
         lambda folder: import_glb(folder, "mesh2motion/animations_horse-animations.glb", "Eating"), "mesh2motion"),
    Clip("open cow, eating", "bestiary", lambda _folder: open_animal("cow", "cow_eat")),
    Clip("Mesh2Motion fox, jump", "mesh2motion_fox-animations",
         lambda folder: import_glb(folder, "mesh2motion/animations_fox-animations.glb", "Jump"), "mesh2motion"),
)
