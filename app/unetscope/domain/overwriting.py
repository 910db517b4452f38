"""An edit that leaves nothing of an earlier one: lists of edits hold only what matters."""

from __future__ import annotations

from unetscope.domain.edits import (
    Edit,
    ScaleFilter,
    SetBias,
    SetFilter,
    SetInputChannel,
    SetKernel,
    SetLayerWeights,
)


def add_edit(edits: tuple[Edit, ...], edit: Edit) -> tuple[Edit, ...]:
    """Put an edit after others, without those that it overwrites.

    The weights are the same to the bit with them and without. Those before a gain of the same
    layer stay: what it multiplies might not be finite otherwise.
    """
    after: list[Edit] = []
    before = list(edits)
    while before and not _needs_its_past(before[-1], edit):
        earlier = before.pop()
        if not overwrites(edit, earlier):
            after.append(earlier)
    return (*before, *reversed(after), edit)


def _needs_its_past(earlier: Edit, edit: Edit) -> bool:
    is_gain = isinstance(earlier, ScaleFilter) and earlier.layer == edit.layer
    return is_gain and not overwrites(edit, earlier)


def overwrites(edit: Edit, earlier: Edit) -> bool:
    """Whether nothing of an earlier edit is left after this one, whatever came between."""
    if earlier.layer != edit.layer or not earlier.changes_weights:
        return False
    if isinstance(edit, SetLayerWeights):
        return True
    if isinstance(edit, SetFilter):
        return isinstance(earlier, SetFilter | SetKernel) and earlier.filter == edit.filter
    if isinstance(edit, SetInputChannel):
        of_it = isinstance(earlier, SetInputChannel | SetKernel)
        return of_it and earlier.touched.in_channel == edit.in_channel
    if isinstance(edit, SetKernel | SetBias):
        return type(earlier) is type(edit) and earlier.touched == edit.touched
    return False
