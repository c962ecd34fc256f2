"""`bestiary VERB …`: reads the command line, runs the verb's own file, and turns errors into a message and advice."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from .console import explain, print_error

DESCRIPTION = """Animals from photos as rigs you can animate.

--debug (anywhere) shows where an error came from."""


def main() -> None:
    """Entry point of `bestiary`. Exit codes: 0 done, 2 an error that the user can put right, 130 cancelled."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run one command line (without the program's name) and give its exit code."""
    import tyro

    debug = "--debug" in arguments
    arguments = [argument for argument in arguments if argument != "--debug"]
    try:
        code = _app().cli(
            prog="bestiary",
            description=DESCRIPTION,
            args=arguments,
            config=(tyro.conf.ConsolidateSubcommandArgs, tyro.conf.FlagCreatePairsOff),
        )
        return int(code or 0)
    except KeyboardInterrupt:
        print_error("Stopped.", "")
        return 130
    except BrokenPipeError:
        return 0
    except Exception as error:
        known = explain(error)
        if debug or known is None:
            raise
        print_error(*known)
        return 130 if getattr(error, "code", "") == "cancelled" else 2


def _app() -> Any:
    """All verbs. The files named here import nothing heavy before they are called."""
    from tyro.extras import SubcommandApp

    from . import (
        animal,
        animate,
        benchmark,
        data,
        data_motions,
        data_view,
        demo,
        evaluate,
        keys,
        lift,
        reconstruct,
        render,
        retarget,
        serve,
        status,
        stylise,
        tracks,
        train,
    )

    app = SubcommandApp()
    for verb in (serve.serve, status.status, reconstruct.reconstruct, lift.lift, animate.animate, retarget.retarget, demo.demo):
        app.command(verb)
    groups: tuple[tuple[str, dict[str, Any]], ...] = (
        ("keys", {"server": keys.server, "client": keys.client, "allow": keys.allow}),
        ("animal", {"list": animal.list_animals, "show": animal.show, "convert": animal.convert}),
        ("data", {"check": data.check, "merge": data.merge, "statistics": data.statistics, "view": data_view.view,
                  "motions": data_motions.motions, "tracks": tracks.convert}),
        ("render", {"herd": render.herd, "stylise": stylise.stylise}),
        ("train", {"lift": train.lift, "pose": train.pose}),
        ("evaluate", {"animal": evaluate.animal, "fit": evaluate.fit, "truth": evaluate.truth, "lift": evaluate.lift,
                      "lift-table": evaluate.lift_table, "lift-real": evaluate.lift_real, "footage": evaluate.footage}),
        ("benchmark", {"body": benchmark.body, "serve": benchmark.serve, "import": benchmark.import_animals, "herds": benchmark.herds,
                       "lift": benchmark.lift, "poses": benchmark.poses, "export": benchmark.export,
                       "retarget": benchmark.retarget}),
    )
    for name, group in groups:
        nested = SubcommandApp()
        for verb, function in group.items():
            nested.command(function, name=verb)
        app.command(nested, name=name, help=GROUPS[name])
    return app


GROUPS = {
    "keys": "Who may talk to a server that listens beyond its own machine.",
    "animal": "Look at the animals of a model, and convert models.",
    "data": "Verify, count and convert data sets: herds that render_herd.py wrote, motions, files of tracks.",
    "render": "Pictures of many animals with exact ground truth, and photographs made of them.",
    "train": "Train a network from a config file, with checkpoints to go on from.",
    "evaluate": "Measure how well the engines do; writes metrics.json, table.md and pictures.",
    "benchmark": "Measure speed against what one would use instead.",
}

if __name__ == "__main__":
    main()
