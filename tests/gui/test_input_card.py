"""The input card's panel: marks, tensor, steps, card."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QApplication,
    QCheckBox,
    QColorDialog,
    QLabel,
    QLineEdit,
    QPushButton,
    QToolButton,
    QWidget,
)
from tests.gui.conftest import MODEL, SLICES, STUDY, Person, World
from tests.unit.fakes import CARD, FakeSeries, FakeStudy, unet

from unetscope.domain.card import ModelCard
from unetscope.domain.input_check import Mark
from unetscope.domain.preprocess import STEPS, Preprocessing
from unetscope.presenters.input_card import InputCardView
from unetscope.ui.panels.input_card_panel import InputCardPanel
from unetscope.ui.widgets.check_table import CheckTable
from unetscope.ui.widgets.map_view import MapView
from unetscope.ui.widgets.step_fields import ChoiceField, NumberField


class Reader(Person):
    """A person who looks at the input card."""

    @property
    def view(self) -> InputCardView:
        """What the card shows."""
        return self.program.presenters.input_card.view

    @property
    def panel(self) -> InputCardPanel:
        """The panel, in front."""
        panel = self.window.input_card_panel
        panel.raise_()
        return panel

    @property
    def steps(self) -> Any:
        """The steps in force."""
        assert self.session.card is not None
        return self.session.card.preprocessing

    @property
    def marks(self) -> dict[str, Mark]:
        """The mark of each line."""
        return {check.name: check.mark for check in self.view.checks}

    def fed(self) -> np.ndarray[Any, np.dtype[np.float32]]:
        """What the engine was last asked about."""
        return self.world.engine.looks[-1].request.image

    def tick(self, name: str) -> None:
        """Click a check box."""
        box = self.find(QCheckBox, name)
        self.qtbot.mouseClick(box, Qt.MouseButton.LeftButton, pos=box.rect().center() * 0.1)
        self.settle()

    def pick(self, name: str, text: str) -> None:
        """Choose an entry of a box."""
        self.pick_in(self.find(ChoiceField, name), text)
        self.settle()

    def number(self, name: str, value: float) -> None:
        """Type a number and leave the field."""
        field = self.find(NumberField, name)
        self.write_in(field, f"{value:g}")
        self.settle()

    def write(self, name: str, text: str) -> None:
        """Write in a line and leave it."""
        self.write_in(self.find(QLineEdit, name), text)
        self.settle()

    def write_in(self, field: Any, text: str) -> None:
        """Replace what stands in a field."""
        self.focus(field)
        field.selectAll()
        self.qtbot.keyClicks(field, text)
        if not text:
            self.qtbot.keyClick(field, Qt.Key.Key_Delete)
        self.qtbot.keyClick(field, Qt.Key.Key_Return)

    def settle(self) -> None:
        """Wait for the answer and for the panel to have its turn."""
        self.wait()
        QApplication.processEvents()


@pytest.fixture
def reader(visitor: Person, world: World) -> Reader:
    """A person before the window, study and model open, the card in front."""
    network = unet()
    world.files.networks[network.path] = network  # where its card is saved
    person = Reader(visitor.program, visitor.qtbot, world)
    person.open_both()
    person.panel.raise_()
    person.settle()
    return person


def test_the_card_stands_behind_the_list_of_studies(person: Person) -> None:
    window = person.window
    assert window.input_card_panel in window.tabifiedDockWidgets(window.studies_panel)
    assert window.studies_panel.isVisible()
    action = window.input_card_panel.toggleViewAction()
    assert action.text().startswith("Input card")


def test_marks_are_read_without_colour_and_unknown_is_never_green(reader: Reader) -> None:
    table = reader.find(CheckTable, "input_card.checks")
    assert "? Modality: MR | –" in table.text()
    assert "✓ Channels: 1 | 1" in table.text()
    for label in table.findChildren(QLabel):
        if label.text() in "✓≠?" and label.text():
            green = label.property("role") == "ok"
            assert green == (label.text() == "✓")
            assert label.accessibleName()


def test_the_exact_tensor_is_shown_with_its_range(reader: Reader) -> None:
    shown = reader.find(MapView, "input_card.tensor").content
    assert shown.values is reader.fed()
    assert shown.limits == (reader.fed().min(), reader.fed().max())
    numbers = reader.find(QLabel, "input_card.numbers").text()
    assert "(1, 8, 8, 1) float32" in numbers
    assert f"{reader.fed().min():.4g} … {reader.fed().max():.4g}" in numbers


def test_another_slice_shows_another_tensor(reader: Reader) -> None:
    before = reader.find(MapView, "input_card.tensor").content.values
    reader.key(Qt.Key.Key_Down)
    reader.settle()
    after = reader.find(MapView, "input_card.tensor").content.values
    assert after is reader.fed()
    assert after is not before


def test_a_step_changes_what_is_fed_and_back_to_the_card_brings_the_same_bits(
    reader: Reader,
) -> None:
    first, mask = reader.fed().copy(), reader.mask()

    reader.pick("input_card.normalise.kind", "z-score")

    assert reader.steps.normalise == "zscore"
    assert reader.fed().mean() == pytest.approx(0, abs=1e-5)
    assert (reader.mask() != mask).any()
    assert "changed, not saved" in reader.find(QLabel, "input_card.state").text()
    assert "input steps edited" in reader.program.presenters.slice_view.view.note
    assert reader.world.files.cards[MODEL] is CARD

    reader.press("input_card.back")
    reader.settle()

    assert reader.fed().tobytes() == first.tobytes()
    assert np.array_equal(reader.mask(), mask)
    assert reader.program.presenters.slice_view.view.note == ""
    assert not reader.find(QPushButton, "input_card.back").isEnabled()


def test_every_step_can_be_taken_set_and_left_out(reader: Reader) -> None:
    reader.tick("input_card.clip")
    assert reader.steps.clip == (0, 1)
    reader.number("input_card.clip1", 500)
    assert reader.steps.clip == (0, 500)
    assert reader.fed().max() == 500

    reader.tick("input_card.clahe")
    assert reader.steps.clahe is not None
    reader.number("input_card.clahe.limit", 0.05)
    reader.number("input_card.clahe.tile0", 4)
    assert (reader.steps.clahe.clip_limit, reader.steps.clahe.tile) == (0.05, (4, 4))
    reader.number("input_card.clahe.tile1", 2)
    assert reader.steps.clahe.tile == (4, 2)
    assert reader.fed().max() == 1
    reader.number("input_card.clahe.tile1", 0)
    assert reader.steps.clahe.tile is None

    reader.tick("input_card.match")
    assert len(reader.steps.match.values) == 64

    reader.tick("input_card.resample")
    assert reader.steps.spacing == (1, 1)
    reader.number("input_card.spacing0", 0.25)
    assert reader.steps.spacing == (0.25, 1)

    reader.tick("input_card.orient")
    reader.pick("input_card.orient.to", "A right, R bottom")
    assert reader.steps.orient == "AR"

    reader.pick("input_card.fit.how", "stretch: resample to it")
    assert reader.steps.fit == "stretch"

    reader.pick("input_card.normalise.kind", "percentiles → 0 … 1")
    reader.number("input_card.normalise.low", 5)
    reader.pick("input_card.normalise.foreground", "by pixels ≠ 0")
    reader.tick("input_card.normalise.zero")
    assert (reader.steps.low, reader.steps.foreground) == (5, "nonzero")
    assert reader.steps.zero_background
    reader.pick("input_card.normalise.kind", "divide by")
    reader.number("input_card.normalise.divisor", 1000)
    assert reader.steps.divisor == 1000

    for step in ("clip", "clahe", "match", "resample", "orient", "normalise"):
        reader.tick(f"input_card.{step}")
    steps = reader.steps
    assert (steps.clip, steps.clahe, steps.match) == (None, None, None)
    assert (steps.spacing, steps.orient, steps.normalise) == (None, None, "none")


def test_the_order_of_the_steps_can_be_changed(reader: Reader) -> None:
    reader.click(reader.find(QToolButton, "input_card.clip.earlier"))
    reader.settle()
    order = reader.steps.order
    assert order.index("clip") == STEPS.index("clip") - 1
    rows = [reader.find(QCheckBox, f"input_card.{step}") for step in order]
    heights = [row.mapTo(reader.panel, row.rect().topLeft()).y() for row in rows]
    assert heights == sorted(heights)


def test_a_step_that_makes_no_sense_is_refused_in_a_sentence(reader: Reader) -> None:
    reader.pick("input_card.normalise.kind", "percentiles → 0 … 1")
    before = reader.steps
    reader.number("input_card.normalise.low", 99.5)
    problem = reader.find(QLabel, "input_card.problem")
    assert "are not in order" in problem.text()
    assert reader.steps == before
    assert reader.find(NumberField, "input_card.normalise.low").value() == before.low
    reader.number("input_card.normalise.low", 2)
    assert problem.isHidden()


def test_the_wheel_over_a_number_that_was_not_clicked_scrolls_on(reader: Reader) -> None:
    reader.tick("input_card.clip")
    before = reader.steps
    reader.focus(reader.canvas)
    for name in ("input_card.clip0", "input_card.normalise.kind"):
        field = reader.find(QWidget, name)
        reader.wheel(field, field.rect().center(), -1)
    reader.settle()
    assert reader.steps == before


def test_facts_and_classes_are_edited(reader: Reader) -> None:
    reader.write("input_card.fact.modality", "MR")
    reader.write("input_card.fact.spacing_mm", "0.5 x 0.5")
    reader.write("input_card.fact.source", "Trained at home")
    reader.write("input_card.class.1.name", "Fluid")
    card = reader.session.card
    assert card is not None
    assert card.trained_on == {"modality": "MR", "spacing_mm": [0.5, 0.5]}
    assert card.text("source") == "Trained at home"
    assert card.classes[1].name == "Fluid"
    assert (reader.marks["Modality"], reader.marks["Spacing"]) == (Mark.MATCH, Mark.MATCH)
    assert any(label.name == "Fluid" for label in reader.program.presenters.slice_view.view.legend)

    reader.write("input_card.fact.modality", "CT")
    assert reader.marks["Modality"] is Mark.MISMATCH
    assert reader.window.input_card_panel.windowTitle() == "Input card ≠"
    reader.write("input_card.fact.modality", "")
    assert "modality" not in reader.session.card.trained_on  # type: ignore[union-attr]

    reader.write("input_card.fact.spacing_mm", "fine")
    assert "two numbers" in reader.find(QLabel, "input_card.problem").text()
    assert reader.find(QLineEdit, "input_card.fact.spacing_mm").text() == "0.5 × 0.5"


def test_a_class_gets_another_colour(reader: Reader) -> None:
    reader.click(reader.find(QToolButton, "input_card.class.1.colour"))
    dialog = reader.find(QColorDialog, "input_card.colour")
    dialog.setCurrentColor("#123456")
    dialog.accept()
    reader.settle()
    assert reader.session.card is not None
    assert reader.session.card.classes[1].colour == "#123456"


def test_the_card_is_saved_on_demand_only(reader: Reader) -> None:
    reader.pick("input_card.normalise.kind", "z-score")
    path = reader.network.path
    assert path not in reader.world.files.cards
    reader.press("input_card.save")
    reader.qtbot.waitUntil(lambda: "Saved" in reader.status())
    saved = reader.world.files.cards[path]
    assert isinstance(saved, ModelCard)
    assert saved.preprocessing.normalise == "zscore"
    reader.settle()
    assert not reader.find(QPushButton, "input_card.save").isEnabled()
    assert reader.program.presenters.slice_view.view.note == ""


def test_a_guessed_card_is_unknown_until_it_is_confirmed(visitor: Person, world: World) -> None:
    del world.files.cards[MODEL]
    reader = Reader(visitor.program, visitor.qtbot, world)
    reader.open_both()
    reader.panel.raise_()
    reader.settle()
    assert reader.window.input_card_panel.windowTitle() == "Input card ?"
    assert {m for n, m in reader.marks.items() if n != "Channels"} == {Mark.UNKNOWN}
    assert reader.program.presenters.slice_view.view.note == "input unconfirmed"
    assert "guessed" in reader.find(QLabel, "input_card.note").text()

    reader.press("input_card.confirm")
    reader.settle()

    assert reader.program.presenters.slice_view.view.note == ""
    assert reader.find(QPushButton, "input_card.confirm").isHidden()
    assert reader.marks["Matrix"] is Mark.MATCH
    assert reader.marks["Modality"] is Mark.UNKNOWN  # a guess that says nothing stays unknown


def test_a_network_of_three_channels_shows_each(visitor: Person, world: World) -> None:
    network = unet()
    first = replace(network.graph.layers[0], output_shape=(None, 8, 8, 3))
    graph = type(network.graph)((first, *network.graph.layers[1:]), network.graph.outputs)
    world.files.networks[MODEL] = replace(network, graph=graph)
    reader = Reader(visitor.program, visitor.qtbot, world)
    reader.open_both()
    reader.panel.raise_()
    reader.settle()
    assert reader.marks["Channels"] is Mark.UNKNOWN
    assert "(1, 8, 8, 3)" in reader.find(QLabel, "input_card.numbers").text()

    reader.pick("input_card.channels", "neighbouring slices")
    reader.number("input_card.channel", 2)

    values = reader.find(MapView, "input_card.tensor").content.values
    assert values is not None
    assert np.array_equal(values, reader.fed()[..., 2])
    assert int(reader.fed()[0, 0, 2] - reader.fed()[0, 0, 1]) == 64


def test_without_a_model_or_a_study_the_card_says_what_is_missing(visitor: Person) -> None:
    reader = Reader(visitor.program, visitor.qtbot, visitor.world)
    reader.panel.raise_()
    empty = reader.find(QLabel, "input_card.empty")
    assert "Open a model" in empty.text()
    reader.open(MODEL)
    reader.qtbot.waitUntil(lambda: reader.session.network is not None)
    assert "Open a study" in reader.view.checks_empty
    assert reader.view.tensor is None
    reader.open(STUDY)
    reader.settle()
    assert reader.view.tensor is not None


def test_what_the_card_says_is_json_that_can_be_shared(reader: Reader) -> None:
    reader.tick("input_card.match")
    reader.tick("input_card.clahe")
    card = reader.session.card
    assert card is not None
    again = ModelCard.from_json(json.loads(json.dumps(card.to_json("m.keras", "sha256:0"))))
    assert again.preprocessing == card.preprocessing
    assert isinstance(again.preprocessing, Preprocessing)


def test_another_series_can_be_chosen_for_a_channel(visitor: Person, world: World) -> None:
    network = unet()
    first = replace(network.graph.layers[0], output_shape=(None, 8, 8, 2))
    graph = type(network.graph)((first, *network.graph.layers[1:]), network.graph.outputs)
    world.files.networks[MODEL] = replace(network, graph=graph)
    flair = FakeSeries(uid="2", description="FLAIR", volume=np.full((SLICES, 8, 8), 7, np.float32))
    elsewhere = FakeSeries(uid="3", description="Scout", frame_of_reference="2")
    shown = world.files.studies[STUDY].series[0]
    world.files.studies[STUDY] = FakeStudy((shown, flair, elsewhere))
    reader = Reader(visitor.program, visitor.qtbot, world)
    reader.open_both()
    reader.panel.raise_()
    reader.settle()
    reader.pick("input_card.channels", "chosen for each")
    field = reader.find(ChoiceField, "input_card.channel1.source")
    listed = [field.itemText(n) for n in range(field.count())]
    assert listed[-2:] == ["T1 axial", "FLAIR"]  # not the scout, which lies elsewhere

    reader.pick("input_card.channel1.source", "FLAIR")
    reader.number("input_card.channel", 1)

    assert (reader.fed()[..., 1] == 7).all()
    values = reader.find(MapView, "input_card.tensor").content.values
    assert values is not None
    assert np.array_equal(values, reader.fed()[..., 1])
    assert "FLAIR" in reader.find(QLabel, "input_card.numbers").text()
    reader.choose("edit.undo")
    reader.settle()
    assert not (reader.fed()[..., 1] == 7).any()
