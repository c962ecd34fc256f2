"""`bestiary benchmark body | serve | import | herds | lift | poses | retarget | export`: measured ratios against what one would use."""

from __future__ import annotations

from pathlib import Path

from .console import CliError, need_file, out, print_table, say


def body(
    out: Path = Path("out/benchmark_body"),
    model: Path | None = None,
    batches: tuple[int, ...] = (1, 32, 256),
    seconds: float = 4.0,
    threads: int = 0,
) -> None:
    """Torch forward of the animal model against smplx.lbs: the same model and inputs, in one run.

    Args:
        out: Folder for metrics.json and table.md.
        model: Animal model file; without it the open animal.
        batches: Batch sizes.
        seconds: Time for each case.
        threads: Torch's threads; 0 leaves them as they are.
    """
    need("smplx")
    from ..benchmarks import body as benchmark

    if model is not None:
        need_file(model, "The model")
    show(benchmark.run(out, model, batches, seconds, threads), out)


def serve(out: Path = Path("out/benchmark_serve"), repeats: int = 200, megabytes: float = 4.0) -> None:
    """What the way through the server costs: a job over loopback minus the same call in process, beside LitServe.

    Args:
        out: Folder for metrics.json and table.md.
        repeats: Jobs to measure.
        megabytes: Payload of a job.
    """
    need("litserve")
    from ..benchmarks import serve as benchmark

    show(benchmark.run(out, repeats=repeats, megabytes=megabytes), out)


def import_animals(out: Path = Path("out/benchmark_import"), blender: tuple[Path, ...] = (), animals: int = 8) -> None:
    """How long Blender takes to build a photo's animals with all their shape keys.

    Args:
        out: Folder for metrics.json and table.md.
        blender: Blender programs; without them Blender's Python module, and `blender` on the path.
        animals: How many animals the photo has.
    """
    from ..benchmarks import import_animals as benchmark

    show(benchmark.run(out, [[str(program)] for program in blender] or None, animals), out)


def herds(
    out: Path = Path("out/benchmark_herds"), blender: Path | None = None, images: int = 6, long: int = 1000, no_workbench: bool = False
) -> None:
    """What herds cost: truth beside the bare picture, building beside rendering, pace, and growth.

    Args:
        out: Folder for metrics.json, table.md and the plots.
        blender: Blender program; without it Blender's Python module.
        images: Pictures of each measurement.
        long: Pictures of the long run that watches memory; 0 for none.
        no_workbench: Leave workbench out, which needs a graphics driver.
    """
    from ..benchmarks import herds as benchmark
    from .blender import NO_BLENDER, blender_command

    command = blender_command("render_herd.py", blender)
    if command is None:
        raise CliError("No Blender was found.", NO_BLENDER)
    show(benchmark.run(out, command, images, long, not no_workbench, say), out)


def lift(
    out: Path = Path("out/benchmark_lift"),
    frames: int = 480,
    seconds: float = 6.0,
    threads: int = 2,
    longest: int = 10_000,
    device: str = "auto",
) -> None:
    """Frames a second of the lifting networks, attention in blocks against masked attention, memory against frames.

    Args:
        out: Folder for metrics.json, table.md and plots.
        frames: Frames of the clip that speeds are measured with.
        seconds: Time for each network.
        threads: Torch's threads; 0 leaves them as they are.
        longest: The most frames whose memory is measured; 0 leaves memory out.
        device: cpu or cuda; auto is both where there is a GPU.
    """
    from ..benchmarks import lift as benchmark

    show(benchmark.run(out, frames, seconds, threads, longest, device, say), out)


def poses(
    out: Path = Path("out/benchmark_poses"), seconds: float = 3.0, batch: int = 4000, windows: int = 512, threads: int = 0
) -> None:
    """Synthetic poses a second, on the CPU and on a GPU where there is one, beside one at a time and beside the paper.

    Args:
        out: Folder for metrics.json and table.md.
        seconds: Time for each measurement.
        batch: Poses drawn at once on the CPU.
        windows: Clips of random animals drawn at once on the CPU.
        threads: Torch's threads; 0 leaves them as they are.
    """
    from ..benchmarks import poses as benchmark

    show(benchmark.run(out, seconds, batch, windows, threads, say=say), out)


def export(out: Path = Path("out/benchmark_export"), blender: tuple[str, ...] = ()) -> None:
    """Round trips of an animal in motion through FBX, glTF, BVH and USD: joints, skin, frame rate, length, names.

    Args:
        out: Folder for metrics.json, table.md and the files.
        blender: Blenders to try, each a program or a Python that has bpy, with words before the arguments ("/path/tool 5.2").
            Without them Blender's Python module, and `blender` on the path.
    """
    import shlex

    from ..benchmarks import export as benchmark
    from .blender import NO_BLENDER

    starts = [shlex.split(line) for line in blender] or benchmark.found()
    if not starts:
        raise CliError("No Blender was found.", NO_BLENDER)
    show(benchmark.run(out, starts, say=say), out)


def retarget(out: Path = Path("out/benchmark_retarget"), data: Path | None = None) -> None:
    """Eight clips onto twelve rigs without a manual map, measured in Blender beside a plain copy of rotations; and how fast it is.

    Args:
        out: Folder for metrics.json and table.md.
        data: Folder of the rigs (../shared/data/rigs); rigs that are not there are left out.
    """
    need("bpy")
    from ..benchmarks import retarget as benchmark

    if data is not None and not data.is_dir():
        raise CliError(f"The folder {data} was not found.", "Check the path; quote it if it has spaces.")
    show(benchmark.run(out, data or benchmark.DATA, say), out)


def need(module: str) -> None:
    """CliError when what is compared against is not installed."""
    import importlib.util

    if importlib.util.find_spec(module) is None:
        raise CliError(f"{module} is not installed; this benchmark compares with it.", f"pip install {module}")


def show(metrics: dict[str, float], folder: Path) -> None:
    """Print all numbers and where they were written."""
    print_table("metrics", ["", "value"], [[name, value] for name, value in metrics.items()])
    out.print(f"written to {folder}: metrics.json, table.md")
