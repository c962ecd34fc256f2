"""`bestiary render stylise DIR`: draws the pictures of a rendered herd anew with a local diffusers checkpoint."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from tyro.conf import Positional

from .console import CliError, print_table, running, say

if TYPE_CHECKING:
    from ..server.data.stylise import Outcome


def stylise(
    folder: Annotated[Path, Positional],
    checkpoint: Path,
    out: Path,
    controlnet: tuple[Path, ...] = (),
    control: Literal["canny", "depth", "both"] = "canny",
    steps: int = 30,
    guidance: float = 4.0,
    strength: float = 1.0,
    control_scale: float = 1.0,
    size: int = 0,
    negative: str = "",
    seed: int = 0,
    limit: int | None = None,
    device: str = "auto",
    offload: bool = False,
) -> int:
    """Draw the pictures of a rendered herd anew with a generator that is steered by edges and depth.

    The result is a data set in its own right: other pixels, the same masks, keypoints and meshes. Each record says how well its
    picture kept to the truth (`stylised.agreement`). Start it again and it goes on where it was.

    Args:
        folder: A folder that `bestiary render herd` wrote.
        checkpoint: Folder of a diffusers checkpoint: Stable Diffusion, Stable Diffusion XL, Flux or Qwen-Image, as safetensors.
        out: Folder for the new data set.
        controlnet: Folder of a ControlNet made for the checkpoint; two for --control both, the one for edges first.
        control: What the pictures are steered by.
        steps: Steps of each picture.
        guidance: How hard the words pull.
        strength: 1 draws from noise alone; less starts from the rendered picture and changes it less.
        control_scale: How hard edges and depth pull.
        size: Longer side in pixels at which the generator works, such as 1024; 0 for the pictures' own.
        negative: What the pictures shall not show.
        seed: Of the noise; a picture depends on it and on its index alone.
        limit: Only the first so many pictures.
        device: cpu, cuda, cuda:1, …; auto takes a GPU when there is one.
        offload: Keep what is not at work out of the GPU's memory: slower, for large checkpoints.
    """
    if not folder.is_dir():
        raise CliError(f"The folder {folder} was not found.", "Check the path; `bestiary render herd` writes such a folder.")
    if find_spec("diffusers") is None:
        raise CliError("Pictures are drawn by diffusers, which is not installed.",
                       "in Bestiary's folder: pip install -e '.[stylise]'")  # fmt: skip
    from ..server.data.generator import Style
    from ..server.data.stylise import stylise as run

    style = Style(checkpoint, controlnet, control, steps, guidance, strength, control_scale, size, negative, device, offload)
    with running("Drawing pictures") as job:
        outcome = run(folder, out, style, seed, limit, job.progress, job.cancel)
    return show(outcome, out)


def show(outcome: Outcome, out: Path) -> int:
    """Say what was done; gives the exit code: 0, 2 when pictures failed, 130 when it was cancelled."""
    rows: list[list[Any]] = [["drawn", outcome.drawn], ["finished before", outcome.finished_before], ["failed", len(outcome.failed)]]
    if outcome.agreements:
        ordered = sorted(outcome.agreements)
        rows += [["agreement with the truth, median", f"{ordered[len(ordered) // 2]:.2f}"], ["agreement, least", f"{ordered[0]:.2f}"]]
    print_table(str(out), ["pictures", ""], rows)
    for name, reason in list(outcome.failed.items())[:5]:
        say(f"{name} failed: {reason}")
    if len(outcome.failed) > 5:
        say(f"… and {len(outcome.failed) - 5} more: see {out / 'failed'}")
    if outcome.cancelled:
        say("Cancelled. Start it again to go on.")
        return 130
    return 2 if outcome.failed else 0
