"""Learn the motion of a model: pose prior and joint limits into its file, clips beside it.

    python -m bestiary.server.authoring.motion --rigs ../shared/data/rigs --model build/animal/open_animal.npz
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from ....animal.clips import AnimalClip
from ....animal.model import AnimalModel
from ....animal.model_file import load_model, save_model
from ....animal.pose_prior import PosePrior
from ....animal.species import find_species
from ...evaluate.rigs import load_rig, rig_names
from ..limits import family_limits, joint_limits
from .library import WANTED, shipped_clip, write_clip
from .mixture import learn
from .retarget import FittedClip, RigFit, fit_rig
from .rig_tracks import RigTracks

CREDIT = "Pose prior, joint limits and clips learned from clips of {rigs} (Quaternius and Mesh2Motion, CC0 1.0)."
SEED = 20


@dataclass(frozen=True)
class Learned:
    """What the rigs taught: the prior, limits (G, J, 3, 2) in the order of the model's families, the clips, and for every
    rig its mean and 95 % fitting error and its points' constants, in percent of body length."""

    prior: PosePrior
    limits: np.ndarray
    clips: list[AnimalClip]
    errors: dict[str, dict[str, float]]


def learn_motion(model: AnimalModel, rigs: Path, names: list[str]) -> Learned:
    """Fit all clips of the rigs `names` below folder `rigs` and learn from them."""
    model = replace(model, joint_limits=joint_limits())
    fitted: dict[str, tuple[str, RigFit, list[FittedClip]]] = {}
    errors = {}
    for name in names:
        tracks = RigTracks(load_rig(rigs, name))
        rig, clips = fit_rig(model, tracks)
        fitted[name] = (tracks.rig.species, rig, clips)
        each = 100 * np.concatenate([clip.errors for clip in clips])
        errors[name] = {"mean_percent": float(each.mean()), "p95_percent": float(np.percentile(each, 95)),
                        "offsets_percent": float(100 * rig.offsets[rig.offsets > 0].mean()), "frames": len(each)}  # fmt: skip
        print(f"{name}: {len(each)} frames, error {each.mean():.2f} % of body length, 95 % {errors[name]['p95_percent']:.2f} %")
    prior = learn([[clip.poses[:, 1:] for clip in clips] for _, _, clips in fitted.values()], joint_limits(),
                  model.joint_mirror, np.random.default_rng(SEED))  # fmt: skip
    seen: dict[str, np.ndarray] = {}
    for species, _, clips in fitted.values():
        family = find_species(species, model.species).family
        seen[family] = np.concatenate([*([seen[family]] if family in seen else []), *(clip.poses for clip in clips)])
    shipped = []
    for wanted in WANTED:
        species, rig, clips = fitted.get(wanted.rig, ("", None, []))
        found = [clip for clip in clips if clip.track.name == wanted.clip]
        if rig is not None and found and wanted.species in model.species:
            shipped.append(shipped_clip(model, wanted, rig, found[0], species))
    return Learned(prior, family_limits(list(model.families), seen), shipped, errors)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rigs", type=Path, required=True, help="folder with the rigs that rig_keypoints.json names")
    parser.add_argument("--model", type=Path, required=True, help="model file that gets the prior and the limits")
    parser.add_argument("--out", type=Path, help="where to write the model (default: over --model)")
    parser.add_argument("--clips", type=Path, help="folder for the clips (default: `clips` beside the model)")
    parser.add_argument("--errors", type=Path, help="a .json for the fitting errors")
    parser.add_argument("--only", default="", help="learn from rigs whose path begins so, to test on the others")
    options = parser.parse_args()
    names = [name for name in rig_names() if name.startswith(options.only) and (options.rigs / name).is_file()]
    if not names:
        sys.exit(f"{options.rigs}: holds none of {', '.join(rig_names())}")
    torch.set_num_threads(1)
    model = load_model(options.model)
    learned = learn_motion(model, options.rigs, names)
    families = {name: replace(family, joint_limits=learned.limits[row])
                for row, (name, family) in enumerate(model.families.items())}  # fmt: skip
    credit = CREDIT.format(rigs=", ".join(Path(name).stem for name in names))
    kept = tuple(line for line in model.credits if not line.startswith(("Pose statistics", CREDIT[:10])))
    done = replace(model, pose_prior=learned.prior, joint_limits=joint_limits(), families=families, credits=(*kept, credit))
    save_model(done, options.out or options.model)
    folder = options.clips or (options.out or options.model).parent / "clips"
    folder.mkdir(parents=True, exist_ok=True)
    for clip in learned.clips:
        write_clip(clip, folder)
    print(f"{len(learned.clips)} clips in {folder}, {sum(p.stat().st_size for p in folder.glob('*')) / 1e6:.2f} MB")
    if options.errors:
        options.errors.write_text(json.dumps(learned.errors, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
