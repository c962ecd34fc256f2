"""Herds as WebDataset shards: plain tars that are read from front to back, one picture's files next to each other.

`herd-000000.tar` holds `000123.png`, `000123.json`, `000123.depth.png`, …: what comes before the first dot is the
picture, what follows says what the file is. The same data set gives the same bytes: no dates, no owners, sorted names.
"""

from __future__ import annotations

import tarfile
from collections.abc import Callable, Sequence
from pathlib import Path

from ...animal.npz import whole_file
from .fields import RecordError
from .merge import Source, sources
from .records import Record

SHARD = "herd-{:06d}.tar"
_ENDINGS = {"image": "png", "depth": "depth.png", "ids": "ids.png", "normals": "normals.png", "canny": "canny.png",
            "control_depth": "control_depth.png", "meshes": "meshes.npz"}  # fmt: skip


def write_shards(
    folders: Sequence[str | Path],
    target: str | Path,
    shard_size: int = 1000,
    progress: Callable[[float, str], None] | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> list[Path]:
    """Write data sets as shards of `shard_size` pictures; each appears whole or not at all.

    Gives the shards. Raises RecordError for a record that cannot be read, a picture that is missing, or a target folder
    with more shards than these, which a reader would take for part of them.
    """
    if not 1 <= shard_size <= 1_000_000:
        raise RecordError(f"a shard of {shard_size} pictures cannot be; take 1 to 1000000")
    pictures, target = sources(folders), Path(target)
    shards = [target / SHARD.format(i) for i in range((len(pictures) + shard_size - 1) // shard_size)]
    others = sorted(path.name for path in target.glob("herd-*.tar") if path not in shards)
    if others:
        raise RecordError(f"{target}: holds {others[0]} of other shards; give an empty folder")
    herds = list(dict.fromkeys(str(source.herd.folder) for source in pictures))
    for number, shard in enumerate(shards):
        chosen = pictures[number * shard_size : (number + 1) * shard_size]
        with whole_file(shard) as stream, tarfile.open(fileobj=stream, mode="w", format=tarfile.USTAR_FORMAT) as tar:
            for place, source in enumerate(chosen, number * shard_size + 1):
                if stop():
                    raise KeyboardInterrupt
                prefix = f"{herds.index(str(source.herd.folder)):02d}_" if len(herds) > 1 else ""
                _add(tar, f"{prefix}{source.name}", source)
                if progress is not None:
                    progress(place / len(pictures), f"{place} of {len(pictures)}")
    return shards


def _add(tar: tarfile.TarFile, key: str, source: Source) -> None:
    """The files of one picture, sorted by their endings; its record was read first, so that only whole pictures get in."""
    record: Record = source.herd.record(source.name)
    members = {f"{key}.json": f"records/{source.name}.json"}
    members |= {f"{key}.{_ENDINGS[what]}": file for what, file in record.files.items()}
    for member in sorted(members):
        path = source.herd.path(members[member])
        try:
            with path.open("rb") as stream:
                info = tarfile.TarInfo(member)
                info.size, info.mode = path.stat().st_size, 0o644  # everything else stays 0
                tar.addfile(info, stream)
        except FileNotFoundError:
            raise RecordError(f"records/{source.name}.json: {members[member]} is missing") from None
