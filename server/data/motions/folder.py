"""A folder of motions (`bestiary-motions/1`): one `bestiary-motion/1` for each clip, and which are for training, which for tests.

    dataset.json     format, fps, entries: what each motion is and where it comes from
    split.json       {"train": [names], "test": [names]}
    motions/NAME.npz and NAME.json

All motions are in the world (Z up, metres, at the animal's real size), at one frame rate, feet near z = 0. Knows numpy alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ....animal.motion import Motion, load_motion, save_motion
from ....animal.npz import read_json, write_json

FORMAT = "bestiary-motions/1"
FPS = 30.0
MAX_ENTRIES = 100_000
Split = Literal["train", "test"]
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,199}")


class MotionsError(ValueError):
    """A folder of motions that cannot be read; the message names the file and the field."""


@dataclass(frozen=True)
class Entry:
    """One motion of a folder.

    name: its file's; category: animals that share a skeleton and are counted together, such as "quaternius_husky";
    source_key: the clip that it was made from, such as "quaternius/canine/Walk": motions of one key are never on both sides
    of the split.
    """

    name: str
    category: str
    source_key: str
    motion: Motion


def plain_name(text: str) -> str:
    """A text as part of a file's name: letters, digits, dashes, dots and single underscores."""
    return re.sub(r"_+", "_", re.sub(r"[^A-Za-z0-9.-]+", "_", text)).strip("_.-")[:200] or "motion"


def read_motions(folder: str | Path, split: Split | None = None) -> list[Entry]:
    """The motions of a folder in the order of its `dataset.json`; split None: all, else those of that side.

    Raises MotionsError for a folder that is none or misses a file, MotionError for a motion that does not fit.
    """
    folder = Path(folder)
    entries = []
    for row in read_rows(folder):
        if split is not None and row["split"] != split:
            continue
        path = folder / "motions" / f"{row['name']}.npz"
        if not path.is_file():
            raise MotionsError(f"{path.name}: is named in dataset.json but not there; build the folder again")
        entries.append(Entry(row["name"], row["category"], row["source_key"], load_motion(path)))
    return entries


def read_rows(folder: str | Path) -> list[dict[str, Any]]:
    """The entries of `dataset.json` as they are written, names and splits checked. Raises MotionsError."""
    path = Path(folder) / "dataset.json"
    if not path.is_file():
        raise MotionsError(f"{path.parent} holds no dataset.json; `bestiary data motions --out {path.parent}` makes one")
    about = read_json(path, MotionsError)
    rows = about.get("entries") if isinstance(about, dict) and about.get("format") == FORMAT else None
    if not isinstance(rows, list) or len(rows) > MAX_ENTRIES:
        raise MotionsError(f"{path.name}: is no {FORMAT} file")
    for row in rows:
        texts = ("name", "category", "source_key", "split")
        if not isinstance(row, dict) or not all(isinstance(row.get(key), str) for key in texts):
            raise MotionsError(f"{path.name}: an entry lacks {', '.join(texts)}")
        if not _NAME.fullmatch(row["name"]) or row["split"] not in ("train", "test"):
            raise MotionsError(f"{path.name}: '{row['name'][:60]}' with split '{row['split'][:20]}' is no entry")
    return rows


def write_motion(folder: str | Path, entry: Entry) -> None:
    """Write one motion of a folder that `write_index` completes."""
    if not _NAME.fullmatch(entry.name):
        raise MotionsError(f"'{entry.name[:60]}' cannot be a file's name")
    save_motion(Path(folder) / "motions" / f"{entry.name}.npz", entry.motion)


def write_index(folder: str | Path, entries: Iterable[Entry], test: Sequence[str], fps: float = FPS, **about: Any) -> None:
    """Write dataset.json and split.json for motions that are written; test: the names for testing, `about`: more to keep."""
    tests = set(test)
    rows = [{"name": entry.name, "file": f"motions/{entry.name}.npz", "category": entry.category, "source_key": entry.source_key,
             "source": entry.motion.source, "licence": entry.motion.licence, "frames": len(entry.motion),
             "joints": len(entry.motion.skeleton), "split": "test" if entry.name in tests else "train"} for entry in entries]  # fmt: skip
    sides = {side: [row["name"] for row in rows if row["split"] == side] for side in ("train", "test")}
    write_json(Path(folder) / "split.json", sides)
    write_json(Path(folder) / "dataset.json", {"format": FORMAT, "fps": fps, **about, "entries": rows})
