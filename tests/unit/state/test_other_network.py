"""A second network beside the one shown: read, compared, never touched."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.unit.fakes import Bench, unet

from unetscope.domain.edits import ScaleFilter
from unetscope.presenters.model_comparison import ModelComparisonPresenter
from unetscope.state.other_network import OtherNetwork

OTHER = Path("/other.keras")


@pytest.fixture
def bench() -> Bench:
    bench = Bench()
    bench.open_model()
    bench.files.networks[OTHER] = unet(1, "sha256:1")
    return bench


@pytest.fixture
def other(bench: Bench) -> OtherNetwork:
    return OtherNetwork(bench.store, bench.jobs, bench.desk, bench.files)


def test_the_layers_are_compared_in_the_background(bench: Bench, other: OtherNetwork) -> None:
    shown = bench.session.network
    other.open(OTHER)
    assert other.busy
    bench.jobs.run()
    assert not other.busy
    assert [each.match.here for each in other.layers] == ["enc", "mid", "dec", "mask"]
    assert all(each.difference is not None for each in other.layers)
    assert bench.session.network is shown
    assert bench.session.edits == ()
    found = other.weights_of("mid")
    assert found is not None
    assert found[0] == "mid"
    assert found[1] is bench.files.networks[OTHER].trained["mid"]


def test_an_edit_is_compared_as_it_is_and_undone_it_is_identical_again(
    bench: Bench, other: OtherNetwork
) -> None:
    bench.files.networks[OTHER] = unet()
    other.open(OTHER)
    bench.jobs.run()

    def identical() -> list[bool]:
        return [each.difference is not None and each.difference.identical for each in other.layers]

    assert identical() == [True] * 4
    bench.update(lambda s: s.edit(ScaleFilter("mid", 0, 2.0)))
    assert identical() == [True, False, True, True]
    bench.update(lambda s: s.undo())
    assert identical() == [True] * 4


def test_a_file_that_is_no_model_changes_nothing(bench: Bench, other: OtherNetwork) -> None:
    said: list[str] = []

    def hear(notice: object) -> None:
        said.append(str(getattr(notice, "what", "")))

    bench.desk.notice.connect(hear)
    other.open(Path("/none.keras"))
    bench.jobs.run()
    assert said == ["none.keras is no model."]
    assert other.network is None
    assert "no other model" in other.why_not("enc")[0]


def test_the_table_says_what_is_matched_what_is_identical_and_what_is_not_there(
    bench: Bench, other: OtherNetwork
) -> None:
    presenter = ModelComparisonPresenter(bench.store, other)
    assert presenter.view.summary == "Choose another model."
    presenter.open(OTHER)
    assert presenter.view.summary == "Reading the other model …"
    bench.jobs.run()
    view = presenter.view
    assert view.title == "net0.keras compared with net1.keras"
    assert [row.layer for row in view.rows] == ["enc", "mid", "dec", "mask"]
    assert view.selected == "enc"
    assert "4 layers with weights matched · 0 identical" in view.summary
    presenter.select("dec")
    assert bench.session.layer == presenter.view.selected == "dec"
