"""The table of scores: all columns where there is room, pairs above each other where not."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from unetscope.ui.widgets.score_table import LEAST, SHARE, WIDE, Line, ScoreTable

HEADS = (("", "the class"), ("Dice", "overlap"), ("IoU", "overlap too"), ("mL", "volume"))
LINES = (
    Line(("Whole series",), heading=True),
    Line(("Grey matter", "0.911", "0.837", "970"), ("Grey", "a", "b", "c"), "#3d8fd1", 0.911),
    Line(("trained", "0.9", "0.8", "965"), muted=True),
)


@pytest.fixture
def table(qtbot: QtBot) -> ScoreTable:
    table = ScoreTable(len(HEADS), 1, ((1, 2),))
    qtbot.addWidget(table)
    table.show_heads(HEADS)
    table.show_lines(LINES)
    table.resize(WIDE + 200, 200)
    table.show()
    return table


def cell(table: ScoreTable, row: int, column: int) -> tuple[str, str]:
    item = table.item(row, column)
    assert item is not None
    return item.text(), item.toolTip()


def head(table: ScoreTable, column: int) -> str:
    item = table.horizontalHeaderItem(column)
    assert item is not None
    return item.text()


def test_all_columns_stand_beside_each_other_where_there_is_room(table: ScoreTable) -> None:
    assert not table.stacked
    assert [cell(table, 1, column)[0] for column in range(4)] == list(LINES[1].texts)
    assert [head(table, column) for column in range(4)] == ["", "Dice", "IoU", "mL"]
    item = table.item(1, 1)
    assert item is not None
    assert item.data(SHARE) == pytest.approx(0.911)
    assert table.columnSpan(0, 0) == 4
    assert table.columnSpan(1, 0) == 1
    wide = sum(table.columnWidth(column) for column in range(4))
    assert wide == table.viewport().width()


def test_in_a_narrow_one_pairs_stand_above_each_other(table: ScoreTable) -> None:
    high = table.rowHeight(1)
    table.resize(WIDE - 100, 200)
    assert table.stacked
    assert cell(table, 1, 1) == ("0.911\n0.837", "a\nb")
    assert cell(table, 0, 0)[0] == "Whole series"
    assert head(table, 1) == "Dice\nIoU"
    assert table.isColumnHidden(2)
    assert table.rowHeight(1) > high
    assert table.columnWidth(0) >= LEAST
    table.resize(WIDE + 100, 200)
    assert not table.stacked
    assert not table.isColumnHidden(2)
    assert cell(table, 1, 1) == ("0.911", "a")
    assert head(table, 1) == "Dice"


def test_rows_that_come_and_go_leave_nothing_behind(table: ScoreTable) -> None:
    table.show_lines([Line(("One", "1", "1", "1")), Line(("Below",), heading=True)])
    assert table.rowCount() == 2
    assert table.columnSpan(0, 0) == 1
    assert table.columnSpan(1, 0) == 4
    assert cell(table, 1, 1)[0] == ""
    assert not table.grab().isNull()  # the bar is painted, and no bar where there is none
