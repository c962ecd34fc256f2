"""HDF5 files of tracks, laid out as SLEAP and DeepLabCut (pandas, PyTables) write them, and hostile ones."""

from __future__ import annotations

import json
import os
import pickle
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bestiary.animal.track_files import Reading, TrackFile
from bestiary.animal.tracks import TracksError
from bestiary.server.data.tracks_h5 import read_any

NODES = ["snout", "earL", "earR", "spine", "tail"]
EDGES = [[0, 1], [0, 2], [0, 3], [3, 4]]


def refused(path: Path, words: str) -> TracksError:
    with pytest.raises(TracksError, match=words) as caught:
        read_any(path)
    assert caught.value.message.endswith(".") and caught.value.advice
    return caught.value


# --- SLEAP ------------------------------------------------------------------------------------------------------------


def sleap_arrays() -> dict[str, np.ndarray]:
    """(frame, track, node, xy) of two animals in six frames; the second is not in frame 0."""
    frames, nodes = np.meshgrid(np.arange(6), np.arange(5), indexing="ij")
    first = np.stack([10.0 * nodes + frames + 1, 5.0 * nodes + 1], axis=-1)
    tracks = np.stack([first, first + 100], axis=1)
    tracks[0, 1] = np.nan
    tracks[3, 0, 4] = np.nan
    scores = np.full((6, 2, 5), 0.75)
    scores[2] = np.nan
    return {"tracks": tracks, "point_scores": scores}


def write_sleap(path: Path, order: str = "matlab", **change: Any) -> Path:
    """`order`: matlab (SLEAP's own: tracks, xy, nodes, frames), standard (sleap-io's, which names its axes), or old."""
    axes = {"matlab": (1, 3, 2, 0), "standard": (0, 1, 2, 3), "old": (0, 2, 3, 1)}[order]
    arrays = sleap_arrays()
    kept = [axis for axis in axes if axis != 3]
    with h5py.File(path, "w") as file:
        values: dict[str, Any] = {
            "tracks": arrays["tracks"].transpose(axes),
            "point_scores": arrays["point_scores"].transpose(kept),
            "track_names": np.array([b"mouse a", b"mouse b"]),
            "node_names": np.array([name.encode() for name in NODES]),
            "edge_inds": np.array(EDGES),
            "track_occupancy": np.ones((6, 2), np.uint8),
            "video_path": "clip.mp4",
            **change,
        }
        for name, value in values.items():
            if value is not None:
                packed = (
                    {"compression": "gzip"}
                    if isinstance(value, np.ndarray) and value.dtype.kind == "f" and value.size
                    else {}
                )
                file.create_dataset(name, data=value, **packed)
        if order == "standard":
            words = ("frame", "track", "node", "xy")
            file["tracks"].attrs["dims"] = json.dumps([words[axis] for axis in axes])
        if order == "old":
            file.attrs["transpose"] = False
    return path


@pytest.mark.parametrize("order", ["matlab", "standard", "old"])
def test_sleap_in_every_order_of_axes(tmp_path: Path, order: str) -> None:
    found = read_any(write_sleap(tmp_path / "s.h5", order), Reading(fps=40))
    assert found.kind == "SLEAP analysis" and [tracks.label for tracks in found.tracks] == ["mouse a", "mouse b"]
    one, two = found.tracks
    assert one.points[1, 2].tolist() == [22, 11] and two.points[0, 2].tolist() == [122, 111]
    assert len(one) == 6 and len(two) == 5 and np.asarray(two.frame_numbers)[0] == 1
    assert not one.seen[3, 4] and one.seen[3, :4].all()
    sure = np.asarray(one.confidence)
    assert sure[1, 0] == 0.75 and sure[2, 0] == 1.0, "a point that was set by hand has no score"
    assert one.fps == 40 and not any("assumed" in note for note in found.notes)


def test_sleaps_own_bones_are_kept(tmp_path: Path) -> None:
    for edges in (np.array(EDGES), np.array(EDGES).T):
        skeleton = read_any(write_sleap(tmp_path / "s.h5", edge_inds=edges)).tracks[0].skeleton
        assert {frozenset(bone) for bone in skeleton.bones.tolist()} == {frozenset(edge) for edge in EDGES}
    for edges in (None, np.array([[0, 9]]), np.zeros((0, 2), int), np.array([[0.5, 1.5]])):
        assert len(read_any(write_sleap(tmp_path / "s.h5", edge_inds=edges)).tracks[0].skeleton) == 5


def test_sleap_without_names_and_scores(tmp_path: Path) -> None:
    found = read_any(write_sleap(tmp_path / "s.h5", track_names=None, point_scores=None))
    assert len(found.tracks) == 2 and np.asarray(found.tracks[0].confidence)[0, 0] == 1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"node_names": np.array([b"a", b"b"])}, "does not fit 2 nodes"),
        ({"node_names": np.array([b"a"] * 600)}, "600 nodes; 1 to 512"),
        ({"node_names": np.array([b"a"] * 5)}, "called 'a'"),
        ({"tracks": np.zeros((2, 2, 5))}, "3 axes, not 4"),
        ({"tracks": np.zeros((2, 3, 5, 6))}, "does not fit"),
        ({"tracks": np.full((2, 2, 5, 6), np.nan)}, "No point is visible in any frame"),
        ({"tracks": np.zeros((0, 2, 5, 6)), "point_scores": None}, "No point is visible"),
        ({"tracks": np.zeros((2, 2, 5, 0))}, "0 frames"),
        ({"tracks": "text"}, "0 axes, not 4"),
        ({"point_scores": np.zeros((2, 5, 7))}, "different sizes"),
        ({"node_names": None}, "neither SLEAP's analysis nor DeepLabCut's"),
    ],
)
def test_sleap_that_cannot_be_used(tmp_path: Path, change: dict, words: str) -> None:
    refused(write_sleap(tmp_path / "s.h5", **change), words)


def test_a_sleap_project_is_not_an_analysis_file(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "p.slp", "w") as file:
        file["instances"] = file["pred_points"] = np.zeros(3)
    assert "Export Analysis HDF5" in refused(tmp_path / "p.slp", "SLEAP project").advice


# --- DeepLabCut -------------------------------------------------------------------------------------------------------

POINTS = ["snout", "tailbase"]


def dlc_columns(animals: list[str]) -> list[tuple[str, ...]]:
    heads = [("DLC_net", animal) for animal in animals] or [("DLC_net",)]
    return [(*head, point, coordinate) for head in heads for point in POINTS for coordinate in ("x", "y", "likelihood")]


def dlc_values(animals: list[str], frames: int = 4) -> np.ndarray:
    values = np.arange(1.0, 1 + frames * 6 * max(1, len(animals))).reshape(frames, -1)
    values[:, 2::3] = 0.5
    values[1, :3] = np.nan
    return values


def pickled(value: object) -> np.bytes_:
    """As PyTables keeps what HDF5 has no type for: a pickle of protocol 0, in an attribute."""
    return np.bytes_(pickle.dumps(value, 0))


def write_table(path: Path, animals: list[str], index: np.ndarray | None = None, **attributes: Any) -> Path:
    """pandas' to_hdf(format="table", key="df_with_missing"), what DeepLabCut writes."""
    values, columns = dlc_values(animals), dlc_columns(animals)
    index = np.arange(len(values)) if index is None else index
    record = np.zeros(len(values), [("index", index.dtype), ("values_block_0", "<f8", (len(columns),))])
    record["index"], record["values_block_0"] = index, values
    levels = ["scorer", "individuals", "bodyparts", "coords"] if animals else ["scorer", "bodyparts", "coords"]
    with h5py.File(path, "w") as file:
        file.attrs["PYTABLES_FORMAT_VERSION"] = np.bytes_(b"2.1")
        group = file.create_group("df_with_missing")
        group.attrs.update(
            {
                "CLASS": np.bytes_(b"GROUP"),
                "pandas_type": np.bytes_(b"frame_table"),
                "table_type": np.bytes_(b"appendable_frame"),
                "info": pickled({1: {"names": levels, "type": "MultiIndex"}, "index": {}}),
                "values_cols": pickled(["values_block_0"]),
                "non_index_axes": pickled([(1, columns)]),
            }
        )
        table = group.create_dataset("table", data=record)
        table.attrs.update(
            {"CLASS": np.bytes_(b"TABLE"), "values_block_0_kind": pickled(columns), "index_kind": np.bytes_(b"integer")}
        )
        for name, value in attributes.items():
            holder = group if name == "info" else table
            if value is None:
                del holder.attrs[name]
            else:
                holder.attrs[name] = value
    return path


def write_fixed(path: Path, animals: list[str], pictures: list[tuple[str, ...]] | None = None, **change: Any) -> Path:
    """pandas' to_hdf() in its "fixed" format: labels into the sorted names of each level."""
    values, columns = dlc_values(animals), dlc_columns(animals)
    levels = ["scorer", "individuals", "bodyparts", "coords"] if animals else ["scorer", "bodyparts", "coords"]
    with h5py.File(path, "w") as file:
        group = file.create_group("df_with_missing")
        group.attrs.update(
            {
                "pandas_type": np.bytes_(b"frame"),
                "nblocks": 1,
                "ndim": 2,
                "axis0_variety": np.bytes_(b"multi"),
                "axis1_variety": np.bytes_(b"multi" if pictures else b"regular"),
            }
        )

        def write_axis(name: str, rows: list[tuple[str, ...]], names: list[str]) -> None:
            group.attrs[f"{name}_nlevels"] = len(names)
            group.attrs[f"{name}_variety"] = np.bytes_(b"multi")
            for level, word in enumerate(names):
                known = sorted({row[level] for row in rows})
                part = group.create_dataset(f"{name}_level{level}", data=np.array([text.encode() for text in known]))
                part.attrs["name"] = np.bytes_(word.encode()) if word else pickled(None)
                group[f"{name}_label{level}"] = np.array([known.index(row[level]) for row in rows], np.int8)

        write_axis("axis0", columns, levels)
        write_axis("block0_items", columns, levels)
        if pictures:
            write_axis("axis1", pictures, ["", "", ""])
        else:
            group["axis1"] = np.arange(len(values))
        group["block0_values"] = values
        group["block0_values"].attrs["transposed"] = np.uint8(1)
        for name, value in change.items():
            del group[name]
            group[name] = value
    return path


def check_dlc(found: TrackFile, animals: list[str]) -> None:
    assert found.kind == "DeepLabCut" and [tracks.label for tracks in found.tracks] == (animals or [""])
    for number, tracks in enumerate(found.tracks):
        values = dlc_values(animals)[:, number * 6 :]
        assert tracks.skeleton.names == ("snout", "tailbase")
        np.testing.assert_array_equal(tracks.points[:, 1], values[:, 3:5])
        np.testing.assert_array_equal(tracks.points[:, 0], values[:, :2])
        assert set(np.asarray(tracks.confidence)[tracks.seen].tolist()) == {0.5}


@pytest.mark.parametrize("animals", [[], ["m1", "m2"], [f"m{i:02d}" for i in range(12)]])
def test_deeplabcut_tables(tmp_path: Path, animals: list[str]) -> None:
    check_dlc(read_any(write_table(tmp_path / "t.h5", animals)), animals)
    check_dlc(read_any(write_fixed(tmp_path / "f.h5", animals)), animals)


def test_deeplabcut_without_names_of_levels(tmp_path: Path) -> None:
    info = pickled({1: {"names": [None] * 4}})
    check_dlc(read_any(write_table(tmp_path / "t.h5", ["m1", "m2"], info=info)), ["m1", "m2"])


def test_deeplabcut_labels_are_numbered_by_their_pictures(tmp_path: Path) -> None:
    names = np.array([f"labeled-data/clip/img{number:03d}.png".encode() for number in (3, 5, 7, 9)])
    tracks = read_any(write_table(tmp_path / "t.h5", [], names)).tracks[0]
    assert np.asarray(tracks.frame_numbers).tolist() == [3, 5, 7, 9]
    pictures = [("labeled-data", "clip", f"img{number:03d}.png") for number in (3, 5, 7, 9)]
    tracks = read_any(write_fixed(tmp_path / "f.h5", [], pictures)).tracks[0]
    assert np.asarray(tracks.frame_numbers).tolist() == [3, 5, 7, 9]


class Evil:
    """What a malicious file would run."""

    def __reduce__(self) -> tuple:
        return (os.system, ("touch evil_was_here",))


@pytest.mark.parametrize("name", ["values_block_0_kind", "info"])
def test_a_malicious_pickle_is_refused_and_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.chdir(tmp_path)
    for protocol in range(5):
        data = np.void(pickle.dumps(Evil(), protocol)) if protocol else pickled(Evil())
        refused(write_table(tmp_path / "t.h5", [], **{name: data}), "missing or too long|system")
    assert not (tmp_path / "evil_was_here").exists()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"values_block_0_kind": None}, "missing or too long"),
        ({"values_block_0_kind": np.bytes_(b"(lp0")}, "cannot be read"),
        ({"values_block_0_kind": pickled(3)}, "no names"),
        ({"values_block_0_kind": pickled(["a"])}, "no names"),
        ({"values_block_0_kind": pickled(["a"] * 6)}, "not named by point"),
        ({"info": np.bytes_(b"garbage")}, "cannot be read"),
        ({"values_block_0_kind": pickled([("s", "a", "z")] * 6)}, "three dimensions"),
        ({"values_block_0_kind": pickled([("s", ("a", "b"), "x")] * 6)}, "no point with x and y"),
    ],
)
def test_deeplabcut_that_cannot_be_used(tmp_path: Path, change: dict, words: str) -> None:
    refused(write_table(tmp_path / "t.h5", [], **change), words)


@pytest.mark.parametrize(
    "change",
    [
        {"block0_items_label1": np.full(6, 9, np.int8)},
        {"block0_items_label1": np.zeros(5, np.int8)},
        {"axis1": np.arange(2)},
        {"block0_values": np.zeros(3)},
        {"block0_values": np.zeros((4, 5))},
        {"axis1": np.zeros((2, 2))},
    ],
)
def test_fixed_tables_that_do_not_fit(tmp_path: Path, change: dict) -> None:
    refused(write_fixed(tmp_path / "f.h5", [], **change), ".")


# --- hostile files ----------------------------------------------------------------------------------------------------


def test_sizes_are_checked_before_anything_is_read(tmp_path: Path) -> None:
    path = write_sleap(tmp_path / "s.h5", tracks=None)
    with h5py.File(path, "a") as file:
        file.create_dataset("tracks", (2, 2, 5, 10**9), "f8", chunks=(1, 1, 1, 1 << 20), fillvalue=1.0)
    refused(path, "numbers; .* can be read")


def test_nothing_outside_the_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "secret.raw").write_bytes(np.arange(120.0).tobytes())
    write_sleap(tmp_path / "other.h5")
    path = write_sleap(tmp_path / "s.h5", tracks=None)
    with h5py.File(path, "a") as file:
        file["tracks"] = h5py.ExternalLink("other.h5", "tracks")
    refused(path, "neither SLEAP's")
    path = write_sleap(tmp_path / "s.h5", tracks=None)
    with h5py.File(path, "a") as file:
        file.create_dataset("tracks", (2, 2, 5, 6), "f8", external=[(str(tmp_path / "secret.raw"), 0, 960)])
    refused(path, "no array of this file")
    path = write_sleap(tmp_path / "s.h5", tracks=None)
    layout = h5py.VirtualLayout((2, 2, 5, 6), "f8")
    layout[:] = h5py.VirtualSource(str(tmp_path / "other.h5"), "tracks", (2, 2, 5, 6))
    with h5py.File(path, "a") as file:
        file.create_virtual_dataset("tracks", layout)
    refused(path, "no array of this file")


def test_files_that_are_cut_off(tmp_path: Path) -> None:
    data = write_table(tmp_path / "t.h5", ["m1"]).read_bytes()
    for length in range(8, len(data) - 1, 997):
        (tmp_path / "cut.h5").write_bytes(data[:length])
        refused(tmp_path / "cut.h5", ".")


@given(st.sampled_from(["table", "fixed", "matlab"]), st.integers(0, 10**6), st.integers(1, 20))
def test_damaged_bytes_are_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, kind: str, seed: int, count: int
) -> None:
    path = tmp_path_factory.getbasetemp() / f"damaged_{kind}.h5"
    if kind == "matlab":
        write_sleap(path)
    else:
        (write_table if kind == "table" else write_fixed)(path, ["m1", "m2"])
    data = bytearray(path.read_bytes())
    rng = np.random.default_rng(seed)
    for place in rng.integers(8, len(data), count):
        data[place] = rng.integers(256)
    path.write_bytes(bytes(data))
    try:
        assert read_any(path).tracks
    except TracksError as error:
        assert error.message.endswith(".")


def test_other_files_go_the_usual_way(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("frame,nose_x,nose_y\n0,1,2\n", encoding="utf-8")
    assert read_any(tmp_path / "t.csv").tracks[0].points.tolist() == [[[1, 2]]]
    (tmp_path / "t.h5").write_bytes(b"\x89PNG\r\n\x1a\n")
    refused(tmp_path / "t.h5", "a PNG picture")
