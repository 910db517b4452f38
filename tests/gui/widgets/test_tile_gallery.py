from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import QColor, QHelpEvent
from PySide6.QtWidgets import QApplication, QToolTip

from unetscope.ui import theme
from unetscope.ui.colours import DIVERGING
from unetscope.ui.widgets import tile_gallery
from unetscope.ui.widgets.tile_gallery import TileGallery
from unetscope.ui.widgets.tile_layout import TileLayout
from unetscope.ui.widgets.tile_set import TileSet, fitted_size, mosaic, resized

LEFT = Qt.MouseButton.LeftButton
Floats = NDArray[np.float32]


def ramp(count: int, size: int = 3) -> Floats:
    """Tiles of one value each, from 0 to 1."""
    level = np.linspace(0.0, 1.0, count, dtype=np.float32)
    return np.broadcast_to(level[:, None, None], (count, size, size)).copy()


@pytest.fixture
def gallery(qtbot: Any) -> TileGallery:
    widget = TileGallery()
    qtbot.addWidget(widget)
    widget.resize(300, 200)
    widget.tile_size = 40
    widget.show_tiles(TileSet(values=ramp(100)))
    widget.show()
    qtbot.waitExposed(widget)
    return widget


def record(signal: Any) -> list[Any]:
    seen: list[Any] = []
    signal.connect(lambda *values: seen.append(values if len(values) != 1 else values[0]))
    return seen


def colour_of(gallery: TileGallery, index: int) -> QColor:
    at = gallery.tile_rect(index).center() + QPoint(6, 6)  # beside the label
    return gallery.viewport().grab().toImage().pixelColor(at)


def test_each_tile_is_where_it_says_and_has_its_colour(gallery: TileGallery) -> None:
    for index in (0, 5, 11):
        assert colour_of(gallery, index).red() == pytest.approx(index / 99 * 255, abs=1)
        assert gallery.index_at(gallery.tile_rect(index).center()) == index


def test_a_tile_far_down_is_drawn_when_scrolled_to(gallery: TileGallery) -> None:
    gallery.reveal(99)
    assert colour_of(gallery, 99).red() == 255
    assert gallery.visible_range()[1] == 100


def test_each_tile_can_have_limits_of_its_own(gallery: TileGallery) -> None:
    limits = np.array([[0.0, 0.5]] * 99 + [[0.0, 2.0]], np.float32)
    gallery.show_tiles(TileSet(values=ramp(100), limits=limits))
    assert colour_of(gallery, 10).red() == pytest.approx(10 / 99 * 2 * 255, abs=1)
    gallery.reveal(99)
    assert colour_of(gallery, 99).red() == pytest.approx(128, abs=1)


def test_kernels_are_sharp_and_maps_are_smooth(gallery: TileGallery) -> None:
    step = np.zeros((1, 2, 2), np.float32)
    step[:, :, 1] = 1.0
    for smooth, shades in ((False, 2), (True, 12)):
        gallery.show_tiles(TileSet(values=step, smooth=smooth, labels=[""]))
        picture = gallery.viewport().grab().toImage()
        rect = gallery.tile_rect(0)
        row = {picture.pixelColor(x, rect.center().y()).red() for x in range(rect.left(), 40)}
        assert (len(row) <= shades) if not smooth else (len(row) > shades)


def test_only_the_tiles_in_view_are_fetched(gallery: TileGallery) -> None:
    asked: list[tuple[int, int]] = []

    class Many:
        def __len__(self) -> int:
            return 262_144

        def tiles(self, start: int, stop: int) -> Floats:
            asked.append((start, stop))
            return np.zeros((stop - start, 3, 3), np.float32)

    gallery.show_tiles(TileSet(values=Many(), limits=(-1.0, 1.0), lut=DIVERGING))
    gallery.viewport().repaint()
    gallery.verticalScrollBar().setValue(gallery.verticalScrollBar().maximum())
    gallery.viewport().repaint()
    assert asked[-1][1] == 262_144
    assert max(stop - start for start, stop in asked) <= 60


def test_nothing_is_computed_again_for_a_hover(gallery: TileGallery, qtbot: Any) -> None:
    asked = []

    class Counted:
        def __len__(self) -> int:
            return 9

        def tiles(self, start: int, stop: int) -> Floats:
            asked.append(start)
            return np.zeros((stop - start, 3, 3), np.float32)

    gallery.show_tiles(TileSet(values=Counted()))
    gallery.viewport().repaint()
    before = len(asked)
    for index in (1, 3, 5):
        qtbot.mouseMove(gallery.viewport(), gallery.tile_rect(index).center())
        gallery.viewport().repaint()
    assert len(asked) == before


def test_new_values_keep_the_scroll_position(gallery: TileGallery) -> None:
    gallery.verticalScrollBar().setValue(150)
    gallery.show_tiles(TileSet(values=1.0 - ramp(100)))
    assert gallery.verticalScrollBar().value() == 150
    gallery.show_tiles(TileSet(values=ramp(90)))
    assert gallery.verticalScrollBar().value() == 0


def test_a_click_selects_and_showing_does_not_report(gallery: TileGallery, qtbot: Any) -> None:
    chosen = record(gallery.selected_changed)
    qtbot.mouseClick(gallery.viewport(), LEFT, pos=gallery.tile_rect(7).center())
    assert chosen == [7]
    assert gallery.selected == 7
    gallery.show_tiles(TileSet(values=ramp(100), selected=3))
    gallery.set_selected(60)
    assert chosen == [7]
    first, last = gallery.visible_range()
    assert first <= 60 < last


def test_a_click_between_tiles_selects_nothing(gallery: TileGallery, qtbot: Any) -> None:
    chosen = record(gallery.selected_changed)
    between = gallery.tile_rect(0).bottomRight() + QPoint(3, 3)
    qtbot.mouseClick(gallery.viewport(), LEFT, pos=between)
    assert chosen == []


def test_keys_travel(gallery: TileGallery, qtbot: Any) -> None:
    gallery.set_selected(0)
    columns = gallery.index_at(QPoint(10, gallery.tile_rect(0).bottom() + 20))
    chosen = record(gallery.selected_changed)
    for key in (
        Qt.Key.Key_Left,
        Qt.Key.Key_Right,
        Qt.Key.Key_Down,
        Qt.Key.Key_Up,
        Qt.Key.Key_End,
        Qt.Key.Key_Right,
        Qt.Key.Key_PageUp,
        Qt.Key.Key_Home,
        Qt.Key.Key_PageDown,
    ):
        qtbot.keyClick(gallery, key)
    assert chosen[:5] == [1, 1 + columns, 1, 99, chosen[4]]
    assert chosen[5] == 0
    assert 0 < chosen[6] < 99
    first, last = gallery.visible_range()
    assert first <= chosen[-1] < last


def test_the_first_key_selects_what_is_in_view(gallery: TileGallery, qtbot: Any) -> None:
    qtbot.keyClick(gallery, Qt.Key.Key_Right)
    assert gallery.selected == 0


def test_enter_and_a_double_click_activate(gallery: TileGallery, qtbot: Any) -> None:
    opened = record(gallery.activated)
    gallery.set_selected(4)
    qtbot.keyClick(gallery, Qt.Key.Key_Return)
    at = gallery.tile_rect(6).center()
    qtbot.mouseDClick(gallery.viewport(), LEFT, pos=at)
    assert opened == [4, 6]


def test_hover_is_told_with_each_tile_and_at_the_end(gallery: TileGallery, qtbot: Any) -> None:
    over = record(gallery.hovered)
    qtbot.mouseMove(gallery.viewport(), gallery.tile_rect(1).center())
    qtbot.mouseMove(gallery.viewport(), gallery.tile_rect(2).center())
    QApplication.sendEvent(gallery.viewport(), QEvent(QEvent.Type.Leave))
    assert over == [1, 2, -1]


def ask_tooltip(gallery: TileGallery, index: int) -> None:
    at = gallery.tile_rect(index).center()
    where = gallery.viewport().mapToGlobal(at)
    QApplication.sendEvent(gallery.viewport(), QHelpEvent(QEvent.Type.ToolTip, at, where))


@pytest.mark.qt_log_ignore("does not support raise", extend=True)
def test_the_tooltip_is_asked_for(gallery: TileGallery, qtbot: Any) -> None:
    gallery.set_tooltip(lambda index: f"filter {index}")
    ask_tooltip(gallery, 8)
    assert QToolTip.text() == "filter 8"
    QToolTip.hideText()
    qtbot.waitUntil(lambda: not QToolTip.isVisible())


def test_a_tooltip_that_fails_does_not_end_the_program(
    gallery: TileGallery, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[type[BaseException]] = []
    monkeypatch.setattr("sys.excepthook", lambda kind, *rest: told.append(kind))
    gallery.set_tooltip(lambda index: str(1 // 0))
    ask_tooltip(gallery, 8)
    assert told == [ZeroDivisionError]


def test_tiles_that_fail_leave_no_painter_open(gallery: TileGallery, qtbot: Any) -> None:
    class Broken:
        def __len__(self) -> int:
            return 9

        def tiles(self, start: int, stop: int) -> Floats:
            raise RuntimeError("the engine is gone")

    with qtbot.captureExceptions() as raised:
        gallery.show_tiles(TileSet(values=Broken()))
        gallery.viewport().repaint()
        gallery.show_tiles(TileSet(values=ramp(9)))
        gallery.viewport().repaint()
    assert {kind for kind, *_ in raised} == {RuntimeError}
    assert colour_of(gallery, 8).red() == 255


def test_ctrl_and_the_wheel_change_the_size(gallery: TileGallery, wheel: Any) -> None:
    sizes = record(gallery.tile_size_changed)
    at = QPoint(50, 50)
    wheel(gallery.viewport(), at, 1, Qt.KeyboardModifier.ControlModifier)
    assert sizes[-1] > 40
    wheel(gallery.viewport(), at, -40, Qt.KeyboardModifier.ControlModifier)
    assert gallery.tile_size == 12
    assert not gallery.grab().isNull()


def test_the_wheel_scrolls(gallery: TileGallery, wheel: Any) -> None:
    seen = record(gallery.visible_changed)
    wheel(gallery.viewport(), QPoint(50, 50), -1)
    assert gallery.verticalScrollBar().value() > 0
    wheel(gallery.viewport(), QPoint(50, 50), -9)
    assert seen
    assert seen[-1] == gallery.visible_range()


def test_a_bar_shows_a_share(gallery: TileGallery) -> None:
    share = np.full(100, 0.5)
    gallery.show_tiles(TileSet(values=ramp(100), strip=share))
    picture = gallery.viewport().grab().toImage()
    rect = gallery.tile_rect(3)
    y = rect.bottom() + 4
    assert picture.pixelColor(rect.left() + 2, y).name() == theme.current().ok
    assert picture.pixelColor(rect.right() - 2, y).name() == theme.current().border


@pytest.mark.parametrize("size", [20, 60])
def test_marks_are_seen_at_every_size(gallery: TileGallery, size: int) -> None:
    gallery.tile_size = size
    white = np.ones((9, 3, 3), np.float32)
    marks = {2: "edited", 4: "dead"}
    gallery.show_tiles(TileSet(values=white, marks=marks, labels=[""] * 9))
    picture = gallery.viewport().grab().toImage()

    def shades(index: int) -> int:
        rect = gallery.tile_rect(index)
        inside = (
            picture.pixelColor(x, y).name()
            for x in range(rect.left(), rect.right() + 1)
            for y in range(rect.top(), rect.bottom() + 1)
        )
        return len(set(inside))

    assert shades(0) == 1
    assert shades(2) > 2
    assert shades(4) > 2


def test_an_empty_gallery_says_why(gallery: TileGallery, qtbot: Any) -> None:
    gallery.show_message("Open a model.")
    qtbot.keyClick(gallery, Qt.Key.Key_Down)
    assert gallery.selected is None
    assert gallery.visible_range() == (0, 0)
    assert not gallery.grab().isNull()


def test_the_colours_follow_the_theme(gallery: TileGallery, qapp: QApplication) -> None:
    gallery.grab()
    theme.apply_theme(qapp, theme.LIGHT)
    corner = gallery.viewport().grab().toImage().pixelColor(2, 2)
    assert corner.name() == theme.LIGHT.panel


@pytest.mark.parametrize("width", range(200, 330, 7))
def test_a_scroll_bar_that_comes_and_goes_moves_no_tile(gallery: TileGallery, width: int) -> None:
    gallery.resize(width, 200)
    gallery.show_tiles(TileSet(values=ramp(100)))
    with_bar = gallery.tile_rect(1)
    gallery.show_tiles(TileSet(values=ramp(12)))
    gallery.grab()
    assert gallery.tile_rect(1) == with_bar


def test_rows_fill_the_width_and_few_tiles_do_not_grow() -> None:
    full = TileLayout(count=100, wanted=40, width=300, height=200, strips=False)
    assert full.columns * (full.edge + 6) - 6 + 14 == pytest.approx(300, abs=full.columns)
    few = TileLayout(count=2, wanted=40, width=300, height=200, strips=False)
    assert few.edge == 40


def test_tiles_keep_their_shape() -> None:
    assert fitted_size(10, 20, 40) == (20, 40)
    assert fitted_size(20, 10, 40) == (40, 20)
    assert fitted_size(10, 10, 40, aspect=2.0) == (40, 20)
    assert fitted_size(1, 500, 40) == (1, 40)


def test_a_smaller_tile_keeps_its_mean_and_a_larger_one_its_ends() -> None:
    tiles = np.random.default_rng(2).random((3, 64, 64)).astype(np.float32)
    assert resized(tiles, 16, 16).mean() == pytest.approx(tiles.mean(), abs=1e-3)
    line = np.arange(4, dtype=np.float32).reshape(1, 1, 4)
    wide = resized(line, 1, 16)[0, 0]
    assert (wide[0], wide[-1]) == (0.0, 3.0)
    assert np.all(np.diff(wide) >= 0)


class TestTouchingUp:
    """Only the tiles that changed are drawn again, and the picture is as if all had been."""

    @pytest.fixture
    def drawn(self, monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
        """The runs of tiles that were made into pictures."""
        runs: list[tuple[int, int]] = []

        def spy(tiles: TileSet, start: int, stop: int, *rest: Any, **more: Any) -> Any:
            runs.append((start, stop))
            return mosaic(tiles, start, stop, *rest, **more)

        monkeypatch.setattr(tile_gallery, "mosaic", spy)
        return runs

    def shown(self, gallery: TileGallery) -> Any:
        return gallery.viewport().grab().toImage()

    def test_one_changed_tile(self, gallery: TileGallery, drawn: list[tuple[int, int]]) -> None:
        before = self.shown(gallery)
        values = ramp(100)
        values[7] = 0.9
        drawn.clear()
        gallery.show_tiles(TileSet(values=values, marks={7: "edited"}))
        touched = self.shown(gallery)
        assert drawn == [(7, 8)]
        gallery.show_message("")
        gallery.show_tiles(TileSet(values=values, marks={7: "edited"}))
        assert self.shown(gallery) == touched
        assert touched != before

    def test_no_changed_tile(self, gallery: TileGallery, drawn: list[tuple[int, int]]) -> None:
        before = self.shown(gallery)
        drawn.clear()
        gallery.show_tiles(TileSet(values=ramp(100)))
        assert self.shown(gallery) == before
        assert drawn == []

    def test_tiles_out_of_view(self, gallery: TileGallery, drawn: list[tuple[int, int]]) -> None:
        self.shown(gallery)
        values = ramp(100)
        values[99] = 0.0
        drawn.clear()
        gallery.show_tiles(TileSet(values=values))
        assert drawn == []
        gallery.reveal(99)
        assert colour_of(gallery, 99).red() == 0

    @pytest.mark.parametrize(
        "change",
        [{"lut": DIVERGING}, {"limits": (0.0, 2.0)}, {"smooth": True}, {"aspect": 2.0}],
        ids=["lut", "limits", "smooth", "aspect"],
    )
    def test_another_look_of_all(self, gallery: TileGallery, change: dict[str, Any]) -> None:
        values = np.random.default_rng(0).random((100, 3, 3), np.float32)
        gallery.show_tiles(TileSet(values=values))
        before = self.shown(gallery)
        gallery.show_tiles(TileSet(values=values, **change))
        after = self.shown(gallery)
        assert after != before
        gallery.show_message("")
        gallery.show_tiles(TileSet(values=values, **change))
        assert self.shown(gallery) == after

    def test_limits_of_one_tile(self, gallery: TileGallery, drawn: list[tuple[int, int]]) -> None:
        limits = np.tile(np.array([0.0, 1.0], np.float32), (100, 1))
        gallery.show_tiles(TileSet(values=ramp(100), limits=limits))
        self.shown(gallery)
        limits = limits.copy()
        limits[5, 1] = 0.5
        drawn.clear()
        gallery.show_tiles(TileSet(values=ramp(100), limits=limits))
        assert drawn == [(5, 6)]
        assert colour_of(gallery, 5).red() == pytest.approx(5 / 99 * 510, abs=1)

    def test_the_theme_changed_between(self, gallery: TileGallery, qapp: QApplication) -> None:
        self.shown(gallery)
        theme.apply_theme(qapp, theme.LIGHT)
        values = ramp(100)
        values[7] = 0.9
        gallery.show_tiles(TileSet(values=values))
        touched = self.shown(gallery)
        gallery.show_message("")
        gallery.show_tiles(TileSet(values=values))
        assert self.shown(gallery) == touched
