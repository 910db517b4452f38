"""Tables of a report about masks."""

from __future__ import annotations

import numpy as np
from tests.unit.fakes import CLASSES

from unetscope.domain.comparing import counts
from unetscope.domain.evaluation import NAN, ClassScore, Evaluation, Lesions, SliceScore
from unetscope.domain.report_measures import changes_table, evaluation_tables


def test_amounts_of_classes_before_and_after() -> None:
    trained = np.array([[1, 1, 2, 0]], np.uint8)
    edited = np.array([[1, 0, 2, 0]], np.uint8)
    table = changes_table(
        "Slice 1", counts(trained, edited, 3), CLASSES, edited=True, unit="mm²", per=0.5, digits=1
    )
    assert table.header == ("Class", "Trained, mm²", "Edited, mm²", "Dice, trained and edited")
    assert table.rows == (("CSF", "1.0", "0.5", "0.667"), ("Brain", "0.5", "0.5", "1.000"))


def test_a_class_that_nobody_has_is_told_by_a_dash_and_one_without_a_name_by_its_number() -> None:
    mask = np.array([[3]], np.uint8)
    table = changes_table("", counts(mask, mask, 3), CLASSES, edited=True, unit="voxels")
    assert table.rows[0] == ("CSF", "0", "0", "–")
    assert table.rows[2] == ("Class 3", "1", "1", "1.000")


def score(index: int, voxels: int, shared: int, **more: float) -> ClassScore:
    return ClassScore(
        index=index,
        name=f"class {index}",
        voxels=voxels,
        reference_voxels=10,
        shared=shared,
        **more,  # type: ignore[arg-type]
    )


def test_scores_and_the_worst_slices_first() -> None:
    whole = ClassScore(
        index=1,
        name="class 1",
        voxels=10,
        reference_voxels=10,
        shared=5,
        volume=1.5,
        reference_volume=2.0,
        hd95=3.25,
        distance=NAN,
        lesions=Lesions(2, 1, 0),
        why_no_distance="Not measured yet.",
    )
    slices = tuple(SliceScore(at, (score(1, 10, shared),)) for at, shared in enumerate((9, 2, 7)))
    found = Evaluation(classes=(whole,), slices=slices, total=5)
    table, worst = evaluation_tables("Network", found)
    assert table.title == "Network: 3 of 5 slices"
    row = ("class 1", "0.500", "0.333", "3.25", "–", "1.50", "2.00", "2 / 1 / 0")
    assert table.rows == (row,)
    assert table.note == "Not measured yet."
    assert worst.rows == (("2", "0.200", "0.200"), ("3", "0.700", "0.700"), ("1", "0.900", "0.900"))


def test_slices_without_any_class_are_no_worst_ones() -> None:
    empty = ClassScore(index=1, name="a", voxels=0, reference_voxels=0, shared=0)
    found = Evaluation(classes=(empty,), slices=(SliceScore(0, (empty,)),) * 2, total=2)
    assert len(evaluation_tables("Network", found)) == 1
