"""Put a trained network where it ships from, with everything that is known of it on its card.

    python -m bestiary.server.lift.ship RUN NAME [--results metrics.json=LABEL …]

RUN is the folder of a training; the weights go to `server/lift/data/NAME`. Results are what `bestiary evaluate lift` and `lift-real`
wrote of the network that was called LABEL there: the numbers whose names end in it.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from ...animal.npz import read_json, write_json
from ..data.motions.folder import MotionsError, read_rows
from .weights import SHIPPED, load_network, save_weights

PURPOSE = (
    "Lifts 2D tracks of one animal, on any skeleton, to 3D motion in camera axes. Learned from rendered motion alone: tracks are all it "
    "sees. Not meant for measuring animals to the millimetre: size and distance cannot be told from one view, and what the tracks leave "
    "open is a guess whose uncertainty is given."
)


def ship(run: Path, name: str, results: Sequence[tuple[Path, str]] = (), to: Path = SHIPPED) -> Path:
    """Copy the best weights of a training to `to/name` with a full card; gives the folder. Raises WeightsError, ValueError."""
    network, card = load_network(run / "weights")
    about = {key: value for key, value in card.items() if key not in ("format", "kind", "settings", "parameters")}
    found: dict[str, Any] = {}
    for path, label in results:
        numbers = read_json(path)
        if not isinstance(numbers, dict):
            raise ValueError(f"{path}: holds no numbers by name")
        found |= {key.removesuffix(f"_{label}"): round(value, 4) for key, value in numbers.items()
                  if key.endswith(f"_{label}") and value is not None}
    save_weights(to / name, network, {"purpose": PURPOSE, "data": data_of(card.get("config", {}).get("data", {})), **about,
                                      **({"results": found} if found else {})})
    split = Path(str(card.get("config", {}).get("data", {}).get("motions", ""))) / "split.json"
    if split.is_file():  # what must not be tested on, whatever folder is built later
        write_json(to / name / "split.json", read_json(split))
    return to / name


def data_of(settings: dict[str, Any]) -> str:
    """What a network learned from, in words: clips by source and licence of the folder of motions, as far as it is there."""
    try:
        rows = read_rows(Path(str(settings.get("motions", ""))))
    except MotionsError:
        return "a folder of motions that is no longer there"
    only, leave_out = settings.get("only") or ["*"], settings.get("leave_out") or []
    used = [row for row in rows if row["split"] == "train" and any(fnmatchcase(row["category"], p) for p in only)
            and not any(fnmatchcase(row["category"], p) for p in leave_out)]
    kinds = Counter((row["category"].split("_")[0], str(row.get("licence", ""))) for row in used)
    share = float(settings.get("synthetic", 0))
    made = f"; {share:.0%} of all steps from endless synthetic skeletons (server/poses)" if share else ""
    return f"{len(used)} clips: " + ", ".join(f"{count} {source} ({licence})" for (source, licence), count in sorted(kinds.items())) + made


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m bestiary.server.lift.ship", description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path)
    parser.add_argument("name")
    parser.add_argument("--results", metavar="FILE=LABEL", nargs="*", default=[])
    given = parser.parse_args()
    pairs = [(Path(path), label) for path, _, label in (text.rpartition("=") for text in given.results)]
    print(ship(given.run, given.name, pairs))


if __name__ == "__main__":
    main()
