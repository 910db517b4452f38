"""Two networks layer by layer, as a table."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path

from psygnal import Signal

from unetscope.domain.filter_gallery import Against
from unetscope.domain.session import Session
from unetscope.state.other_network import LayerComparison, OtherNetwork
from unetscope.state.store import Store


@dataclass(frozen=True, slots=True)
class LayerRow:
    """One layer of the table: texts, and how far it is from its counterpart (for the bar).

    Attributes
    ----------
    layer : str or None
        The layer to select; None where it is only in the other network.
    relative : float
        Difference as a share of this network's weights; NaN where there is no counterpart.
    """

    layer: str | None
    texts: tuple[str, ...]
    tip: str
    relative: float
    identical: bool


@dataclass(frozen=True, slots=True)
class ModelComparisonView:
    """What the window draws."""

    title: str = "Compare two models"
    rows: tuple[LayerRow, ...] = ()
    selected: str | None = None
    summary: str = ""


HEADINGS = ("Layer here", "In the other model", "RMS difference", "Relative", "Cosine", "")


class ModelComparisonPresenter:
    """Turns an `OtherNetwork` into a table; the other network is only read."""

    view_changed = Signal(ModelComparisonView)

    def __init__(self, store: Store, other: OtherNetwork) -> None:
        self._store = store
        self._other = other
        self.view = self._view(store.session)
        other.changed.connect(self._publish)
        store.changed.connect(self._on_session)

    def open(self, path: Path) -> None:
        """The user chose a model file to compare with."""
        self._store.update(lambda s: s.arrange(replace(s.gallery, against=Against.OTHER)))
        self._other.open(path)

    def select(self, layer: str) -> None:
        """The user picked a layer of the table."""
        self._store.update(lambda s: s.select_layer(layer))

    def close(self) -> None:
        """The user does not want to compare any longer."""
        self._other.close()

    def _on_session(self, old: Session, new: Session) -> None:
        if (old.layer, old.network) != (new.layer, new.network):
            self._publish()

    def _publish(self) -> None:
        self.view = self._view(self._store.session)
        self.view_changed.emit(self.view)

    def _view(self, session: Session) -> ModelComparisonView:
        here, there = session.network, self._other.network
        if here is None:
            return ModelComparisonView(summary="Open a model first.")
        if there is None:
            waits = "Reading the other model …" if self._other.busy else "Choose another model."
            return ModelComparisonView(summary=waits)
        rows = tuple(_row(each) for each in self._other.layers)
        return ModelComparisonView(
            title=f"{here.path.name} compared with {there.path.name}",
            rows=rows,
            selected=session.layer,
            summary=_summary(rows) if rows else "Comparing layers …",
        )


def _row(compared: LayerComparison) -> LayerRow:
    match, apart = compared.match, compared.difference
    here, there = match.here or "–", match.there or "–"
    if apart is None:
        return LayerRow(
            match.here, (here, there, "", "", "", match.reason), match.reason, math.nan, False
        )
    how = "matched by name" if match.by_name else "matched by kind, shape and order"
    if apart.identical:
        texts = (here, there, "0", "0 %", "1", "identical")
        return LayerRow(match.here, texts, f"{how}; the same to the bit", 0.0, True)
    relative = "infinite" if math.isinf(apart.relative) else f"{apart.relative:.1%}"
    cosine = "–" if math.isnan(apart.cosine) else f"{apart.cosine:.4f}"
    note = "" if match.by_name else "by order"
    texts = (here, there, f"{apart.rms:.3g}", relative, cosine, note)
    return LayerRow(match.here, texts, how, apart.relative, False)


def _summary(rows: tuple[LayerRow, ...]) -> str:
    matched = [row for row in rows if not math.isnan(row.relative)]
    same = sum(row.identical for row in matched)
    alone = len(rows) - len(matched)
    texts = [f"{len(matched)} layers with weights matched", f"{same} identical"]
    if alone:
        texts.append(f"{alone} without a counterpart")
    return " · ".join(texts) + ". The other model is only read."
