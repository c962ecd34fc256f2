"""Between the panel and an animal in the scene: what a slider does, and what follows a moment after it rests.

Rest bones can only be moved in edit mode, so a slider moves the mesh at once and the bones follow by a timer. Undo and
redo bring back a state in which they may not have followed yet: the same timer sees to it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import bpy

from ..animal.individual import Individual, sliders_of
from ..animal.model import AnimalModel
from ..animal.species import plain_name
from ..scene import creature, rig
from .models import ModelUnavailable, current_model
from .preferences import NotEnabled, preferences

_DELAY = 0.2  # seconds after the last movement of a slider

_due = 0.0  # time.monotonic() at which bones may follow

problems: dict[str, str] = {}
"""By the name of an armature object, what was wrong with the last thing typed for it."""


def model_or_none() -> AnimalModel | None:
    """The animal model of the preferences, or None when it cannot be read: panels say why, callbacks must not fail."""
    try:
        return current_model(preferences().model_path)
    except (ModelUnavailable, NotEnabled):
        return None


def shown(name: str) -> str:
    """A name of the model as an animator reads it: `german_shepherd` → `German Shepherd`."""
    return name.replace("_", " ").title()


def search_species(_self, _context, text: str) -> list[str]:
    """The species whose name or family holds the text: for a text field that suggests."""
    model = model_or_none()
    if model is None:
        return []
    wanted = plain_name(text)
    return [
        shown(name)
        for name in sorted(model.species)
        if wanted in plain_name(name) or wanted in model.species[name].family
    ]


def active_rig(context: bpy.types.Context) -> bpy.types.Object | None:
    """The animal's armature that is active, or whose mesh is."""
    item = context.active_object
    for candidate in (item, item.parent if item is not None else None):
        if candidate is not None and candidate.type == "ARMATURE" and rig.read_record(candidate) is not None:
            return candidate
    return None


def individual(item: bpy.types.Object) -> Individual:
    """What the animal of an armature object is described as."""
    found = creature.read_creature(item)
    return found.who if found is not None else Individual("")


def change(item: bpy.types.Object, **values: object) -> None:
    """Change an animal's description and let its mesh follow now, its bones soon. What is wrong goes to `problems`."""
    model = model_or_none()
    if model is None:
        return
    who = replace(individual(item), **values)
    apply(item, lambda: creature.reshape(item, model, who, settled=False))


def apply(item: bpy.types.Object, step: Callable[[], object]) -> None:
    """Do one step on an animal and arrange for the rest; remember the message when it cannot be done."""
    try:
        step()
        problems.pop(item.name, None)
    except (ValueError, RuntimeError) as error:
        problems[item.name] = str(error)
        return
    follow()


def fill(item: bpy.types.Object) -> None:
    """Give the armature object one entry for each slider of the model and each kind of part of its species."""
    model = model_or_none()
    if model is None:
        return
    group = item.bestiary
    names = sliders_of(model).names
    if [entry.name for entry in group.sliders] != list(names):
        group.sliders.clear()
        for name in names:
            group.sliders.add().name = name
    found = creature.read_creature(item)
    kinds = creature.kinds_of(model, found.who) if found is not None else ()
    if [entry.name for entry in group.parts] != list(kinds):
        group.parts.clear()
        for kind in kinds:
            group.parts.add().name = kind


# -- what follows -----------------------------------------------------------------------------------------------------


def follow() -> None:
    """Let bones and parts follow: a moment after the last call, or at once where no timers run."""
    global _due
    if bpy.app.background:
        _settle_all()
        return
    _due = time.monotonic() + _DELAY
    if not bpy.app.timers.is_registered(_tick):
        bpy.app.timers.register(_tick, first_interval=_DELAY)


def cancel() -> None:
    """Forget what was to follow."""
    if bpy.app.timers.is_registered(_tick):
        bpy.app.timers.unregister(_tick)


def _tick() -> float | None:
    left = _due - time.monotonic()
    if left > 0.01:  # something has moved again since
        return left
    return 0.5 if _settle_all() else None


def _settle_all() -> bool:
    """Settle every animal that needs it; gives whether one has to wait because it is being edited."""
    model, waiting = model_or_none(), False
    if model is None:
        return False
    for item in list(bpy.data.objects):
        if creature.KEY not in item or item.library is not None or creature.is_settled(item, model):
            continue
        if item.mode == "EDIT":
            waiting = True
            continue
        try:
            creature.settle(item, model)
            fill(item)
        except (ValueError, RuntimeError) as error:
            problems[item.name] = str(error)
    return waiting


@bpy.app.handlers.persistent
def _after_undo(*_args: object) -> None:
    """A state from before the bones had followed may be back."""
    if not bpy.app.background:
        follow()


_HANDLERS = ("undo_post", "redo_post", "load_post")


def register() -> None:
    """Watch undo, redo and loading."""
    for name in _HANDLERS:
        getattr(bpy.app.handlers, name).append(_after_undo)


def unregister() -> None:
    """Stop watching; nothing follows any more."""
    cancel()
    problems.clear()
    for name in _HANDLERS:
        handlers = getattr(bpy.app.handlers, name)
        if _after_undo in handlers:
            handlers.remove(_after_undo)
