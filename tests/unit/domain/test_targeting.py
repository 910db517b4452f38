"""What was chosen on the slice becomes pixels of the network's output, whatever lies between."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.fakes import CLASSES

from unetscope.domain.explaining.target import TargetChoice, TargetKind
from unetscope.domain.explaining.targeting import NoTargetError, Segmented, target_of
from unetscope.domain.input_grid import Placement, Size
from unetscope.domain.planes import Turn

MASK = np.array(
    [
        [0, 0, 0, 0],
        [0, 1, 1, 0],
        [0, 2, 2, 2],
        [0, 2, 2, 2],
    ],
    np.uint8,
)
REFERENCE = np.array(
    [
        [0, 0, 0, 0],
        [0, 1, 2, 0],
        [1, 2, 2, 2],
        [0, 2, 2, 0],
    ],
    np.uint8,
)
SQUARE = Placement((4, 4), (4, 4), (4, 4))
HERE = Segmented(
    mask=MASK,
    placement=SQUARE,
    index=5,
    channels=3,
    classes=CLASSES,
    reference=REFERENCE,
    in_reference=(1, 2),
)
FALSE_POSITIVES = TargetChoice(kind=TargetKind.FALSE_POSITIVES)
FALSE_NEGATIVES = TargetChoice(kind=TargetKind.FALSE_NEGATIVES)
AROUND_TOP_ROWS = ((-0.4, -0.4), (-0.4, 3.4), (1.4, 3.4), (1.4, -0.4))


def why_not(choice: TargetChoice, slice_: Segmented = HERE) -> str:
    with pytest.raises(NoTargetError) as told:
        target_of(choice, slice_)
    assert len(str(told.value)) <= 300
    return str(told.value)


def test_without_a_choice_it_is_the_class_that_most_pixels_have_but_not_the_background() -> None:
    target = target_of(TargetChoice(), HERE)
    assert target.channel == 2
    assert np.array_equal(target.region, MASK == 2)
    assert target.name == "Brain, 6 pixels"
    assert target_of(TargetChoice(label=0), HERE).channel == 0
    assert "shows no class" in why_not(TargetChoice(), replace(HERE, mask=MASK * 0))
    gone = replace(HERE, mask=np.where(MASK == 1, 0, MASK).astype(np.uint8))
    assert "no CSF on this slice" in why_not(TargetChoice(label=1), gone)


def test_a_pixel_is_asked_about_as_what_it_is_or_as_what_was_chosen() -> None:
    there = TargetChoice().at((1.0, 2.0), 5)
    target = target_of(there, HERE)
    assert (target.channel, np.argwhere(target.region).tolist()) == (1, [[1, 2]])
    assert "CSF at row 1, column 2" in target.name
    assert target_of(there.of_class(2), HERE).channel == 2
    assert "slice 6" in why_not(there, replace(HERE, index=9))
    assert "No pixel is chosen" in why_not(TargetChoice(kind=TargetKind.PIXEL))
    cropped = replace(HERE, placement=Placement((8, 8), (8, 8), (4, 4)))
    assert "was not shown" in why_not(TargetChoice().at((0.0, 0.0), 5), cropped)


def test_a_region_is_all_that_was_drawn_around_or_its_class_alone() -> None:
    drawn = TargetChoice().within(AROUND_TOP_ROWS, 5)
    target = target_of(drawn, HERE)
    assert np.argwhere(target.region.all(axis=1)).ravel().tolist() == [0, 1]
    assert target.pixels == 8
    assert target.channel == 1  # what is most of it, but background
    assert target.name == "CSF in a region of 8 pixels"
    inside = target_of(drawn.of_kind(TargetKind.CLASS_IN_REGION), HERE)
    assert np.array_equal(inside.region, MASK == 1)
    assert "no Brain in the region" in why_not(
        drawn.of_kind(TargetKind.CLASS_IN_REGION).of_class(2)
    )
    assert "No region is drawn" in why_not(TargetChoice(kind=TargetKind.REGION))
    assert "slice 6" in why_not(drawn, replace(HERE, index=0))
    again = drawn.of_kind(TargetKind.CLASS_IN_REGION).within(AROUND_TOP_ROWS, 5)
    assert again.kind is TargetKind.CLASS_IN_REGION


def test_a_region_between_the_pixels_of_a_coarse_output_is_the_one_below_it() -> None:
    coarse = replace(HERE, placement=Placement((64, 64), (64, 64), (64, 64)))
    drawn = TargetChoice(label=2).within(((33.0, 50.0), (33.0, 53.0), (36.0, 51.0)), 5)
    assert np.argwhere(target_of(drawn, coarse).region).tolist() == [[2, 3]]


def test_errors_are_where_mask_and_reference_disagree() -> None:
    extra = target_of(FALSE_POSITIVES.of_class(1), HERE)
    assert np.argwhere(extra.region).tolist() == [[1, 2]]
    assert extra.channel == 1
    assert extra.name == "false positives of CSF, 1 pixel"
    missed = target_of(FALSE_NEGATIVES.of_class(1), HERE)
    assert np.argwhere(missed.region).tolist() == [[2, 0]]
    assert np.argwhere(target_of(FALSE_POSITIVES.of_class(2), HERE).region).tolist() == [[3, 3]]
    assert "need a reference" in why_not(FALSE_POSITIVES, replace(HERE, reference=None))
    assert "nothing for CSF" in why_not(
        FALSE_POSITIVES.of_class(1), replace(HERE, in_reference=(2,))
    )
    other = np.zeros((5, 5), np.uint8)
    assert "another size" in why_not(FALSE_NEGATIVES, replace(HERE, reference=other))
    perfect = replace(HERE, reference=MASK)
    assert "no false positives on this slice" in why_not(FALSE_POSITIVES, perfect)
    assert "no false positives of Brain" in why_not(FALSE_POSITIVES.of_class(2), perfect)


def test_of_an_error_the_margin_over_what_stands_there_is_asked_about() -> None:
    assert HERE.reference is not None
    extra = target_of(FALSE_POSITIVES.of_class(1), HERE)
    missed = target_of(FALSE_NEGATIVES.of_class(1), HERE)
    assert extra.against is not None
    assert missed.against is not None
    there = np.argwhere(extra.against >= 0).tolist()
    assert there == [[1, 2]]
    assert extra.against[1, 2] == HERE.reference[1, 2] != 1
    assert np.argwhere(missed.against >= 0).tolist() == [[2, 0]]
    assert missed.against[2, 0] == MASK[2, 0] != 1
    assert target_of(TargetChoice(label=1), HERE).against is None


@pytest.mark.parametrize(("channels", "has_background"), [(1, False), (2, True)])
def test_what_has_no_output_of_its_own_takes_nothing_off(
    channels: int, has_background: bool
) -> None:
    mask = np.minimum(MASK, 1) if channels == 1 else MASK
    reference = np.zeros_like(mask) if HERE.reference is None else np.zeros_like(HERE.reference)
    here = replace(
        HERE, mask=mask, reference=reference, channels=channels, has_background=has_background
    )
    extra = target_of(FALSE_POSITIVES.of_class(1), here)
    assert extra.channel == 0
    assert extra.against is not None
    assert (extra.against == -1).all()


def test_without_a_class_errors_are_those_of_the_class_that_has_most() -> None:
    all_missed = replace(HERE, mask=MASK * 0)
    assert target_of(FALSE_NEGATIVES, all_missed).channel == 2
    assert target_of(FALSE_NEGATIVES, replace(all_missed, in_reference=(1,))).channel == 1


def test_one_channel_is_the_class_and_background_has_none() -> None:
    one = replace(HERE, mask=(MASK > 0).astype(np.uint8), channels=1)
    assert target_of(TargetChoice(), one).channel == 0
    assert target_of(TargetChoice(), one).pixels == 8
    assert "no output of its own for Background" in why_not(TargetChoice().at((0.0, 0.0), 5), one)
    asked = target_of(TargetChoice(label=1).at((0.0, 0.0), 5), one)
    assert asked.channel == 0


def test_of_several_sigmoid_channels_a_label_is_one_more_than_its_channel() -> None:
    several = replace(HERE, channels=2, has_background=True)
    assert target_of(TargetChoice(), several).channel == 1
    assert target_of(TargetChoice(label=1), several).channel == 0
    assert "no output of its own" in why_not(TargetChoice(label=0), several)
    assert "no output of its own for Class 7" in why_not(TargetChoice(label=7), several)


def test_what_lies_beside_the_slice_is_never_explained() -> None:
    padded = replace(HERE, placement=Placement((2, 4), (2, 4), (4, 4)))
    region = target_of(TargetChoice(label=2), padded).region
    assert np.array_equal(region, (MASK == 2) & (np.arange(4)[:, None] == 2))


SIDES = st.integers(2, 9)
SIZES = st.tuples(SIDES, SIDES)
TURNS = st.builds(Turn, st.booleans(), st.booleans(), st.booleans())


@given(shape=SIZES, resampled=SIZES, fed=SIZES, size=SIZES, turn=TURNS, data=st.data())
def test_a_pixel_lies_where_the_mask_is_drawn_over_it(
    shape: Size, resampled: Size, fed: Size, size: Size, turn: Turn, data: st.DataObject
) -> None:
    placement = Placement(shape, resampled, fed, turn)
    row = data.draw(st.integers(0, shape[0] - 1))
    column = data.draw(st.integers(0, shape[1] - 1))
    mask = np.arange(size[0] * size[1], dtype=np.uint8).reshape(size)
    slice_ = replace(HERE, mask=mask, placement=placement, channels=99, classes=())
    try:
        target = target_of(TargetChoice().at((float(row), float(column)), 5), slice_)
    except NoTargetError:
        r, c = placement.to_input(row, column)
        assert not (-0.5 < r < fed[0] - 0.5 and -0.5 < c < fed[1] - 0.5)
        return
    ((r, c),) = np.argwhere(target.region)
    assert target.channel == mask[r, c]
    centre = [(at + 0.5) * n / m - 0.5 for at, n, m in zip((r, c), fed, size, strict=True)]
    there = placement.to_input(row, column)
    sides = zip(centre, there, fed, size, strict=True)
    assert all(abs(at - to) <= n / m / 2 + 1e-6 for at, to, n, m in sides)


def test_when_slices_move_what_was_chosen_goes_with_them() -> None:
    chosen = TargetChoice().at((1.0, 1.0), 3).within(AROUND_TOP_ROWS, 5)
    moved = chosen.moved({3: 7, 5: 9}.get)
    assert (moved.pixel_slice, moved.outline_slice) == (7, 9)
    assert moved.pixel == chosen.pixel
    gone = chosen.moved({3: 7}.get)
    assert (gone.outline, gone.outline_slice, gone.pixel_slice) == ((), None, 7)
