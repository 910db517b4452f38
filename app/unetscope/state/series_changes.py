"""What the edits change in every slice of a series that both networks segmented."""

from __future__ import annotations

from collections.abc import Mapping

from psygnal import Signal

from unetscope.domain.comparing import Counts, counts
from unetscope.domain.session import Session
from unetscope.state.desk import Desk
from unetscope.state.series_segmentation import SeriesSegmentation
from unetscope.state.shown import SliceKey
from unetscope.state.store import Store

Tables = dict[str, dict[int, Counts]]  # by series and slice


class SeriesChanges:
    """Counts the two masks of a slice as soon as both are there: a slice takes a millisecond.

    Those of the trained network with itself are kept too, so that taking all edits back shows at
    once that nothing is changed any more.
    """

    changed = Signal()

    def __init__(self, store: Store, desk: Desk, segmentation: SeriesSegmentation) -> None:
        self._store = store
        self._segmentation = segmentation
        self._trained: Tables = {}
        self._edited: Tables = {}
        self._of = _made_of(store.session)
        segmentation.mask_came.connect(self._on_mask)
        store.changed.connect(self._on_session)
        desk.studies_changed.connect(self._on_studies)

    def tables(self, series: str) -> Mapping[int, Counts]:
        """Voxels of each slice by trained and edited label; slices that are not known are left."""
        tables = self._edited if self._store.session.edits else self._trained
        return tables.get(series, {})

    def _on_mask(self, key: SliceKey) -> None:
        session = self._store.session
        trained = self._segmentation.trained_masks(key.series).get(key.index)
        if trained is None:
            return
        classes = len(session.card.classes) if session.card else 0
        same = self._trained.setdefault(key.series, {})
        if key.index not in same:
            same[key.index] = counts(trained, trained, classes)
        edited = self._segmentation.mask(key)
        if session.edits and edited is not None:
            here = self._edited.setdefault(key.series, {})
            here[key.index] = counts(trained, edited, classes)
        self.changed.emit()

    def _on_session(self, old: Session, new: Session) -> None:
        of = _made_of(new)
        if of != self._of:
            self._trained.clear()
        if of != self._of or old.edits != new.edits:
            self._of = of
            self._edited.clear()
            self.changed.emit()

    def _on_studies(self) -> None:
        """Forget series whose masks were dropped because they were opened again."""
        for tables in (self._trained, self._edited):
            for uid in [uid for uid in tables if not self._segmentation.trained_masks(uid)]:
                del tables[uid]
        self.changed.emit()


def _made_of(session: Session) -> tuple[object, ...]:
    """All that the trained network's masks depend on, but for the slices."""
    ref = session.network.ref if session.network else None
    return ref, session.card.preprocessing if session.card else None
