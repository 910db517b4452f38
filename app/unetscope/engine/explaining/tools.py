"""Which tool answers which question."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from unetscope.domain.errors import EngineError
from unetscope.domain.explaining.attribution import AttributionQuestion
from unetscope.domain.explaining.dissection import DissectSlice
from unetscope.domain.explaining.effective_field import FieldQuestion
from unetscope.domain.explaining.grouping import GroupQuestion
from unetscope.domain.explaining.inquiry import InquiryQuestion
from unetscope.domain.explaining.question import Question, Steps
from unetscope.domain.explaining.recovery import RecoveryQuestion
from unetscope.domain.explaining.switches import SkipEffectsQuestion
from unetscope.domain.explaining.uncertainty import UncertaintyQuestion
from unetscope.domain.explaining.uncertainty_numbers import SliceUncertaintyQuestion
from unetscope.engine.explaining import (
    attribution,
    dissection,
    effective_field,
    grouping,
    inquiry,
    recovery,
    skip_effects,
    uncertainty,
)
from unetscope.engine.explaining.scene import Scene

TOOLS: dict[type[Question], Callable[[Scene, Any], Steps]] = {
    AttributionQuestion: attribution.steps,
    DissectSlice: dissection.steps,
    FieldQuestion: effective_field.steps,
    GroupQuestion: grouping.steps,
    InquiryQuestion: inquiry.steps,
    RecoveryQuestion: recovery.steps,
    SkipEffectsQuestion: skip_effects.steps,
    SliceUncertaintyQuestion: uncertainty.slice_steps,
    UncertaintyQuestion: uncertainty.steps,
}


def steps_of(scene: Scene, question: Question) -> Steps:
    """The work that answers a question, in small pieces.

    Raises
    ------
    EngineError
        No tool answers such a question.
    """
    tool = TOOLS.get(type(question))
    if tool is None:
        raise EngineError(f"No tool answers {type(question).__name__}.", "Update the program.")
    return tool(scene, question)
