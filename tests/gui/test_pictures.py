"""Pictures of panels: painted again at any size, of nobody, and said to be for research."""

from __future__ import annotations

import re
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from PySide6.QtCore import QPoint
from PySide6.QtGui import QContextMenuEvent, QGuiApplication, QImage
from PySide6.QtWidgets import (
    QApplication,
    QComboBox,
    QDockWidget,
    QFileDialog,
    QMenu,
    QSpinBox,
    QTabBar,
)
from tests.gui.conftest import SLICES, STUDY, Person, World
from tests.unit.fakes import PATIENT, FakeSeries, FakeStudy

from unetscope.domain.edits import ScaleFilter
from unetscope.ui.filter_files import as_png
from unetscope.ui.pictures.panel_dialog import PIXEL_BY_PIXEL, PanelPictureDialog
from unetscope.ui.pictures.panel_picture import LINE, RESEARCH, panel_image, panel_svg, stamp_of
from unetscope.ui.pictures.slice_picture import slice_image
from unetscope.ui.widgets.canvas_content import CanvasContent


def pixels(image: QImage) -> NDArray[np.uint8]:
    """Red, green, blue ``(rows, columns, 3)``."""
    plain = image.convertToFormat(QImage.Format.Format_RGB888)
    rows, columns = plain.height(), plain.width()
    held = np.frombuffer(plain.constBits(), np.uint8).reshape(rows, plain.bytesPerLine())
    return held[:, : 3 * columns].reshape(rows, columns, 3).copy()


def dialog_of(person: Person) -> PanelPictureDialog:
    person.window.run("file.save_panel")
    return person.find(PanelPictureDialog, "panel_picture")


def choose_path(monkeypatch: pytest.MonkeyPatch, path: Path, kind: str) -> None:
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), kind))


@pytest.mark.parametrize("times", [1, 3, 8])
def test_a_panel_is_painted_again_at_any_size(person: Person, times: int) -> None:
    panel = person.window.slice_panel
    image = panel_image(panel, times, RESEARCH)
    assert image.width() == panel.width() * times
    assert image.height() == (panel.height() + LINE) * times
    if times > 1:  # painted: a line of text is finer than blocks of so many pixels
        rows = pixels(image)[: panel.height() * times]
        blocks = rows[::times][: panel.height()].repeat(times, axis=0)
        assert (blocks != rows).any()


def test_the_line_below_says_what_is_in_force(person: Person) -> None:
    assert stamp_of(person.window) == "Unetscope, research use only"
    person.program.store.update(lambda s: s.edit(ScaleFilter("enc", filter=0, gain=0.0)))
    assert stamp_of(person.window) == "Edited model · 1 edit · Unetscope, research use only"


def test_every_panel_can_be_had_as_svg_and_names_nobody(person: Person) -> None:
    assert PATIENT.name.replace("^", " ") in " ".join(person.canvas.content.corners.top_left)
    dialog = dialog_of(person)
    panels = person.window.pictures.panels
    assert len(panels) >= 6
    for panel in panels:
        dialog.panel.setCurrentIndex(panels.index(panel))
        shown: list[bytes] = []
        dialog._save = lambda _, make, into=shown, **__: into.append(make())
        dialog._write(Path("panel.svg"))
        svg = shown[0].decode()
        assert "<svg" in svg
        assert "<text" in svg
        assert RESEARCH in svg
        for word in ("Doe", "Jane", PATIENT.identity, PATIENT.birth_date, "2026-01-02"):
            assert word not in svg, f"{word} in {panel.objectName()}"
    assert not person.session.identity_hidden


def test_a_png_says_that_it_is_for_research_and_nothing_else(person: Person) -> None:
    image = panel_image(person.window.slice_panel, 1, stamp_of(person.window))
    read = Image.open(BytesIO(as_png(image)))
    assert set(read.info) <= {"Description", "dpi"}
    assert read.info["Description"] == RESEARCH


def test_the_slice_is_there_pixel_by_pixel(person: Person) -> None:
    content = replace(person.canvas.content, overlay=None)
    for times in (1, 5):
        image = slice_image(content, times, RESEARCH, texts=False, edited=False)
        assert (image.height(), image.width()) == (8 * times, 8 * times)
        grey = np.repeat(np.repeat(person.picture(), times, axis=0), times, axis=1)
        assert np.array_equal(pixels(image), np.repeat(grey[..., None], 3, axis=2))


def test_the_mask_lies_over_the_very_pixels(person: Person) -> None:
    content = person.canvas.content
    image = pixels(slice_image(content, 4, RESEARCH, texts=False, edited=False))[2::4, 2::4]
    overlay, grey = person.mask().astype(float), person.picture().astype(float)
    share = overlay[..., 3:] / 255
    expected = grey[..., None] * (1 - share) + overlay[..., :3] * share
    assert np.abs(image - expected).max() <= 2  # Qt counts in whole numbers


def test_pixels_that_are_not_square_become_as_wide_as_they_are() -> None:
    grey = np.arange(12, dtype=np.uint8).reshape(3, 4)
    content = CanvasContent(grey=grey, spacing=(1.0, 2.5))
    image = slice_image(content, 2, RESEARCH, texts=False, edited=False)
    assert (image.width(), image.height()) == (20, 6)
    assert np.array_equal(pixels(image)[::2, ::5, 0], grey)


def test_outlines_are_drawn_around_the_pixels() -> None:
    labels = np.zeros((6, 6), np.uint8)
    labels[2:4, 2:4] = 1
    content = CanvasContent(
        grey=np.zeros((6, 6), np.uint8), outline=labels, outline_colours={1: (255, 0, 0)}
    )
    image = pixels(slice_image(content, 8, RESEARCH, texts=False, edited=False))
    red = image[..., 0] > 200
    assert red[16, 16:32].all()
    assert not red[20:28, 20:28].any()


def test_with_edits_even_the_plain_slice_says_so(person: Person) -> None:
    content = person.canvas.content
    plain = slice_image(content, 8, "Edited", texts=False, edited=True)
    assert plain.height() == 8 * 8 + LINE


def test_corner_texts_are_drawn_when_they_are_asked_for(person: Person) -> None:
    dialog = dialog_of(person)
    dialog.panel.setCurrentText(PIXEL_BY_PIXEL)
    dialog.times.setValue(8)
    without = dialog.image().height()
    assert dialog.texts.isVisible()
    dialog.texts.setChecked(True)
    assert dialog.image().height() == without + LINE
    dialog.panel.setCurrentIndex(0)
    assert not dialog.texts.isVisible()


def test_a_picture_is_written_where_it_is_wanted(
    person: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dialog_of(person)
    person.find(QComboBox, "panel_picture.panel").setCurrentText(PIXEL_BY_PIXEL)
    person.find(QSpinBox, "panel_picture.times").setValue(3)
    choose_path(monkeypatch, tmp_path / "Schädel", "PNG (*.png)")
    person.press("panel_picture.save")
    path = tmp_path / "Schädel.png"
    person.qtbot.waitUntil(path.exists)
    person.qtbot.waitUntil(lambda: "Saved" in person.status())
    assert Image.open(BytesIO(path.read_bytes())).size == (24, 24)
    assert person.window.findChild(PanelPictureDialog, "panel_picture") is None


def test_copying_puts_the_panel_used_last_on_the_clipboard(person: Person) -> None:
    gallery = person.filters
    person.focus(gallery)
    person.window.run("file.copy_panel")
    dock = person.find(QDockWidget, "filters")
    copied = QGuiApplication.clipboard().image()
    assert copied.width() == dock.widget().width() * 2
    assert person.status().startswith("Copied the picture of Filters")


@pytest.fixture
def no_popup(monkeypatch: pytest.MonkeyPatch) -> None:
    """Menus are made but not opened: offscreen they cannot have the keyboard."""
    monkeypatch.setattr(QMenu, "popup", lambda *_: None)


@pytest.mark.usefixtures("no_popup")
def test_a_right_click_on_a_tab_offers_the_picture_of_that_panel(person: Person) -> None:
    window = person.window
    bar = next(
        bar
        for bar in window.findChildren(QTabBar)
        if bar.isVisible() and "Diagram" in [bar.tabText(at) for at in range(bar.count())]
    )
    at = next(at for at in range(bar.count()) if bar.tabText(at) == "Diagram")
    where = bar.mapToGlobal(bar.tabRect(at).center())
    QApplication.sendEvent(
        window,
        QContextMenuEvent(QContextMenuEvent.Reason.Mouse, window.mapFromGlobal(where), where),
    )
    menu = person.find(QMenu, "panel_menu")
    assert [action.text() for action in menu.actions()] == [
        "Copy picture of this panel",
        "Save picture of a panel…",
    ]
    menu.actions()[0].trigger()
    assert person.status().startswith("Copied the picture of Diagram")
    menu.close()


@pytest.mark.usefixtures("no_popup")
def test_a_right_click_where_a_panel_has_no_menu_offers_its_picture(person: Person) -> None:
    dock = person.find(QDockWidget, "history")
    dock.raise_()
    person.qtbot.waitUntil(lambda: not dock.visibleRegion().isEmpty())
    here = QPoint(5, 5)
    event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, here, dock.mapToGlobal(here))
    QApplication.sendEvent(dock, event)
    menu = person.find(QMenu, "panel_menu")
    menu.actions()[1].trigger()
    dialog = person.find(PanelPictureDialog, "panel_picture")
    assert dialog.panel.currentText() == "History"
    menu.close()


def test_without_a_study_a_panel_is_a_picture_all_the_same(visitor: Person) -> None:
    dialog = dialog_of(visitor)
    assert dialog.panel.findText(PIXEL_BY_PIXEL) < 0
    assert dialog.image().width() == visitor.window.slice_panel.width() * 2


def test_a_slice_that_is_a_single_row_is_a_picture(visitor: Person, world: World) -> None:
    thin = np.arange(SLICES * 7, dtype=np.float32).reshape(SLICES, 1, 7)
    world.files.studies[STUDY] = FakeStudy((FakeSeries(volume=thin, spacing=(1.0, 0.0, 0.0)),))
    visitor.open(STUDY)
    visitor.qtbot.waitUntil(lambda: visitor.canvas.content.grey is not None)
    image = slice_image(visitor.canvas.content, 2, RESEARCH, texts=True, edited=False)
    assert (image.width(), image.height()) == (14, 2 + LINE)


def test_svg_is_drawn_and_not_a_photograph(person: Person) -> None:
    svg = panel_svg(person.find(QDockWidget, "kernel_editor"), RESEARCH).decode()
    assert len(re.findall("<text", svg)) > 10
