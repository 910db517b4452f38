"""The session's invariants, and undo, redo and revert to the bit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from tests.unit.fakes import CARD, kinds_network, layer, network_of, opened, unet

from unetscope.domain.edits import (
    Edit,
    ScaleFilter,
    SetBias,
    SetFilter,
    SetInputChannel,
    SetKernel,
    SetLayerWeights,
    apply_all,
)
from unetscope.domain.errors import EditError, UnetscopeError
from unetscope.domain.feature_maps import FIRST_MAPS, MapsChoice, Scaling
from unetscope.domain.filter_gallery import FIRST_GALLERY, FilterGallery
from unetscope.domain.history import History
from unetscope.domain.interventions import SilenceMap
from unetscope.domain.overwriting import add_edit
from unetscope.domain.scopes import Scope
from unetscope.domain.session import SeriesChoice, Session
from unetscope.domain.window import Window

NETWORK = kinds_network()
SHAPES = {"conv": ((3, 5), 2, 4), "up": ((2, 3), 3, 5), "depth": ((3, 3), 5, 2)}
VALUES = st.floats(-8, 8, width=32)


@st.composite
def edits(draw: st.DrawFn) -> Edit:
    name = draw(st.sampled_from(sorted(SHAPES)))
    window, in_channels, filters = SHAPES[name]

    def kernel(*more: int) -> NDArray[np.float32]:
        return draw(arrays(np.float32, (*window, *more), elements=VALUES))

    in_channel, filter_index = (
        draw(st.integers(0, in_channels - 1)),
        draw(st.integers(0, filters - 1)),
    )
    kind = draw(st.sampled_from(["kernel", "filter", "input", "bias", "gain", "layer"]))
    if kind == "kernel":
        return SetKernel(name, in_channel, filter_index, kernel())
    if kind == "filter":
        return SetFilter(name, filter_index, kernel(in_channels))
    if kind == "input":
        return SetInputChannel(name, in_channel, kernel(filters))
    if kind == "bias":
        return SetBias(name, filter_index, draw(VALUES))
    if kind == "gain":
        return ScaleFilter(name, filter_index, draw(VALUES))
    changed = [array * np.float32(draw(VALUES)) for array in NETWORK.trained[name]]
    return SetLayerWeights(name, changed)


def start() -> Session:
    return opened(NETWORK)


def dump(session: Session) -> list[bytes]:
    assert session.network is not None
    names = [each.name for each in session.network.graph.layers]
    return [array.tobytes() for name in names for array in session.weights(name)]


# ------------------------------------------------- what an edit leaves of others


@given(st.lists(edits(), max_size=12))
def test_an_edit_that_is_overwritten_is_left_out_and_no_weight_differs(made: list[Edit]) -> None:
    kept: tuple[Edit, ...] = ()
    for edit in made:
        kept = add_edit(kept, edit)
    for name in SHAPES:
        with_all = apply_all(NETWORK.graph[name], NETWORK.trained[name], made)
        without = apply_all(NETWORK.graph[name], NETWORK.trained[name], kept)
        assert [a.tobytes() for a in with_all] == [a.tobytes() for a in without]


def test_a_thousand_edits_of_one_kernel_are_one_in_force_and_a_thousand_steps_back() -> None:
    history = History()
    for number in range(1000):
        history = history.record(SetKernel("conv", 0, number % 2, np.full((3, 5), number)))
    assert len(history.edits) == 2
    assert len(history.done) == 1000
    assert history.jump(500).edits[-1] == SetKernel("conv", 0, 1, np.full((3, 5), 499))


def test_weights_of_a_whole_layer_leave_its_silenced_map_silenced() -> None:
    history = History().record(SilenceMap("conv", 1)).record(SetBias("conv", 0, 1.0))
    whole = SetLayerWeights("conv", NETWORK.trained["conv"])
    assert history.record(whole).edits == (SilenceMap("conv", 1), whole)


def test_what_a_gain_multiplies_stays() -> None:
    small, gain = SetKernel("conv", 0, 1, np.zeros((3, 5))), ScaleFilter("conv", 1, 2.0)
    assert add_edit((small, gain), small) == (small, gain, small)


# ------------------------------------------------------------- undo and redo


@given(st.lists(st.tuples(edits(), st.booleans()), max_size=8))
def test_undoing_every_step_restores_every_weight_bit_for_bit_and_redo_brings_it_back(
    made: list[tuple[Edit, bool]],
) -> None:
    session = start()
    trail = {0: dump(session)}
    for edit, same_gesture in made:
        session = session.edit(edit, same_gesture=same_gesture)
        trail[len(session.history.done)] = dump(session)
    while session.history.done:
        assert dump(session) == trail[len(session.history.done)]
        session = session.undo()
    assert dump(session) == trail[0]
    while session.history.undone:
        session = session.redo()
        assert dump(session) == trail[len(session.history.done)]


@given(st.lists(edits(), min_size=1, max_size=6), st.data())
def test_a_jump_in_the_history_lands_on_the_weights_of_that_step(
    made: list[Edit], data: st.DataObject
) -> None:
    session = start()
    trail = [dump(session)]
    for edit in made:
        session = session.edit(edit)
        trail.append(dump(session))
    history = session.history
    for count in data.draw(st.lists(st.integers(0, len(made)), max_size=5)):
        history = history.jump(count)
        assert len(history.done) == count
        assert dump(replace(session, history=history)) == trail[count]
    assert len(history.jump(99).done) == len(made)
    assert len(history.jump(-3).done) == 0


def test_an_edit_after_undo_forgets_what_was_undone() -> None:
    session = start().edit(SetBias("conv", 0, 1.0)).edit(SetBias("conv", 1, 2.0)).undo()
    session = session.edit(SetBias("conv", 2, 3.0))
    assert session.history.undone == ()
    assert session.redo() is session
    assert [step.label for step in session.history.done] == [
        "bias on conv · filter 0",
        "bias on conv · filter 2",
    ]


def test_there_is_nothing_to_undo_or_redo_at_the_start() -> None:
    assert start().undo().history.done == ()
    assert start().redo().history.done == ()
    with pytest.raises(EditError, match="nothing to undo"):
        History().undo()
    with pytest.raises(EditError, match="nothing to redo"):
        History().redo()


def test_a_drag_is_one_step_and_keeps_only_where_it_ended() -> None:
    session = start().edit(SetBias("conv", 1, 9.0))
    session = session.edit(ScaleFilter("conv", 0, 0.5))
    for gain in (0.6, 0.7, 0.8):
        session = session.edit(ScaleFilter("conv", 0, gain), same_gesture=True)
    assert len(session.history.done) == 2
    assert session.edits == (SetBias("conv", 1, 9.0), ScaleFilter("conv", 0, 0.8))
    undone = session.undo()
    assert undone.edits == (SetBias("conv", 1, 9.0),)


def test_the_weights_before_a_gesture_are_those_of_the_step_before() -> None:
    session = start().edit(SetBias("conv", 0, 1.0)).edit(SetBias("conv", 0, 2.0))
    assert session.weights("conv", before_gesture=True)[1][0] == 1.0
    assert session.weights("conv")[1][0] == 2.0
    trained = start().weights("conv", before_gesture=True)
    assert trained[1].tobytes() == NETWORK.trained["conv"][1].tobytes()


# --------------------------------------------------------------------- revert


@given(st.lists(edits(), min_size=1, max_size=5), st.sampled_from(list(Scope)), st.data())
def test_reverting_a_scope_is_exact_leaves_the_rest_and_can_be_undone(
    made: list[Edit], scope: Scope, data: st.DataObject
) -> None:
    name = data.draw(st.sampled_from(["conv", "up"]))
    session = start().select_layer(name)
    _, in_channels, filters = SHAPES[name]
    session = session.select_filter(data.draw(st.integers(0, filters - 1)))
    session = session.select_in_channel(data.draw(st.integers(0, in_channels - 1)))
    for edit in made:
        session = session.edit(edit)
    before = dump(session)
    reverted = session.revert(scope)

    expected = [array.copy() for array in session.weights(name)]
    trained = NETWORK.trained[name]
    in_axis, filter_axis = (3, 2) if name == "up" else (2, 3)
    where: list[int | slice] = [slice(None)] * 4
    if scope in (Scope.VALUE, Scope.KERNEL, Scope.INPUT_CHANNEL):
        where[in_axis] = session.in_channel
    if scope in (Scope.VALUE, Scope.KERNEL, Scope.FILTER):
        where[filter_axis] = session.filter
    expected[0][tuple(where)] = trained[0][tuple(where)]
    if scope is Scope.FILTER:
        expected[1][session.filter] = trained[1][session.filter]
    if scope is Scope.LAYER:
        expected[1] = trained[1]
    assert [a.tobytes() for a in reverted.weights(name)] == [a.tobytes() for a in expected]
    for other in {"conv", "up", "depth"} - {name}:
        for a, b in zip(reverted.weights(other), session.weights(other), strict=True):
            assert np.array_equal(a, b)
    if reverted is not session:
        assert dump(reverted.undo()) == before


@given(st.lists(edits(), min_size=1, max_size=5))
def test_after_revert_all_nothing_is_edited_and_it_can_be_undone(made: list[Edit]) -> None:
    session = start()
    for edit in made:
        session = session.edit(edit)
    reverted = session.revert_all()
    assert dump(reverted) == dump(start())
    assert reverted.edits == ()
    assert reverted.edited_layers == frozenset()
    assert dump(reverted.undo()) == dump(session)


@pytest.mark.parametrize("scope", list(Scope))
def test_a_layer_is_no_longer_called_edited_when_its_only_edit_is_reverted(scope: Scope) -> None:
    session = start().select_layer("conv").select_filter(2).select_in_channel(1)
    session = session.edit(SetKernel("conv", 1, 2, np.ones((3, 5))))
    assert session.edited_layers == {"conv"}
    reverted = session.revert(scope)
    assert reverted.edited_layers == frozenset()
    assert reverted.edits == ()
    assert reverted.undo().edited_layers == {"conv"}


def test_reverting_a_filter_leaves_the_edit_of_another_filter_in_force() -> None:
    session = start().select_layer("conv").edit(ScaleFilter("conv", 0, 0.0))
    session = session.edit(ScaleFilter("conv", 1, 0.0)).select_filter(1).revert(Scope.FILTER)
    after, trained = session.weights("conv"), NETWORK.trained["conv"]
    assert not after[0][..., 0].any()
    assert after[0][..., 1:].tobytes() == trained[0][..., 1:].tobytes()
    assert session.edited_layers == {"conv"}


def test_an_edit_that_changes_no_value_leaves_the_layer_unedited() -> None:
    session = start().edit(ScaleFilter("conv", 0, 1.0))
    assert session.edits
    assert session.edited_layers == frozenset()


def test_reverting_without_edits_does_nothing() -> None:
    session = start().select_layer("conv")
    assert session.revert(Scope.LAYER) is session
    assert session.revert_all() is session


# ----------------------------------------------------------------- selections


def test_opening_a_series_shows_its_middle_slice_and_the_files_window() -> None:
    session = Session(window=Window(1, 2)).open_series(SeriesChoice("a", 9))
    assert (session.slice_index, session.window) == (4, None)
    assert session.open_series(SeriesChoice("b", 3), slice_index=99).slice_index == 2


@given(st.integers(-1000, 1000), st.integers(0, 20))
def test_the_slice_is_always_one_of_the_series(index: int, slices: int) -> None:
    session = Session().open_series(SeriesChoice("a", slices)).select_slice(index)
    assert 0 <= session.slice_index <= max(slices - 1, 0)
    if 0 <= index < slices:
        assert session.slice_index == index


def test_without_a_series_there_is_only_slice_0() -> None:
    assert Session().select_slice(7).slice_index == 0


@given(st.sampled_from(["conv", "up", "depth", "dense"]), st.integers(-9, 99), st.integers(-9, 99))
def test_filter_and_input_channel_are_always_ones_that_the_layer_has(
    name: str, filter_index: int, in_channel: int
) -> None:
    session = start().select_layer(name).select_filter(filter_index).select_in_channel(in_channel)
    maps = {"conv": 4, "up": 5, "depth": 10, "dense": 2}[name]
    inputs = {"conv": 2, "up": 3, "depth": 5, "dense": 1}[name]
    assert session.in_channel == min(max(in_channel, 0), inputs - 1)
    if name == "depth":  # each input channel has feature maps of its own
        assert session.filter // (maps // inputs) == session.in_channel
    else:
        assert session.filter == min(max(filter_index, 0), maps - 1)


def test_another_layer_starts_again_at_its_first_filter_and_channel() -> None:
    session = start().select_layer("up").select_filter(3).select_in_channel(2)
    assert session.select_layer("up") is session
    moved = session.select_layer("conv")
    assert (moved.layer, moved.filter, moved.in_channel) == ("conv", 0, 0)


def test_a_layer_that_does_not_exist_is_not_selected() -> None:
    session = start()
    assert session.select_layer("nowhere") is session
    assert Session().select_layer("conv").layer is None


def test_stepping_through_layers_keeps_the_filter_where_the_layer_has_it() -> None:
    session = start().select_layer("conv").select_filter(3).select_in_channel(1)
    stepped = session.step_layer(1)
    assert (stepped.layer, stepped.filter, stepped.in_channel) == ("bare", 2, 1)
    assert session.step_layer(99).layer == "dense"
    assert session.step_layer(-99).layer == "image"
    assert Session().step_layer(1) == Session()


def test_opening_a_network_clears_edits_and_starts_at_its_first_layer_with_kernels() -> None:
    session = start().select_layer("up").select_filter(3).edit(SetBias("up", 0, 1.0))
    session = session.toggle_label(2).compare_trained(True)
    other = session.open_network(unet(1, "sha256:1"), CARD)
    assert (other.layer, other.filter, other.in_channel) == ("enc", 0, 0)
    assert (other.edits, other.history, other.edited_layers) == ((), History(), frozenset())
    assert (other.hidden_labels, other.show_trained) == (frozenset(), False)


def test_a_network_without_kernels_starts_at_its_last_layer() -> None:
    network = network_of(layer("image", "InputLayer"), layer("dense", "Dense", ["image"]))
    assert opened(network).layer == "dense"


def test_the_engines_word_on_the_same_file_keeps_selection_and_edits() -> None:
    session = start().select_layer("up").select_filter(2).edit(SetBias("up", 0, 1.0))
    confirmed = session.confirm_network(again := kinds_network())
    assert confirmed.network is again
    assert (confirmed.layer, confirmed.filter, confirmed.edits) == ("up", 2, session.edits)
    other = unet(1, "sha256:other")
    assert session.confirm_network(other) is session
    assert Session().confirm_network(other).network is None


def test_a_layer_that_the_engine_does_not_know_is_not_left_selected() -> None:
    confirmed = opened(kinds_network()).select_layer("depth").confirm_network(unet())
    assert confirmed.layer == "enc"
    assert confirmed.selected_layer is not None


def test_an_edit_ends_the_look_at_the_trained_result() -> None:
    assert not start().compare_trained(True).edit(SetBias("conv", 0, 1.0)).show_trained


def test_edits_need_a_network_and_a_layer_it_has() -> None:
    with pytest.raises(EditError, match="no network to edit"):
        Session().edit(SetBias("conv", 0, 1.0))
    with pytest.raises(UnetscopeError, match="no layer called 'nowhere'"):
        start().edit(SetBias("nowhere", 0, 1.0))
    with pytest.raises(EditError, match="No kernel is shown"):
        start().select_layer("dense").target()


@pytest.mark.parametrize(
    ("change", "back"),
    [
        (lambda s: s.toggle_mask(), lambda s: s.toggle_mask()),
        (lambda s: s.toggle_outline(), lambda s: s.toggle_outline()),
        (lambda s: s.toggle_inverted(), lambda s: s.toggle_inverted()),
        (lambda s: s.toggle_identity(), lambda s: s.toggle_identity()),
        (lambda s: s.toggle_label(2), lambda s: s.toggle_label(2)),
        (lambda s: s.compare_trained(True), lambda s: s.compare_trained(False)),
        (lambda s: s.arrange(FilterGallery(depth=2)), lambda s: s.arrange(FIRST_GALLERY)),
        (
            lambda s: s.show_maps(MapsChoice(scaling=Scaling.EACH)),
            lambda s: s.show_maps(FIRST_MAPS),
        ),
        (lambda s: s.set_scope(Scope.LAYER), lambda s: s.set_scope(Scope.VALUE)),
        (lambda s: s.set_keep_norm(False), lambda s: s.set_keep_norm(True)),
        (lambda s: s.set_window(Window(1, 2)).toggle_inverted(), lambda s: s.reset_view()),
    ],
)
def test_a_display_choice_changes_and_comes_back(
    change: Callable[[Session], Session], back: Callable[[Session], Session]
) -> None:
    session = start()
    assert change(session) != session
    assert back(change(session)) == session


def test_opacity_stays_between_0_and_1() -> None:
    assert Session().set_opacity(-1).opacity == 0
    assert Session().set_opacity(2).opacity == 1
    assert Session().set_opacity(0.25).opacity == 0.25
