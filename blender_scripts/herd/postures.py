"""How animals hold themselves at what they do: frames of the clips that suit a family, and small turns that are theirs alone.

Every family goes with one of a few kinds of animal, and every kind has clips for what it does. Of a clip that moves, only frames with
feet on the ground are used. No two animals of a herd hold head, tail and ears alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ...animal.clips import load_shipped_clip, shipped_clips
from ...animal.model import AnimalModel
from ...animal.pose_prior import mirror_poses
from .standing import Body

Array = NDArray[np.float64]

KIND_OF_FAMILY = {
    "felid": "cat", "viverrid": "cat", "herpestid": "cat", "mustelid": "fox", "procyonid": "fox", "ailurid": "fox", "mephitid": "fox",
    "marsupial": "fox", "lagomorph": "small", "rodent": "small", "canid": "dog", "hyaenid": "dog", "ursid": "bear", "primate": "bear",
    "equid": "horse", "bovid": "cow", "suid": "pig", "tayassuid": "pig", "tapirid": "pig", "orycteropodid": "pig",
    "myrmecophagid": "pig", "camelid": "tall", "giraffid": "tall", "cervid": "deer", "antilocaprid": "deer", "elephantid": "heavy",
    "rhinocerotid": "heavy", "hippopotamid": "heavy",
}  # fmt: skip
"""Which kind of animal a family moves like; "deer" for one that is not listed."""

CLIPS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "cat": {"stand": ("cat_idle", "fox_idle"), "alert": ("cat_idle", "fox_alert"), "walk": ("cat_walk", "cat_walk", "fox_walk"),
            "sneak": ("cat_sneak", "fox_sneak"), "run": ("cat_run", "fox_run"), "sit": ("cat_sit",), "lie": ("",),
            "sniff": ("wolf_sniff",), "play": ("fox_bite", "wolf_attack", "cat_pounce"), "drink": ("dog_eat", "wolf_eat")},
    "fox": {"stand": ("fox_idle", "dog_idle"), "alert": ("fox_alert", "fox_idle"), "walk": ("fox_walk", "dog_walk"),
            "sneak": ("fox_sneak",), "run": ("fox_run", "dog_gallop"), "sit": ("fox_sit",), "lie": ("",),
            "sniff": ("wolf_sniff", "dog_eat"), "play": ("fox_bite", "fox_pounce", "dog_startle"), "drink": ("dog_eat", "wolf_eat")},
    "dog": {"stand": ("dog_idle", "wolf_idle"), "alert": ("dog_bark", "fox_alert", "dog_startle", "wolf_idle"),
            "walk": ("dog_walk", "wolf_walk"), "trot": ("dog_trot",), "run": ("dog_gallop", "wolf_gallop"), "lie": ("",),
            "sneak": ("fox_sneak",), "sit": ("dog_sit", "fox_sit", "dog_howl"), "sniff": ("wolf_sniff",), "drink": ("dog_eat", "wolf_eat"),
            "play": ("wolf_attack", "fox_bite", "dog_startle", "dog_bark", "fox_pounce")},
    "small": {"stand": ("fox_idle", "dog_idle"), "alert": ("fox_alert", "fox_idle"), "walk": ("fox_walk", "dog_walk"),
              "run": ("dog_gallop",), "sneak": ("fox_sneak",), "sit": ("fox_sit", "dog_sit"), "lie": ("",),
              "graze": ("dog_eat", "wolf_eat"), "play": ("fox_bite", "dog_startle"), "drink": ("dog_eat",)},
    "bear": {"stand": ("wolf_idle", "dog_idle"), "alert": ("wolf_idle", "fox_idle"), "walk": ("wolf_walk", "dog_walk"),
             "run": ("wolf_gallop",), "sit": ("dog_sit",), "lie": ("",), "sniff": ("wolf_sniff",), "graze": ("dog_eat", "wolf_eat"),
             "play": ("wolf_attack", "fox_bite"), "drink": ("dog_eat", "wolf_eat")},
    "horse": {"stand": ("horse_idle", "horse_idle", "deer_idle"), "alert": ("horse_idle",), "walk": ("horse_walk",),
              "trot": ("horse_trot",), "run": ("horse_gallop",), "lie": ("horse_lie", "deer_lie"), "graze": ("horse_eat",),
              "drink": ("horse_eat", "deer_eat"), "play": ("horse_rear", "horse_kick", "horse_trot")},
    "cow": {"stand": ("cow_idle", "deer_idle"), "alert": ("cow_idle", "deer_idle"), "walk": ("cow_walk", "deer_walk"),
            "trot": ("cow_trot",), "run": ("cow_gallop", "deer_gallop"), "lie": ("cow_lie", "deer_lie"), "graze": ("cow_eat", "deer_eat"),
            "drink": ("cow_eat",), "play": ("bull_headbutt", "stag_headbutt")},
    "pig": {"stand": ("cow_idle", "dog_idle"), "alert": ("cow_idle",), "walk": ("cow_walk", "dog_walk"), "trot": ("dog_trot",),
            "run": ("cow_gallop",), "lie": ("horse_lie", "cow_lie"), "graze": ("cow_eat", "dog_eat"), "drink": ("cow_eat", "dog_eat"),
            "play": ("bull_headbutt",)},
    "deer": {"stand": ("deer_idle",), "alert": ("deer_idle", "horse_idle"), "walk": ("deer_walk",), "trot": ("horse_trot",),
             "run": ("deer_gallop",), "lie": ("deer_lie",), "graze": ("deer_eat",), "drink": ("deer_eat",), "play": ("stag_headbutt",)},
    "tall": {"stand": ("deer_idle", "horse_idle"), "alert": ("deer_idle",), "walk": ("deer_walk", "horse_walk"), "run": ("deer_gallop",),
             "lie": ("deer_lie", "horse_lie")},
    "heavy": {"stand": ("cow_idle",), "alert": ("cow_idle",), "walk": ("cow_walk",), "graze": ("cow_eat",)},
}  # fmt: skip
"""What every kind of animal can do, and the clips that show it; an empty name is the pose of a crouching carnivore."""

RESTING = ("lie", "sit")
MOVING = ("walk", "sneak", "trot", "run")
AIR = 0.03  # of the shoulder height: a foot higher than this is in the air
_STRENGTH = {"heavy": 0.75}  # how much of a clip's turns a kind makes
_FROM_PRIOR = 0.15  # share of standing animals whose pose is sampled
# Standard deviations of the turns (roll, pitch, yaw; radians) that make an animal's bearing its own.
_OWN_TURNS = {"Neck": (0.05, 0.10, 0.16), "Head": (0.06, 0.10, 0.16), "Tail": (0.04, 0.10, 0.12), "Ear": (0.12, 0.12, 0.15),
              "spine": (0.015, 0.015, 0.03)}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Posture:
    """pose (J, 3) with the root's pitch and roll, what the animal does, the clip with the frame, raised (4,) shares of the
    shoulder height that its feet are in the air (None: unknown), resting, muzzle: how far above the ground, or None."""

    pose: Array
    doing: str
    clip: str
    raised: Array | None
    resting: bool
    muzzle: float | None


def can_do(family: str) -> tuple[str, ...]:
    """What animals of the family can do, in words."""
    return tuple(CLIPS[KIND_OF_FAMILY.get(family, "deer")])


def limits_of(model: AnimalModel, family: str) -> Array | None:
    """(J, 3, 2) how far the family's joints turn, the model's where the family has none of its own."""
    kind = model.families.get(family)
    return kind.joint_limits if kind is not None and kind.joint_limits is not None else model.joint_limits


def draw_posture(model: AnimalModel, rng: np.random.Generator, family: str, doing: str) -> Posture:
    """A pose for an animal of the family that does `doing`; it stands where it cannot do that."""
    kind = KIND_OF_FAMILY.get(family, "deer")
    doing = doing if doing in CLIPS[kind] else "stand"
    limits = limits_of(model, family)
    names = [name for name in CLIPS[kind][doing] if not name or name in shipped_clips()] if model.is_smal_profile else []
    raised: Array | None = np.zeros(4)
    if model.pose_prior is not None and (not names or (doing == "stand" and rng.random() < _FROM_PRIOR)):
        pose = np.concatenate([np.zeros((1, 3)), model.pose_prior.sample(rng, 1, 0.6, limits)[0]])
        label, raised = "prior", None
    elif not names:
        pose, label = np.zeros((model.n_joints, 3)), "rest"
    else:
        name = str(rng.choice(names))
        pose, label, raised = _frame(model, rng, name)
        if rng.random() < 0.5:
            pose = np.concatenate([pose[:1] * (-1.0, 1.0, -1.0), mirror_poses(pose[1:], model.joint_mirror)])
            raised = raised[[1, 0, 3, 2]]
    pose = pose * _STRENGTH.get(kind, 1.0)
    pose = with_own_bearing(model, rng, pose, limits, 0.5 if doing in ("graze", "drink", "sniff") else 1.0)
    muzzle = float(rng.uniform(0.01, 0.05)) if doing in ("graze", "drink", "sniff") and kind != "heavy" else None
    return Posture(pose, doing, label, raised, doing in RESTING, muzzle)


def with_own_bearing(model: AnimalModel, rng: np.random.Generator, pose: Array, limits: Array | None, share: float) -> Array:
    """The pose (J, 3) with small turns of neck, head, spine, tail and ears added, kept within limits (J, 3, 2)."""
    pose = pose.copy()
    for part, spread in _OWN_TURNS.items():
        rows = [j for j, name in enumerate(model.joint_names) if j and part in name]
        if rows:
            # Most of a turn is common to the joints of a chain, so that a tail bends as one.
            common, single = rng.standard_normal(3), rng.standard_normal((len(rows), 3))
            pose[rows] += share * (0.8 * common * (1 if part != "Ear" else 0) + 0.5 * single) * np.array(spread)
    if limits is not None:
        pose[1:] = np.clip(pose[1:], limits[1:, :, 0], limits[1:, :, 1])
    return pose


def _frame(model: AnimalModel, rng: np.random.Generator, name: str) -> tuple[Array, str, Array]:
    """A random frame of a clip at which enough feet are down: pose (J, 3), its name, raised (4,)."""
    if not name:
        return _crouch(model, rng), "crouch", np.zeros(4)
    poses, raised = _feet_of_clip(name, _Held(model))
    down = (raised == 0).sum(axis=1)
    frames = np.flatnonzero(down >= min(2, int(down.max())))
    frame = int(rng.choice(frames))
    return poses[frame].copy(), f"{name}:{frame}", raised[frame].copy()


class _Held:
    """A model as a key of a cache: the same object, the same entry."""

    def __init__(self, model: AnimalModel):
        self.model = model

    def __hash__(self) -> int:
        return id(self.model)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Held) and other.model is self.model


@lru_cache(maxsize=128)
def _feet_of_clip(name: str, held: _Held) -> tuple[Array, Array]:
    """Poses (F, J, 3) of a clip and raised (F, 4): how far each foot is in the air, in shoulder heights, 0 where it is down."""
    clip = load_shipped_clip(name)
    body = Body.of(held.model, clip.betas)
    vertices = body.light.forward(None, clip.poses, clip.trans).vertices
    soles = np.stack([vertices[:, rows, 2].min(axis=1) for rows in body.feet], axis=1) / body.shoulder
    # A foot that never quite comes down in the clip is down where it is lowest.
    soles = soles - soles.min(axis=0)
    return clip.poses, np.where(soles < AIR, 0.0, soles)


def _crouch(model: AnimalModel, rng: np.random.Generator) -> Array:
    """A carnivore lying on its belly, forelegs ahead, hind legs folded beside it: (J, 3)."""
    pose = np.zeros((model.n_joints, 3))
    names = {name: j for j, name in enumerate(model.joint_names)}
    pose[0] = (rng.normal(0, 0.04), rng.uniform(-0.12, 0.0), 0.0)
    turns = {"LegBack1": (0.4, -1.0, 0.15), "LegBack2": (0.0, 1.35, 0.0), "LegBack3": (0.0, -1.4, 0.0), "FootBack": (0.0, 1.0, 0.0),
             "Leg1": (0.0, 0.65, 0.0), "Leg2": (0.0, -1.65, 0.0), "Leg3": (0.0, -0.2, 0.0), "Foot": (0.0, 0.0, 0.0)}  # fmt: skip
    for side, sign in (("L", 1.0), ("R", -1.0)):
        for part, turn in turns.items():
            own = 0.08 * rng.standard_normal(3)
            pose[names[side + part]] = (np.array(turn) + own) * (sign, 1.0, sign)
    pose[names["Neck"]] = (0.0, rng.uniform(-0.3, 0.5), 0.0)
    pose[names["Head"]] = (0.0, rng.uniform(0.0, 0.3), 0.0)
    pose[names["Tail1"]] = (0.0, rng.uniform(0.2, 0.5), 0.0)
    for number in range(2, 8):
        pose[names[f"Tail{number}"]] = (0.0, 0.0, rng.uniform(-0.05, 0.25))
    return pose
