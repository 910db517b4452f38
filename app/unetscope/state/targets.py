"""What is to be explained of the slice shown: pixels of the network's output, and a class."""

from __future__ import annotations

from psygnal import Signal

from unetscope.domain.explaining.target import Target
from unetscope.domain.explaining.targeting import NoTargetError, Segmented, target_of
from unetscope.domain.output_meaning import has_background, segmentation_output
from unetscope.domain.session import Session
from unetscope.state.live import Live
from unetscope.state.references import References
from unetscope.state.shown import Answer
from unetscope.state.store import Store

WAITING = "Waiting for the mask …"


class Targets:
    """Follows choice, mask and reference; made anew only when one of them changes."""

    changed = Signal()

    def __init__(self, store: Store, live: Live, references: References) -> None:
        self._store = store
        self._live = live
        self._references = references
        self._slice: tuple[object, Segmented | None] = (None, None)
        self._found: tuple[object, Target | str] = (None, "")
        store.changed.connect(self._on_session)
        live.answered.connect(self._tell)
        live.slice_changed.connect(self._tell)
        references.changed.connect(self._tell)

    def now(self) -> Target | str:
        """The target on the slice shown; where there is none, a sentence that says why."""
        segmented, choice = self.segmented(), self._store.session.explaining.target
        if isinstance(segmented, str):
            return segmented
        made_of = (segmented, choice)
        if self._found[0] != made_of:
            try:
                found: Target | str = target_of(choice, segmented)
            except NoTargetError as error:
                found = str(error)
            self._found = (made_of, found)
        return self._found[1]

    def answer(self) -> Answer | None:
        """What the network made of the slice shown; None until it is there."""
        answer, shown = self._live.answer, self._live.shown
        return answer if answer and shown and answer.key == shown.key else None

    def segmented(self) -> Segmented | str:
        """The slice shown as the network segmented it; a sentence where it did not."""
        session, answer = self._store.session, self.answer()
        network, card, shown = session.network, session.card, self._live.shown
        if network is None or card is None:
            return "Open a model to see why it segments as it does."
        if shown is None:
            return "Open a study to see why it is segmented so."
        if answer is None:
            problem = self._live.problem
            return str(problem) if problem else WAITING
        if answer.look.exact_in is not None:
            return WAITING
        mask, output = answer.look.mask, segmentation_output(network.graph)
        if mask is None or output is None:
            return "The output of this network is no segmentation, so there is nothing to explain."
        reference = self._references.slice_labels(shown.key.index)
        made_of = (answer, reference is not None, id(reference), card.classes)
        if self._slice[0] != made_of:
            self._slice = (
                made_of,
                Segmented(
                    mask=mask,
                    placement=answer.placement,
                    index=shown.key.index,
                    channels=network.graph[output].channels or 1,
                    has_background=has_background(network.graph, output),
                    classes=card.classes,
                    reference=reference,
                    in_reference=frozenset(each.index for each in self._references.classes()),
                ),
            )
        made = self._slice[1]
        assert made is not None
        return made

    def classes(self) -> tuple[tuple[int, str], ...]:
        """The classes that can be asked about, with their names."""
        session = self._store.session
        network, card = session.network, session.card
        output = segmentation_output(network.graph) if network is not None else None
        if network is None or card is None or output is None:
            return ()
        channels = network.graph[output].channels or 1
        first = 1 if channels == 1 or has_background(network.graph, output) else 0
        last = channels if first else channels - 1
        return tuple((c.index, c.name) for c in card.classes if first <= c.index <= last)

    def _on_session(self, old: Session, new: Session) -> None:
        if _chosen(old) != _chosen(new):
            self._tell()

    def _tell(self, *_: object) -> None:
        self.changed.emit()


def _chosen(session: Session) -> tuple[object, ...]:
    card = session.card
    return session.explaining.target, session.network, card.classes if card else ()
