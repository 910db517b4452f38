"""Panels behind tabs: in front, hidden and back, kept for the next start."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QByteArray, QSize, Qt
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import QDockWidget, QTabBar
from pytestqt.qtbot import QtBot
from tests.gui.conftest import Person, World
from tests.unit.fakes import FakeEngine

from unetscope.bootstrap import build
from unetscope.ui.layout import VERSION


def dock(person: Person, name: str) -> QDockWidget:
    return person.find(QDockWidget, name)


def in_front(person: Person, name: str) -> bool:
    """Whether a panel can be seen: those behind a tab are outside the window."""
    panel = dock(person, name)
    return panel.isVisible() and person.window.rect().contains(panel.geometry().center())


def tabs(person: Person) -> list[str]:
    """The panels behind the same tabs as the study."""
    bars = [b for b in person.window.findChildren(QTabBar) if b.parent() is person.window]
    named = [[bar.tabText(i) for i in range(bar.count())] for bar in bars if bar.isVisible()]
    (names,) = (names for names in named if "Study" in names)
    return names


def test_the_study_stands_before_the_input_card_and_the_layers_below_both(person: Person) -> None:
    assert tabs(person)[:2] == ["Study", "Input card"]
    assert in_front(person, "studies")
    assert not in_front(person, "input_card")
    assert in_front(person, "layers")
    left = Qt.DockWidgetArea.LeftDockWidgetArea
    assert person.window.dockWidgetArea(dock(person, "layers")) == left


def test_a_panel_behind_a_tab_has_no_second_title_and_alone_it_has_its_own(
    person: Person, qtbot: QtBot
) -> None:
    qtbot.waitUntil(lambda: dock(person, "studies").titleBarWidget() is not None)
    assert dock(person, "kernel_editor").titleBarWidget() is None
    dock(person, "history").hide()
    dock(person, "input_card").hide()
    qtbot.waitUntil(lambda: dock(person, "studies").titleBarWidget() is None)
    right = Qt.DockWidgetArea.RightDockWidgetArea
    person.window.addDockWidget(right, dock(person, "input_card"))
    dock(person, "input_card").show()
    qtbot.waitUntil(lambda: dock(person, "input_card").titleBarWidget() is None)
    assert dock(person, "studies").titleBarWidget() is None
    person.choose("view.reset_layout")
    qtbot.waitUntil(lambda: dock(person, "studies").titleBarWidget() is not None)
    assert tabs(person)[:2] == ["Study", "Input card"]


@pytest.mark.parametrize("front", ["studies", "input_card"])
def test_the_same_tab_is_in_front_when_the_panels_come_back(
    person: Person, qtbot: QtBot, front: str
) -> None:
    dock(person, front).raise_()
    qtbot.waitUntil(lambda: in_front(person, front))
    person.choose("view.maximise")
    assert not dock(person, front).isVisible()
    person.choose("view.maximise")
    qtbot.waitUntil(lambda: in_front(person, front))


def test_the_same_tab_is_in_front_at_the_next_start(
    person: Person, world: World, qtbot: QtBot
) -> None:
    dock(person, "input_card").raise_()
    qtbot.waitUntil(lambda: in_front(person, "input_card"))
    person.window.close()
    program = build(settings=world.settings, engine=FakeEngine(at_once=True), files=world.files)
    qtbot.addWidget(program.window)
    program.window.show()
    again = Person(program, qtbot, world)
    qtbot.waitUntil(lambda: in_front(again, "input_card"))
    program.window.close()
    program.stop()


def test_a_layout_of_another_version_is_not_restored(
    person: Person, world: World, qtbot: QtBot
) -> None:
    dock(person, "layers").hide()
    old = person.window.saveState(VERSION - 1)
    person.window.close()
    world.settings.setValue("window/state", QByteArray(old))
    program = build(settings=world.settings, engine=FakeEngine(at_once=True), files=world.files)
    qtbot.addWidget(program.window)
    program.window.show()
    assert in_front(Person(program, qtbot, world), "layers")
    program.window.close()
    program.stop()


def test_a_saved_picture_does_not_name_files(
    person: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    person.open(Path("/studies/doe_jane"))
    person.qtbot.waitUntil(lambda: "doe_jane" in person.status())
    said = []
    grab = person.window.grab

    def grabbed() -> QPixmap:
        said.append(person.status())
        return grab()

    monkeypatch.setattr(person.window, "grab", grabbed)
    assert person.window.save_picture(tmp_path / "window.png")
    assert said == [""]
    assert "doe_jane" in person.status()


@pytest.mark.parametrize(
    ("room", "expected"), [((1280, 760), (1280, 760)), ((2560, 1400), (1400, 850))]
)
def test_the_window_is_no_larger_at_first_than_the_screen_has_room_for(
    qtbot: QtBot, world: World, monkeypatch: pytest.MonkeyPatch, room: tuple[int, int],
    expected: tuple[int, int],
) -> None:  # fmt: skip
    monkeypatch.setattr("unetscope.ui.layout.room_for", lambda _: QSize(*room))
    program = build(settings=world.settings, engine=world.engine, files=world.files)
    qtbot.addWidget(program.window)
    program.window.show()
    qtbot.waitUntil(lambda: program.window.size() == QSize(*expected))
    assert program.window.minimumSizeHint().height() <= 700
    program.window.close()
    program.stop()


def test_the_input_card_has_more_room_while_it_is_in_front(person: Person, qtbot: QtBot) -> None:
    before = dock(person, "studies").height()
    dock(person, "input_card").raise_()
    qtbot.waitUntil(lambda: dock(person, "input_card").height() >= before + 100)
    dock(person, "studies").raise_()
    qtbot.waitUntil(lambda: dock(person, "studies").height() <= before + 8)


def test_no_tab_bar_of_an_earlier_layout_lies_over_the_panels(person: Person, qtbot: QtBot) -> None:
    def shown() -> list[list[str]]:
        bars = [b for b in person.window.findChildren(QTabBar) if b.parent() is person.window]
        named = ([bar.tabText(i) for i in range(bar.count())] for bar in bars if bar.isVisible())
        return sorted(names for names in named if names)

    qtbot.waitUntil(lambda: len(shown()) == len({names[0] for names in shown()}))
    before = shown()
    assert len(before) > 3
    for layout in ("radiology", "compare", "inside", "inside"):
        person.choose(f"view.layout_{layout}")
        person.window.resize(person.window.width() + 20, person.window.height())
    qtbot.waitUntil(lambda: shown() == before)
