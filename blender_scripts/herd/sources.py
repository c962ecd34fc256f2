"""Fingerprints of what a data set is drawn from besides its options: the model's file, the asset pack, the background pictures.

The same files give the same fingerprint wherever they lie, so that machines with other paths can share the work, and a
changed model or folder is noticed before its pictures mix with earlier ones.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path

from .assets import AssetPack
from .backgrounds import Backgrounds


def fingerprints(model_file: Path, pack: AssetPack | None = None, backgrounds: Backgrounds | None = None) -> dict[str, str | None]:
    """model: of the file's bytes; assets and backgrounds: of names and sizes, or None without. Raises OSError."""
    return {
        "model": hashlib.sha256(model_file.read_bytes()).hexdigest()[:16],
        "assets": None if pack is None else _listing([("", 0, pack.name), *_files(pack.folder)]),
        "backgrounds": None if backgrounds is None else _listing(
            (one.path.name, one.path.stat().st_size, "") for one in backgrounds.pictures),
    }


def _files(folder: Path) -> list[tuple[str, int, str]]:
    """Every file below a folder with its size, in an order that is the same everywhere; hidden ones do not count."""
    found = []
    for top, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        paths = [Path(top, name) for name in names if not name.startswith(".")]
        found += [(path.relative_to(folder).as_posix(), path.stat().st_size, "") for path in paths if path.is_file()]
    return sorted(found)


def _listing(entries: Iterable[tuple[str, int, str]]) -> str:
    text = "\n".join(f"{name}\t{size}\t{more}" for name, size, more in entries)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
