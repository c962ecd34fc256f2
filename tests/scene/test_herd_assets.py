"""Third-party animals and the user's own backgrounds: what can be used is used, what cannot says why, and nothing leaves the pack."""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bestiary.blender_scripts.herd.assets import AssetError, PosedAsset, open_pack
from bestiary.blender_scripts.herd.backgrounds import BackgroundError, open_backgrounds, picture_size
from bestiary.blender_scripts.herd.plan import Terrain, Tilt

ACTOR = """<actor version="1"><group><variant frequency="1" name="Base"><mesh>skeletal/{mesh}</mesh>
<animations>{clips}</animations><textures><texture name="baseTex" file="skeletal/{texture}"/></textures></variant></group></actor>"""
CLIP = '<animation name="{}" file="quadraped/{}"/>'


def png(width: int, height: int) -> bytes:
    """A whole grey PNG."""
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = b"".join(b"\0" + bytes([90]) * width for _ in range(height))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def jpeg(width: int, height: int, colours: int = 3, end: bytes = b"\xff\xd9") -> bytes:
    """The headers of a JPEG, as cameras write them, and its end."""
    note = b"\xff\xe1" + struct.pack(">H", 2 + 6) + b"Exif\0\0"
    frame = b"\xff\xc0" + struct.pack(">HBHHB", 8 + 3 * colours, 8, height, width, colours) + b"\1\x11\0" * colours
    return b"\xff\xd8" + note + frame + b"\xff\xda" + bytes(200) + end


def box_mesh() -> bytes:
    """A .pmd of a box with four legs' worth of extent: one bone, two UV seams that split vertices."""
    corners = np.array([[x, y, z] for x in (-0.5, 0.5) for y in (0.0, 2.0) for z in (-2.0, 2.0)], float)
    faces = np.array([[0, 1, 3], [0, 3, 2], [4, 6, 7], [4, 7, 5], [0, 4, 5], [0, 5, 1], [2, 3, 7], [2, 7, 6], [0, 2, 6], [0, 6, 4],
                      [1, 5, 7], [1, 7, 3]])  # fmt: skip
    split = corners[faces.ravel()]  # a vertex of its own for every corner, as along a seam
    rows = b"".join(
        struct.pack("<3f3f2f4B4f", *place, 0, 1, 0, 0.25, 0.75, 0, 255, 255, 255, 1, 0, 0, 0) for place in split)
    body = struct.pack("<II", len(split), 1) + rows + struct.pack("<I", 12) + np.arange(36, dtype="<u2").tobytes()
    body += struct.pack("<I7f", 1, 0, 1, 0, 0, 0, 0, 1)
    return b"PSMD" + struct.pack("<II", 4, len(body)) + body


def clip(*heights: float) -> bytes:
    """A .psa of one bone that rises to a height in each frame."""
    body = struct.pack("<IfII", 0, 33.3, 1, len(heights))
    body += b"".join(struct.pack("<7f", 0, height, 0, 0, 0, 0, 1) for height in heights)
    return b"PSSA" + struct.pack("<II", 1, len(body)) + body


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    """A pack with a usable wolf, and others that lack something."""
    root = tmp_path / "game"
    for name in ("actors", "meshes", "animations", "textures", "skeletons"):
        (root / name).mkdir(parents=True)
    (root / "meshes" / "box.dae.cached.pmd").write_bytes(box_mesh())
    (root / "animations" / "walk.dae.cached.psa").write_bytes(clip(1.0, 2.0, 3.0))
    (root / "animations" / "idle.dae.cached.psa").write_bytes(clip(1.0))
    (root / "textures" / "fur.png").write_bytes(png(8, 8))
    both = CLIP.format("Walk", "walk.dae") + CLIP.format("Idle", "idle.dae")
    actors = {
        "fauna_wolf2": ACTOR.format(mesh="box.dae", clips=both, texture="fur.png"),
        "no_texture": ACTOR.format(mesh="box.dae", clips=both, texture="gone.png"),
        "no_mesh": ACTOR.format(mesh="gone.dae", clips=both, texture="fur.png"),
        "no_clip": ACTOR.format(mesh="box.dae", clips=CLIP.format("Walk", "gone.dae"), texture="fur.png"),
        "outside": ACTOR.format(mesh="../../box.dae", clips=both, texture="fur.png"),
        "entities": '<!DOCTYPE a [<!ENTITY b "c">]>' + ACTOR.format(mesh="box.dae", clips=both, texture="fur.png"),
    }
    for name, text in actors.items():
        (root / "actors" / f"{name}.xml").write_text(text)
    return root


def test_what_a_pack_lacks_is_named_and_the_rest_is_used(pack: Path) -> None:
    assets = open_pack(pack)
    assert assets.names == ("game/fauna_wolf2",)
    for name, why in (("no_texture", "gone.png is missing"), ("no_mesh", "gone.dae is missing"), ("outside", "no path within a pack"),
                      ("entities", "entities"), ("no_clip", "no clip of it is in the pack (quadraped/gone.dae)")):  # fmt: skip
        assert why in assets.unusable[f"game/{name}"]
        with pytest.raises(ValueError, match=f"game/{name} cannot be used"):
            assets.draw(np.random.default_rng(0), f"game/{name}")
    with pytest.raises(AssetError, match="no animal game/cat; it has game/fauna_wolf2"):
        assets.draw(np.random.default_rng(0), "game/cat")
    (pack / "animations" / "idle.dae.cached.psa").unlink()
    (pack / "animations" / "walk.dae.cached.psa").unlink()
    with pytest.raises(AssetError, match=r"can be used .*no clip of it is in the pack \(quadraped/idle.dae, quadraped/walk.dae\)"):
        open_pack(pack)


def test_a_damaged_file_is_named_whenever_it_is_found(pack: Path) -> None:
    (pack / "actors" / "no_clip.xml").unlink()  # or the clips are read at once, to see whether they would serve it
    assets = open_pack(pack)
    for name in ("walk", "idle"):
        (pack / "animations" / f"{name}.dae.cached.psa").write_bytes(clip(1.0, 2.0)[:-9])
    with pytest.raises(AssetError, match=r"fauna_wolf2: (walk|idle)\.dae\.cached\.psa: the file ends within its frames"):
        assets.draw(np.random.default_rng(0), "game/fauna_wolf2")
    (pack / "meshes" / "box.dae.cached.pmd").write_bytes(box_mesh()[:300])
    with pytest.raises(AssetError, match=r"fauna_wolf2: box\.dae\.cached\.pmd: the file ends"):
        open_pack(pack)


def test_links_out_of_a_pack_are_not_followed(pack: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret.png"
    secret.write_bytes(png(8, 8))
    (pack / "textures" / "gone.png").symlink_to(secret)
    assert "game/no_texture" in open_pack(pack).unusable


def test_other_folders_say_which_layouts_are_known(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"no way that is known. Known layouts: 0 A\.D\."):
        open_pack(tmp_path)
    with pytest.raises(ValueError, match="is no folder"):
        open_pack(tmp_path / "none")


def test_an_animal_is_as_large_as_life_does_what_is_asked_and_is_the_same_for_the_same_seed(pack: Path) -> None:
    assets = open_pack(pack)
    wolf = assets.draw(np.random.default_rng(3), "game/fauna_wolf2", size=1.0)
    assert wolf.species == "wolf" and wolf.shoulder_m == pytest.approx(0.78) and np.ptp(wolf.vertices[:, 2]) == pytest.approx(0.78)
    assert wolf.vertices[:, 2].min() == 0 and np.ptp(wolf.vertices[:, 0]) == pytest.approx(2 * 0.78)
    assert len(wolf.vertices) == 8 and wolf.uv is not None and wolf.uv.shape == (12, 3, 2)  # whole again across the seams
    assert assets.draw(np.random.default_rng(0), shoulder_m=2.0, name="game/fauna_wolf2").shoulder_m == 2.0
    walks = [assets.draw(np.random.default_rng(seed), "game/fauna_wolf2", doing="walk") for seed in range(20)]
    assert {walk.doing for walk in walks} == {"walk"} and {walk.clip for walk in walks} == {"walk:0", "walk:1", "walk:2"}
    with pytest.raises(AssetError, match="no clip in which it does 'swim', only stand, walk"):
        assets.draw(np.random.default_rng(0), "game/fauna_wolf2", doing="swim")
    for seed in range(5):
        one, two = (open_pack(pack).draw(np.random.default_rng(seed)) for _ in range(2))
        assert one.asset in assets.names
        assert one.clip == two.clip and np.array_equal(one.vertices, two.vertices)


def a_body(seed: int) -> PosedAsset:
    """Legs and a trunk as points, no pack needed."""
    rng = np.random.default_rng(seed)
    feet = np.array([[x, y, 0.0] for x in (-0.5, 0.5) for y in (-0.15, 0.15)])
    trunk = rng.uniform([-0.6, -0.2, 0.6], [0.6, 0.2, 1.0], (40, 3))
    points = np.concatenate([feet, trunk])
    return PosedAsset("a/b", "b", points, np.array([[0, 1, 2]], np.int32), None, None, feet[:1], ("foot",), (-1,), "stand", "x:0", 1.0)


@given(st.integers(0, 1000), st.floats(-3.2, 3.2), st.floats(-0.3, 0.3), st.floats(-0.3, 0.3))
def test_feet_are_on_the_ground_however_it_leans(seed: int, yaw: float, east: float, north: float) -> None:
    terrain = Terrain(seed, 0.03, 8.0, (Tilt((3.0, -2.0), (east, north), 4.0),))
    body = a_body(seed)
    placed = body.place(terrain, (3.2, -1.7), yaw)
    above = placed.vertices[:, 2] - terrain.height(placed.vertices[:, :2])
    assert above.min() == pytest.approx(-0.006, abs=5e-4) and above[:4].max() < 0.05
    assert np.array_equal(placed.vertices, placed.vertices.astype(np.float32))
    size = [np.linalg.norm(points[:, None] - points[None], axis=-1) for points in (body.vertices, placed.vertices)]
    assert np.abs(size[0] - size[1]).max() < 5e-5  # it is turned and moved, never bent or mirrored
    assert np.allclose(placed.joints[0], placed.vertices[0], atol=1e-5)
    ahead = placed.vertices[2:4].mean(axis=0) - placed.vertices[:2].mean(axis=0)
    assert np.cos(np.arctan2(ahead[1], ahead[0]) - yaw) > 0.99
    left = placed.vertices[1] - placed.vertices[0]
    assert np.cross(ahead, left)[2] > 0


# -- backgrounds --------------------------------------------------------------------------------------------------------


def test_backgrounds_are_the_usable_pictures_and_a_choice_depends_on_names_alone(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    for folder in (one, two):
        folder.mkdir()
        for name, data in (("b.png", png(80, 70)), ("a.JPG", jpeg(640, 480)), ("note.txt", b"x"), ("cut.png", png(90, 90)[:-6]),
                           ("cut.jpg", jpeg(640, 480, end=b"")), ("cmyk.jpeg", jpeg(640, 480, 4)), ("tiny.png", png(8, 8)),
                           ("page.png", b"<html>"), ("huge.jpg", jpeg(60000, 60000))):  # fmt: skip
            (folder / name).write_bytes(data)
    found, again = open_backgrounds(one), open_backgrounds(two)
    assert [(picture.path.name, picture.width, picture.height) for picture in found.pictures] == [("a.JPG", 640, 480), ("b.png", 80, 70)]
    assert set(found.refused) == {"cut.png", "cut.jpg", "cmyk.jpeg", "tiny.png", "page.png", "huge.jpg"}
    assert "cut off" in found.refused["cut.jpg"] and "4 channels" in found.refused["cmyk.jpeg"]
    chosen = [[pictures.choose(np.random.default_rng(seed)).path.name for seed in range(20)] for pictures in (found, again)]
    assert chosen[0] == chosen[1] and set(chosen[0]) == {"a.JPG", "b.png"}


def test_a_folder_without_pictures_is_an_error_that_says_why(tmp_path: Path) -> None:
    with pytest.raises(BackgroundError, match="PNG and JPEG files are looked for"):
        open_backgrounds(tmp_path)
    (tmp_path / "page.png").write_bytes(b"<html>")
    with pytest.raises(BackgroundError, match=r"page.png: neither PNG nor JPEG"):
        open_backgrounds(tmp_path)
    with pytest.raises(BackgroundError, match="no folder"):
        open_backgrounds(tmp_path / "none")


@given(st.binary(max_size=300), st.sampled_from([b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"]))
def test_any_bytes_are_a_picture_or_a_reason(tmp_path_factory: pytest.TempPathFactory, data: bytes, start: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any.png"
    path.write_bytes(start + data)
    try:
        width, height = picture_size(path)
    except BackgroundError:
        return
    assert 64 <= width <= 16384 and 64 <= height <= 16384


# -- in Blender ---------------------------------------------------------------------------------------------------------


@pytest.mark.blender
def test_blender_holds_the_vertices_to_the_bit_and_a_missing_texture_leaves_nothing(
    blender: Any, pack: Path, world_vertices: Callable[[Any], np.ndarray]
) -> None:
    from bestiary.blender_scripts.herd.asset_mesh import new_asset_mesh

    animal = open_pack(pack).draw(np.random.default_rng(1), "game/fauna_wolf2").place(Terrain(2, 0.1, 5.0), (30.0, -12.0), 1.0)
    item = new_asset_mesh(blender.context.scene, animal)
    assert np.array_equal(world_vertices(item), animal.vertices) and len(item.data.polygons) == 12
    assert all(polygon.use_smooth for polygon in item.data.polygons)
    assert tuple(item.data.uv_layers[0].data[0].uv) == (0.25, 0.75)
    image = next(node.image for node in item.active_material.node_tree.nodes if node.type == "TEX_IMAGE")
    assert Path(image.filepath) == pack / "textures" / "fur.png"
    before = {name: len(getattr(blender.data, name)) for name in ("meshes", "objects", "materials", "images")}
    (pack / "textures" / "fur.png").write_bytes(b"no picture")
    image.user_clear()
    blender.data.images.remove(image)
    with pytest.raises(ValueError, match=r"fur\.png"):
        new_asset_mesh(blender.context.scene, animal)
    os.unlink(pack / "textures" / "fur.png")
    with pytest.raises(ValueError, match=r"fur\.png is missing"):
        new_asset_mesh(blender.context.scene, animal)
    after = {name: len(getattr(blender.data, name)) for name in before}
    assert after == {**before, "images": before["images"] - 1}


@pytest.mark.data
def test_the_games_animals_are_as_large_as_life_and_stand_upright(shared_data: Path) -> None:
    assets = open_pack(shared_data / "rigs" / "zeroad")
    assert len(assets.names) == 31 and "zeroad/deer" in assets.names and "LICENSE.txt" in assets.licences
    assert "variants/quadraped/horse/brown.xml" in assets.unusable["zeroad/horse_brown"]
    lengths = {"deer": (1.2, 1.7), "cow": (2.0, 2.7), "wolf": (1.1, 1.6), "fox_red": (0.7, 1.1), "lion": (1.8, 3.0), "piglet": (0.4, 0.8)}
    for name, (least, most) in lengths.items():
        animal = assets.draw(np.random.default_rng(0), f"zeroad/{name}", size=1.0, doing="walk")
        assert least < np.ptp(animal.vertices[:, 0]) < most, name
        corners = animal.vertices[animal.faces]
        assert np.einsum("ij,ij->", corners[:, 0], np.cross(corners[:, 1], corners[:, 2])) > 0
        heads = [k for k, joint in enumerate(animal.joint_names) if "head" in joint.lower() or "neck" in joint.lower()]
        assert animal.joints[heads, 0].mean() > np.median(animal.vertices[:, 0])
    done = {assets.draw(np.random.default_rng(seed), "zeroad/wolf").doing for seed in range(60)}
    assert {"stand", "walk", "run", "lie"} <= done and "die" not in done


@pytest.mark.blender
@pytest.mark.data
def test_a_picture_shows_the_texture_of_an_animal_of_the_game(blender: Any, shared_data: Path, tmp_path: Path) -> None:
    from bestiary.animal.cameras import Camera
    from bestiary.animal.rasterise import rasterise
    from bestiary.blender_scripts.herd.asset_mesh import new_asset_mesh

    animal = open_pack(shared_data / "rigs" / "zeroad").draw(np.random.default_rng(0), "zeroad/tiger", doing="walk")
    animal = animal.place(Terrain(0, 0.0, 5.0), (0.0, 0.0), 0.3)
    blender.ops.wm.read_factory_settings(use_empty=True)
    scene = blender.context.scene
    new_asset_mesh(scene, animal)
    middle = animal.vertices.mean(axis=0)
    camera = Camera.look_at(middle + [0.3, 4.0, 0.4], middle, 96 / 36 * 50, 96, 96)
    eye = blender.data.objects.new("eye", blender.data.cameras.new("eye"))
    eye.data.lens = 50
    eye.matrix_world = camera.matrix_world().T.tolist()
    scene.collection.objects.link(eye)
    scene.camera = eye
    lamp = blender.data.objects.new("sun", blender.data.lights.new("sun", "SUN"))
    lamp.data.energy, lamp.rotation_euler = 4.0, (-0.9, 0.0, 0.0)
    scene.collection.objects.link(lamp)
    scene.render.engine, scene.cycles.samples, scene.cycles.use_denoising = "CYCLES", 8, False
    scene.render.resolution_x = scene.render.resolution_y = 96
    scene.render.film_transparent = True
    scene.view_settings.view_transform = "Standard"
    scene.render.filepath = str(tmp_path / "tiger.png")
    blender.ops.render.render(write_still=True)
    image = blender.data.images.load(scene.render.filepath)
    pixels = np.array(image.pixels[:]).reshape(96, 96, 4)[::-1]
    seen = pixels[..., 3] > 0.5
    mask = rasterise(camera.to_camera(animal.vertices), animal.faces, camera.K, 96, 96).silhouette
    assert (seen & mask).sum() / (seen | mask).sum() > 0.95
    red, _, blue = pixels[seen][:, :3].mean(axis=0)
    assert red > 1.3 * blue and pixels[seen][:, 0].std() > 0.1  # orange, with stripes
