"""What is known of the structures that feature maps follow, kept by all that it depends on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from psygnal import Signal

from unetscope.domain.card import ClassLabel
from unetscope.domain.explaining.dissection import Dissection, Tally
from unetscope.domain.explaining.dissection_table import NO_BADGES, Badge, badges, in_short
from unetscope.domain.history import Edits
from unetscope.domain.network import ModelRef
from unetscope.domain.preprocess import Preprocessing
from unetscope.domain.reference import Matching
from unetscope.domain.sources import SeriesSource
from unetscope.state.desk import Desk
from unetscope.state.references import References
from unetscope.state.store import Store

KEPT = 48  # dissections
OWN, REFERENCE = "the network's own mask", "the reference"


@dataclass(frozen=True, slots=True)
class DissectionKey:
    """What a dissection depends on, but for the pixels of the series.

    Attributes
    ----------
    reference : (str, Matching), or None
        The file that the labels are from, and which of its structures make which class; None for
        the network's own mask.
    """

    layer: str
    series: str
    model: ModelRef
    steps: Preprocessing
    edits: Edits
    reference: tuple[str, Matching] | None

    @property
    def against(self) -> str:
        """Whose labels the maps are compared with."""
        return OWN if self.reference is None else REFERENCE


@dataclass(slots=True, eq=False)
class Dissected:
    """What is known of one layer over one series.

    Attributes
    ----------
    slices : int
        How many the series has.
    tally : Tally or None
        None once every slice is counted: the result is all that is needed from then on.
    """

    key: DissectionKey
    source: SeriesSource
    slices: int
    tally: Tally | None
    _made: tuple[Tally | None, Dissection] | None = None
    _told: tuple[object, str] = (None, "")

    @property
    def found(self) -> Dissection:
        """What follows from the slices counted so far."""
        if self.tally is not None and (self._made is None or self._made[0] is not self.tally):
            self._made = (self.tally, self.tally.dissection())
        assert self._made is not None
        return self._made[1]

    @property
    def counted(self) -> int:
        """How many slices are counted."""
        return self.slices if self.tally is None else len(self.tally.slices)

    def in_short(self, classes: tuple[ClassLabel, ...]) -> str:
        """How many maps follow what best."""
        if self._told[0] != (of := (self.found, classes)):
            self._told = (of, in_short(self.found, classes))
        return self._told[1]

    def close(self) -> None:
        """No slice will be counted any more, if all are."""
        if self.counted == self.slices:
            self._made = (None, self.found)
            self.tally = None


class Dissections:
    """Keeps what was found, and tells what of it is about what is shown now."""

    changed = Signal()

    def __init__(self, store: Store, desk: Desk, references: References) -> None:
        self._store = store
        self._desk = desk
        self._references = references
        self._kept: list[Dissected] = []  # looked through: edits compare faster than they hash
        self._badges: tuple[object, Mapping[int, Badge]] = (None, NO_BADGES)
        desk.studies_changed.connect(self._on_studies)

    # ------------------------------------------------------------ what is shown

    def key(self, layer: str | None = None) -> DissectionKey | None:
        """What a dissection of a layer, the one shown if none is named, would depend on now."""
        session = self._store.session
        network, card, series = session.network, session.card, session.series
        layer = session.layer if layer is None else layer
        if network is None or card is None or layer is None or series is None:
            return None
        return DissectionKey(
            layer, series.uid, network.ref, card.preprocessing, session.edits, self._reference()
        )

    @property
    def against(self) -> str:
        """Whose labels a comparison started now would be made with."""
        return OWN if self._reference() is None else REFERENCE

    def _reference(self) -> tuple[str, Matching] | None:
        """The labels of the reference, unless the user wants the network's own."""
        session = self._store.session
        chosen, matching = session.evaluating.reference, self._references.matching
        if session.explaining.dissect_own or chosen is None or not matching:
            return None
        return (chosen.path, matching)

    # ------------------------------------------------------------- what is known

    def of(self, layer: str | None = None) -> Dissected | None:
        """What is known of a layer, the one shown if none is named, as things are now."""
        key = self.key(layer) if self._kept else None
        known = self.find(key) if key is not None else None
        if known is None or known.source is not self._desk.shown or not known.counted:
            return None
        return known

    def earlier(self) -> Dissected | None:
        """What is known of the layer shown with other edits, another card or other labels."""
        key = self.key()
        if key is None:
            return None
        for known in reversed(self._kept):
            of = known.key
            same = (of.layer, of.series, of.model) == (key.layer, key.series, key.model)
            if same and known.source is self._desk.shown and of != key and known.counted:
                return known
        return None

    def stale(self, known: Dissected) -> str:
        """Why what is known is of something else than what is shown; empty if it is not."""
        key = self.key(known.key.layer)
        if key is None or known.key == key:
            return ""
        if known.key.edits != key.edits:
            return "measured before the latest edits"
        if known.key.steps != key.steps:
            return "measured with another input card"
        if known.key.against != key.against:
            return f"measured against {known.key.against}"
        return "measured with other structures of the reference"

    def badges(self, layer: str) -> Mapping[int, Badge]:
        """What each map of a layer follows, as things are now; maps that follow nothing have none.

        It is measured with the edits in force and for the series shown, or it is not here.
        """
        known, card = self.of(layer), self._store.session.card
        if known is None or card is None:
            return NO_BADGES
        of = (known.found, card.classes)
        if self._badges[0] != of:
            self._badges = (of, badges(known.found, card.classes))
        return self._badges[1]

    def badge(self, layer: str, feature_map: int) -> str:
        """What a map of a layer follows: ``Grey matter, IoU 0.41``; or empty."""
        found = self.badges(layer).get(feature_map)
        return found.text if found is not None else ""

    def summaries(self) -> Mapping[str, str]:
        """Of the layers that are compared, as things are now: how many maps follow what best."""
        card = self._store.session.card
        if card is None:
            return {}
        done = (known for known in self.all() if known.tally is None)
        return {known.key.layer: known.in_short(card.classes) for known in done}

    def all(self) -> tuple[Dissected, ...]:
        """What is known of each layer as things are now, in the order of the network."""
        network, key = self._store.session.network, self.key() if self._kept else None
        if network is None or key is None:
            return ()
        here = [known for known in self._kept if known.source is self._desk.shown]
        now = [known for known in here if replace(key, layer=known.key.layer) == known.key]
        order = {each.name: number for number, each in enumerate(network.graph.layers)}
        return tuple(
            sorted((one for one in now if one.counted), key=lambda one: order[one.key.layer])
        )

    # ------------------------------------------------------------------- keeping

    def find(self, key: DissectionKey) -> Dissected | None:
        """What is kept for a key; nothing may be counted yet."""
        return next((known for known in self._kept if known.key == key), None)

    def keep(self, known: Dissected) -> None:
        """Keep it, in the place of what was known before."""
        others = [each for each in self._kept if each.key != known.key]
        self._kept = [*others, known][-KEPT:]

    def _on_studies(self) -> None:
        """Drop what was found in a series that was replaced."""
        self._kept = [k for k in self._kept if self._desk.find(k.key.series) is k.source]
        self.changed.emit()
