"""Feature maps in the window: linked places, overlay, several at once, the series."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import (
    QApplication,
    QComboBox,
    QFileDialog,
    QInputDialog,
    QMenu,
    QPushButton,
)
from tests.gui.conftest import LEFT, MODEL, NONE, STUDY, Person
from tests.unit.fakes import FakeSeries, FakeStudy, stated_unet

from unetscope.domain.ports import LayerLook
from unetscope.ui.slice_overlay import SliceOverlay
from unetscope.ui.widgets.map_canvas import MapCanvas
from unetscope.ui.widgets.map_tiles import MapTiles
from unetscope.ui.widgets.picture_strip import PictureStrip
from unetscope.ui.widgets.slice_curve import SliceCurve

KEYS = Qt.Key
CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
SPOT = (2, 5)  # row and column of the only bright pixel


@pytest.fixture
def looker(visitor: Person) -> Person:
    """A person before slices that are dark but for one pixel, brighter from slice to slice."""
    volume = np.zeros((6, 8, 8), np.float32)
    volume[:, SPOT[0], SPOT[1]] = np.arange(1, 7)
    visitor.world.files.studies[STUDY] = FakeStudy((FakeSeries(volume=volume),))
    visitor.world.files.networks[MODEL] = stated_unet()
    visitor.open_both()
    return visitor


def large(person: Person) -> MapCanvas:
    return person.find(MapCanvas, "feature_map.view")


def overlay(person: Person) -> SliceOverlay:
    return person.find(SliceOverlay, "slice_overlay")


def on_slice(person: Person, row: float, column: float) -> QPoint:
    """Where a point of the slice, in pixel edges, is on the canvas."""
    view = person.canvas.view
    assert view is not None
    x, y = view.to_screen(row, column)
    return QPoint(round(x), round(y))


def hover_map(person: Person, row: int, column: int) -> None:
    person.qtbot.mouseMove(large(person), large(person).cell_rect((row, column)).center().toPoint())


# --------------------------------------------------------------------- linked


def test_the_mouse_over_the_slice_marks_the_pixel_of_the_map_and_tells_its_value(
    looker: Person,
) -> None:
    looker.qtbot.mouseMove(looker.canvas, on_slice(looker, SPOT[0] + 0.5, SPOT[1] + 0.5))
    assert large(looker).marks == (SPOT, None)
    assert "at cursor 4" in looker.window.feature_map_panel.numbers.text()
    looker.qtbot.mouseMove(looker.canvas, QPoint(1, 1))
    assert large(looker).marks == (None, None)


def test_the_mouse_over_the_map_draws_its_receptive_field_on_the_slice(looker: Person) -> None:
    assert not overlay(looker).isVisible()
    hover_map(looker, 3, 4)
    view = overlay(looker).view
    assert overlay(looker).isVisible()
    assert view.box == (2.0, 3.0, 3.0, 3.0)
    assert view.box_text == "receptive field 3×3 px · 1.5 mm"
    before = looker.canvas.grab().toImage()
    hover_map(looker, 6, 1)
    corner = on_slice(looker, 2.0, 3.0)
    assert looker.canvas.grab().toImage().pixelColor(corner) != before.pixelColor(corner)


def test_a_click_on_the_map_keeps_its_pixel_marked(looker: Person) -> None:
    at = large(looker).cell_rect((3, 4)).center().toPoint()
    looker.qtbot.mouseClick(large(looker), LEFT, NONE, at)
    assert looker.session.maps.cell == (3, 4)
    assert overlay(looker).view.pixel == (3.0, 4.0, 1.0, 1.0)
    looker.qtbot.mouseClick(large(looker), LEFT, NONE, at)
    assert looker.session.maps.cell is None


# -------------------------------------------------------------------- overlay


def test_the_overlay_puts_the_response_to_an_impulse_on_the_impulse(looker: Person) -> None:
    looker.choose("map.overlay")
    heat = overlay(looker).view.heat
    assert heat is not None
    assert np.argwhere(heat > 0).tolist() == [list(SPOT)]
    shown = looker.canvas.grab().toImage()
    bright, dark = (
        shown.pixelColor(on_slice(looker, row + 0.5, column + 0.5))
        for row, column in (SPOT, (6, 2))
    )
    assert bright.saturation() > 60  # in the colours of the map
    assert dark.saturation() < 20  # below the threshold the slice is as it was
    looker.choose("map.overlay")
    assert not overlay(looker).isVisible()


def test_the_key_of_the_overlay_and_its_sliders(looker: Person) -> None:
    panel = looker.window.feature_map_panel
    assert not panel.opacity.isVisible()
    looker.key(KEYS.Key_M, looker.canvas, SHIFT)
    assert looker.session.maps.overlay
    assert panel.overlay.isChecked()
    panel.opacity.setValue(30)
    panel.threshold.setValue(0)
    view = overlay(looker).view
    assert (view.opacity, view.threshold) == (0.3, 0.0)
    looker.click(panel.overlay, QPoint(8, panel.overlay.height() // 2))
    assert not looker.session.maps.overlay


# ------------------------------------------------------------------ large map


def test_the_map_is_zoomed_moved_and_windowed_as_the_slice_is(looker: Person) -> None:
    canvas = large(looker)
    middle = canvas.rect().center()
    looker.wheel(canvas, middle, 4, CTRL)
    assert canvas.zoom > 1.5
    before = canvas.map_rect()
    assert before.contains(middle)
    looker.qtbot.mouseDClick(canvas, LEFT, NONE, middle)
    assert canvas.zoom == 1.0
    looker.drag(canvas, [middle, middle + QPoint(20, 0), middle + QPoint(60, 0)])
    assert looker.session.maps.window is not None
    reset = looker.find(QPushButton, "feature_map.reset_window")
    assert reset.isVisible()
    looker.click(reset)
    assert looker.session.maps.window is None
    looker.wheel(canvas, middle, -1)
    assert looker.session.filter == 1  # the wheel goes to the next map


# ------------------------------------------------------------- several at once


def tile(person: Person, index: int, held: Qt.KeyboardModifier = NONE) -> None:
    at = person.maps.tile_rect(index).center()
    person.qtbot.mouseClick(person.maps.viewport(), LEFT, held, at)


def test_several_maps_are_silenced_by_one_key_and_come_back_by_one_undo(looker: Person) -> None:
    tile(looker, 0)
    tile(looker, 2, CTRL)
    tile(looker, 3, CTRL)
    gallery = looker.find(MapTiles, "feature_maps.gallery")
    assert gallery.also == {2, 3}
    looker.key(KEYS.Key_Delete, gallery)
    assert looker.steps == ["silenced 3 maps of enc"]
    assert dict(gallery.tiles.marks) == dict.fromkeys((0, 2, 3), "silenced")
    looker.choose("edit.undo")
    assert not gallery.tiles.marks
    tile(looker, 1)
    tile(looker, 3, SHIFT)
    assert gallery.also == {2, 3}
    looker.key(KEYS.Key_Delete, gallery, SHIFT)
    assert set(gallery.tiles.marks.values()) == {"mean"}
    looker.key(KEYS.Key_Backspace, gallery)
    assert not looker.session.edits
    tile(looker, 1)
    assert gallery.also == frozenset()


def test_all_maps_are_selected_with_the_usual_key(looker: Person) -> None:
    looker.key(KEYS.Key_A, looker.maps, CTRL)
    assert looker.find(MapTiles, "feature_maps.gallery").also == {1, 2, 3}


def test_forcing_and_scaling_ask_for_a_number(
    looker: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(QInputDialog, "getDouble", lambda *_: (2.5, True))
    looker.choose("map.force")
    assert dict(looker.maps.tiles.marks) == {0: "= 2.5"}
    looker.choose("map.scale")
    assert dict(looker.maps.tiles.marks) == {0: "×2.5"}
    assert "×2.5" in looker.window.feature_map_panel.windowTitle()
    monkeypatch.setattr(QInputDialog, "getDouble", lambda *_: (0.0, False))
    looker.choose("map.scale")
    assert len(looker.steps) == 2
    looker.choose("map.bring_back")
    assert not looker.maps.tiles.marks


def test_the_menu_of_the_map_says_what_it_acts_on_and_does_it(
    looker: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(QMenu, "popup", lambda *_: None)
    tile(looker, 2)
    tile(looker, 3, CTRL)
    at = large(looker).cell_rect((3, 4)).center().toPoint()
    looker.qtbot.mouseClick(large(looker), Qt.MouseButton.RightButton, NONE, at)
    menu = looker.find(QMenu, "map_menu")
    texts = [action.text() for action in menu.actions()]
    assert texts[0].startswith("Silence 2 maps")
    assert "Feature map on slice" in texts
    assert not menu.actions()[4].isEnabled()  # nothing to bring back
    menu.actions()[0].trigger()
    assert looker.steps == ["silenced 2 maps of enc"]


# ---------------------------------------------------------------- the gallery


def test_maps_are_sorted_and_a_click_selects_the_map_on_the_tile(looker: Person) -> None:
    looker.pick_in(looker.find(QComboBox, "feature_maps.order"), "by mean")
    looker.qtbot.waitUntil(lambda: looker.maps.tiles.labels == ("3", "2", "1", "0"))
    tile(looker, 1)
    assert looker.session.filter == 2
    assert looker.maps.selected == 1
    looker.key(KEYS.Key_Right, looker.maps)
    assert looker.session.filter == 1


def test_trained_edited_and_difference_are_chosen_beside_the_gallery(looker: Person) -> None:
    box = looker.find(QComboBox, "feature_maps.version")
    looker.pick_recipe("Sobel x")
    looker.wait()
    looker.pick_in(box, "difference")
    assert (looker.feature_map(0) == 1).all()  # the fake engine adds 1 for every edit
    looker.pick_in(box, "trained")
    assert looker.feature_map(0)[SPOT] == 4
    assert looker.feature_map(0).sum() == 4


def test_a_volume_has_a_box_for_its_planes(looker: Person) -> None:
    looker.world.engine.at_once = False
    looker.pick_layer("dec")
    values = np.arange(3 * 4 * 5 * 2, dtype=np.float32).reshape(3, 4, 5, 2)
    looker.world.engine.answer(maps=LayerLook(layer="dec", edited=values, trained=values))
    plane = looker.window.maps_panel.plane
    assert plane.isVisible()
    looker.key(KEYS.Key_Up, plane)
    assert np.array_equal(looker.feature_map(1), values[1, ..., 1])


# ---------------------------------------------------------------- the series


def test_the_strongest_slices_are_found_and_a_click_goes_there(looker: Person) -> None:
    strip = looker.find(PictureStrip, "feature_map.strongest")
    assert not strip.pictures
    looker.press("feature_map.find")
    looker.qtbot.waitUntil(lambda: len(strip.pictures) == 6)
    looker.qtbot.waitUntil(lambda: all(each.grey is not None for each in strip.pictures))
    assert [each.caption for each in strip.pictures][:2] == ["6: 6", "5: 5"]
    at = strip.picture_rect(1).center().toPoint()
    looker.qtbot.mouseClick(strip, LEFT, NONE, at)
    assert looker.session.slice_index == 4
    assert looker.session.maps.cell == SPOT
    looker.wait()
    assert large(looker).marks[1] == SPOT
    curve = looker.find(SliceCurve, "map_series.curve")
    assert curve.values.tolist() == [1, 2, 3, 4, 5, 6]
    patches = looker.find(PictureStrip, "map_series.patches")
    assert len(patches.pictures) == 6


# ---------------------------------------------------------------------- files


def test_the_map_is_saved_as_picture_and_as_numbers(
    looker: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    proposed: list[str] = []

    def where(_parent: object, _title: str, name: str, _filter: str) -> tuple[str, str]:
        proposed.append(name)
        return str(tmp_path / name), ""

    monkeypatch.setattr(QFileDialog, "getSaveFileName", where)
    looker.choose("map.save_picture")
    looker.qtbot.waitUntil(lambda: (tmp_path / "enc_map_0.png").exists())
    looker.choose("map.save_statistics")
    looker.qtbot.waitUntil(lambda: (tmp_path / "enc_maps.csv").exists())
    looker.choose("map.save_array")
    looker.qtbot.waitUntil(lambda: bool(looker.world.files.arrays))
    assert proposed == ["enc_map_0.png", "enc_maps.csv", "enc_map_0.npy"]
    looker.choose("map.copy_statistics")
    assert "maximum\t4" in QApplication.clipboard().text()
