"""Rigs of four-legged animals as artists make them, by hand: names in several languages, loose controls, wings, trunks, long tails.

Each is a list of bones (name, parent, head) that looks to +x with z up, and the true part of every bone that has one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from bestiary.scene.retarget.reading import parents_first
from bestiary.scene.retarget.rig_shape import RigShape

Row = tuple[str, str, tuple[float, float, float]]


@dataclass(frozen=True)
class HandRig:
    """rows of bones; truth: bone → part."""

    rows: tuple[Row, ...]
    truth: dict[str, str]

    def shape(self, turn: float = 0.0, size: float = 1.0, world: Any = None, astray: bool = False) -> RigShape:
        """As a rig that looks `turn` radians from +x, `size` times as large, in an armature whose object has the matrix `world`.

        astray: tails point anywhere, as some importers leave them.
        """
        names = [row[0] for row in self.rows]
        index = {name: i for i, name in enumerate(names)}
        parents = np.array([index[row[1]] if row[1] else -1 for row in self.rows])
        c, s = np.cos(turn), np.sin(turn)
        heads = size * np.array([row[2] for row in self.rows]) @ np.array([[c, s, 0], [-s, c, 0], [0, 0, 1]])
        tails = heads + 0.05 * size * np.random.default_rng(0).normal(size=heads.shape)
        if not astray:
            for bone, parent in enumerate(parents):
                below = np.flatnonzero(parents == bone)
                along = heads[bone] - heads[parent] if parent >= 0 else np.array([0.0, 0.0, 0.1 * size])
                tails[bone] = heads[below[0]] if len(below) else heads[bone] + 0.5 * along
        world = np.eye(4) if world is None else np.asarray(world)
        inward = np.linalg.inv(world)
        heads, tails = (points @ inward[:3, :3].T + inward[:3, 3] for points in (heads, tails))
        order = parents_first(parents)
        place = np.argsort(order)
        above = parents[order]
        return RigShape(tuple(names[i] for i in order), np.where(above >= 0, place[above], -1), heads[order], tails[order],
                        np.repeat(np.eye(3)[None], len(order), axis=0), np.ones(len(order), dtype=bool), world)


def anonymous(shape: RigShape, seed: int = 0) -> tuple[RigShape, dict[str, str]]:
    """The rig with names that say nothing, and new name → old name."""
    new = [f"q{number}" for number in np.random.default_rng(seed).permutation(len(shape))]
    return replace(shape, names=tuple(new)), dict(zip(new, shape.names, strict=True))


def _chain(names: str, parent: str, points: Sequence[tuple[float, float, float]]) -> list[Row]:
    rows = []
    for name, point in zip(names.split(), points, strict=True):
        rows.append((name, parent, point))
        parent = name
    return rows


def _both(rows: list[Row], left: str, right: str) -> list[Row]:
    """Rows with % for the side, on both sides."""
    return [(name.replace("%", mark), parent.replace("%", mark), (x, sign * y, z))
            for name, parent, (x, y, z) in rows for mark, sign in ((left, 1), (right, -1))]


def _rig(rows: list[Row], sides: tuple[str, str], midline: dict[str, str], front: str, hind: str) -> HandRig:
    """front and hind: names by segment (girdle|upper|lower|cannon|toes), with % for the side."""
    truth = {bone: part for part, bones in midline.items() for bone in bones.split()}
    for end, legs in (("front", front), ("hind", hind)):
        for side, mark in zip(("left", "right"), sides, strict=True):
            for segment, bones in zip(("girdle", "upper", "lower", "cannon", "toes"), legs.split("|"), strict=True):
                truth.update({bone.replace("%", mark): f"{end}_{side}_{segment}" for bone in bones.split()})
    return HandRig(tuple(rows), truth)


def mixamo_dog() -> HandRig:
    """Names as Mixamo gives them."""
    rows = _chain("m:Hips m:Spine m:Spine1 m:Spine2", "", [(0, 0, .8), (.15, 0, .82), (.35, 0, .83), (.55, 0, .82)])
    rows += _chain("m:Neck m:Neck1 m:Head m:HeadTop_End", "m:Spine2", [(.72, 0, .85), (.8, 0, .95), (.88, 0, 1.05), (1.05, 0, 1)])
    rows += _chain("m:Tail m:Tail1 m:Tail2 m:Tail3", "m:Hips", [(-.15, 0, .8), (-.25, 0, .75), (-.35, 0, .65), (-.42, 0, .55)])
    rows += _both(_chain("m:%Shoulder m:%Arm m:%ForeArm m:%Hand m:%HandIndex1 m:%HandIndex2", "m:Spine2", [
        (.6, .04, .85), (.66, .1, .62), (.58, .1, .45), (.6, .1, .17), (.64, .1, .05), (.69, .1, .02)]), "Left", "Right")
    rows += _both(_chain("m:%UpLeg m:%Leg m:%Foot m:%ToeBase m:%Toe_End", "m:Hips", [
        (0, .1, .75), (.08, .1, .48), (-.1, .1, .22), (-.06, .1, .05), (0, .1, .02)]), "Left", "Right")
    rows += _both(_chain("m:%Ear m:%EarTip", "m:Head", [(.85, .05, 1.1), (.84, .07, 1.2)]), "Left", "Right")
    return _rig(rows, ("Left", "Right"), {"spine": "m:Hips m:Spine m:Spine1 m:Spine2", "neck": "m:Neck m:Neck1", "head": "m:Head",
                                          "tail": "m:Tail m:Tail1 m:Tail2 m:Tail3"},
                "m:%Shoulder|m:%Arm|m:%ForeArm|m:%Hand|m:%HandIndex1 m:%HandIndex2", "|m:%UpLeg|m:%Leg|m:%Foot|m:%ToeBase")


def german_horse() -> HandRig:
    """German names, a mane, a saddle with stirrups."""
    rows: list[Row] = [("Wurzel", "", (0, 0, 0))]
    rows += _chain("Becken Wirbel1 Wirbel2 Wirbel3 Brust", "Wurzel",
                   [(-.5, 0, 1), (-.35, 0, 1.02), (-.1, 0, 1), (.15, 0, 1), (.35, 0, 1.02)])
    rows += _chain("Hals1 Hals2 Hals3 Kopf", "Brust", [(.6, 0, 1.1), (.7, 0, 1.3), (.78, 0, 1.45), (.85, 0, 1.6)])
    rows += _chain("Unterkiefer Unterkiefer_Ende", "Kopf", [(.9, 0, 1.52), (1.1, 0, 1.4)])
    rows += _chain("Schweif1 Schweif2 Schweif3 Schweif4", "Becken", [(-.7, 0, 1), (-.8, 0, .9), (-.85, 0, .75), (-.87, 0, .5)])
    rows += _both(_chain("Schulterblatt_% Oberarm_% Unterarm_% VorderMittelfuss_% VorderFessel_% VorderHuf_%", "Brust", [
        (.3, .08, 1.08), (.48, .12, .75), (.36, .12, .62), (.38, .12, .36), (.38, .12, .15), (.42, .12, .06)]), "links", "rechts")
    rows += _both(_chain("Oberschenkel_% Unterschenkel_% HinterMittelfuss_% HinterFessel_% HinterHuf_%", "Becken", [
        (-.55, .13, .95), (-.42, .13, .72), (-.62, .13, .45), (-.6, .13, .16), (-.55, .13, .06)]), "links", "rechts")
    rows += _both([("Ohr_%", "Kopf", (.83, .06, 1.7))], "links", "rechts")
    rows += [("Maehne1", "Hals1", (.55, 0, 1.3)), ("Maehne2", "Hals2", (.66, 0, 1.45)), ("Sattel", "Wirbel2", (-.1, 0, 1.1))]
    rows += _both([("Steigbuegel_%", "Sattel", (-.1, .2, .6))], "links", "rechts")
    return _rig(rows, ("links", "rechts"), {"spine": "Becken Wirbel1 Wirbel2 Wirbel3 Brust", "neck": "Hals1 Hals2 Hals3",
                                            "head": "Kopf",
                                            "tail": "Schweif1 Schweif2 Schweif3 Schweif4"},
                "Schulterblatt_%|Oberarm_%|Unterarm_%|VorderMittelfuss_%|VorderFessel_% VorderHuf_%",
                "|Oberschenkel_%|Unterschenkel_%|HinterMittelfuss_%|HinterFessel_% HinterHuf_%")


def elephant() -> HandRig:
    """A trunk that is longer than the neck, large ears, tusks."""
    rows: list[Row] = [("Root", "", (0, 0, 0))]
    rows += _chain("Pelvis Spine1 Spine2 Spine3", "Root", [(-1, 0, 2), (-.5, 0, 2.2), (0, 0, 2.3), (.5, 0, 2.2)])
    rows += _chain("Neck Head", "Spine3", [(1, 0, 2.2), (1.3, 0, 2.4)]) + [("Jaw", "Head", (1.5, 0, 1.9))]
    rows += _chain(" ".join(f"Trunk{i}" for i in range(8)), "Head", [(1.8, 0, 2 - .22 * i) for i in range(8)])
    rows += _both([*_chain("Ear1_% Ear2_% Ear3_%", "Head", [(1.3, .4, 2.5), (1.2, .8, 2.4), (1.1, 1.1, 2.2)]),
                   ("Tusk_%", "Head", (1.7, .2, 1.9))], "L", "R")
    rows += _chain("Tail1 Tail2 Tail3", "Pelvis", [(-1.3, 0, 2), (-1.4, 0, 1.6), (-1.42, 0, 1.2)])
    rows += _both(_chain("Scapula_% FrontUpLeg_% FrontLowLeg_% FrontFoot_% FrontToe_%", "Spine3", [
        (.6, .3, 2.2), (.85, .45, 1.55), (.7, .45, 1), (.75, .45, .3), (.85, .45, .08)]), "L", "R")
    rows += _both(_chain("HindUpLeg_% HindLowLeg_% HindFoot_% HindToe_%", "Pelvis", [
        (-1, .4, 1.8), (-.9, .45, 1.05), (-1.05, .45, .35), (-.95, .45, .08)]), "L", "R")
    return _rig(rows, ("L", "R"), {"spine": "Pelvis Spine1 Spine2 Spine3", "neck": "Neck", "head": "Head",
                                   "tail": "Tail1 Tail2 Tail3"},
                "Scapula_%|FrontUpLeg_%|FrontLowLeg_%|FrontFoot_%|FrontToe_%", "|HindUpLeg_%|HindLowLeg_%|HindFoot_%|HindToe_%")


def dragon() -> HandRig:
    """Four legs and two wings, claws on each foot, a long tail."""
    rows: list[Row] = [("Root", "", (0, 0, 0))]
    rows += _chain("Hips Spine1 Spine2 Chest Neck1 Neck2 Neck3 Neck4 Head Jaw", "Root", [
        (-1, 0, 1.5), (-.5, 0, 1.6), (0, 0, 1.65), (.4, 0, 1.6), (.9, 0, 1.9), (1.1, 0, 2.2), (1.3, 0, 2.5), (1.6, 0, 2.7),
        (1.9, 0, 2.7),
        (2, 0, 2.6)])
    tail = " ".join(f"Tail{i}" for i in range(10))
    rows += _chain(tail, "Hips", [(-1.3 - .3 * i, 0, 1.4 - .1 * i) for i in range(10)])
    rows += _both(_chain("Wing%1 Wing%2 Wing%3 Wing%4", "Chest", [(.2, .2, 1.9), (.1, 1, 2.4), (.3, 1.9, 2.1), (-.2, 3, 1.5)]),
                  "L", "R")
    rows += _both([("WingFinger%a", "Wing%3", (-.6, 2.5, 1)), ("Horn%", "Head", (1.8, .1, 2.9))], "L", "R")
    rows += _both(_chain("F_Shoulder_% F_Upper_% F_Lower_% F_Hand_%", "Chest", [
        (.4, .2, 1.5), (.55, .35, 1.2), (.3, .35, .7), (.45, .35, .12)]), "L", "R")
    rows += _both(_chain("B_Thigh_% B_Knee_% B_Hock_% B_Foot_%", "Hips", [
        (-1, .3, 1.4), (-.7, .4, .9), (-1.15, .4, .5), (-1, .4, .1)]), "L", "R")
    for i in range(3):
        rows += _both([(f"F_Claw{i}_%", "F_Hand_%", (.6, .3 + .05 * i, .03)),
                       (f"B_Claw{i}_%", "B_Foot_%", (-.8, .35 + .05 * i, .03))], "L", "R")
    return _rig(rows, ("L", "R"), {"spine": "Hips Spine1 Spine2 Chest", "neck": "Neck1 Neck2 Neck3 Neck4", "head": "Head",
                                   "tail": tail},
                "F_Shoulder_%|F_Upper_%|F_Lower_%||F_Hand_%", "|B_Thigh_%|B_Knee_%|B_Hock_%|B_Foot_%")


def rabbit() -> HandRig:
    """Crouching, with hind feet as long as its thighs."""
    rows = _chain("Hip Spine Chest Neck Head", "", [(-.15, 0, .14), (-.05, 0, .2), (.06, 0, .17), (.12, 0, .18), (.16, 0, .22)])
    rows += _chain("Tail TailEnd", "Hip", [(-.22, 0, .13), (-.25, 0, .15)])
    rows += _both(_chain("Ear.% Ear.%.001 Ear.%.002", "Head", [(.14, .02, .28), (.12, .03, .35), (.1, .03, .42)]), "L", "R")
    rows += _both(_chain("Shoulder.% Foreleg.% Forearm.% Forepaw.%", "Chest", [
        (.07, .03, .17), (.1, .04, .11), (.07, .04, .07), (.1, .04, .01)]), "L", "R")
    rows += _both(_chain("Thigh.% Shin.% Hindfoot.% Hindtoe.%", "Hip", [
        (-.13, .05, .13), (-.02, .07, .07), (-.15, .06, .02), (-.03, .06, .005)]), "L", "R")
    return _rig(rows, ("L", "R"), {"spine": "Hip Spine Chest", "neck": "Neck", "head": "Head", "tail": "Tail"},
                "Shoulder.%|Foreleg.%|Forearm.%||Forepaw.%", "|Thigh.%|Shin.%|Hindfoot.%|Hindtoe.%")


def latin_cat() -> HandRig:
    """Short Latin names, its root in the middle of the back, sixteen bones in the tail."""
    rows: list[Row] = [("cog", "", (0, 0, .28)), ("hip_c", "cog", (-.15, 0, .29))]
    rows += _chain("thor1 thor2 cerv1 cerv2 skull_c", "cog", [(.02, 0, .29), (.12, 0, .29), (.2, 0, .31), (.24, 0, .34),
                                                              (.28, 0, .38)])
    tail = " ".join(f"caudal{i}" for i in range(16))
    rows += _chain(tail, "hip_c", [(-.2 - .025 * i, 0, .3 + .01 * i) for i in range(16)])
    rows += _both(_chain("scap_% hum_% rad_% mc_% ph_%", "thor2", [
        (.13, .02, .31), (.18, .04, .2), (.13, .04, .14), (.14, .04, .05), (.16, .04, .01)]), "l", "r")
    rows += _both(_chain("fem_% tib_% mt_% pes_%", "hip_c", [(-.16, .03, .27), (-.11, .04, .17), (-.2, .04, .08),
                                                             (-.17, .04, .01)]), "l", "r")
    return _rig(rows, ("l", "r"), {"spine": "hip_c cog thor1 thor2", "neck": "cerv1 cerv2", "head": "skull_c", "tail": tail},
                "scap_%|hum_%|rad_%|mc_%|ph_%", "|fem_%|tib_%|mt_%|pes_%")


ANIMALS = {"Mixamo dog": mixamo_dog, "German horse": german_horse, "elephant": elephant, "dragon": dragon, "rabbit": rabbit,
           "Latin cat": latin_cat}
