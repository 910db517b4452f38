"""The card in force: changed, confirmed, brought back, saved."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from tests.unit.fakes import CARD, Bench, FakeFiles, unet
from tests.unit.state.test_network_input import of_channels

from unetscope.domain.card import ModelCard
from unetscope.domain.errors import ModelError
from unetscope.domain.ports import Notice
from unetscope.domain.preprocess import Preprocessing
from unetscope.domain.stand_ins import Replacement, StandIn, told
from unetscope.state.card_keeper import CardKeeper, is_changed

OTHER = Preprocessing(size=(8, 8), normalise="zscore")
MODEL = unet().path


class Kept:
    """A bench with a keeper, and what was told."""

    def __init__(self) -> None:
        self.bench = Bench(at_once=True)
        self.notices: list[Notice] = []
        self.bench.desk.notice.connect(self.on_notice)
        self.keeper = self.keeper_over(self.bench.files)

    def keeper_over(self, files: FakeFiles) -> CardKeeper:
        return CardKeeper(self.bench.store, self.bench.jobs, files, self.bench.desk)

    def on_notice(self, notice: Notice) -> None:
        self.notices.append(notice)

    @property
    def card(self) -> ModelCard:
        card = self.bench.session.card
        assert card is not None
        return card


@pytest.fixture
def kept() -> Kept:
    made = Kept()
    made.bench.open_model(path=str(MODEL))
    made.bench.open_study()
    return made


def test_a_changed_step_asks_the_network_anew_and_back_gives_the_same_image(kept: Kept) -> None:
    looks = kept.bench.engine.looks
    first = looks[-1].request.image

    kept.keeper.change(preprocessing=OTHER)
    kept.bench.jobs.run()
    assert is_changed(kept.bench.session)
    assert abs(looks[-1].request.image.mean()) < 1e-5

    kept.keeper.back()
    kept.bench.jobs.run()
    assert not is_changed(kept.bench.session)
    assert looks[-1].request.image.tobytes() == first.tobytes()


def test_names_and_confirmation_ask_nothing_and_keep_the_masks_of_the_series(kept: Kept) -> None:
    bench = kept.bench
    bench.segmentation.start()
    bench.jobs.run()
    before, asked = dict(bench.segmentation.masks("1.2.3")), len(bench.engine.looks)

    kept.keeper.change(name="Other", classes=CARD.classes[::-1][::-1])
    kept.keeper.confirm()
    bench.jobs.run()

    assert len(bench.engine.looks) == asked
    assert bench.segmentation.masks("1.2.3") == before


def test_nothing_is_written_until_the_card_is_saved(kept: Kept) -> None:
    kept.keeper.change(preprocessing=OTHER)
    kept.bench.jobs.run()
    assert kept.bench.files.cards[MODEL] is CARD

    kept.keeper.save()
    kept.bench.jobs.run()

    saved = kept.bench.files.cards[MODEL]
    assert isinstance(saved, ModelCard)
    assert saved.preprocessing == OTHER
    assert not is_changed(kept.bench.session)
    assert kept.notices[-1] == Notice("Saved net0.card.json beside the model.", trouble=False)


def test_what_was_changed_while_it_was_saved_stays_in_force(kept: Kept) -> None:
    kept.keeper.change(name="First")
    kept.keeper.save()
    kept.keeper.change(name="Second")
    kept.bench.jobs.run()
    assert kept.card.name == "Second"
    kept.keeper.back()
    assert kept.card.name == "First"


def test_a_card_that_cannot_be_saved_is_told_and_stays_as_it_is(kept: Kept) -> None:
    kept.keeper.change(name="Mine")
    del kept.bench.files.networks[MODEL]
    kept.keeper.save()
    kept.bench.jobs.run()
    assert kept.notices[-1] == Notice("net0.keras is gone.", "Put it back.")
    assert kept.card.name == "Mine"
    assert is_changed(kept.bench.session)


def test_confirming_a_network_of_several_channels_says_what_they_are() -> None:
    kept = Kept()
    kept.bench.open_model(of_channels(3), replace(CARD, confirmed=False, note="guessed"))
    kept.keeper.confirm()
    assert (kept.card.confirmed, kept.card.note) == (True, "")
    assert kept.card.trained_on["channel_source"] == "repeat"


def test_another_model_has_its_own_card(kept: Kept) -> None:
    kept.keeper.change(name="Mine")
    kept.bench.open_model(unet(1, "sha256:1"), path="/n.keras")
    assert kept.card is CARD
    assert not is_changed(kept.bench.session)


def test_without_a_model_there_is_nothing_to_change() -> None:
    kept = Kept()
    before = kept.bench.session
    kept.keeper.change(name="Mine")
    kept.keeper.confirm()
    kept.keeper.back()
    kept.keeper.save()
    assert kept.bench.session == before


def test_a_card_of_another_file_is_warned_of_after_the_model_is_open() -> None:
    kept = Kept()
    said: list[str] = []

    def opened(path: Path) -> None:
        said.append("opened")

    def told(notice: Notice) -> None:
        said.append(notice.what)

    kept.bench.desk.opened.connect(opened)
    kept.bench.desk.notice.connect(told)
    kept.bench.open_model(card=replace(CARD, confirmed=False, note="Made for another."))
    assert said == ["opened", "Made for another."]


def test_a_bad_card_is_told_after_the_model_is_open_and_stays_in_the_guess() -> None:
    kept = Kept()
    kept.bench.files.cards[MODEL] = ModelError("The card is damaged.", "Mend it.")
    kept.bench.open_model(card=None, path=str(MODEL))
    assert kept.card.note.startswith("The card is damaged. Mend it.")
    assert not kept.card.confirmed


def test_a_confirmed_card_goes_along_with_a_saved_network(kept: Kept) -> None:
    files, saved = kept.bench.files, Path("/models/edited.keras")
    files.networks[saved] = unet()
    kept.keeper.change(name="Not confirmed", confirmed=False)
    kept.bench.desk.saved.emit(saved)
    kept.bench.jobs.run()
    assert saved not in files.cards

    kept.keeper.confirm()
    kept.bench.desk.saved.emit(saved)
    kept.bench.jobs.run()
    assert files.cards[saved] == kept.card

    files.cards[saved] = replace(kept.card, confirmed=False, note="made for another file")
    kept.bench.desk.saved.emit(saved)  # saved once more: the card is made for this one
    kept.bench.jobs.run()
    assert files.cards[saved] == kept.card


def test_the_card_of_somebody_else_stays(kept: Kept) -> None:
    files, saved = kept.bench.files, Path("/models/edited.keras")
    files.networks[saved] = unet()
    files.cards[saved] = theirs = replace(kept.card, name="Theirs", preprocessing=OTHER)
    kept.keeper.confirm()
    kept.bench.desk.saved.emit(saved)
    kept.bench.jobs.run()
    assert files.cards[saved] is theirs


def test_a_card_that_cannot_go_along_is_told(kept: Kept) -> None:
    kept.keeper.confirm()
    kept.bench.desk.saved.emit(Path("/models/gone.keras"))
    kept.bench.jobs.run()
    assert kept.notices[-1].what.startswith("gone.keras has no card yet: ")


CHOSEN = (Replacement("pool", "Lambda", StandIn.SCALE, 0.5),)


@pytest.mark.parametrize("there", [None, replace(CARD, name="Theirs", preprocessing=OTHER)])
def test_a_copy_with_replaced_layers_says_so_when_it_is_opened_and_saved_again(
    there: ModelCard | None, tmp_path: Path
) -> None:
    kept, said = Kept(), told(CHOSEN)
    files, saved, again = kept.bench.files, tmp_path / "a.keras", tmp_path / "b.keras"
    files.networks |= {saved: unet(1, "sha256:1"), again: unet(2, "sha256:2")}
    if there is not None:
        files.cards[saved] = there
    network = replace(unet(), replaced=CHOSEN)
    kept.bench.open_model(network, replace(CARD, confirmed=False), path=str(MODEL))
    kept.bench.desk.saved.emit(saved)
    kept.bench.jobs.run()
    card = files.cards[saved]
    assert isinstance(card, ModelCard)
    assert card.name == (there or CARD).name  # somebody else's stays, but for that entry

    written = card.to_json(saved.name, "sha256:1")  # as it lies on the disk
    kept.bench.open_model(unet(1, "sha256:1"), ModelCard.from_json(written), path=str(saved))
    assert kept.notices[-1] == Notice(said, "The input card says so too.")
    kept.keeper.confirm()
    assert kept.card.replaced_layers == said
    kept.bench.desk.saved.emit(again)
    kept.bench.jobs.run()
    assert files.cards[again] == kept.card
