"""The target on the slice: what is drawn of it, and how it is chosen there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from unetscope.domain.explaining.choice import ATTRIBUTIONS, Explaining, Overlay
from unetscope.domain.explaining.target import Target, TargetChoice, TargetKind
from unetscope.domain.measurements import Point
from unetscope.domain.ports import Floats
from unetscope.domain.session import Session
from unetscope.domain.viewer import Tool
from unetscope.state.attributions import Attributions
from unetscope.state.live import Live
from unetscope.state.network_input import on_slice
from unetscope.state.pace import Pace
from unetscope.state.store import Store
from unetscope.state.targets import Targets

MOST_CORNERS = 240  # of a drawn region that are kept
TOOLS = frozenset({Tool.POINT, Tool.REGION})


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class TargetView:
    """What is drawn of the target, turned as the slice is shown.

    Attributes
    ----------
    pixels : (rows, columns) ndarray of bool, or None
        Whose border is drawn.
    mark : (float, float) or None
        A point that is marked, in pixel edges.
    tool : Tool or None
        What a press on the slice does: `Tool.POINT`, `Tool.REGION`, or nothing of the kind.
    """

    pixels: NDArray[np.bool_] | None = None
    mark: Point | None = None
    tool: Tool | None = None


class TargetOverlayPresenter:
    """Turns the target into a `TargetView`, and points and lines of the picture into a target."""

    view_changed = Signal(TargetView)

    def __init__(
        self,
        store: Store,
        live: Live,
        targets: Targets,
        attributions: Attributions,
        pace: Pace | None = None,
    ) -> None:
        self._store = store
        self._live = live
        self._targets = targets
        self._attributions = attributions
        self._pace = pace or Pace()
        self._made_of: tuple[object, ...] = ()
        self.view = TargetView()
        store.changed.connect(self._on_session)
        targets.changed.connect(self._follow)
        attributions.changed.connect(self._follow)

    # ----------------------------------------------------------------- intents

    def point_at(self, row: float, column: float) -> None:
        """The user chose a pixel of the picture, in pixel edges: explain it."""
        shown = self._live.shown
        if shown is not None:
            inside = [
                min(max(at, -0.5), length - 0.5)
                for at, length in zip(self._to_slice(row, column), shown.values.shape, strict=True)
            ]
            r, c = (float(np.floor(at + 0.5)) for at in inside)
            last = [length - 1.0 for length in shown.values.shape]
            self._choose(lambda of: of.at((min(r, last[0]), min(c, last[1])), shown.key.index))

    def draw(self, corners: tuple[Point, ...]) -> None:
        """The user drew around a region of the picture, in pixel edges: explain it."""
        shown = self._live.shown
        if shown is not None and len(corners) > 2:
            kept = corners[:: -(-len(corners) // MOST_CORNERS)]
            outline = tuple(self._to_slice(*corner) for corner in kept)
            self._choose(lambda of: of.within(outline, shown.key.index))

    def _choose(self, change: Callable[[TargetChoice], TargetChoice]) -> None:
        """Explain it, by what is quick at once, with the heat over the slice."""

        def about(explaining: Explaining) -> Explaining:
            chosen = explaining.about(change(explaining.target))
            seen = chosen.overlay in ATTRIBUTIONS
            return chosen if seen else chosen.lay_over(Overlay.ATTRIBUTION)

        self._store.update(lambda s: s.explain(about(s.explaining)))

    def _to_slice(self, row: float, column: float) -> Point:
        """A point of the picture, in pixel edges, on the slice with pixel centres whole."""
        r, c = self._store.session.viewer.turn.to_slice((row, column), self._size())
        return r - 0.5, c - 0.5

    def _size(self) -> tuple[int, int]:
        shown = self._live.shown
        values: Floats = shown.values if shown is not None else np.zeros((0, 0), np.float32)
        return values.shape[0], values.shape[1]

    # -------------------------------------------------------------------- view

    def _on_session(self, old: Session, new: Session) -> None:
        before, now = old.viewer, new.viewer
        if (before.tool, before.turn) != (now.tool, now.turn):
            self._follow()

    def _follow(self, *_: object) -> None:
        self._pace.in_turn(self._publish)

    def _publish(self) -> None:
        viewer = self._store.session.viewer
        tool = viewer.tool if viewer.tool in TOOLS else None
        seen = self._attributions.seen or tool is not None
        target, answer = self._targets.now() if seen else "", self._targets.answer()
        if isinstance(target, str):
            answer = None
        made_of = (target if answer else "", answer and answer.placement, viewer.turn, tool)
        if made_of == self._made_of:
            return
        self._made_of = made_of
        pixels, mark = None, None
        if isinstance(target, Target) and answer is not None:
            choice, turn = self._store.session.explaining.target, viewer.turn
            if choice.kind is TargetKind.PIXEL and choice.pixel is not None:
                row, column = choice.pixel
                mark = turn.to_picture((row + 0.5, column + 0.5), self._size())
            elif choice.kind is not TargetKind.CLASS:
                labels = on_slice(target.region.astype(np.uint8), answer.placement)
                pixels = turn.apply(labels > 0)
        self.view = TargetView(pixels=pixels, mark=mark, tool=tool)
        self.view_changed.emit(self.view)
