"""`bestiary data view`: a herd as one web page that opens from disk."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from tyro.conf import Positional

from . import console
from .console import CliError, running, say

SUFFIXES = (".html", ".htm")


def view(
    folder: Annotated[Path, Positional],
    out: Path | None = None,
    limit: int = 1000,
    model: Path | None = None,
) -> None:
    """Write a herd as one web page: pictures, overlays to switch on, filters, statistics. It needs no server and no network.

    Args:
        folder: Folder of the data set.
        out: The page to write; without it gallery.html in the folder.
        limit: The most pictures, 1 to 5000; of more, as many are taken evenly from first to last. A picture costs some tens of kB.
        model: Animal model file that the herd was made with; without it the open animal. It draws the meshes.
    """
    from ..server.data.gallery import MAX_LIMIT, write_gallery
    from .animal import load

    if not 1 <= limit <= MAX_LIMIT:
        raise CliError(f"A page of {limit} pictures cannot be made.", f"Take 1 to {MAX_LIMIT}.")
    if out is not None and out.suffix.lower() not in SUFFIXES:
        raise CliError(f"{out} is no page's name.", "End it in .html.")
    with running("Drawing") as job:
        told = write_gallery(folder, out, limit, load(model), job.progress, job.cancel.is_set)
    for note in told.left_out[:20]:
        say(f"left out: {note}")
    some = f"{told.pictures:,} pictures"
    if told.pictures < told.pictures_there:
        some = f"{told.pictures:,} of {told.pictures_there:,} pictures"
    size = f"{told.bytes / 1e6:.1f} MB, {told.bytes_a_picture / 1e3:.0f} kB a picture"
    console.out.print(f"{some}, {told.animals:,} animals written to {told.path}: {size}.", markup=False)
