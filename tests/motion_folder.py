"""A small folder of motions for tests: a few animals of tubes that walk, on rigs of different size."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from bestiary.animal.motion import Motion
from bestiary.animal.skeleton import Skeleton
from bestiary.server.data.motions.folder import Entry, write_index, write_motion

NAMES = ("spine", "neck", "head", "tail", "left_fore_knee", "left_fore_paw", "right_fore_knee", "right_fore_paw",
         "left_hind_knee", "left_hind_paw", "right_hind_knee", "right_hind_paw")  # fmt: skip
PARENTS = (-1, 0, 1, 0, 1, 4, 1, 6, 0, 8, 0, 10)
PLACES = np.array([[0, 0, 0.5], [0.5, 0, 0.55], [0.75, 0, 0.7], [-0.4, 0, 0.45], [0.5, 0.12, 0.3], [0.5, 0.12, 0], [0.5, -0.12, 0.3],
                   [0.5, -0.12, 0], [0, 0.12, 0.3], [0, 0.12, 0], [0, -0.12, 0.3], [0, -0.12, 0.0]])  # fmt: skip


def walk(seed: int, frames: int = 24, size: float = 1.0, tip: bool = False) -> Motion:
    """A walk in metres, feet near the ground; tip: with one joint more."""
    rng = np.random.default_rng(seed)
    time = np.arange(frames) / 24 * 2 * np.pi + rng.uniform(0, 6)
    positions = np.repeat(PLACES[None], frames, axis=0)
    for paw, phase in ((5, 0.0), (7, np.pi), (9, np.pi), (11, 0.0)):
        swing = np.sin(time + phase)
        positions[:, paw, 0] += 0.15 * swing
        positions[:, paw, 2] += 0.08 * np.maximum(np.cos(time + phase), 0)
        positions[:, paw - 1, 0] += 0.07 * swing
    positions[:, 2, 2] += 0.05 * np.sin(2 * time + rng.uniform(0, 6))
    positions[:, 3, 1] += 0.1 * np.sin(time)
    positions[..., 0] += np.linspace(0, 0.02 * frames, frames)[:, None]
    skeleton = Skeleton(NAMES, PARENTS)
    if tip:
        positions = np.concatenate([positions, positions[:, 2:3] + [0.1, 0, -0.05]], axis=1)
        skeleton = Skeleton((*NAMES, "nose"), (*PARENTS, 2))
    return Motion(size * positions, skeleton, 30.0, species="animal")


def write_folder(folder: Path, clips: int = 5) -> Path:
    """Three animals ("zoo_dog", "zoo_cow", "zoo_fox" with a joint more) of `clips` clips each, the last of each for testing."""
    entries, test = [], []
    for number, (animal, size) in enumerate((("dog", 0.6), ("cow", 1.5), ("fox", 0.4))):
        for clip in range(clips):
            name = f"{animal}_{clip}"
            motion = walk(10 * number + clip, 20 + 4 * clip, size, animal == "fox")
            entries.append(Entry(name, f"zoo_{animal}", f"zoo/{name}", motion))
            write_motion(folder, entries[-1])
        test.append(f"{animal}_{clips - 1}")
    write_index(folder, entries, test)
    return folder
