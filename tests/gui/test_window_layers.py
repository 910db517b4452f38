"""The layer tree, linked with gallery, activations and editor."""

from __future__ import annotations

import html
import re
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import (
    QApplication,
    QFileDialog,
    QInputDialog,
    QLabel,
    QLineEdit,
    QListWidget,
    QTreeWidget,
    QTreeWidgetItem,
)
from tests.gui.conftest import MODEL, SLICES, Person
from tests.unit.fakes import kinds_network

from unetscope.domain.history import Edits
from unetscope.domain.interventions import CutSkip, SilenceMap
from unetscope.domain.layer_list import Column
from unetscope.ui import theme
from unetscope.ui.layer_menu import LayerMenu
from unetscope.ui.layer_tree import LayerTree
from unetscope.ui.widgets.removable_list import RemovableList

LAYER = Qt.ItemDataRole.UserRole
KEYS = Qt.Key


def in_force(person: Person) -> Edits:
    return person.session.edits


def tree_of(person: Person) -> QTreeWidget:
    return person.find(QTreeWidget, "layers.tree")


def items(person: Person) -> dict[str, QTreeWidgetItem]:
    tree = tree_of(person)
    found = tree.findItems("", Qt.MatchFlag.MatchContains | Qt.MatchFlag.MatchRecursive)
    return {str(item.data(0, LAYER)): item for item in found if item.data(0, LAYER)}


def seen(person: Person) -> list[str]:
    return [name for name, item in items(person).items() if not item.isHidden()]


def current(person: Person) -> str:
    item = tree_of(person).currentItem()
    assert item is not None
    return str(item.data(0, LAYER))


def test_without_a_model_the_tree_says_what_to_do(visitor: Person) -> None:
    texts = [label.text() for label in visitor.window.layers_panel.findChildren(QLabel)]
    assert "Open a model to see its layers." in texts
    assert not tree_of(visitor).isVisible()


def test_layers_are_grouped_as_the_u_they_are(person: Person) -> None:
    tree = tree_of(person)
    groups: dict[str, list[str]] = {}
    for i in range(tree.topLevelItemCount()):
        section = tree.topLevelItem(i)
        assert section is not None
        children = [section.child(j) for j in range(section.childCount())]
        groups[section.text(0)] = [c.data(0, LAYER) for c in children if c is not None]
    assert list(groups) == ["Input", "Encoder", "Bottleneck", "Decoder", "Head"]
    assert groups["Encoder"][0] == "enc"
    assert "mid" in groups["Bottleneck"]
    assert groups["Head"] == ["mask"]
    assert [name for names in groups.values() for name in names] == [
        layer.name for layer in person.network.graph.layers
    ]
    assert (items(person)["mid"].text(1), items(person)["mid"].text(2)) == ("4×4×6", "222")


def test_the_first_layer_with_kernels_is_selected_at_first(person: Person) -> None:
    assert current(person) == "enc"
    assert "enc" in person.window.kernel_panel.windowTitle()


def test_a_click_on_a_layer_fills_gallery_activations_and_editor(person: Person) -> None:
    person.pick_layer("dec")
    person.wait()
    assert person.session.layer == "dec"
    assert person.window.filters_panel.windowTitle() == "Filters · dec"
    assert person.window.maps_panel.windowTitle() == "Activations · dec"
    assert person.window.feature_map_panel.windowTitle() == "Feature map 0 · dec"
    assert person.window.kernel_panel.windowTitle() == (
        "Kernel editor · dec · filter 0 · input channel 0"
    )


def test_the_arrow_keys_travel_over_sections(person: Person) -> None:
    tree = tree_of(person)
    names = [layer.name for layer in person.network.graph.layers]
    for name in names[names.index("enc") + 1 :]:
        person.key(KEYS.Key_Down, tree)
        assert person.session.layer == name
        assert current(person) == name
    for name in reversed(names[:-1]):
        person.key(KEYS.Key_Up, tree)
        assert person.session.layer == name
    person.key(KEYS.Key_Up, tree)
    assert current(person) == names[0]


@pytest.mark.parametrize("where", ["filters", "maps", "editor"])
def test_a_filter_chosen_anywhere_is_selected_everywhere(person: Person, where: str) -> None:
    if where == "filters":
        person.pick_filter(2)
    elif where == "maps":
        spot = person.maps.tile_rect(2).center()
        person.click(person.maps.viewport(), spot)
    else:
        spin = person.window.kernel_panel.place.filter
        person.key(KEYS.Key_Up, spin)
        person.key(KEYS.Key_Up, spin)
    assert person.session.filter == 2
    assert person.filters.selected == 2
    assert person.maps.selected == 2
    assert person.window.kernel_panel.place.filter.value() == 2
    assert "filter 2" in person.window.kernel_panel.windowTitle()
    assert person.window.feature_map_panel.windowTitle() == "Feature map 2 · enc"


def test_a_layer_chosen_in_the_activations_is_selected_in_the_tree(person: Person) -> None:
    person.key(KEYS.Key_U, person.maps)
    assert current(person) == "image"


# ------------------------------------------------------------------- search


def search(person: Person, text: str) -> QLineEdit:
    line = person.find(QLineEdit, "layers.search")
    person.focus(line)
    person.qtbot.keyClicks(line, text)
    return line


def test_ctrl_f_puts_the_cursor_into_the_search(person: Person) -> None:
    person.key(KEYS.Key_F, modifiers=Qt.KeyboardModifier.ControlModifier)
    line = person.find(QLineEdit, "layers.search")
    person.qtbot.waitUntil(line.hasFocus)


def test_ctrl_f_brings_a_hidden_panel_back(person: Person) -> None:
    person.window.layers_panel.hide()
    person.choose("view.find_layer")
    assert person.window.layers_panel.isVisible()
    person.qtbot.waitUntil(person.find(QLineEdit, "layers.search").hasFocus)


@pytest.mark.parametrize(
    ("text", "found"), [("DEC", ["dec"]), ("pooling", ["pool"]), (" mask ", ["mask"])]
)
def test_the_search_looks_in_names_and_kinds(person: Person, text: str, found: list[str]) -> None:
    line = search(person, text)
    assert seen(person) == found
    tree = tree_of(person)
    shown = [tree.topLevelItem(i) for i in range(tree.topLevelItemCount())]
    assert sum(1 for section in shown if section and not section.isHidden()) == 1
    assert person.session.layer == "enc"
    person.qtbot.keyClick(line, KEYS.Key_Return)
    assert person.session.layer == found[0]
    assert current(person) == found[0]
    line.clear()
    assert len(seen(person)) == len(person.network.graph.layers)


def test_enter_in_a_search_that_finds_nothing_leaves_the_selection(person: Person) -> None:
    line = search(person, "nothing")
    assert seen(person) == []
    person.qtbot.keyClick(line, KEYS.Key_Return)
    assert person.session.layer == "enc"


def test_letters_typed_into_the_search_are_no_shortcuts(person: Person) -> None:
    line = search(person, "goi1")
    assert line.text() == "goi1"
    assert person.session.mask_shown
    assert not person.session.outlined
    assert not person.session.inverted
    assert person.session.window is None


# -------------------------------------------------------------------- marks


def test_an_edited_layer_is_marked_until_the_edit_is_undone(person: Person) -> None:
    item = items(person)["enc"]
    plain = item.foreground(0).color()
    person.pick_recipe("Sobel x")
    assert item.text(0) == "● enc"
    assert item.foreground(0).color() == theme.colour("warning") != plain
    assert "edited" in item.toolTip(0)
    person.choose("edit.undo")
    assert item.text(0) == "enc"
    assert item.foreground(0).color() == plain


def test_the_tree_takes_the_colours_of_another_theme(person: Person) -> None:
    person.pick_recipe("Sobel x")
    person.choose("view.theme")
    assert theme.current() is theme.LIGHT
    assert items(person)["enc"].foreground(0).color() == theme.colour("warning")
    assert items(person)["dec"].foreground(0).color() == theme.colour("text")
    assert items(person)["pool"].foreground(0).color() == theme.colour("text_muted")


def test_the_card_explains_the_shape_of_the_selected_layer(person: Person) -> None:
    title = person.find(QLabel, "layers.card.title")
    lines = person.find(QLabel, "layers.card.lines")
    assert plain(title) == "kernel (3, 3, 1, 4)"
    assert "3·3·1·4 + 4 bias = 40 parameters" in plain(lines)
    numbers, words = coloured(title), coloured(lines)
    assert [text for text, _ in numbers] == ["3", "3", "1", "4"]
    assert [text for text, _ in words] == ["kernel 3×3", "1 input channel", "4 filters"]
    assert [colour for _, colour in numbers[1:]] == [colour for _, colour in words]
    assert len({colour for _, colour in words}) == 3
    person.pick_layer("pool")
    assert "MaxPooling2D" in lines.text()
    assert "4×4×4" in lines.text()


def plain(label: QLabel) -> str:
    return html.unescape(re.sub(r"<[^>]+>", "", label.text().replace("<br>", "\n")))


def coloured(label: QLabel) -> list[tuple[str, str]]:
    found = re.findall(r"<span style=\"color:(#\w+);[^>]*>([^<]*)</span>", label.text())
    return [(text, colour) for colour, text in found]


def test_names_stay_whole_in_a_narrow_tree_and_numbers_go_first(person: Person) -> None:
    tree = tree_of(person)
    dock = person.window.layers_panel
    person.window.resizeDocks([dock], [420], Qt.Orientation.Horizontal)
    person.qtbot.waitUntil(lambda: dock.width() > 340 and not tree.isColumnHidden(2))
    person.window.resizeDocks([dock], [120], Qt.Orientation.Horizontal)
    person.qtbot.waitUntil(lambda: tree.isColumnHidden(2))
    assert tree.columnWidth(0) >= tree.sizeHintForColumn(0)
    assert all(tree.isColumnHidden(column) for column in (3, 4))
    person.window.resizeDocks([dock], [420], Qt.Orientation.Horizontal)
    person.qtbot.waitUntil(lambda: not tree.isColumnHidden(2))


def test_another_model_fills_the_tree_anew(person: Person) -> None:
    other = Path("/models/kinds.keras")
    person.world.files.networks[other] = kinds_network()
    search(person, "dec")
    person.open(other)
    person.qtbot.waitUntil(lambda: "depth" in items(person))
    assert person.session.layer == "conv"
    assert current(person) == "conv"
    person.open(MODEL)
    person.qtbot.waitUntil(lambda: "enc" in items(person))
    assert "depth" not in items(person)


# ------------------------------------------------- folding, sorting, columns


def groups(person: Person) -> dict[str, QTreeWidgetItem]:
    tree = tree_of(person)
    found = [tree.topLevelItem(i) for i in range(tree.topLevelItemCount())]
    return {item.text(0): item for item in found if item is not None and not item.data(0, LAYER)}


def header_click(person: Person, column: int) -> None:
    header = tree_of(person).header()
    at = QPoint(header.sectionViewportPosition(column) + 8, header.height() // 2)
    person.click(header.viewport(), at)


def test_a_folded_group_stays_folded_while_layers_are_edited(person: Person) -> None:
    tree = tree_of(person)
    person.click(tree.viewport(), tree.visualItemRect(groups(person)["Decoder"]).center())
    assert not groups(person)["Decoder"].isExpanded()
    assert person.session.layer_list.folded == {"Decoder"}
    person.pick_recipe("Sobel x")
    assert not groups(person)["Decoder"].isExpanded()
    assert groups(person)["Encoder"].isExpanded()


def test_left_and_right_fold_the_group_of_the_layer(person: Person) -> None:
    tree = tree_of(person)
    person.key(KEYS.Key_Left, tree)
    person.window.resizeDocks([person.window.layers_panel], [350], Qt.Orientation.Horizontal)
    person.qtbot.wait(50)
    assert not groups(person)["Encoder"].isExpanded()
    assert person.session.layer == "enc"
    person.key(KEYS.Key_Right, tree)
    assert groups(person)["Encoder"].isExpanded()


def test_a_layer_chosen_elsewhere_unfolds_its_group(person: Person) -> None:
    person.program.presenters.layers.fold("Decoder", True)
    assert not groups(person)["Decoder"].isExpanded()
    person.program.presenters.diagram.select("dec")
    assert current(person) == "dec"
    assert groups(person)["Decoder"].isExpanded()


def test_a_click_on_a_heading_sorts_and_the_third_lists_the_network_again(person: Person) -> None:
    dock = person.window.layers_panel
    person.window.resizeDocks([dock], [420], Qt.Orientation.Horizontal)
    tree = tree_of(person)
    person.qtbot.waitUntil(lambda: not tree.isColumnHidden(2))
    header_click(person, 2)
    assert groups(person) == {}
    header_click(person, 2)
    first = tree.topLevelItem(0)
    assert first is not None
    assert first.data(0, LAYER) == "dec"
    assert current(person) == "enc"
    header_click(person, 2)
    assert list(groups(person)) == ["Input", "Encoder", "Bottleneck", "Decoder", "Head"]


def test_columns_can_be_left_out(person: Person) -> None:
    dock, tree = person.window.layers_panel, tree_of(person)
    person.window.resize(1800, 900)
    person.window.resizeDocks([dock], [600], Qt.Orientation.Horizontal)
    person.qtbot.waitUntil(lambda: not tree.isColumnHidden(4))
    assert items(person)["mid"].text(3) == "Conv2D"
    assert items(person)["mid"].text(4) == "relu"
    person.program.presenters.layers.show_column(Column.SHAPE, False)
    assert tree.isColumnHidden(1)
    assert not tree.isColumnHidden(2)


# ------------------------------------------------------- search, hit by hit


def test_enter_goes_from_hit_to_hit_and_shift_enter_back(person: Person) -> None:
    line = search(person, "conv")
    hits = person.find(QLabel, "layers.hits")
    assert hits.text() == "4"
    person.qtbot.keyClick(line, KEYS.Key_Return)
    assert (person.session.layer, hits.text()) == ("mid", "2 of 4")
    person.qtbot.keyClick(line, KEYS.Key_Return)
    assert person.session.layer == "dec"
    person.qtbot.keyClick(line, KEYS.Key_Return, Qt.KeyboardModifier.ShiftModifier)
    assert person.session.layer == "mid"
    person.choose("view.find_next_layer")
    assert person.session.layer == "dec"
    person.choose("view.find_previous_layer")
    assert person.session.layer == "mid"
    person.qtbot.keyClick(line, KEYS.Key_Escape)
    assert (line.text(), hits.text()) == ("", "")


# ------------------------------------------------------------ interventions


@pytest.fixture(autouse=True)
def menus_stay_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A menu is made but not opened: the platform of the tests has no popups."""
    monkeypatch.setattr(LayerMenu, "popup", lambda *_: None)


def pick(person: Person, layer: str, text: str) -> None:
    """Choose from the menu of a layer in the tree."""
    tree = person.find(LayerTree, "layers.tree")
    tree.asked.emit(layer, tree.mapToGlobal(QPoint(5, 5)))
    menu = person.window.layers_panel.findChildren(LayerMenu)[-1]
    (action,) = (action for action in menu.actions() if action.text() == text)
    assert action.isEnabled()
    action.trigger()
    menu.setParent(None)
    menu.deleteLater()


def test_the_menu_of_a_layer_silences_it_and_the_list_takes_that_out(person: Person) -> None:
    pick(person, "mid", "Silence all maps")
    assert in_force(person) == (SilenceMap("mid", None),)
    assert items(person)["mid"].text(0) == "mid ⊘"
    assert items(person)["mid"].foreground(0).color() == theme.colour("warning")
    listed = person.find(RemovableList, "layers.interventions")
    assert listed.isVisible()
    assert listed.lines == ("silenced all maps of mid",)
    lines = listed.findChild(QListWidget)
    assert isinstance(lines, QListWidget)
    person.focus(lines)
    person.qtbot.keyClick(listed, KEYS.Key_Delete)
    assert in_force(person) == ()
    assert not listed.isVisible()
    assert items(person)["mid"].text(0) == "mid"
    person.choose("edit.undo")
    assert in_force(person) == (SilenceMap("mid", None),)


def test_the_menu_of_a_layer_cuts_and_mends_its_skip(person: Person) -> None:
    pick(person, "enc", "Cut enc → skip")
    assert in_force(person) == (CutSkip("skip", "enc"),)
    assert items(person)["skip"].text(0) == "skip ✂"
    pick(person, "skip", "Mend enc → skip")
    assert in_force(person) == ()


def test_the_menu_patches_a_skip_with_the_slice_asked_for(
    person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[object, ...]] = []

    def answer(*given: object) -> tuple[int, bool]:
        asked.append(given[1:])
        return 4, True

    monkeypatch.setattr(QInputDialog, "getInt", answer)
    pick(person, "skip", "Patch enc → skip with another slice…")
    assert asked[0][2:] == (17, 1, SLICES)
    person.qtbot.waitUntil(lambda: bool(person.session.edits))
    assert person.steps == ["patched enc → skip from slice 4"]


def test_the_menu_copies_the_name_and_saves_the_weights(
    person: Person, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pick(person, "mid", "Copy name")
    assert QApplication.clipboard().text() == "mid"
    path = tmp_path / "mid"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), ""))
    pick(person, "mid", "Save weights in force…")
    saved = person.world.files.arrays
    person.qtbot.waitUntil(lambda: path.with_name("mid.npz") in saved)
    person.qtbot.waitUntil(lambda: "Saved mid.npz" in person.status())


def test_the_command_silences_the_layer_shown_and_brings_it_back(person: Person) -> None:
    action = person.window.action_of("network.silence_layer")
    assert action.text() == "Silence all maps of the layer"
    person.choose("network.silence_layer")
    assert in_force(person) == (SilenceMap("enc", None),)
    assert action.text() == "Bring back all maps of the layer"
    person.choose("network.silence_layer")
    assert in_force(person) == ()
