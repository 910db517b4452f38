"""The reference on the slice: what is drawn over the picture."""

from __future__ import annotations

from dataclasses import dataclass

from psygnal import Signal

from unetscope.domain.card import ClassLabel
from unetscope.domain.metrics import Labels
from unetscope.domain.session import Session
from unetscope.state.live import Live
from unetscope.state.pace import Pace
from unetscope.state.references import References
from unetscope.state.store import Store


@dataclass(frozen=True, slots=True, eq=False)
class ReferenceView:
    """The reference of the slice shown.

    Attributes
    ----------
    labels : (rows, columns) ndarray of uint8, or None
        In the model's classes, turned as the slice is; None where nothing is drawn.
    legend : tuple of ClassLabel
        The classes that are drawn, with their colours.
    """

    labels: Labels | None = None
    legend: tuple[ClassLabel, ...] = ()


NOTHING = ReferenceView()


class ReferenceOutlinePresenter:
    """Turns reference and session into a `ReferenceView`."""

    view_changed = Signal(ReferenceView)

    def __init__(
        self, store: Store, live: Live, references: References, pace: Pace | None = None
    ) -> None:
        self._store = store
        self._live = live
        self._references = references
        self._pace = pace or Pace()
        self._made_of: tuple[object, ...] = ()
        self.view = NOTHING
        store.changed.connect(self._on_session)
        live.slice_changed.connect(self._follow)
        references.changed.connect(self._follow)
        self._publish()

    def _on_session(self, old: Session, new: Session) -> None:
        if _chosen(old) != _chosen(new):
            self._follow()

    def _follow(self, *_: object) -> None:
        self._pace.each_frame(self._publish)

    def _publish(self) -> None:
        session, shown = self._store.session, self._live.shown
        labels, turn = None, session.viewer.turn
        if shown is not None and session.evaluating.outlined:
            labels = self._references.slice_labels(shown.key.index)
        if labels is not None and shown is not None and labels.shape != shown.values.shape:
            labels = None
        legend = self._references.classes() if labels is not None else ()
        legend = tuple(each for each in legend if each.index not in session.hidden_labels)
        made_of = (labels, turn, legend)
        if self._made_of and made_of[0] is self._made_of[0] and made_of[1:] == self._made_of[1:]:
            return
        self._made_of = made_of
        self.view = NOTHING if labels is None else ReferenceView(turn.apply(labels), legend)
        self.view_changed.emit(self.view)


def _chosen(session: Session) -> tuple[object, ...]:
    s = session
    return s.evaluating, s.hidden_labels, s.viewer.turn, s.card
