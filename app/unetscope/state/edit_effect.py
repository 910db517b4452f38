"""What the edits in force did to the slice shown: numbers, maps, and what to try next."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from unetscope.domain.kernels import times
from unetscope.domain.metrics import Labels, dice, mask_change, rms_change
from unetscope.domain.ports import Floats, LayerLook, Look
from unetscope.domain.scopes import Scope
from unetscope.domain.session import Session
from unetscope.state.desk import Desk
from unetscope.state.live import Live
from unetscope.state.references import References

LITTLE = 0.005  # of the next layer's RMS: less than this cannot be seen
_WIDER = {Scope.VALUE: Scope.FILTER, Scope.KERNEL: Scope.FILTER, Scope.FILTER: Scope.LAYER}


@dataclass(frozen=True, slots=True)
class EffectLine:
    """One number about what the edits did."""

    name: str
    value: str


@dataclass(frozen=True, slots=True, eq=False)
class EffectView:
    """What the edits in force did to this slice.

    Attributes
    ----------
    trained_map, edited_map : (H, W) ndarray of float32, or None
        The selected feature map as trained and as edited, on one scale.
    difference : (H, W) ndarray of float32, or None
        Edited minus trained.
    advice : str
        What to try when the edit changed next to nothing.
    wider : Scope or None
        The scope that is advised.
    empty : str
        What to say when there are no numbers.
    """

    lines: tuple[EffectLine, ...] = ()
    trained_map: Floats | None = None
    edited_map: Floats | None = None
    difference: Floats | None = None
    advice: str = ""
    wider: Scope | None = None
    stale: bool = False
    empty: str = ""


NO_EFFECT = EffectView()


@dataclass(frozen=True, slots=True, eq=False)
class _Reference:
    """The reference of the slice, and the classes that it has something for."""

    labels: Labels
    classes: frozenset[int]

    @classmethod
    def of(cls, references: References, index: int) -> _Reference | None:
        labels = references.slice_labels(index)
        if labels is None:
            return None
        return cls(labels, frozenset(each.index for each in references.classes()))

    def dice(self, mask: Labels, label: int) -> str:
        """Of one class with the reference, as it is written."""
        overlap = dice(mask, self.labels, label) if label in self.classes else np.nan
        return "–" if np.isnan(overlap) else f"{overlap:.3f}"


def effect_of(
    session: Session, live: Live, desk: Desk, references: References | None = None
) -> EffectView:
    """Tell what the last answer says about the edits, and whether a newer one is under way.

    With a reference, masks are measured against it; without one, against the trained network's.
    """
    if session.network is None:
        return EffectView(empty="Open a model to see it.")
    answer = live.answer
    if answer is None or answer.look.maps is None or answer.look.maps.layer != session.layer:
        empty = "waiting for the engine …"
        if live.shown is None:
            empty = "Open a study to see it."
        elif live.problem is not None:
            empty = "There is no answer for this slice."
        return EffectView(stale=live.busy, empty=empty)
    look, maps = answer.look, answer.look.maps
    edits = look.request.edits
    lines: list[EffectLine] = []
    edited = trained = None
    if maps.edited.ndim == 3:
        at = min(session.filter, maps.edited.shape[-1] - 1)
        edited, trained = (
            np.ascontiguousarray(part[..., at]) for part in (maps.edited, maps.trained)
        )
        if edits:
            lines.append(EffectLine("this feature map", _percent(rms_change(trained, edited))))
    if edits and maps.next_layer:
        waits = look.exact_in is not None and np.isnan(maps.next_change)
        change = "on release" if waits else _percent(maps.next_change)
        lines.append(EffectLine(f"next, {maps.next_layer}", change))
    reference = None
    if references is not None and desk.shown is desk.find(answer.key.series):
        reference = _Reference.of(references, answer.key.index)
    lines += _mask_lines(session, live, desk, reference)
    lines.append(
        EffectLine("recomputed", f"{look.update.layers_recomputed} of {look.layers_total}")
    )
    lines.append(EffectLine("latency", f"{look.update.milliseconds:.0f} ms"))
    with np.errstate(invalid="ignore"):
        difference = None if edited is None or trained is None else edited - trained
    shown = live.shown
    other = shown is None or answer.key != shown.key or edits != session.edits
    stale = live.busy or other or look.exact_in is not None
    advice, wider = _advice(session, look, maps)
    return EffectView(tuple(lines), trained, edited, difference, advice, wider, stale)


def _advice(session: Session, look: Look, maps: LayerLook) -> tuple[str, Scope | None]:
    """What to try where next to nothing changed, as it was measured."""
    change, layout = maps.next_change, session.layout
    if not look.request.edits or not maps.next_layer or not 0 < change < LITTLE or layout is None:
        return "", None
    what = f"{maps.next_layer} changed by {change:.2%} only: "
    wider = _WIDER.get(session.scope)
    if wider is None:
        return f"{what}edit an earlier layer, where it shows more.", None
    one = "one filter" if session.scope is Scope.FILTER else "one kernel"
    many = layout.filters if session.scope is Scope.FILTER else None
    among = f"of {many}" if many else f"of {times((layout.in_channels, layout.filters))}"
    return f"{what}{one} {among} does little here. Try to widen the scope.", wider


def _mask_lines(
    session: Session, live: Live, desk: Desk, reference: _Reference | None
) -> list[EffectLine]:
    answer = live.answer
    if answer is None or answer.mask is None or answer.trained_mask is None:
        return []
    mask, trained = answer.mask, answer.trained_mask
    if reference is not None and reference.labels.shape != mask.shape:
        reference = None
    if not answer.look.request.edits:
        return [
            EffectLine("mask", "as trained: no edits"),
            *_to_reference(session, mask, reference),
        ]
    changed = int((mask != trained).sum())
    told = "" if reference is None else " · Dice to ref."
    lines = [EffectLine("mask, to trained", f"{changed:,} px{told}")]
    classes = session.card.classes if session.card else ()
    series = desk.series(answer.key.series)
    between, row, column = series.spacing
    millilitres = between * row * column / 1000
    for change in mask_change(trained, mask, len(classes)):
        label = classes[change.label]
        if label.colour is None:
            continue
        difference = change.after - change.before
        amount = f"{difference:+,} px"
        if series.geometry_sure:
            amount = f"{difference * millilitres:+.2f} mL"
        overlap = dice(mask, trained, change.label)
        agreement = "" if np.isnan(overlap) else f" · Dice {overlap:.3f}"
        if reference is not None:
            before, after = (reference.dice(each, change.label) for each in (trained, mask))
            agreement = f" · {before}→{after}" if before != after else f" · {after}"
        lines.append(EffectLine(label.name, amount + agreement))
    return lines


def _to_reference(session: Session, mask: Labels, reference: _Reference | None) -> list[EffectLine]:
    """How well the trained network's own mask agrees with the reference."""
    if reference is None:
        return []
    classes = session.card.classes if session.card else ()
    return [
        EffectLine(each.name, f"Dice {reference.dice(mask, each.index)}")
        for each in classes
        if each.index in reference.classes
    ]


def _percent(change: float) -> str:
    if np.isnan(change):
        return "not finite"
    if np.isinf(change):
        return "was all zero"
    return f"RMS {change:+.1%}" if change < 10 else f"RMS ×{change:.0f}"
