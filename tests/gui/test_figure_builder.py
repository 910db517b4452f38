"""The figure builder: panes of one version of the weights, to PNG, SVG, PDF and the clipboard."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog, QListWidgetItem
from tests.gui.conftest import Person
from tests.gui.test_pictures import pixels

from unetscope.domain.edits import ScaleFilter
from unetscope.domain.figure import Figure, Pane, Paper
from unetscope.presenters.evaluation.view import EvaluationView
from unetscope.ui.pictures.curves import evaluation_curve
from unetscope.ui.pictures.figure_dialog import CLIPBOARD, NOTHING, FigureDialog
from unetscope.ui.pictures.figure_files import figure_image, figure_pdf, figure_svg
from unetscope.ui.pictures.figure_painting import letter_of, plan_of


@pytest.fixture
def dialog(person: Person) -> FigureDialog:
    person.window.run("file.figure")
    return person.find(FigureDialog, "figure")


def items(dialog: FigureDialog) -> list[QListWidgetItem]:
    return [dialog.panes.item(row) for row in range(dialog.panes.count())]


def texts(dialog: FigureDialog) -> list[str]:
    return [pane.caption for pane in dialog.plan.panes]


def test_it_opens_with_what_a_paper_shows(dialog: FigureDialog) -> None:
    assert texts(dialog) == [
        "Slice 16",
        "Mask, network",
        "Feature map 0 of enc",
        "Kernel of enc, filter 0, input 0",
    ]
    assert not dialog.preview.pixmap().isNull()
    assert dialog.told.text().startswith("180 × ")


def test_panes_are_ticked_captioned_and_put_in_order(dialog: FigureDialog) -> None:
    first, second = items(dialog)[:2]
    second.setCheckState(Qt.CheckState.Unchecked)
    first.setText("A healthy head")
    assert texts(dialog)[0] == "A healthy head"
    assert "Mask, network" not in texts(dialog)
    dialog.panes.insertItem(3, dialog.panes.takeItem(0))
    assert "A healthy head" in texts(dialog)[0:2]
    assert texts(dialog) != ["A healthy head"]


def test_what_was_chosen_and_written_outlives_another_answer(
    person: Person, dialog: FigureDialog
) -> None:
    items(dialog)[0].setText("Mine")
    items(dialog)[1].setCheckState(Qt.CheckState.Unchecked)
    person.program.store.update(lambda s: s.edit(ScaleFilter("enc", filter=0, gain=0.5)))
    person.wait()
    assert texts(dialog)[0] == "Mine"
    assert "Mask, edited network" not in texts(dialog)
    assert "Mask, trained network" in texts(dialog)
    assert dialog.figure.stamp == "Edited network: 1 edit · Unetscope, research use only"


def test_without_any_pane_there_is_nothing_to_save(dialog: FigureDialog) -> None:
    for item in items(dialog):
        item.setCheckState(Qt.CheckState.Unchecked)
    assert dialog.preview.text() == NOTHING
    assert not dialog.save.isEnabled()
    assert not dialog.copy.isEnabled()


def test_width_and_sharpness_are_those_of_the_file(
    person: Person, dialog: FigureDialog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dialog.width_mm.setValue(85)
    dialog.dpi.setValue(150)
    path = tmp_path / "figure.png"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), "PNG (*.png)"))
    person.press("figure.save")
    person.qtbot.waitUntil(path.exists)
    person.qtbot.waitUntil(lambda: "Saved" in person.status())
    picture = Image.open(BytesIO(path.read_bytes()))
    assert picture.width == round(85 / 25.4 * 150)
    assert np.allclose(picture.info["dpi"], 150, atol=0.5)
    assert picture.info["Description"] == "Unetscope, research use only"


@pytest.mark.parametrize(("kind", "begins"), [("SVG (*.svg)", b"<?xml"), ("PDF (*.pdf)", b"%PDF")])
def test_a_name_without_an_ending_gets_that_of_the_kind(
    person: Person,
    dialog: FigureDialog,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
    begins: bytes,
) -> None:
    path = tmp_path / "figure"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), kind))
    dialog.settings.setChecked(True)
    person.press("figure.save")
    whole = path.with_name(f"figure{kind[-5:-1]}")
    person.qtbot.waitUntil(whole.exists)
    person.qtbot.waitUntil(lambda: "Saved" in person.status())
    content = whole.read_bytes()
    assert content.startswith(begins)
    assert b"research use only" in content
    if begins == b"<?xml":
        for said in ("Feature map 0 of enc", "Tiny (SHA-256 ", "Slice 16 of 30"):
            assert said.encode() in content


def test_the_clipboard_has_the_figure(person: Person, dialog: FigureDialog) -> None:
    QGuiApplication.clipboard().clear()
    person.press("figure.copy")
    assert QGuiApplication.clipboard().image().width() == dialog.figure.pixels
    assert dialog.told.text().startswith("Copied: 2,126 × ")
    dialog.width_mm.setValue(500)
    dialog.dpi.setValue(1200)
    person.press("figure.copy")
    assert QGuiApplication.clipboard().image().width() == CLIPBOARD


def test_how_it_looked_is_remembered(person: Person, dialog: FigureDialog) -> None:
    dialog.paper.setCurrentText("dark")
    dialog.columns.setValue(2)
    dialog.letters.setChecked(False)
    dialog.reject()
    person.qtbot.waitUntil(lambda: person.window.findChild(FigureDialog, "figure") is None)
    person.window.run("file.figure")
    again = person.find(FigureDialog, "figure").figure
    assert (again.paper, again.columns, again.letters) == (Paper.DARK, 2, False)


def test_when_it_is_closed_nothing_is_made_any_more(person: Person, dialog: FigureDialog) -> None:
    presenter = dialog._presenter
    dialog.reject()
    before = presenter.view
    person.program.store.update(lambda s: s.select_slice(2))
    person.wait()
    assert presenter.view is before


def test_the_curve_is_offered_once_the_series_was_surveyed(person: Person) -> None:
    presenter = person.program.presenters.maps.series
    person.window.run("map.survey")
    person.qtbot.waitUntil(lambda: np.isfinite(presenter.view.curve).sum() > 1)
    person.window.run("file.figure")
    dialog = person.find(FigureDialog, "figure")
    curve = next(
        item for item in items(dialog) if item.data(Qt.ItemDataRole.UserRole) == "curve of the map"
    )
    before = dialog.plan.layout.size
    curve.setCheckState(Qt.CheckState.Checked)
    assert len(dialog.plan.panes) == 5
    assert dialog.plan.layout.size[1] >= before[1]


def test_the_curve_of_an_evaluation_has_a_line_for_each_network() -> None:
    labels: tuple[tuple[int | None, str], ...] = ((None, "all classes"), (1, "CSF"))
    view = EvaluationView(curve=np.array([0.5, np.nan, 0.75]), unit="Dice", label=1, labels=labels)
    alone = evaluation_curve(view)
    assert alone is not None
    assert alone.caption == "Dice against the reference, CSF"
    assert alone.limits == (0.5, 0.75)
    assert not alone.legend
    both = evaluation_curve(replace(view, trained_curve=np.array([0.9, 0.8, 0.7]), index=2))
    assert both is not None
    assert both.values.shape == (2, 3)
    assert [one.name for one in both.legend] == ["edited network", "trained network"]
    assert both.mark == 2
    drawn = figure_of(both, colour_bars=False)
    for colour in ((0xD5, 0x5E, 0x00), (0x00, 0x72, 0xB2)):
        assert (drawn == colour).all(axis=2).any()
    assert evaluation_curve(EvaluationView()) is None


# ------------------------------------------------------------------------------------- drawing


def figure_of(pane: Pane, **more: object) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    figure = Figure(width=50.8, letters=False, captions=False, **more)  # type: ignore[arg-type]
    return pixels(figure_image(plan_of(figure, (pane,)), 1440))  # ten pixels a point


def test_pixels_keep_sharp_edges_and_their_colours() -> None:
    values = np.array([[[255, 0, 0], [0, 255, 0]], [[0, 0, 255], [9, 9, 9]]], np.uint8)
    drawn = figure_of(Pane(key="a", caption="", values=values))
    inside = drawn[60 : 60 + 1320, 60 : 60 + 1320]
    for row, column in np.ndindex(2, 2):
        block = inside[row * 660 : (row + 1) * 660, column * 660 : (column + 1) * 660][4:-4, 4:-4]
        assert (block == values[row, column]).all()


def test_a_scale_bar_is_as_long_as_it_says() -> None:
    values = np.zeros((100, 100, 3), np.uint8)
    drawn = figure_of(Pane(key="a", caption="", values=values, mm=1.0))
    row = drawn[60 + 1320 - 50, 60 : 60 + 1320, 0]
    white = np.flatnonzero(row > 200)
    assert abs(len(white) - 1320 * 0.2) <= 12  # 20 mm of 100; the larger 50 would not fit
    assert not (figure_of(Pane(key="a", caption="", values=values))[60:1380, 60:1380] > 0).any()


def test_on_a_bright_picture_the_scale_bar_is_dark() -> None:
    values = np.full((100, 100, 3), 255, np.uint8)
    drawn = figure_of(Pane(key="a", caption="", values=values, mm=1.0))
    assert (drawn[60 + 1320 - 50, 60 : 60 + 1320, 0] < 50).sum() > 200


@pytest.mark.parametrize("paper", Paper)
def test_paper_and_ink(paper: Paper) -> None:
    pane = Pane(key="a", caption="Text", values=np.zeros((4, 4), np.float32))
    drawn = pixels(figure_image(plan_of(Figure(paper=paper), (pane,))))
    ground = (255, 255, 255) if paper is Paper.WHITE else (0, 0, 0)
    assert tuple(drawn[2, 2].tolist()) == ground
    assert tuple(drawn[-2, -2].tolist()) == ground


def test_odd_panes_are_drawn_too() -> None:
    odd = [
        Pane(key="n", caption="NaN", values=np.full((3, 3), np.nan, np.float32), numbers=True),
        Pane(key="1", caption="x" * 400, values=np.zeros((1, 1), np.float32), bar="a"),
        Pane(key="c", caption="", values=np.full((1, 9), np.nan, np.float32), curve=True),
        Pane(key="f", caption="", values=np.ones((1, 9), np.float32), curve=True, mark=3),
        Pane(key="w", caption="", values=np.zeros((1, 5000), np.float32), mm=1e-9),
        Pane(key="k", caption="", values=np.zeros((40, 40), np.float32), numbers=True),
    ]
    plan = plan_of(Figure(columns=8, width=30, settings="y " * 300), tuple(odd))
    assert figure_image(plan, 300).width() == 300
    assert b"<svg" in figure_svg(plan)
    assert figure_pdf(plan).startswith(b"%PDF")


def test_the_same_figure_gives_the_same_picture_and_no_time() -> None:
    pane = Pane(key="a", caption="Text", values=np.eye(4, dtype=np.float32), bar="x")
    plan = plan_of(Figure(), (pane,))
    assert figure_svg(plan) == figure_svg(plan)
    assert b"D:20" not in figure_pdf(plan)


def test_letters_go_on_after_z() -> None:
    assert [letter_of(number) for number in (0, 25, 26, 27, 52)] == ["a", "z", "aa", "ab", "ba"]
