"""The dissection panel: what it lists, what it says, and what a click does."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from tests.unit.dissecting_room import DissectingRoom
from tests.unit.fakes import CLASSES, layer, network_of

from unetscope.domain.edits import ScaleFilter
from unetscope.presenters.dissection import HEADINGS, DissectionPresenter, DissectionView
from unetscope.presenters.layers import LayersPresenter


class PresenterRoom(DissectingRoom):
    """The room with the panel's presenter."""

    def __init__(self) -> None:
        super().__init__()
        self.presenter = DissectionPresenter(
            self.store, self.desk, self.dissecting, self.dissections, self.references
        )
        self.views: list[DissectionView] = []
        self.presenter.view_changed.connect(self.views.append)

    @property
    def view(self) -> DissectionView:
        return self.presenter.view

    def dissect(self) -> None:
        self.presenter.start()
        self.answer()


@pytest.fixture
def room() -> PresenterRoom:
    return PresenterRoom()


def test_it_says_what_to_do_until_there_is_something(room: PresenterRoom) -> None:
    assert room.view.empty == "Open a study and a model first."
    assert not room.view.can_start
    room.open_both()
    assert "each feature map of mid is high" in room.view.empty
    assert "the network's own mask" in room.view.empty
    assert room.view.can_start
    room.presenter.start()
    assert room.view.running
    assert room.view.empty == "Comparing the maps of mid …"
    room.presenter.start()
    assert not room.view.running, "a second time ends it"


def test_maps_are_listed_with_what_they_follow_the_best_first(room: PresenterRoom) -> None:
    room.open_both()
    room.dissect()
    view = room.view

    assert view.empty == ""
    assert view.title == "Dissection · mid"
    first = view.rows[0]
    assert first.map == 0
    assert first.texts[:4] == ("0", "Brain", "1.00", "1.00")
    assert first.texts[-1] == "100%"
    assert first.colour == CLASSES[2].colour
    assert first.strong
    shares = [row.share for row in view.rows]
    assert shares == sorted(shares, reverse=True)
    assert 2 not in [row.map for row in view.rows], "a map that is never high follows nothing"
    assert "against the network's own mask" in view.summary
    assert "5 slices" in view.summary
    assert "not whether it is right" in view.note
    assert not view.stale


def test_the_list_of_one_label(room: PresenterRoom) -> None:
    room.open_both()
    room.dissect()
    assert room.view.labels == ((None, "All labels"), (1, "CSF"), (2, "Brain"))
    room.presenter.list_label(1)
    assert room.view.label == 1
    assert not len(room.view.rows), "no map overlaps what is nowhere"
    room.presenter.list_label(2)
    assert {row.texts[1] for row in room.view.rows} == {"Brain"}
    room.presenter.list_label(None)
    assert len(room.view.rows) == 2


def test_a_click_selects_the_map_and_a_double_click_lays_it_over(room: PresenterRoom) -> None:
    room.open_both()
    room.dissect()
    room.presenter.select(1)
    assert room.session.filter == 1
    assert room.view.selected == 1
    assert not room.session.maps.overlay
    room.presenter.lay_over(0)
    assert room.session.filter == 0
    assert room.session.maps.overlay
    assert not room.session.history.done, "looking is no step"


def test_after_an_edit_it_says_so(room: PresenterRoom) -> None:
    room.open_both()
    room.dissect()
    rows = room.view.rows
    room.update(lambda s: s.edit(ScaleFilter("mid", 0, 2.0)))
    assert room.view.stale
    assert room.view.rows == rows
    assert "measured before the latest edits" in room.view.summary
    assert "measured before the latest edits" in room.presenter.as_csv()
    room.update(lambda s: s.undo())
    assert not room.view.stale


def test_with_a_reference_it_says_whose_labels_they_are(room: PresenterRoom) -> None:
    room.open_both()
    assert not room.view.has_reference
    room.open_reference("CSF", "Brain")
    assert room.view.has_reference
    assert "with the reference" in room.view.empty
    room.dissect()
    assert "against the reference" in room.view.summary
    assert "reference's" in room.view.note
    room.presenter.compare_with_own(True)
    assert room.view.own
    assert room.view.stale
    assert "measured against the reference" in room.view.summary
    room.presenter.compare_with_own(False)
    assert not room.view.stale


def test_a_layer_without_pictures_is_refused_in_words(room: PresenterRoom) -> None:
    room.open_study()
    network = network_of(
        layer("image", "InputLayer", output=(None, 8, 8, 1)),
        layer("dense", "Dense", ["image"], output=(None, 5), kernel=(64, 5), bias=5),
    )
    room.open_model(network)
    room.update(lambda s: s.select_layer("dense"))
    assert not room.view.can_start
    assert room.view.empty.startswith("The maps of dense are no pictures.")


def test_table_and_file(room: PresenterRoom, tmp_path: Path) -> None:
    room.open_both()
    assert room.presenter.as_csv() == ""
    room.dissect()
    lines = room.presenter.as_text().splitlines()
    assert lines[0].split("\t") == list(HEADINGS)
    assert lines[1].split("\t") == list(room.view.rows[0].texts)
    room.presenter.save(tmp_path / "found.csv")
    room.jobs.run()
    rows = list(csv.DictReader(io.StringIO((tmp_path / "found.csv").read_text())))
    assert {(row["feature map"], row["name"]) for row in rows} >= {("0", "Brain"), ("1", "Brain")}
    assert {row["labels from"] for row in rows} == {"the network's own mask"}


def test_out_of_view_it_does_nothing(room: PresenterRoom) -> None:
    room.open_both()
    room.presenter.watch(False)
    seen = len(room.views)
    room.dissect()
    room.update(lambda s: s.edit(ScaleFilter("mid", 0, 2.0)))
    assert len(room.views) == seen
    room.presenter.watch(True)
    assert room.view.rows


def test_what_brightness_alone_follows_stands_beside(room: PresenterRoom) -> None:
    room.open_both()
    room.dissect()
    assert room.view.note.startswith("Compare image too")
    room.update(lambda s: s.select_layer("image"))
    room.dissect()
    assert "image" in room.view.title
    assert "Compare image" not in room.view.note, "it is no measure of itself"
    room.update(lambda s: s.select_layer("mid"))
    assert room.view.note.startswith("Beside it, brightness alone (image): Brain ")


def test_the_file_has_all_layers_that_are_compared(room: PresenterRoom) -> None:
    room.open_both()
    room.presenter.start_all()
    room.answer()
    rows = list(csv.DictReader(io.StringIO(room.presenter.as_csv())))
    assert {row["layer"] for row in rows} == {"image", "enc", "mid", "dec"}
    room.update(lambda s: s.edit(ScaleFilter("mid", 0, 2.0)))
    rows = list(csv.DictReader(io.StringIO(room.presenter.as_csv())))
    assert {row["layer"] for row in rows} == {"mid"}, "of the others nothing is known now"


def test_the_layer_tree_tells_of_layers_that_are_compared(room: PresenterRoom) -> None:
    tree = LayersPresenter(room.store, dissections=room.dissections)
    room.open_both()

    def tips() -> dict[str, str]:
        return {row.name: row.tooltip for row in tree.view.rows}

    assert "follow a label" not in "".join(tips().values())
    room.dissect()
    assert "2 of 3 maps follow a label; map 0 best: Brain, IoU 1.00" in tips()["mid"]
    assert "follow a label" not in tips()["dec"]
    room.update(lambda s: s.edit(ScaleFilter("enc", 0, 2.0)))
    assert "follow a label" not in tips()["mid"], "it is of another network now"
