"""`bestiary demo`: the whole way once, from a picture over the wire to a rig in Blender."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from .blender import run_script
from .connection import private_server
from .console import CliError, need_file, say

SAMPLE = Path(__file__).with_name("samples") / "fox.npz"


def demo(
    out: Path = Path("out/demo"),
    photo: Path | None = None,
    keypoints: Path | None = None,
    mask: Path | None = None,
    species: str | None = None,
    blender: Path | None = None,
) -> None:
    """Start a server on this machine, send a picture with hints, and build the rig in Blender.

    Without a photo it renders one: a fox that is not the animal that the server fits, with hints from its
    own skeleton.

    Args:
        out: Folder for the results.
        photo: A photo of your own.
        keypoints: Its keypoint file (docs/files.md), or a COCO file.
        mask: Its silhouette, white on black.
        species: Name from `bestiary animal list`.
        blender: Blender program; without it Blender's Python module, then `blender` on the path.
    """
    from ..wire import Client
    from .hints import read_hints
    from .reconstruct import Target, reconstruct_photo, show, write_json

    start = time.perf_counter()
    truth = None
    if photo is None:
        if keypoints is not None or mask is not None:
            raise CliError("Keypoints or a mask were given without their photo.", "Add --photo (make demo PHOTO=…).")
        photo, keypoints, truth = render_sample(out / "sample", blender)
    need_file(photo, "The photo")
    animals = read_hints(photo, keypoints, (mask,) if mask else (), (), species)
    points = sum(len(animal.keypoints) for animal in animals if animal.keypoints is not None)
    say(f"Sending {photo.name} with {points} points to a server on this machine …")
    target = Target(out, blender)
    with private_server() as address, Client(address) as client:
        summary = reconstruct_photo(client, photo, animals, None, target)
    if truth is not None:
        summary["sample"] = score_against(truth, out, summary)
    summary["seconds_total"] = round(time.perf_counter() - start, 3)
    write_json(out / "summary.json", summary)
    show(summary, target)
    if truth is not None:
        say(f"Overlap with the true silhouette, which the server did not see: {summary['sample']['iou_truth']:.2f}")


def render_sample(folder: Path, blender: Path | None) -> tuple[Path, Path, Path]:
    """Render the sample picture; gives the photo, its keypoint file and its true silhouette."""
    say("Rendering a sample picture with Blender (give PHOTO=… to use your own) …")
    run_script("render_sample.py", ["--sample", SAMPLE, "--out", folder], blender)
    return folder / "photo.png", folder / "keypoints.json", folder / "mask.png"


def score_against(truth: Path, out: Path, summary: dict[str, Any]) -> dict[str, Any]:
    """How well the reconstructed animal covers the sample's true silhouette."""
    from ..animal.clips import load_clip
    from ..server.results import clip_silhouette
    from .animal import load
    from .hints import read_mask

    mask = read_mask(truth) > 0
    clip = load_clip(out / "animal.npz")
    found = clip_silhouette(clip, load(None))
    union = int((mask | found).sum())
    return {"iou_truth": round(float((mask & found).sum() / max(union, 1)), 4), "hidden_mask": str(truth)}
