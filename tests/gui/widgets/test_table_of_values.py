"""The short table of names and values."""

from __future__ import annotations

from pytestqt.qtbot import QtBot

from unetscope.ui.widgets.table_of_values import TableOfValues

ROWS = [("this feature map", "+3%"), ("latency", "12 ms")]


def test_reserved_rows_keep_the_height_whatever_is_shown(qtbot: QtBot) -> None:
    table = TableOfValues()
    qtbot.addWidget(table)
    table.reserve(4)
    table.show_rows(ROWS)
    with_two = table.minimumSizeHint().height()
    table.show_rows([*ROWS, *ROWS])
    assert table.minimumSizeHint().height() == with_two
    table.show_rows(ROWS)
    assert table.text() == "this feature map: +3%\nlatency: 12 ms"
