"""`python -m bestiary.server.train CONFIG.toml --out DIR`: the same as `bestiary train`, on a machine that has torch and little else."""

from __future__ import annotations

import argparse
import os
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from .signals import wish_to_stop
from .start import config_of, explain, outcome, train

_EVERY = 5.0  # seconds between lines about the progress


def main(arguments: Sequence[str] | None = None) -> int:
    """Train as the command line says. Exit codes: 0 done, or the minutes are up; 2 something to put right; 130 stopped."""
    asked = _parser().parse_args(arguments)
    wish = threading.Event()
    told = time.monotonic()

    def progress(fraction: float, text: str) -> None:
        nonlocal told
        if time.monotonic() - told > _EVERY or fraction >= 1.0:
            told = time.monotonic()
            print(f"{fraction:4.0%} {text}", flush=True)

    try:
        config = config_of(asked.config, asked.steps, asked.set)
        with wish_to_stop(wish):
            result = train(
                config, asked.out, asked.device, asked.resume, asked.minutes, say=_say, progress=progress, stop=wish.is_set
            )
    except KeyboardInterrupt:
        print(f"Stopped at once; the last checkpoint in {asked.out} stands.", file=sys.stderr)
        return 130
    except Exception as error:
        if asked.debug or not explain(error):
            raise
        print(f"error: {explain(error)}", file=sys.stderr)
        return 2
    if os.environ.get("RANK", "0") == "0":
        print(outcome(result, asked.out))
    return 130 if result.stopped_by == "signal" else 0


def _say(text: str) -> None:
    print(text, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bestiary.server.train", description="Train a network from a TOML config.")
    parser.add_argument("config", type=Path, help="TOML file with [task] kind, [training], and the task's own tables")
    parser.add_argument("--out", type=Path, required=True, help="folder for checkpoints, logs, curves and weights")
    parser.add_argument("--device", default="auto", help="cpu, cuda, cuda:0; auto (default) is CUDA where there is one")
    parser.add_argument("--resume", action="store_true", help="go on from the checkpoint in --out, if there is one")
    parser.add_argument("--steps", type=int, help="instead of [training] steps")
    parser.add_argument("--minutes", type=float, default=0.0, help="stop with a checkpoint after so long")
    parser.add_argument("--set", action="append", default=[], metavar="table.key=value", help="instead of what the config says; repeatable")
    parser.add_argument("--debug", action="store_true", help="show where an error came from")
    return parser


if __name__ == "__main__":
    sys.exit(main())
