"""Runs inside a Blender program: controls added and removed, and Convert to Rigify, the animal's motion kept."""

import importlib.util
import sys
from pathlib import Path

import bpy
import numpy as np

ROOT = Path(__file__).resolve().parents[2]
spec = importlib.util.spec_from_file_location("bestiary", ROOT / "__init__.py", submodule_search_locations=[str(ROOT)])
sys.modules["bestiary"] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(sys.modules["bestiary"])

from bestiary.animal.clips import load_shipped_clip  # noqa: E402
from bestiary.animal.default import DEFAULT_MODEL_PATH  # noqa: E402
from bestiary.animal.individual import Individual  # noqa: E402
from bestiary.animal.model_file import load_model  # noqa: E402
from bestiary.scene import action, creature  # noqa: E402
from bestiary.scene.controls import build, convert, generating, keeping  # noqa: E402


def heads(item, frames):
    """Places of the animal's bones at frames."""
    found = []
    for frame in frames:
        bpy.context.scene.frame_set(frame)
        found.append(keeping.posed_now(item, build.own_shape(item)).heads[0])
    return np.array(found)


def main():
    """Wolf, walking."""
    item = creature.create(load_model(DEFAULT_MODEL_PATH), Individual("wolf"))
    action.key_clip(item, load_shipped_clip("wolf_walk"), bpy.context.scene)
    frames = (1, 6, 11, 16)
    want = heads(item, frames)
    for step in (keeping.add_controls, keeping.remove_controls):
        step(item)
        assert np.abs(heads(item, frames) - want).max() < 0.003, step
    generating.turn_rigify_on()
    made = convert.to_rigify(item)
    item.animation_data.action = None
    convert.from_rigify(made.rig)
    assert np.abs(heads(item, frames) - want).max() < 0.02
    print("controls checked")


main()
