"""The filter gallery in the window."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QComboBox, QMenu, QPushButton, QSpinBox, QTableView, QToolButton
from tests.gui.conftest import Person
from tests.unit.fakes import effects_of, kinds_network, unet

from unetscope.ui import filter_files
from unetscope.ui.widgets.kernel_matrix import KernelMatrix

KEYS = Qt.Key


def shown(person: Person) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """All kernels in the filter gallery."""
    tiles = person.filters.tiles
    return np.array(tiles.tiles(0, len(tiles)))


def mode(person: Person) -> QComboBox:
    return person.find(QComboBox, "filters.mode")


def in_channel(person: Person) -> QSpinBox:
    return person.find(QSpinBox, "filters.in_channel")


# ------------------------------------------------------------------ filters


def test_the_gallery_shows_every_filter_of_the_layer(person: Person) -> None:
    person.pick_layer("mid")
    kernels = person.session.weights()[0]
    assert np.array_equal(shown(person), np.moveaxis(kernels[:, :, 0], -1, 0))
    assert person.filters.selected == 0
    assert "6 filters × 4 in" in person.window.filters_panel.caption.text()


def test_a_click_selects_a_filter(person: Person) -> None:
    person.pick_filter(3)
    assert person.session.filter == 3
    assert np.array_equal(person.values(), person.session.weights()[0][:, :, 0, 3])


def test_the_arrow_keys_travel_through_filters_and_do_not_scroll_slices(person: Person) -> None:
    slice_index = person.session.slice_index
    for key, expected in (
        (KEYS.Key_Right, 1),
        (KEYS.Key_End, 3),
        (KEYS.Key_Left, 2),
        (KEYS.Key_Home, 0),
        (KEYS.Key_Left, 0),
    ):
        person.key(key, person.filters)
        assert person.session.filter == expected
        assert person.filters.selected == expected
    assert person.session.slice_index == slice_index


def test_the_gallery_of_inputs_shows_one_filter_over_all_inputs(person: Person) -> None:
    person.pick_layer("mid")
    person.pick_filter(2)
    person.pick_in(mode(person), "all inputs")
    kernels = person.session.weights()[0]
    assert np.array_equal(shown(person), np.moveaxis(kernels[..., 2], -1, 0))
    assert not in_channel(person).isEnabled()

    person.pick_filter(3)  # the fourth tile: now an input channel
    assert (person.session.filter, person.session.in_channel) == (2, 3)
    assert "filter 2 · input channel 3" in person.window.kernel_panel.windowTitle()
    assert np.array_equal(person.values(), kernels[:, :, 3, 2])

    person.pick_in(mode(person), "all filters")
    assert person.filters.selected == 2
    assert np.array_equal(shown(person), np.moveaxis(kernels[:, :, 3], -1, 0))


def test_the_input_channel_is_chosen_beside_the_gallery_and_in_the_editor(person: Person) -> None:
    person.pick_layer("mid")
    spin, other = in_channel(person), person.find(QSpinBox, "kernel_editor.in_channel")
    person.key(KEYS.Key_Up, spin)
    person.key(KEYS.Key_Up, spin)
    assert person.session.in_channel == other.value() == 2
    assert np.array_equal(shown(person), np.moveaxis(person.session.weights()[0][:, :, 2], -1, 0))
    person.key(KEYS.Key_Up, other)
    assert spin.value() == 3
    person.key(KEYS.Key_Up, other)
    assert other.value() == 3


def test_a_layer_that_reads_one_channel_offers_no_choice_of_input(person: Person) -> None:
    assert person.session.layer == "enc"
    assert not in_channel(person).isEnabled()


def test_one_scale_for_each_kernel_or_for_the_layer(person: Person) -> None:
    kernels = shown(person)
    limits = np.asarray(person.filters.tiles.limits)
    assert np.allclose(limits[:, 1], np.abs(kernels).max(axis=(1, 2)))
    assert np.array_equal(limits[:, 0], -limits[:, 1])
    person.pick_in(person.find(QComboBox, "filters.scaling"), "per layer")
    limits = np.asarray(person.filters.tiles.limits)
    assert np.allclose(limits[:, 1], np.abs(kernels).max())
    assert "one scale" in person.window.filters_panel.caption.text()


def test_an_edited_kernel_is_marked_and_drawn_as_edited(person: Person) -> None:
    person.pick_filter(1)
    before = shown(person)
    person.pick_recipe("Sobel x")
    assert dict(person.filters.tiles.marks) == {1: "edited"}
    assert not np.array_equal(shown(person)[1], before[1])
    assert np.array_equal(np.delete(shown(person), 1, 0), np.delete(before, 1, 0))
    assert "edited" in person.program.presenters.filters.tip(1)
    person.choose("edit.undo")
    assert not person.filters.tiles.marks
    assert np.array_equal(shown(person), before)


def test_a_layer_without_kernels_says_so(person: Person) -> None:
    person.pick_layer("pool")
    assert len(person.filters.tiles) == 0
    assert "pool (MaxPooling2D) holds no kernels." in person.filters._message


def test_without_a_model_the_gallery_says_what_to_do(visitor: Person) -> None:
    assert visitor.filters._message == "Open a model to see its filters."
    assert len(visitor.filters.tiles) == 0


@pytest.mark.parametrize("name", ["conv", "bare", "up", "depth", "dense"])
def test_every_kind_of_kernel_is_shown(visitor: Person, name: str) -> None:
    path = Path("/models/kinds.keras")
    visitor.world.files.networks[path] = kinds_network()
    visitor.open(path)
    visitor.qtbot.waitUntil(lambda: visitor.session.network is not None)
    visitor.pick_layer(name)
    assert len(visitor.filters.tiles) == visitor.session.map_count
    last = visitor.session.map_count - 1
    visitor.pick_filter(last)
    assert visitor.session.filter == visitor.filters.selected == last
    if visitor.session.layout is not None:
        assert np.array_equal(visitor.values(), shown(visitor)[last])


# ------------------------------------------------------------- all kernels


def matrix(person: Person) -> KernelMatrix:
    return person.find(KernelMatrix, "filters.matrix")


def test_all_kernels_stand_in_a_matrix_and_a_click_selects_one(person: Person) -> None:
    person.pick_layer("mid")
    person.pick_in(mode(person), "all kernels")
    kernels = person.session.weights()[0]
    assert matrix(person).isVisible()
    assert np.array_equal(matrix(person).tiles.values, np.moveaxis(kernels, (3, 2), (0, 1)))
    person.click(matrix(person).viewport(), matrix(person).cell_rect(4, 2).center())
    assert (person.session.filter, person.session.in_channel) == (4, 2)
    assert np.array_equal(person.values(), kernels[:, :, 2, 4])
    person.key(KEYS.Key_Right, matrix(person))
    person.key(KEYS.Key_Down, matrix(person))
    assert (person.session.filter, person.session.in_channel) == (5, 3)
    assert (matrix(person).tiles.row, matrix(person).tiles.column) == (5, 3)


def test_a_jump_to_a_filter_and_an_input_brings_it_into_view(person: Person) -> None:
    person.pick_layer("dec")
    person.pick_in(mode(person), "all kernels")
    matrix(person).cell_size = 160
    for name, value in (("filters.filter", 3), ("filters.in_channel", 9)):
        spin = person.find(QSpinBox, name)
        person.focus(spin)
        spin.selectAll()
        person.qtbot.keyClicks(spin, str(value))
        person.qtbot.keyClick(spin, KEYS.Key_Return)
    assert (person.session.filter, person.session.in_channel) == (3, 9)
    rows, columns = matrix(person).visible_cells()
    assert 3 in rows
    assert 9 in columns


def test_reduced_and_heat_are_shown(person: Person) -> None:
    person.pick_layer("mid")
    person.pick_in(mode(person), "reduced by norm")
    kernels = np.moveaxis(person.session.weights()[0], (3, 2), (0, 1))
    assert np.allclose(shown(person), np.linalg.norm(kernels, axis=1))
    person.pick_in(mode(person), "reduced by mean")
    assert np.allclose(shown(person), kernels.mean(axis=1), atol=1e-6)
    person.pick_in(mode(person), "heat by mean")
    heat = person.find(KernelMatrix, "filters.heat")
    assert heat.isVisible()
    assert np.allclose(heat.tiles.values[:, :, 0, 0], kernels.mean(axis=(2, 3)), atol=1e-6)


# ------------------------------------------------------------------ effects


def test_filters_are_sorted_by_their_effect_and_the_choice_is_the_filter(person: Person) -> None:
    person.pick_filter(1)
    person.pick_in(person.find(QComboBox, "filters.sort"), "by effect")
    assert person.filters.tiles.labels == ("0", "1", "2", "3")
    person.press("filters.measure")
    assert person.filters.tiles.labels == ("3", "2", "1", "0")
    assert person.filters.selected == 2
    assert person.session.filter == 1
    strip = person.filters.tiles.strip
    assert strip is not None
    assert strip == pytest.approx([1, 2 / 3, 1 / 3, 0])
    person.pick_filter(0)  # the first place, not the first filter
    assert person.session.filter == 3
    assert "silenced, 30 pixels of the mask change" in person.program.presenters.filters.tip(3)
    person.click(person.find(QToolButton, "filters.direction"))
    assert person.filters.tiles.labels == ("0", "1", "2", "3")


def test_a_measurement_shows_its_progress_and_can_be_cancelled(person: Person) -> None:
    person.world.engine.at_once = False
    person.choose("network.measure_effects")
    asked = person.world.engine.sweeps[-1]
    asked.progress(1, 4, effects_of(asked.request, done=1))
    assert "enc 1 of 4" in person.status()
    assert not person.find(QPushButton, "filters.measure").isEnabled()
    person.press("status.cancel")
    assert asked.cancelled
    assert "Stopped after 1 of 4" in person.status()
    assert person.find(QPushButton, "filters.measure").isEnabled()


def entries(menu: QMenu) -> list[str]:
    return [action.text() for action in menu.actions()]


def test_a_map_is_silenced_from_the_gallery_and_brought_back(person: Person) -> None:
    person.pick_filter(2)
    more = person.find(QToolButton, "filters.more").menu()
    more.aboutToShow.emit()
    (silence,) = (action for action in more.actions() if action.text() == "Silence map 2")
    silence.trigger()
    assert person.steps == ["silenced map 2 of enc"]
    assert dict(person.filters.tiles.marks)[2] == "silenced"
    assert "1 silenced" in person.window.filters_panel.legend.text()
    more.aboutToShow.emit()
    assert "Bring back map 2" in entries(more)
    person.choose("edit.undo")
    assert 2 not in person.filters.tiles.marks


# ------------------------------------------------------------ trained, other


def test_trained_and_difference_take_turns(person: Person) -> None:
    before = shown(person)
    person.pick_recipe("Sobel x")
    now = shown(person)
    person.choose("network.show_compared")
    assert np.array_equal(shown(person), before)
    person.choose("network.show_compared")
    assert np.array_equal(shown(person), now - before)
    person.choose("network.show_compared")
    assert np.array_equal(shown(person), now)


def test_another_model_is_compared_layer_by_layer(
    person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = Path("/models/other.keras")
    person.world.files.networks[path] = unet(1, "sha256:1")
    monkeypatch.setattr(filter_files, "ask_other_model", lambda _: path)
    person.choose("network.compare_models")
    table = person.find(QTableView, "model_comparison.table")
    person.qtbot.waitUntil(lambda: table.model().rowCount() == 4)
    texts = [table.model().index(row, 0).data() for row in range(4)]
    assert texts == ["enc", "mid", "dec", "mask"]
    assert person.network.path == Path("/models/net0.keras")
    spot = table.visualRect(table.model().index(2, 0)).center()
    person.click(table.viewport(), spot)
    assert person.session.layer == "dec"
    person.pick_in(person.find(QComboBox, "filters.shown"), "other model")
    theirs = unet(1).trained["dec"][0][:, :, 0]
    assert np.array_equal(shown(person), np.moveaxis(theirs, -1, 0))
    assert not person.steps


# ---------------------------------------------------------------------- files


def test_the_filters_are_saved_as_picture_and_table(
    person: Person, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(
        filter_files, "ask_save", lambda _parent, _title, _name, kind: tmp_path / f"f{kind}"
    )
    person.choose("file.save_filters")
    person.qtbot.waitUntil(lambda: "Saved f.png" in person.status())
    picture = QImage(str(tmp_path / "f.png"))
    assert picture.width() > 100
    assert picture.height() > 60
    person.choose("file.save_filter_table")
    person.qtbot.waitUntil(lambda: "Saved f.csv" in person.status())
    rows = list(csv.DictReader((tmp_path / "f.csv").read_text().splitlines()))
    assert [row["filter"] for row in rows] == ["0", "1", "2", "3"]
