"""The folder of a data set: what is finished is recognised, what is written is whole, and two runs never mix.

A picture's record is written last, so a picture with a record is complete. Any number of processes may write pictures of
their own into one folder.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...animal.npz import read_json, write_json
from .png import is_whole_png
from .truth import FORMAT

FOLDERS = ("images", "records", "truth", "control", "failed")
LEAST_FREE = 64 * 2**20
"""Bytes that must be free on the disk for another picture to be begun."""

_DRAFT = re.compile(r"^\.(\d{6,})(?!\d).*\.(part\.\w+|tmp)$")
_ABANDONED = 2.0  # seconds without a write after which a draft is nobody's: another process may be at the same picture
_MAY_GROW = ("images",)  # options that may change when a data set is continued
_NAMES = ("model", "assets", "backgrounds")  # options that name files: their fingerprints must agree, not where they lie
_BYTES_PER_PIXEL = 80  # of the drafts and files of one picture, at most
_SHOWN = 60  # characters of a value in a message


class StoreError(RuntimeError):
    """A folder that cannot be written to or holds something else; the message says what to do."""


class StoreFull(StoreError):
    """No room is left on the disk: no other picture can be made either."""


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
            raise self._unwritable(error) from None
        path = self.root / "dataset.json"
        if os.path.lexists(path):
            before = self._about(path)
            self._check_same(before, about)
            if about["options"]["images"] <= before["options"]["images"]:
                return
        try:
            write_json(path, about)
        except OSError as error:
            raise self._unwritable(error) from None

    def _unwritable(self, error: OSError) -> StoreError:
        if is_full(error):
            return StoreFull(f"The disk of {self.root} is full. Make room and run the same command again: finished pictures stay.")
        return StoreError(f"--out {self.root} cannot be written to: {error.strerror or error}. Choose another folder.")

    def _about(self, path: Path) -> dict[str, Any]:
        try:
            value = _read_file(path)
        except (OSError, StoreError) as error:
            raise StoreError(f"{path} is damaged ({error}). Nothing was changed: restore it, or choose another --out.") from None
        if not isinstance(value, dict) or value.get("format") != FORMAT or not isinstance(value.get("options"), dict):
            raise StoreError(f"{path} is not of a data set of this version ({FORMAT}). Choose another --out.")
        images = value["options"].get("images")
        if not isinstance(images, int) or isinstance(images, bool):
            raise StoreError(f"{path} is damaged (it has no number of images). Restore it, or choose another --out.")
        return value

    def _check_same(self, before: dict[str, Any], about: dict[str, Any]) -> None:
        old, new = before["options"], about["options"]
        names = sorted({*old, *new} - {*_MAY_GROW, *_NAMES})
        differing = [name for name in names if _plain(old.get(name)) != _plain(new.get(name))]
        if differing:
            said = "; ".join(f"{name[:_SHOWN]}: {_short(old.get(name))} there, {_short(new.get(name))} now" for name in differing[:8])
            raise StoreError(f"{self.root} holds a data set made with other options ({said}). Use the same ones, or another --out.")
        was, now = before.get("sources"), about.get("sources") or {}
        was = was if isinstance(was, dict) else {}
        other = [name for name in _NAMES if was.get(name) != now.get(name)]
        if before.get("model_id") != about.get("model_id") or "model" in other:
            raise StoreError(f"{self.root} holds a data set of another animal model. Use the same --model, or another --out.")
        if other:
            flags = " and ".join(f"--{name}" for name in other)
            raise StoreError(f"{self.root} holds a data set made with other files for {flags} (names or sizes differ). "
                             "Give the same files, wherever they lie, or another --out.")

    def clean(self, indices: set[int]) -> None:
        """Take away what a killed run left half-written of these pictures."""
        for name in FOLDERS:
            for entry in os.scandir(self.root / name):
                found = _DRAFT.match(entry.name)
                if found is None or int(found.group(1)) not in indices:
                    continue
                try:
                    if time.time() - entry.stat(follow_symlinks=False).st_mtime > _ABANDONED:
                        os.unlink(entry.path)
                except OSError:  # another process was first, or it is not ours to take away
                    continue

    def is_finished(self, index: int) -> bool:
        """Whether a picture's record is there with all that it names, nothing cut off.

        Raises StoreError for a record that cannot be read: it is left alone.
        """
        path = self.record(index)
        if not os.path.lexists(path):
            return False
        try:
            value = _read_file(path)
        except (OSError, StoreError) as error:
            raise StoreError(f"{path} is damaged ({error}). Delete it to have the picture rendered again.") from None
        if not isinstance(value, dict) or value.get("format") != FORMAT or value.get("index") != index:
            raise StoreError(f"{path} is not the record of picture {index}. Delete it to have the picture rendered again.")
        pictures = [self.image(index), *(self.truth(index, what) for what in ("depth", "ids", "normals")),
                    *(self.control(index, what) for what in ("canny", "depth"))]
        return all(map(is_whole_png, pictures)) and (value.get("meshes") is None or self.truth(index, "meshes", "npz").is_file())

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

    def need_space(self, pixels: int = 0) -> None:
        """StoreFull when the disk has no room for another picture of so many pixels."""
        free = shutil.disk_usage(self.root).free
        if free < LEAST_FREE + _BYTES_PER_PIXEL * pixels:
            raise StoreFull(f"The disk of {self.root} is full ({free >> 20} MiB free). Make room and run the same command again: "
                            "finished pictures stay.")

    def fail(self, index: int, reason: str, details: str) -> None:
        """Record that a picture could not be made. Raises StoreError when not even that can be written."""
        try:
            write_json(self.root / "failed" / f"{index:06d}.json", {"format": FORMAT, "index": index, "reason": reason, "details": details})
        except OSError as error:
            raise self._unwritable(error) from None

    def succeed(self, index: int) -> None:
        """Forget an earlier failure of a picture."""
        (self.root / "failed" / f"{index:06d}.json").unlink(missing_ok=True)


def is_full(error: BaseException | None) -> bool:
    """Whether an error, or what led to it, says that the disk or the user's share of it is full."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)):
            return True
        error = error.__cause__ or error.__context__
    return False


def _read_file(path: Path) -> Any:
    """A JSON file's value; what is no plain file, a pipe for example, is not waited for."""
    if not path.is_file():
        raise StoreError("no plain file")
    return read_json(path, StoreError)


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def _plain(value: Any) -> Any:
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value
