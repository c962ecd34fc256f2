"""`bestiary data check | merge | statistics`: herd data sets verified, counted, and turned into the formats of others."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Annotated, Literal

from tyro.conf import Positional

from . import console
from .console import CliError, need_file, print_error, print_table, running, say

MAX_WORKERS = 256


def check(
    folder: Annotated[Path, Positional],
    out: Path = Path("out/data_check"),
    model: Path | None = None,
    workers: int | None = None,
    limit: int | None = None,
) -> int:
    """Verify a herd: every record is held against its pictures and against the animal model.

    Reads only what was written, and works everything else out anew. Ends with 1 when a limit does not hold or a record is
    corrupt.

    Args:
        folder: Folder of the data set.
        out: Folder for metrics.json, table.md and pictures of the worst cases.
        model: Animal model file that the herd was made with; without it the open animal.
        workers: Processes; without it one for each core.
        limit: Only so many pictures, evenly spread.
    """
    from ..server.data import check as checking

    _need_herd(folder)
    if model is not None:
        need_file(model, "The animal model")
    if limit is not None and limit < 1:
        raise CliError(f"A limit of {limit} pictures leaves none.", "Take at least 1.")
    with running("Checking") as job:
        result = checking.run(folder, out, model, _workers(workers), limit, job.progress, job.cancel.is_set)
    values = {measure: result.metrics[measure] for measure in checking.LIMITS}
    rows = [[measure, "not measured" if math.isnan(values[measure]) else f"{values[measure]:.3g}", f"{sign} {most:g}"]
            for measure, (sign, most) in checking.LIMITS.items()]  # fmt: skip
    print_table(f"{folder.name}: {result.metrics['pictures']:.0f} pictures, {result.metrics['animals']:.0f} animals",
                ["measure", "value", "limit"], rows)  # fmt: skip
    for name in result.corrupt[:20]:
        say(f"corrupt: {name}")
    for problem in result.problems[:20]:
        say(problem)
    _wrote(out)
    if result.broken:
        print_error("; ".join(result.broken) + ".", f"{out / 'table.md'} names the worst cases; render those pictures again.")
        return 1
    console.out.print("All limits that could be measured hold.", markup=False)
    return 0


def merge(
    folders: Annotated[tuple[Path, ...], Positional],
    out: Path | None = None,
    format: Literal["coco", "animal3d", "sam3d"] = "coco",
    keypoints: str = "animal3d",
    split: float | None = None,
    model: Path | None = None,
    webdataset: Path | None = None,
    shard_size: int = 1000,
) -> None:
    """Write one or several herds as one file of COCO or Animal3D, as WebDataset shards, or both.

    Paths in the file are seen from the folder that it lies in; nothing is copied.

    Args:
        folders: Folders of data sets.
        out: The JSON file to write.
        format: coco; animal3d: an entry for each animal; sam3d: an entry for each picture, lists over its animals.
        keypoints: Which points COCO's keypoints are: superset, animal3d, ap10k, animalpose, … Animal3D's formats have their own 26.
        split: Share of the pictures that goes into FILE_train.json; the others go into FILE_val.json.
        model: Animal model file that the herds were made with; without it the open animal.
        webdataset: Folder for shards herd-000000.tar, …, with all files of each picture.
        shard_size: Pictures in a shard.
    """
    from ..server.data import merge as merging
    from ..server.data import tars
    from .animal import load

    if not folders:
        raise CliError("There is nothing to merge.", "Name the folders of one or more data sets.")
    if out is None and webdataset is None:
        raise CliError("There is nothing to write.", "Give --out FILE, --webdataset FOLDER, or both.")
    for folder in folders:
        _need_herd(folder)
    if out is not None:
        if out.is_dir():
            raise CliError(f"{out} is a folder.", "Give a file's name, such as herd.json.")
        with running("Merging") as job:
            written = merging.merge(folders, out, format, keypoints, split, load(model), job.progress, job.cancel.is_set)
        rows = [[name, count["images"], count["animals"], count["left_out"]] for name, count in written.items()]
        print_table("Written", ["file", "pictures", "animals", "left out"], rows)
    if webdataset is not None:
        with running("Writing shards") as job:
            shards = tars.write_shards(folders, webdataset, shard_size, job.progress, job.cancel.is_set)
        console.out.print(f"{len(shards)} shard{'s' if len(shards) != 1 else ''} written to {webdataset}.", markup=False)


def statistics(folder: Annotated[Path, Positional], out: Path = Path("out/data_statistics")) -> int:
    """Count what is in a herd: species, animals a picture, visible fractions, headings, sizes; beside the paper's numbers.

    Args:
        folder: Folder of the data set.
        out: Folder for metrics.json, table.md, table.tex (for LaTeX) and the charts.
    """
    from ..server.data import statistics as counting
    from ..server.data.paper import TITLE, paper_rows

    _need_herd(folder)
    with running("Counting") as job:
        result = counting.run(folder, out, job.progress, job.cancel.is_set)
    print_table(folder.resolve().name, ["", "here", TITLE], [list(row) for row in paper_rows(result.metrics)[:-1]])
    _wrote(out)
    for text in result.corrupt[:20]:
        say(f"corrupt: {text}")
    return 1 if result.corrupt else 0


def _need_herd(folder: Path) -> None:
    """CliError when a folder holds no data set."""
    if not folder.is_dir():
        raise CliError(f"There is no folder {folder}.", "Check the path.")
    if not (folder / "dataset.json").is_file():
        raise CliError(f"{folder} holds no dataset.json.", "Give the folder that render_herd.py wrote.")


def _workers(workers: int | None) -> int:
    if workers is None:
        return min(os.cpu_count() or 1, MAX_WORKERS)
    if not 1 <= workers <= MAX_WORKERS:
        raise CliError(f"{workers} workers cannot be.", f"Take 1 to {MAX_WORKERS}.")
    return workers


def _wrote(folder: Path) -> None:
    console.out.print(f"Written to {folder}.", markup=False)
