"""The effect ranking in the window: measured by a button, picked from bars, tested in groups."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication, QComboBox, QLabel, QPushButton
from tests.gui.conftest import LEFT, Person
from tests.unit.fakes import effects_of

from unetscope.domain.ports import Effects
from unetscope.ui import dialogs
from unetscope.ui.widgets.bar_chart import BarChart
from unetscope.ui.widgets.elided_label import ElidedLabel
from unetscope.ui.widgets.score_table import ScoreTable

CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def reader(person: Person) -> Person:
    """Study and model are open, and the ranking is in view."""
    person.window.places.reveal("ranking")
    person.qtbot.waitUntil(person.find(QPushButton, "ranking.measure").isVisible)
    return person


def chart(person: Person) -> BarChart:
    return person.find(BarChart, "ranking.chart")


def at(person: Person, feature_map: int) -> QPoint:
    shown = chart(person)
    bar = shown.bar_at(shown.numbers.index(feature_map))
    return QPoint(int(bar.center().x()), shown.height() // 2)


def pick(person: Person, feature_map: int, keys: Qt.KeyboardModifier) -> None:
    person.qtbot.mouseClick(chart(person), LEFT, keys, at(person, feature_map))


def test_bars_rank_the_maps_and_pick_them(reader: Person) -> None:
    assert "Press Measure" in reader.find(QLabel, "ranking.empty").text()
    reader.press("ranking.measure")
    assert chart(reader).numbers == (3, 2, 1, 0)
    assert chart(reader).values == pytest.approx([-0.3, -0.2, -0.1, 0.0])
    reader.click(chart(reader), at(reader, 2))
    assert reader.session.filter == 2
    pick(reader, 0, CTRL)
    assert reader.session.maps.also == {0}
    pick(reader, 3, SHIFT)
    assert (reader.session.filter, reader.session.maps.also) == (2, frozenset({3}))
    assert reader.find(QPushButton, "ranking.group").text() == "Test 2 maps together"
    reader.key(Qt.Key.Key_Right, chart(reader))
    assert (reader.session.filter, reader.session.maps.also) == (1, frozenset())
    reader.key(Qt.Key.Key_Home, chart(reader))
    assert reader.session.filter == 3
    assert reader.find(QLabel, "ranking.detail").text().startswith("Map 3, rank 1 of 4")


def test_what_is_ranked_by_is_the_order_of_both_galleries(reader: Person) -> None:
    reader.press("ranking.measure")
    reader.pick_in(reader.find(QComboBox, "ranking.by"), "changed pixels")
    assert chart(reader).values.tolist() == [30, 20, 10, 0]
    assert reader.find(QComboBox, "filters.on_class").currentText() == "changed pixels"
    strip = reader.maps.tiles.strip
    assert strip is not None
    assert strip == pytest.approx([0, 1 / 3, 2 / 3, 1])
    assert "bar: changed pixels" in reader.map_view.strip_said
    reader.pick_in(reader.find(QComboBox, "ranking.how"), "to its mean")
    assert reader.find(ElidedLabel, "ranking.note").text() == "measured with maps silenced to 0"
    assert reader.map_view.strip_stale


def test_a_group_is_tested_and_told_in_a_sentence(reader: Person) -> None:
    reader.press("ranking.measure")
    pick(reader, 3, Qt.KeyboardModifier.NoModifier)
    pick(reader, 2, CTRL)
    reader.choose("explain.test_group")
    asked = reader.world.engine.explained[-1]
    assert asked.request.groups[0] == (2, 3)
    assert reader.find(QPushButton, "ranking.group").text() == "Stop the test"
    rows = np.array([[1, 0.5, 0.5], [1, 0.9, 0.9]], np.float32)
    asked.done(
        Effects(
            layer=asked.request.layer,
            changed_pixels=np.zeros(2, np.int64),
            mean_probability_change=np.zeros(2, np.float32),
            dice_with_current=rows,
        )
    )
    told = reader.find(QLabel, "ranking.together").text()
    assert told.startswith("These 2 maps together: mean Dice −0.500; 2 other maps at random: −0.1")


def test_the_keys_measure_and_stop(reader: Person) -> None:
    reader.world.engine.at_once = False
    reader.choose("explain.ranking")
    asked = reader.world.engine.sweeps[-1]
    assert reader.find(QPushButton, "ranking.measure").text() == "Stop"
    assert "Measuring the effect" in reader.frame.busy
    reader.choose("explain.ranking")
    assert asked.cancelled
    assert reader.frame.busy == ""


def test_all_layers_make_a_table_that_leads_to_each(reader: Person) -> None:
    engine = reader.world.engine
    engine.at_once = False
    reader.choose("explain.rank_all")
    answered = 0
    while len(engine.sweeps) > answered:
        asked = engine.sweeps[-1]
        answered = len(engine.sweeps)
        count = reader.network.graph[asked.request.layer].channels or 0
        asked.done(effects_of(asked.request, maps=count, done=count))
    table = reader.find(ScoreTable, "ranking.layers")
    assert not table.isHidden()
    names = [table.item(row, 0).text() for row in range(table.rowCount())]  # type: ignore[union-attr]
    assert len(names) > 1
    other = next(name for name in names if name != reader.session.layer)
    table.cellClicked.emit(names.index(other), 0)
    assert reader.session.layer == other


def test_the_ranking_is_copied_and_saved(
    reader: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader.press("ranking.measure")
    reader.press("ranking.copy")
    assert QApplication.clipboard().text().startswith("rank\tfeature map\tmean Dice")
    path = tmp_path / "effects.csv"
    monkeypatch.setattr(dialogs, "ask_save_table", lambda *_: path)
    reader.press("ranking.save")
    reader.qtbot.waitUntil(path.exists)
    assert path.read_text().startswith("layer,feature map,silenced to,measure,class,change,rank")
