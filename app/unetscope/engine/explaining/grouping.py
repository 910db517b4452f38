"""What silencing several feature maps together does to the mask."""

from __future__ import annotations

from unetscope.domain.explaining.grouping import GroupQuestion
from unetscope.domain.explaining.question import Steps
from unetscope.engine.effects import group_sweep
from unetscope.engine.explaining.scene import Scene


def steps(scene: Scene, question: GroupQuestion) -> Steps:
    """Silence each group in turn; see `effects.group_sweep`."""
    return group_sweep(
        scene.base,
        scene.segmentation,
        question.layer,
        question.groups,
        how=question.how,
        reference=question.reference,
    )
