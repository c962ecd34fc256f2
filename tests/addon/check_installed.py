"""Checks the installed extension from inside Blender: wheels, operators, a round trip to nobody, switching off.

Run by `test_zip.py` in a Blender program (`--python`) or with Blender as a module; exits with an error when anything
is not as it should be, and prints CHECKED at the end.
"""

import importlib
import sys

import bpy

MODULE = "bl_ext.user_default.bestiary"


def check() -> None:
    """Raises what is wrong."""
    if MODULE not in bpy.context.preferences.addons:
        bpy.ops.preferences.addon_enable(module=MODULE)
    addon = bpy.context.preferences.addons[MODULE]
    for name in ("zmq", "msgspec"):
        place = importlib.import_module(name).__file__
        print(f"{name}: {place}")
    wire = importlib.import_module(f"{MODULE}.wire")
    assert wire.Client is not None

    bpy.context.preferences.system.use_online_access = True
    addon.preferences.address = "tcp://127.0.0.1:9"
    image = bpy.data.images.new("photo", 64, 48)
    bpy.context.scene.bestiary.photo = image
    animal = image.bestiary.active()
    animal.box, animal.has_box = (4, 4, 60, 44), True
    try:
        bpy.ops.bestiary.reconstruct()
    except RuntimeError as error:
        assert "No Bestiary server answers" in str(error), error
    else:
        raise AssertionError("a reconstruction without a server")

    for name in ("take_selected_rigs", "match_bones", "pick_bones", "mirror_bones", "save_match", "load_match", "retarget", "bake_live"):
        getattr(bpy.ops.bestiary, name).get_rna_type()
    presets = importlib.import_module(f"{MODULE}.scene.retarget.map_files").presets()
    assert len(presets) >= 12, presets
    user_files = importlib.import_module(f"{MODULE}.addon.user_files")
    assert "extensions" in str(user_files.user_folder("server"))
    bpy.ops.preferences.addon_disable(module=MODULE)
    assert not hasattr(bpy.types.Scene, "bestiary")
    print("CHECKED", bpy.app.version_string, sys.version.split()[0])


if __name__ == "__main__":
    check()
