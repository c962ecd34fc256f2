"""Files of herds: PNG and OpenEXR without libraries, and a folder that never mixes runs or loses what is finished."""

from __future__ import annotations

import errno
import io
import json
import os
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from bestiary.blender_scripts.herd.exr import ExrError, read_exr
from bestiary.blender_scripts.herd.png import encode_png, is_whole_png, write_png
from bestiary.blender_scripts.herd.sources import fingerprints
from bestiary.blender_scripts.herd.store import Store, StoreError, is_full
from bestiary.blender_scripts.herd.truth import FORMAT, depth_steps, normal_colours


@settings(max_examples=60, deadline=None)
@given(st.sampled_from([np.uint8, np.uint16]).flatmap(
    lambda kind: arrays(kind, st.sampled_from([(1, 1), (3, 5), (7, 2), (4, 4, 3), (2, 9, 3)]))))
def test_png_is_read_back_by_pillow(pixels: np.ndarray) -> None:
    from PIL import Image

    data = encode_png(pixels)
    assert data == encode_png(pixels.copy())
    if pixels.ndim == 3 and pixels.dtype == np.uint16:
        return  # Pillow reads 16 bit RGB as 8 bit
    with Image.open(io.BytesIO(data)) as image:
        assert np.array_equal(np.asarray(image).astype(np.int64), pixels.astype(np.int64))


def test_png_refuses_other_arrays(tmp_path: Path) -> None:
    for wrong in (np.zeros((2, 2)), np.zeros((2, 2, 4), np.uint8), np.zeros(4, np.uint8)):
        with pytest.raises(ValueError, match="PNG"):
            write_png(tmp_path / "x.png", wrong)
    assert not list(tmp_path.iterdir())


def test_a_cut_off_png_is_recognised(tmp_path: Path) -> None:
    path = tmp_path / "x.png"
    write_png(path, np.zeros((4, 4), np.uint8))
    assert is_whole_png(path)
    for keep in (0, 5, path.stat().st_size - 1):
        (tmp_path / "cut.png").write_bytes(path.read_bytes()[:keep])
        assert not is_whole_png(tmp_path / "cut.png")
    assert not is_whole_png(tmp_path / "none.png") and not is_whole_png(tmp_path)


# -- OpenEXR ----------------------------------------------------------------------------------------------------------


def exr_bytes(channels: dict[str, np.ndarray], compression: int) -> bytes:
    """A single-part scan line file as the format's description says, written independently of the reader."""
    names = sorted(channels)
    height, width = channels[names[0]].shape
    kinds = {np.dtype("<u4"): 0, np.dtype("<f2"): 1, np.dtype("<f4"): 2}

    def attribute(name: str, kind: str, value: bytes) -> bytes:
        return name.encode() + b"\0" + kind.encode() + b"\0" + struct.pack("<i", len(value)) + value

    listing = b"".join(name.encode() + b"\0" + struct.pack("<iIii", kinds[channels[name].dtype], 0, 1, 1) for name in names) + b"\0"
    window = struct.pack("<4i", 0, 0, width - 1, height - 1)
    header = struct.pack("<II", 20000630, 2) + attribute("channels", "chlist", listing)
    header += attribute("compression", "compression", bytes([compression])) + attribute("dataWindow", "box2i", window) + b"\0"
    rows = {0: 1, 2: 1, 3: 16}[compression]
    blocks = []
    for top in range(0, height, rows):
        raw = b"".join(channels[name][row].tobytes() for row in range(top, min(top + rows, height)) for name in names)
        packed = raw
        if compression:
            shuffled = np.frombuffer(raw[0::2] + raw[1::2], np.uint8).astype(np.int64)
            differences = np.r_[shuffled[:1], (np.diff(shuffled) + 128) % 256].astype(np.uint8).tobytes()
            packed = zlib.compress(differences)
            packed = packed if len(packed) < len(raw) else raw
        blocks.append(struct.pack("<ii", top, len(packed)) + packed)
    start = len(header) + 8 * len(blocks)
    offsets = np.cumsum([start, *map(len, blocks)])[:-1]
    return header + struct.pack(f"<{len(blocks)}Q", *offsets) + b"".join(blocks)


@pytest.mark.parametrize("compression", [0, 2, 3])
def test_exr_gives_every_pass_back(tmp_path: Path, compression: int) -> None:
    rng = np.random.default_rng(0)
    smooth = np.linspace(0, 50, 37 * 21).reshape(37, 21).astype("<f4")
    channels = {"ViewLayer.Depth.Z": smooth, "ViewLayer.Half.X": rng.normal(size=(37, 21)).astype("<f2"),
                "ViewLayer.Object Index.X": rng.integers(0, 9, (37, 21)).astype("<u4")}
    (tmp_path / "x.exr").write_bytes(exr_bytes(channels, compression))
    found = read_exr(tmp_path / "x.exr")
    assert set(found) == set(channels)
    assert all(np.array_equal(found[name], values) for name, values in channels.items())


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 2000), st.binary(min_size=1, max_size=6), st.integers(1, 3000), st.sampled_from([0, 3]))
def test_damaged_exr_is_refused_and_nothing_else(
    tmp_path_factory: pytest.TempPathFactory, at: int, junk: bytes, keep: int, compression: int
) -> None:
    data = exr_bytes({"Z": np.arange(300, dtype="<f4").reshape(20, 15)}, compression)
    at %= len(data)
    broken = (data[:at] + junk + data[at + len(junk):])[: max(keep, 1)]
    path = tmp_path_factory.getbasetemp() / "broken.exr"
    path.write_bytes(broken)
    try:
        found = read_exr(path)
    except ExrError as error:
        assert str(error)
    else:
        assert all(values.ndim == 2 for values in found.values())


# -- truth as pictures ------------------------------------------------------------------------------------------------


def test_depth_is_kept_within_a_thousandth() -> None:
    for reach in (0.5, 3.0, 40.0, 200.0, 3000.0):
        depth = np.linspace(0.2 * reach, reach, 1000).reshape(20, 50)
        depth[0, 0] = np.inf
        steps, metres = depth_steps(depth)
        assert steps[0, 0] == 0 and steps.dtype == np.uint16
        back = steps.astype(float) * metres
        assert np.abs(back / depth - 1)[1:].max() < 2e-3


def test_a_small_animal_far_away_keeps_its_depth() -> None:
    depth, ids = np.full((100, 100), 3.0), np.zeros((100, 100), np.uint8)
    depth[0, :5], ids[0, :5] = 90.0, 1  # less than any percentile looks at
    steps, metres = depth_steps(depth, ids)
    assert abs(float(steps[0, 0]) * metres / 90.0 - 1) < 2e-3


def test_a_mouse_before_mountains_keeps_its_depth() -> None:
    depth = np.full((20, 20), 900.0)
    depth[5:8, 5:8], ids = 0.4 + 0.001 * np.arange(9).reshape(3, 3), np.zeros((20, 20), np.uint8)
    ids[5:8, 5:8] = 1
    steps, metres = depth_steps(depth, ids)
    assert np.abs(steps[5:8, 5:8] * metres / depth[5:8, 5:8] - 1).max() < 1e-3 and steps[0, 0] == 65535
    depth[10:12, 10:12], ids[10:12, 10:12] = 700.0, 2  # and an elephant far behind: both are told
    steps, metres = depth_steps(depth, ids)
    assert abs(steps[10, 10] * metres / 700.0 - 1) < 1e-3 and 0 < steps[5, 5] < 65535


def test_normals_come_back_from_their_colours() -> None:
    rng = np.random.default_rng(0)
    normals = rng.normal(size=(8, 8, 3))
    normals /= np.linalg.norm(normals, axis=-1, keepdims=True)
    normals[0, 0] = 0
    colours = normal_colours(normals)
    assert (colours[0, 0] == 0).all()
    back = 2 * colours.astype(float) / 255 - 1
    assert np.abs(back - normals)[1:].max() < 0.008


# -- the folder -------------------------------------------------------------------------------------------------------


ABOUT = {"format": FORMAT, "options": {"images": 5, "seed": 0, "animals": [1, 8], "assets": ""}, "model_id": "a",
         "sources": {"model": "1f", "assets": None, "backgrounds": None}}


def _parts(store: Store, index: int) -> list[Path]:
    return [store.image(index), *(store.truth(index, what) for what in ("depth", "ids", "normals")),
            *(store.control(index, what) for what in ("canny", "depth"))]


def _finish(store: Store, index: int) -> None:
    for path in _parts(store, index):
        write_png(path, np.zeros((2, 2), np.uint8))
    store.record(index).write_text(json.dumps({"format": FORMAT, "index": index, "meshes": None}))


def test_finished_pictures_are_recognised_and_damaged_records_left_alone(tmp_path: Path) -> None:
    store = Store(tmp_path / "set")
    store.open(ABOUT)
    _finish(store, 3)
    assert store.is_finished(3) and not store.is_finished(4)
    for text in ("", "{", "[]", '{"format": "else"}', '{"format": "bestiary-herd/1", "index": 4}', "[" * 100_000, "9" * 5000):
        store.record(3).write_text(text)
        with pytest.raises(StoreError, match="000003"):
            store.is_finished(3)
        assert store.record(3).read_text() == text


def test_a_picture_that_lost_a_file_is_not_finished(tmp_path: Path) -> None:
    store = Store(tmp_path / "set")
    store.open(ABOUT)
    for path in _parts(store, 2):
        _finish(store, 2)
        assert store.is_finished(2)
        path.write_bytes(path.read_bytes()[:-5])  # cut off
        assert not store.is_finished(2)
        path.unlink()
        assert not store.is_finished(2)
    _finish(store, 2)
    store.record(2).write_text(json.dumps({"format": FORMAT, "index": 2, "meshes": "truth/000002_meshes.npz"}))
    assert not store.is_finished(2)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")
def test_what_is_no_plain_file_is_not_waited_for(tmp_path: Path) -> None:
    store = Store(tmp_path / "set")
    store.open(ABOUT)
    os.mkfifo(store.record(1))
    store.record(2).symlink_to(tmp_path / "gone")
    for index in (1, 2):
        with pytest.raises(StoreError, match="no plain file"):
            store.is_finished(index)
    (tmp_path / "set" / "dataset.json").unlink()
    os.mkfifo(tmp_path / "set" / "dataset.json")
    with pytest.raises(StoreError, match="no plain file"):
        store.open(ABOUT)


@pytest.mark.parametrize("text", [
    "[" * 100_000, "null", '{"format": "bestiary-herd/1"}', '{"format": "bestiary-herd/1", "options": {}}',
    '{"format": "bestiary-herd/1", "options": {"images": "x", "seed": 0}}', '{"format": "bestiary-herd/1", "options": {"images": true}}',
])  # fmt: skip
def test_a_damaged_description_is_said_and_kept(tmp_path: Path, text: str) -> None:
    (tmp_path / "dataset.json").write_text(text)
    with pytest.raises(StoreError, match=r"dataset\.json"):
        Store(tmp_path).open(ABOUT)
    assert (tmp_path / "dataset.json").read_text() == text


def test_messages_about_other_options_stay_short(tmp_path: Path) -> None:
    flood = {f"x{n}" * 500: "y" * 10_000 for n in range(500)}
    (tmp_path / "dataset.json").write_text(json.dumps({"format": FORMAT, "options": {"images": 5, **flood}, "model_id": "a"}))
    with pytest.raises(StoreError) as caught:
        Store(tmp_path).open(ABOUT)
    assert len(str(caught.value)) < 3000


def test_machines_may_have_their_files_elsewhere_but_not_other_files(tmp_path: Path) -> None:
    def about(folder: str, **sources: object) -> dict[str, object]:
        return {**ABOUT, "options": {**ABOUT["options"], "assets": folder}, "sources": {**ABOUT["sources"], **sources}}

    Store(tmp_path).open(about("fauna", assets="77"))
    Store(tmp_path).open(about("animals", assets="77"))
    for other, said in ((about("fauna", assets="78"), "--assets"), (about("fauna", assets="77", backgrounds="5"), "--backgrounds"),
                        (about("fauna", assets="77", model="2f"), "model")):
        with pytest.raises(StoreError, match=said):
            Store(tmp_path).open(other)


def test_fingerprints_are_of_names_and_sizes_wherever_they_lie(tmp_path: Path) -> None:
    from bestiary.blender_scripts.herd.backgrounds import open_backgrounds

    model = tmp_path / "model.npz"
    model.write_bytes(b"model")
    for folder in ("here", "there"):
        for name in ("b.png", "a.png"):
            write_png(tmp_path / folder / name, np.zeros((64, 64), np.uint8))
    (tmp_path / "there" / "notes.txt").write_text("no picture")
    here, there = (fingerprints(model, None, open_backgrounds(tmp_path / name)) for name in ("here", "there"))
    assert here == there and here["assets"] is None
    write_png(tmp_path / "there" / "a.png", np.zeros((64, 96), np.uint8))
    assert fingerprints(model, None, open_backgrounds(tmp_path / "there")) != here
    model.write_bytes(b"other")
    assert fingerprints(model)["model"] != here["model"]


def test_a_folder_of_other_options_is_never_mixed_in(tmp_path: Path) -> None:
    store = Store(tmp_path / "set")
    store.open(ABOUT)
    before = (tmp_path / "set" / "dataset.json").read_bytes()
    with pytest.raises(StoreError, match="seed: 0 there, 1 now"):
        store.open({**ABOUT, "options": {**ABOUT["options"], "seed": 1}})
    with pytest.raises(StoreError, match="model"):
        store.open({**ABOUT, "model_id": "b"})
    assert (tmp_path / "set" / "dataset.json").read_bytes() == before
    store.open({**ABOUT, "options": {**ABOUT["options"], "images": 9}})  # more pictures of the same kind
    assert json.loads((tmp_path / "set" / "dataset.json").read_text())["options"]["images"] == 9
    store.open(ABOUT)  # fewer: nothing is taken away
    assert json.loads((tmp_path / "set" / "dataset.json").read_text())["options"]["images"] == 9
    (tmp_path / "set" / "dataset.json").write_text("{}")
    with pytest.raises(StoreError, match="another --out"):
        store.open(ABOUT)


def test_an_unwritable_folder_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreError, match="cannot be written"):
        Store(tmp_path / "file" / "set").open(ABOUT)


def test_only_this_run_s_drafts_are_taken_away(tmp_path: Path) -> None:
    store = Store(tmp_path / "set")
    store.open(ABOUT)
    mine = [tmp_path / "set" / "images" / ".000002.8e.part.png", tmp_path / "set" / "records" / ".000002.json.0a1b2c.tmp",
            tmp_path / "set" / "truth" / ".000002_render.8e.part.exr"]
    others = [tmp_path / "set" / "images" / name for name in (".000003.8e.part.png", "000002.png", ".notes")]
    fresh = tmp_path / "set" / "images" / ".000002.9f.part.png"  # another process's, at this moment
    for path in (*mine, *others, fresh):
        path.write_bytes(b"")
        if path != fresh:
            os.utime(path, (1e9, 1e9))
    store.clean({2})
    assert fresh.exists()
    assert not any(path.exists() for path in mine) and all(path.exists() for path in others)


def test_a_full_disk_is_said_before_a_picture_is_begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import bestiary.blender_scripts.herd.store as module

    store = Store(tmp_path)
    store.need_space()
    monkeypatch.setattr(module, "LEAST_FREE", 1 << 62)
    with pytest.raises(StoreError, match="full"):
        store.need_space()


def test_a_full_disk_is_told_from_other_errors() -> None:
    full = OSError(errno.ENOSPC, "no space")
    try:
        try:
            raise full
        except OSError as error:
            raise RuntimeError("while writing") from error
    except RuntimeError as error:
        assert is_full(error) and is_full(full)
    assert not is_full(OSError(errno.EACCES, "no")) and not is_full(None)
