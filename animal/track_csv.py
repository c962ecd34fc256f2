"""Reads tracks out of tables of text: DeepLabCut's CSV with its three or four header rows, SLEAP's, and plain ones.

Plain tables come in two forms: long, a row for each point (`frame,name,x,y[,confidence][,animal]`), and wide, a row for
each frame (`frame,nose_x,nose_y[,nose_c],…[,animal]`). Sources: DeepLabCut's documentation of its output (scorer,
individuals, bodyparts, coords), which Lightning Pose shares; SLEAP's "Export analysis CSV".
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .skeleton import MAX_JOINTS
from .track_raw import RawAnimal, RawTracks, checked_count, frame_numbers_of, whole_number
from .tracks import TracksError

Array = NDArray[np.float64]

ADVICE = (
    "A plain table has the columns frame,name,x,y[,confidence][,animal], or frame,nose_x,nose_y[,nose_c],…; docs/files.md has more."
)
_LEVELS = ("scorer", "individuals", "bodyparts", "coords")
_FRAME = ("frame", "frame_idx", "frame_index", "frame_number", "frame_id", "frames", "image", "img")
_NAME = ("name", "joint", "node", "node_name", "keypoint", "bodypart", "point", "part", "landmark", "marker")
_ANIMAL = ("animal", "animal_id", "track", "track_id", "individual", "individuals", "identity", "instance", "subject", "object_id")
_SURE = ("c", "conf", "confidence", "likelihood", "score", "p", "prob", "probability", "visibility", "visible", "v")
_AXIS = re.compile(rf"(?P<name>.+?)(?:[\s._:/-]+(?P<low>x|y|z|{'|'.join(_SURE)})|(?<=[a-z0-9])(?P<high>[XYZ]))", re.IGNORECASE)
_INSTANCE = re.compile(r"(inst(?:ance)?_?\d+)[._](.+)", re.IGNORECASE)
_NOTHING = {"", "nan", "na", "n/a", "null", "none", "-", "?"}


def raw_of_table(text: str, source: str) -> RawTracks:
    """The animals of a table of text called `source`. Raises TracksError that names the row or column which does not fit."""
    rows = _rows(text, source)
    if rows[0][0].strip().lower() in _LEVELS:
        return _deeplabcut(rows, source)
    header = [cell.strip().strip("\ufeff") for cell in rows[0]]
    lower = [re.sub(r"[\s-]+", "_", cell.lower()) for cell in header]
    if "x" in lower and "y" in lower and any(name in lower for name in _NAME):
        return _long(lower, rows[1:], source)
    return _wide(header, lower, rows[1:], source)


def _rows(text: str, source: str) -> list[list[str]]:
    """All rows that are not empty or comments; at least two."""
    first = next((line for line in io.StringIO(text) if line.strip() and not line.startswith("#")), "")
    separator = max(",;\t", key=first.count)
    if first.count(separator) == 0:
        raise TracksError(f"{source} is text, but no table: its first line has no columns.", ADVICE)
    rows: list[list[str]] = []
    cells = 0
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=False):
            if any(cell.strip() for cell in row) and not row[0].startswith("#"):
                cells += len(row)
                checked_count(cells, source)
                rows.append([cell.replace(",", ".") for cell in row] if separator == ";" else row)
    except csv.Error as error:
        raise TracksError(f"{source} is no table of text ({error}).", ADVICE) from None
    if len(rows) < 2:
        raise TracksError(f"{source} has a header and no rows.", ADVICE)
    return rows


def _number(text: str, row: int, column: str, source: str) -> float:
    try:
        return float(text)
    except ValueError:
        if text.strip().lower() in _NOTHING:
            return float("nan")
        raise TracksError(f"{source}, row {row}, column {column[:40]}: '{text[:40]}' is no number.", ADVICE) from None


def _numbers_of(row: list[str], columns: list[int], header: list[str], number: int, source: str) -> Array:
    """The numbers in some columns of a row; nan where a cell says nothing, or a column is -1."""
    cells = [(row[column] or "nan") if 0 <= column < len(row) else "nan" for column in columns]
    try:
        return np.array([float(cell) for cell in cells])
    except ValueError:
        return np.array([_number(cell, number, header[column], source) for cell, column in zip(cells, columns, strict=True)])


# --- DeepLabCut -------------------------------------------------------------------------------------------------------


def _deeplabcut(rows: list[list[str]], source: str) -> RawTracks:
    """Header rows are told by their first cell; points of different animals stand side by side."""
    header: dict[str, list[str]] = {}
    while len(header) < len(rows) and rows[len(header)][0].strip().lower() in _LEVELS:
        header[rows[len(header)][0].strip().lower()] = [cell.strip() for cell in rows[len(header)]]
    body = rows[len(header) :]
    if "bodyparts" not in header or "coords" not in header:
        raise TracksError(f"{source} begins like a DeepLabCut file, but has no rows 'bodyparts' and 'coords'.", ADVICE)
    width = min(map(len, header.values()))
    coords = [cell.lower() for cell in header["coords"][:width]]
    data = [column for column in range(1, width) if coords[column]]
    if not body or not data:
        raise TracksError(f"{source} has no frames.", ADVICE)
    index = [column for column in range(data[0]) if column not in data]
    columns = [(header["individuals"][column] if "individuals" in header else "", header["bodyparts"][column], coords[column])
               for column in data]  # fmt: skip
    start = len(header) + 1
    values = np.stack([_numbers_of(row, data, header["bodyparts"], start + number, source) for number, row in enumerate(body)])
    texts = ["/".join(row[column] for column in index if column < len(row)) for row in body]
    return RawTracks("DeepLabCut", animals_of_columns(columns, values, texts, source))


def animals_of_columns(
    columns: Sequence[tuple[str, str, str]], values: Array, frames: Sequence[object], source: str
) -> list[RawAnimal]:
    """DeepLabCut's animals.

    columns (C,): animal ("" where there is one), point and coordinate (x, y, likelihood) of each column of values (F, C).
    frames (F,): numbers or names of pictures; rows are counted where neither tells. Raises TracksError.
    """
    if any(coordinate == "z" for _, _, coordinate in columns):
        raise TracksError(f"{source} holds points in three dimensions, which need no lifting.", "Give the file of 2D points.")
    stated = [whole_number(frame) for frame in frames]
    numbers = [number for number in stated if number is not None]
    if len(numbers) != len(frames) or len(set(numbers)) != len(numbers):
        counted = frame_numbers_of(map(str, frames))
        numbers = list(range(len(frames))) if counted is None else counted
    place = {column: i for i, column in reversed(list(enumerate(columns)))}
    animals = []
    for label in dict.fromkeys(column[0] for column in columns):
        names = [name for name in dict.fromkeys(column[1] for column in columns if column[0] == label)
                 if (label, name, "x") in place and (label, name, "y") in place]  # fmt: skip
        if not names or len(names) > MAX_JOINTS:
            continue
        points = np.stack([values[:, [place[label, name, axis] for name in names]] for axis in "xy"], axis=-1)
        sure = [place.get((label, name, "likelihood"), -1) for name in names]
        confidence = np.where([column >= 0 for column in sure], values[:, sure], np.nan)
        animals.append(RawAnimal(label, names, points, confidence, np.array(numbers, np.int64)))
    if not animals:
        raise TracksError(f"{source} has no point with x and y among its columns.", ADVICE)
    return animals


# --- plain tables -----------------------------------------------------------------------------------------------------


def _long(header: list[str], rows: list[list[str]], source: str) -> RawTracks:
    """A row for each point."""
    name, x, y = (_column(header, some) for some in (_NAME, ("x",), ("y",)))
    frame, sure, animal = (_column(header, some) for some in (_FRAME, _SURE, _ANIMAL))
    if frame < 0:
        raise TracksError(f"{source} has no column 'frame'.", ADVICE)
    found: dict[str, dict[str, dict[str, tuple[float, float, float]]]] = {}
    frames: dict[str, None] = {}
    for number, row in enumerate(rows, start=2):
        if len(row) <= max(name, x, y, frame):
            raise TracksError(f"{source}, row {number}: has {len(row)} columns, the header {len(header)}.", ADVICE)
        certain = _number(row[sure], number, header[sure], source) if 0 <= sure < len(row) else float("nan")
        point = (_number(row[x], number, "x", source), _number(row[y], number, "y", source), certain)
        label = row[animal].strip() if 0 <= animal < len(row) else ""
        found.setdefault(label, {}).setdefault(row[frame].strip(), {})[row[name].strip()] = point
        frames[row[frame].strip()] = None
    numbers = _numbers(list(frames), source)
    animals = []
    for label, seen in found.items():
        names = list(dict.fromkeys(point for points in seen.values() for point in points))
        checked_count(3 * len(names) * len(seen), source)
        table = np.full((len(seen), len(names), 3), np.nan)
        place = {point: i for i, point in enumerate(names)}
        for at, points in enumerate(seen.values()):
            for point, values in points.items():
                table[at, place[point]] = values
        animals.append(RawAnimal(label, names, table[..., :2], table[..., 2], np.array([numbers[text] for text in seen])))
    return RawTracks("a plain table, a row for each point", animals)


@dataclass(frozen=True)
class _Joint:
    """One joint's columns in a wide table: x, y, and the confidence or -1."""

    name: str
    x: int
    y: int
    sure: int


def _wide(header: list[str], lower: list[str], rows: list[list[str]], source: str) -> RawTracks:
    """A row for each frame, or for each frame of each animal; SLEAP's `inst0.nose.x` are animals side by side."""
    joints = list(_joints(header))
    if not joints:
        raise TracksError(f"{source} is a table, but none of its columns come in pairs for x and y.", ADVICE)
    frame, animal = _column(lower, _FRAME), _column(lower, _ANIMAL)
    columns = [column for joint in joints for column in (joint.x, joint.y, joint.sure)]
    values = np.stack([_numbers_of(row, columns, header, number, source) for number, row in enumerate(rows, start=2)])
    values = values.reshape(len(rows), len(joints), 3)
    texts = [row[frame].strip() if 0 <= frame < len(row) else str(at) for at, row in enumerate(rows)]
    numbers = _numbers(texts, source)
    groups: dict[tuple[str, str], list[int]] = {}
    instances = {match[1] for joint in joints if (match := _INSTANCE.fullmatch(joint.name))}
    for instance in sorted(instances) or [""]:
        own = [column for column, cell in enumerate(lower) if instance and cell == f"{instance.lower()}.track"]
        named = own[0] if own else animal
        for at, row in enumerate(rows):
            label = row[named].strip() if 0 <= named < len(row) else ""
            if label or not own:
                groups.setdefault((instance, label or instance), []).append(at)
    animals: dict[str, list[RawAnimal]] = {}
    for (instance, label), at in groups.items():
        columns = [i for i, joint in enumerate(joints) if not instance or joint.name.startswith(instance)]
        names = [joints[i].name[len(instance) + 1 :] if instance else joints[i].name for i in columns]
        table = values[np.ix_(at, columns)]
        piece = RawAnimal(label, names, table[..., :2], table[..., 2], np.array([numbers[texts[i]] for i in at]))
        animals.setdefault(label, []).append(piece)
    return RawTracks("a plain table, a row for each frame", [_joined(pieces, source) for pieces in animals.values()])


def _joined(pieces: list[RawAnimal], source: str) -> RawAnimal:
    """One animal out of the places where it stood; a frame in which it has no point counts for nothing."""
    first = pieces[0]
    points, confidence = (np.concatenate([getattr(piece, name) for piece in pieces]) for name in ("points", "confidence"))
    numbers = np.concatenate([piece.numbers for piece in pieces])
    if len(pieces) > 1:
        seen = np.isfinite(points).any(axis=(1, 2))
        points, confidence, numbers = points[seen], confidence[seen], numbers[seen]
    known, counts = np.unique(numbers, return_counts=True)
    if (counts > 1).any():
        raise TracksError(f"{source}: frame {known[counts > 1][0]} of '{first.label or 'the animal'}' occurs twice.",
                          "Where there are several animals, a column 'animal' must tell them apart.")  # fmt: skip
    return RawAnimal(first.label, first.names, points, confidence, numbers)


def _joints(header: list[str]) -> Iterator[_Joint]:
    """The joints of a wide table, in the order of their x columns."""
    found: dict[str, dict[str, int]] = {}
    for column, cell in enumerate(header):
        match = _AXIS.fullmatch(cell) if len(cell) < 200 else None
        if match is None:
            continue
        axis = (match["low"] or match["high"]).lower()
        found.setdefault(match["name"], {}).setdefault("c" if axis in _SURE else axis, column)
    for name, columns in found.items():
        if "x" in columns and "y" in columns:
            yield _Joint(name, columns["x"], columns["y"], columns.get("c", -1))


def _column(header: Sequence[str], names: Sequence[str]) -> int:
    """The column that is called by one of the names, the first of them that there is; -1 for none."""
    return next((list(header).index(name) for name in names if name in header), -1)


def _numbers(texts: list[str], source: str) -> dict[str, int]:
    """Frame numbers of a table's frames, which may be names of pictures."""
    distinct = list(dict.fromkeys(texts))
    stated = [whole_number(text) for text in distinct]
    if None not in stated:
        if len(set(stated)) < len(stated):
            raise TracksError(f"{source} writes one frame's number in two ways.", ADVICE)
        return {text: number for text, number in zip(distinct, stated, strict=True) if number is not None}
    counted = frame_numbers_of(distinct)
    if counted is None:
        bad = next(text for text, number in zip(distinct, stated, strict=True) if number is None)
        raise TracksError(f"{source}: '{bad[:40]}' is no frame number.", ADVICE)
    return dict(zip(distinct, counted, strict=True))
