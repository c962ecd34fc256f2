"""Clips, actors and skeletons of the game 0 A.D.: bones move what they should, sides are where they belong, bad files are refused."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bestiary.animal.dds_alpha import DdsError, cut_out, face_alpha, parse_dds_alpha
from bestiary.animal.zeroad import ZeroAdError, ZeroAdMesh, parse_pmd, read_pmd, to_world
from bestiary.animal.zeroad_actor import (
    Actor,
    Skeleton,
    Variant,
    actor_of,
    bone_lengths,
    dress,
    looks_back,
    mirror_name,
    name_bones,
    parse_xml,
    read_xml,
    skeletons_of,
    variant_of,
)
from bestiary.animal.zeroad_clip import ZeroAdClip, parse_psa, read_psa, skin

HALF = np.sqrt(0.5)
UPRIGHT = [0.0, 0.0, 0.0, 1.0]


def psa(bones: int, frames: int, values: np.ndarray | None = None, name: bytes = b"") -> bytes:
    """The bytes of a clip; values (F, B, 7)."""
    if values is None:
        values = np.tile([0.0, 0, 0, *UPRIGHT], (frames, bones, 1))
    body = struct.pack("<I", len(name)) + name + struct.pack("<fII", 1000 / 30, bones, frames)
    body += values.astype("<f4").tobytes()
    return b"PSSA" + struct.pack("<II", 1, len(body)) + body


def two_bones() -> ZeroAdMesh:
    """Three vertices: one of each of two bones, and one that hangs on both."""
    places = np.array([[0.0, 0, 0], [2.0, 0, 0], [1.0, 0, 0]])
    bones = np.array([[0, -1, -1, -1], [1, -1, -1, -1], [0, 1, -1, -1]])
    weights = np.array([[1.0, 0, 0, 0], [1.0, 0, 0, 0], [0.5, 0.5, 0, 0]])
    return ZeroAdMesh(places, np.array([[0, 1, 2]]), bones, weights, np.array([[0.0, 0, 0], [1.0, 0, 0]]),
                      np.array([UPRIGHT, UPRIGHT]), np.zeros((3, 2)))


def test_a_clip_comes_back_as_written() -> None:
    values = np.tile([1.0, 2, 3, 0, 0, 2, 0], (5, 3, 1))  # a rotation that is not of length 1 yet
    clip = parse_psa(psa(3, 5, values, b"trot"))
    assert clip.translations.shape == (5, 3, 3) and clip.frame_ms == pytest.approx(1000 / 30)
    assert np.allclose(clip.translations[4, 2], [1, 2, 3]) and np.allclose(clip.rotations, [0, 0, 1, 0])


def test_bones_carry_their_vertices() -> None:
    mesh = two_bones()
    still = ZeroAdClip(33.3, mesh.translations[None], mesh.rotations[None])
    assert np.allclose(skin(mesh, still, 0), mesh.vertices)
    # The second bone turns by 90 degrees about z and rises by 3; the vertex between goes half way.
    turned = ZeroAdClip(33.3, np.array([[[0.0, 0, 0], [1.0, 3, 0]]]), np.array([[UPRIGHT, [0, 0, HALF, HALF]]]))
    assert np.allclose(skin(mesh, turned, 0), [[0, 0, 0], [1, 4, 0], [1, 1.5, 0]])


def test_a_mesh_without_bones_keeps_its_shape_and_a_clip_of_other_bones_is_refused() -> None:
    mesh = two_bones()
    rigid = ZeroAdMesh(mesh.vertices, mesh.faces, np.full((3, 4), -1), np.zeros((3, 4)), np.zeros((0, 3)), np.zeros((0, 4)), mesh.uv)
    assert np.array_equal(skin(rigid, ZeroAdClip(1.0, np.zeros((1, 0, 3)), np.zeros((1, 0, 4))), 0), rigid.vertices)
    with pytest.raises(ZeroAdError, match="moves 3 bones, the mesh has 2"):
        skin(mesh, parse_psa(psa(3, 1)), 0)


@pytest.mark.parametrize(("data", "why"), [
    (b"PSMD" + bytes(40), "no .psa"), (b"PSSA" + struct.pack("<II", 2, 0), "version 2"), (psa(2, 4)[:-1], "ends within its frames"),
    (b"PSSA" + struct.pack("<IIIfII", 1, 0, 0, 33.3, 200, 2**31), "ends within"), (b"PSSA" + struct.pack("<III", 1, 0, 2**32 - 1), "name"),
    (psa(0, 4), "no clip"), (psa(2, 1, np.zeros((1, 2, 7))), "rotation is zero"), (psa(1, 1, np.full((1, 1, 7), np.nan)), "finite"),
])  # fmt: skip
def test_bad_clips_are_refused_with_the_reason(data: bytes, why: str) -> None:
    with pytest.raises(ZeroAdError, match=why):
        parse_psa(data)


@given(st.binary(max_size=400), st.booleans())
def test_any_bytes_give_a_clip_or_a_reason(data: bytes, begun: bool) -> None:
    data = b"PSSA" + struct.pack("<III", 1, 0, 0) + data if begun else data
    try:
        clip = parse_psa(data)
    except ZeroAdError:
        return
    assert np.isfinite(clip.translations).all() and np.allclose(np.linalg.norm(clip.rotations, axis=-1), 1)


@given(st.integers(0, 300), st.binary(min_size=1, max_size=8))
def test_a_damaged_clip_gives_numbers_or_a_reason(at: int, junk: bytes) -> None:
    data = bytearray(psa(3, 3))
    data[at : at + len(junk)] = junk
    try:
        clip = parse_psa(bytes(data))
    except ZeroAdError:
        return
    assert np.isfinite(clip.translations).all() and np.isfinite(clip.rotations).all()


@pytest.mark.parametrize("text", [
    '<!DOCTYPE a [<!ENTITY b "c">]><actor/>', '<? xml?><!doctype actor SYSTEM "file:///etc/passwd"><actor/>', "<actor>", "",
    '<actor version="1"><group></actor>', "<actor>" + " " * (1 << 20) + "</actor>",
])  # fmt: skip
def test_xml_with_entities_or_damage_or_too_much_of_it_is_refused(text: str) -> None:
    with pytest.raises(ZeroAdError):
        parse_xml(text.encode())


def test_a_document_type_in_another_encoding_is_no_way_around() -> None:
    text = '<?xml version="1.0" encoding="utf-16"?><!DOCTYPE a [<!ENTITY b "c">]><actor>&b;</actor>'
    with pytest.raises(ZeroAdError):
        parse_xml(text.encode("utf-16"))
    with pytest.raises(ZeroAdError):
        parse_xml(text.encode())


@given(st.text(max_size=300))
def test_any_text_is_xml_or_a_reason(text: str) -> None:
    try:
        root = parse_xml(text.encode("utf-8", "surrogatepass"))
    except ZeroAdError:
        return
    if root.tag != "actor":
        with pytest.raises(ZeroAdError, match="not an <actor>"):
            actor_of(root)


def test_skeletons_nested_too_deeply_or_with_too_many_bones_are_refused() -> None:
    deep = "<bone name='b'>" * 150 + "</bone>" * 150
    many = "<bone name='b'/>" * 300
    for bones in (deep, many):
        with pytest.raises(ZeroAdError):
            skeletons_of(parse_xml(f"<skeletons><standard_skeleton id='x'>{bones}</standard_skeleton></skeletons>".encode()))


ACTOR = """<actor version="1">
 <group><variant frequency="1" name="Base"><mesh>a.dae</mesh><animations>
   <animation name="Idle" file="idle_1.dae"/><animation name="idle" file="idle_2.dae"/><animation name="Walk" file="walk.dae"/>
 </animations></variant></group>
 <group><variant frequency="3" name="Red"><textures><texture name="baseTex" file="red.png"/></textures></variant>
        <variant frequency="1" name="Blue"><textures><texture name="baseTex" file="blue.png"/></textures></variant>
        <variant frequency="0" name="Green"><textures><texture name="baseTex" file="green.png"/></textures></variant></group>
 <group><variant frequency="1" name="Normal"/><variant name="Feeding"><animations>
   <animation name="Idle" file="graze.dae"/></animations></variant></group>
 <group><variant frequency="1" file="more.xml"/></group>
 <material>default.xml</material></actor>"""


def test_variants_are_drawn_by_frequency_and_later_groups_replace_earlier_ones() -> None:
    actor = actor_of(parse_xml(ACTOR.encode()))
    base = variant_of(parse_xml(b"<variant><animations><animation name='Run' file='run.dae'/></animations></variant>"))
    known = {"more.xml": base}
    textures = [dress(actor, np.random.default_rng(seed), "", known.get).texture for seed in range(400)]
    assert textures.count("green.png") == 0 and 260 < textures.count("red.png") < 340 and textures.count("blue.png") > 60
    assert textures == [dress(actor, np.random.default_rng(seed), "", known.get).texture for seed in range(400)]
    plain, feeding = (dress(actor, np.random.default_rng(1), state, known.get) for state in ("", "feeding"))
    assert plain.clips == {"idle": ["idle_1.dae", "idle_2.dae"], "walk": ["walk.dae"], "run": ["run.dae"]} and plain.mesh == "a.dae"
    assert feeding.clips["idle"] == ["graze.dae"] and feeding.texture == plain.texture
    only_blue = dress(actor, np.random.default_rng(1), "", {}.get, lambda variant: variant.texture != "red.png")
    assert only_blue.texture == "blue.png" and only_blue.lacking == ["more.xml"]


def test_variant_files_in_a_circle_are_refused() -> None:
    ring = Variant("ring", 1.0, base="ring.xml")
    with pytest.raises(ZeroAdError, match="circle"):
        dress(Actor(((ring,),)), np.random.default_rng(0), "", lambda name: ring)


def test_bones_are_named_for_the_sides_they_are_on() -> None:
    assert [mirror_name(name) for name in ("l_ear", "Leg_Right", "ear.L", "neck", "BackLeg1_R")] == [
        "r_ear", "Leg_Left", "ear.R", "neck", "BackLeg1_L"]  # fmt: skip
    joints = np.array([[0.0, 0, 1], [1.0, 0.3, 1], [1.0, -0.3, 1]])
    right = Skeleton("s", ("body", "leg_l", "leg_r"), (-1, 0, 0))
    assert name_bones([right], joints).names == right.names
    seen_from_before = name_bones([right], joints * [1, -1, 1])
    assert seen_from_before.names == ("body", "leg_r", "leg_l") and seen_from_before.parents == right.parents
    unknown = name_bones([right], np.zeros((5, 3)))
    assert len(unknown.names) == 5 and set(unknown.parents) == {-1}


@given(st.binary(max_size=300))
def test_any_bytes_give_a_mesh_or_a_reason(data: bytes) -> None:
    try:
        mesh = parse_pmd(b"PSMD" + struct.pack("<II", 4, 0) + data)
    except ZeroAdError:
        return
    assert np.isfinite(mesh.vertices).all() and mesh.uv.shape == (len(mesh.vertices), 2)


def dxt5(blocks: list[bytes], width: int, height: int) -> bytes:
    """A DDS file of alpha blocks (8 bytes each) with black colours."""
    header = b"DDS " + struct.pack("<III", 124, 0, height) + struct.pack("<I", width) + bytes(64) + b"DXT5" + bytes(40)
    return header + b"".join(block + bytes(8) for block in blocks)


def test_alpha_comes_out_of_a_texture_and_transparent_faces_are_found() -> None:
    def block(first: int, second: int, codes: list[int]) -> bytes:
        bits = sum(code << 3 * k for k, code in enumerate(codes))
        return bytes([first, second]) + bits.to_bytes(6, "little")

    opaque, clear = block(255, 0, [0] * 16), block(255, 0, [1] * 16)
    alpha = parse_dds_alpha(dxt5([opaque, clear, clear, clear], 8, 8))
    assert alpha is not None and (alpha[:4, :4] == 255).all() and alpha[4:].max() == 0 and alpha[:, 4:].max() == 0
    steps = parse_dds_alpha(dxt5([block(70, 0, list(range(8)) * 2)], 4, 4))
    assert steps is not None and steps[:2].ravel().tolist() == [70, 0, 60, 50, 40, 30, 20, 10]
    ends = parse_dds_alpha(dxt5([block(0, 50, list(range(8)) * 2)], 4, 4))
    assert ends is not None and ends[:2].ravel().tolist() == [0, 50, 10, 20, 30, 40, 0, 255]
    corner = np.array([[0.05, 0.95], [0.4, 0.95], [0.05, 0.6]])  # v is up: the first rows of the picture
    assert face_alpha(alpha, np.stack([corner, corner + [0.5, 0.0], corner - [0.0, 0.5]])).tolist() == [1.0, 0.0, 0.0]
    assert parse_dds_alpha(b"\x89PNG" + bytes(200)) is None
    with pytest.raises(DdsError, match="cut off"):
        parse_dds_alpha(dxt5([opaque], 8, 8))
    with pytest.raises(DdsError, match="limit"):
        parse_dds_alpha(dxt5([opaque], 2**31, 4))


def test_faces_are_cut_along_the_edge_of_what_is_opaque() -> None:
    alpha = np.zeros((64, 64), np.uint8)
    alpha[:, :32] = 255  # the left half
    places = np.array([[0.0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0], [0.4, 0, 0]])
    faces = np.array([[0, 1, 2], [0, 2, 3], [0, 4, 3], [1, 2, 1]])
    uv = places[faces][..., :2] * [0.999, 0.999]
    cut, cut_uv, corners, shares = cut_out(alpha, faces[:3], uv[:3])
    vertices = np.concatenate([places, np.einsum("nk,nkc->nc", shares, places[corners])])
    assert cut.max() < len(vertices) and np.allclose(vertices[cut][..., :2] * 0.999, cut_uv)
    edges = vertices[cut][:, 1:] - vertices[cut][:, :1]
    areas = np.cross(edges[:, 0], edges[:, 1])[:, 2] / 2
    assert (areas > 0).all() and areas.sum() == pytest.approx(0.5 + 0.2, abs=0.04)  # half of the square, all of the small face
    assert vertices[cut][..., 0].max() < 0.63


@pytest.mark.data
def test_every_clip_of_the_game_is_read_and_clips_do_not_stretch_bones(shared_data: Path) -> None:
    folder = shared_data / "rigs" / "zeroad"
    clips = {path.name.split(".")[0]: read_psa(path) for path in sorted((folder / "animations").iterdir())}
    assert len(clips) == 161
    for mesh_name, clip_name, skeleton_file in (
        ("deer_mesh", "deer_walk_01", "deer"), ("wolf", "wolf_run", "wolf"), ("animal_boar", "animal_boar_run_01", "boar"),
        ("bear", "bear_walk", "ursidae_armature"),
    ):
        mesh, clip = read_pmd(folder / "meshes" / f"{mesh_name}.dae.cached.pmd"), clips[clip_name]
        skeleton = name_bones(skeletons_of(read_xml(folder / "skeletons" / f"{skeleton_file}.xml")), to_world(mesh.translations))
        own = bone_lengths(mesh.translations, skeleton.parents)
        kept = bone_lengths(clip.translations, skeleton.parents)
        assert np.median(np.abs(kept - own) / np.maximum(own, 0.02)) < 0.01
        edges = np.concatenate([mesh.faces[:, :2], mesh.faces[:, 1:]])
        for frame in (0, len(clip.translations) // 2):
            posed = skin(mesh, clip, frame)
            length = [np.linalg.norm(v[edges[:, 0]] - v[edges[:, 1]], axis=1) for v in (mesh.vertices, posed)]
            assert 0.9 < np.median(length[1] / np.maximum(length[0], 1e-9)) < 1.1


@pytest.mark.data
def test_the_games_animals_face_x_with_their_left_at_y_and_their_faces_outward(shared_data: Path) -> None:
    folder = shared_data / "rigs" / "zeroad"
    skeletons = [s for path in sorted((folder / "skeletons").iterdir()) for s in skeletons_of(read_xml(path))]
    as_named, exchanged = set(), set()
    for path in sorted((folder / "meshes").iterdir()):
        mesh = read_pmd(path)
        corners = to_world(mesh.vertices)[mesh.faces]
        assert np.einsum("ij,ij->", corners[:, 0], np.cross(corners[:, 1], corners[:, 2])) > 0, path.name
        joints = to_world(mesh.translations)
        if any(len(skeleton.names) == len(joints) for skeleton in skeletons):
            found = name_bones(skeletons, joints)
            assert looks_back(found.names, joints) == path.name.startswith("sheep"), path.name
            artist = next(skeleton for skeleton in skeletons if skeleton.name == found.name and len(skeleton.names) == len(joints))
            (as_named if found.names == artist.names else exchanged).add(found.name)
    # The artists' own names say so: y is left for all skeletons but the cattle's, whose sides are a viewer's.
    assert exchanged == {"Bovidae_Skeleton"} and len(as_named) >= 11
