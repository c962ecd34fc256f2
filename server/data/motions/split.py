"""Which motions are kept for tests: about a fifth of the clips of every category, and never half of what one clip became.

Motions of several categories may come from one clip (rigs that were animated together, animals that a clip was carried over to):
its source key goes to one side as a whole.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence

import numpy as np

TEST = 0.2


def split(
    entries: Sequence[tuple[str, str, str]], seed: int = 0, share: float = TEST, learned: Collection[str] = ()
) -> list[str]:
    """The names for testing, of entries (name, category, source_key), in their order; the same seed gives the same ones.

    Every category with at least two source keys has one on either side. learned: source keys that something has been trained on
    and that never become tests.
    """
    groups: dict[str, Counter[str]] = {}
    sizes, keys_of = Counter[str](), dict[str, set[str]]()
    for _, category, key in entries:
        groups.setdefault(key, Counter())[category] += 1
        sizes[category] += 1
        keys_of.setdefault(category, set()).add(key)
    order = [sorted(groups)[i] for i in np.random.default_rng(seed).permutation(len(groups))]
    chosen: set[str] = set()
    tested = Counter[str]()

    def spare(key: str) -> bool:
        """Whether a key may be for tests: every category of it keeps another for training."""
        return key not in learned and all(len(keys_of[category] - chosen - {key}) > 0 for category in groups[key])

    def gain(key: str) -> float:
        """How much nearer all its categories come to the share when a key is taken."""
        before = sum((tested[category] / sizes[category] - share) ** 2 for category in groups[key])
        return before - sum(((tested[category] + count) / sizes[category] - share) ** 2 for category, count in groups[key].items())

    def take(key: str) -> None:
        chosen.add(key)
        tested.update(groups[key])

    while True:
        left = [key for key in order if key not in chosen and spare(key)]
        best = max(left, key=gain, default=None)
        if best is None or gain(best) <= 1e-9:
            break
        take(best)
    for category in sorted(sizes):
        left = [key for key in order if category in groups[key] and key not in chosen and spare(key)]
        if not tested[category] and left:
            take(max(left, key=gain))
    return [name for name, _, key in entries if key in chosen]
