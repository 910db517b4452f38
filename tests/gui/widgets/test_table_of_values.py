"""The short table of names and values."""

from __future__ import annotations

from pytestqt.qtbot import QtBot

from unetscope.ui.widgets.table_of_values import TableOfValues

ROWS = [("this feature map", "+3%"), ("latency", "12 ms")]


def test_reserved_room_is_the_same_whatever_is_shown(qtbot: QtBot) -> None:
    table = TableOfValues()
    qtbot.addWidget(table)
    table.reserve(4, "a name that is long and a value")
    table.show_rows(ROWS)
    height, width = table.minimumSizeHint().height(), table.minimumWidth()
    table.show_rows([*ROWS, ("a name that is very much longer than the others", "9"), ROWS[1]])
    assert (table.minimumSizeHint().height(), table.minimumWidth()) == (height, width)
    assert table.minimumSizeHint().width() < width  # long names are cut
    table.show_rows(ROWS)
    assert table.text() == "this feature map: +3%\nlatency: 12 ms"
