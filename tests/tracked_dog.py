"""Tracks of a dog that walks, as a file holds them, and what tests of footage in Blender share."""

import bpy
import numpy as np

NAMES = ["withers", "neck", "nose", "left_ear", "right_ear", "left_front_paw", "right_front_paw", "tail_base"]
PLACES = np.array([(300, 200), (360, 180), (420, 170), (370, 140), (380, 140), (310, 320), (330, 330), (180, 210)], float)


def walk(frames=20):
    """Points (F, 8, 2) of an animal that walks to the right and nods."""
    t = np.arange(frames)[:, None, None]
    return PLACES + t * [3.0, 0.0] + 6 * np.sin(0.5 * t + np.arange(8)[:, None]) * [0.3, 1.0]


def animal(label="Rex", points=None, fps=29.97, **more):
    """One animal of a file of tracks."""
    points = walk() if points is None else points
    rows = [[None if np.isnan(x) else [x, y, 1.0] for x, y in frame] for frame in points.tolist()]
    parents = [-1, 0, 1, 1, 1, 0, 0, 0]
    return {"label": label, "fps": fps, "width": 640, "height": 480, "names": NAMES, "parents": parents, "points": rows, **more}


def import_tracks(path):
    """The operator with undo, as a button runs it; errors are exceptions here."""
    return bpy.ops.bestiary.import_tracks("EXEC_DEFAULT", True, filepath=str(path))


def blocks():
    kinds = ("objects", "armatures", "meshes", "cameras", "actions", "collections", "images")
    return {kind: len(getattr(bpy.data, kind)) for kind in kinds}
