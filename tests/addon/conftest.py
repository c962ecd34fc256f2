"""What the add-on's tests share: Blender with the add-on enabled and empty, and a server with an engine for tests."""

import os
from pathlib import Path

import numpy as np
import pytest

HERE = Path(__file__).resolve().parent


@pytest.fixture
def addon():
    """Blender as a module, factory settings, the add-on enabled, connections allowed. Gives its preferences."""
    import addon_utils
    import bpy

    bpy.ops.wm.read_factory_settings(use_empty=True)

    def raise_it(error):
        raise error

    addon_utils.enable("bestiary", default_set=True, handle_error=raise_it)
    bpy.context.preferences.system.use_online_access = True
    yield bpy.context.preferences.addons["bestiary"].preferences
    addon_utils.disable("bestiary", default_set=True)


@pytest.fixture(scope="session")
def server():
    """The address of a real server whose engine stands animals up without fitting them."""
    from serving import quick_client, running_broker, wait_ready

    before = os.environ["PYTHONPATH"]
    os.environ["PYTHONPATH"] = os.pathsep.join([str(HERE), before])  # the worker finds standing_engine there
    try:
        with running_broker(engine_factory="standing_engine:make", silence_s=30.0) as broker:
            with quick_client(broker) as client:
                wait_ready(client)
            yield broker.address
    finally:
        os.environ["PYTHONPATH"] = before


@pytest.fixture
def photo_file(tmp_path):
    """A picture of 64 x 48 pixels with a bright top left corner."""
    import bpy

    image = bpy.data.images.new("made", 64, 48)
    pixels = np.full((48, 64, 4), 0.25, np.float32)
    pixels[..., 3] = 1.0
    pixels[40:, :8, :3] = 1.0  # Blender's rows go upward
    image.pixels.foreach_set(pixels.ravel())
    image.filepath_raw, image.file_format = str(tmp_path / "fox walking.png"), "PNG"
    image.save()
    bpy.data.images.remove(image)
    return tmp_path / "fox walking.png"
