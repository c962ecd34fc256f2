"""The glTF reader: an arm whose bending is known by hand, third-party rigs, and broken files."""

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bestiary.animal.gltf import GltfError, read_gltf, to_world
from bestiary.animal.gltf_file import open_gltf


def arm_document() -> tuple[dict[str, Any], bytes]:
    """A stick of three points along Y on two joints; the clip "bend" turns the upper one by 90 degrees."""
    root = np.sqrt(0.5)
    arrays = [
        (np.array([[0, 0, 0], [0, 1, 0], [0, 2, 0]], "<f4"), "VEC3", 5126),
        (np.array([[0, 0, 0, 0], [0, 1, 0, 0], [1, 0, 0, 0]], "u1"), "VEC4", 5121),
        (np.array([[255, 0, 0, 0], [128, 127, 0, 0], [255, 0, 0, 0]], "u1"), "VEC4", 5121),
        (np.array([0, 1, 2], "<u2"), "SCALAR", 5123),
        (np.array([0.0, 2.0], "<f4"), "SCALAR", 5126),
        (np.array([[0, 0, 0, 1], [0, 0, root, root]], "<f4"), "VEC4", 5126),
        # Column by column: the second joint sits at y = 1.
        (np.array([np.eye(4), np.eye(4)], "<f4"), "MAT4", 5126),
    ]
    arrays[6][0][1, 3, 1] = -1.0
    binary, views, accessors = b"", [], []
    for number, (array, kind, code) in enumerate(arrays):
        binary += b"\0" * (-len(binary) % 4)
        views.append({"buffer": 0, "byteOffset": len(binary), "byteLength": array.nbytes})
        accessors.append({"bufferView": number, "componentType": code, "count": len(array), "type": kind})
        binary += array.tobytes()
    accessors[2]["normalized"] = True
    attributes = {"POSITION": 0, "JOINTS_0": 1, "WEIGHTS_0": 2}
    document = {
        "asset": {"version": "2.0"},
        "buffers": [{"byteLength": len(binary)}],
        "bufferViews": views,
        "accessors": accessors,
        "nodes": [
            {"name": "lower", "children": [1]},
            {"name": "upper", "translation": [0, 1, 0]},
            {"name": "body", "mesh": 0, "skin": 0, "translation": [9, 9, 9]},
        ],
        "skins": [{"joints": [0, 1], "inverseBindMatrices": 6}],
        "materials": [{"pbrMetallicRoughness": {"baseColorFactor": [0.2, 0.4, 0.6, 1.0]}}],
        "meshes": [{"primitives": [{"attributes": attributes, "indices": 3, "material": 0}]}],
        "animations": [
            {
                "name": "bend",
                "samplers": [{"input": 4, "output": 5}],
                "channels": [{"sampler": 0, "target": {"node": 1, "path": "rotation"}}],
            }
        ],
    }
    return document, binary


def write_glb(path: Path, document: dict[str, Any], binary: bytes) -> Path:
    text = json.dumps(document).encode()
    text += b" " * (-len(text) % 4)
    binary += b"\0" * (-len(binary) % 4)
    body = (
        struct.pack("<I4s", len(text), b"JSON") + text + struct.pack("<I4s", len(binary), b"BIN\0") + binary
    )
    path.write_bytes(struct.pack("<4sII", b"glTF", 2, 12 + len(body)) + body)
    return path


def test_bent_arm(tmp_path: Path) -> None:
    scene = read_gltf(write_glb(tmp_path / "arm.glb", *arm_document()))
    mesh = scene.skinned_meshes[0]
    assert scene.clips == {"bend": 2.0}
    assert mesh.joint_names == ("lower", "upper")
    assert mesh.joint_parents.tolist() == [-1, 0]
    # The mesh node's own transform is ignored, as the specification says.
    np.testing.assert_allclose(mesh.posed(), [[0, 0, 0], [0, 1, 0], [0, 2, 0]], atol=1e-6)
    np.testing.assert_allclose(mesh.posed("bend", 2.0)[2], [-1, 1, 0], atol=1e-6)
    half = np.sin(np.pi / 4)
    np.testing.assert_allclose(mesh.posed("bend", 1.0)[2], [-half, 1 + half, 0], atol=1e-6)
    np.testing.assert_allclose(mesh.joint_positions("bend", 99.0), [[0, 0, 0], [0, 1, 0]], atol=1e-6)
    np.testing.assert_allclose(mesh.vertex_colours, [[0.2, 0.4, 0.6]] * 3)
    np.testing.assert_allclose(to_world(np.array([1.0, 2.0, 3.0])), [3, 1, 2])


def test_many_times_equal_one_at_a_time(tmp_path: Path) -> None:
    mesh = read_gltf(write_glb(tmp_path / "arm.glb", *arm_document())).skinned_meshes[0]
    times = np.linspace(-1, 3, 9)
    together = mesh.posed("bend", times)
    assert together.shape == (9, 3, 3)
    for time, frame in zip(times, together, strict=True):
        np.testing.assert_allclose(mesh.posed("bend", float(time)), frame)


def test_cubic_and_step_interpolation(tmp_path: Path) -> None:
    document, binary = arm_document()
    sampler = document["animations"][0]["samplers"][0]
    sampler["interpolation"] = "STEP"
    mesh = read_gltf(write_glb(tmp_path / "step.glb", document, binary)).skinned_meshes[0]
    np.testing.assert_allclose(mesh.posed("bend", 1.9)[2], [0, 2, 0], atol=1e-6)
    np.testing.assert_allclose(mesh.posed("bend", 2.0)[2], [-1, 1, 0], atol=1e-6)
    # A cubic spline with zero tangents: value 3t^2 - 2t^3 of the way.
    values = np.zeros((6, 3), "<f4")
    values[1], values[4] = [0, 1, 0], [4, 1, 0]
    binary += b"\0" * (-len(binary) % 4)
    document["bufferViews"].append({"buffer": 0, "byteOffset": len(binary), "byteLength": values.nbytes})
    document["accessors"].append({"bufferView": 7, "componentType": 5126, "count": 6, "type": "VEC3"})
    sampler.update(interpolation="CUBICSPLINE", output=7)
    document["animations"][0]["channels"][0]["target"]["path"] = "translation"
    document["buffers"][0]["byteLength"] = len(binary) + values.nbytes
    mesh = read_gltf(write_glb(tmp_path / "cubic.glb", document, binary + values.tobytes())).skinned_meshes[0]
    np.testing.assert_allclose(mesh.joint_positions("bend", 0.5)[1], [4 * (3 / 16 - 2 / 64), 1, 0], atol=1e-6)


BREAKS = {
    "cycle": (lambda d: d["nodes"][1].update(children=[0]), "cycle"),
    "two parents": (lambda d: d["nodes"][2].update(children=[1]), "two parents"),
    "huge accessor": (lambda d: d["accessors"][0].update(count=2**40), "asks for"),
    "long accessor": (lambda d: d["accessors"][0].update(count=4000), "past the end"),
    "view outside": (lambda d: d["bufferViews"][0].update(byteOffset=10**9), "outside its buffer"),
    "joint outside": (lambda d: d["skins"][0].update(joints=[0]), "names joint"),
    "node outside": (lambda d: d["skins"][0].update(joints=[0, 77]), "not an index into nodes"),
    "no data": (lambda d: d["accessors"][0].pop("bufferView"), "no data"),
    "extension": (lambda d: d.update(extensionsRequired=["KHR_draco_mesh_compression"]), "KHR_draco"),
    "version": (lambda d: d.update(asset={"version": "1.0"}), "only version 2"),
    "escape": (lambda d: d["buffers"][0].update(uri="../../etc/passwd"), "outside the file's own folder"),
    "network": (
        lambda d: d["buffers"][0].update(uri="http://example.org/x"),
        "outside the file's own folder",
    ),
    "missing buffer": (lambda d: d["buffers"][0].update(uri="gone.bin"), "not there"),
    "wrong kinds": (lambda d: d["meshes"][0].update(primitives=[7]), "malformed"),
    "nan node": (lambda d: d["nodes"][0].update(translation=[0, float("nan"), 0]), "finite"),
}


@pytest.mark.parametrize("name", BREAKS)
def test_broken_files_are_refused_with_the_reason(tmp_path: Path, name: str) -> None:
    spoil, message = BREAKS[name]
    document, binary = arm_document()
    spoil(document)
    with pytest.raises(GltfError, match=message):
        read_gltf(write_glb(tmp_path / "broken.glb", document, binary))


@settings(max_examples=150, deadline=None)
@given(place=st.floats(0, 1), byte=st.integers(0, 255), cut=st.floats(0, 1))
def test_damaged_bytes_never_escape_as_another_error(
    tmp_path_factory, place: float, byte: int, cut: float
) -> None:
    path = write_glb(tmp_path_factory.mktemp("glb") / "arm.glb", *arm_document())
    data = bytearray(path.read_bytes())
    data[int(place * (len(data) - 1))] = byte
    path.write_bytes(data[: max(1, int((0.5 + cut) * len(data)))])
    try:
        for mesh in read_gltf(path).skinned_meshes:
            mesh.posed("bend", 1.0)
    except GltfError:
        pass


def test_unknown_clip_lists_the_known(tmp_path: Path) -> None:
    scene = read_gltf(write_glb(tmp_path / "arm.glb", *arm_document()))
    with pytest.raises(GltfError, match="bend"):
        scene.node_matrices("walk", 0.0)


@pytest.mark.data
def test_third_party_rigs_stand_on_the_ground_and_look_forward(shared_data: Path) -> None:
    files = sorted((shared_data / "rigs/quaternius").glob("*.glb"))
    assert files
    for path in files:
        mesh = read_gltf(path).skinned_meshes[0]
        points = to_world(mesh.posed())
        assert abs(points[:, 2].min()) < 0.05 * np.ptp(points[:, 2]), path.name
        head = to_world(mesh.joint_positions())[mesh.joint_names.index("Head")]
        assert head[0] > 0.3, path.name
        left = [
            p
            for n, p in zip(mesh.joint_names, to_world(mesh.joint_positions()), strict=True)
            if n.endswith(".L")
        ]
        assert all(point[1] > 0 for point in left), path.name


@pytest.mark.data
def test_third_party_bind_pose_is_the_stored_mesh(shared_data: Path) -> None:
    """Where the joints stand at their bind matrices, skinning must give the stored vertices back."""
    mesh = read_gltf(shared_data / "rigs/mesh2motion/models-variation_fox-dog.glb").skinned_meshes[0]
    np.testing.assert_allclose(mesh.posed(), mesh.vertices, atol=1e-4)
    assert mesh.texture is not None and mesh.texture[:2] == b"\xff\xd8"


@pytest.mark.data
def test_third_party_clips_move(shared_data: Path) -> None:
    scene = read_gltf(shared_data / "rigs/khronos_fox/Fox.glb")
    assert set(scene.clips) == {"Survey", "Walk", "Run"}
    mesh = scene.skinned_meshes[0]
    frames = mesh.posed("Walk", np.linspace(0, scene.clips["Walk"], 5))
    assert np.isfinite(frames).all() and np.abs(np.diff(frames, axis=0)).max() > 1.0
    # A walk cycle closes.
    np.testing.assert_allclose(frames[0], frames[-1], atol=1.0)
    assert open_gltf(shared_data / "rigs/khronos_fox/Fox.glb").items("images")
