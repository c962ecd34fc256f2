"""The clips that ship: which of the rigs' clips, under which names, and how they are finished.

Finishing puts the body on the ground (no foot below it, none above while the rig's stands), closes loops, and measures how
fast an animal that walks on the spot would go. Every clip is for a species as the model has it, not for the rig's own build,
and some for another animal than the rig is (see `carrying`).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....animal.clips import AnimalClip, save_clip
from ....animal.keypoints import INDEX
from ....animal.model import AnimalModel
from ....animal.npz import read_npz, write_json, write_npz
from ....animal.species import find_species
from ...fit.hints import FitHints
from ...fit.world import metres_per_unit
from .carrying import carried, relieved
from .gaits import hold, trot
from .retarget import FittedClip, RigFit
from .rig_tracks import FPS

Array = NDArray[np.float64]

WOLF, HUSKY, FOX = "quaternius/wolf.glb", "quaternius/husky.glb", "mesh2motion/animations_fox-animations.glb"
HORSE, FARM_HORSE = "mesh2motion/animations_horse-animations.glb", "quaternius/horse.glb"
COW, BULL, DEER, STAG = (f"quaternius/{name}.glb" for name in ("cow", "bull", "deer", "stag"))
MAKERS = {"quaternius": "Quaternius", "mesh2motion": "Mesh2Motion"}
PAWS = [INDEX[name] for name in ("left_front_paw", "right_front_paw", "left_hind_paw", "right_hind_paw")]
_CONTACT = 0.03
"""A foot stands that is no higher than this share of the withers' height above where it is lowest."""

_LYING = 26
"""The frame at which the rig that gets up lies on its chest, its legs under it; before, it rolls over."""


@dataclass(frozen=True)
class Wanted:
    """One clip to ship: the rig and its clip, from frame `first` on, the species it is for, whether it repeats; `gait`
    "trot" makes one of a walk, "hold" a rest of the first frame."""

    name: str
    rig: str
    clip: str
    species: str
    loop: bool = False
    gait: str = ""
    first: int = 0


def _table() -> tuple[Wanted, ...]:
    rows: list[Wanted] = []

    def add(species: str, rig: str, once: str = "", **named: str) -> None:
        """named: action = the rig's clip; those listed in `once` do not repeat."""
        rows.extend(Wanted(f"{species}_{action}", rig, clip, species, action not in once.split())
                    for action, clip in named.items())  # fmt: skip

    add("wolf", WOLF, "attack jump", walk="Walk", gallop="Gallop", idle="Idle", sniff="Idle_2_HeadLow", eat="Eating",
        attack="Attack", jump="Gallop_Jump")
    add("dog", HUSKY, "startle", walk="Walk", gallop="Gallop", idle="Idle_2", eat="Eating", startle="Idle_HitReact1")
    add("fox", FOX, "pounce bite", walk="Walk", run="Run", idle="Idle", alert="Idle Alert", sneak="Sneak", sit="Sit",
        bite="Bite", pounce="Jump")
    add("horse", HORSE, "rear kick", walk="Walk", trot="Trot", gallop="Run", idle="Idle", rear="Rear", kick="Kick")
    add("horse", FARM_HORSE, "jump", eat="Eating", jump="Gallop_Jump")
    add("cow", COW, "", walk="Walk", gallop="Gallop", idle="Idle", eat="Eating")
    add("bull", BULL, "headbutt", headbutt="Attack_Headbutt")
    add("deer", DEER, "jump", walk="Walk", gallop="Gallop", idle="Idle_2", eat="Eating", jump="Gallop_Jump")
    add("stag", STAG, "headbutt", headbutt="Attack_Headbutt")
    # Carried over: no rig under a free licence moves as these do.
    add("dog", FOX, "", sit="Sit", howl="Howl", bark="Bark")
    add("cat", FOX, "pounce", walk="Walk", run="Run", idle="Idle", sneak="Sneak", sit="Sit", pounce="Jump")
    for species in ("horse", "cow", "deer", "dog", "cat"):
        rows.append(Wanted(f"{species}_lie", HORSE, "lay_to_idle", species, True, "hold", _LYING))
    for species in ("horse", "cow", "deer"):
        rows.append(Wanted(f"{species}_stand_up", HORSE, "lay_to_idle", species, False, "", _LYING))
    rows.append(Wanted("dog_trot", HUSKY, "Walk", "dog", True, "trot"))
    rows.append(Wanted("cow_trot", COW, "Walk", "cow", True, "trot"))
    return tuple(rows)


WANTED = _table()


def shipped_clip(model: AnimalModel, wanted: Wanted, rig: RigFit, fitted: FittedClip, rig_species: str) -> AnimalClip:
    """One finished clip, in model units with the ground at z = 0."""
    own = wanted.species == rig_species
    betas = np.asarray(find_species(wanted.species, model.species).betas)
    frames = slice(wanted.first, wanted.first + 1 if wanted.gait == "hold" else None)
    poses = relieved(model, betas, carried(model, fitted.poses[frames], rig.skeleton.betas, betas))
    trans = fitted.trans[frames] * _withers(model, betas) / _withers(model, rig.skeleton.betas)
    airborne = _airborne(fitted)[wanted.first :]
    made = "fitted to the rig" if own else f"fitted to the rig as a {rig_species}, carried over"
    if wanted.gait == "trot":
        poses, trans = trot(model, poses, trans)
        airborne, made = np.zeros(len(poses), bool), "walk of the rig, its legs' cycles shifted to diagonal pairs"
    if wanted.gait == "hold":
        poses, trans = hold(model, poses[0], trans[0])
        airborne, made = np.zeros(len(poses), bool), f"{made}; one moment held, with breath"
    if wanted.loop:
        poses, trans = _closed(poses), _closed(trans)
        airborne = np.append(airborne[:-1], airborne[0])
    trans = _grounded(model, betas, poses, trans, airborne, wanted.loop)
    trans[:, :2] -= trans[0, :2]
    scale = metres_per_unit(model, betas, FitHints(species=wanted.species))
    speed = _speed(model, betas, poses, trans) * scale if _moves(wanted.name) else 0.0
    maker = MAKERS[wanted.rig.split("/")[0]]
    details: dict[str, Any] = {
        "loop": wanted.loop, "speed_m_s": round(speed, 2), "in_place": speed > 0, "licence": "CC0-1.0", "maker": maker,
        "rig": wanted.rig, "rig_clip": wanted.clip, "made": made,
        "fitting_error_percent": round(100 * float(fitted.errors.mean()), 2),
    }  # fmt: skip
    return AnimalClip(
        poses=poses, trans=trans, betas=betas, fps=FPS, model_id=model.model_id, model_name=model.name,
        joint_names=model.joint_names, parents=tuple(int(p) for p in model.parents), metres_per_unit=scale,
        label=wanted.name, species=wanted.species, family=find_species(wanted.species, model.species).family,
        source=f"{maker} ({Path(wanted.rig).name}, {wanted.clip}), CC0 1.0", details=details,
    )  # fmt: skip


def write_clip(clip: AnimalClip, folder: Path) -> Path:
    """Write `<label>.npz` and `.json`, small: turns to a thousandth of a radian, places to a ten-thousandth of a unit."""
    path = folder / f"{clip.label}.npz"
    beside = save_clip(clip, path)
    arrays = read_npz(path)
    arrays |= {"poses": arrays["poses"].round(3).astype(np.float16), "trans": arrays["trans"].round(4).astype(np.float32),
               "betas": arrays["betas"].round(5).astype(np.float32)}  # fmt: skip
    write_npz(path, arrays)
    write_json(beside, json.loads(beside.read_text(encoding="utf-8")))
    return path


def _moves(name: str) -> bool:
    return name.rsplit("_", 1)[-1] in ("walk", "trot", "gallop", "run", "sneak")


def _withers(model: AnimalModel, betas: Array) -> float:
    rest = model.rest(betas)
    return float((model.superset_matrix @ rest.vertices)[INDEX["withers"], 2] - rest.vertices[:, 2].min())


def _airborne(fitted: FittedClip) -> NDArray[np.bool_]:
    """(F,) whether the rig's lowest foot is off the ground."""
    heights = np.nanmin(fitted.track.keypoints[:, PAWS, 2], axis=1)
    tall = np.nanmax(fitted.track.keypoints[..., 2]) - np.nanmin(heights)
    return heights > np.percentile(heights, 10) + 0.03 * tall


def _closed(values: Array) -> Array:
    """A loop whose last frame is its first: what is missing is spread over the last third."""
    gap = values[0] - values[-1]
    share = np.clip(np.linspace(-2.0, 1.0, len(values)), 0.0, 1.0)
    return values + share.reshape(-1, *[1] * gap.ndim) * gap


def _grounded(model: AnimalModel, betas: Array, poses: Array, trans: Array, airborne: NDArray[np.bool_], loop: bool) -> Array:
    """trans with the body's lowest vertex on z = 0 while a foot stands; in the air the shift goes on smoothly."""
    low = np.concatenate([model.forward(betas, poses[i : i + 16], trans[i : i + 16]).vertices[..., 2].min(axis=1)
                          for i in range(0, len(poses), 16)])  # fmt: skip
    frames = np.arange(len(low))
    stands = ~airborne if (~airborne).any() else np.ones(len(low), bool)
    shift = np.interp(frames, frames[stands], -low[stands], period=len(low) - 1 if loop else None)
    result = trans.copy()
    result[:, 2] += shift
    result[:, 2] += np.maximum(0.0, -(low + shift))
    return result


def _speed(model: AnimalModel, betas: Array, poses: Array, trans: Array) -> float:
    """Model units per second that the standing feet go back under the body."""
    matrix = model.superset_matrix[PAWS]
    paws = np.array([matrix @ model.forward(betas, pose, place).vertices for pose, place in zip(poses, trans, strict=True)])
    back = -np.gradient(paws[..., 0], 1.0 / FPS, axis=0)
    low = paws[..., 2] < paws[..., 2].min(axis=0) + _CONTACT * _withers(model, betas)
    stands = low & (back > 0.5 * np.percentile(back[low], 95))  # not those that come forward just over the ground
    return max(float(np.median(back[stands])), 0.0) if stands.any() else 0.0
