"""`bestiary render herd`: pictures of many animals with exact ground truth, here, in several processes, or on a Ray cluster."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

from .blender import NO_BLENDER, blender_command, blender_environment
from .console import CliError, Job, out, running, say

SCRIPT = "render_herd.py"
_POLL = 0.5  # seconds between looks at what is finished
_PATIENCE = 10.0  # seconds that a process gets to end before it is killed


def herd(
    out: Path,
    images: int | None = None,
    seed: int | None = None,
    layout: Literal["herd3d", "natural"] | None = None,
    animals: str | None = None,
    species: str | None = None,
    families: str | None = None,
    young: float | None = None,
    preset: Literal["train", "beauty"] | None = None,
    resolution: str | None = None,
    engine: Literal["cycles", "eevee", "workbench"] | None = None,
    samples: int | None = None,
    denoise: bool = False,
    grounds: str | None = None,
    lights: str | None = None,
    motion_blur: bool = False,
    depth_of_field: bool = False,
    noise: bool = False,
    hair: bool = False,
    model: Path | None = None,
    assets: Path | None = None,
    asset_share: float | None = None,
    backgrounds: Path | None = None,
    background_share: float | None = None,
    config: Path | None = None,
    shard: str | None = None,
    only: str | None = None,
    threads: int | None = None,
    workers: int = 1,
    cluster: Literal["", "ray"] = "",
    address: str | None = None,
    blender: Path | None = None,
) -> int:
    """Render herds: pictures of many animals with masks, depth, keypoints, poses and shapes for each.

    A picture depends on seed and index alone. What is finished is never rendered twice: the same command goes on where it was.

    Args:
        out: Folder of the data set.
        images: How many pictures the data set has (10).
        seed: Of everything that is drawn (0).
        layout: herd3d, the paper's, or natural groups.
        animals: How many in a picture, from:to (1:8).
        species: Draw from these, separated by commas; all without it.
        families: Draw from these families too.
        young: Share of young animals.
        preset: train (small, few samples) or beauty.
        resolution: Pixels, W or WxH (320 for train, 1024 for beauty).
        engine: cycles, eevee or workbench.
        samples: Light paths a pixel; the preset's without it.
        denoise: Use Blender's denoiser.
        grounds: Of grass, meadow, sand, snow, rock, water, floor, separated by commas.
        lights: Of sun, cloudy, overcast, dusk, separated by commas.
        motion_blur: Moving animals blur in some pictures.
        depth_of_field: What is out of focus blurs in some pictures.
        noise: Sensor noise in some pictures.
        hair: Grow hair (slow; masks are of the skin).
        model: Animal model file; without it the open animal.
        assets: Folder of an asset pack with animals of its own, such as 0 A.D.'s.
        asset_share: Share of pictures with animals of the pack (0.5).
        backgrounds: Folder of pictures to put behind the animals.
        background_share: Share of pictures with one of them (0.5).
        config: JSON file with these options; the command line wins.
        shard: Render the I-th of N shares, I/N.
        only: Render just these indices, separated by commas.
        threads: Processor threads of a process; without it all, shared among workers; one for a Ray task.
        workers: Processes, or Ray tasks, that share the work.
        cluster: ray: run the shares on a Ray cluster, whose machines must see `out` and have Bestiary.
        address: Of the Ray cluster; without it the one of this machine, or a new one.
        blender: Blender program; without it Blender's Python module.
    """
    given = {name: value for name, value in locals().items() if name not in ("workers", "cluster", "address", "blender", "shard")}
    if threads is None and (workers > 1 or cluster):
        given["threads"] = 1 if cluster else max(1, (os.cpu_count() or 1) // workers)
    words = command_words(given)
    command = blender_command(SCRIPT, blender)
    if command is None:
        raise CliError("No Blender was found.", NO_BLENDER)
    if workers < 1:
        raise CliError(f"--workers {workers} makes no sense.", "Give 1 or more.")
    if workers == 1 and not cluster:
        return _run([*command, *words, *(["--shard", shard] if shard else [])])
    if shard:
        raise CliError("--shard is what --workers and --cluster do by themselves.", "Give one or the other.")
    shares = [[*command, *words, "--shard", f"{k}/{workers}"] for k in range(1, workers + 1)]
    if cluster:
        from .cluster import run_on_ray

        return _shared(out, images, lambda job: run_on_ray(shares, address, job, float(threads or 1)))
    return _shared(out, images, lambda job: run_here(shares, job))


def command_words(given: dict[str, object]) -> list[str]:
    """The script's own command line for these options; what is None or False is left to the script. Paths become absolute."""
    words: list[str] = []
    for name, value in given.items():
        flag = "--" + name.replace("_", "-")
        if value is True:
            words.append(flag)
        elif value is not None and value is not False:
            words += [flag, str(value.resolve() if isinstance(value, Path) else value)]
    return words


def _run(command: Sequence[str]) -> int:
    """One process whose lines go straight to the screen; gives its exit code."""
    process = _start(command)
    try:
        return exit_code(process.wait())
    except KeyboardInterrupt:  # which the process got, too
        _end([process])
        say("Stopped. The same command goes on from here.")
        return 130


def _start(command: Sequence[str], **pipes: Any) -> subprocess.Popen[str]:
    """A process of a share. Raises CliError when there is no such program."""
    try:
        return subprocess.Popen(list(command), stdin=subprocess.DEVNULL, text=True, errors="replace", env=blender_environment(), **pipes)
    except OSError as error:
        raise CliError(f"{command[0]} cannot be run: {error.strerror}.", "Check --blender.") from None


def _end(processes: Sequence[subprocess.Popen[str]]) -> None:
    """End processes that still run, firmly after a while."""
    for process in processes:
        process.terminate()
    for process in processes:
        try:
            process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def exit_code(code: int) -> int:
    """The exit code that a shell would give: a process that a signal ended is no success."""
    return code if code >= 0 else 128 - code


def run_here(shares: Sequence[Sequence[str]], job: Job) -> int:
    """All shares at once on this machine; gives the worst exit code. Ends them all when the job is cancelled."""
    running_now: list[subprocess.Popen[str]] = []
    readers: list[threading.Thread] = []
    errors: list[str] = []
    try:
        for share in shares:
            process = _start(share, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
            running_now.append(process)
            readers.append(threading.Thread(target=_keep_errors, args=(process, errors), daemon=True))
            readers[-1].start()
        while any(process.poll() is None for process in running_now) and not job.cancel.is_set():
            time.sleep(_POLL / 5)
    finally:
        _end(running_now)
    for reader in readers:
        reader.join(5)
    for line in dict.fromkeys(errors):
        say(line)
    codes = [process.returncode for process in running_now]
    if job.cancel.is_set():
        say("Stopped. The same command goes on from here.")
        return 130
    for code in sorted({code for code in codes if code < 0}):
        say(f"error: {codes.count(code)} of {len(codes)} processes ended by signal {-code}. The same command goes on from here.")
    return max(exit_code(code) for code in codes)


def _keep_errors(process: subprocess.Popen[str], errors: list[str]) -> None:
    assert process.stderr is not None
    errors.extend(line.strip() for line in process.stderr if line.startswith("error:"))


def _shared(folder: Path, images: int | None, work: Callable[[Job], int]) -> int:
    """Do shared work under one progress bar, which counts the records in the folder."""
    stop = threading.Event()
    total, records = images or 0, folder / "records"
    with running("rendering") as job:

        def watch() -> None:
            started, first = time.monotonic(), _count(records)
            while not stop.wait(_POLL):
                done = _count(records)
                pace = 60 * (done - first) / max(time.monotonic() - started, 1e-3)
                left = f", {(total - done) / pace:.0f} min left" if pace > 0 and total else ""
                job.progress(done / total if total else 0.0, f"{done}{f'/{total}' if total else ''} pictures, {pace:.1f} a minute{left}")

        watcher = threading.Thread(target=watch, daemon=True)
        watcher.start()
        try:
            code = work(job)
        finally:
            stop.set()
            watcher.join()
    out.print(f"{_count(records)} pictures in {folder}", markup=False)
    return code


def _count(records: Path) -> int:
    try:
        return sum(name.name.endswith(".json") and not name.name.startswith(".") for name in records.iterdir())
    except OSError:
        return 0
