"""The card of the model that is open: changed, confirmed, saved."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from unetscope.domain.card import ModelCard
from unetscope.domain.errors import UnetscopeError
from unetscope.domain.ports import Notice
from unetscope.domain.preprocess_words import channels_to_json
from unetscope.domain.session import Session
from unetscope.domain.sources import Files
from unetscope.domain.stand_ins import told
from unetscope.state.desk import Desk
from unetscope.state.jobs import JobContext, Jobs
from unetscope.state.store import Store


class CardKeeper:
    """Changes the card in force, and saves it when it is told to."""

    def __init__(self, store: Store, jobs: Jobs, files: Files, desk: Desk) -> None:
        self._store = store
        self._jobs = jobs
        self._files = files
        self._desk = desk
        desk.saved.connect(self._goes_along)

    def change(
        self, label: str = "Input card", *, same_gesture: bool = False, **parts: Any
    ) -> None:
        """Put the card in force with other parts, fields of `ModelCard`, as a step of that name."""
        card = self._store.session.card
        if card is not None:
            changed = replace(card, **parts)
            self._store.update(lambda s: s.use_card(changed, label, same_gesture=same_gesture))

    def confirm(self) -> None:
        """Take the user's word that the card says what the model was trained on."""
        session = self._store.session
        if session.network is None or session.card is None:
            return
        facts = dict(session.card.trained_on)
        if session.network.input_channels > 1:
            facts["channel_source"] = channels_to_json(session.card.preprocessing)
        self.change("Confirm the input card", confirmed=True, note="", trained_on=facts)

    def back(self) -> None:
        """Undo all changes since the card was read, proposed or saved; a step as any other."""
        self._store.update(Session.back_to_card)

    def save(self, then: Callable[[], None] | None = None) -> None:
        """Save the card in force in the background; tells where, or why not.

        Parameters
        ----------
        then : callable, optional
            Called once it is saved, and not where it cannot be.
        """
        network, card = self._store.session.network, self._store.session.card
        if network is None or card is None:
            return

        def work(_: JobContext) -> Path:
            return self._files.write_card(network.path, card)

        def done(path: Path) -> None:
            shown = self._store.session.network
            if shown is not None and shown.ref == network.ref:
                self._store.update(lambda s: s.keep_card(card))
            beside = path.parent == network.path.parent
            where = (
                "beside the model"
                if beside
                else f"in {path.parent}: the one beside the model stays"
            )
            self._desk.notice.emit(Notice(f"Saved {path.name} {where}.", trouble=False))
            if then is not None:
                then()

        def failed(error: UnetscopeError) -> None:
            self._desk.notice.emit(Notice(error.what, error.hint))

        self._jobs.submit("card", work, done=done, failed=failed)

    def _goes_along(self, path: Path) -> None:
        """Put a confirmed card beside the edited network as well, unless another one is there.

        Whatever card is beside it then, it tells of layers that others stand in for.
        """
        network, card = self._store.session.network, self._store.session.card
        if network is None or card is None:
            return
        replaced = told(network.replaced) or card.replaced_layers
        if not (card.confirmed or replaced):
            return

        def work(_: JobContext) -> None:
            there = self._files.read_card(path)
            if there is None or _says(there) == _says(card):
                there = card
            elif not replaced:
                return
            self._files.write_card(
                path, there.with_replaced_layers(replaced) if replaced else there
            )

        def failed(error: UnetscopeError) -> None:
            self._desk.notice.emit(Notice(f"{path.name} has no card yet: {error.what}", error.hint))

        self._jobs.submit(f"card {path}", work, done=lambda _: None, failed=failed)


def _says(card: ModelCard) -> tuple[object, ...]:
    """What a card says, whichever file it was made for."""
    return card.name, card.preprocessing, card.classes, dict(card.trained_on)


def is_changed(session: Session) -> bool:
    """Whether the card in force is another than the one it goes back to."""
    card: ModelCard | None = session.card
    return card != session.saved_card
