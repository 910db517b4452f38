"""The frame of the window: opening, commands, status line, layout, theme, dialogs."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from threading import Event

import pytest
from PySide6.QtCore import QLocale, QObject, QPoint, QRect, QSettings, Qt, QUrl, Signal
from PySide6.QtGui import QAction, QImage, QKeySequence
from PySide6.QtWidgets import (
    QApplication,
    QDialog,
    QDockWidget,
    QDoubleSpinBox,
    QFileDialog,
    QLabel,
    QLineEdit,
    QMenu,
    QMessageBox,
    QProgressBar,
    QPushButton,
    QTextBrowser,
    QToolBar,
    QToolButton,
    QTreeWidget,
)
from pytestqt.qtbot import QtBot
from tests.gui.conftest import MODEL, STUDY, Person, World
from tests.unit.fakes import FakeEngine, FakeFiles, FakeSeries, FakeStudy, unet

from unetscope.bootstrap import build
from unetscope.domain.errors import EngineError
from unetscope.domain.ports import EngineState, EngineStatus
from unetscope.domain.study import Skipped
from unetscope.ui import dialogs, icons, theme
from unetscope.ui.actions import COMMANDS, TOOLBAR
from unetscope.ui.errand import Errand, Plan
from unetscope.ui.labels_menu import LabelsMenu
from unetscope.ui.report_dialog import ReportDialog

DOCKS = ("studies", "layers", "filters", "kernel_editor", "feature_maps", "feature_map")


def docks(person: Person) -> dict[str, QDockWidget]:
    return {name: person.find(QDockWidget, name) for name in DOCKS}


# ------------------------------------------------------------------------ start


def test_the_window_opens_with_every_panel_and_a_welcome(visitor: Person) -> None:
    assert all(dock.isVisible() for dock in docks(visitor).values())
    assert visitor.window.slice_panel.welcome.isVisible()
    assert not visitor.slider.isVisible()
    assert visitor.window.windowTitle() == "Unetscope"
    assert not visitor.window.banner.isVisible()


def test_tensorflow_is_not_needed_for_the_window() -> None:
    script = (
        "import sys, unetscope.bootstrap, tests.gui.conftest;"
        "sys.exit(any(name in sys.modules for name in ('tensorflow', 'keras')))"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=Path(__file__).parents[2])
    assert done.returncode == 0


@pytest.mark.parametrize("key", ["file.open_study", "file.open_model"])
def test_a_button_of_the_welcome_page_asks_for_a_file(
    visitor: Person, monkeypatch: pytest.MonkeyPatch, key: str, qtbot: QtBot
) -> None:
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(STUDY))
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(MODEL), ""))
    visitor.press(f"welcome.{key}")
    if key == "file.open_study":
        qtbot.waitUntil(lambda: visitor.canvas.content.grey is not None)
        assert not visitor.window.slice_panel.welcome.isVisible()
    else:
        qtbot.waitUntil(lambda: visitor.session.network is not None)


def test_the_first_button_of_the_welcome_page_opens_the_sample(
    visitor: Person, qtbot: QtBot
) -> None:
    paths = visitor.window.opening.paths
    visitor.world.files.studies[paths.sample_study] = FakeStudy()
    visitor.world.files.networks[paths.sample_model] = unet()
    visitor.press("welcome.file.open_sample")
    visitor.wait()
    assert not visitor.window.slice_panel.welcome.isVisible()


# ---------------------------------------------------------------------- opening


def test_study_and_model_open_by_command(visitor: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(STUDY))
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(MODEL), ""))
    visitor.choose("file.open_study")
    visitor.choose("file.open_model")
    visitor.wait()
    assert visitor.mask().shape == (8, 8, 4)
    assert visitor.window.windowTitle() == "T1 axial — net0.keras — Unetscope"


def test_a_file_opens_as_a_study_by_command(
    visitor: Person, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot
) -> None:
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(STUDY), ""))
    visitor.choose("file.open_study_file")
    qtbot.waitUntil(lambda: visitor.session.series is not None)


@pytest.mark.parametrize("command", ["file.open_study", "file.open_study_file", "file.open_model"])
def test_leaving_the_file_dialog_opens_nothing(
    visitor: Person, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: "")
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: ("", ""))
    visitor.choose(command)
    assert not visitor.frame.busy
    assert visitor.session.network is None
    assert visitor.session.series is None


def test_study_and_model_dropped_together_open_both(visitor: Person) -> None:
    urls = [QUrl.fromLocalFile(str(path)) for path in (STUDY, MODEL)]
    assert visitor.drop(*urls)
    visitor.wait()
    assert visitor.session.series is not None
    assert visitor.session.network is not None


def test_a_link_to_a_web_page_cannot_be_dropped(visitor: Person) -> None:
    assert not visitor.drop(QUrl("https://example.org/model.keras"))
    assert visitor.status() == "Ready"


def recent_menu(person: Person) -> QMenu:
    menus = person.window.menuBar().findChildren(QMenu) + person.window.findChildren(QMenu)
    return next(menu for menu in menus if menu.title() == "Recent")


def test_what_was_opened_stands_in_the_recent_menu_and_opens_from_it(
    person: Person, qtbot: QtBot
) -> None:
    person.world.settings.setValue("recent_names", "true")
    other = Path("/studies/knee")
    person.world.files.studies[other] = FakeStudy((FakeSeries("9", description="Knee"),))
    person.open(other)
    qtbot.waitUntil(lambda: "Knee" in person.window.windowTitle())

    menu = recent_menu(person)
    menu.aboutToShow.emit()
    assert [a.text() for a in menu.actions() if a.text()] == [
        "knee",
        "head",
        "tiny.keras",
        "Clear recent files",
    ]
    next(a for a in menu.actions() if a.text() == "head").trigger()
    qtbot.waitUntil(lambda: "T1 axial" in person.window.windowTitle())
    menu.aboutToShow.emit()
    assert menu.actions()[0].text() == "head"


def test_the_recent_menu_can_be_cleared(person: Person) -> None:
    menu = recent_menu(person)
    menu.aboutToShow.emit()
    menu.actions()[-1].trigger()
    menu.aboutToShow.emit()
    assert [a.text() for a in menu.actions() if a.text()] == ["Clear recent files"]
    assert not menu.actions()[-1].isEnabled()


class SlowFiles(FakeFiles):
    """Files whose studies are read only when they are let."""

    def __init__(self) -> None:
        super().__init__()
        self.let = Event()
        self.saw_cancel = Event()

    def open_study(
        self,
        path: Path,
        progress: Callable[[int, int], None],
        cancelled: Callable[[], bool],
        so_far: Callable[[FakeStudy], None],
    ) -> FakeStudy:
        progress(3, 12)
        while not self.let.wait(0.01):
            if cancelled():
                self.saw_cancel.set()
                break
        return super().open_study(path, progress, cancelled, so_far)


class TestWhileAStudyIsRead:
    @pytest.fixture
    def world(self, world: World) -> World:
        slow = SlowFiles()
        slow.studies, slow.networks, slow.cards = (
            world.files.studies,
            world.files.networks,
            world.files.cards,
        )
        return World(world.settings, world.engine, slow)

    def test_progress_and_cancel_appear_and_vanish(self, visitor: Person, qtbot: QtBot) -> None:
        progress = visitor.find(QProgressBar, "status.progress")
        cancel = visitor.find(QPushButton, "status.cancel")
        assert not progress.isVisible()
        visitor.open(STUDY)
        assert progress.isVisible()
        assert cancel.isVisible()
        qtbot.waitUntil(lambda: visitor.status() == "Reading 3 of 12 files")
        assert progress.value() == progress.maximum() // 4
        assert isinstance(visitor.world.files, SlowFiles)
        visitor.world.files.let.set()
        qtbot.waitUntil(lambda: not progress.isVisible())
        assert not cancel.isVisible()
        assert visitor.session.series is not None

    def test_cancel_stops_reading_and_keeps_what_is_open(
        self, visitor: Person, qtbot: QtBot
    ) -> None:
        files = visitor.world.files
        assert isinstance(files, SlowFiles)
        visitor.open(STUDY)
        qtbot.waitUntil(lambda: visitor.status() == "Reading 3 of 12 files")
        visitor.press("status.cancel")
        qtbot.waitUntil(files.saw_cancel.is_set)
        assert not visitor.find(QProgressBar, "status.progress").isVisible()
        assert visitor.status() == "Cancelled; what was open stays open."
        assert visitor.session.series is None


@pytest.mark.parametrize("path", [Path("/studies/missing"), Path("/models/cut.keras")], ids=str)
def test_what_cannot_be_opened_is_told_in_a_sentence_and_nothing_is_lost(
    person: Person, qtbot: QtBot, path: Path
) -> None:
    before = person.session
    person.open(path)
    qtbot.waitUntil(lambda: person.frame.trouble and not person.frame.busy)
    assert path.name in person.status()
    label = person.find(QLabel, "status.text")
    assert label.property("role") == "error"
    assert person.frame.hint
    assert person.status() == f"{person.frame.status} {person.frame.hint}"
    assert person.session == before
    assert person.mask().any()


def test_files_left_out_of_a_study_are_told(visitor: Person, qtbot: QtBot) -> None:
    skipped = (Skipped(Path("/s/a.dcm"), "It is a report."), Skipped(Path("/s/b.dcm"), "Broken."))
    visitor.world.files.studies[STUDY] = FakeStudy(skipped=skipped)
    visitor.open(STUDY)
    qtbot.waitUntil(lambda: visitor.status().startswith("2 files could not be shown."))
    assert "a.dcm: It is a report." in visitor.status()


# --------------------------------------------------------------------- commands


def test_no_two_commands_share_a_shortcut(visitor: Person) -> None:
    keys = Counter(
        key.toString() for c in COMMANDS for key in visitor.window.action_of(c.id).shortcuts()
    )
    assert keys
    assert [key for key, count in keys.items() if count > 1] == []


def test_every_command_stands_in_a_menu_with_a_text(visitor: Person) -> None:
    menus = visitor.window.menuBar().actions()
    shown: set[str] = set()
    for entry in menus:
        menu = entry.menu()
        assert isinstance(menu, QMenu)
        shown |= {action.objectName() for action in menu.actions() if action.text()}
    assert {c.id for c in COMMANDS} <= shown
    assert set(TOOLBAR) - {"|"} <= {c.id for c in COMMANDS}


def test_tooltips_name_the_shortcut(visitor: Person) -> None:
    for command in COMMANDS:
        action = visitor.window.action_of(command.id)
        keys = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
        assert action.toolTip()
        assert keys in action.toolTip()


def test_the_page_of_keys_lists_the_key_of_every_command(visitor: Person) -> None:
    visitor.choose("help.shortcuts")
    (dialog,) = (d for d in visitor.window.findChildren(QDialog) if d.isVisible())
    page = dialog.findChild(QTextBrowser)
    assert isinstance(page, QTextBrowser)
    text = page.toPlainText()
    for command in COMMANDS:
        action = visitor.window.action_of(command.id)
        keys = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
        if keys:
            assert keys in text
            assert action.text().rstrip("…") in text
    dialog.reject()


def test_about_says_what_it_is_not_for(visitor: Person) -> None:
    visitor.choose("help.about")
    (box,) = visitor.window.findChildren(QMessageBox)
    assert "not for diagnosis" in box.informativeText()
    box.reject()


def test_commands_that_need_something_open_wait_for_it(visitor: Person) -> None:
    def available(*names: str) -> list[bool]:
        return [visitor.window.action_of(name).isEnabled() for name in names]

    assert not any(available("view.invert", "file.save_model", "edit.undo", "edit.copy_kernel"))
    visitor.open_both()
    assert all(available("view.invert", "file.save_model", "edit.copy_kernel", "view.find_layer"))
    assert not any(available("edit.undo", "edit.redo", "edit.revert_all", "view.trained"))


def test_undo_and_redo_name_the_step_they_take(person: Person) -> None:
    undo, redo = (person.window.action_of(f"edit.{name}") for name in ("undo", "redo"))
    assert (undo.text(), redo.text()) == ("Undo", "Redo")
    person.pick_recipe("Sobel x")
    assert undo.text() == "Undo “Sobel x on enc · filter 0 · input 0”"
    person.choose("edit.undo")
    assert (undo.text(), undo.isEnabled()) == ("Undo", False)
    assert redo.text() == "Redo “Sobel x on enc · filter 0 · input 0”"
    person.choose("edit.redo")
    assert not redo.isEnabled()
    assert person.steps == ["Sobel x on enc · filter 0 · input 0"]


def test_undo_and_redo_answer_to_their_keys(person: Person) -> None:
    person.pick_recipe("Sobel x")
    edits = person.session.edits
    person.key(Qt.Key.Key_Z, modifiers=Qt.KeyboardModifier.ControlModifier)
    assert not person.session.edits
    ctrl_shift = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    person.key(Qt.Key.Key_Z, modifiers=ctrl_shift)
    assert person.session.edits == edits


def test_the_banner_comes_with_edits_and_its_button_reverts_all(person: Person) -> None:
    banner = person.window.banner
    assert not banner.isVisible()
    person.pick_recipe("Sobel x")
    person.pick_layer("dec")
    person.pick_recipe("Box")
    assert banner.isVisible()
    assert banner.accessibleName() == "Edited model · 2 edits · research use only"
    assert "(edited ●2)" in person.window.windowTitle()

    person.click(banner._button)
    assert not person.session.edits
    assert not banner.isVisible()
    assert "edited" not in person.window.windowTitle()
    assert person.steps[-1] == "Revert all"


@pytest.mark.parametrize("width", [0, 1150, 1280, 1600])
def test_the_banner_is_in_view_however_narrow_the_window(person: Person, width: int) -> None:
    person.window.resize(width, 720)
    person.pick_recipe("Sobel x")
    person.window.grab()  # lays the toolbar out
    banner = person.window.banner
    assert banner.isVisible()
    place = QRect(banner.mapTo(person.window, QPoint()), banner.size())
    assert person.window.rect().contains(place)
    assert place.width() >= banner.sizeHint().width()
    person.click(banner._button)
    assert not person.session.edits


def test_the_toolbar_spells_its_commands_out_where_there_is_room(person: Person) -> None:
    bar = person.find(QToolBar, "toolbar")
    button = bar.widgetForAction(person.window.action_of("view.mask"))
    assert isinstance(button, QToolButton)
    icon_only = bar.widgetForAction(person.window.action_of("view.reset"))
    assert isinstance(icon_only, QToolButton)
    for width, style in ((2200, "ToolButtonTextBesideIcon"), (0, "ToolButtonIconOnly")) * 2:
        person.window.resize(width, 720)
        person.pick_recipe("Sobel x")
        person.window.grab()
        assert button.toolButtonStyle().name == style
        assert icon_only.toolButtonStyle().name == "ToolButtonIconOnly"


def test_saving_asks_for_a_new_file_and_tells_how_it_went(
    person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    proposed: list[str] = []

    def answer(_parent: object, _title: str, name: str, _kinds: str) -> tuple[str, str]:
        proposed.append(name)
        return "/models/mine", ""

    monkeypatch.setattr(QFileDialog, "getSaveFileName", answer)
    person.pick_recipe("Sobel x")
    person.choose("file.save_model")
    assert proposed == [str(Path("/models/net0-edited.keras"))]
    ((ref, edits, path),) = person.world.engine.saved
    assert (ref, edits, path) == (
        person.network.ref,
        person.session.edits,
        Path("/models/mine.keras"),
    )
    assert "compared equal" in person.status()


# -------------------------------------------------------------------- B held


class TestHoldingB:
    @pytest.fixture(autouse=True)
    def edited(self, person: Person) -> None:
        person.pick_recipe("Sobel x")

    def test_shows_the_trained_result_until_released(self, person: Person, qtbot: QtBot) -> None:
        person.focus(person.canvas)
        qtbot.keyPress(person.canvas, Qt.Key.Key_B)
        assert person.session.show_trained
        assert person.canvas.content.notice == "trained result"
        qtbot.keyRelease(person.canvas, Qt.Key.Key_B)
        assert not person.session.show_trained
        assert not person.canvas.content.notice

    def test_is_only_a_letter_while_typing(self, person: Person, qtbot: QtBot) -> None:
        search = person.find(QLineEdit, "layers.search")
        person.focus(search)
        qtbot.keyPress(search, Qt.Key.Key_B)
        assert not person.session.show_trained
        qtbot.keyRelease(search, Qt.Key.Key_B)
        assert search.text() == "b"

    def test_ends_when_the_focus_goes_to_a_line_edit(self, person: Person, qtbot: QtBot) -> None:
        search = person.find(QLineEdit, "layers.search")
        person.focus(person.canvas)
        qtbot.keyPress(person.canvas, Qt.Key.Key_B)
        person.focus(search)
        qtbot.keyRelease(search, Qt.Key.Key_B)
        assert not person.session.show_trained

    def test_ends_when_another_window_comes_to_the_front(
        self, person: Person, qtbot: QtBot
    ) -> None:
        person.focus(person.canvas)
        qtbot.keyPress(person.canvas, Qt.Key.Key_B)
        person.choose("help.about")
        (box,) = person.window.findChildren(QMessageBox)
        qtbot.waitUntil(lambda: not person.session.show_trained)
        box.reject()

    def test_ends_with_the_last_edit(self, person: Person, qtbot: QtBot) -> None:
        person.focus(person.canvas)
        qtbot.keyPress(person.canvas, Qt.Key.Key_B)
        person.choose("edit.undo")
        qtbot.keyRelease(person.canvas, Qt.Key.Key_B)
        assert not person.session.show_trained

    def test_leaves_the_toggle_of_the_toolbar_as_it_is(self, person: Person, qtbot: QtBot) -> None:
        person.choose("view.trained")
        assert person.window.action_of("view.trained").isChecked()
        person.focus(person.canvas)
        qtbot.keyPress(person.canvas, Qt.Key.Key_B)
        qtbot.keyRelease(person.canvas, Qt.Key.Key_B)
        assert person.session.show_trained
        person.choose("view.trained")
        assert not person.session.show_trained


def test_b_does_nothing_without_edits(person: Person, qtbot: QtBot) -> None:
    person.focus(person.canvas)
    qtbot.keyPress(person.canvas, Qt.Key.Key_B)
    assert not person.session.show_trained
    qtbot.keyRelease(person.canvas, Qt.Key.Key_B)


# ----------------------------------------------------------------- identity


def texts_on_screen(person: Person) -> str:
    corners = person.canvas.content.corners
    parts = [*corners.top_left, *corners.top_right, *corners.bottom_left, *corners.bottom_right]
    tree = person.find(QTreeWidget, "studies.tree")
    for i in range(tree.topLevelItemCount()):
        top = tree.topLevelItem(i)
        assert top is not None
        parts.append(top.text(0))
    parts.append(person.window.windowTitle())
    return "\n".join(parts)


def test_identity_is_hidden_on_screen_by_one_key(person: Person) -> None:
    assert "Doe Jane" in texts_on_screen(person)
    person.key(Qt.Key.Key_H, modifiers=Qt.KeyboardModifier.ControlModifier)
    text = texts_on_screen(person)
    assert "Identity hidden" in text
    assert "Doe" not in text
    assert "P-17" not in text
    assert person.window.action_of("view.hide_identity").isChecked()
    person.key(Qt.Key.Key_H, modifiers=Qt.KeyboardModifier.ControlModifier)
    assert "Doe Jane" in texts_on_screen(person)


def test_identity_is_hidden_in_the_saved_picture(
    person: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "picture"), ""))
    person.choose("file.save_picture")
    assert not person.session.identity_hidden
    with_name = person.window.grab().toImage()
    person.choose("view.hide_identity")
    without_name = person.window.grab().toImage()
    person.qtbot.waitUntil((tmp_path / "picture.png").exists)
    saved = QImage(str(tmp_path / "picture.png"))

    panel = person.window.slice_panel
    corner = panel.geometry()
    assert saved.size() == without_name.size()
    assert saved.copy(corner) == without_name.convertToFormat(saved.format()).copy(corner)
    assert saved.copy(corner) != with_name.convertToFormat(saved.format()).copy(corner)


def test_a_picture_that_cannot_be_written_is_told_of(
    person: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "missing" / "picture.png"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), ""))
    person.choose("file.save_picture")
    person.qtbot.waitUntil(lambda: "could not be written" in person.status())
    assert not path.exists()


# ------------------------------------------------------------------- layout


def visible(person: Person) -> dict[str, bool]:
    return {name: dock.isVisible() for name, dock in docks(person).items()}


@pytest.mark.parametrize("how", ["double click", "F4"])
def test_the_panels_are_hidden_around_the_slice_and_come_back(
    person: Person, qtbot: QtBot, how: str
) -> None:
    docks(person)["filters"].hide()
    before = visible(person)

    def toggle() -> None:
        if how == "F4":
            person.key(Qt.Key.Key_F4)
        else:
            qtbot.mouseDClick(person.canvas, Qt.MouseButton.LeftButton)

    toggle()
    assert not any(visible(person).values())
    toggle()
    assert visible(person) == before
    assert not before["filters"]


@pytest.mark.qt_log_ignore("does not support raise", extend=True)
def test_reset_layout_brings_every_panel_back(person: Person) -> None:
    panels = docks(person)
    panels["filters"].hide()
    panels["layers"].setFloating(True)
    person.window.addDockWidget(Qt.DockWidgetArea.LeftDockWidgetArea, panels["feature_map"])
    person.choose("view.reset_layout")
    assert all(visible(person).values())
    assert not panels["layers"].isFloating()
    area = person.window.dockWidgetArea(panels["feature_map"])
    assert area == Qt.DockWidgetArea.RightDockWidgetArea


def test_reset_layout_brings_panels_back_that_were_hidden_around_the_slice(
    person: Person,
) -> None:
    person.choose("view.maximise")
    person.choose("view.reset_layout")
    assert all(visible(person).values())
    person.choose("view.maximise")
    assert not any(visible(person).values())


def test_the_menu_of_panels_shows_and_hides_them(person: Person) -> None:
    dock = docks(person)["studies"]
    (entry,) = (a for a in person.window.findChildren(QAction) if a is dock.toggleViewAction())
    entry.trigger()
    assert not dock.isVisible()
    entry.trigger()
    assert dock.isVisible()


def reopened(qtbot: QtBot, world: World) -> Person:
    program = build(settings=world.settings, engine=FakeEngine(at_once=True), files=world.files)
    qtbot.addWidget(program.window)
    program.window.show()
    return Person(program, qtbot, world)


@pytest.mark.parametrize("alone", [False, True])
def test_the_layout_is_kept_for_the_next_start(person: Person, qtbot: QtBot, alone: bool) -> None:
    panels = docks(person)
    panels["filters"].hide()
    person.window.addDockWidget(Qt.DockWidgetArea.LeftDockWidgetArea, panels["feature_map"])
    if alone:
        person.choose("view.maximise")
    person.window.close()

    again = reopened(qtbot, person.world)
    assert visible(again) == {name: name != "filters" for name in DOCKS}
    moved = again.window.dockWidgetArea(docks(again)["feature_map"])
    assert moved == Qt.DockWidgetArea.LeftDockWidgetArea
    again.window.close()
    again.program.stop()


def test_a_damaged_layout_is_passed_over(qtbot: QtBot, world: World) -> None:
    world.settings.setValue("window/state", "nonsense")
    world.settings.setValue("window/geometry", 17)
    again = reopened(qtbot, world)
    assert all(visible(again).values())
    again.window.close()
    again.program.stop()


def test_full_screen_goes_and_comes_back_to_what_was(person: Person) -> None:
    person.window.showMaximized()
    person.choose("view.full_screen")
    assert person.window.isFullScreen()
    person.choose("view.full_screen")
    assert not person.window.isFullScreen()
    assert person.window.isMaximized()


# -------------------------------------------------------------------- theme


def test_the_theme_changes_colours_and_icons_and_is_remembered(
    person: Person, qapp: QApplication
) -> None:
    undo = person.window.action_of("edit.undo")
    button = person.window.kernel_panel.copy
    welcome = person.find(QPushButton, "welcome.file.open_study")
    before = [w.icon().cacheKey() for w in (undo, button, welcome)]
    person.pick_recipe("Box")
    dark = person.window.grab().toImage().pixelColor(4, 40).lightness()

    person.choose("view.theme")
    assert theme.current() is theme.LIGHT
    assert person.world.settings.value("theme") == "light"
    assert person.window.grab().toImage().pixelColor(4, 40).lightness() > dark + 100
    after = [w.icon().cacheKey() for w in (undo, button, welcome)]
    assert all(new != old for new, old in zip(after, before, strict=True))
    revert = person.window.banner._button.icon()
    assert revert.cacheKey() == icons.icon("edit.revert_all").cacheKey()

    person.choose("view.theme")
    assert theme.current() is theme.DARK
    assert person.world.settings.value("theme") == "dark"


def test_the_remembered_theme_is_in_force_at_the_next_start(
    qapp: QApplication, settings: QSettings
) -> None:
    from unetscope.bootstrap import dress

    settings.setValue("theme", "light")
    dress(qapp, settings)
    assert theme.current() is theme.LIGHT
    dress(qapp, settings, "dark")
    assert theme.current() is theme.DARK


def test_numbers_have_a_point_wherever_the_desk_stands(
    qapp: QApplication, settings: QSettings, qtbot: QtBot
) -> None:
    from unetscope.bootstrap import dress

    before = QLocale()
    QLocale.setDefault(QLocale(QLocale.Language.German))
    try:
        dress(qapp, settings, "dark")
        box = QDoubleSpinBox()
        qtbot.addWidget(box)
        box.setValue(0.25)
        assert box.text() == "0.25"
    finally:
        QLocale.setDefault(before)


# ------------------------------------------------------------------- engine


@pytest.mark.parametrize(
    ("state", "sentence", "shown"),
    [
        (EngineState.STARTING, "", "Engine starting …"),
        (EngineState.STARTING, "Loading TensorFlow …", "Loading TensorFlow …"),
        (EngineState.READY, "", "Engine ready"),
        (EngineState.RESTARTING, "", "Engine restarting …"),
        (EngineState.FAILED, "The engine could not start.", "The engine could not start."),
    ],
)
def test_the_status_line_says_what_the_engine_does(
    visitor: Person, state: EngineState, sentence: str, shown: str
) -> None:
    visitor.world.engine.on_status(EngineStatus(state, sentence))
    assert visitor.find(QLabel, "status.engine").text() == shown


def test_the_status_line_says_how_long_the_engine_took_and_its_memory(person: Person) -> None:
    person.world.engine.on_status(EngineStatus(EngineState.READY, memory=1_500_000_000))
    assert person.find(QLabel, "status.engine").text() == "engine 12 ms · 1.5 GB"


def test_an_answer_that_fails_is_told_of_and_the_next_one_heals(person: Person) -> None:
    person.world.engine.at_once = False
    person.pick_layer("dec")
    person.world.engine.looks[-1].failed(EngineError("It ran out of memory.", "Try another layer."))
    assert "It ran out of memory. Try another layer." in person.status()
    person.world.engine.at_once = True
    person.pick_layer("mid")
    person.wait()
    assert not person.canvas.content.notice


# -------------------------------------------------------------------- crash


class Bug(QObject):
    strikes = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.strikes.connect(self._raise)

    def _raise(self) -> None:
        raise ZeroDivisionError("a bug in a slot")


@pytest.fixture
def crash_dialogs(
    visitor: Person, monkeypatch: pytest.MonkeyPatch
) -> Callable[[], list[ReportDialog]]:
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    visitor.window.trouble.install()
    return lambda: [b for b in visitor.window.findChildren(ReportDialog) if b.isVisible()]


def test_a_bug_is_shown_and_the_window_lives_on(
    visitor: Person, qtbot: QtBot, crash_dialogs: Callable[[], list[ReportDialog]]
) -> None:
    bug = Bug()
    bug.strikes.emit()
    qtbot.waitUntil(lambda: len(crash_dialogs()) == 1)
    (box,) = crash_dialogs()
    assert box.what.text() == "Something unforeseen happened."
    assert "ZeroDivisionError: a bug in a slot" in box.details.toPlainText()
    box.accept()
    qtbot.waitUntil(lambda: not crash_dialogs())
    visitor.open_both()
    assert visitor.mask().any()


def test_many_bugs_do_not_bury_the_window_in_dialogs(
    visitor: Person, qtbot: QtBot, crash_dialogs: Callable[[], list[ReportDialog]]
) -> None:
    bug = Bug()
    for _ in range(4):
        bug.strikes.emit()
    qtbot.waitUntil(lambda: bool(crash_dialogs()))
    (box,) = crash_dialogs()
    qtbot.waitUntil(lambda: "4 times" in box.what.text())
    box.accept()
    qtbot.waitUntil(lambda: not crash_dialogs())
    bug.strikes.emit()
    qtbot.waitUntil(lambda: len(crash_dialogs()) == 1)
    crash_dialogs()[0].accept()


# ------------------------------------------------------------------- errand


def errand(
    visitor: Person, plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> tuple[Errand, list[str], list[int]]:
    monkeypatch.setattr("unetscope.ui.errand.SETTLE", 0)
    lines: list[str] = []
    codes: list[int] = []
    program = visitor.program
    made = Errand(
        plan,
        visitor.window,
        program.store,
        program.desk,
        program.live,
        program.presenters.kernel,
        lines.append,
        codes.append,
    )
    return made, lines, codes


def test_an_errand_writes_a_picture_and_leaves_with_zero(
    visitor: Person, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture = tmp_path / "window.png"
    _, lines, codes = errand(visitor, Plan(picture), monkeypatch)
    visitor.open(MODEL, STUDY)
    qtbot.waitUntil(lambda: bool(codes))
    assert codes == [0]
    assert lines == [f"Picture of the window: {picture}"]
    assert QImage(str(picture)).size() == visitor.window.size()
    assert not visitor.session.edits


def test_an_errand_makes_one_edit_and_reports_what_it_did(
    visitor: Person, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, lines, codes = errand(visitor, Plan(tmp_path / "r.png", "sobel_x"), monkeypatch)
    visitor.open(MODEL, STUDY)
    qtbot.waitUntil(lambda: bool(codes))
    assert codes == [0]
    assert lines[0].startswith("Opened net0: 8 layers, ")
    assert lines[0].endswith(" parameters; slice 16.")
    assert lines[1] == "Edit: Sobel x on enc · filter 0 · input 0"
    assert any(line.startswith("  this feature map: RMS +") for line in lines)
    assert any(line.startswith("  latency: 12 ms") for line in lines)


def test_an_errand_leaves_with_one_if_the_picture_cannot_be_written(
    visitor: Person, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, lines, codes = errand(visitor, Plan(tmp_path / "no" / "w.png"), monkeypatch)
    visitor.open(MODEL, STUDY)
    qtbot.waitUntil(lambda: bool(codes))
    assert codes == [1]
    assert "could not be written" in lines[-1]


def test_an_errand_leaves_with_one_if_the_engine_fails(
    visitor: Person, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    visitor.world.engine.at_once = False
    _, lines, codes = errand(visitor, Plan(), monkeypatch)
    visitor.open(MODEL, STUDY)
    qtbot.waitUntil(lambda: bool(visitor.world.engine.looks))
    visitor.world.engine.looks[-1].failed(EngineError("It stopped.", "Start again."))
    assert codes == [1]
    assert lines == ["It stopped. Start again."]


def test_an_errand_leaves_with_one_when_its_time_is_up(
    visitor: Person, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, lines, codes = errand(visitor, Plan(limit=0.01), monkeypatch)
    qtbot.waitUntil(lambda: bool(codes))
    assert codes == [1]
    assert lines == ["No answer within 0 s."]


@pytest.mark.parametrize("choice", list(dialogs.Choice))
def test_closing_with_unsaved_edits_asks_what_becomes_of_them(
    person: Person, monkeypatch: pytest.MonkeyPatch, choice: dialogs.Choice
) -> None:
    person.pick_recipe("Sobel x")
    asked: list[object] = []

    def answer(parent: object) -> dialogs.Choice:
        asked.append(parent)
        return choice

    monkeypatch.setattr(dialogs, "ask_about_edits", answer)
    monkeypatch.setattr(dialogs, "ask_save_model", lambda *_: Path("/models/mine.keras"))
    person.window.close()
    assert asked == [person.window]
    if choice is dialogs.Choice.SAVE:  # it closes when the file is written
        person.qtbot.waitUntil(lambda: not person.window.isVisible())
        assert person.world.engine.saved
    else:
        assert person.window.isVisible() is (choice is dialogs.Choice.CANCEL)


def test_closing_without_edits_or_with_saved_ones_asks_nothing(
    person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(_: object) -> dialogs.Choice:
        raise AssertionError("asked")

    monkeypatch.setattr(dialogs, "ask_about_edits", never)
    person.pick_recipe("Sobel x")
    person.choose("edit.undo")
    assert not person.program.desk.has_unsaved_edits
    person.choose("edit.redo")
    assert person.program.desk.has_unsaved_edits
    person.program.desk.save_model(Path("/models/mine.keras"))
    person.qtbot.waitUntil(lambda: not person.program.desk.has_unsaved_edits)
    person.window.close()
    assert not person.window.isVisible()


def test_a_save_that_was_cancelled_while_closing_leaves_later_saves_alone(
    person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    person.pick_recipe("Sobel x")
    monkeypatch.setattr(dialogs, "ask_about_edits", lambda _: dialogs.Choice.SAVE)
    monkeypatch.setattr(dialogs, "ask_save_model", lambda *_: None)
    person.window.close()
    assert person.window.isVisible()
    monkeypatch.setattr(dialogs, "ask_save_model", lambda *_: Path("/models/mine.keras"))
    person.choose("file.save_model")
    person.qtbot.waitUntil(lambda: "compared equal" in person.status())
    QApplication.processEvents()
    assert person.window.isVisible()


def test_undo_and_b_work_while_a_number_box_has_the_focus(person: Person) -> None:
    bias = person.window.kernel_panel.bias
    before = bias.value()
    person.focus(bias)
    bias.setValue(before + 1)
    person.qtbot.keyPress(bias, Qt.Key.Key_B)
    assert person.session.show_trained
    person.qtbot.keyRelease(bias, Qt.Key.Key_B)
    assert not person.session.show_trained
    person.key(Qt.Key.Key_Z, bias, Qt.KeyboardModifier.ControlModifier)
    assert not person.session.edits
    assert bias.value() == before


def test_opening_something_good_clears_an_old_error(person: Person) -> None:
    person.open(Path("/studies/missing"))
    person.qtbot.waitUntil(lambda: person.frame.trouble)
    person.open_both()
    person.qtbot.waitUntil(lambda: not person.frame.trouble)


def test_a_study_that_opens_does_not_hide_why_the_model_did_not(visitor: Person) -> None:
    visitor.open(Path("/models/missing.keras"))
    visitor.qtbot.waitUntil(lambda: visitor.frame.trouble)
    visitor.open(STUDY)
    visitor.qtbot.waitUntil(lambda: visitor.session.series is not None)
    visitor.qtbot.wait(100)
    assert "missing.keras is no model." in visitor.status()


def test_a_model_that_opens_does_not_hide_why_the_study_did_not(visitor: Person) -> None:
    visitor.world.files.networks[MODEL] = replace(unet(), path=MODEL)
    visitor.open(Path("/studies/missing"))
    visitor.qtbot.waitUntil(lambda: visitor.frame.trouble)
    visitor.open(MODEL)
    visitor.qtbot.waitUntil(lambda: visitor.session.network is not None)
    visitor.qtbot.wait(100)
    assert "There is nothing to show in missing." in visitor.status()


def test_another_network_is_not_shown_with_the_name_of_an_edit(person: Person) -> None:
    person.pick_recipe("Sobel x")
    assert "Sobel x" in person.status()
    other = Path("/models/other.keras")
    person.world.files.networks[other] = replace(unet(fingerprint="sha256:1"), path=other)
    person.open(other)
    person.qtbot.waitUntil(lambda: not person.session.edits)
    person.qtbot.waitUntil(lambda: person.status() == "Ready")


def test_an_errand_ends_at_once_when_what_it_should_open_cannot_be(
    visitor: Person, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, lines, codes = errand(visitor, Plan(), monkeypatch)
    visitor.open(Path("/studies/missing"))
    qtbot.waitUntil(lambda: codes == [1])
    assert len(lines) == 1


def test_labels_are_hidden_and_shown_from_the_menu(person: Person) -> None:
    mask = person.mask()
    menu = person.window.findChild(LabelsMenu)
    assert menu is not None
    menu.fill()
    first = menu.actions()[0]
    assert first.isChecked()
    first.trigger()
    assert (person.mask() != mask).any()
    menu.fill()
    assert not menu.actions()[0].isChecked()
    menu.actions()[0].trigger()
    assert (person.mask() == mask).all()
