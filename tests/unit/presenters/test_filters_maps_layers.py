"""The galleries and the layer tree: session in, frozen view out."""

from __future__ import annotations

import pytest
from tests.unit.fakes import CARD, Bench, kinds_network, unet

from unetscope.domain.edits import SetBias
from unetscope.domain.graph import Section
from unetscope.presenters.layers import LayersPresenter


@pytest.fixture
def bench() -> Bench:
    return Bench()


# --------------------------------------------------------------------- layers


def test_without_a_model_the_tree_says_what_to_do(bench: Bench) -> None:
    view = LayersPresenter(bench.store).view
    assert (view.rows, view.empty) == ((), "Open a model to see its layers.")


def test_the_tree_lists_the_layers_as_the_u_they_are(bench: Bench) -> None:
    presenter = LayersPresenter(bench.store)
    bench.open_model()
    rows = {row.name: row for row in presenter.view.rows}
    assert list(rows) == ["image", "enc", "pool", "mid", "up", "skip", "dec", "mask"]
    assert rows["mid"].section is Section.BOTTLENECK
    assert (rows["enc"].shape, rows["enc"].parameters) == ("8×8×4", "40")
    assert (rows["pool"].parameters, rows["pool"].has_kernels) == ("", False)
    assert rows["enc"].has_kernels
    assert "reads up, enc" in rows["skip"].tooltip
    assert presenter.view.summary == "net0: 8 layers, 641 parameters"
    assert presenter.view.selected == "enc"


def test_the_shape_of_the_selected_layer_is_explained(bench: Bench) -> None:
    presenter = LayersPresenter(bench.store)
    bench.open_model()
    presenter.select("mid")
    card = presenter.view.card
    assert card is not None
    assert card.title == "kernel (3, 3, 4, 6)"
    assert card.lines[1] == "3·3·4·6 + 6 bias = 222 parameters"
    presenter.select("pool")
    assert presenter.view.card is not None
    assert presenter.view.card.lines == ("MaxPooling2D gives 4×4×4", "no weights")


def test_an_edited_layer_is_marked_until_it_is_reverted(bench: Bench) -> None:
    presenter = LayersPresenter(bench.store)
    bench.open_model()

    def marked() -> list[str]:
        return [row.name for row in presenter.view.rows if row.edited]

    bench.update(lambda s: s.edit(SetBias("mid", 0, 1.0)))
    assert marked() == ["mid"]
    bench.update(lambda s: s.revert_all())
    assert marked() == []
    bench.update(lambda s: s.undo())
    assert marked() == ["mid"]


def test_another_network_shows_its_own_layers(bench: Bench) -> None:
    presenter = LayersPresenter(bench.store)
    bench.open_model()
    bench.open_model(kinds_network(), card=CARD, path="/k.keras")
    assert [row.name for row in presenter.view.rows][1] == "conv"
    bench.open_model(unet(2, "sha256:2"), path="/u.keras")
    assert presenter.view.summary.startswith("net2")
