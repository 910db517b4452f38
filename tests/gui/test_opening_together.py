"""Several paths at once, what of them cannot be opened, and what may be said of it."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QTreeWidget
from tests.gui.conftest import MODEL, STUDY, Person, ramp
from tests.unit.fakes import FakeSeries, FakeStudy

from unetscope.domain.identity import without_file_name
from unetscope.domain.study import Skipped
from unetscope.ui.skipped_dialog import SkippedDialog

BAD = Path("/studies/Doe_Jane")
WORSE = Path("/studies/Doe_John.dcm")
NO_MODEL = Path("/models/letter.keras")
SECOND = Path("/studies/second")


def details(person: Person) -> SkippedDialog:
    """Click the status line; the list that opens."""
    label = person.window.status_line.text
    assert label.cursor().shape() == Qt.CursorShape.PointingHandCursor
    person.click(label)
    dialog = person.window.findChild(SkippedDialog, "skipped")
    assert isinstance(dialog, SkippedDialog)
    return dialog


def listed(dialog: SkippedDialog) -> list[tuple[str, str]]:
    tree = dialog.findChild(QTreeWidget, "skipped.list")
    assert isinstance(tree, QTreeWidget)
    items = [tree.topLevelItem(row) for row in range(tree.topLevelItemCount())]
    return sorted((item.text(0), item.text(1)) for item in items if item is not None)


@pytest.mark.parametrize("bad", [(BAD, NO_MODEL), (BAD, WORSE), (BAD, STUDY, WORSE, MODEL)])
def test_all_that_cannot_be_opened_is_told_and_listed(
    visitor: Person, bad: tuple[Path, ...]
) -> None:
    visitor.window.opening.open_all(bad)
    told = f"2 of {len(bad)} could not be opened."
    visitor.qtbot.waitUntil(lambda: visitor.frame.status == told)
    names = {path.name for path in bad} & {BAD.name, WORSE.name, NO_MODEL.name}
    assert all(name in visitor.frame.hint for name in names)
    dialog = details(visitor)
    assert {name for name, _ in listed(dialog)} == names
    dialog.reject()


def test_studies_given_at_once_are_all_opened(visitor: Person) -> None:
    other = FakeStudy((FakeSeries(uid="9", volume=ramp(3)),))
    visitor.world.files.studies[SECOND] = other
    visitor.window.opening.open_all([STUDY, SECOND])
    visitor.qtbot.waitUntil(lambda: len(visitor.program.desk.studies) == 2)


def test_the_one_that_cannot_be_opened_is_told_after_the_other_is_open(visitor: Person) -> None:
    visitor.window.opening.open_all([BAD, STUDY])
    visitor.qtbot.waitUntil(lambda: bool(visitor.program.desk.studies))
    visitor.qtbot.waitUntil(lambda: visitor.frame.trouble)
    assert visitor.frame.status == f"There is nothing to show in {BAD.name}."


def test_files_that_could_not_be_shown_are_a_click_away(visitor: Person) -> None:
    study = visitor.world.files.studies[STUDY]
    skipped = (Skipped(Path("/a/Doe.txt"), "a text"), Skipped(Path("/a/b.pdf"), "a report"))
    visitor.world.files.studies[STUDY] = replace(study, skipped=skipped)
    visitor.open(STUDY)
    visitor.qtbot.waitUntil(lambda: visitor.status().startswith("2 files could not be shown."))
    assert listed(details(visitor)) == [("Doe.txt", "a text"), ("b.pdf", "a report")]
    visitor.window.findChild(SkippedDialog, "skipped").reject()  # type: ignore[union-attr]


def test_while_identity_is_hidden_no_file_of_a_study_is_named(visitor: Person) -> None:
    visitor.choose("view.hide_identity")
    visitor.open(BAD)
    visitor.qtbot.waitUntil(lambda: visitor.frame.trouble)
    assert "Doe" not in visitor.frame.status + visitor.frame.hint
    visitor.window.opening.open_all([BAD, WORSE])
    visitor.qtbot.waitUntil(lambda: visitor.frame.status == "2 of 2 could not be opened.")
    assert "Doe" not in visitor.status() + visitor.window.status_line.text.toolTip()
    dialog = details(visitor)
    assert [name for name, _ in listed(dialog)] == ["hidden 1", "hidden 2"]
    assert "Doe" not in repr(listed(dialog))
    dialog.reject()
    visitor.choose("view.hide_identity")
    assert "Doe" in visitor.status()


@pytest.mark.parametrize(
    ("said", "without"),
    [
        ("Jane Doe.dcm is not a DICOM file.", "A file is not a DICOM file."),
        ("Doe is ill.dcm has pixels that cannot be decoded.", "A file cannot be decoded."),
        ("No images in doe.", "A file of the study made trouble."),
        ("There is nothing to show in doe.", "A file of the study made trouble."),
        ("a.dcm is a duplicate of doe.", "A file of the study made trouble."),
        ("Doe 1979", "A file of the study made trouble."),
    ],
)
def test_names_of_files_are_left_out_of_sentences(said: str, without: str) -> None:
    assert without_file_name(said) == without


def test_a_disk_that_answered_late_is_waited_for_no_longer(
    visitor: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_there, files = threading.Event(), visitor.world.files
    monkeypatch.setattr(files, "is_reference", lambda _: not is_there.wait(10))
    visitor.window.opening.open_all([STUDY])
    visitor.qtbot.waitUntil(lambda: visitor.frame.status == "Waiting for the disk …")
    is_there.set()
    visitor.qtbot.waitUntil(lambda: bool(visitor.program.desk.studies))
    assert visitor.frame.status == "Ready"
