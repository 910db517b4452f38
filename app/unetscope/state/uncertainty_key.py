"""What an uncertainty depends on, and what its mask is judged by."""

from __future__ import annotations

from dataclasses import dataclass

from unetscope.domain.explaining.augmenting import Augmentation
from unetscope.domain.explaining.uncertainty import UncertaintyChoice, UncertaintyKind
from unetscope.domain.explaining.uncertainty_numbers import Judge
from unetscope.domain.history import Edits
from unetscope.domain.input_grid import Placement
from unetscope.domain.network import ModelRef
from unetscope.domain.session import Session
from unetscope.state.references import References
from unetscope.state.shown import SliceKey


@dataclass(frozen=True, slots=True)
class UncertaintyKey:
    """What an uncertainty depends on. Equal keys mean equal answers."""

    model: ModelRef
    edits: Edits
    image_key: str
    kind: UncertaintyKind
    repeats: int = 0
    augmentations: tuple[Augmentation, ...] = ()

    @classmethod
    def of(
        cls, model: ModelRef, edits: Edits, image_key: str, choice: UncertaintyChoice
    ) -> UncertaintyKey:
        """For what was chosen; what does not matter for its kind is left out."""
        kind = choice.kind
        return cls(
            model,
            edits,
            image_key,
            kind,
            0 if kind is UncertaintyKind.ENTROPY else choice.repeats,
            choice.augmentations if kind is UncertaintyKind.AUGMENTATIONS else (),
        )


def judge_of(
    session: Session, references: References, key: SliceKey, placement: Placement
) -> Judge:
    """What the mask of a slice is judged by: the card's background, and the reference."""
    classes = session.card.classes if session.card else ()
    background = tuple(each.index for each in classes if each.colour is None)
    series = session.series
    if series is None or series.uid != key.series:
        return Judge(background=background)
    return Judge(
        background=background,
        reference=references.slice_labels(key.index),
        classes=tuple(each.index for each in references.classes()),
        placement=placement,
    )
