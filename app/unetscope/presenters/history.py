"""The history list: every step by name, where the saved and the trained state are."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from psygnal import Signal

from unetscope.domain.edit_file import EditList
from unetscope.domain.session import Session
from unetscope.state.desk import Desk
from unetscope.state.edit_lists import EditLists
from unetscope.state.pace import Pace
from unetscope.state.store import Store


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """One state that can be gone back to, or forward.

    Attributes
    ----------
    undone : bool
        It comes after the present one.
    trained, saved : bool
        No edit is in force in it; a file holds it.
    """

    label: str
    undone: bool = False
    trained: bool = False
    saved: bool = False


@dataclass(frozen=True, slots=True)
class HistoryView:
    """What the panel draws; the present row is ``current``."""

    rows: tuple[HistoryRow, ...] = ()
    current: int = 0
    empty: str = "Open a model: what you change is listed here."


class HistoryPresenter:
    """Turns the session's history into a `HistoryView`, and clicks into jumps."""

    view_changed = Signal(HistoryView)
    asked = Signal(EditList, Path)
    """Edits of another model fit this one: the user must agree."""

    def __init__(
        self, store: Store, desk: Desk, lists: EditLists, pace: Pace | None = None
    ) -> None:
        self._store = store
        self._desk = desk
        self._lists = lists
        self._pace = pace or Pace()
        self.view = self._view()
        store.changed.connect(self._on_session)
        desk.saved.connect(self._publish)
        lists.asked.connect(self._ask)

    @property
    def model_name(self) -> str:
        """The name of the model's file, without its ending."""
        network = self._store.session.network
        return network.path.stem if network else "model"

    def save(self, path: Path) -> None:
        """The user wants the edits in force written to a file."""
        self._lists.save(path)

    def apply(self, path: Path) -> None:
        """The user wants the edits of a file in force."""
        self._lists.open(path)

    def agree(self, found: EditList, path: Path) -> None:
        """The user wants them though they were made for another model."""
        self._lists.put(found, path)

    def jump(self, row: int) -> None:
        """The user chose a state; row 0 is as it was opened."""
        self._store.update(lambda s: s.jump(row))

    def forget(self) -> None:
        """The user wants the steps forgotten; what is in force stays in force, as one step."""
        self._store.update(lambda s: replace(s, history=s.history.forget_steps()))

    def _on_session(self, old: Session, new: Session) -> None:
        if old.history is not new.history or old.network is not new.network:
            self._pace.in_turn(self._publish)

    def _ask(self, found: EditList, path: Path) -> None:
        self.asked.emit(found, path)

    def _publish(self, *_: object) -> None:
        self.view = self._view()
        self.view_changed.emit(self.view)

    def _view(self) -> HistoryView:
        session = self._store.session
        if session.network is None:
            return HistoryView()
        history = session.history
        rows = [HistoryRow("As opened", trained=True)]
        steps = [(step, False) for step in history.done]
        steps += [(step, True) for step in reversed(history.undone)]
        rows += [
            HistoryRow(step.label, undone, not step.edits, self._desk.is_saved(step.edits))
            for step, undone in steps
        ]
        return HistoryView(tuple(rows), len(history.done), "")
