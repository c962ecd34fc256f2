"""The animal model that results are built with: the file chosen in the preferences, else the one that ships."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from ..animal.model import AnimalModel


class ModelUnavailable(RuntimeError):
    """The model file cannot be used; `message` says why, `advice` what to do."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message
        self.advice = "Choose another file under Preferences > Add-ons > Bestiary > Animal Model"


_LONGEST_ERROR = 300  # letters


@dataclass
class _Loaded:
    path: str
    stamp: float
    model: AnimalModel | None
    error: str


_loaded: _Loaded | None = None


def _read(path: str) -> AnimalModel:
    if not path:
        from ..animal.default import default_model

        return default_model()
    from ..animal.model_file import open_model

    return open_model(Path(path))


def _stamp(path: str) -> float:
    """When a file was last changed, seconds; 0 for none and for one that cannot be looked at."""
    try:
        return os.stat(path).st_mtime if path else 0.0
    except (OSError, ValueError):
        return 0.0


def _words(text: str) -> str:
    """An error's text fit for a panel: some come with pieces of the file in them."""
    return text[:_LONGEST_ERROR].encode("utf-8", "replace").decode("utf-8")


def current_model(path: str = "") -> AnimalModel:
    """The model in a file, or the default one for an empty path; read again only when the file has changed.

    Raises ModelUnavailable with the reader's own words, whatever the file holds: panels show it, and Blender's callbacks
    must not end in another error. A failure is remembered too, so that drawing a panel does not
    read a broken file again and again.
    """
    global _loaded
    stamp = _stamp(path)
    if _loaded is None or (_loaded.path, _loaded.stamp) != (path, stamp):
        try:
            _loaded = _Loaded(path, stamp, _read(path), "")
        except (OSError, ValueError, ImportError) as error:
            _loaded = _Loaded(path, stamp, None, _words(str(error)))
        except Exception as error:  # a hostile file can make the readers of pickle, zip and JSON raise nearly anything
            _loaded = _Loaded(path, stamp, None, _words(f"the file is damaged ({type(error).__name__}: {error})"))
    if _loaded.model is None:
        raise ModelUnavailable(f"The animal model cannot be read: {_loaded.error}")
    return _loaded.model


def forget() -> None:
    """Let go of the model; the next use reads it again."""
    global _loaded
    _loaded = None


FAMILY_MARK = "(family)"


def kinds(model: AnimalModel) -> list[str]:
    """What an animal can be said to be, for the search field: every species, then every family, by name."""
    return [_shown(name) for name in sorted(model.species)] + [
        f"{_shown(name)} {FAMILY_MARK}" for name in sorted(model.families)
    ]


def _shown(name: str) -> str:
    """`german_shepherd` as an animator reads it: `German Shepherd`."""
    return name.replace("_", " ").title()


def species_and_family(kind: str, model: AnimalModel) -> tuple[str | None, str | None]:
    """A text of the search field as (species, family) in the model's names, of which at most one is set.

    Case and spaces do not matter. Raises ValueError for a name that the model does not have.
    """
    text = kind.strip()
    if not text:
        return None, None
    wanted = text.removesuffix(FAMILY_MARK).strip().lower().replace("_", " ")
    species = {name.lower().replace("_", " "): name for name in model.species}
    families = {name.lower().replace("_", " "): name for name in model.families}
    if wanted in species and not text.endswith(FAMILY_MARK):
        return species[wanted], None
    if wanted in families:
        return None, families[wanted]
    raise ValueError(f"the animal model knows no “{text}”")
