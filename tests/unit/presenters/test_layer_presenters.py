"""The layer tree, the diagram, the layer's card, and what can be done to a layer."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.unit.domain.odd_graphs import residual_encoder
from tests.unit.fakes import Bench, FakeSeries, kinds_network, network_of, unet

from unetscope.domain.edits import SetBias, SetKernel
from unetscope.domain.history import Edits
from unetscope.domain.interventions import CutSkip, PatchSkip, SilenceMap
from unetscope.domain.layer_list import Column, LayerList
from unetscope.domain.ports import Notice
from unetscope.presenters.diagram import DiagramPresenter
from unetscope.presenters.layer_actions import LayerActionsPresenter
from unetscope.presenters.layer_card import LayerCardPresenter
from unetscope.presenters.layers import LayersPresenter


@pytest.fixture
def bench() -> Bench:
    return Bench()


def names(presenter: LayersPresenter) -> list[str]:
    return [row.name for row in presenter.view.rows]


def actions_of(bench: Bench) -> LayerActionsPresenter:
    return LayerActionsPresenter(bench.store, bench.desk, bench.jobs, bench.files)


def in_force(bench: Bench) -> Edits:
    return bench.session.edits


def notices(bench: Bench) -> list[Notice]:
    found: list[Notice] = []
    bench.desk.notice.connect(found.append)
    return found


# ----------------------------------------------------------------------- tree


def test_few_layers_are_grouped_by_section_and_many_by_level_too(bench: Bench) -> None:
    presenter = LayersPresenter(bench.store)
    bench.open_model()
    assert [group.key for group in presenter.view.groups] == [
        "Input", "Encoder", "Bottleneck", "Decoder", "Head",
    ]  # fmt: skip
    deep = residual_encoder()
    bench.open_model(network_of(*deep.layers, fingerprint="sha256:9"), path="/deep.keras")
    groups = {group.key: group for group in presenter.view.groups}
    assert groups["Encoder"].inside == ""
    rows = {row.name: row for row in presenter.view.rows}
    assert rows["s0b0_conv1"].group == "Encoder"
    assert rows["s1b0_conv1"].group == "Bottleneck"


def test_a_network_without_a_u_is_a_plain_list(bench: Bench) -> None:
    presenter = LayersPresenter(bench.store)
    flat = network_of(*unet().graph.layers[:2])
    bench.open_model(flat)
    assert presenter.view.groups == ()
    assert {row.group for row in presenter.view.rows} == {""}


def test_a_column_sorts_up_then_down_then_as_the_network_again(bench: Bench) -> None:
    presenter = LayersPresenter(bench.store)
    bench.open_model()
    as_network = names(presenter)
    presenter.sort(Column.PARAMETERS)
    assert names(presenter)[-1] == "dec"
    assert presenter.view.groups == ()
    presenter.sort(Column.PARAMETERS)
    assert names(presenter)[0] == "dec"
    presenter.sort(Column.PARAMETERS)
    assert names(presenter) == as_network
    presenter.sort(Column.NAME)
    assert names(presenter) == sorted(as_network)
    assert bench.session.layer_list == LayerList(sorted_by=Column.NAME)


def test_names_sort_by_their_numbers(bench: Bench) -> None:
    presenter = LayersPresenter(bench.store)
    layers = unet().graph.layers
    renamed = [type(layers[0])(name, "InputLayer", (None, 8, 8, 1)) for name in ("c10", "c9", "b1")]
    bench.open_model(network_of(*renamed))
    presenter.sort(Column.NAME)
    assert names(presenter) == ["b1", "c9", "c10"]


def test_what_is_folded_and_left_out_is_remembered(bench: Bench) -> None:
    presenter = LayersPresenter(bench.store)
    bench.open_model()
    presenter.fold("Encoder", True)
    presenter.show_column(Column.KIND, False)
    presenter.show_column(Column.NAME, False)
    assert presenter.view.listed.folded == {"Encoder"}
    assert presenter.view.listed.left_out == {Column.KIND}
    presenter.fold_all(True)
    assert presenter.view.listed.folded == {group.key for group in presenter.view.groups}
    presenter.fold_all(False)
    presenter.show_column(Column.KIND, True)
    assert bench.session.layer_list == LayerList()


@pytest.mark.parametrize(
    ("text", "found"),
    [("4x4", ["pool", "mid"]), ("8×8×10", ["skip"]), ("softmax", ["mask"]), ("concat", ["skip"])],
)
def test_a_search_looks_at_shapes_and_activations_too(
    bench: Bench, text: str, found: list[str]
) -> None:
    presenter = LayersPresenter(bench.store)
    bench.open_model()
    assert [row.name for row in presenter.view.rows if row.matches(text)] == found


def test_the_next_hit_is_after_the_layer_shown_and_goes_around(bench: Bench) -> None:
    presenter = LayersPresenter(bench.store)
    bench.open_model()
    assert presenter.find("conv", 1) == (2, 4)
    assert bench.session.layer == "mid"
    assert presenter.find("conv", 1) == (3, 4)
    assert presenter.find("conv", -1) == (2, 4)
    presenter.select("mask")
    assert presenter.find("conv", 1) == (1, 4)
    assert presenter.find("conv", -1) == (4, 4)
    assert presenter.find("nothing", 1) == (0, 0)
    assert bench.session.layer == "mask"


def test_interventions_are_marked_and_listed(bench: Bench) -> None:
    presenter = LayersPresenter(bench.store)
    bench.open_model()
    bench.update(lambda s: s.edit(SilenceMap("enc", None)))
    bench.update(lambda s: s.edit(CutSkip("skip", "enc")))
    rows = {row.name: row for row in presenter.view.rows}
    assert (rows["enc"].mark, rows["skip"].mark, rows["mid"].mark) == ("⊘", "✂", "")
    assert not rows["enc"].edited
    assert [one.text for one in presenter.view.interventions] == [
        "silenced all maps of enc",
        "cut enc → skip",
    ]
    bench.update(lambda s: s.undo())
    assert {row.name: row.mark for row in presenter.view.rows}["skip"] == ""


# -------------------------------------------------------------------- actions


def test_a_layer_is_silenced_and_brought_back_by_name(bench: Bench) -> None:
    bench.open_model()
    actions = actions_of(bench)
    actions.silence("mid", "mean")
    assert in_force(bench) == (SilenceMap("mid", None, "mean"),)
    assert actions.offers("mid").silenced
    bench.update(lambda s: s.edit(SetBias("mid", 0, 1.0)))
    actions.bring_back("mid")
    assert in_force(bench) == (SetBias("mid", 0, 1.0),)
    assert [step.label for step in bench.session.history.done] == [
        "silenced all maps of mid", "bias on mid · filter 0", "brought back mid",
    ]  # fmt: skip
    actions.bring_back("mid")
    assert len(bench.session.history.done) == 3


def test_silencing_the_layer_shown_is_a_switch(bench: Bench) -> None:
    bench.open_model()
    actions = actions_of(bench)
    actions.toggle_silence()
    assert in_force(bench) == (SilenceMap("enc", None),)
    actions.toggle_silence()
    assert in_force(bench) == ()
    bench.update(lambda s: s.undo())
    assert in_force(bench) == (SilenceMap("enc", None),)


def test_a_skip_is_offered_at_both_ends_cut_and_mended(bench: Bench) -> None:
    bench.open_model()
    actions = actions_of(bench)
    (at_source,), (at_reader,) = actions.offers("enc").skips, actions.offers("skip").skips
    assert at_source == at_reader
    assert (at_source.text, at_source.changed) == ("enc → skip", False)
    assert actions.offers("mid").skips == ()
    actions.cut("skip", "enc")
    assert in_force(bench) == (CutSkip("skip", "enc"),)
    assert actions.offers("enc").skips[0].changed
    actions.mend("skip", "enc")
    assert in_force(bench) == ()
    assert bench.session.history.done[-1].label == "mended enc → skip"


def test_a_line_that_is_all_a_layer_reads_is_not_cut(bench: Bench) -> None:
    bench.open_model()
    actions = actions_of(bench)
    assert actions.offer_of_line("mid", "pool") is None
    main = actions.offer_of_line("skip", "up")
    assert main is not None
    actions.cut("skip", "up")
    assert actions.offers("up").skips[0].changed


def test_a_skip_is_patched_with_another_slice_as_the_network_is_fed_it(bench: Bench) -> None:
    bench.open_model()
    bench.open_study()
    actions = actions_of(bench)
    assert actions.slices == (2, 5)
    actions.patch("skip", "enc", 4)
    bench.jobs.run()
    (edit,) = bench.session.edits
    assert isinstance(edit, PatchSkip)
    assert edit.label == "patched enc → skip from slice 5"
    assert np.array_equal(np.asarray(edit.image), FakeSeries().volume[4])
    assert bench.session.history.done[-1].label == edit.label


def test_a_patch_that_cannot_be_made_is_told_and_changes_nothing(bench: Bench) -> None:
    told = notices(bench)
    bench.open_model()
    actions = actions_of(bench)
    actions.patch("skip", "enc", 0)
    assert told[-1].what == "There is no other slice."
    bench.open_study(FakeSeries(broken=frozenset({0})))
    actions.patch("skip", "enc", 0)
    bench.jobs.run()
    assert told[-1].what == "Slice 0 is damaged."
    assert in_force(bench) == ()


def test_a_layer_of_any_kind_is_reverted_and_others_stay(bench: Bench) -> None:
    bench.open_model()
    actions = actions_of(bench)
    bench.update(lambda s: s.edit(SetBias("mid", 0, 1.0)))
    bench.update(lambda s: s.edit(SetBias("dec", 0, 1.0)))
    assert actions.offers("mid").edited
    actions.revert("mid")
    assert in_force(bench) == (SetBias("dec", 0, 1.0),)
    assert bench.session.history.done[-1].label == "Revert layer mid"
    bench.update(lambda s: s.undo())
    assert bench.session.edited_layers == {"mid", "dec"}


def test_weights_are_saved_as_they_are_in_force_or_as_trained(bench: Bench) -> None:
    told = notices(bench)
    network = bench.open_model()
    actions = actions_of(bench)
    bench.update(lambda s: s.edit(SetKernel("enc", 0, 0, np.ones((3, 3)))))
    for path, which, trained in (
        ("/a.npy", 0, False),
        ("/b.npy", 0, True),
        ("/c.npz", None, False),
    ):
        actions.save_weights("enc", Path(path), which, trained=trained)
        bench.jobs.run()
    saved = bench.files.arrays
    assert np.array_equal(np.asarray(saved[Path("/a.npy")]), bench.session.weights("enc")[0])
    assert np.array_equal(np.asarray(saved[Path("/b.npy")]), network.trained["enc"][0])
    everything = saved[Path("/c.npz")]
    assert isinstance(everything, dict)
    assert list(everything) == ["kernel", "bias"]
    assert told[-1].what == "Saved c.npz."
    actions.save_weights("enc", Path("/full/d.npy"), 0, trained=False)
    bench.jobs.run()
    assert told[-1].what == "d.npy could not be written."


# -------------------------------------------------------------------- diagram


def test_the_diagram_is_drawn_once_for_a_network(bench: Bench) -> None:
    presenter = DiagramPresenter(bench.store, bench.jobs)
    assert presenter.view.empty.startswith("Open a model")
    network = bench.open_model()
    drawn = presenter.view.diagram
    assert [box.name for box in drawn.boxes] == [each.name for each in network.graph.layers]
    bench.update(lambda s: s.confirm_network(unet()))
    assert presenter.view.diagram is drawn
    presenter.select("mid")
    assert presenter.view.selected == "mid"
    assert presenter.view.diagram is drawn


def test_the_diagram_marks_what_was_done(bench: Bench) -> None:
    presenter = DiagramPresenter(bench.store, bench.jobs)
    bench.open_model()
    bench.update(lambda s: s.edit(SetBias("mid", 0, 1.0)))
    bench.update(lambda s: s.edit(SilenceMap("enc", 1)))
    bench.update(lambda s: s.edit(CutSkip("skip", "enc")))
    view = presenter.view
    assert set(view.edited) == {"mid"}
    assert set(view.intervened) == {"enc"}
    assert set(view.cut) == {("enc", "skip")}
    bench.update(lambda s: s.revert_all())
    view = presenter.view
    assert not view.edited | view.intervened
    assert view.cut == frozenset()


# ----------------------------------------------------------------------- card


def card_of(bench: Bench) -> LayerCardPresenter:
    presenter = LayerCardPresenter(bench.store, bench.desk, bench.jobs, bench.live)
    presenter.set_shown(True)
    return presenter


def test_the_card_tells_about_the_layer_and_counts_its_weights(bench: Bench) -> None:
    presenter = card_of(bench)
    assert presenter.view.empty.startswith("Open a model")
    network = bench.open_model()
    view = presenter.view
    assert (view.name, view.kind, view.gives) == ("enc", "Conv2D", "8×8×4")
    assert (view.reads, view.read_by) == (("image",), ("pool", "skip"))
    assert ("activation", "relu") in view.attributes
    kernel, bias = view.arrays
    assert kernel.statistics is not None
    assert kernel.statistics.high == pytest.approx(float(network.trained["enc"][0].max()))
    assert dict(bias.numbers)["zeros"] == "0.0%"
    presenter.select("pool")
    assert presenter.view.arrays == ()


def test_an_edit_is_counted_beside_the_trained_values(bench: Bench) -> None:
    presenter = card_of(bench)
    bench.open_model()
    bench.update(lambda s: s.edit(SetKernel("enc", 0, 0, np.full((3, 3), 9.0))))
    kernel, bias = presenter.view.arrays
    assert kernel.differs
    assert not bias.differs
    assert kernel.statistics is not None
    assert kernel.statistics.high == 9
    assert kernel.statistics.trained_counts is not None
    assert kernel.statistics.trained_counts.sum() == 36


def test_the_receptive_field_is_told_in_millimetres_of_the_series(bench: Bench) -> None:
    presenter = card_of(bench)
    same = {"kernel_size": (3, 3), "padding": "same"}
    image, conv = unet().graph.layers[:2]
    bench.open_model(network_of(image, replace(conv, config=same)))
    bench.open_study()
    bench.engine.answer()
    said = " ".join(presenter.view.sentences)
    assert "3×3 pixels of the image, 1.5 × 1.5 mm here" in said


def test_nothing_is_counted_while_nobody_looks(bench: Bench) -> None:
    presenter = LayerCardPresenter(bench.store, bench.desk, bench.jobs, bench.live)
    bench.open_model()
    assert presenter.view.name == ""
    presenter.set_shown(True)
    assert presenter.view.name == "enc"
    presenter.set_shown(False)
    bench.update(lambda s: s.select_layer("mid"))
    assert presenter.view.name == "enc"


def test_kinds_of_all_sorts_have_a_card(bench: Bench) -> None:
    presenter = card_of(bench)
    network = bench.open_model(kinds_network())
    for each in network.graph.layers:
        presenter.select(each.name)
        bench.jobs.run()
        view = presenter.view
        assert view.name == each.name
        assert [card.words.name for card in view.arrays] == [spec.name for spec in each.weights]
        assert all(card.statistics is not None for card in view.arrays)
