"""What a figure can show: all of one version of the weights."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

import numpy as np
import pytest
from tests.unit.fakes import Bench, FakeSeries

from unetscope.domain.edits import ScaleFilter
from unetscope.domain.figure import Palette, Pane
from unetscope.domain.metrics import Labels
from unetscope.domain.planes import Turn
from unetscope.presenters.figure import FigurePresenter, FigureView
from unetscope.state.references import References
from unetscope.state.shown_maps import ShownMaps


class Builder:
    """A presenter on the bench that is watched."""

    def __init__(self) -> None:
        self.bench = Bench(at_once=True)
        bench = self.bench
        shown = ShownMaps(bench.store, bench.live, bench.desk)
        self.presenter = FigurePresenter(bench.store, bench.desk, bench.live, bench.display, shown)
        self.views: list[FigureView] = []
        self.presenter.view_changed.connect(self.on_view)

    def on_view(self, view: FigureView) -> None:
        self.views.append(view)

    def view(self) -> FigureView:
        self.presenter.watch(True)
        return self.presenter.view

    def panes(self) -> dict[str, Pane]:
        return {pane.key: pane for pane in self.view().panes}


@pytest.fixture
def builder() -> Builder:
    builder = Builder()
    builder.bench.open_model()
    builder.bench.open_study(FakeSeries(spacing=(2.0, 1.0, 0.5)))
    return builder


def test_slice_masks_probabilities_maps_and_kernels_are_offered(builder: Builder) -> None:
    assert [pane.caption for pane in builder.view().panes] == [
        "Slice 3",
        "Mask, network",
        "Probability of CSF",
        "Probability of Brain",
        "What the network was fed",
        "Feature map 0 of enc",
        "Kernel of enc, filter 0, input 0",
    ]
    assert not builder.view().waiting


def test_edits_add_what_was_before_and_what_changed(builder: Builder) -> None:
    builder.bench.update(lambda s: s.edit(ScaleFilter("enc", filter=0, gain=0.5)))
    panes = builder.view().panes
    captions = [pane.caption for pane in panes]
    for caption in ("Mask, trained network", "Mask, edited network", "What the edits change"):
        assert caption in captions
    trained, edited = panes[-2:]
    assert [trained.caption, edited.caption] == [
        "Kernel, trained: enc, filter 0, input 0",
        "Kernel, edited: enc, filter 0, input 0",
    ]
    assert np.allclose(trained.values * 0.5, edited.values)
    assert trained.limits == edited.limits
    assert builder.view().edited == "1 edit"
    assert "gain on enc · filter 0" in builder.view().settings


def test_maps_that_are_selected_together_are_all_offered(builder: Builder) -> None:
    builder.bench.update(lambda s: s.show_maps(replace(s.maps, also=frozenset({2, 3}))))
    keys = list(builder.panes())
    assert [key for key in keys if key.startswith("map")] == ["map enc 0", "map enc 2", "map enc 3"]
    assert sum(key.startswith("kernel") for key in keys) == 3


def test_a_scale_bar_is_for_calibrated_pixels_only(builder: Builder) -> None:
    assert builder.panes()["slice"].mm == 0.5
    assert builder.panes()["slice"].aspect == 2.0
    builder.bench.open_study(FakeSeries(uid="9", calibrated=False), path="/other")
    assert builder.panes()["slice"].mm is None
    assert builder.panes()["map enc 0"].mm is None


def test_a_turned_slice_is_turned_in_the_figure(builder: Builder) -> None:
    straight = builder.panes()["slice"]
    builder.bench.update(lambda s: s.look(s.viewer.turned(Turn(transposed=True))))
    turned = builder.panes()["slice"]
    assert np.array_equal(turned.values, straight.values.swapaxes(0, 1))
    assert turned.mm == 1.0
    assert turned.aspect == 0.5


def test_outlines_stay_outlines_and_closed_eyes_stay_closed(builder: Builder) -> None:
    builder.bench.update(lambda s: s.toggle_outline().toggle_label(1))
    pane = builder.panes()["mask"]
    assert pane.outline is not None
    assert set(np.unique(pane.outline).tolist()) == {0, 2}
    assert [one.name for one in pane.legend] == ["Brain"]
    assert np.array_equal(pane.values, builder.panes()["slice"].values)


def test_numbers_keep_their_scale_and_colours(builder: Builder) -> None:
    panes = builder.panes()
    assert panes["probability 1"].palette is Palette.VIRIDIS
    assert panes["probability 1"].limits == (0.0, 1.0)
    kernel = next(pane for key, pane in panes.items() if key.startswith("kernel"))
    assert kernel.palette is Palette.DIVERGING
    assert kernel.limits[0] == -kernel.limits[1]
    assert kernel.numbers


def test_while_the_network_computes_no_old_map_is_offered(builder: Builder) -> None:
    builder.view()
    builder.bench.engine.at_once = False
    builder.bench.update(lambda s: s.edit(ScaleFilter("enc", filter=0, gain=0.5)))
    assert builder.presenter.view.waiting
    assert not any(pane.key.startswith("map") for pane in builder.presenter.view.panes)
    builder.bench.engine.answer()
    assert not builder.presenter.view.waiting
    assert any(pane.key.startswith("map") for pane in builder.presenter.view.panes)


def test_nothing_is_made_while_nobody_watches(builder: Builder) -> None:
    builder.presenter.watch(False)
    count = len(builder.views)
    builder.bench.update(lambda s: s.select_slice(1))
    assert len(builder.views) == count


class Theirs:
    """A reference of one slice."""

    def __init__(self, labels: Labels) -> None:
        self.labels = labels

    def slice_labels(self, index: int) -> Labels:
        return self.labels


def test_a_reference_is_a_pane_where_it_fits_the_slice(builder: Builder) -> None:
    reference = np.ones((8, 8), np.uint8)
    theirs = Theirs(reference)
    builder.presenter._references = cast(References, theirs)
    pane = builder.panes()["reference"]
    assert pane.caption == "Reference"
    assert (pane.values != builder.panes()["slice"].values).any(axis=2).all()
    theirs.labels = np.ones((9, 9), np.uint8)
    assert "reference" not in builder.panes()


def test_nobody_is_named(builder: Builder) -> None:
    view = builder.view()
    said = view.settings + "".join(pane.caption for pane in view.panes)
    assert "Doe" not in said
    assert "T1 axial" not in said
