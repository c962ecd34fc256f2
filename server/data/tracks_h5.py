"""Reads tracks out of HDF5: SLEAP's analysis files and DeepLabCut's tables. Nothing in them is unpickled or followed elsewhere.

SLEAP stores `tracks` (tracks, 2, nodes, frames) as MATLAB likes it, or in any order that its attribute `dims` names.
DeepLabCut stores a pandas table: the numbers as one HDF5 table or array, the names of the columns as a pickled attribute,
which the restricted reader of `animal/pickle_reader.py` takes apart. Sources: SLEAP's `write_tracking_h5`, pandas' `io.pytables`.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from ...animal.model import ModelError
from ...animal.pickle_reader import read_pickle
from ...animal.skeleton import MAX_JOINTS
from ...animal.track_csv import animals_of_columns
from ...animal.track_files import read_tracks
from ...animal.track_raw import RawAnimal, RawTracks, Reading, TrackFile, checked_count
from ...animal.tracks import MAX_FRAMES, TracksError

Array = NDArray[np.float64]

ADVICE = "SLEAP: File > Export Analysis HDF5. DeepLabCut: the .h5 that analyze_videos writes, or the .csv beside it."
MAX_FILE_BYTES = 1 << 31
MAX_NAMES_BYTES = 1 << 22
_CANONICAL = ("frame", "track", "node", "xy")


def read_any(path: str | Path, reading: Reading | None = None) -> TrackFile:
    """All animals of any file of tracks, HDF5 too: `animal.track_files.read_tracks` with h5py at hand."""
    return read_tracks(path, reading, raw_of_h5)


def raw_of_h5(path: Path) -> RawTracks:
    """The animals of an HDF5 file. Raises TracksError."""
    if path.stat().st_size > MAX_FILE_BYTES:
        raise TracksError(f"{path.name} has {path.stat().st_size >> 20} MiB; {MAX_FILE_BYTES >> 20} can be read.", ADVICE)
    try:
        with h5py.File(path, "r", locking=False) as file:
            return _raw_of_file(file, path.name)
    except TracksError:
        raise
    except ModelError as error:
        raise TracksError(f"{path.name}: the names of its columns cannot be read ({error}).", ADVICE) from None
    # h5py reports a damaged file with whatever error the place of the damage leads to.
    except (OSError, KeyError, ValueError, TypeError, RuntimeError, IndexError, AttributeError, OverflowError,
            NotImplementedError, MemoryError, UnicodeError) as error:  # fmt: skip
        raise TracksError(f"{path.name} is damaged, or not written by SLEAP or DeepLabCut ({str(error)[:200]}).", ADVICE) from None


def _raw_of_file(file: h5py.File, source: str) -> RawTracks:
    names = [name for name in file if isinstance(file.get(name, getlink=True), h5py.HardLink)]
    if "tracks" in names and "node_names" in names:
        return _sleap(file, source)
    if "instances" in names and "pred_points" in names:
        raise TracksError(f"{source} is a SLEAP project (.slp), not an analysis file.", "In SLEAP: File > Export Analysis HDF5.")
    for name in names:
        group = file[name]
        kind = _text(group.attrs.get("pandas_type", "")) if isinstance(group, h5py.Group) else ""
        if kind.startswith("frame"):
            columns, values, frames = (_table if "table" in kind else _fixed)(group, source)
            return RawTracks("DeepLabCut", animals_of_columns(columns, values, frames, source))
    raise TracksError(f"{source} is an HDF5 file, but neither SLEAP's analysis nor DeepLabCut's: it holds {', '.join(names[:8])}.", ADVICE)


def _numbers(group: Any, name: str, source: str) -> NDArray[Any]:
    """A dataset of numbers or short texts, its size checked before it is read; links and other files are never followed."""
    if not isinstance(group.get(name, getlink=True), h5py.HardLink):
        raise TracksError(f"{source}: '{name}' is missing, or a link.", ADVICE)
    data = group[name]
    if not isinstance(data, h5py.Dataset) or data.is_virtual or data.external:
        raise TracksError(f"{source}: '{name}' is no array of this file.", ADVICE)
    count = math.prod(data.shape) * max(1, data.dtype.itemsize // 8)
    checked_count(count, source)
    if data.dtype.kind not in "fiubSUOV":
        raise TracksError(f"{source}: '{name}' holds {data.dtype}, no numbers.", ADVICE)
    return data[()]


def _text(value: Any) -> str:
    if isinstance(value, bytes | np.bytes_):
        return bytes(value).decode("utf-8", "replace")
    return value if isinstance(value, str) else ""


def _texts(values: NDArray[Any]) -> list[str]:
    return [_text(value) for value in np.asarray(values).reshape(-1).tolist()]


# --- SLEAP ------------------------------------------------------------------------------------------------------------


def _sleap(file: h5py.File, source: str) -> RawTracks:
    """`tracks`, `node_names`, and where they are there `point_scores`, `track_names`, `edge_inds`."""
    nodes = _texts(_numbers(file, "node_names", source))
    if not 1 <= len(nodes) <= MAX_JOINTS:
        raise TracksError(f"{source} has {len(nodes)} nodes; 1 to {MAX_JOINTS} can be read.", ADVICE)
    order = _order(file, len(nodes), source)
    tracks = np.asarray(_numbers(file, "tracks", source), np.float64).transpose([order.index(axis) for axis in _CANONICAL])
    if tracks.shape[2:] != (len(nodes), 2):
        raise TracksError(f"{source}: 'tracks' has {tracks.shape[2]} nodes and {tracks.shape[3]} coordinates, "
                          f"'node_names' {len(nodes)}.", ADVICE)  # fmt: skip
    if not 1 <= len(tracks) <= MAX_FRAMES:
        raise TracksError(f"{source} has {len(tracks)} frames; 1 to {MAX_FRAMES} can be read.", ADVICE)
    scores = np.full(tracks.shape[:3], np.nan)
    if "point_scores" in file:
        stored = np.asarray(_numbers(file, "point_scores", source), np.float64)
        kept = [axis for axis in order if axis != "xy"]
        stored = stored.transpose([kept.index(axis) for axis in _CANONICAL[:3]])
        if stored.shape != scores.shape:
            raise TracksError(f"{source}: 'point_scores' and 'tracks' are of different sizes.", ADVICE)
        scores = stored
    labels = _texts(_numbers(file, "track_names", source)) if "track_names" in file else []
    bones = _bones(file, len(nodes), source)
    animals = [RawAnimal(labels[i] if i < len(labels) else "", list(nodes), tracks[:, i], scores[:, i], np.arange(len(tracks)), bones)
               for i in range(tracks.shape[1])]  # fmt: skip
    return RawTracks("SLEAP analysis", animals)


def _order(file: h5py.File, nodes: int, source: str) -> list[str]:
    """What the four axes of `tracks` are: by `dims`, by the older attribute `transpose`, else by their sizes."""
    data = file["tracks"]
    shape = data.shape if isinstance(data, h5py.Dataset) else ()
    if len(shape) != 4:
        raise TracksError(f"{source}: 'tracks' has {len(shape)} axes, not 4.", ADVICE)
    stated = data.attrs.get("dims")
    if stated is not None:
        try:
            dims = json.loads(_text(stated)) if isinstance(stated, str | bytes) else _texts(stated)
        except ValueError:
            dims = []
        if isinstance(dims, list) and sorted(map(str, dims)) == sorted(_CANONICAL):
            return dims
        raise TracksError(f"{source}: the axes of 'tracks' are called {str(stated)[:80]}, which is not known.", ADVICE)
    orders = [["track", "xy", "node", "frame"], ["frame", "node", "xy", "track"], ["frame", "track", "node", "xy"]]
    if "transpose" in file.attrs and not file.attrs["transpose"]:
        orders = orders[1:]
    for order in orders:
        if shape[order.index("xy")] == 2 and shape[order.index("node")] == nodes:
            return order
    raise TracksError(f"{source}: 'tracks' is {shape}, which does not fit {nodes} nodes with x and y.", ADVICE)


def _bones(file: h5py.File, nodes: int, source: str) -> list[tuple[int, int]]:
    if "edge_inds" not in file:
        return []
    edges = np.asarray(_numbers(file, "edge_inds", source))
    if edges.dtype.kind not in "iu" or edges.ndim != 2:
        return []
    # Files that are written for MATLAB have them the other way round.
    edges = edges if edges.shape[1] == 2 else edges.T
    if edges.shape[1] != 2 or len(edges) > MAX_JOINTS or (edges < 0).any() or (edges >= nodes).any():
        return []
    return [(int(a), int(b)) for a, b in edges if a != b]


# --- DeepLabCut: pandas tables ----------------------------------------------------------------------------------------


def _table(group: Any, source: str) -> tuple[list[tuple[str, str, str]], Array, list[object]]:
    """pandas' "table" format: one dataset of records, whose fields `values_block_N` are blocks of columns."""
    table = _numbers(group, "table", source)
    if table.ndim != 1 or not table.dtype.names or not 1 <= len(table) <= MAX_FRAMES:
        raise TracksError(f"{source}: its table has no rows or no columns.", ADVICE)
    levels = _level_names(group, source)
    columns: list[tuple[str, ...]] = []
    blocks = []
    attributes = group["table"].attrs
    for name in table.dtype.names:
        if not name.startswith("values_block_"):
            continue
        block = table[name].reshape(len(table), -1)
        named = _pickled(attributes.get(f"{name}_kind"), source)
        if not isinstance(named, list) or len(named) != block.shape[1] or block.dtype.kind not in "fiu":
            raise TracksError(f"{source}: its columns have no names, or hold no numbers.", ADVICE)
        columns += [tuple(map(str, column)) if isinstance(column, tuple | list) else (str(column),) for column in named]
        blocks.append(block.astype(np.float64))
    others = [name for name in table.dtype.names if not name.startswith("values_block_")]
    frames: list[object] = list(range(len(table)))
    if "index" in others and table["index"].ndim == 1:
        frames = [_text(value) or value for value in table["index"].tolist()]
    elif others:  # several levels, such as folder, clip and picture
        parts = [table[name] for name in sorted(others) if table[name].dtype.kind == "S" and table[name].ndim == 1]
        frames = ["/".join(_text(part[row]) for part in parts) for row in range(len(table))] if parts else frames
    values = np.concatenate(blocks, axis=1) if blocks else np.zeros((len(table), 0))
    return _named(columns, levels, source), values, frames


def _fixed(group: Any, source: str) -> tuple[list[tuple[str, str, str]], Array, list[object]]:
    """pandas' "fixed" format: the axes and blocks as arrays, several-levelled names as labels into lists of names."""
    count = int(group.attrs.get("nblocks", 0))
    if not 1 <= count <= 16:
        raise TracksError(f"{source}: its table has {count} blocks.", ADVICE)
    columns: list[tuple[str, ...]] = []
    blocks = []
    for number in range(count):
        block = np.asarray(_numbers(group, f"block{number}_values", source))
        if block.ndim != 2 or block.dtype.kind not in "fiu":
            raise TracksError(f"{source}: its columns hold no numbers.", ADVICE)
        # pandas keeps columns first; "transposed" says that they were turned when they were written.
        blocks.append((block if group[f"block{number}_values"].attrs.get("transposed", 0) else block.T).astype(np.float64))
        columns += _axis(group, f"block{number}_items", source)
    if len({len(block) for block in blocks}) != 1 or len(columns) != sum(block.shape[1] for block in blocks):
        raise TracksError(f"{source}: its columns and their names do not fit together.", ADVICE)
    levels = [_text(group[name].attrs.get("name", "")) for name in (f"axis0_level{i}" for i in range(6)) if name in group]
    frames: list[object] = [row[0] if len(row) == 1 else "/".join(map(str, row)) for row in _axis(group, "axis1", source)]
    values = np.concatenate(blocks, axis=1)
    if len(frames) != len(values) or not 1 <= len(values) <= MAX_FRAMES:
        raise TracksError(f"{source}: {len(values)} rows and {len(frames)} frames do not fit together.", ADVICE)
    return _named(columns, levels, source), values, frames


def _axis(group: Any, name: str, source: str) -> list[tuple[Any, ...]]:
    """One axis of a fixed table: for each place its names, one for each level."""
    if _text(group.attrs.get(f"{name}_variety", "regular")) != "multi":
        values = np.asarray(_numbers(group, name, source))
        if values.ndim != 1 or values.dtype.kind not in "iufS":
            raise TracksError(f"{source}: '{name}' holds neither numbers nor names.", ADVICE)
        return [(_text(value) or value,) for value in values.tolist()]
    levels = int(group.attrs.get(f"{name}_nlevels", 0))
    if not 1 <= levels <= 6:
        raise TracksError(f"{source}: '{name}' has {levels} levels.", ADVICE)
    parts = []
    for level in range(levels):
        known = _texts(_numbers(group, f"{name}_level{level}", source))
        labels = np.asarray(_numbers(group, f"{name}_label{level}", source))
        if labels.ndim != 1 or labels.dtype.kind not in "iu" or (labels >= len(known)).any():
            raise TracksError(f"{source}: the names of '{name}' are damaged.", ADVICE)
        parts.append([known[label] if label >= 0 else "" for label in labels.tolist()])
    return list(zip(*parts, strict=True))


def _level_names(group: Any, source: str) -> list[str]:
    """What the levels of a table's column names are called: the attribute `info` says it of axis 1."""
    info = _pickled(group.attrs.get("info"), source)
    about = info.get(1) if isinstance(info, dict) else None
    names = about.get("names") if isinstance(about, dict) else None
    return [str(name) for name in names] if isinstance(names, list | tuple) else []


def _pickled(value: Any, source: str) -> Any:
    """The lists, tuples, texts and numbers of a pickled attribute, taken apart without running it."""
    data = bytes(value) if isinstance(value, bytes | np.bytes_) else b""
    if not data or len(data) > MAX_NAMES_BYTES:
        raise TracksError(f"{source}: the names of its columns are missing or too long.", ADVICE)
    return read_pickle(data)


def _named(columns: list[tuple[Any, ...]], levels: list[str], source: str) -> list[tuple[str, str, str]]:
    """(animal, point, coordinate) of each column, by the levels' names, or else by how many levels there are."""
    depth = len(columns[0]) if columns else 0
    if depth < 2 or any(len(column) != depth for column in columns):
        raise TracksError(f"{source} is a table, but its columns are not named by point and coordinate.", ADVICE)
    point = levels.index("bodyparts") if "bodyparts" in levels[:depth] else depth - 2
    coordinate = levels.index("coords") if "coords" in levels[:depth] else depth - 1
    animal = levels.index("individuals") if "individuals" in levels[:depth] else 1 if depth == 4 else -1
    return [("" if animal < 0 else str(column[animal]), str(column[point]), str(column[coordinate]).lower()) for column in columns]
