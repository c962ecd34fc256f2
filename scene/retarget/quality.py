"""How well a motion was carried over, in a few numbers for people. Numpy only."""

from __future__ import annotations

import numpy as np

from . import feet
from .body import Body
from .body_map import LEGS, BodyMap
from .pose import turns_of
from .solve import Retargeted


def foot_slide(solved: Retargeted, target_map: BodyMap) -> tuple[float, float]:
    """How far standing feet slide over the ground in a frame, in percent of the leg's length (mean; nan where none stands), and the
    share (0..1) of frames and feet that stand."""
    motion = solved.motion
    body = Body(motion.shape, target_map)
    turns, heads = turns_of(body, motion)
    ground = body.axes.T @ solved.ground_velocity / motion.fps
    slides = []
    for number, name in enumerate(LEGS):
        leg = body.legs[name]
        last = leg.bones[-1]
        point = heads[:, last]
        if feet.ball(body, leg) == len(leg.bones):
            point = point + turns[:, last] @ (leg.tip - body.heads[last])
        stands = solved.contacts[1:, number] & solved.contacts[:-1, number]
        moved = np.diff(point, axis=0) - ground
        slides.append(np.linalg.norm(moved[stands][:, :2], axis=1))
    every = np.concatenate(slides)
    share = float(solved.contacts.mean()) if solved.contacts.size else 0.0
    return (100 * float(every.mean()) / body.size if len(every) else float("nan")), share
