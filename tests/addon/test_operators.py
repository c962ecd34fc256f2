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


def test_a_turned_photo_that_is_opened_again_keeps_its_marks(addon, tmp_path):
    image = bpy.data.images.new("stored", 64, 48)
    image.filepath_raw, image.file_format = str(tmp_path / "phone.jpg"), "JPEG"
    image.save()
    bpy.data.images.remove(image)
    data = (tmp_path / "phone.jpg").read_bytes()
    note = b"Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"
    (tmp_path / "phone.jpg").write_bytes(data[:2] + b"\xff\xe1" + (len(note) + 2).to_bytes(2, "big") + note + data[2:])

    bpy.ops.bestiary.open_photo(filepath=str(tmp_path / "phone.jpg"))
    photo = bpy.context.scene.bestiary.photo
    assert tuple(photo.size) == (48, 64)
    photo.bestiary.active().set_points({"nose": (5.0, 6.0)})
    bpy.ops.bestiary.open_photo(filepath=str(tmp_path / "phone.jpg"))
    assert bpy.context.scene.bestiary.photo == photo and len(bpy.data.images) == 1
    assert photo.bestiary.active().as_dict() == {"nose": (5.0, 6.0)}


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


HOSTILE = {
    "deep.json": b'{"a":' * 200_000,
    "short.npz": b"PK\x03\x04" + bytes(40),
    "short.npy.npz": b"\x93NUMPY\x01\x00\xff\xff",
    "stack.pkl": b"\x80\x02.",
    "memo.pkl": b"\x80\x02h\x07.",
    "mark.pkl": b"\x80\x02tR.",
    "deep.pkl": b"\x80\x02" + b"(" * 100_000 + b"t" * 100_000 + b".",
    "nothing.pkl": b"",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_model_file_is_told_and_never_breaks_the_search(addon, photo, tmp_path, name):
    from bestiary.addon.models import ModelUnavailable, current_model
    from bestiary.addon.panels import kind_problem
    from bestiary.addon.properties import search_kinds

    (tmp_path / name).write_bytes(HOSTILE[name])
    addon.model_file = str(tmp_path / name)
    assert search_kinds(None, None, "fox") == []
    assert "cannot be read" in kind_problem("Fox")
    with pytest.raises(ModelUnavailable, match="cannot be read"):
        current_model(addon.model_path)


def test_whatever_a_models_reader_raises_is_told(addon, monkeypatch):
    from bestiary.addon import models
    from bestiary.addon.panels import kind_problem
    from bestiary.addon.properties import search_kinds

    def hostile(_path):
        raise RecursionError("\udc80" + "x" * 10_000)

    monkeypatch.setattr(models, "_read", hostile)
    models.forget()
    assert search_kinds(None, None, "") == []
    problem = kind_problem("")
    assert "the file is damaged (RecursionError: ?xxx" in problem and len(problem) < 600
    problem.encode("utf-8")


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


@pytest.fixture
def plan(tmp_path):
    """For a server at an address where nothing answers, with a Python still to be found."""
    from bestiary.addon.conversation import Server
    from bestiary.addon.operators.start_server import Plan

    return Plan(Server("tcp://127.0.0.1:9"), ["serve", "--no-such-option"], tmp_path / "server.log")


def test_a_python_is_looked_for_beside_blender_and_that_can_be_cancelled(plan, tmp_path, monkeypatch):
    from bestiary.addon import local_server
    from bestiary.addon.background import Task
    from bestiary.addon.operators.start_server import start_and_wait

    slow = tmp_path / "python"
    slow.write_text(f"#!/bin/sh\ntouch '{tmp_path}/asked'\nsleep 1\necho '[[3, 12], [\"torch\"]]'\n")
    slow.chmod(0o755)
    after = tmp_path / "after"
    after.write_text(f"#!/bin/sh\ntouch '{tmp_path}/asked after'\necho '[[3, 12], []]'\n")
    after.chmod(0o755)
    monkeypatch.setattr(local_server, "likely_pythons", lambda: [str(slow), str(after)])
    task = Task(lambda progress, cancel: start_and_wait(plan, progress, cancel)).start()
    while not (tmp_path / "asked").exists() and task.outcome is None:
        task.drain()
    task.drain()
    assert task.outcome is None and task.stage == "Looking for a Python…"
    assert task.stop(30) and task.drain() and task.outcome.cancelled
    assert not (tmp_path / "asked after").exists() and local_server.current is None and plan.python == ""


def test_the_python_that_was_found_is_kept_though_the_server_ends(plan, monkeypatch):
    from bestiary.addon import local_server
    from bestiary.addon.local_server import ServerProblem
    from bestiary.addon.operators.start_server import start_and_wait

    if local_server.ask_python(sys.executable).problem():
        pytest.skip("this Python cannot run a server")
    monkeypatch.setattr(local_server, "likely_pythons", lambda: [sys.executable])
    try:
        with pytest.raises(ServerProblem, match="has ended"):
            start_and_wait(plan, lambda fraction, stage: None, None)
        assert plan.python == sys.executable
    finally:
        local_server.stop_current()


def test_a_server_that_was_cancelled_before_its_start_never_starts(tmp_path):
    import threading

    from bestiary.addon import local_server

    cancel = threading.Event()
    cancel.set()
    server = local_server.LocalServer(sys.executable, ["serve"], tmp_path / "server.log")
    assert not local_server.start_current(server, cancel)
    assert server.process is None and local_server.current is None


def test_a_server_that_answers_already_is_not_started_again(addon, server):
    from bestiary.addon.session import session

    addon.address = server
    with pytest.raises(RuntimeError, match=r"answers at .* already"):
        bpy.ops.bestiary.start_server()
    assert "workers ready" in session.server_line


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
