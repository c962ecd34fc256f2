"""Building a folder of motions: sources in, each clip mended, given bones of one length, split, written and counted.

Everything is made in a folder beside the one that is asked for, which it replaces at the end: a folder of motions is whole or not there.
"""

from __future__ import annotations

import hashlib
import secrets
import shutil
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ....animal.skeleton import Skeleton
from .alike import clip_of
from .folder import Entry, MotionsError, read_rows, write_index, write_motion
from .kinematics import KinematicsSettings, with_fixed_bones
from .mend import mended, size_of
from .sources import LeftOut
from .split import split
from .statistics import Made, write_statistics

Array = NDArray[np.float64]
Progress = Callable[[float, str], None]


@dataclass(frozen=True)
class Wanted:
    """What a folder is made of: paths of each kind of source, individuals of the open animal, seed of all draws.

    learned: another folder of motions; what it has for training never becomes a test here.
    """

    gltf: Sequence[Path] = ()
    zeroad: Path | None = None
    open_animal: int = 0
    anime: Path | None = None
    markers: Path | None = None
    animal_syn3d: Path | None = None
    learned: Path | None = None
    seed: int = 0
    kinematics: KinematicsSettings | None = field(default_factory=KinematicsSettings)


def build(out: Path, wanted: Wanted, progress: Progress = lambda share, stage: None, stop: Callable[[], bool] = lambda: False) -> Made:
    """Write the folder; gives what was made. Raises MotionsError where the sources hold no motion, or `out` is something else."""
    if out.exists() and (not out.is_dir() or (any(out.iterdir()) and not (out / "dataset.json").is_file())):
        raise MotionsError(f"{out} is there and is no folder of motions; name another")
    rows = read_rows(wanted.learned) if wanted.learned is not None else []
    made = gathered(_sources(wanted), progress, stop)
    if not made.entries:
        reasons = "; ".join(f"{reason} ({count})" for reason, count in made.reasons().most_common(3))
        raise MotionsError(f"the sources hold no motion: {reasons or 'nothing was found in them'}")
    refine(made, wanted.kinematics, progress, stop)
    made.test = kept_for_tests(made.entries, wanted.seed, {row["source_key"] for row in rows if row["split"] == "train"})
    draft = out.with_name(f".{out.name}.{secrets.token_hex(4)}.part")
    try:
        for number, entry in enumerate(made.entries):
            _checked(stop)
            write_motion(draft, entry)
            progress(0.8 + 0.15 * number / len(made.entries), "writing")
        write_index(draft, made.entries, sorted(made.test), seed=wanted.seed, left_out=dict(made.reasons().most_common()))
        write_statistics(draft / "statistics", made)
        _swap(draft, out)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return made


def kept_for_tests(entries: Sequence[Entry], seed: int, learned: Collection[str] = ()) -> set[str]:
    """The names for testing; motions of source keys in `learned`, and what is like them, are never among them."""
    stands = clip_of(entries)
    kin = {stands[key] for key in learned if key in stands}
    return set(split([(entry.name, entry.category, stands[entry.source_key]) for entry in entries], seed, learned=kin))


def _sources(wanted: Wanted) -> Iterator[Entry | LeftOut]:
    """All that the sources give, one after the other. What a source needs is imported when it is wanted."""
    if wanted.gltf:
        from .from_gltf import from_gltf, unpacked

        with unpacked(wanted.gltf) as files:
            yield from chain.from_iterable(from_gltf(file) for file in files)
    if wanted.zeroad is not None:
        from .from_zeroad import from_zeroad

        yield from from_zeroad(wanted.zeroad)
    if wanted.open_animal > 0:
        from .from_model import from_open_animal

        yield from from_open_animal(wanted.open_animal, wanted.seed)
    if wanted.anime is not None:
        from .from_anime import from_anime

        yield from from_anime(wanted.anime, wanted.markers)
    if wanted.animal_syn3d is not None:
        from .from_animal_syn3d import from_animal_syn3d

        yield from from_animal_syn3d(wanted.animal_syn3d)


def gathered(
    sources: Iterable[Entry | LeftOut], progress: Progress = lambda share, stage: None, stop: Callable[[], bool] = lambda: False
) -> Made:
    """All motions of the sources, mended; a motion that comes twice counts once."""
    made = Made()
    names: set[str] = set()
    seen: set[bytes] = set()
    for item in sources:
        _checked(stop)
        if isinstance(item, LeftOut):
            made.left_out.append(item)
            continue
        try:
            motion = mended(item.motion)
        except ValueError as error:
            made.left_out.append(LeftOut(item.name, str(error)))
            continue
        # A horse in another coat moves as the horse does: to the tenth of a millimetre it is the same motion.
        content = hashlib.sha256(np.round(1e4 * motion.positions).astype(np.int64).tobytes()).digest()
        if item.name in names or content in seen:
            made.left_out.append(LeftOut(item.name, "is there already"))
            continue
        names.add(item.name)
        seen.add(content)
        made.entries.append(replace(item, motion=motion))
        progress(0.4 * (1.0 - 200.0 / (200.0 + len(made.entries))), f"{len(made.entries)} clips read")
    return made


def refine(
    made: Made, settings: KinematicsSettings | None, progress: Progress = lambda share, stage: None,
    stop: Callable[[], bool] = lambda: False,
) -> None:
    """Give every clip bones of one length; None: leave them as they are. Clips of one skeleton are solved together."""
    groups: dict[Skeleton, list[int]] = {}
    for number, entry in enumerate(made.entries):
        made.before[entry.name] = entry.motion.bone_lengths()
        groups.setdefault(entry.motion.skeleton, []).append(number)
    done = 0
    for skeleton, numbers in groups.items() if settings is not None else ():
        for few in np.array_split(numbers, max(1, len(numbers) // 24)):
            _checked(stop)
            clips = [made.entries[number].motion.positions for number in few]
            for number, old, new in zip(few, clips, with_fixed_bones(skeleton, clips, settings), strict=True):
                entry = made.entries[number]
                made.moved[entry.name] = np.linalg.norm(new - old, axis=-1) / size_of(old)
                made.entries[number] = replace(entry, motion=replace(entry.motion, positions=new))
            done += len(few)
            progress(0.4 + 0.4 * done / len(made.entries), f"bones of one length, {done} of {len(made.entries)} clips")


def _checked(stop: Callable[[], bool]) -> None:
    if stop():
        raise KeyboardInterrupt


def _swap(draft: Path, out: Path) -> None:
    """Put the new folder where an old one may be."""
    old = out.with_name(f".{out.name}.{secrets.token_hex(4)}.old")
    if out.exists():
        out.rename(old)
    draft.rename(out)
    shutil.rmtree(old, ignore_errors=True)
