"""Answers to questions about a voxel, for the tests of state, presenter and panel."""

from __future__ import annotations

from typing import Any

import numpy as np

from unetscope.domain.explaining.effective_field import EffectiveField, FieldQuestion
from unetscope.domain.explaining.inquiry import ClassScore, Inquiry, InquiryQuestion, Push, Scale
from unetscope.domain.graph import Section
from unetscope.domain.u_shape import Standing


def an_inquiry(question: InquiryQuestion, **parts: Any) -> Inquiry:
    """An answer about three classes that names the position it was asked about."""
    row, column = question.position
    scores = (
        ClassScore(0, -1.0, 0.0004),
        ClassScore(1, row + column / 10, 0.7),
        ClassScore(2, 0.5, 0.2996),
    )
    mid = Scale(
        layer="mid",
        standing=Standing(Section.BOTTLENECK, 2),
        size=(4, 4),
        maps=6,
        total=1.5,
        up=(Push(5, 2.0), Push(1, 0.5)),
        down=(Push(0, -1.0),),
    )
    dec = Scale(
        layer="dec",
        standing=Standing(Section.DECODER, 1),
        size=(8, 8),
        maps=4,
        total=-0.25,
        up=(),
        down=(Push(3, -0.25),),
    )
    made: dict[str, Any] = {
        "position": question.position,
        "label": 1 if question.label is None else question.label,
        "shown": 1,
        "scores": scores,
        "has_logits": True,
        "entropy": 0.9,
        "most": 1.6,
        "scales": (mid, dec),
    }
    return Inquiry(**(made | parts))


def a_field(question: FieldQuestion, **parts: Any) -> EffectiveField:
    """A field of 3×5 pixels of the input about the position."""
    energy = np.outer([1, 2, 1], [1, 2, 4, 2, 1]).astype(np.float32)
    made: dict[str, Any] = {
        "layer": question.layer,
        "position": question.position,
        "channel": question.channel,
        "size": (8, 8),
        "corner": (2, 1),
        "part": energy,
        "box": (6, 6),
    }
    return EffectiveField(**(made | parts))
