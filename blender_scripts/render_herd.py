"""Renders herds: pictures of many animals, and with each the exact truth: masks, depth, normals, keypoints, poses, shapes.

    blender -b -P blender_scripts/render_herd.py -- --out out/herd --images 20 --seed 0 --layout natural
    python blender_scripts/render_herd.py --out out/herd …          (Blender as a Python module; `bestiary render herd`)

`--help` lists the options, docs/files.md what is written. A picture depends on seed and index alone: any number of processes
may share the work (`--shard 1/4` … `--shard 4/4`) into one folder, and a run that was stopped goes on where it was.
Needs nothing but Blender 4.2 or newer and its numpy. Exit codes: 0 all is there, 1 some pictures failed (the folder `failed`
says why), 2 it cannot be done as asked, 130 stopped.
"""

from __future__ import annotations

import importlib.util
import os
import signal
import socket
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from bestiary.blender_scripts.herd.options import Run
    from bestiary.blender_scripts.herd.planner import Planner
    from bestiary.blender_scripts.herd.store import Store

OLDEST = (4, 2, 0)


def package() -> ModuleType:
    """The package `bestiary`: this file's own checkout or extension, under that name, whatever its folder's."""
    if "bestiary" not in sys.modules:
        root = Path(__file__).resolve().parents[1]
        spec = importlib.util.spec_from_file_location("bestiary", root / "__init__.py", submodule_search_locations=[str(root)])
        assert spec is not None and spec.loader is not None
        sys.modules["bestiary"] = module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    return sys.modules["bestiary"]


def main() -> int:
    """Do what the command line asks for; gives the exit code."""
    words = sys.argv[sys.argv.index("--") + 1:] if "--" in sys.argv else sys.argv[1:]
    package()
    try:
        import bpy
    except ImportError:
        return refuse("This runs in Blender: blender -b -P render_herd.py -- …, or with Blender's Python module (pip install bpy).")
    if bpy.app.version < OLDEST:
        return refuse(f"Blender {bpy.app.version_string} is too old: {'.'.join(map(str, OLDEST[:2]))} is the oldest that works.")
    from bestiary.blender_scripts.herd.options import OptionError, read_command
    from bestiary.blender_scripts.herd.store import Store, StoreError

    leave_on_interrupt()
    try:
        run = read_command(words)
        with quiet() as report:
            return render(run, Store(run.out), *prepare(run, bpy), report)
    except (OptionError, StoreError) as error:
        return refuse(str(error))
    except Exception as error:  # Blender would print it and leave with 0, as if all were well
        traceback.print_exc()
        print(f"error: {type(error).__name__}: {error}", file=sys.stderr, flush=True)
        return 1


def refuse(text: str) -> int:
    print(f"error: {text}", file=sys.stderr, flush=True)
    return 2


def leave_on_interrupt() -> None:
    """Let Ctrl-C end this process at once with code 130, also in the middle of a render.

    Python would look at the signal only when the render is over, and Blender would cancel the one picture and go on. Nothing
    is lost: files appear whole or not at all, and the next run takes away what is half-written.
    """
    waiting, told = socket.socketpair()
    told.setblocking(False)
    signal.signal(signal.SIGINT, lambda number, frame: None)
    signal.set_wakeup_fd(told.fileno(), warn_on_full_buffer=False)

    def leave() -> None:
        while signal.SIGINT not in waiting.recv(1):
            pass
        os.write(2, b"\nStopped. The same command goes on from here.\n")
        told.close()
        os._exit(130)

    threading.Thread(target=leave, daemon=True).start()


def prepare(run: Run, bpy: Any) -> tuple[Planner, dict[str, Any]]:
    """What all pictures need, checked before the first: model, species, packs, denoiser; and what `dataset.json` says of them."""
    from bestiary.animal.coat_fields import can_measure
    from bestiary.animal.default import DEFAULT_MODEL_PATH, default_model
    from bestiary.animal.keypoints import SKELETON, SUPERSET
    from bestiary.animal.model_file import open_model
    from bestiary.blender_scripts.herd.assets import open_pack
    from bestiary.blender_scripts.herd.backgrounds import open_backgrounds
    from bestiary.blender_scripts.herd.options import OptionError
    from bestiary.blender_scripts.herd.passes import can_denoise
    from bestiary.blender_scripts.herd.planner import Planner
    from bestiary.blender_scripts.herd.sources import fingerprints
    from bestiary.blender_scripts.herd.truth import FORMAT, VISIBILITY_TOLERANCE

    options = run.options
    if options.denoise and not can_denoise():
        raise OptionError("--denoise: this Blender was built without a denoiser. Leave it out, and raise --samples instead.")
    try:
        model = open_model(options.model) if options.model else default_model()
        pack = open_pack(options.assets) if options.assets else None
        backgrounds = open_backgrounds(options.backgrounds) if options.backgrounds else None
        planner = Planner.of(model, options, pack, backgrounds)
        sources = fingerprints(Path(options.model) if options.model else DEFAULT_MODEL_PATH, pack, backgrounds)
    except (ValueError, OSError) as error:
        raise OptionError(str(error)) from None
    if options.hair and (model.uv is None or not can_measure(model)):
        raise OptionError(f"--hair: the model {model.name!r} has no texture coordinates or not the points that coats are measured by. "
                          "Leave it out.")
    where = {name: Path(getattr(options, name)).name for name in ("model", "assets", "backgrounds")}
    about = {
        "format": FORMAT, "options": {**options.to_json(), **where}, "sources": sources,
        "model_id": model.model_id, "model_name": model.name,
        "joint_names": list(model.joint_names), "parents": [int(p) for p in model.parents],
        "keypoint_names": list(SUPERSET), "skeleton": [list(pair) for pair in SKELETON],
        "visibility_tolerance": VISIBILITY_TOLERANCE, "engine": options.engine, "blender": bpy.app.version_string,
    }
    return planner, about


def render(run: Run, store: Store, planner: Planner, about: dict[str, Any], report: TextIO) -> int:
    """Render the pictures of this run that are not there yet; a failed one is recorded and the others go on."""
    from bestiary.animal.npz import write_json
    from bestiary.blender_scripts.herd.store import StoreError, StoreFull, is_full
    from bestiary.blender_scripts.herd.workshop import Workshop

    store.open(about)
    indices = run.indices()
    store.clean(set(indices))
    workshop, progress = Workshop(planner.model, run.options, store, run.threads), Progress(len(indices), report)
    pixels = run.options.size[0] * run.options.size[1]
    failed: list[int] = []
    costs: list[dict[str, float]] = []
    for index in indices:
        try:
            if store.is_finished(index):
                progress.there()
                continue
            store.need_space(pixels)
            started = time.perf_counter()
            plan = planner.plan(index)
            workshop.took("plan", started)
            record = workshop.make(plan)
            progress.made(index, len(record["animals"]), time.perf_counter() - started)
            costs.append({"index": index, "animals": len(record["animals"]), "memory_mb": resident_mb(), **workshop.last})
        except StoreFull:
            raise
        except StoreError as error:
            failed.append(index)
            progress.failed(index, str(error))
        except Exception as error:  # whatever it is, the other pictures are worth having
            if is_full(error):
                raise StoreFull(f"The disk of {run.out} is full ({error}). Make room and run the same command again: finished pictures "
                                "stay.") from None
            store.need_space()
            failed.append(index)
            store.fail(index, f"{type(error).__name__}: {error}", traceback.format_exc())
            progress.failed(index, f"{type(error).__name__}: {error}")
    progress.done(workshop.seconds)
    if run.report is not None:
        write_json(run.report, costs)
    if failed:
        print(f"error: {len(failed)} of {len(indices)} pictures failed; {run.out / 'failed'} says why. "
              "The same command tries them again.", file=sys.stderr, flush=True)
    return 1 if failed else 0


def resident_mb() -> float:
    """Memory of this process in MB; 0 where the system does not tell it in Linux's way."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except (OSError, ValueError, IndexError):
        return 0.0
    return round(pages * os.sysconf("SC_PAGESIZE") / 1e6, 1)


class Progress:
    """A line for every picture, with the pace and the time that is left; on a terminal a bar below them."""

    def __init__(self, total: int, stream: TextIO) -> None:
        self.total, self.stream, self.bar = total, stream, stream.isatty()
        self.passed = self.rendered = 0
        self.seconds = 0.0

    def there(self) -> None:
        self.passed += 1

    def made(self, index: int, animals: int, seconds: float) -> None:
        self.passed, self.rendered, self.seconds = self.passed + 1, self.rendered + 1, self.seconds + seconds
        self._line(f"{index:06d}  {animals} animal{'s' if animals > 1 else ''}, {seconds:.1f} s")

    def failed(self, index: int, reason: str) -> None:
        self.passed += 1
        self._line(f"{index:06d}  FAILED: {reason.splitlines()[0][:200]}")

    def done(self, seconds: dict[str, float]) -> None:
        skipped = self.passed - self.rendered
        parts = ", ".join(f"{name} {value:.1f}" for name, value in seconds.items())
        print(f"{self.rendered} rendered, {skipped} passed over, {self._pace():.1f} images a minute; seconds: {parts}", file=self.stream,
              flush=True)

    def _line(self, text: str) -> None:
        left = (self.total - self.passed) * self.seconds / max(self.rendered, 1)
        tail = f"{self.passed}/{self.total}, {self._pace():.1f} images a minute, {_clock(left)} left"
        if not self.bar:
            print(f"{text}  [{tail}]", file=self.stream, flush=True)
            return
        full = round(24 * self.passed / max(self.total, 1))
        print(f"\r\x1b[K{text}\n{'█' * full}{'·' * (24 - full)} {tail}", end="\n" if self.passed == self.total else "", file=self.stream,
              flush=True)

    def _pace(self) -> float:
        return 60.0 * self.rendered / self.seconds if self.seconds else 0.0


def _clock(seconds: float) -> str:
    minutes = round(seconds / 60)
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60:02d} min"


@contextmanager
def quiet() -> Iterator[TextIO]:
    """Keep Blender's own chatter off standard output; what is given still writes there. BESTIARY_VERBOSE=1 shows all."""
    if os.environ.get("BESTIARY_VERBOSE"):
        yield sys.stdout
        return
    sys.stdout.flush()
    kept = os.dup(1)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)
    try:
        with os.fdopen(os.dup(kept), "w", encoding="utf-8", errors="replace") as stream:
            yield stream
    finally:
        sys.stdout.flush()
        os.dup2(kept, 1)
        os.close(kept)


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    sys.exit(code)
