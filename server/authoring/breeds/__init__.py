"""The authored species, by family: how each differs from the template dog or from the registered animals.

Traits are in the units of `proportions.py`. They give the form; lengths and girths are then solved from the table of
measures. Every module of this package holds a dictionary BREEDS of its own; the names are unique.
"""

from __future__ import annotations

import importlib
import pkgutil

from .breed import Breed

TOOLS = ("breed", "sheet")  # modules that hold no species


def collect() -> dict[str, Breed]:
    """Every module's species in one dictionary; ValueError where two modules name the same one."""
    merged: dict[str, Breed] = {}
    for module in sorted(info.name for info in pkgutil.iter_modules(__path__)):
        if module in TOOLS:
            continue
        breeds: dict[str, Breed] = importlib.import_module(f"{__name__}.{module}").BREEDS
        twice = merged.keys() & breeds.keys()
        if twice:
            raise ValueError(f"{module}.py names species that another file has: {', '.join(sorted(twice))}")
        merged |= breeds
    return merged


BREEDS = collect()

__all__ = ["BREEDS", "Breed"]
