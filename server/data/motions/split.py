"""Which motions are kept for tests: about a fifth of the clips of every category, and never half of what one clip became.

Motions of several categories may come from one clip (rigs that were animated together, animals that a clip was carried over to):
its source key goes to one side as a whole.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

TEST = 0.2


def split(entries: Sequence[tuple[str, str, str]], seed: int = 0, share: float = TEST) -> list[str]:
    """The names for testing, of entries (name, category, source_key), in their order; the same seed gives the same ones.

    Every category with at least two source keys has one on either side.
    """
    groups: dict[str, Counter[str]] = {}
    sizes, keys_of = Counter[str](), dict[str, set[str]]()
    for _, category, key in entries:
        groups.setdefault(key, Counter())[category] += 1
        sizes[category] += 1
        keys_of.setdefault(category, set()).add(key)
    order = [sorted(groups)[i] for i in np.random.default_rng(seed).permutation(len(groups))]
    most = {category: max(share * count, 1.0) for category, count in sizes.items()}
    chosen: set[str] = set()
    tested = Counter[str]()

    def spare(key: str) -> bool:
        """Whether every category of a key keeps another for training."""
        return all(len(keys_of[category] - chosen - {key}) > 0 for category in groups[key])

    def take(key: str) -> None:
        chosen.add(key)
        tested.update(groups[key])

    for key in order:
        # Half a clip too many is nearer to the share than half a clip too few.
        if spare(key) and all(tested[category] + count <= most[category] + 0.5 * count for category, count in groups[key].items()):
            take(key)
    for category in sorted(sizes):
        left = [key for key in order if category in groups[key] and spare(key)]
        if not tested[category] and left:
            take(min(left, key=lambda key: sum(max(0.0, tested[c] + n - most[c]) for c, n in groups[key].items())))
    return [name for name, _, key in entries if key in chosen]
