"""`bestiary lift TRACKS`: 2D tracks become motion in space, as files, as a strip of pictures, and as an armature in Blender."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from rich.markup import escape
from tyro.conf import Positional

from . import console
from . import tracks as track_input
from .connection import connected
from .console import CliError, Job, need_file, print_table, running, say
from .reconstruct import finite, write_json

if TYPE_CHECKING:
    from ..animal.motion import Motion
    from ..animal.tracks import Tracks
    from ..wire import Lifted


def lift(
    tracks: Annotated[Path, Positional],
    out: Path = Path("out/lift"),
    fps: float | None = None,
    skeleton: str | None = None,
    size: str | None = None,
    focal: float | None = None,
    animal: tuple[str, ...] = (),
    min_confidence: float = 0.3,
    network: str | None = None,
    species: str | None = None,
    height: float | None = None,
    length: float | None = None,
    moving_camera: bool = False,
    no_feet: bool = False,
    smooth: float = 1.0,
    video: Path | None = None,
    device: str | None = None,
    server: str | None = None,
    key_dir: Path | None = None,
    blender: Path | None = None,
    no_blender: bool = False,
) -> None:
    """Lift 2D tracks of animals to motion in space.

    For each animal it writes NAME.npz and NAME.json (the motion) and strip.png (some frames from the camera, the side and above;
    NAME_strip.png for several animals); for all of them tracks.json, motion.blend, motion.glb and summary.json.

    Args:
        tracks: COCO or BADJA (JSON), DeepLabCut (CSV, H5), SLEAP (analysis H5, CSV), a plain table, or Bestiary's own (docs/files.md).
        out: Folder for the results.
        fps: Frames a second; without it what the file says, or 30.
        skeleton: Name of a keypoint set, such as ap10k, or a JSON file of joints and bones (docs/files.md).
        size: WIDTHxHEIGHT of the pictures in pixels.
        focal: Focal length in pixels, if it is known.
        animal: Only these animals, by their names or their numbers from 1.
        min_confidence: Points below this are missing.
        network: Name of a network that ships, or the folder of another one.
        species: Name from `bestiary animal list`: gives the animal its real size.
        height: Its shoulder height in metres, instead of the species'.
        length: Its length in metres between the two joints farthest apart, instead of a height.
        moving_camera: The camera goes along with the animal; without it, it stands still.
        no_feet: Do not hold feet in place that stand on the ground.
        smooth: How much jitter is taken out: 1 as much as the tracks show, 0 none.
        video: The footage, for Blender's camera view.
        device: What to compute on, such as cpu or cuda; without it a GPU where there is one.
        server: Address of a server that is to lift, such as tcp://127.0.0.1:8755; without it this process does.
        key_dir: Folder with this client's key and the server's, for a server on another machine.
        blender: Blender program; without it Blender's Python module, then `blender` on the path.
        no_blender: Do not make a .blend and a .glb.
    """
    from ..animal.tracks import save_tracks

    options = _options(network, species, height, length, moving_camera, no_feet, smooth)
    if server is not None and device is not None:
        raise CliError("--server and --device exclude each other.", "The server has its own device.")
    if video is not None:
        need_file(video, "The footage")
    found = track_input.read(tracks, fps, skeleton, size, focal, min_confidence)
    chosen = track_input.choose(found.tracks, animal)
    track_input.show(tracks, found, chosen)
    results = _lift_all(chosen, options, out, (server, key_dir, device), found.notes)
    save_tracks(out / "tracks.json", [result.tracks for result in results])
    summary: dict[str, Any] = {
        "file": str(tracks), "kind": found.kind, "notes": found.notes, "server": server or "this process", "options": options,
        "animals": [result.summary for result in results], "files": [f for result in results for f in result.files] + ["tracks.json"]}
    _build_armatures(results, out, video, blender, no_blender, summary)
    write_json(out / "summary.json", summary)
    _show(results, out, summary)


def _options(network: str | None, species: str | None, height: float | None, length: float | None, moving_camera: bool,
             no_feet: bool, smooth: float) -> dict[str, float | int | bool | str]:  # fmt: skip
    """What the engine is told (docs/wire.md). Raises CliError or SpeciesError."""
    options: dict[str, float | int | bool | str] = {"feet": not no_feet, "smooth": smooth, "camera_static": not moving_camera}
    if height is not None and length is not None:
        raise CliError("--height and --length exclude each other.", "Give the one that you know better.")
    metres = height if height is not None else length
    if metres is not None and not 0.001 <= metres <= 100:
        raise CliError(f"An animal of {metres:g} m cannot be.", "Give its size in metres, such as 0.6.")
    if not 0 <= smooth <= 100:
        raise CliError(f"A smoothness of {smooth:g} cannot be.", "Take 0 (none) to 100; 1 is as much as the tracks show.")
    if species is not None:
        from ..animal.default import default_model
        from ..animal.species import find_species

        known = find_species(species, default_model().species)
        options |= {"species": known.name, "metres": known.shoulder_height_m, "measures": "height"}
    if metres is not None:
        options |= {"metres": metres, "measures": "height" if height is not None else "length"}
    if network is not None:
        options["network"] = network
    return options


# --- lifting ----------------------------------------------------------------------------------------------------------


@dataclass
class Result:
    """One animal that was lifted: its name for files, its motion, the tracks as they were used, what summary.json says, files."""

    name: str
    motion: Motion
    tracks: Tracks
    summary: dict[str, Any]
    files: list[str]


class Lifter:
    """What lifts: a server's client, or the engine in this process."""

    def __init__(self, client: Any = None, engine: Any = None) -> None:
        self.client, self.engine = client, engine

    def lift(self, tracks: Tracks, options: dict[str, float | int | bool | str], job: Job) -> Lifted:
        """The motion of one animal. Raises WireError or JobFailure, which say what to do."""
        if self.client is not None:
            return self.client.lift(tracks, options=options, progress=job.progress, cancel=job.cancel)
        from ..server.engine import Cancelled, JobContext
        from ..wire.lifting import build_lift, read_lifted

        request, arrays = build_lift(tracks, options=options)
        try:
            return read_lifted(*self.engine.run(request, arrays, JobContext(job.progress, job.cancel.is_set)))
        except Cancelled:
            raise KeyboardInterrupt from None


@contextmanager
def lifter(server: str | None, key_dir: Path | None, device: str | None) -> Iterator[Lifter]:
    """The server that was named, else this process on `device`, else on a GPU where there is one."""
    if server is not None:
        with connected(server, key_dir=key_dir) as client:
            yield Lifter(client)
        return
    from ..server.lift.engine import LiftEngine
    from ..server.train.distributed import pick_device

    yield Lifter(engine=LiftEngine(pick_device(device or "auto")))


def _lift_all(tracks: list[Tracks], options: dict[str, float | int | bool | str], out: Path,
              where: tuple[str | None, Path | None, str | None], notes: list[str]) -> list[Result]:  # fmt: skip
    """Lift all animals, at least one. `where` are the arguments of `lifter`; `notes` gets what could not be lifted and why."""
    results: list[Result] = []
    with lifter(*where) as work:
        for name, one in zip(file_names(tracks), tracks, strict=True):
            try:
                results.append(_lift_one(work, name, one, options, out, "strip" if len(tracks) == 1 else f"{name}_strip"))
            except Exception as error:  # an animal of which too little is seen does not spoil the others
                if getattr(error, "code", "") != "bad_tracks" or (one is tracks[-1] and not results):
                    raise
                notes.append(f"Not lifted: {name}. {error}")
                say(notes[-1])
    return results


def _lift_one(work: Lifter, name: str, tracks: Tracks, options: dict[str, float | int | bool | str], out: Path,
              strip: str) -> Result:  # fmt: skip
    """Lift one animal and write its motion, called `name`, and its picture, called `strip`."""
    from ..animal.motion import save_motion
    from ..animal.npz import whole_file
    from ..animal.track_files import without_unseen
    from ..server.lift.strip import draw_strip

    seen, unseen = without_unseen(tracks)
    start = time.perf_counter()
    with running(name) as job:
        lifted = work.lift(seen, options, job)
    seconds = time.perf_counter() - start
    motion, used = motion_of(lifted, seen)
    save_motion(out / f"{name}.npz", motion)
    title = f"{motion.label or name}, {len(motion)} frames, {motion.fps:g} a second"
    with whole_file(out / f"{strip}.png") as stream:
        draw_strip(motion, used, title=title).save(stream, "png")
    warnings = [*([f"Left out, because they are never seen: {', '.join(unseen)}."] if unseen else []), *lifted.warnings]
    if lifted.swaps:
        spans = ", ".join(f"{first} to {last}" for first, last, _ in lifted.swaps[:4])
        more = f" and {len(lifted.swaps) - 4} more" if len(lifted.swaps) > 4 else ""
        warnings.append(f"Left and right were mixed up in the tracks and put right: frames {spans}{more}.")
    summary = {
        "name": name, "label": motion.label, "species": motion.species or None, "frames": len(motion), "joints": len(motion.skeleton),
        "fps": motion.fps, "missing": finite(1 - float(tracks.seen.mean())), "network": lifted.network, "seconds": round(seconds, 3),
        "frames_per_second": finite(len(motion) / max(seconds, 1e-9)), "swaps": [list(swap) for swap in lifted.swaps],
        "facts": {key: finite(value) if isinstance(value, float) else value for key, value in lifted.facts.items()},
        "warnings": warnings}  # fmt: skip
    return Result(name, motion, used, summary, [f"{name}.npz", f"{name}.json", f"{strip}.png"])


def motion_of(lifted: Lifted, sent: Tracks) -> tuple[Motion, Tracks]:
    """An answer as a motion, and the tracks as they were used. Raises MotionError when it does not hold together."""
    from ..animal.cameras import Camera
    from ..animal.motion import Motion
    from ..animal.skeleton import Skeleton

    skeleton = Skeleton(tuple(lifted.names), tuple(lifted.parents))
    cameras = tuple(Camera(K, R, t, lifted.width, lifted.height)
                    for K, R, t in zip(lifted.camera_K, lifted.camera_R, lifted.camera_t, strict=True))  # fmt: skip
    motion = Motion(lifted.positions, skeleton, lifted.fps, lifted.label or sent.label, lifted.species or "", sent.source,
                    uncertainty=lifted.uncertainty, contacts=lifted.contacts, cameras=cameras, frame_numbers=lifted.frame_numbers,
                    details={"network": lifted.network, **lifted.facts})  # fmt: skip
    used = replace(sent, points=lifted.points, skeleton=skeleton, confidence=None, frame_numbers=lifted.frame_numbers)
    return motion, used


def file_names(tracks: list[Tracks]) -> list[str]:
    """A file's name for each animal: of its label, each another."""
    names: list[str] = []
    for one in tracks:
        plain = re.sub(r"[^\w.-]+", "_", one.label).strip("._-")[:60] or "animal"
        name, number = plain, 2
        while name.lower() in map(str.lower, [*names, "tracks", "summary", "strip"]):
            name, number = f"{plain}_{number}", number + 1
        names.append(name)
    return names


# --- what comes of it -------------------------------------------------------------------------------------------------


def _build_armatures(results: list[Result], out: Path, video: Path | None, blender: Path | None, no_blender: bool,
                     summary: dict[str, Any]) -> None:  # fmt: skip
    """The .blend and the .glb, by a Blender of its own; what stands in the way is said, and kept in the summary."""
    from .blender import NO_BLENDER, blender_command, run_script

    if no_blender:
        return
    if blender_command("import_motion.py", blender) is None:
        summary["blender"] = "No Blender was found: no .blend and no .glb."
        say(f"{summary['blender']} {NO_BLENDER}")
        return
    say("Building the armatures in Blender …")
    start = time.perf_counter()
    blend, glb = out / "motion.blend", out / "motion.glb"
    arguments: list[str | Path] = [*(out / f"{result.name}.npz" for result in results), "--blend", blend, "--glb", glb]
    arguments += ["--tracks", out / "tracks.json"]
    if video is not None:
        arguments += ["--video", video.resolve()]
    run_script("import_motion.py", arguments, blender)
    missing = [path.name for path in (blend, glb) if not path.is_file()]
    if missing:
        raise CliError(f"Blender ended without writing {', '.join(missing)}.", "Try it again with --debug.")
    summary["seconds_blender"] = round(time.perf_counter() - start, 3)
    summary["files"] += [blend.name, glb.name]


def _show(results: list[Result], out: Path, summary: dict[str, Any]) -> None:
    """Print a table of the motions, what there is to say of them, and the list of files."""
    rows = []
    for result in results:
        facts, about = result.summary["facts"], result.summary
        error, noise = facts.get("error_px"), facts.get("noise_px")
        rows.append([about["name"], f"{about['frames']}", f"{about['joints']}", "–" if error is None else f"{error:.1f} px",
                     "–" if noise is None else f"{noise:.1f} px", f"{about['frames_per_second']:.3g}"])  # fmt: skip
    print_table(f"{len(rows)} motion{'s' * (len(rows) != 1)}", ["animal", "frames", "joints", "off the tracks", "noise of the tracks",
                "frames a second"], rows)  # fmt: skip
    for result in results:
        for warning in result.summary["warnings"]:
            console.out.print(f"[bold yellow]warning:[/] {escape(result.name)}: {escape(warning)}")
    console.out.print(f"written to {out}: {', '.join([*summary['files'], 'summary.json'])}", markup=False)
