"""`bestiary reconstruct PHOTO`: sends a photo with hints to a server and writes the animals, as files and as a rig."""

from __future__ import annotations

import json
import math
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from rich.markup import escape
from tyro.conf import Positional

from . import console
from .connection import connected
from .console import CliError, need_file, print_table, running, say

if TYPE_CHECKING:
    from ..wire import AnimalInput, Client, Reconstruction


def reconstruct(
    photo: Annotated[Path, Positional],
    keypoints: Path | None = None,
    keypoint_set: str | None = None,
    mask: tuple[Path, ...] = (),
    box: tuple[str, ...] = (),
    species: str | None = None,
    family: str | None = None,
    focal: float | None = None,
    out: Path = Path("out"),
    server: str | None = None,
    local: bool = False,
    key_dir: Path | None = None,
    model: Path | None = None,
    blender: Path | None = None,
    no_blender: bool = False,
) -> None:
    """Reconstruct the animals of a photo.

    Writes animal.npz and animal.json (animal_2.npz, … for further animals), overlay.png, animal.blend, animal.glb and
    summary.json.

    Args:
        photo: The picture: JPEG, PNG, WebP, TIFF, …
        keypoints: JSON file of named points, for one or several animals (docs/files.md), or a COCO file.
        keypoint_set: What the points' names belong to, such as ap10k; without it all known names and aliases.
        mask: Picture of the animal's silhouette, white on black, as large as the photo; one for each animal.
        box: x0,y0,x1,y1 in pixels; one for each animal.
        species: Name from `bestiary animal list`.
        family: Name of a family, when the species is not known.
        focal: Focal length in pixels, if it is known.
        out: Folder for the results.
        server: Address of a server, such as tcp://127.0.0.1:8755.
        local: Start a server for this call, also when one runs already.
        key_dir: Folder with this client's key and the server's, for a server on another machine.
        model: Animal model file; the server must use the same. Without it the open animal.
        blender: Blender program; without it Blender's Python module, then `blender` on the path.
        no_blender: Do not make a .blend and a .glb.
    """
    from .hints import read_hints

    need_file(photo, "The photo")
    animals = read_hints(photo, keypoints, mask, box, species, family, keypoint_set)
    target = Target(out, blender, no_blender, model)
    if model is not None:
        need_file(model, "The animal model")
    with connected(server, local, key_dir, model) as client:
        summary = reconstruct_photo(client, photo, animals, focal, target)
    show(summary, target)


@dataclass(frozen=True)
class Target:
    """Where results go: the folder, the Blender to build with, and the model file that they belong to."""

    folder: Path
    blender: Path | None = None
    no_blender: bool = False
    model: Path | None = None


def reconstruct_photo(
    client: Client, photo: Path, animals: list[AnimalInput], focal: float | None, target: Target
) -> dict[str, Any]:
    """Send one photo, write everything into target.folder, and give the summary that summary.json holds."""
    from ..server.results import write_reconstruction

    target.folder.mkdir(parents=True, exist_ok=True)
    start = time.perf_counter()
    with running(photo.name) as job:
        result = client.reconstruct(photo, animals=animals, focal=focal, progress=job.progress, cancel=job.cancel)
    seconds = time.perf_counter() - start
    written = write_reconstruction(result, target.folder, photo=photo)
    summary = summarise(result, photo, client.address, seconds)
    summary["files"] = [path.name for path in written]
    build_rigs(result, written, photo, target, summary)
    write_json(target.folder / "summary.json", summary)
    return summary


def summarise(result: Reconstruction, photo: Path, address: str, seconds: float) -> dict[str, Any]:
    """What summary.json says of a result."""
    return {
        "photo": str(photo),
        "server": address,
        "model": result.model_name,
        "model_id": result.model_id,
        "width": result.width,
        "height": result.height,
        "focal_px": float(result.camera_K[0, 0]),
        "seconds": round(seconds, 3),
        "seconds_engine": round(float(result.seconds), 3),
        "animals": [
            {
                "label": animal.label or animal.species or f"animal {number}",
                "species": animal.species,
                "family": animal.family,
                "score": finite(animal.score),
                "keypoint_error_px": finite(animal.keypoint_error_px),
                "iou": finite(animal.iou),
                "metres_per_unit": animal.metres_per_unit,
                "warnings": animal.warnings,
            }
            for number, animal in enumerate(result.animals, start=1)
        ],
    }


def finite(value: float | None) -> float | None:
    """The number, or None for nan: nothing was given that could be measured, and JSON has no nan."""
    return None if value is None or not math.isfinite(value) else float(value)


def build_rigs(
    result: Reconstruction, written: list[Path], photo: Path, target: Target, summary: dict[str, Any]
) -> None:
    """The .blend and the .glb, by a Blender of its own; what stands in the way is said, and kept in the summary."""
    from ..server.results import upright_photo
    from .blender import NO_BLENDER, blender_command, run_script

    if target.no_blender:
        return
    if blender_command("import_animals.py", target.blender) is None:
        summary["blender"] = "No Blender was found: no .blend and no .glb."
        say(f"{summary['blender']} {NO_BLENDER}")
        return
    if not result.animals:
        return
    clips = [path for path in written if path.suffix == ".npz"]
    blend, glb = target.folder / "animal.blend", target.folder / "animal.glb"
    say("Building the rig in Blender …")
    start = time.perf_counter()
    upright = upright_photo(photo, target.folder)
    arguments: list[str | Path] = [*clips, "--photo", upright.resolve(), "--blend", blend, "--glb", glb]
    if target.model is not None:
        arguments += ["--model", target.model]
    run_script("import_animals.py", arguments, target.blender)
    missing = [path.name for path in (blend, glb) if not path.is_file()]
    if missing:
        raise CliError(f"Blender ended without writing {', '.join(missing)}.", "Try it again with --debug.")
    summary["seconds_blender"] = round(time.perf_counter() - start, 3)
    summary["files"] += [blend.name, glb.name]


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write a JSON file under a temporary name, then rename it."""
    temporary = path.with_name(path.name + ".part")
    temporary.write_text(json.dumps(content, indent=2, allow_nan=False) + "\n", encoding="utf-8")
    temporary.replace(path)


def show(summary: dict[str, Any], target: Target) -> None:
    """Print a table of the animals, their warnings, and the list of files."""

    def cell(value: float | None, form: str) -> str:
        return "–" if value is None else form.format(value)

    rows = [
        [
            animal["label"],
            animal["species"] or animal["family"] or "–",
            cell(animal["keypoint_error_px"], "{:.1f} px"),
            cell(animal["iou"], "{:.2f}"),
            cell(animal["score"], "{:.2f}"),
        ]
        for animal in summary["animals"]
    ]
    print_table(
        f"{Path(summary['photo']).name}: {len(rows)} animal{'s' * (len(rows) != 1)} in {summary['seconds']:.1f} s",
        ["animal", "species", "keypoint error", "mask overlap", "score"],
        rows,
    )
    for animal in summary["animals"]:
        for warning in animal["warnings"]:
            console.out.print(f"[bold yellow]warning:[/] {escape(animal['label'])}: {escape(warning)}")
    console.out.print(f"written to {target.folder}: {', '.join([*summary['files'], 'summary.json'])}")
