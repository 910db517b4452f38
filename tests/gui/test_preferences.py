"""Preferences, keys and mouse gestures of one's own, and the command palette."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest
from PySide6.QtCore import QPoint, QPointF, QSettings, Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import (
    QApplication,
    QCheckBox,
    QComboBox,
    QKeySequenceEdit,
    QLabel,
    QLineEdit,
    QPushButton,
    QSpinBox,
    QTreeWidget,
)
from pytestqt.qtbot import QtBot
from tests.gui.conftest import NONE, Person, World

from unetscope.bootstrap import ENGINE_MEMORY, build, dress
from unetscope.domain.bindings import PRESETS, Bindings
from unetscope.domain.viewer import Annotations
from unetscope.ui import theme
from unetscope.ui.bindings import HOLD, proposed
from unetscope.ui.command_palette import CommandPalette
from unetscope.ui.preferences.dialog import KEYS, PreferencesDialog
from unetscope.ui.widgets.image_canvas import ImageCanvas

SHIFT, CTRL = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier


class Hand:
    """Someone before the Preferences dialog."""

    def __init__(self, person: Person, page: int = KEYS) -> None:
        person.choose("edit.preferences")
        self.person = person
        self.dialog = person.find(PreferencesDialog, "preferences")
        self.dialog.tabs.setCurrentIndex(page)
        self.tree = person.find(QTreeWidget, "preferences.keys")

    def pick(self, command: str) -> None:
        """Go to a command in the list."""
        for row in range(self.tree.topLevelItemCount()):
            item = self.tree.topLevelItem(row)
            assert item is not None
            if item.data(0, Qt.ItemDataRole.UserRole) == command:
                self.tree.setCurrentItem(item)
                return
        raise AssertionError(command)

    def type_key(self, keys: str) -> None:
        """Press a key in the field for it."""
        self.person.find(QKeySequenceEdit, "preferences.key").setKeySequence(QKeySequence(keys))

    def press(self, name: str) -> None:
        """Click a button of the dialog."""
        button = self.person.find(QPushButton, f"preferences.{name}")
        assert button.isEnabled()
        button.click()

    @property
    def note(self) -> str:
        """What is said below the list."""
        return self.person.find(QLabel, "preferences.note").text()

    def listed(self) -> list[str]:
        """The commands that are not filtered away."""
        items = [self.tree.topLevelItem(row) for row in range(self.tree.topLevelItemCount())]
        return [item.text(1) for item in items if item is not None and not item.isHidden()]

    def ok(self) -> None:
        """Close with OK."""
        self.dialog.accept()
        QApplication.processEvents()


def keys_of(person: Person, command: str) -> list[str]:
    return [key.toString() for key in person.window.action_of(command).shortcuts()]


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_a_preset_binds_commands_that_exist_to_keys_that_exist_and_none_twice(
    qapp: QApplication, name: str
) -> None:
    keys = PRESETS[name].keys
    assert set(keys) <= set(proposed())
    for held in keys.values():
        assert all(QKeySequence(key).toString() == key for key in held)
    assert not Bindings(proposed=proposed(), preset=name).conflicts


def test_a_key_of_ones_own_works_at_once_and_at_the_next_start(
    person: Person, world: World, qtbot: QtBot
) -> None:
    hand = Hand(person)
    hand.pick("view.mask")
    hand.type_key("F8")
    hand.press("set")
    hand.ok()
    person.key(Qt.Key.Key_F8)
    assert not person.session.mask_shown
    person.key(Qt.Key.Key_G)
    assert not person.session.mask_shown
    assert "(F8)" in person.window.action_of("view.mask").toolTip()

    again = build(settings=world.settings, engine=world.engine, files=world.files)
    qtbot.addWidget(again.window)
    assert again.window.action_of("view.mask").shortcut().toString() == "F8"
    again.window.close()
    again.stop()


def test_a_key_that_is_taken_says_from_whom_and_takes_it(person: Person) -> None:
    hand = Hand(person)
    hand.pick("view.outline")
    hand.type_key("G")
    assert "belongs to “Mask”" in hand.note
    hand.press("set")
    assert hand.dialog.focusWidget() is hand.dialog.keys.tree  # not a button that takes keys away
    hand.ok()
    assert (keys_of(person, "view.outline"), keys_of(person, "view.mask")) == (["G"], [])


def test_a_key_can_be_added_removed_and_reset(person: Person) -> None:
    hand = Hand(person)
    hand.pick("view.mask")
    hand.type_key("F8")
    hand.press("add")
    hand.dialog.buttons.button(hand.dialog.buttons.StandardButton.Apply).click()
    assert keys_of(person, "view.mask") == ["G", "F8"]
    hand.press("clear")
    hand.press("reset")
    hand.ok()
    assert keys_of(person, "view.mask") == ["G"]


def test_cancel_changes_nothing(person: Person) -> None:
    hand = Hand(person)
    hand.pick("view.mask")
    hand.press("clear")
    hand.dialog.reject()
    assert keys_of(person, "view.mask") == ["G"]


def test_commands_are_found_by_name_and_by_key(person: Person) -> None:
    hand = Hand(person)
    search = person.find(QLineEdit, "preferences.search")
    search.setText("revert la")
    assert hand.listed() == ["Revert layer"]
    search.setText("ctrl+shift+p")
    assert hand.listed() == ["Command palette"]
    hand.dialog.reject()


def test_another_preset_changes_keys_and_wheel_and_can_be_left_again(person: Person) -> None:
    hand = Hand(person)
    box = person.find(QComboBox, "preferences.preset")
    box.setCurrentIndex(box.findData("slicer"))
    hand.ok()
    middle = person.session.slice_index
    person.key(Qt.Key.Key_F)
    assert person.session.slice_index == middle + 1
    zoom = person.canvas.view
    assert zoom is not None
    person.wheel(person.canvas, person.canvas.rect().center(), 1, CTRL)
    assert person.canvas.view is not None
    assert person.canvas.view.zoom > zoom.zoom
    assert person.session.slice_index == middle + 1
    canvases = person.window.slice_panel.findChildren(ImageCanvas)
    assert len(canvases) > 2  # the other planes too
    assert {canvas.ctrl_wheel for canvas in canvases} == {"zoom"}
    hand = Hand(person)
    box = person.find(QComboBox, "preferences.preset")
    box.setCurrentIndex(box.findData("weasis"))
    hand.ok()
    person.wheel(person.canvas, person.canvas.rect().center(), -1)
    assert person.session.slice_index == middle + 2


def test_a_gesture_of_ones_own(person: Person) -> None:
    hand = Hand(person)
    box = person.find(QComboBox, "preferences.mouse.left")
    box.setCurrentIndex(box.findData("pan"))
    hand.ok()
    before, window = person.canvas.view, person.session.window
    start = QPoint(200, 200)
    person.drag(person.canvas, [start, start + QPoint(20, 0), start + QPoint(40, 0)])
    assert person.canvas.view != before
    assert person.session.window == window
    Hand(person).press("reset_all")
    person.find(PreferencesDialog, "preferences").accept()
    person.drag(person.canvas, [start, start + QPoint(20, 0), start + QPoint(40, 0)])
    assert person.session.window != window


def test_the_key_that_is_held_to_compare_can_be_another(person: Person, qtbot: QtBot) -> None:
    hand = Hand(person)
    hand.pick(HOLD)
    hand.type_key("Q")
    hand.press("set")
    hand.ok()
    person.pick_recipe("Sobel x")
    person.focus(person.canvas)
    qtbot.keyPress(person.canvas, Qt.Key.Key_B)
    assert not person.session.show_trained
    qtbot.keyRelease(person.canvas, Qt.Key.Key_B)
    qtbot.keyPress(person.canvas, Qt.Key.Key_Q)
    assert person.session.show_trained
    qtbot.keyRelease(person.canvas, Qt.Key.Key_Q)
    assert not person.session.show_trained


def test_what_is_chosen_counts_at_the_next_start(
    person: Person, world: World, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ENGINE_MEMORY, "")  # so that what `build` sets is taken back
    monkeypatch.delenv(ENGINE_MEMORY)
    hand = Hand(person, 0)
    person.find(QCheckBox, "preferences.identity").setChecked(True)
    person.find(QSpinBox, "preferences.memory").setValue(1024)
    box = person.find(QComboBox, "preferences.annotations")
    box.setCurrentIndex(box.findData(Annotations.MINIMAL.value))
    box = person.find(QComboBox, "preferences.theme")
    box.setCurrentIndex(box.findData("light"))
    hand.ok()
    assert theme.current() is theme.LIGHT
    assert not person.session.identity_hidden  # at the start, not now

    again = build(settings=world.settings, engine=world.engine, files=world.files)
    qtbot.addWidget(again.window)
    assert again.store.session.identity_hidden
    assert again.store.session.viewer.annotations is Annotations.MINIMAL
    assert os.environ[ENGINE_MEMORY] == "1024"
    again.window.close()
    again.stop()
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    theme.apply_theme(app, theme.DARK)
    dress(app, world.settings)
    assert theme.current() is theme.LIGHT


@pytest.mark.parametrize("saved", ["{", "[]", '{"keys": {"view.mask": 3}}', "7"])
def test_spoilt_settings_leave_the_keys_as_they_are_at_first(
    settings: QSettings, world: World, qtbot: QtBot, saved: str
) -> None:
    settings.setValue("bindings", saved)
    settings.setValue("engine/cache_mb", "lots")
    settings.setValue("annotations", "loud")
    program = build(settings=settings, engine=world.engine, files=world.files)
    qtbot.addWidget(program.window)
    assert program.window.action_of("view.mask").shortcut().toString() == "G"
    assert program.store.session.viewer.annotations is Annotations.ALL
    program.window.close()
    program.stop()


# ------------------------------------------------------------------- palette


@pytest.fixture
def palette(person: Person) -> Callable[[], CommandPalette]:
    def opened() -> CommandPalette:
        person.key(Qt.Key.Key_P, modifiers=CTRL | SHIFT)
        palette = person.find(CommandPalette, "command_palette")
        person.qtbot.waitUntil(lambda: QApplication.focusWidget() is palette.line)
        return palette

    return opened


def texts(palette: CommandPalette) -> list[str]:
    items = [palette.list.topLevelItem(row) for row in range(palette.list.topLevelItemCount())]
    return [item.text(0) for item in items if item is not None]


def test_a_few_letters_and_enter_run_a_command(
    person: Person, qtbot: QtBot, palette: Callable[[], CommandPalette]
) -> None:
    opened = palette()
    qtbot.keyClicks(opened.line, "outl")
    assert texts(opened)[0] == "Outline"
    qtbot.keyClick(opened.line, Qt.Key.Key_Return)
    assert person.session.outlined


def test_it_shows_keys_ticks_and_what_cannot_be_done_now(
    person: Person, qtbot: QtBot, palette: Callable[[], CommandPalette]
) -> None:
    opened = palette()
    qtbot.keyClicks(opened.line, "mask")
    first = opened.list.topLevelItem(0)
    assert first is not None
    assert [first.text(column) for column in range(3)] == ["✓ Mask", "View", "G"]
    opened.line.setText("revert all")
    first = opened.list.topLevelItem(0)
    assert first is not None
    assert first.isDisabled()
    qtbot.keyClick(opened.line, Qt.Key.Key_Return)
    assert opened.isVisible()
    opened.close()


def test_arrows_travel_and_a_click_runs(
    person: Person, qtbot: QtBot, palette: Callable[[], CommandPalette]
) -> None:
    opened = palette()
    qtbot.keyClicks(opened.line, "slice")
    first = opened.list.currentIndex().row()
    qtbot.keyClick(opened.line, Qt.Key.Key_Down)
    assert opened.list.currentIndex().row() == first + 1
    opened.line.setText("last slice")
    item = opened.list.topLevelItem(0)
    assert item is not None
    at = opened.list.visualItemRect(item).center()
    qtbot.mouseClick(opened.list.viewport(), Qt.MouseButton.LeftButton, NONE, at)
    assert person.session.series is not None
    assert person.session.slice_index == person.session.series.slices - 1


def test_that_nothing_fits_is_said(qtbot: QtBot, palette: Callable[[], CommandPalette]) -> None:
    opened = palette()
    qtbot.keyClicks(opened.line, "zzzzqq")
    assert texts(opened) == ["No command or panel is called so."]
    qtbot.keyClick(opened.line, Qt.Key.Key_Return)
    assert opened.isVisible()
    opened.close()


def test_panels_are_in_it_too(
    person: Person, qtbot: QtBot, palette: Callable[[], CommandPalette]
) -> None:
    assert person.window.layers_panel.isVisible()
    opened = palette()
    qtbot.keyClicks(opened.line, "panel layers")
    assert texts(opened)[0] == "✓ Layers"
    qtbot.keyClick(opened.line, Qt.Key.Key_Return)
    assert not person.window.layers_panel.isVisible()


def test_where_the_mouse_is_does_not_matter_to_a_zooming_wheel(person: Person) -> None:
    person.canvas.wheel = "zoom"
    before = person.canvas.view
    assert before is not None
    at = QPoint(person.canvas.width() // 2, person.canvas.height() // 2)
    held = before.to_image(at.x(), at.y())
    person.wheel(person.canvas, at, 2)
    after = person.canvas.view
    assert after is not None
    assert after.zoom == pytest.approx(before.zoom * 1.15**2)
    assert after.to_image(QPointF(at).x(), QPointF(at).y()) == pytest.approx(held)
