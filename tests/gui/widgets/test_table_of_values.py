"""The short table of names and values."""

from __future__ import annotations

from pytestqt.qtbot import QtBot

from unetscope.ui.widgets.table_of_values import TableOfValues

ROWS = [("this feature map", "+3%"), ("latency", "12 ms")]


def test_reserved_rows_keep_the_size_whatever_is_shown(qtbot: QtBot) -> None:
    table = TableOfValues()
    qtbot.addWidget(table)
    table.reserve(4, "a name that is long", "and a value that is longer")
    table.show_rows(ROWS)
    with_two = table.minimumSizeHint()
    table.show_rows([*ROWS, ("a name that is long", "and a value that is longer"), ROWS[1]])
    assert table.minimumSizeHint() == with_two
    table.show_rows(ROWS)
    assert table.text() == "this feature map: +3%\nlatency: 12 ms"
