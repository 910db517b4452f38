"""Which segments are which class: by name, by code, by number only where no name says more."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.sr.codedict import codes

from unetscope.domain.card import CLASS_COLOURS, ClassLabel
from unetscope.domain.codes import SNOMED, Code, category_of, code_named, known_codes
from unetscope.domain.label_matching import from_text, propose_matching, to_text
from unetscope.domain.reference import BitMask, Reference, Segment
from unetscope.domain.structure_names import StructureName


def classes(*names: str) -> tuple[ClassLabel, ...]:
    every = ("Background", *names)
    return tuple(
        ClassLabel(n, name, None if n == 0 else CLASS_COLOURS[n % 7])
        for n, name in enumerate(every)
    )


def segments(*names: str) -> tuple[Segment, ...]:
    return tuple(Segment(n, name) for n, name in enumerate(names, start=1))


@pytest.mark.parametrize(
    "names",
    [
        ("CSF", "Grey matter", "White matter"),
        ("csf", "gray_matter", "WHITE MATTER"),
        ("Cerebrospinal fluid", "GM", "WM"),
        ("CSF", "GrayMatter", "WhiteMatter"),
    ],
)
def test_spellings_of_tissues_are_the_same(names: tuple[str, ...]) -> None:
    found = propose_matching(classes("CSF", "Grey matter", "White matter"), segments(*names)[::-1])
    assert found == ((1, (1,)), (2, (2,)), (3, (3,)))


def test_sides_go_to_their_own_class_or_to_one_for_both() -> None:
    both = segments("kidney_left", "Right Kidney", "Liver", "Kidneys, other")
    assert propose_matching(classes("Liver", "Kidney"), both) == ((1, (3,)), (2, (1, 2)))
    sided = propose_matching(classes("Left kidney", "Kidney R"), both)
    assert sided == ((1, (1,)), (2, (2,)))
    assert propose_matching(classes("Left kidney"), segments("Kidney", "Spleen")) == ()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("kidney_left", "Kidney, L"),
        ("lAmygdala", "Left amygdala"),
        ("CSFMask2", "csf mask 2"),
        ("WM hyperintensities", "White matter hyperintensity"),
        ("Grosshirn", "Großhirn"),
        ("白质", "白质"),
        ("vertebrae_L5", "Vertebra L 5"),
        ("Tumours", "tumor"),
        ("Brainstem", "brain stem"),
    ],
)
def test_names_that_are_the_same(one: str, other: str) -> None:
    assert StructureName.of(one) == StructureName.of(other)
    assert not StructureName.of(one).says_nothing


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Left kidney", "Right kidney"),
        ("vertebrae_L4", "vertebrae_L5"),
        ("Cerebral white matter", "White matter"),
        ("白质", "灰质"),
        ("Liver", "Liver vein"),
    ],
)
def test_names_that_are_not(one: str, other: str) -> None:
    assert StructureName.of(one) != StructureName.of(other)
    assert not StructureName.of(one).covers(StructureName.of(other))


def test_what_is_not_alike_is_left_to_the_user() -> None:
    found = propose_matching(classes("Liver", "Lesion"), segments("Spleen", "Liver vein", "Tumour"))
    assert found == ()


def test_a_code_matches_where_the_name_does_not() -> None:
    coded = (
        Segment(4, "Leber", code=Code("10200004", SNOMED, "Liver")),
        Segment(5, "Niere (left)", code=Code("64033007", SNOMED, "Kidney")),
    )
    assert propose_matching(classes("Liver", "Left kidney"), coded) == ((1, (4,)), (2, (5,)))
    assert propose_matching(classes("Liver", "Right kidney"), coded) == ((1, (4,)),)


def test_numbers_count_only_where_no_name_says_anything() -> None:
    numbered = segments("Label 1", "Label 2", "Segment_3")
    assert propose_matching(classes("CSF", "Liver"), numbered) == ((1, (1,)), (2, (2,)))
    named = segments("Spleen", "Heart")
    assert propose_matching(classes("CSF", "Liver"), named) == ()
    assert propose_matching(classes("Class 1", "Class 2"), named) == ((1, (1,)), (2, (2,)))


def test_one_mask_and_one_class_belong_together() -> None:
    assert propose_matching(classes("Foreground"), (Segment(255, "Label 255"),)) == ((1, (255,)),)


def test_a_background_takes_and_gives_nothing() -> None:
    found = propose_matching(classes("Liver"), segments("Background", "Liver"))
    assert found == ((1, (2,)),)


def test_nothing_to_match() -> None:
    assert propose_matching((), ()) == ()
    assert propose_matching(classes("Liver"), ()) == ()
    assert propose_matching((), segments("Liver")) == ()


@given(st.dictionaries(st.integers(0, 300), st.lists(st.integers(1, 70_000), min_size=1)))
def test_a_matching_is_remembered_as_text(entries: dict[int, list[int]]) -> None:
    matching = tuple(sorted((index, tuple(numbers)) for index, numbers in entries.items()))
    assert from_text(to_text(matching)) == matching


@pytest.mark.parametrize("text", ["", "[]", "{", '{"a": 1}', '{"1": [null]}', "[" * 100_000])
def test_a_text_that_is_no_matching_matches_nothing(text: str) -> None:
    assert from_text(text) == ()


@given(st.text(), st.text())
def test_any_name_can_be_read(one: str, other: str) -> None:
    name = StructureName.of(one)
    assert name == StructureName.of(one)
    assert not name.covers(StructureName.of(other)) or name.words


def test_each_code_of_the_table_is_one_of_dicom_and_found_by_its_name() -> None:
    dicom = {
        str(code.value): code for code in (getattr(codes.SCT, name) for name in codes.SCT.dir())
    }
    every = known_codes()
    assert len({code.value for code in every}) == len(every) > 80
    for code in every:
        assert code.value in dicom
        found = code_named(code.meaning)
        assert found is not None
        assert found.same_as(code)
        assert category_of(code).value in dicom
    for name, value in (("grey matter", "389081007"), ("Left kidney", "64033007")):
        named = code_named(name)
        assert named is not None
        assert named.value == value
    left = code_named("Left ventricle")
    assert left is not None
    assert left.meaning == "Left ventricle"
    assert code_named("Foreground") is None


# ------------------------------------------------------------------- masks

SHAPE = (5, 11, 19)


@given(st.integers(0, 10_000), st.floats(0, 1))
def test_a_packed_mask_is_the_mask(seed: int, share: float) -> None:
    rng = np.random.default_rng(seed)
    mask = np.zeros(SHAPE, np.bool_)
    start, stop = np.sort(rng.integers(0, np.array(SHAPE)[:, np.newaxis] + 1, (3, 2)), axis=1).T
    box = tuple(slice(a, b) for a, b in zip(start, stop, strict=True))
    mask[box] = rng.random(mask[box].shape) < share
    packed = BitMask.of(mask)
    assert np.array_equal(packed.whole(), mask)
    assert packed.count == mask.sum()
    for index in range(SHAPE[0]):
        assert np.array_equal(packed.slice(index), mask[index])
    assert packed.nbytes <= 3 * SHAPE[0] * SHAPE[1]


def test_labels_are_the_model_s_classes_and_the_later_class_counts() -> None:
    rng = np.random.default_rng(0)
    masks = {number: rng.random(SHAPE) < 0.4 for number in (1, 2, 7)}
    reference = Reference(
        "m", "NIfTI", segments("A", "B"), SHAPE, (), {n: BitMask.of(m) for n, m in masks.items()}
    )
    labels = reference.labels(((1, (1, 7)), (4, (2,)), (5, (99,))))
    expected = np.where(masks[1] | masks[7], 1, 0)
    expected[masks[2]] = 4
    assert np.array_equal(labels, expected)
    assert labels.dtype == np.uint8
    for index in range(SHAPE[0]):
        found = reference.slice_labels(((1, (1, 7)), (4, (2,))), index)
        assert np.array_equal(found, expected[index])
    assert reference.voxels(7) == masks[7].sum()
    assert np.array_equal(reference.slice_mask(2, 3), masks[2][3])
    with pytest.raises(KeyError):
        reference.mask(99)
