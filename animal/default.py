"""The animal that ships with Bestiary: an open model in SMAL+'s layout, loaded once."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from .model import AnimalModel

DEFAULT_MODEL_PATH = Path(__file__).parent / "data" / "open_animal.npz"


@lru_cache(maxsize=1)
def default_model() -> AnimalModel:
    """The open default animal (3,889 vertices, 35 SMAL joints, 145 betas); the same read-only object every time."""
    from .model_file import load_model

    return load_model(DEFAULT_MODEL_PATH)
