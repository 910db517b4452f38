"""The diagram of the network and the card of a layer, linked with all else."""

from __future__ import annotations

import html
import re
import xml.etree.ElementTree as Xml
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QFileDialog, QLabel, QToolButton, QTreeWidget
from tests.gui.conftest import Person

from unetscope.domain.interventions import CutSkip
from unetscope.ui.layer_menu import LayerMenu
from unetscope.ui.widgets.diagram_canvas import DiagramCanvas

KEYS = Qt.Key


@pytest.fixture
def canvas(person: Person) -> DiagramCanvas:
    person.choose("network.show_in_diagram")
    canvas = person.find(DiagramCanvas, "diagram.canvas")
    person.qtbot.waitUntil(lambda: bool(canvas.content.diagram.boxes) and canvas.isVisible())
    canvas.fit()
    return canvas


def plain(label: QLabel) -> str:
    return html.unescape(re.sub(r"<[^>]+>", " ", label.text()))


def colours(canvas: DiagramCanvas) -> int:
    picture = canvas.grab().toImage()
    pixels = {
        picture.pixel(x, y) for x in range(picture.width()) for y in range(0, picture.height(), 3)
    }
    return len(pixels)


# -------------------------------------------------------------------- diagram


def test_a_click_in_the_diagram_selects_the_layer_everywhere(
    person: Person, canvas: DiagramCanvas
) -> None:
    person.click(canvas, canvas.place_of("dec"))
    assert person.session.layer == "dec"
    assert canvas.content.selected == "dec"
    item = person.find(QTreeWidget, "layers.tree").currentItem()
    assert item is not None
    assert item.data(0, Qt.ItemDataRole.UserRole) == "dec"


def test_the_arrow_keys_travel_over_the_boxes(person: Person, canvas: DiagramCanvas) -> None:
    person.key(KEYS.Key_Down, canvas)
    assert person.session.layer == "pool"
    person.key(KEYS.Key_Up, canvas)
    person.key(KEYS.Key_Right, canvas)
    assert person.session.layer == "skip"
    person.key(KEYS.Key_Up, canvas)
    assert person.session.layer == "dec"


def test_wheel_keys_and_buttons_zoom_and_a_drag_moves(
    person: Person, canvas: DiagramCanvas
) -> None:
    canvas.fit()
    whole, spot = canvas.scale, canvas.place_of("dec")
    person.wheel(canvas, spot, 3)
    assert canvas.scale > whole
    assert (canvas.place_of("dec") - spot).manhattanLength() <= 2
    person.key(KEYS.Key_Minus, canvas)
    person.key(KEYS.Key_0, canvas)
    assert canvas.scale == pytest.approx(whole)
    canvas.zoom(6)
    person.click(person.find(QToolButton, "diagram.selection"))
    assert all(canvas.rect().contains(canvas.place_of(name)) for name in ("enc", "pool", "skip"))
    before = canvas.place_of("enc")
    start = QPoint(3, 3)
    person.drag(canvas, [start, start + QPoint(20, 15), start + QPoint(40, 30)])
    assert canvas.place_of("enc") != before
    assert person.session.layer == "enc"


def test_a_selection_out_of_sight_is_brought_into_sight(
    person: Person, canvas: DiagramCanvas
) -> None:
    canvas.zoom(6)
    for name in ("mask", "mid", "image"):
        person.program.presenters.layers.select(name)
        assert canvas.rect().contains(canvas.place_of(name))


def test_what_is_edited_cut_or_silenced_is_marked(person: Person, canvas: DiagramCanvas) -> None:
    person.pick_recipe("Sobel x")
    assert canvas.content.edited == {"enc"}
    person.program.presenters.layer_actions.cut("skip", "enc")
    person.program.presenters.layer_actions.silence("mid")
    assert canvas.content.cut == {("enc", "skip")}
    assert canvas.content.intervened == {"mid"}
    person.choose("edit.revert_all")
    assert not canvas.content.edited | canvas.content.intervened
    assert canvas.content.cut == frozenset()


def test_the_line_of_a_skip_has_a_menu_that_cuts_it(
    person: Person, canvas: DiagramCanvas, monkeypatch: pytest.MonkeyPatch
) -> None:
    (skip,) = (line for line in canvas.content.diagram.lines if line.is_skip)
    assert (skip.source, skip.target) == ("enc", "skip")
    monkeypatch.setattr(LayerMenu, "popup", lambda *_: None)  # the platform has none
    canvas.asked_line.emit("skip", "enc", canvas.mapToGlobal(QPoint(5, 5)))
    (menu,) = person.window.diagram_panel.findChildren(LayerMenu)
    (cut,) = (action for action in menu.actions() if action.text() == "Cut enc → skip")
    cut.trigger()
    assert person.session.edits == (CutSkip("skip", "enc"),)


def test_the_mouse_finds_lines_between_boxes(canvas: DiagramCanvas) -> None:
    middle = (canvas.place_of("enc") + canvas.place_of("skip")) / 2
    found = canvas.line_at(middle.toPointF())
    assert found is not None
    assert (found.source, found.target) == ("enc", "skip")


def test_hovering_lights_the_way_of_a_layer(person: Person, canvas: DiagramCanvas) -> None:
    person.qtbot.mouseMove(canvas, canvas.place_of("mid"))
    assert canvas.content.hovered == "mid"
    assert "skip" in canvas.content.way
    person.qtbot.mouseMove(canvas, QPoint(2, 2))
    assert canvas.content.hovered is None


def test_without_a_model_the_diagram_says_what_to_do(visitor: Person) -> None:
    visitor.window.places.reveal("diagram")
    canvas = visitor.find(DiagramCanvas, "diagram.canvas")
    assert colours(canvas) > 2  # letters
    assert canvas.content.diagram.boxes == ()
    visitor.qtbot.mouseClick(canvas, Qt.MouseButton.LeftButton)
    visitor.qtbot.keyClick(canvas, KEYS.Key_Down)
    assert visitor.session.layer is None


@pytest.mark.parametrize("ending", ["svg", "png"])
def test_the_diagram_is_saved_whole(
    person: Person,
    canvas: DiagramCanvas,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    ending: str,
) -> None:
    path = tmp_path / f"net.{ending}"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), ""))
    canvas.zoom(4)
    person.choose("file.save_diagram")
    assert "Saved net" in person.status()
    if ending == "svg":
        text = path.read_text(encoding="utf-8")
        assert Xml.fromstring(text).tag.endswith("svg")
        for layer in person.network.graph.layers:
            assert layer.name in text
        assert "research use only" in text
        assert "Doe" not in text
    else:
        picture = QImage(str(path))
        assert picture.height() > 3 * (canvas.content.diagram.bottom - 1)


def test_a_diagram_that_cannot_be_written_is_told(
    person: Person, canvas: DiagramCanvas, tmp_path: Path
) -> None:
    person.window.diagram_panel.save(tmp_path / "missing" / "net.png")
    assert "net.png could not be written" in person.status()


# ----------------------------------------------------------------------- card


def test_the_card_reads_about_the_layer(person: Person) -> None:
    person.choose("network.layer_card")
    title = person.find(QLabel, "layer_card.title")
    person.qtbot.waitUntil(lambda: title.text() == "enc")
    shapes = plain(person.find(QLabel, "layer_card.shapes"))
    assert re.sub(r"\s+", " ", shapes).strip().startswith("kernel ( 3 , 3 , 1 , 4 )")
    story = plain(person.find(QLabel, "layer_card.story"))
    assert "3 × 3 × 1 × 4 = 36 in kernel and 4 biases: 40 parameters." in story
    assert "It reads the image itself" in story
    attributes = plain(person.find(QLabel, "layer_card.attributes"))
    assert re.search(r"activation\s+relu", attributes)
    numbers = person.window.layer_card_panel.findChildren(QLabel, "layer_card.numbers")
    kernel = person.network.trained["enc"][0]
    person.qtbot.waitUntil(lambda: "lowest" in numbers[0].text())
    assert f"highest {float(np.max(kernel)):.4g}" in numbers[0].text()


def test_links_of_the_card_lead_to_other_layers(person: Person) -> None:
    person.choose("network.layer_card")
    links = person.find(QLabel, "layer_card.links")
    person.qtbot.waitUntil(lambda: "pool" in links.text())
    links.linkActivated.emit("pool")
    assert person.session.layer == "pool"
    assert "This layer has no weights" in plain(person.find(QLabel, "layer_card.story"))


def test_more_about_a_layer_opens_its_card(person: Person) -> None:
    lines = person.find(QLabel, "layers.card.lines")
    lines.linkActivated.emit("more")
    title = person.find(QLabel, "layer_card.title")
    person.qtbot.waitUntil(lambda: title.isVisible() and title.text() == "enc")


def test_one_array_is_saved_from_the_card(
    person: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    person.choose("network.layer_card")
    panel = person.window.layer_card_panel
    save = [b for b in panel.findChildren(QToolButton) if b.text() == "Save…"]
    person.qtbot.waitUntil(lambda: len(save) >= 2 and save[1].isVisible())
    path = tmp_path / "bias.npy"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), ""))
    save[1].click()
    saved = person.world.files.arrays
    person.qtbot.waitUntil(lambda: path in saved)
    assert np.array_equal(np.asarray(saved[path]), person.network.trained["enc"][1])
