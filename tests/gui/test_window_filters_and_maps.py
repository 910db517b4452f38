"""The filter gallery and the activation viewer."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QComboBox
from tests.gui.conftest import MODEL, STUDY, Person

from unetscope.domain.errors import EngineError
from unetscope.domain.ports import LayerLook

KEYS = Qt.Key


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


def test_a_layer_that_gives_numbers_shows_them_as_bars(person: Person) -> None:
    person.world.engine.at_once = False
    person.pick_layer("dec")
    flat = np.linspace(0, 1, 7, dtype=np.float32)
    person.world.engine.answer(maps=LayerLook(layer="dec", edited=flat, trained=flat))
    assert len(person.maps.tiles) == 7
    assert person.maps.tiles.strip is not None
    assert np.allclose(person.maps.tiles.strip, flat)
    assert person.window.feature_map_panel.windowTitle() == "Feature map 0 · dec"


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
