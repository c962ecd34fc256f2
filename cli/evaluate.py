"""`bestiary evaluate animal | fit | truth | lift | lift-table | lift-real`: how good the animal, the reconstructions and the lifted
motion are: numbers, a table, pictures."""

from __future__ import annotations

from pathlib import Path

from .benchmark import show
from .console import CliError, need_file, say


def animal(
    out: Path = Path("out/evaluate_animal"),
    model: Path | None = None,
    data: Path | None = None,
    build: Path | None = None,
    sources: Path | None = None,
    sections: tuple[str, ...] = (),
    seed: int = 0,
) -> None:
    """Score the animal model: sound surfaces, true proportions, how general its shapes are, how well it bends.

    Args:
        out: Folder for metrics.json, table.md and the pictures.
        model: Animal model file; without it the open animal.
        data: Folder with rigs and annotations of others, for what compares with them.
        build: Folder in which `make animal` left its stages, for what compares with the sources.
        sources: Folder with the packages that `make animal` downloads, for what compares with the sources.
        sections: Only these: rest, blends, proportions, registration, left_out, zeroad, motion, coverage.
        seed: Of all draws.
    """
    from ..server.evaluate import animal as evaluation
    from .animal import load

    for folder in (data, build, sources):
        if folder is not None:
            need_folder(folder)
    unknown = set(sections) - set(evaluation.SECTIONS)
    if unknown:
        raise CliError(f"There is no section {', '.join(sorted(unknown))}.", f"There are {', '.join(evaluation.SECTIONS)}.")
    show(evaluation.run(evaluation.Inputs(load(model), out, data, build, sources, seed, say), sections), out)


def fit(
    data: Path,
    out: Path = Path("out/evaluate_fit"),
    model: Path | None = None,
    limit: int | None = None,
    seed: int = 0,
    device: str = "cpu",
) -> None:
    """Score the fit on annotated real photos.

    Args:
        data: Folder of a data set with annotations, such as StanfordExtra's.
        out: Folder for metrics.json, table.md and the pictures.
        model: Animal model file; without it the open animal.
        limit: Only so many photos.
        seed: Of the draws of which points are given and which are scored.
        device: cpu, cuda:0, …
    """
    from ..server.evaluate import photos
    from .animal import load

    show(photos.run(need_folder(data), out, load(model), limit=limit, seed=seed, device=device, say=say), out)


def truth(
    data: Path,
    out: Path = Path("out/evaluate_truth"),
    model: Path | None = None,
    count: int = 40,
    seed: int = 0,
    blender: Path | None = None,
    device: str = "cpu",
) -> None:
    """Score the fit on rendered animals whose 3D pose is known.

    Args:
        data: Folder of rigged animals (glTF).
        out: Folder for metrics.json, table.md and the pictures.
        model: Animal model file; without it the open animal.
        count: Pictures to render.
        seed: Of the draws of animals, poses and views.
        blender: Blender program to render with; without it Blender's Python module.
        device: cpu, cuda:0, …
    """
    from ..server.evaluate import truth as evaluation
    from .animal import load

    program = None if blender is None else str(blender)
    show(evaluation.run(need_folder(data), out, load(model), count, seed, blender=program, device=device, say=say), out)


def lift(
    motions: Path,
    networks: tuple[str, ...] = (),
    out: Path = Path("out/evaluate_lift"),
    sections: tuple[str, ...] = (),
    only: tuple[str, ...] = (),
    leave_out: tuple[str, ...] = ("open_*", "*_bones"),
    views: int = 1,
    seed: int = 0,
    device: str = "auto",
) -> None:
    """Score lifting networks on the test clips of a folder of motions: the paper's SA-MPJPE, FA-MPJPE and SA-MPVE.

    Args:
        motions: Folder of motions (`bestiary data motions`).
        networks: NAME=FOLDER of each network: weights, a training's folder, or a shipped network's name; without them those that ship.
        out: Folder for metrics.json, table.md, species.csv and plots.
        sections: Only these: table1, clean, missing.
        only: Patterns of categories; without them all.
        leave_out: Patterns of categories that are left out.
        views: Cameras for each clip.
        seed: Of cameras, noise and missing points.
        device: cpu, cuda, cuda:0; auto is CUDA where there is one.
    """
    from ..server.evaluate import lift as evaluation
    from ..server.train.distributed import pick_device

    unknown = set(sections) - set(evaluation.SECTIONS)
    if unknown:
        raise CliError(f"There is no section {', '.join(sorted(unknown))}.", f"There are {', '.join(evaluation.SECTIONS)}.")
    folders = named_networks(networks)
    inputs = evaluation.from_folder(need_folder(motions), folders, out, seed, views, pick_device(device), only, leave_out, say)
    if not inputs.clips:
        raise CliError(f"{motions} has no test clip in these categories.", "Check --only and --leave-out.")
    show(evaluation.run(inputs, sections), out)


def lift_table(
    motions: Path,
    table: str,
    out: Path = Path("out/evaluate_lift_tables"),
    config: Path | None = None,
    seeds: int = 1,
    steps: int | None = None,
    animals: tuple[str, ...] = (),
    device: str = "auto",
) -> None:
    """Make a table of the lifting paper: train the networks that it compares, test them, write it in the paper's form.

    Finished trainings are kept in OUT/runs and serve every table; the same command goes on with a broken one.

    Args:
        motions: Folder of motions (`bestiary data motions`).
        table: 2, 3, 4, 5, 6, ood (unseen animals), rig (more joints than any seen) or missing (points missing).
        out: Folder for trainings, tables, table.md and metrics.json.
        config: TOML file of a lifter; without it the small one that ships.
        seeds: Trainings that each row is the mean of.
        steps: Of each training, instead of the config's.
        animals: Only these in tables 2 and ood; without them all.
        device: cpu, cuda, cuda:0; auto is CUDA where there is one.
    """
    from ..server.evaluate import lift_tables as evaluation
    from ..server.train.distributed import pick_device
    from ..server.train.start import config_of

    if table not in evaluation.TABLES:
        raise CliError(f"There is no table {table}.", f"There are {', '.join(evaluation.TABLES)}.")
    if seeds < 1:
        raise CliError(f"--seeds {seeds}: at least 1.", "")
    settings = config_of(evaluation.CONFIG if config is None else need_file(config, "The config"))
    work = evaluation.Work(settings, need_folder(motions), out, seeds, steps, pick_device(device), animals, say)
    show(evaluation.run(work, table), out)


def lift_real(
    data: Path,
    networks: tuple[str, ...] = (),
    out: Path = Path("out/evaluate_lift_real"),
    sections: tuple[str, ...] = (),
    seed: int = 0,
    device: str = "auto",
) -> None:
    """Test lifting networks on real animals: motion capture from virtual cameras, and annotated footage.

    Args:
        data: Folder with mocap/*/*.mat and keypoints2d/badja/*.json.
        networks: NAME=FOLDER of each network: weights, a training's folder, or a shipped network's name; without them those that ship.
        out: Folder for metrics.json, table.md and frame strips.
        sections: Only these: rat, badja.
        seed: Of noise and hidden points.
        device: cpu, cuda, cuda:0; auto is CUDA where there is one.
    """
    from ..server.evaluate import lift_real as evaluation
    from ..server.train.distributed import pick_device

    unknown = set(sections) - {"rat", "badja"}
    if unknown:
        raise CliError(f"There is no section {', '.join(sorted(unknown))}.", "There are rat and badja.")
    show(evaluation.run(need_folder(data), named_networks(networks), out, pick_device(device), seed, sections, say), out)


def footage(
    data: Path,
    out: Path = Path("out/evaluate_footage"),
    sections: tuple[str, ...] = (),
    only: tuple[str, ...] = (),
    no_joints: bool = False,
    no_single: bool = False,
    seed: int = 0,
    device: str = "cpu",
) -> None:
    """Test animals animated from footage: points kept back from BADJA's annotated clips, and clips whose truth is known.

    Args:
        data: Folder with keypoints2d/badja/*.json.
        out: Folder for metrics.json, table.md and a frame strip of each clip.
        sections: Only these: badja, truth.
        only: Only these clips of BADJA, by their files' names.
        no_joints: Do not keep back each joint in turn: that fits the clip once for each.
        no_single: Do not fit every frame by itself for comparison.
        seed: Of the points that are kept back, and of noise.
        device: cpu, cuda, cuda:0.
    """
    from ..server.evaluate import footage as evaluation

    unknown = set(sections) - set(evaluation.SECTIONS)
    if unknown:
        raise CliError(f"There is no section {', '.join(sorted(unknown))}.", f"There are {' and '.join(evaluation.SECTIONS)}.")
    show(evaluation.run(need_folder(data), out, sections, only, not no_joints, not no_single, seed, device, say), out)


def named_networks(texts: tuple[str, ...]) -> dict[str, str]:
    """NAME=FOLDER by name; a folder alone is called by its last part; none: those that ship. CliError for names given twice."""
    from ..server.lift.weights import shipped

    if not texts:
        texts = tuple(shipped())
    found: dict[str, str] = {}
    for text in texts:
        name, equals, folder = text.partition("=")
        name, folder = (name, folder) if equals else (Path(text).name, text)
        if not name or not folder or name in found or "@" in name:
            raise CliError(f"--networks {text}: write NAME=FOLDER, each name once.", "Example: lifter=out/lifter lfm=out/lfm")
        found[name] = folder
    if not found:
        raise CliError("No network ships with this copy.", "Name one: --networks NAME=FOLDER")
    return found


def need_folder(path: Path) -> Path:
    """`path`, or CliError when there is no such folder."""
    if not path.is_dir():
        raise CliError(f"There is no folder {path}.", "Check --data.")
    return path
