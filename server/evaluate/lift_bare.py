"""The evaluations of lifting where the command line's packages are not installed, as on a bare GPU machine.

    python -m bestiary.server.evaluate.lift_bare lift  --motions DIR --out DIR NAME=FOLDER … [--sections table1 …] [--device cuda]
    python -m bestiary.server.evaluate.lift_bare table --motions DIR --out DIR --table 4 [--config FILE] [--seeds 5] [--steps N]
    python -m bestiary.server.evaluate.lift_bare real  --data DIR --out DIR NAME=FOLDER …

The same as `bestiary evaluate lift | lift-table | lift-real`. Needs torch, numpy, scipy, Pillow and safetensors.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from ..lift.weights import shipped
from ..train.distributed import pick_device
from ..train.start import config_of
from . import lift, lift_real, lift_tables
from .lift_clips import LEFT_OUT


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit codes: 0 done, 2 something to put right."""
    parser = argparse.ArgumentParser(prog="lift_bare", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(dest="verb", required=True)
    for verb in ("lift", "table", "real"):
        one = verbs.add_parser(verb)
        one.add_argument("--data" if verb == "real" else "--motions", type=Path, required=True)
        one.add_argument("--out", type=Path, required=True)
        one.add_argument("--device", default="auto")
        if verb == "table":
            one.add_argument("--table", choices=list(lift_tables.TABLES), required=True)
            one.add_argument("--config", type=Path, default=lift_tables.CONFIG)
            one.add_argument("--set", action="append", default=[], metavar="table.key=value")
            one.add_argument("--seeds", type=int, default=1)
            one.add_argument("--steps", type=int)
            one.add_argument("--animals", nargs="*", default=[])
            continue
        one.add_argument("networks", nargs="*", default=[], metavar="NAME=FOLDER")
        one.add_argument("--sections", nargs="*", default=[])
        one.add_argument("--seed", type=int, default=0)
        if verb == "lift":
            one.add_argument("--views", type=int, default=1)
            one.add_argument("--only", nargs="*", default=[])
            one.add_argument("--leave-out", nargs="*", default=list(LEFT_OUT))
    try:
        _run(parser.parse_args(arguments))
    except (ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def _run(given: argparse.Namespace) -> None:
    given.device = pick_device(given.device)
    if given.verb == "table":
        config = config_of(given.config, None, given.set)
        lift_tables.run(lift_tables.Work(config, given.motions, given.out, given.seeds, given.steps, given.device, given.animals, _say),
                        given.table)  # fmt: skip
    else:
        texts = given.networks or shipped()
        pairs = [text.partition("=") for text in texts]
        folders = {name if equals else Path(name).name: folder or name for name, equals, folder in pairs}
        if given.verb == "real":
            lift_real.run(given.data, folders, given.out, given.device, given.seed, given.sections, _say)
        else:
            lift.run(lift.from_folder(given.motions, folders, given.out, given.seed, given.views, given.device, given.only,
                                      given.leave_out, _say), given.sections)  # fmt: skip
    print((given.out / "table.md").read_text(encoding="utf-8"))


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
