"""Building a folder of motions: sources in, each clip mended and refined, split, counted and written."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from .folder import Entry, write_index, write_motion
from .mend import mended
from .sheet import write_sheet
from .sources import LeftOut
from .split import split

Progress = Callable[[float, str], None]


@dataclass
class Built:
    """What became of the sources: entries that were written, and what was left out, by reason."""

    entries: list[Entry] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)


def collected(sources: Iterable[Entry | LeftOut]) -> Built:
    """All motions of the sources, mended, under names of their own."""
    built = Built()
    names: Counter[str] = Counter()
    for item in sources:
        if isinstance(item, LeftOut):
            built.left_out.append(item)
            continue
        try:
            motion = mended(item.motion)
        except ValueError as error:
            built.left_out.append(LeftOut(item.name, str(error)))
            continue
        names[item.name] += 1
        name = item.name if names[item.name] == 1 else f"{item.name}-{names[item.name]}"
        built.entries.append(replace(item, name=name, motion=motion))
    return built


def write(out: Path, built: Built, seed: int) -> list[str]:
    """Write the folder; gives the names for testing."""
    for entry in built.entries:
        write_motion(out, entry)
    test = split([(entry.name, entry.category, entry.source_key) for entry in built.entries], seed)
    left = Counter(item.reason for item in built.left_out)
    write_index(out, built.entries, test, seed=seed, left_out=dict(left.most_common()))
    write_sheet(out / "statistics" / "skeletons.png", built.entries)
    return test
