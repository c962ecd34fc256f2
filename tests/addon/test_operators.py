"""The operators in Blender without a window, against a real server."""

import socket
import sys

import numpy as np
import pytest

bpy = pytest.importorskip("bpy", reason="bpy is not installed")
pytestmark = pytest.mark.blender


@pytest.fixture
def photo(addon, photo_file):
    """The photo, opened by the operator, with a box around its one animal."""
    bpy.ops.bestiary.open_photo(filepath=str(photo_file))
    image = bpy.context.scene.bestiary.photo
    image.bestiary.animals[0].box = (4, 4, 60, 44)
    image.bestiary.animals[0].has_box = True
    return image


def reconstruct():
    """The operator with undo, as a button runs it; errors are exceptions here."""
    return bpy.ops.bestiary.reconstruct("EXEC_DEFAULT", True)


def blocks():
    """How many data-blocks of each kind there are."""
    kinds = ("objects", "armatures", "meshes", "cameras", "actions", "collections", "materials", "shape_keys")
    return {kind: len(getattr(bpy.data, kind)) for kind in kinds}


def test_open_photo_makes_the_first_animal_and_opens_a_file_once(photo, photo_file):
    assert photo.bestiary.active().name == "Animal 1"
    bpy.ops.bestiary.open_photo(filepath=str(photo_file))
    assert bpy.context.scene.bestiary.photo == photo and len(photo.bestiary.animals) == 1


def test_open_photo_refuses_what_is_no_picture(addon, tmp_path):
    text = tmp_path / "photo.jpg"
    text.write_text("not a picture")
    for path in (text, tmp_path / "nothing.png"):
        with pytest.raises(RuntimeError, match=path.name):
            bpy.ops.bestiary.open_photo(filepath=str(path))
    assert not bpy.data.images


def test_pixels_are_sent_as_they_look_top_row_first(photo):
    from bestiary.addon.picture import rgb_pixels

    pixels = rgb_pixels(photo)
    assert pixels.shape == (48, 64, 3)
    assert (pixels[:8, :8] == 255).all() and (pixels[8:, 8:] == 64).all()


def test_float_transparent_and_packed_images_are_sent_too(addon):
    from bestiary.addon.picture import rgb_pixels

    linear = bpy.data.images.new("linear", 2, 2, float_buffer=True)
    linear.pixels.foreach_set(np.tile(np.array([0.2140, 0.0, 4.0, 1.0], np.float32), 4))
    assert rgb_pixels(linear)[0, 0].tolist() == [127, 0, 255]
    clear = bpy.data.images.new("clear", 2, 2, alpha=True)
    clear.pixels.foreach_set(np.tile(np.array([1.0, 0.0, 0.0, 0.0], np.float32), 4))
    assert rgb_pixels(clear)[0, 0].tolist() == [128, 128, 128]
    clear.pack()
    assert rgb_pixels(clear).shape == (2, 2, 3)


def test_a_photo_whose_file_has_gone_is_told(photo, photo_file):
    from bestiary.addon.picture import PictureError, rgb_pixels

    photo_file.unlink()
    photo.reload()
    with pytest.raises(PictureError, match="cannot read"):
        rgb_pixels(photo)


def test_mask_must_have_the_photos_size(photo, photo_file, tmp_path):
    bpy.ops.bestiary.open_mask(filepath=str(photo_file))
    assert photo.bestiary.active().mask is not None
    small = bpy.data.images.new("small", 8, 8)
    small.filepath_raw, small.file_format = str(tmp_path / "small.png"), "PNG"
    small.save()
    with pytest.raises(RuntimeError, match="8 x 8 pixels, the photo 64 x 48"):
        bpy.ops.bestiary.open_mask(filepath=str(tmp_path / "small.png"))


def test_lists_of_animals_and_points(photo):
    marks = photo.bestiary
    bpy.ops.bestiary.add_animal()
    assert [a.name for a in marks.animals] == ["Animal 1", "Animal 2"]
    marks.active().set_points({"left_eye": (1.0, 2.0), "nose": (3.0, 4.0)})
    bpy.ops.bestiary.swap_sides()
    assert marks.active().as_dict() == {"right_eye": (1.0, 2.0), "nose": (3.0, 4.0)}
    bpy.ops.bestiary.remove_point()
    assert list(marks.active().as_dict()) == ["nose"]
    bpy.ops.bestiary.clear_points()
    assert not marks.active().points
    bpy.ops.bestiary.clear_box.poll()
    bpy.ops.bestiary.remove_animal()
    assert [a.name for a in marks.animals] == ["Animal 1"] and marks.active().has_box
    bpy.ops.bestiary.clear_box()
    assert not marks.active().has_box


def test_an_animal_is_called_what_it_is_until_it_gets_a_name(photo):
    marks = photo.bestiary
    marks.animals[0].kind = "Fox"
    bpy.ops.bestiary.add_animal()
    assert [a.name for a in marks.animals] == ["Fox", "Fox 2"] and marks.animals[1].kind == "Fox"
    marks.animals[1].kind = "Canid (family)"
    assert marks.animals[1].name == "Canid"
    marks.animals[1].name = "Reynard"
    marks.animals[1].kind = "Wolf"
    assert marks.animals[1].name == "Reynard"


def test_marks_are_saved_with_the_file(photo, tmp_path):
    photo.bestiary.active().set_points({"nose": (5.5, 6.25)})
    photo.bestiary.active().kind = "fox"
    path = str(tmp_path / "marked.blend")
    bpy.ops.wm.save_as_mainfile(filepath=path)
    bpy.ops.wm.read_homefile(use_empty=True)
    bpy.ops.wm.open_mainfile(filepath=path)
    animal = bpy.context.scene.bestiary.photo.bestiary.active()
    assert animal.as_dict() == {"nose": (5.5, 6.25)} and animal.kind == "fox" and animal.has_box


def test_reconstruct_builds_and_one_undo_takes_all_back(addon, server, photo):
    addon.address = server
    photo.bestiary.active().kind = "Fox"
    bpy.ops.bestiary.add_animal()
    photo.bestiary.active().set_points({"nose": (30.0, 20.0)})
    bpy.ops.ed.undo_push(message="before")
    before = blocks()
    assert reconstruct() == {"FINISHED"}
    armatures = [item for item in bpy.data.objects if item.type == "ARMATURE"]
    assert sorted(item.name for item in armatures) == ["Fox", "Fox 2"]
    assert bpy.data.collections["fox walking"].all_objects
    scene = bpy.context.scene
    assert scene.camera is not None and (scene.render.resolution_x, scene.render.resolution_y) == (64, 48)
    assert scene.camera.data.background_images[0].image == photo
    bpy.ops.ed.undo()
    assert blocks() == before
    bpy.ops.ed.redo()
    assert len(bpy.data.armatures) == 2


def test_scene_settings_stay_when_asked(addon, server, photo):
    addon.address = server
    bpy.context.scene.bestiary.match_render = False
    width = bpy.context.scene.render.resolution_x
    assert reconstruct() == {"FINISHED"}
    assert bpy.context.scene.render.resolution_x == width and bpy.context.scene.camera is None


def test_no_server_says_what_to_do(addon, photo):
    from bestiary.addon.session import session

    addon.address = "tcp://127.0.0.1:9"
    with pytest.raises(RuntimeError, match="No Bestiary server answers"):
        reconstruct()
    assert session.no_server and "Server" in session.advice and not bpy.data.armatures


def test_the_engines_refusal_arrives_in_its_own_words(addon, server, photo):
    from bestiary.addon.session import session

    addon.address = server
    photo.bestiary.active().name = "refused"
    with pytest.raises(RuntimeError, match="contradict each other"):
        reconstruct()
    assert session.advice == "Look at left and right."


def test_a_result_of_another_model_is_refused(addon, server, photo):
    addon.address = server
    photo.bestiary.active().name = "other model"
    with pytest.raises(RuntimeError, match=r"Another animal.*Choose the same file"):
        reconstruct()
    assert not bpy.data.armatures


@pytest.mark.parametrize("kind", ["unicorn", "Canid"])
def test_an_unknown_species_is_told_a_family_is_taken(addon, server, photo, kind):
    addon.address = server
    photo.bestiary.active().kind = kind
    if kind == "unicorn":
        with pytest.raises(RuntimeError, match="knows no “unicorn”"):
            reconstruct()
    else:
        assert reconstruct() == {"FINISHED"}


def test_nothing_marked_is_told(addon, server, photo):
    addon.address = server
    bpy.ops.bestiary.clear_box()
    with pytest.raises(RuntimeError, match="neither a box nor points"):
        reconstruct()


def test_offline_is_respected_on_loopback_too(addon, server, photo):
    addon.address = server
    bpy.context.preferences.system.use_online_access = False
    with pytest.raises(RuntimeError, match="Allow Online Access"):
        reconstruct()
    with pytest.raises(RuntimeError, match="Online access"):
        bpy.ops.bestiary.check_server()


def test_a_broken_model_file_is_told(addon, photo, tmp_path):
    broken = tmp_path / "model.npz"
    broken.write_bytes(b"PK nothing")
    addon.model_file = str(broken)
    with pytest.raises(RuntimeError, match="animal model cannot be read"):
        reconstruct()


def test_check_server_tells_what_answers(addon, server):
    from bestiary.addon.session import session

    addon.address = server
    assert bpy.ops.bestiary.check_server() == {"FINISHED"}
    assert "1 of 1 workers ready" in session.server_line
    addon.address = "not an address"
    assert session.server_line == ""
    with pytest.raises(RuntimeError):
        bpy.ops.bestiary.check_server()


def test_start_and_stop_a_server_on_this_machine(addon, photo):
    from bestiary.addon import local_server

    facts = local_server.ask_python(sys.executable)
    if facts.problem():
        pytest.skip(f"this Python cannot run a server: {facts.problem().message}")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        addon.address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
    addon.python, addon.device = sys.executable, "cpu"
    assert bpy.ops.bestiary.start_server() == {"FINISHED"}
    process = local_server.current.process
    assert not bpy.ops.bestiary.start_server.poll()
    assert bpy.ops.bestiary.check_server() == {"FINISHED"}
    assert bpy.ops.bestiary.stop_server() == {"FINISHED"}
    assert process.poll() is not None and local_server.current is None


def test_a_python_without_the_servers_packages_is_told_how_to_get_them(addon, tmp_path):
    bare = tmp_path / "python"
    bare.write_text("#!/bin/sh\necho '[[3, 12], [\"torch\"]]'\n")
    bare.chmod(0o755)
    addon.python, addon.address = str(bare), "tcp://127.0.0.1:9"
    with pytest.raises(RuntimeError, match=r"has no torch.*-m pip install torch"):
        bpy.ops.bestiary.start_server()


def test_a_server_on_another_machine_is_not_started_from_here(addon):
    addon.address = "tcp://10.0.0.5:8755"
    with pytest.raises(RuntimeError, match="another machine"):
        bpy.ops.bestiary.start_server()


def test_keys_are_made_once(addon, tmp_path):
    addon.key_folder = str(tmp_path / "keys")
    assert bpy.ops.bestiary.make_keys() == {"FINISHED"}
    assert (tmp_path / "keys" / "client.secret").stat().st_mode & 0o077 == 0
    with pytest.raises(RuntimeError, match="exists already"):
        bpy.ops.bestiary.make_keys()
    given = tmp_path / "given.public"
    given.write_bytes((tmp_path / "keys" / "client.public").read_bytes())
    assert bpy.ops.bestiary.take_server_key(filepath=str(given)) == {"FINISHED"}
    assert (tmp_path / "keys" / "server.public").is_file()
    given.write_text("no key")
    with pytest.raises(RuntimeError, match="holds no key"):
        bpy.ops.bestiary.take_server_key(filepath=str(given))


def test_every_property_and_operator_has_a_tooltip(addon):
    from bestiary import addon as package

    for cls in package.CLASSES:
        if issubclass(cls, bpy.types.Operator):
            assert cls.__doc__ and cls.bl_label, cls
        for prop in cls.bl_rna.properties if hasattr(cls, "bl_rna") else ():
            own = prop.identifier in getattr(cls, "__annotations__", {})
            if own and not prop.is_hidden:
                assert prop.description, (cls, prop.identifier)


def test_switching_off_while_a_job_runs_stops_it(addon, server, photo):
    import addon_utils

    from bestiary.addon.background import Task
    from bestiary.addon.conversation import Server, reconstruct
    from bestiary.addon.marks import question_of
    from bestiary.addon.models import current_model
    from bestiary.addon.session import session

    photo.bestiary.active().name = "slow"
    question = question_of(photo, current_model())
    session.task = task = Task(lambda p, c: reconstruct(question, Server(server), p, c)).start()
    addon_utils.disable("bestiary")
    assert session.task is None
    assert task.stop(10) and task.drain() and task.outcome.cancelled


def test_loading_another_file_stops_what_runs(addon, server, photo):
    from bestiary.addon.background import Task
    from bestiary.addon.session import session

    session.task = task = Task(lambda _progress, cancel: cancel.wait(30)).start()
    bpy.ops.wm.read_homefile(use_empty=True)
    assert session.task is None and task.stop(0)


def test_registering_twice_in_turn_leaves_nothing_behind(addon):
    import addon_utils

    handlers = len(bpy.app.handlers.load_pre)
    for _ in range(2):
        addon_utils.disable("bestiary")
        assert not hasattr(bpy.types.Scene, "bestiary") and len(bpy.app.handlers.load_pre) == handlers - 1
        addon_utils.enable("bestiary", default_set=True)
    assert len(bpy.app.handlers.load_pre) == handlers
