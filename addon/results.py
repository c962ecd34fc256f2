"""A result on its way into the scene: checked against the model, then built by one operator in one undo step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import bpy

from ..animal.model import AnimalModel
from .request import Answer
from .session import session


class WrongModel(RuntimeError):
    """The server used another animal model than this Blender; `message` and `advice` as everywhere."""

    def __init__(self, answer: Answer, model: AnimalModel) -> None:
        super().__init__(f"The server uses the animal model “{answer.model_name}”, this Blender “{model.name}”")
        self.message = str(self)
        self.advice = "Choose the same file under Preferences > Add-ons > Bestiary > Animal Model"


@dataclass
class Pending:
    """A result and where it belongs. Scene and photo are kept by name: the animator may have undone or deleted them."""

    scene: str
    photo: str
    model: AnimalModel
    real_size: bool
    match_render: bool
    answer: Answer | None = None


def finish(pending: Pending, report: Callable[[set[str], str], None]) -> bool:
    """Build a reconstruction by `bestiary.import_result`; False, and a message, when it fails."""
    answer = pending.answer
    assert answer is not None
    if answer.model_id != pending.model.model_id:
        report({"ERROR"}, session.fail(WrongModel(answer, pending.model)))
        return False
    return deliver(pending, bpy.ops.bestiary.import_result, answer.summary, answer.warnings, report)


def deliver(
    pending: object, operator: Callable[..., set[str]], summary: list[str], warnings: list[str],
    report: Callable[[set[str], str], None],
) -> bool:  # fmt: skip
    """Have an operator with an undo step bring a result into the file; False, and a message, when it fails.

    The operator that waited has no undo step: one that spans other operators would mix its step with theirs.
    """
    session.pending = pending
    try:
        done = operator("EXEC_DEFAULT", True)
    except RuntimeError as error:
        report({"ERROR"}, session.fail(error))
        return False
    finally:
        session.pending = None
    if "FINISHED" not in done:
        return False
    session.summary, session.warnings = summary, warnings + session.warnings
    if session.warnings:
        report({"WARNING"}, session.warnings[0])
    else:
        report({"INFO"}, "; ".join(summary))
    return True
