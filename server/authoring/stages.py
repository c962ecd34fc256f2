"""Results of slow stages, kept in files under a digest of everything they were made from."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

Arrays = dict[str, np.ndarray]


def digest(inputs: Sequence[np.ndarray | str], modules: Sequence[str]) -> str:
    """Hexadecimal SHA-256 over arrays, texts, and the source of this package's modules by name."""
    total = hashlib.sha256()
    for item in inputs:
        data = item.encode() if isinstance(item, str) else np.ascontiguousarray(np.round(item, 9)).tobytes()
        total.update(len(data).to_bytes(8, "little") + data)
    for name in modules:
        total.update((Path(__file__).parent / f"{name}.py").read_bytes())
    return total.hexdigest()


def cached(
    folder: Path | None, stage: str, inputs: Sequence[np.ndarray | str], make: Callable[[], Arrays], modules: Sequence[str]
) -> Arrays:
    """What `make` gives, or what it gave before for the same inputs and the same source; folder None keeps nothing."""
    if folder is None:
        return make()
    key = digest(inputs, modules)
    path = folder / f"{stage}-{key[:16]}.npz"  # of several versions each keeps its place
    if path.exists():
        with np.load(path, allow_pickle=False) as stored:
            if "key" in stored and str(stored["key"]) == key:
                return {name: stored[name] for name in stored.files if name != "key"}
    arrays = make()
    folder.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part.npz")
    np.savez_compressed(part, key=np.array(key), **arrays)  # type: ignore[arg-type]
    part.replace(path)
    return arrays
