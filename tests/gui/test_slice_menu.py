"""The menu under the right button, the list of warnings, and the palette's menus within menus."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication, QKeySequence
from PySide6.QtWidgets import QListWidget, QMenu, QPushButton, QTreeWidget
from tests.gui.conftest import STUDY, Person

from unetscope.domain.bindings import PRESETS
from unetscope.domain.corner_texts import warning_lines
from unetscope.ui.bindings import HOLD
from unetscope.ui.command_palette import CommandPalette
from unetscope.ui.commands.viewer import TOOLS
from unetscope.ui.key_tips import set_tip
from unetscope.ui.slice_menu import SliceMenu
from unetscope.ui.warnings_dialog import WarningsDialog

RIGHT = Qt.MouseButton.RightButton
MANY = tuple(f"Warning number {n} says what is unsure about the series." for n in range(5))


def open_menu(person: Person) -> SliceMenu:
    """Right click in the middle of the slice."""
    canvas = person.canvas
    person.qtbot.mouseClick(canvas, RIGHT, pos=canvas.rect().center())
    return person.window.menus.slice_menu


@pytest.fixture(autouse=True)
def opened(monkeypatch: pytest.MonkeyPatch) -> list[QPoint]:
    """Where the menu was opened; without a screen none can be."""
    places: list[QPoint] = []
    monkeypatch.setattr(SliceMenu, "popup", lambda _, at: places.append(at))
    return places


def test_a_right_click_has_tools_windows_mask_and_planes(
    person: Person, opened: list[QPoint]
) -> None:
    menu = open_menu(person)
    assert opened == [person.canvas.mapToGlobal(person.canvas.rect().center())]
    named = {action.objectName() for action in menu.actions()}
    wanted = ("view.reset", "slice.fit", "view.mask", "slice.planes", "file.save_picture")
    assert {*wanted, "view.tags"} <= named
    found = ((action.text(), action.menu()) for action in menu.actions())
    submenus = {text: inner for text, inner in found if isinstance(inner, QMenu)}
    assert {"Left button", "Window", "Labels", "Probability"} <= set(submenus)
    tools = [action.objectName() for action in submenus["Left button"].actions()]
    assert tools == [tool.id for tool in TOOLS]
    person.window.action_of("tool.angle").trigger()
    assert person.session.viewer.tool is not None


def test_value_and_position_under_the_mouse_are_copied(person: Person) -> None:
    menu = open_menu(person)
    assert "value" in menu.copy_values.text()
    menu.copy_values.trigger()
    assert QGuiApplication.clipboard().text() in menu.copy_values.text()
    menu.copy_position.trigger()
    assert QGuiApplication.clipboard().text().endswith(" mm")
    menu.open_at(QPoint(5, 5), ())  # beside the slice
    assert not menu.copy_values.isEnabled()
    assert not menu.copy_position.isEnabled()


# --------------------------------------------------------------------- warnings


@pytest.fixture
def warned(visitor: Person) -> Person:
    """A person before a series with five warnings."""
    study = visitor.world.files.studies[STUDY]
    series = replace(study.series[0], warnings=MANY)
    visitor.world.files.studies[STUDY] = replace(study, series=(series,))
    visitor.open_both()
    return visitor


def test_warnings_that_do_not_fit_are_counted_and_a_click_lists_all(warned: Person) -> None:
    content = warned.canvas.content
    assert content.corners.bottom_left[2] == "⚠ 3 more …"
    area = warned.window.slice_panel.warnings.area()
    assert area is not None
    before = warned.session.viewer
    warned.click(warned.canvas, area.center().toPoint())
    dialog = warned.window.findChild(WarningsDialog, "warnings")
    assert isinstance(dialog, WarningsDialog)
    listed = dialog.findChild(QListWidget, "warnings.list")
    assert isinstance(listed, QListWidget)
    assert tuple(listed.item(row).text() for row in range(listed.count())) == MANY
    copy = dialog.findChild(QPushButton, "warnings.copy")
    assert isinstance(copy, QPushButton)
    warned.click(copy)
    assert QGuiApplication.clipboard().text() == "\n".join(MANY)
    dialog.reject()
    assert warned.session.viewer == before


def test_a_click_below_the_warnings_is_one_on_the_slice(warned: Person) -> None:
    area = warned.window.slice_panel.warnings.area()
    assert area is not None
    warned.click(warned.canvas, area.bottomLeft().toPoint() + QPoint(5, 8))
    assert warned.window.findChild(WarningsDialog, "warnings") is None


@pytest.mark.parametrize(("count", "lines"), [(0, 0), (2, 2), (3, 3), (4, 3), (9, 3)])
def test_three_lines_are_what_warnings_get(count: int, lines: int) -> None:
    warnings = tuple(map(str, range(count)))
    told = warning_lines(warnings)
    assert len(told) == lines
    counted = int(told[-1].split()[1]) if count > 3 else 0
    assert count == (len(told) - 1 + counted if count > 3 else len(told))


# ---------------------------------------------------------------- palette and keys


def test_labels_probabilities_and_recent_files_are_in_the_palette(person: Person) -> None:
    person.choose("view.command_palette")
    palette = person.window.findChild(CommandPalette, "command_palette")
    assert isinstance(palette, CommandPalette)
    tree = palette.findChild(QTreeWidget, "command_palette.list")
    assert isinstance(tree, QTreeWidget)
    items = [tree.topLevelItem(row) for row in range(tree.topLevelItemCount())]
    listed = {(item.text(1), item.text(0).removeprefix("✓ ")) for item in items if item}
    assert {("Labels", "CSF"), ("Probability", "Brain"), ("Recent", "tiny.keras")} <= listed
    person.qtbot.keyClicks(palette.line, "Probability Brain")
    person.qtbot.keyClick(palette.line, Qt.Key.Key_Return)
    assert person.session.viewer.probability == 2


def test_tooltips_say_the_keys_in_force(person: Person) -> None:
    stop = person.window.slice_panel.bar.stop
    assert stop.toolTip() == "Stop cine (C)"
    bindings = person.window.bindings
    bindings.change(bindings.bindings.with_keys("slice.cine", ("Ctrl+Alt+C",)))
    shown = QKeySequence("Ctrl+Alt+C").toString(QKeySequence.SequenceFormat.NativeText)
    assert stop.toolTip() == f"Stop cine ({shown})"
    bindings.change(bindings.bindings.with_keys("slice.cine", ()))
    assert stop.toolTip() == "Stop cine"
    set_tip(stop, "Compare\nwith more to say", HOLD)
    bindings.change(bindings.bindings.reset_keys("slice.cine"))
    assert stop.toolTip() == "Compare (B)\nwith more to say"


def test_hands_from_ohif_find_their_windows_on_the_digits(person: Person) -> None:
    bindings = person.window.bindings
    bindings.change(bindings.bindings.choose_preset("ohif"))
    keys = {key: name for name, held in PRESETS["ohif"].keys.items() for key in held}
    assert [keys[digit] for digit in "12345"] == [f"slice.preset_{n}" for n in (3, 5, 2, 4, 1)]
    for digit in "1234569":
        assert bindings.bindings.holders(digit) == (keys[digit],)
