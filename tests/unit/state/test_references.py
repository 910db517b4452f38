"""The reference of a series: opened, matched, remembered, and put away with what it is for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.unit.fakes import CARD, FakeSeries, unet
from tests.unit.reference_room import PATH, EvaluationRoom, masks_of, reference_of

from unetscope.domain.card import ClassLabel
from unetscope.domain.evaluating import Evaluating, ReferenceChoice
from unetscope.domain.ports import Notice
from unetscope.domain.reference import OtherPatientError
from unetscope.domain.reference_files import beside, says_reference
from unetscope.domain.session_file import KeptSession, read_session, write_session
from unetscope.domain.session_restored import with_network

OTHER = ((1, (7,)), (2, (9,)))


@pytest.fixture
def room() -> EvaluationRoom:
    return EvaluationRoom()


def test_it_is_in_the_models_classes_by_the_names_of_its_structures(room: EvaluationRoom) -> None:
    labels = masks_of(room.series)
    room.open(reference_of(labels, {2: "CSF", 1: "brain"}))  # the numbers are swapped
    assert room.references.matching == ((1, (2,)), (2, (1,)))
    given = room.references.slice_labels(2)
    assert given is not None
    assert np.array_equal(given == 1, labels[2] == 2)
    assert not room.asked
    assert room.bench.session.evaluating.reference == ReferenceChoice(str(PATH), "1.2.3")


def test_where_names_leave_something_open_the_user_is_asked_and_it_is_remembered(
    room: EvaluationRoom,
) -> None:
    labels = masks_of(room.series)
    labels[labels == 1], labels[labels == 2] = 7, 9
    reference = reference_of(labels, {7: "Alpha", 9: "Beta"})
    room.open(reference)
    assert room.asked == 1
    assert room.references.slice_labels(0) is None
    room.references.match(OTHER)
    assert room.references.matching == OTHER
    given = room.references.slice_labels(0)
    assert given is not None
    assert np.array_equal(given, masks_of(room.series)[0])

    room.references.close()
    assert room.references.reference is None
    room.open(reference)
    assert room.asked == 1
    assert room.references.matching == OTHER

    room.bench.open_model(unet(fingerprint="sha256:1"), path="/other.keras")
    assert not room.references.classes()
    assert room.asked == 2


def test_another_series_has_no_reference_and_coming_back_brings_it_back(
    room: EvaluationRoom,
) -> None:
    other = FakeSeries(uid="9", description="T2")
    room.bench.open_study(room.series, other)
    room.bench.desk.show_series("1.2.3")
    room.open()
    room.bench.desk.show_series("9")
    room.bench.jobs.run()
    assert room.references.reference is None
    assert room.references.slice_labels(0) is None
    room.bench.desk.show_series("1.2.3")
    assert room.references.reference is not None


def test_it_goes_with_its_study(room: EvaluationRoom) -> None:
    room.open()
    room.bench.desk.close_study()
    assert room.references.reference is None
    assert room.bench.session.evaluating.reference is None


def test_without_a_series_there_is_nothing_to_open_it_for(room: EvaluationRoom) -> None:
    told: list[Notice] = []

    def hear(notice: Notice) -> None:
        told.append(notice)

    room.bench.desk.notice.connect(hear)
    room.bench.desk.close_study()
    room.references.open(room.lay(reference_of(masks_of(room.series))))
    room.bench.jobs.run()
    assert told[-1].hint == "Open the study first."


def test_what_is_no_reference_leaves_the_open_one(room: EvaluationRoom) -> None:
    room.open()
    told: list[Notice] = []

    def hear(notice: Notice) -> None:
        told.append(notice)

    room.bench.desk.notice.connect(hear)
    room.references.open(Path("/study/letter.dcm"))
    room.bench.jobs.run()
    assert told[-1].what == "letter.dcm is no mask."
    assert told[-1].private
    assert room.references.reference is not None


def test_one_that_names_another_patient_is_asked_about(
    room: EvaluationRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    reference = reference_of(masks_of(room.series))

    def read(path: Path, *_: object, other_patient: bool = False) -> object:
        if not other_patient:
            raise OtherPatientError(f"{path.name} names another patient.", "Choose his.")
        return reference

    monkeypatch.setattr(room.bench.files, "read_reference", read)
    asked: list[tuple[Path, str]] = []

    def hear(path: Path, what: str) -> None:
        asked.append((path, what))

    room.references.other_patient.connect(hear)
    room.references.open(PATH)
    room.bench.jobs.run()
    assert asked == [(PATH, f"{PATH.name} names another patient.")]
    assert room.references.reference is None
    room.references.open(PATH, other_patient=True)
    room.bench.jobs.run()
    assert room.references.reference is reference


def test_a_session_opens_its_reference_again(room: EvaluationRoom) -> None:
    room.open()
    room.references.match(((1, (2,)),))
    text = write_session(KeptSession.of(room.bench.session, (Path("/study"),)))
    kept = read_session(text, "x.unetscope")
    later = EvaluationRoom()
    later.lay(reference_of(masks_of(later.series)))
    later.bench.update(lambda s: with_network(s, kept, kept.history))
    assert later.references.reference is not None
    assert later.references.matching == ((1, (2,)),)
    assert not later.asked


def test_a_session_of_somebody_else_leads_to_no_other_computer() -> None:
    there = Evaluating(reference=ReferenceChoice("\\\\evil\\share\\mask.nrrd", "1"))
    assert there.from_file().reference is None
    here = Evaluating(reference=ReferenceChoice("C:\\masks\\mask.nrrd", "1"))
    assert here.from_file() is here


def test_a_reference_beside_the_study_is_offered(tmp_path: Path) -> None:
    room = EvaluationRoom()
    study = tmp_path / "study"
    study.mkdir()
    room.bench.open_study(FakeSeries(uid="7"), path=str(study))
    assert room.references.beside is None
    (tmp_path / "reference.nii.gz").touch()
    room.bench.open_study(FakeSeries(uid="8"), path=str(study))
    assert room.references.beside == tmp_path / "reference.nii.gz"


def test_names_that_speak_of_a_mask() -> None:
    spoken = ("head_seg.nii.gz", "reference.nrrd", "a-LABELS.nii", "mask.dcm")
    assert all(says_reference(Path(name)) for name in spoken)
    silent = ("head.nii.gz", "segovia.nii", "mask.txt", "masked.nii")
    assert not any(says_reference(Path(name)) for name in silent)
    assert Path("/a/head_seg.nii.gz") in beside(Path("/a/head.nii.gz"))


def test_classes_that_are_renamed_are_matched_anew(room: EvaluationRoom) -> None:
    room.open(reference_of(masks_of(room.series), {1: "Liver", 2: "Brain"}))
    assert [each.name for each in room.references.classes()] == ["Brain"]
    labels = (CARD.classes[0], ClassLabel(1, "Liver", "#e05a6d"), CARD.classes[2])
    room.bench.update(lambda s: s.use_card(replace(CARD, classes=labels)))
    assert room.references.matching == ((1, (1,)), (2, (2,)))
