"""Plays the animals of a clip in Blender: clips (.npz with their .json) in, .blend, .glb and a picture out.

    blender -b -P blender_scripts/import_clip.py -- dog.npz [more.npz …] [--video film.mp4] [--tracks tracks.json]
            [--blend out.blend] [--glb out.glb] [--render out.png] [--model model.npz]
    python blender_scripts/import_clip.py dog.npz …          (with Blender as a Python module)

Runs as a bare file in a bare Blender, see `import_animals.py`. Unlike that one it takes the animals of one piece of footage, as
`bestiary animate` writes them: the scene gets the footage's rate, length and camera, the film behind its view, the tracks before it.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import sys
import time
from pathlib import Path
from types import ModuleType

import bpy


def package() -> ModuleType:
    """The package `bestiary`: this file's own checkout or extension, under that name, whatever its folder's."""
    if "bestiary" not in sys.modules:
        root = Path(__file__).resolve().parents[1]
        spec = importlib.util.spec_from_file_location(
            "bestiary", root / "__init__.py", submodule_search_locations=[str(root)])
        assert spec is not None and spec.loader is not None
        sys.modules["bestiary"] = module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    return sys.modules["bestiary"]


def arguments() -> argparse.Namespace:
    """What stands behind `--` on Blender's command line, or on Python's own."""
    words = sys.argv[sys.argv.index("--") + 1:] if "--" in sys.argv else sys.argv[1:]
    parser = argparse.ArgumentParser(prog="import_clip.py", description="Play the animals of a clip.")
    parser.add_argument("files", nargs="+", type=Path, metavar="CLIP.npz", help="clips of one piece of footage")
    parser.add_argument("--video", type=Path, help="the footage, a movie or the first of numbered pictures")
    parser.add_argument("--video-first", type=int, default=0, help="the place in the footage of frame number 0, from 0")
    parser.add_argument("--tracks", type=Path, help="the tracks that the animals follow, in their order (.json)")
    parser.add_argument("--model", type=Path, help="the animals' model file; without it the open animal")
    parser.add_argument("--blend", type=Path, help="save a .blend here")
    parser.add_argument("--glb", type=Path, help="export a .glb here")
    parser.add_argument("--render", type=Path, help="render a PNG of one frame here")
    parser.add_argument("--frame", type=int, help="the frame of the picture, from 1; without it the middle one")
    return parser.parse_args(words)


def main() -> None:
    """Read, build, save; print one line of JSON with what was done."""
    package()
    from bestiary.animal.clips import load_clip
    from bestiary.animal.default import default_model
    from bestiary.animal.model_file import open_model
    from bestiary.animal.track_files import read_tracks
    from bestiary.blender_scripts import import_animals
    from bestiary.scene.clip_animals import ClipOptions, build_clip
    from bestiary.scene.export import ExportError, export_glb, save_blend
    from bestiary.scene.footage import Film

    options = arguments()
    try:
        clips = [load_clip(path) for path in options.files]
        model = open_model(options.model) if options.model else default_model()
        tracks = read_tracks(options.tracks).tracks if options.tracks else []
        start = time.perf_counter()
        bpy.ops.wm.read_factory_settings(use_empty=True)
        film = Film(options.video, options.video_first) if options.video else None
        first = int(clips[0].details.get("first_frame", 0))
        whole = build_clip(clips, tuple(clips[0].cameras.values())[:1], model, "Animals", first, tracks, ClipOptions(None, film, True))
    except (OSError, ValueError, TypeError) as error:
        sys.exit(f"import_clip: {error}")
    scene = bpy.context.scene
    scene.frame_set(scene.frame_start)
    done = {"animals": len(clips), "frames": max(map(len, clips)), "seconds_import": round(time.perf_counter() - start, 3),
            "blender": bpy.app.version_string}
    import_animals.furnish(whole)
    try:
        if options.glb:
            done["glb"] = str(export_glb(options.glb, whole))
        if options.blend:
            import_animals.look_through_camera()
            done["blend"] = str(save_blend(options.blend))
    except ExportError as error:
        sys.exit(f"import_clip: {error}")
    if options.render:
        scene.frame_set((scene.frame_start + scene.frame_end) // 2 if options.frame is None else options.frame)
        import_animals.render(options.render, None, None, 24)
        done["render"] = str(options.render)
    print(json.dumps(done))


if __name__ == "__main__":
    main()
    if not bpy.app.binary_path:
        # As a module, Blender 4.2 may crash while Python takes it down, when all files are long written.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)
