"""Why the network gave these pixels this class: the target, the map, and whether to believe it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from unetscope.domain.explaining.attribution import Attribution
from unetscope.domain.explaining.choice import (
    AT_ANY_LAYER,
    ATTRIBUTIONS,
    FIRST_EXPLAINING,
    QUICK,
    Explaining,
    Method,
    Overlay,
)
from unetscope.domain.explaining.heat import Heat
from unetscope.domain.explaining.honesty import Honesty
from unetscope.domain.explaining.target import ERRORS, TargetKind
from unetscope.domain.ports import Floats
from unetscope.domain.session import Session
from unetscope.state.attributions import Attributions, Explained
from unetscope.state.desk import Desk
from unetscope.state.display import Display, grey_levels
from unetscope.state.live import Live
from unetscope.state.map_files import MapFiles
from unetscope.state.pace import Pace
from unetscope.state.placed_heats import PlacedHeats
from unetscope.state.store import Store
from unetscope.state.targets import Targets


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class HeatPicture:
    """A heat as it lies in the picture.

    Attributes
    ----------
    heat : (rows, columns) ndarray of float32
        Turned as the slice is shown; NaN where it does not reach.
    overlay : Overlay
        What it is called over the slice.
    """

    heat: Floats
    limits: tuple[float, float]
    signed: bool
    caption: str
    overlay: Overlay


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class AttributionView:
    """What is chosen, and what is known of it.

    Attributes
    ----------
    choice : Explaining
        What is explained, how, and what of it is seen.
    classes : tuple of (int or None, str)
        Labels that can be asked about, with their names; None stands for a label that follows.
    target : str
        The target by name, or why there is none.
    has_target : bool
    layers : tuple of (bool, str)
        What can be traced back to: `Explaining.at_layer`, and what it is called.
    pictures : tuple of HeatPicture
        The map, and its twin of random weights.
    grey : (rows, columns) ndarray of uint8, or None
        The slice below them.
    aspect : float
        Height of a pixel divided by its width.
    score : str
        What is traced back, for a pixel of the target.
    facts : tuple of (str, str)
        Other numbers by name.
    notes : tuple of str
        What has to be known to read it.
    honesty : Honesty or None
        The map against its twin.
    empty : str
        What to say where there is no map.
    """

    choice: Explaining = FIRST_EXPLAINING
    classes: tuple[tuple[int | None, str], ...] = ()
    target: str = ""
    has_target: bool = False
    layers: tuple[tuple[bool, str], ...] = ()
    running: bool = False
    title: str = ""
    pictures: tuple[HeatPicture, ...] = ()
    grey: NDArray[np.uint8] | None = None
    aspect: float = 1.0
    score: str = ""
    facts: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()
    honesty: Honesty | None = None
    empty: str = ""


class AttributionPresenter:
    """Turns target and explanation into an `AttributionView`."""

    view_changed = Signal(AttributionView)

    def __init__(
        self,
        store: Store,
        live: Live,
        desk: Desk,
        display: Display,
        targets: Targets,
        attributions: Attributions,
        placed: PlacedHeats,
        files: MapFiles,
        pace: Pace | None = None,
    ) -> None:
        self._store = store
        self._live = live
        self._desk = desk
        self._display = display
        self._targets = targets
        self._attributions = attributions
        self._placed = placed
        self._files = files
        self._pace = pace or Pace()
        self._watched = False
        self._grey: tuple[object, NDArray[np.uint8] | None] = (None, None)
        self.view = AttributionView()
        store.changed.connect(self._on_session)
        attributions.changed.connect(self._follow)

    # ----------------------------------------------------------------- intents

    def watch(self, seen: bool) -> None:
        """The panel came into view, or is hidden: then nothing is made for it."""
        self._watched = seen
        self._attributions.watch(seen)
        self._follow()

    def choose(self, change: Callable[[Explaining], Explaining]) -> None:
        """The user explains something else, or in another way."""
        self._store.update(lambda s: s.explain(change(s.explaining)))

    def choose_kind(self, kind: TargetKind) -> None:
        """The user chose which pixels are explained."""
        self.choose(lambda e: e.about(e.target.of_kind(kind)))

    def choose_class(self, label: int | None) -> None:
        """The user chose the class that is explained."""
        self.choose(lambda e: e.about(e.target.of_class(label)))

    def start(self) -> None:
        """The user asked for the explanation: it lies over the slice as soon as it is there."""
        self.choose(lambda e: e if e.overlay in ATTRIBUTIONS else e.lay_over(Overlay.ATTRIBUTION))
        self._attributions.start()

    def cancel(self) -> None:
        """The user had enough."""
        self._attributions.cancel()

    def lay_over(self, seen: bool) -> None:
        """The user wants the map over the slice, or not."""
        self.choose(lambda e: e.lay_over(Overlay.ATTRIBUTION if seen else None))

    def save(self, path: Path) -> None:
        """Write the values of the map, on the grid of its layer, as ``.npy``."""
        explained = self._attributions.now()
        if explained is not None:
            self._files.save_arrays(path, explained.attribution.heat.values)

    @property
    def proposed(self) -> str:
        """A name for a file with the map."""
        method = self._store.session.explaining.method.value.lower().replace(" ", "_")
        return f"{method}_slice_{self._store.session.slice_index + 1}.npy"

    def as_text(self) -> str:
        """What is known of the map, as rows of tab-separated values."""
        view = self.view
        rows = [("map", view.title), ("target", view.target), ("score", view.score), *view.facts]
        rows += [("note", note) for note in view.notes]
        if view.honesty is not None:
            rows.append(("honesty", view.honesty.verdict))
            for layer, correlation, similarity in view.honesty.cascade:
                rows.append((f"random from {layer} on", f"{correlation:.3f}\t{similarity:.3f}"))
        return "\n".join("\t".join(row) for row in rows)

    # -------------------------------------------------------------------- view

    def _on_session(self, old: Session, new: Session) -> None:
        if self._watched and _shown_of(old) != _shown_of(new):
            self._follow()

    def _follow(self, *_: object) -> None:
        if self._watched:
            self._pace.in_turn(self._publish)

    def _publish(self) -> None:
        self.view = self._view()
        self.view_changed.emit(self.view)

    def _view(self) -> AttributionView:
        session, known = self._store.session, self._attributions
        target, explained = self._targets.now(), known.now()
        running, problem = known.running, known.problem
        grey, aspect = self._slice(session)
        chosen = AttributionView(
            choice=session.explaining,
            classes=self._classes(session),
            target=target if isinstance(target, str) else target.name,
            has_target=not isinstance(target, str),
            layers=_layers(session),
            running=running,
            grey=grey,
            aspect=aspect,
            empty=_empty(session, target, running=running, problem=problem),
        )
        pictures = self._pictures(explained.attribution) if explained is not None else ()
        if explained is None or not pictures:
            return chosen
        return _with(chosen, explained, pictures, self._notes(explained))

    def _classes(self, session: Session) -> tuple[tuple[int | None, str], ...]:
        follows = {
            TargetKind.PIXEL: "the class there",
            TargetKind.REGION: "the largest class there",
            TargetKind.CLASS_IN_REGION: "the largest class there",
            TargetKind.FALSE_POSITIVES: "the class with most",
            TargetKind.FALSE_NEGATIVES: "the class with most",
        }.get(session.explaining.target.kind, "the largest class")
        return ((None, follows), *self._targets.classes())

    def _slice(self, session: Session) -> tuple[NDArray[np.uint8] | None, float]:
        """The slice as it is shown, small enough to be made once for each of its windows."""
        shown, series = self._live.shown, self._desk.shown
        if shown is None or series is None:
            return None, 1.0
        turn, rows, columns = session.viewer.turn, *series.spacing[1:]
        mm = turn.pair((rows, columns) if rows > 0 and columns > 0 else (1.0, 1.0))
        inverted = series.monochrome1 != session.inverted
        made_of = (shown, self._display.window(shown), inverted, turn)
        if self._grey[0] != made_of:
            grey = grey_levels(shown.values, made_of[1], series, inverted=inverted)
            self._grey = (made_of, turn.apply(grey))
        return self._grey[1], mm[0] / mm[1]

    def _pictures(self, attribution: Attribution) -> tuple[HeatPicture, ...]:
        made = []
        captions = (
            (attribution.heat, "this network", Overlay.ATTRIBUTION),
            (attribution.twin, "random weights", Overlay.RANDOMISED),
        )
        for heat, caption, overlay in captions:
            placed = self._placed.in_picture(heat) if heat is not None else None
            if heat is not None and placed is not None:
                made.append(_picture(heat, placed, caption, overlay))
        return tuple(made)

    def _notes(self, explained: Explained) -> tuple[str, ...]:
        stale = self._attributions.stale(explained)
        halfway = not explained.complete and not self._attributions.running
        told = (stale, "stopped before it was done" if halfway else "", explained.attribution.note)
        return tuple(each[:1].upper() + each[1:] for each in told if each)


def _picture(heat: Heat, placed: Floats, caption: str, overlay: Overlay) -> HeatPicture:
    return HeatPicture(
        heat=placed, limits=heat.scale, signed=heat.signed, caption=caption, overlay=overlay
    )


def _with(
    chosen: AttributionView,
    explained: Explained,
    pictures: tuple[HeatPicture, ...],
    notes: tuple[str, ...],
) -> AttributionView:
    """What is chosen, with a map of it."""
    attribution = explained.attribution
    mean = attribution.score / max(explained.pixels, 1)
    score = "margin" if explained.asked.target.kind in ERRORS else "logit"
    facts = []
    if attribution.completeness is not None:
        share = attribution.completeness
        said = f"{share:.1%} of the score's change" if np.isfinite(share) else "not defined"
        facts.append(("the map adds up to", said))
    return replace(
        chosen,
        title=attribution.heat.title,
        score=f"mean {score} {mean:.3g}" if explained.pixels > 1 else f"{score} {mean:.3g}",
        pictures=pictures,
        facts=tuple(facts),
        notes=notes,
        honesty=attribution.honesty,
        empty="",
    )


def _layers(session: Session) -> tuple[tuple[bool, str], ...]:
    """What the chosen method can be traced back to."""
    method = session.explaining.method
    usual = "the last layer" if method is Method.SEG_GRAD_CAM else "the image"
    if method not in AT_ANY_LAYER or session.layer is None:
        return ((False, usual),)
    return ((False, usual), (True, f"selected: {session.layer}"))


def _empty(session: Session, target: object, *, running: bool, problem: object) -> str:
    """Why there is no map, and what to do about it."""
    method = session.explaining.method
    if isinstance(target, str):
        return target
    if problem is not None:
        return str(problem)
    if running:
        return f"{method.value} …"
    if method in QUICK:
        return "Waiting for the engine …"
    return f"Press Explain: {method.value} runs the network many times."


def _shown_of(session: Session) -> tuple[object, ...]:
    s = session
    return s.explaining, s.viewer.turn, s.window, s.inverted, s.network, s.layer
