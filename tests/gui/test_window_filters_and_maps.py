"""The filter gallery and the activation viewer."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QComboBox, QSpinBox
from tests.gui.conftest import MODEL, STUDY, Person
from tests.unit.fakes import kinds_network

from unetscope.domain.errors import EngineError
from unetscope.domain.ports import LayerLook

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
    spin, other = in_channel(person), person.window.kernel_panel.in_channel
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
    assert "edited" in person.window.filters_panel._tooltip(1)
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
    layout = visitor.session.layout
    if layout is None:
        assert "holds no kernels" in visitor.filters._message
        return
    assert len(visitor.filters.tiles) == visitor.session.map_count
    last = visitor.session.map_count - 1
    visitor.pick_filter(last)
    assert visitor.session.filter == visitor.filters.selected == last
    assert np.array_equal(visitor.values(), shown(visitor)[last])


# --------------------------------------------------------------- activations


def test_a_click_on_a_map_selects_its_filter_everywhere(person: Person) -> None:
    person.click(person.maps.viewport(), person.maps.tile_rect(3).center())
    assert person.session.filter == person.filters.selected == person.maps.selected == 3
    assert person.window.feature_map_panel.windowTitle() == "Feature map 3 · enc"
    large = person.window.feature_map_panel.map.content.values
    assert large is not None
    assert np.array_equal(large, person.feature_map(3))


def test_the_arrow_keys_travel_through_maps(person: Person) -> None:
    person.key(KEYS.Key_Right, person.maps)
    person.key(KEYS.Key_Right, person.maps)
    assert person.session.filter == person.maps.selected == 2


def test_u_and_o_travel_through_the_layers_in_the_activations(person: Person) -> None:
    names = [layer.name for layer in person.network.graph.layers]
    at = names.index("enc")
    person.key(KEYS.Key_O, person.maps)
    assert person.session.layer == names[at + 1]
    person.key(KEYS.Key_O, person.maps)
    assert person.session.layer == names[at + 2]
    person.key(KEYS.Key_U, person.maps)
    assert person.session.layer == names[at + 1]
    assert not person.session.outlined  # O elsewhere: outlines
    person.wait()
    assert person.window.maps_panel.windowTitle() == f"Activations · {names[at + 1]}"


def test_travelling_stops_at_the_first_and_the_last_layer(person: Person) -> None:
    names = [layer.name for layer in person.network.graph.layers]
    for _ in names:
        person.key(KEYS.Key_U, person.maps)
    assert person.session.layer == names[0]
    for _ in range(len(names) + 1):
        person.key(KEYS.Key_O, person.maps)
    assert person.session.layer == names[-1]


def test_one_grey_scale_for_the_layer_or_for_each_map(person: Person) -> None:
    box = person.find(QComboBox, "feature_maps.scaling")
    maps = np.array(person.maps.tiles.tiles(0, 4))
    assert box.currentText() == "per layer"
    assert np.allclose(np.asarray(person.maps.tiles.limits)[:, 1], maps.max())
    person.pick_in(box, "per map")
    assert np.allclose(np.asarray(person.maps.tiles.limits)[:, 1], maps.max(axis=(1, 2)))
    assert "each map on its own scale" in person.window.maps_panel.caption.text()


def test_the_title_is_marked_until_the_answer_comes(person: Person) -> None:
    person.world.engine.at_once = False
    person.pick_recipe("Sobel x")
    old = person.feature_map(0)
    assert person.window.maps_panel.windowTitle() == "Activations · enc …"
    person.world.engine.answer()
    assert person.window.maps_panel.windowTitle() == "Activations · enc"
    assert np.array_equal(person.feature_map(0), old + 1)


def test_while_another_layer_is_computed_its_name_is_told(person: Person) -> None:
    person.world.engine.at_once = False
    person.pick_layer("dec")
    assert person.maps._message == "Computing dec …"
    person.world.engine.answer()
    assert len(person.maps.tiles) == 4


def test_without_a_study_the_maps_say_what_to_do(visitor: Person) -> None:
    assert visitor.maps._message == "Open a model to see its feature maps."
    visitor.open(MODEL)
    visitor.qtbot.waitUntil(lambda: visitor.session.network is not None)
    assert visitor.maps._message == "Open a study to see what this layer makes of a slice."
    assert visitor.window.feature_map_panel.map.content.message == visitor.maps._message
    visitor.open(STUDY)
    visitor.wait()
    assert len(visitor.maps.tiles) == 4


def test_without_a_model_the_maps_say_what_to_do_though_a_study_is_open(visitor: Person) -> None:
    visitor.open(STUDY)
    visitor.qtbot.waitUntil(lambda: visitor.canvas.content.grey is not None)
    assert visitor.maps._message == "Open a model to see its feature maps."


def test_a_layer_that_gives_no_pictures_says_so(person: Person) -> None:
    person.world.engine.at_once = False
    person.pick_layer("dec")
    flat = np.zeros(7, np.float32)
    person.world.engine.answer(maps=LayerLook(layer="dec", edited=flat, trained=flat))
    assert person.maps._message == "dec gives no pictures: shape (7,)."
    assert person.window.feature_map_panel.windowTitle() == "Feature map"


def test_a_layer_that_cannot_be_computed_says_why(person: Person) -> None:
    person.world.engine.at_once = False
    person.pick_layer("dec")
    person.world.engine.looks[-1].failed(EngineError("It ran out of memory.", "Try another layer."))
    assert "It ran out of memory." in person.maps._message


def test_the_large_map_tells_its_numbers_and_the_value_under_the_mouse(person: Person) -> None:
    panel = person.window.feature_map_panel
    values = person.feature_map(0)
    assert f"max {values.max():.3g}" in panel.numbers.text()
    assert "at cursor –" in panel.numbers.text()
    rect = panel.map.map_rect()
    cell = rect.width() / 8
    at = rect.topLeft() + QPoint(round(5.5 * cell), round(2.5 * cell))
    person.qtbot.mouseMove(panel.map, at.toPoint())
    assert f"at cursor {values[2, 5]:.4g}" in panel.numbers.text()

    person.pick_filter(1)
    assert f"at cursor {person.feature_map(1)[2, 5]:.4g}" in panel.numbers.text()


def test_maps_that_are_not_finite_do_not_break_the_window(person: Person) -> None:
    person.world.engine.at_once = False
    person.pick_layer("dec")
    bad = np.full((8, 8, 4), np.nan, np.float32)
    bad[..., 1] = np.inf
    bad[..., 2] = 1.0
    person.world.engine.answer(
        maps=LayerLook(layer="dec", edited=bad, trained=np.ones_like(bad), next_change=np.nan)
    )
    for index in range(4):
        person.click(person.maps.viewport(), person.maps.tile_rect(index).center())
        assert person.window.feature_map_panel.windowTitle() == f"Feature map {index} · dec"
        person.window.grab()
