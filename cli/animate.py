"""`bestiary animate TRACKS`: tracks of footage become animals that move as they did, as files, as a strip of pictures, and as rigs."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from rich.markup import escape
from tyro.conf import Positional

from . import console
from . import tracks as track_input
from .connection import connected
from .console import CliError, Job, need_file, print_table, running, say
from .lift import file_names
from .reconstruct import finite, write_json

if TYPE_CHECKING:
    from ..animal.clips import AnimalClip
    from ..animal.tracks import Tracks
    from ..wire import Animated

Options = dict[str, float | int | bool | str]


def animate(
    tracks: Annotated[Path, Positional],
    out: Path = Path("out/animate"),
    species: tuple[str, ...] = (),
    family: tuple[str, ...] = (),
    fps: float | None = None,
    skeleton: str | None = None,
    size: str | None = None,
    focal: float | None = None,
    animal: tuple[str, ...] = (),
    min_confidence: float = 0.3,
    poses: str = "fit",
    smooth: float = 1.0,
    height: float | None = None,
    moving_camera: bool = False,
    video: Path | None = None,
    device: str = "cpu",
    server: str | None = None,
    key_dir: Path | None = None,
    blender: Path | None = None,
    no_blender: bool = False,
) -> None:
    """Animate animals from 2D tracks of footage: one shape for each, its pose in every frame, and the camera.

    For each animal it writes NAME.npz and NAME.json (the clip); for all of them strip.png (some frames from the camera and two sides),
    tracks.json, animals.blend, animals.glb and summary.json. Ctrl-C keeps the frames that are done.

    Args:
        tracks: COCO or BADJA (JSON), DeepLabCut (CSV, H5), SLEAP (analysis H5, CSV), a plain table, or Bestiary's own (docs/files.md).
        out: Folder for the results.
        species: Name from `bestiary animal list`: one for all animals, or one for each.
        family: Name of a family, when the species is not known: one for all animals, or one for each.
        fps: Frames a second; without it what the file says, or 30.
        skeleton: Name of a keypoint set, such as ap10k, or a JSON file of joints and bones (docs/files.md).
        size: WIDTHxHEIGHT of the pictures in pixels.
        focal: Focal length in pixels, if it is known.
        animal: Only these animals, by their names or their numbers from 1.
        min_confidence: Points below this are missing.
        poses: fit (the body is fitted to the tracks), or lift (the tracks are lifted first, and the body follows both).
        smooth: How even the motion is: 1 as animals move, 0 every frame by itself, 2 twice as stiff.
        height: Shoulder height of the animals in metres, instead of the species'.
        moving_camera: The camera goes along with the animals; without it, it stands still and they share one ground.
        video: The footage, for Blender's camera view.
        device: What to compute on, such as cpu or cuda.
        server: Address of a server that is to compute, such as tcp://127.0.0.1:8755; without it this process does.
        key_dir: Folder with this client's key and the server's, for a server on another machine.
        blender: Blender program; without it Blender's Python module, then `blender` on the path.
        no_blender: Do not make a .blend and a .glb.
    """
    from ..animal.tracks import save_tracks

    options = _options(poses, smooth, height, moving_camera)
    if video is not None:
        need_file(video, "The footage")
    found = track_input.read(tracks, fps, skeleton, size, focal, min_confidence)
    chosen = track_input.choose(found.tracks, animal)
    track_input.show(tracks, found, chosen)
    kinds = [_for_each(names, len(chosen), what) for names, what in ((species, "--species"), (family, "--family"))]
    start = time.perf_counter()
    with running("animating") as job:
        done = _ask(chosen, kinds[0], kinds[1], options, job, server, key_dir, device)
    seconds = time.perf_counter() - start
    result = _write(done, chosen, out, seconds)
    save_tracks(out / "tracks.json", chosen)
    summary: dict[str, Any] = {
        "file": str(tracks), "kind": found.kind, "notes": found.notes, "server": server or "this process", "options": options,
        "seconds": round(seconds, 3), "frames": done.frames, "first_frame": done.first, "animals": result.summaries,
        "files": [*result.files, "tracks.json"]}  # fmt: skip
    _build(result, out, video, blender, no_blender, summary)
    write_json(out / "summary.json", summary)
    _show(result, out, summary)


def _options(poses: str, smooth: float, height: float | None, moving_camera: bool) -> Options:
    """What the engine is told (docs/wire.md). Raises CliError."""
    if poses not in ("fit", "lift"):
        raise CliError(f"Poses cannot come from {poses!r}.", "Take --poses fit or --poses lift.")
    if not 0 <= smooth <= 100:
        raise CliError(f"A smoothness of {smooth:g} cannot be.", "Take 0 (none) to 100; 1 is as animals move.")
    options: Options = {"poses": poses, "smooth": smooth, "camera_static": not moving_camera}
    if height is not None:
        if not 0.001 <= height <= 100:
            raise CliError(f"An animal of {height:g} m cannot be.", "Give its shoulder height in metres, such as 0.6.")
        options["metres"] = height
    return options


def _for_each(names: tuple[str, ...], count: int, what: str) -> list[str | None]:
    if len(names) not in (0, 1, count):
        raise CliError(f"{what} has {len(names)} names for {count} animals.", "Give one for all, or one for each in their order.")
    return [names[i if len(names) > 1 else 0] if names else None for i in range(count)]


def _ask(tracks: list[Tracks], species: list[str | None], family: list[str | None], options: Options, job: Job, server: str | None,
         key_dir: Path | None, device: str) -> Animated:  # fmt: skip
    """The animals in motion, or as much of them as was done before Ctrl-C. Raises WireError or JobFailure, which say what to do."""
    from ..wire.animating import build_animate, read_animated

    if server is not None:
        with connected(server, key_dir=key_dir) as client:
            sent = client.submit_animate(tracks, species=species, family=family, options=options)
            while not sent.ended:
                if job.cancel.is_set():
                    client.cancel(sent)
                client.poll(sent, 0.1)
                job.progress(sent.fraction, sent.stage)
        if sent.state == "done":
            return sent.result  # type: ignore[return-value]
        if sent.state == "cancelled" and sent.partial is not None:
            return sent.partial
        assert sent.error is not None
        raise sent.error
    from ..server.engine import Cancelled, JobContext
    from ..server.fit.engine import FitEngine

    request, arrays = build_animate(tracks, species=species, family=family, options=options)
    last: list[Animated] = []

    def keep(fraction: float, stage: str, partial: Any, values: dict[str, Any]) -> None:
        last[:] = [read_animated(partial, values)]

    try:
        return read_animated(*FitEngine(device=device).run(request, arrays, JobContext(job.progress, job.cancel.is_set, keep)))
    except Cancelled:
        if last:
            return last[0]
        raise KeyboardInterrupt from None


@dataclass
class Result:
    """What was written: the files' names, of them the clips', and what summary.json says of each animal."""

    files: list[str]
    clips: list[str]
    summaries: list[dict[str, Any]]


def _write(done: Animated, tracks: list[Tracks], out: Path, seconds: float) -> Result:
    """The clips and the strip of pictures."""
    from ..animal.clips import save_clip
    from ..animal.default import default_model
    from ..animal.npz import whole_file
    from ..server.fit.clip import ClipAnimal, ClipFit
    from ..server.fit.clip_strip import draw_clip_strip

    out.mkdir(parents=True, exist_ok=True)
    result, model, animals = Result([], [], []), default_model(), []
    cameras = cameras_of(done)
    for number, (name, one, moving) in enumerate(zip(file_names(tracks), tracks, done.animals, strict=True)):
        clip = clip_of(done, number, one, tuple(int(parent) for parent in model.parents))
        save_clip(clip, out / f"{name}.npz")
        known = int(moving.known.sum())
        if known < done.frames - 1 and known < int(one.seen.any(axis=1).sum()):
            moving.warnings.append(f"{known} of {done.frames} frames were done.")
        result.clips.append(f"{name}.npz")
        result.files += [f"{name}.npz", f"{name}.json"]
        result.summaries.append({
            "name": name, "label": moving.label, "species": moving.species, "family": moving.family, "frames": known, "fps": done.fps,
            "seconds": round(seconds, 3), "frames_per_second": finite(known / max(seconds, 1e-9)),
            "facts": {key: finite(value) if isinstance(value, float) else value for key, value in moving.facts.items()},
            "warnings": moving.warnings})  # fmt: skip
        animals.append(ClipAnimal(moving.betas, moving.poses, moving.trans, moving.metres_per_unit, moving.keypoints_2d))
    if any(animal.done for animal in animals):
        with whole_file(out / "strip.png") as stream:
            title = f"{', '.join(file_names(tracks)[:4])}: {done.frames} frames, {done.fps:g} a second"
            draw_clip_strip(model, ClipFit(animals, cameras, done.fps, done.first), tracks, title=title).save(stream, "png")
        result.files.append("strip.png")
    return result


def cameras_of(done: Animated) -> tuple[Any, ...]:
    """The cameras of an answer."""
    from ..animal.cameras import Camera

    return tuple(Camera(K, R, t, done.width, done.height)
                 for K, R, t in zip(done.camera_K, done.camera_R, done.camera_t, strict=True))  # fmt: skip


def clip_of(done: Animated, number: int, tracks: Tracks, parents: tuple[int, ...]) -> AnimalClip:
    """One animal of an answer as a clip; its frame 0 is the footage's frame `details["first_frame"]`."""
    from ..animal.clips import AnimalClip

    moving, cameras = done.animals[number], cameras_of(done)
    return AnimalClip(
        moving.poses, moving.trans, moving.betas, done.fps, done.model_id, done.model_name, tuple(done.joint_names), parents,
        moving.metres_per_unit, moving.label, moving.species, moving.family, number, keypoint_names=tuple(done.keypoint_names),
        keypoints_2d=moving.keypoints_2d, cameras={"footage": cameras[0]} if len(cameras) == 1 else {}, source=tracks.source,
        scores={key: float(value) for key, value in moving.facts.items() if isinstance(value, float)}, warnings=tuple(moving.warnings),
        details={"first_frame": done.first})  # fmt: skip


def _build(result: Result, out: Path, video: Path | None, blender: Path | None, no_blender: bool, summary: dict[str, Any]) -> None:
    """The .blend and the .glb, by a Blender of its own; what stands in the way is said, and kept in the summary."""
    from .blender import NO_BLENDER, blender_command, run_script

    if no_blender:
        return
    if blender_command("import_clip.py", blender) is None:
        summary["blender"] = "No Blender was found: no .blend and no .glb."
        say(f"{summary['blender']} {NO_BLENDER}")
        return
    say("Building the animals in Blender …")
    start = time.perf_counter()
    blend, glb = out / "animals.blend", out / "animals.glb"
    arguments: list[str | Path] = [*(out / name for name in result.clips), "--blend", blend, "--glb", glb, "--tracks", out / "tracks.json"]
    if video is not None:
        arguments += ["--video", video.resolve()]
    run_script("import_clip.py", arguments, blender)
    missing = [path.name for path in (blend, glb) if not path.is_file()]
    if missing:
        raise CliError(f"Blender ended without writing {', '.join(missing)}.", "Try it again with --debug.")
    summary["seconds_blender"] = round(time.perf_counter() - start, 3)
    summary["files"] += [blend.name, glb.name]


def _show(result: Result, out: Path, summary: dict[str, Any]) -> None:
    """Print a table of the animals, what there is to say of them, and the list of files."""
    rows = []
    for about in result.summaries:
        error, percent = about["facts"].get("error_px"), about["facts"].get("error_percent")
        rows.append([about["name"], about["species"] or about["family"] or "–", about["frames"],
                     "–" if error is None else f"{error:.1f} px", "–" if percent is None else f"{percent:.1f} %"])  # fmt: skip
    print_table(f"{len(rows)} animal{'s' * (len(rows) != 1)} in {summary['seconds']:.1f} s",
                ["animal", "kind", "frames", "off the tracks", "of its size"], rows)  # fmt: skip
    for about in result.summaries:
        for warning in about["warnings"]:
            console.out.print(f"[bold yellow]warning:[/] {escape(about['name'])}: {escape(warning)}")
    console.out.print(f"written to {out}: {', '.join([*summary['files'], 'summary.json'])}", markup=False)
