"""The folder of a data set: what is finished is recognised, what is written is whole, and two runs never mix.

A picture's record is written last, so a picture with a record is complete. Any number of processes may write pictures of
their own into one folder.
"""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...animal.npz import read_json, write_json
from .truth import FORMAT

FOLDERS = ("images", "records", "truth", "control", "failed")
LEAST_FREE = 64 * 2**20
"""Bytes that must be free on the disk for another picture to be begun."""

_DRAFT = re.compile(r"^\.(\d{6,})(?!\d).*\.(part\.\w+|tmp)$")
_MAY_GROW = ("images",)  # options that may change when a data set is continued


class StoreError(RuntimeError):
    """A folder that cannot be written to or holds something else; the message says what to do."""


@dataclass(frozen=True)
class Store:
    """A data set's folder."""

    root: Path

    def open(self, about: dict[str, Any]) -> None:
        """Make the folder, or continue one that was made with the same options. about: the values of `dataset.json`.

        Raises StoreError.
        """
        try:
            for name in FOLDERS:
                (self.root / name).mkdir(parents=True, exist_ok=True)
            probe = self.root / "records" / f".probe.{os.getpid()}.tmp"
            probe.write_bytes(b"")
            probe.unlink()
        except OSError as error:
            raise StoreError(f"--out {self.root} cannot be written to: {error.strerror or error}. Choose another folder.") from None
        path = self.root / "dataset.json"
        if path.exists():
            before = self._about(path)
            self._check_same(before, about)
            if about["options"]["images"] <= before["options"]["images"]:
                return
        write_json(path, about)

    def _about(self, path: Path) -> dict[str, Any]:
        try:
            value = read_json(path, StoreError)
        except (OSError, StoreError) as error:
            raise StoreError(f"{path} is damaged ({error}). Nothing was changed: restore it, or choose another --out.") from None
        if not isinstance(value, dict) or value.get("format") != FORMAT or not isinstance(value.get("options"), dict):
            raise StoreError(f"{path} is not of a data set of this version ({FORMAT}). Choose another --out.")
        return value

    def _check_same(self, before: dict[str, Any], about: dict[str, Any]) -> None:
        old, new = before["options"], about["options"]
        differing = [name for name in sorted({*old, *new}) if name not in _MAY_GROW and _plain(old.get(name)) != _plain(new.get(name))]
        if differing:
            said = "; ".join(f"{name}: {old.get(name)!r} there, {new.get(name)!r} now" for name in differing)
            raise StoreError(f"{self.root} holds a data set made with other options ({said}). Use the same ones, or another --out.")
        if before.get("model_id") != about.get("model_id"):
            raise StoreError(f"{self.root} holds a data set of another animal model. Use the same --model, or another --out.")

    def clean(self, indices: set[int]) -> None:
        """Take away what a killed run left half-written of these pictures."""
        for name in FOLDERS:
            for entry in os.scandir(self.root / name):
                found = _DRAFT.match(entry.name)
                if found is not None and int(found.group(1)) in indices:
                    Path(entry.path).unlink(missing_ok=True)

    def is_finished(self, index: int) -> bool:
        """Whether a picture and its record are there. Raises StoreError for a record that cannot be read: it is left alone."""
        path = self.record(index)
        if not path.exists():
            return False
        try:
            value = read_json(path, StoreError)
        except (OSError, StoreError) as error:
            raise StoreError(f"{path} is damaged ({error}). Delete it to have the picture rendered again.") from None
        if not isinstance(value, dict) or value.get("format") != FORMAT or value.get("index") != index:
            raise StoreError(f"{path} is not the record of picture {index}. Delete it to have the picture rendered again.")
        return self.image(index).exists()

    def image(self, index: int) -> Path:
        return self.root / "images" / f"{index:06d}.png"

    def record(self, index: int) -> Path:
        return self.root / "records" / f"{index:06d}.json"

    def truth(self, index: int, what: str, ending: str = "png") -> Path:
        return self.root / "truth" / f"{index:06d}_{what}.{ending}"

    def control(self, index: int, what: str) -> Path:
        return self.root / "control" / f"{index:06d}_{what}.png"

    def relative(self, path: Path) -> str:
        """A path as records hold it."""
        return path.relative_to(self.root).as_posix()

    def need_space(self) -> None:
        """StoreError when the disk has no room for another picture."""
        free = shutil.disk_usage(self.root).free
        if free < LEAST_FREE:
            raise StoreError(f"The disk of {self.root} is full ({free >> 20} MiB free). Make room and run the same command again: "
                             "finished pictures stay.")

    def fail(self, index: int, reason: str, details: str) -> None:
        """Record that a picture could not be made."""
        write_json(self.root / "failed" / f"{index:06d}.json", {"format": FORMAT, "index": index, "reason": reason, "details": details})

    def succeed(self, index: int) -> None:
        """Forget an earlier failure of a picture."""
        (self.root / "failed" / f"{index:06d}.json").unlink(missing_ok=True)


def _plain(value: Any) -> Any:
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value
