"""The filter lab in the window: list, pages, options, sending, dropping, from start to start."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QAction, QDragEnterEvent, QDropEvent, QGuiApplication
from PySide6.QtWidgets import (
    QApplication,
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QSpinBox,
    QTabWidget,
    QToolButton,
)
from pytestqt.qtbot import QtBot
from tests.gui.conftest import LEFT, NONE, Person, World
from tests.unit.fakes import FakeEngine, lab_maps_of

from unetscope.bootstrap import build
from unetscope.domain.errors import EngineError
from unetscope.domain.lab import Lab, LabKernel
from unetscope.ui import theme
from unetscope.ui.panels.filter_lab_panel import WIDE, FilterLabPanel
from unetscope.ui.widgets.kernel_grid import KernelGrid
from unetscope.ui.widgets.map_view import MapView


@pytest.fixture
def lab(person: Person, qtbot: QtBot) -> FilterLabPanel:
    """The panel in front, study and model open."""
    panel = person.window.filter_lab_panel
    person.choose("network.filter_lab")
    qtbot.waitUntil(lambda: len(person.world.engine.labs) > 0)
    return panel


def kernel(person: Person, index: int = 0) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return person.session.lab.kernels[index].values


def widen(person: Person, panel: FilterLabPanel, qtbot: QtBot) -> None:
    """Give the lab the whole bottom of a large window."""
    person.window.resize(1700, 1000)
    person.window.kernel_panel.hide()
    qtbot.waitUntil(lambda: panel.pages.indexOf(panel.list) < 0)


def drop(panel: FilterLabPanel, data: QMimeData) -> None:
    """Drop something on the panel, which takes it."""
    copy, middle = Qt.DropAction.CopyAction, panel.rect().center()
    enter = QDragEnterEvent(middle, copy, data, LEFT, NONE)
    enter.setAccepted(False)
    QApplication.sendEvent(panel, enter)
    assert enter.isAccepted()
    QApplication.sendEvent(panel, QDropEvent(QPointF(middle), copy, data, LEFT, NONE))


def tab(panel: FilterLabPanel, name: str) -> None:
    texts = [panel.pages.tabText(i) for i in range(panel.pages.count())]
    panel.pages.setCurrentIndex(texts.index(name))


def test_the_lab_stands_behind_the_filters_and_asks_nothing_until_it_is_seen(
    person: Person, qtbot: QtBot
) -> None:
    assert person.world.engine.labs == []
    person.choose("network.filter_lab")
    qtbot.waitUntil(lambda: len(person.world.engine.labs) == 1)
    with qtbot.waitSignal(person.window.filter_lab_panel.visibilityChanged):
        person.window.filters_panel.raise_()
    person.choose("go.next_slice")
    person.wait()
    assert len(person.world.engine.labs) == 1


def test_each_row_shows_a_kernel_and_its_map(person: Person, lab: FilterLabPanel) -> None:
    asked = person.world.engine.labs[-1].request
    assert len(lab.list.rows) == 4
    for i, wanted in enumerate(lab_maps_of(asked).maps):
        shown = person.find(MapView, f"filter_lab.map.{i}").content.values
        assert shown is not None
        assert np.array_equal(shown, wanted)
        assert "4×4" in person.find(QLabel, f"filter_lab.name.{i}").text()


def test_a_number_is_typed_dragged_and_taken_back(
    person: Person, lab: FilterLabPanel, qtbot: QtBot
) -> None:
    grid = person.find(KernelGrid, "filter_lab.grid.0")
    person.focus(grid)
    qtbot.keyClicks(grid, "5")
    qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Return)
    assert kernel(person)[0, 0] == 5
    start = grid.cell_rect(1, 1).center()
    person.drag(grid, [start, start - QPoint(0, 30), start - QPoint(0, 50)])
    assert kernel(person)[1, 1] > 0
    assert not person.window.presenters.pace.held
    assert np.array_equal(person.world.engine.labs[-1].request.kernels[0], kernel(person))
    widen(person, lab, qtbot)
    undo = person.find(QToolButton, "filter_lab.undo")
    person.click(undo)
    assert (kernel(person)[1, 1], kernel(person)[0, 0]) == (-1, 5)
    person.click(undo)
    assert kernel(person)[0, 0] == -1
    assert not undo.isEnabled()
    assert person.session.edits == ()


def test_the_options_of_the_layer_reach_the_engine(
    person: Person, lab: FilterLabPanel, qtbot: QtBot
) -> None:
    person.find(QSpinBox, "filter_lab.stride").setValue(3)
    person.pick_in(person.find(QComboBox, "filter_lab.padding"), "same")
    qtbot.keyClick(person.find(QComboBox, "filter_lab.padding"), Qt.Key.Key_Return)
    person.find(QCheckBox, "filter_lab.relu").click()
    person.find(QCheckBox, "filter_lab.flip").click()
    person.find(QDoubleSpinBox, "filter_lab.bias").setValue(-1.5)
    request = person.world.engine.labs[-1].request
    layer = request.layer
    assert (layer.stride, layer.same, layer.relu, layer.bias) == (3, True, True, -1.5)
    assert request.kernels[0][0, 0] == 1  # turned
    person.pick_in(person.find(QComboBox, "filter_lab.source"), "input")
    assert person.program.live.fed is not None
    assert person.world.engine.labs[-1].request.image is person.program.live.fed.image


def test_narrow_the_list_is_a_page_and_wide_it_stands_beside_them(
    person: Person, lab: FilterLabPanel, qtbot: QtBot
) -> None:
    pages = person.find(QTabWidget, "filter_lab.pages")
    assert [pages.tabText(i) for i in range(pages.count())] == [
        "Kernels",
        "Map",
        "set_weights",
        "Notes",
    ]
    widen(person, lab, qtbot)
    assert pages.count() == 3
    assert lab.list.isVisible()
    person.window.kernel_panel.show()
    person.window.resize(1200, 800)
    qtbot.waitUntil(lambda: pages.indexOf(lab.list) == 0)
    assert lab.list.isVisible()


def test_a_click_on_a_small_map_shows_it_large_with_its_numbers(
    person: Person, lab: FilterLabPanel, qtbot: QtBot
) -> None:
    small = person.find(MapView, "filter_lab.map.1")
    person.click(small, small.map_rect().center().toPoint())
    assert person.session.lab.selected == 1
    large = person.find(MapView, "filter_lab.map")
    qtbot.waitUntil(large.isVisible)
    values = large.content.values
    assert values is not None
    assert values.shape == (8, 8)
    large.hovered.emit(2, 3, float(values[2, 3]))
    assert f"(2, 3): {values[2, 3]:.5g}" in person.find(QLabel, "filter_lab.foot").text()


def test_name_and_size_can_be_chosen_and_an_even_kernel_centred(
    person: Person, lab: FilterLabPanel
) -> None:
    tab(lab, "Map")
    person.find(QSpinBox, "filter_lab.rows").setValue(3)
    person.find(QSpinBox, "filter_lab.columns").setValue(6)
    assert kernel(person).shape == (3, 6)
    person.press("filter_lab.centre")
    assert kernel(person).shape == (3, 7)
    assert not person.find(QPushButton, "filter_lab.centre").isEnabled()
    name = person.find(QLineEdit, "filter_lab.kernel_name")
    name.setText("mine")
    name.editingFinished.emit()
    assert person.session.lab.kernels[0].name == "mine"


def test_the_page_about_set_weights_follows_the_numbers_and_the_question(
    person: Person, lab: FilterLabPanel
) -> None:
    tab(lab, "set_weights")
    code = person.find(QPlainTextEdit, "filter_lab.code")
    assert "[-1, -1,  1,  1]" in code.toPlainText()
    assert "kernel.reshape(4, 4, 1, 1), np.array([0.0])" in code.toPlainText()
    answer = person.find(QLabel, "filter_lab.answer")
    assert "no (4, 4)" in answer.text()
    person.find(QSpinBox, "filter_lab.channels").setValue(3)
    person.find(QSpinBox, "filter_lab.filters").setValue(8)
    assert "(4, 4, 3, 8)" in answer.text()
    person.press("filter_lab.copy_script")
    script = QGuiApplication.clipboard().text()
    compile(script, "script", "exec")
    assert "np.load" in script


def test_the_notes_are_about_the_selected_kernel(
    person: Person, lab: FilterLabPanel, qtbot: QtBot
) -> None:
    widen(person, lab, qtbot)
    tab(lab, "Notes")
    person.pick_in(person.find(QComboBox, "filter_lab.padding"), "same")
    lab._presenter.view_changed.emit(lab._presenter.view)
    texts = " ".join(label.text() for label in lab.notes_page.findChildren(QLabel))
    assert "0.5 px (0.25 mm) down" in texts
    assert "Convolution or correlation?" in texts


def test_page_keys_go_through_the_list(person: Person, lab: FilterLabPanel) -> None:
    person.key(Qt.Key.Key_PageDown, lab.list)
    person.key(Qt.Key.Key_PageDown, lab.list)
    assert person.session.lab.selected == 2
    person.key(Qt.Key.Key_PageUp, lab.list)
    assert person.session.lab.selected == 1


def test_the_editor_s_kernel_is_tried_and_sent_back_by_commands(
    person: Person, lab: FilterLabPanel
) -> None:
    before = person.values()
    person.choose("network.try_in_lab")
    assert np.array_equal(kernel(person, 4), before)
    person.program.store.update(lambda s: s.use_lab(s.lab.select(0)))
    person.choose("network.send_from_lab")
    assert person.steps == ["Edge, bright right on enc · filter 0 · input 0"]
    assert not np.array_equal(person.values(), before)
    assert "stretched to 3×3" in person.status() + person.frame.hint
    person.choose("edit.undo")
    assert np.array_equal(person.values(), before)


def test_the_send_menu_names_the_places_there_are(person: Person, lab: FilterLabPanel) -> None:
    lab.send_menu.fill()
    texts = [action.text() for action in lab.send_menu.actions()]
    assert texts[0] == "Kernel shown: enc · filter 0 · input 0"
    (mid,) = lab.send_menu.findChildren(QAction, "filter_lab.send.layer.mid")
    mid.trigger()
    assert person.session.layer == "mid"
    assert person.steps == ["Edge, bright right on mid · filter 0"]


def test_rows_of_numbers_are_dropped_from_elsewhere(
    person: Person, lab: FilterLabPanel, qtbot: QtBot
) -> None:
    data = QMimeData()
    data.setText("1\t2\t3\n4\t5\t6")
    drop(lab, data)
    assert kernel(person, 4).tolist() == [[1, 2, 3], [4, 5, 6]]
    qtbot.waitUntil(lambda: not lab.list.rows[4].visibleRegion().isEmpty())


def test_a_file_of_kernels_is_dropped(
    person: Person, lab: FilterLabPanel, qtbot: QtBot, tmp_path: Path
) -> None:
    np.save(tmp_path / "two.npy", np.ones((2, 3, 3), np.float32))
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(tmp_path / "two.npy"))])
    drop(lab, data)
    qtbot.waitUntil(lambda: len(person.session.lab.kernels) == 6)
    assert person.session.lab.kernels[5].name == "two 1"


def test_trouble_is_told_in_the_panel_and_an_empty_list_says_what_to_do(
    visitor: Person, qtbot: QtBot
) -> None:
    visitor.world.engine.at_once = False
    visitor.choose("network.filter_lab")
    qtbot.waitUntil(lambda: len(visitor.world.engine.labs) == 1)
    caption = visitor.find(QLabel, "filter_lab.caption")
    assert "Waiting for the engine to run over a made-up picture" in caption.text()
    visitor.world.engine.labs[-1].failed(EngineError("The engine is gone.", "Try again."))
    problem = visitor.find(QLabel, "filter_lab.problem")
    assert problem.isVisible()
    assert "gone" in problem.text()
    visitor.program.store.update(lambda s: s.use_lab(Lab()))
    assert "empty" in visitor.find(QLabel, "filter_lab.empty").text()
    assert not visitor.find(QPushButton, "filter_lab.send").isEnabled()


def test_both_themes_and_the_largest_kernel_can_be_drawn(
    person: Person, lab: FilterLabPanel, qtbot: QtBot
) -> None:
    largest = LabKernel.of("large", np.random.default_rng(0).standard_normal((31, 31)))
    person.program.store.update(lambda s: s.use_lab(s.lab.add(largest)))
    widen(person, lab, qtbot)
    pictures = []
    for scheme in (theme.LIGHT, theme.DARK):
        person.window.apply_theme(scheme)
        for name in ("Map", "set_weights", "Notes"):
            tab(lab, name)
            pictures.append(lab.grab().toImage())
    assert all(picture.width() >= WIDE for picture in pictures)
    assert pictures[0] != pictures[3]


def test_the_lab_is_there_again_at_the_next_start(
    person: Person, lab: FilterLabPanel, world: World, qtbot: QtBot
) -> None:
    person.window.presenters.filter_lab.take_text("1 2\n3 4")
    person.find(QCheckBox, "filter_lab.relu").click()
    kept = person.session.lab
    person.window.close()
    program = build(settings=world.settings, engine=FakeEngine(at_once=True), files=world.files)
    qtbot.addWidget(program.window)
    again = program.store.session.lab
    assert (again.kernels, again.layer, again.selected) == (kept.kernels, kept.layer, 4)
    program.window.close()
    program.stop()
