"""Explaining in the window: the target on the slice, the panel, the heat and its legend."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, QSize, Qt
from PySide6.QtGui import QAction, QImage, QRegion
from PySide6.QtWidgets import (
    QApplication,
    QCheckBox,
    QComboBox,
    QFileDialog,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QSlider,
    QToolButton,
    QWidget,
)
from tests.gui.conftest import MODEL, STUDY, Person
from tests.unit.attribution_room import VERDICT, attribution_of
from tests.unit.fakes import FakeSeries, FakeStudy, InBackground, layer, network_of

from unetscope.domain.errors import ModelError
from unetscope.domain.explaining.attribution import AttributionQuestion
from unetscope.domain.explaining.choice import Method, Overlay
from unetscope.domain.explaining.honesty import Honesty
from unetscope.domain.explaining.target import TargetKind
from unetscope.domain.figure import Palette
from unetscope.domain.viewer import Tool
from unetscope.ui import theme
from unetscope.ui.heat_overlay import HeatOverlay
from unetscope.ui.pictures.figure_dialog import FigureDialog
from unetscope.ui.pictures.heat_pane import heat_pane
from unetscope.ui.target_overlay import TargetOverlay
from unetscope.ui.widgets.canvas_painting import legend_areas
from unetscope.ui.widgets.cascade_bars import CascadeBars
from unetscope.ui.widgets.heat_pair import HeatPair

KEYS, SHIFT = Qt.Key, Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def reader(person: Person) -> Person:
    """A person with the Explain layout; nothing is answered yet."""
    person.choose("view.layout_explain")
    person.window.places.reveal("attribution")
    person.qtbot.waitUntil(lambda: bool(questions(person)))
    return person


def questions(person: Person) -> list[InBackground[Any, Any]]:
    return [
        each
        for each in person.world.engine.explained
        if isinstance(each.request, AttributionQuestion)
    ]


def latest(person: Person) -> AttributionQuestion:
    question = questions(person)[-1].request
    assert isinstance(question, AttributionQuestion)
    return question


def answer(person: Person, **parts: Any) -> None:
    questions(person)[-1].done(attribution_of(latest(person), **parts))


def at(person: Person, row: float, column: float) -> QPoint:
    """Where a point of the picture is on the canvas."""
    view = person.canvas.view
    assert view is not None
    x, y = view.to_screen(row, column)
    return QPoint(round(x), round(y))


def heat(person: Person) -> HeatOverlay:
    return person.find(HeatOverlay, "heat_overlay")


def target(person: Person) -> TargetOverlay:
    return person.find(TargetOverlay, "target_overlay")


def pictures(person: Person) -> HeatPair:
    return person.find(HeatPair, "attribution.pictures")


def text(person: Person, name: str) -> str:
    return person.find(QLabel, f"attribution.{name}").text()


def region(person: Person) -> list[list[int]]:
    """The pixels that were asked about last."""
    return np.argwhere(latest(person).target.region).tolist()


def grabbed(person: Person) -> QImage:
    glass = heat(person)
    picture = QImage(glass.size(), QImage.Format.Format_ARGB32)
    picture.fill(Qt.GlobalColor.transparent)
    glass.render(picture, QPoint(), QRegion(), QWidget.RenderFlag(0))
    return picture


# ------------------------------------------------------------------------ target


def test_a_drawn_region_is_asked_about_pixel_by_pixel(reader: Person) -> None:
    reader.key(KEYS.Key_D, modifiers=SHIFT)
    assert reader.session.viewer.tool is Tool.REGION
    assert reader.canvas.cursor().shape() == Qt.CursorShape.CrossCursor
    corners = [(1.0, 2.0), (1.0, 5.0), (4.0, 5.0), (4.0, 2.0), (1.1, 2.0)]
    reader.drag(reader.canvas, [at(reader, *corner) for corner in corners])
    assert region(reader) == [[r, c] for r in (1, 2, 3) for c in (2, 3, 4)]
    assert reader.session.explaining.target.kind is TargetKind.REGION
    assert reader.session.explaining.overlay is Overlay.ATTRIBUTION
    assert reader.session.window is None  # the drag was not for the window
    drawn = target(reader)
    assert drawn.isVisible()
    assert drawn.view.pixels is not None
    assert drawn.view.pixels.sum() == 9
    assert "region" in text(reader, "target")
    reader.wheel(reader.canvas, at(reader, 4, 4), -1)
    reader.wait()
    assert "was drawn on slice 16" in text(reader, "target")
    assert not drawn.isVisible()
    reader.key(KEYS.Key_Escape)
    assert reader.session.viewer.tool is None


def test_with_shift_a_rectangle_is_drawn_and_what_is_tiny_was_not_meant(reader: Person) -> None:
    reader.choose("explain.region")
    ends = [at(reader, 1.0, 1.0), at(reader, 2.0, 2.0), at(reader, 3.0, 6.0)]
    reader.drag(reader.canvas, ends, SHIFT)
    assert region(reader) == [[r, c] for r in (1, 2) for c in range(1, 6)]
    asked = len(questions(reader))
    middle = at(reader, 5.0, 5.0)
    reader.drag(reader.canvas, [middle, middle + QPoint(1, 1), middle + QPoint(2, 0)])
    assert len(questions(reader)) == asked
    assert not reader.canvas.content.shapes  # no measurement was made


def test_a_click_with_the_point_tool_asks_about_that_pixel(reader: Person) -> None:
    button = reader.find(QToolButton, "attribution.point")
    reader.click(button)
    assert button.isChecked()
    reader.click(reader.canvas, at(reader, 2.5, 6.5))
    assert region(reader) == [[2, 6]]
    assert target(reader).view.mark == (2.5, 6.5)
    reader.choose("slice.rotate_right")
    assert target(reader).view.mark == (6.5, 5.5)
    reader.click(reader.canvas, at(reader, 6.5, 4.5))
    assert region(reader) == [[3, 6]]
    assert target(reader).isVisible()
    reader.click(reader.canvas, QPoint(1, 1))  # beside the slice
    assert region(reader) == [[3, 6]]
    content, view = reader.canvas.content, reader.canvas.view
    assert view is not None
    line, area = legend_areas(content, view, reader.canvas.font())[0]
    assert not view.contains(*view.to_image(area.left() + 2.0, area.center().y()))
    reader.click(reader.canvas, QPointF(area.left() + 2.0, area.center().y()).toPoint())
    assert reader.session.hidden_labels == {line.label}  # an eye stays one


def test_the_context_menu_explains_the_pixel_under_the_mouse(reader: Person) -> None:
    reader.qtbot.mouseMove(reader.canvas, at(reader, 4.5, 1.5))
    entries = {one.objectName(): one for one in reader.window.menus.slice_menu.actions()}
    entries["explain.pixel"].trigger()
    assert region(reader) == [[4, 1]]
    assert reader.session.viewer.tool is None


def test_class_and_kind_are_chosen_in_the_panel(reader: Person) -> None:
    kind, label = (reader.find(QComboBox, f"attribution.{name}") for name in ("kind", "class"))
    reader.pick_in(label, "CSF")
    label.activated.emit(label.currentIndex())
    assert latest(reader).target.channel == 1
    kind.setCurrentText("False negatives")
    kind.activated.emit(kind.currentIndex())
    assert "need a reference" in text(reader, "target")
    assert "need a reference" in pictures(reader).message
    assert not reader.find(QPushButton, "attribution.start").isEnabled()
    assert questions(reader)[-1].request.target.channel == 1


# ------------------------------------------------------------------------- panel


def test_the_heat_lies_over_the_slice_with_legend_and_value(reader: Person) -> None:
    answer(reader)
    assert not heat(reader).isVisible()
    assert len(pictures(reader).pictures) == 1
    reader.press("attribution.start")
    assert heat(reader).isVisible()
    assert reader.find(QCheckBox, "attribution.on_slice").isChecked()
    assert reader.canvas.content.outline is not None  # the mask makes room
    spots = latest(reader).target.region
    on, off = (tuple(np.argwhere(spots == it)[0]) for it in (True, False))
    picture = grabbed(reader)
    colours = [picture.pixelColor(at(reader, row + 0.5, column + 0.5)) for row, column in (on, off)]
    assert colours[0].alpha() > 100
    assert colours[1].alpha() == 0  # below the threshold
    reader.qtbot.mouseMove(reader.canvas, at(reader, on[0] + 0.5, on[1] + 0.5))
    assert heat(reader).view.at_cursor == "at cursor 4 logit"
    reader.find(QSlider, "attribution.opacity").setValue(10)
    assert 0 < grabbed(reader).pixelColor(at(reader, on[0] + 0.5, on[1] + 0.5)).alpha() < 40
    reader.choose("map.overlay")
    assert not heat(reader).isVisible()
    assert not reader.window.action_of("explain.overlay").isChecked()


def test_the_honesty_switch_shows_twin_verdict_and_cascade(reader: Person) -> None:
    answer(reader)
    reader.find(QCheckBox, "attribution.honest").click()
    assert latest(reader).randomised
    assert "Comparing" in text(reader, "verdict")
    answer(reader)
    verdict = reader.find(QLabel, "attribution.verdict")
    assert verdict.text() == VERDICT
    assert verdict.property("role") == ""
    bars = reader.find(CascadeBars, "attribution.cascade")
    assert bars.isVisible()
    assert "enc and all after it random" in bars.said(bars.width() - 4.0)
    twin = pictures(reader).picture_rect(1).center().toPoint()
    reader.click(pictures(reader), twin)
    assert reader.session.explaining.overlay is Overlay.RANDOMISED
    assert pictures(reader).pictures[1].framed
    assert heat(reader).view.title.startswith("twin")


def test_a_map_that_does_not_depend_on_the_weights_is_called_out(reader: Person) -> None:
    reader.choose("explain.honesty")
    false = Honesty(
        rank_correlation=0.97,
        ssim=0.9,
        cascade=(("mask", 0.99, float("nan")), ("enc", 0.97, 0.9)),
        verdict="This map does not depend on the weights.",
        depends_on_weights=False,
    )
    answer(reader, honesty=false)
    verdict = reader.find(QLabel, "attribution.verdict")
    assert verdict.isVisible()
    assert verdict.property("role") == "warning"
    warning = QApplication.instance() and theme.colour("warning").name()
    assert verdict.palette().color(verdict.foregroundRole()).name() == warning
    assert reader.find(CascadeBars, "attribution.cascade").grab().toImage().width() > 50


def test_a_slow_method_is_started_told_of_and_stopped(reader: Person) -> None:
    answer(reader)
    method = reader.find(QComboBox, "attribution.method")
    method.setCurrentText(Method.OCCLUSION.value)
    method.activated.emit(method.currentIndex())
    assert pictures(reader).message.startswith("Press Explain")
    reader.press("attribution.start")
    questions(reader)[-1].progress(2, 8, attribution_of(latest(reader)))
    assert "Occlusion of" in reader.frame.busy
    assert reader.find(QPushButton, "attribution.start").text() == "Stop"
    reader.press("attribution.start")
    assert questions(reader)[-1].cancelled
    assert reader.frame.busy == ""
    assert "Stopped" in text(reader, "facts")


def test_the_command_shows_the_panel_and_explains(person: Person) -> None:
    panel = person.window.explain.attribution
    assert not panel.isVisible()
    person.choose("explain.attribution")
    person.qtbot.waitUntil(panel.isVisible)
    assert len(questions(person)) == 1
    assert person.session.explaining.overlay is Overlay.ATTRIBUTION
    questions(person)[-1].failed(ModelError("It cannot be traced back.", "Choose another layer."))
    assert "cannot be traced back" in pictures(person).message


def test_values_and_numbers_leave_the_program(
    reader: Person, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    answer(reader)
    path = tmp_path / "map.npy"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), ""))
    panel = reader.window.explain.attribution
    for name in ("save", "copy"):
        action = panel.findChild(QAction, f"attribution.{name}")
        assert action is not None
        action.trigger()
    reader.qtbot.waitUntil(lambda: path in reader.world.files.arrays)
    assert "Brain" in QApplication.clipboard().text() or "CSF" in QApplication.clipboard().text()


def test_what_lies_over_the_slice_can_be_in_a_figure(reader: Person) -> None:
    below = reader.program.presenters.slice_view
    assert heat_pane(heat(reader).view, below.view) is None
    reader.choose("explain.overlay")
    answer(reader)
    pane = heat_pane(heat(reader).view, below.view)
    assert pane is not None
    drawn = heat(reader).view.heat
    assert drawn is not None
    assert np.array_equal(pane.values, drawn)
    assert (pane.limits, pane.palette, pane.bar) == ((0.0, 4.0), Palette.VIRIDIS, "logit")
    assert pane.mm == 0.5
    reader.window.pictures.ask_figure()
    dialog = reader.window.findChild(FigureDialog)
    assert isinstance(dialog, FigureDialog)
    shown = [box.text() for box in dialog.findChildren(QCheckBox)]
    shown += [item.text() for box in dialog.findChildren(QListWidget) for item in _items(box)]
    assert pane.caption in shown
    dialog.reject()


def _items(box: QListWidget) -> list[QListWidgetItem]:
    return [box.item(row) for row in range(box.count())]


# ------------------------------------------------------------------------- empty


def test_with_nothing_open_it_says_what_to_do(visitor: Person) -> None:
    visitor.window.places.reveal("attribution")
    visitor.qtbot.waitUntil(lambda: bool(pictures(visitor).message))
    assert "Open a model" in pictures(visitor).message
    visitor.open(MODEL)
    visitor.qtbot.waitUntil(lambda: "Open a study" in pictures(visitor).message)
    assert not visitor.window.action_of("explain.point").isEnabled()


def test_a_network_that_segments_nothing_is_told_of(visitor: Person) -> None:
    dense = network_of(
        layer("image", "InputLayer", output=(None, 8, 8, 1)),
        layer("flat", "Flatten", ["image"], output=(None, 64)),
        layer("out", "Dense", ["flat"], output=(None, 2), kernel=(64, 2), bias=2),
    )
    visitor.world.files.networks[MODEL] = dense
    visitor.window.places.reveal("attribution")
    visitor.open_both()
    visitor.qtbot.waitUntil(lambda: "no segmentation" in pictures(visitor).message)


def test_slices_that_are_not_square_and_side_by_side_are_drawn_without_trouble(
    visitor: Person,
) -> None:
    tall = FakeSeries(
        volume=np.arange(4 * 60, dtype=np.float32).reshape(4, 10, 6), spacing=(2.0, 1.0, 0.5)
    )
    visitor.world.files.studies[STUDY] = FakeStudy((tall,))
    visitor.open_both()
    visitor.choose("explain.attribution")
    visitor.qtbot.waitUntil(lambda: bool(questions(visitor)))
    answer(visitor)
    shown = heat(visitor).view.heat
    assert shown is not None
    assert shown.shape == (10, 6)
    assert np.isnan(shown[0]).all()  # the network sees 8 of the 10 rows
    for way in ("compare.side_by_side", "compare.swipe", "compare.delta"):
        visitor.choose(way)
        assert heat(visitor).size() == visitor.canvas.size()
        assert not heat(visitor).grab().toImage().isNull()
    pair = pictures(visitor)
    pair.resize(QSize(300, 200))
    area = pair.picture_rect(0)
    assert area.height() / area.width() == pytest.approx(10 * 1.0 / (6 * 0.5), rel=0.02)
