"""The slice with its mask: what the viewer in the centre shows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from unetscope.domain.card import ClassLabel
from unetscope.domain.geometry import EdgeLetters, edge_letters
from unetscope.domain.metrics import Labels
from unetscope.domain.ports import SeriesSource
from unetscope.domain.session import Session
from unetscope.domain.window import Window, apply_window, auto_window
from unetscope.state.desk import Desk
from unetscope.state.live import Answer, Live, ShownSlice, SliceKey
from unetscope.state.network_input import Part
from unetscope.state.pace import Pace
from unetscope.state.series_segmentation import SeriesSegmentation
from unetscope.state.store import Store

DRAG_STEPS = 600.0  # screen pixels of drag that move the window by its starting range
FAST = 5.0
NO_LETTERS = EdgeLetters("", "", "", "")
Lines = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Corners:
    """The texts in the four corners of the picture."""

    top_left: Lines = ()
    top_right: Lines = ()
    bottom_left: Lines = ()
    bottom_right: Lines = ()


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class SliceView:
    """Everything the viewer draws.

    Attributes
    ----------
    grey : (rows, columns) ndarray of uint8, or None
        The slice through its window.
    labels : (rows, columns) ndarray of uint8, or None
        The mask on the slice's grid; None when it is hidden or not there yet.
    aspect : (float, float)
        Height and width of a pixel, in mm.
    legend : tuple of ClassLabel
        Labels that can be shown, with their colours.
    empty : str
        What to say when there is no picture.
    welcome : bool
        Nothing is open yet.
    """

    grey: NDArray[np.uint8] | None = None
    labels: Labels | None = None
    aspect: tuple[float, float] = (1.0, 1.0)
    calibrated: bool = False
    opacity: float = 0.45
    outlined: bool = False
    legend: tuple[ClassLabel, ...] = ()
    hidden: frozenset[int] = frozenset()
    letters: EdgeLetters = NO_LETTERS
    corners: Corners = Corners()
    slices: int = 0
    index: int = 0
    picture: str = ""
    note: str = ""
    empty: str = ""
    welcome: bool = False


class SlicePresenter:
    """Turns session, slice and answer into a `SliceView`."""

    view_changed = Signal(SliceView)

    def __init__(
        self,
        store: Store,
        desk: Desk,
        live: Live,
        segmentation: SeriesSegmentation,
        pace: Pace | None = None,
    ) -> None:
        self._store = store
        self._pace = pace or Pace()
        self._desk = desk
        self._live = live
        self._segmentation = segmentation
        self._automatic: dict[str, Window] = {}
        self._picture: tuple[object, NDArray[np.uint8]] = (None, np.zeros((0, 0), np.uint8))
        self.view = SliceView()
        store.changed.connect(self._on_session)
        live.slice_changed.connect(self._publish)
        live.answered.connect(self._follow)
        live.problem_changed.connect(self._publish)
        segmentation.mask_came.connect(self._on_kept_mask)
        self._publish()

    # ---------------------------------------------------------------- intents

    def step(self, slices: int) -> None:
        """The user scrolled by so many slices."""
        self._store.update(lambda s: s.select_slice(s.slice_index + slices))

    def go_to(self, index: int) -> None:
        """The user moved the slice slider."""
        self._store.update(lambda s: s.select_slice(index))

    def drag_window(self, dx: float, dy: float, *, fast: bool = False) -> None:
        """The user dragged: to the right widens the window, upwards brightens the picture."""
        shown = self._live.shown
        if shown is None:
            return
        window = self.window(shown)
        step = self._automatic_window(shown).width / DRAG_STEPS * (FAST if fast else 1.0)
        width = max(window.width + dx * step, step / 10)
        moved = replace(window, centre=window.centre + dy * step, width=width)
        self._store.update(lambda s: s.set_window(moved))

    def automatic_window(self) -> None:
        """The user asked for all values but the tails, whatever the file says."""
        if self._live.shown is not None:
            window = auto_window(self._live.shown.values)
            self._store.update(lambda s: s.set_window(window))

    def set_visible(self, part: Part | None) -> None:
        """The user zoomed or moved: this part of the slice is on screen, None for all of it."""
        self._live.set_visible(part)

    def toggle_label(self, label: int) -> None:
        """The user clicked a label's eye."""
        self._store.update(lambda s: s.toggle_label(label))

    def probe(self, row: float, column: float) -> Lines:
        """Tell what is under the cursor: values, voxel, patient position, label, probability."""
        shown, series = self._live.shown, self._desk.shown
        if shown is None or series is None:
            return ()
        r, c = round(row), round(column)
        if not (0 <= r < shown.values.shape[0] and 0 <= c < shown.values.shape[1]):
            return ()
        value = float(shown.values[r, c])
        units = f" {series.units}" if series.units else ""
        texts = [f"value {value:g}{units}   voxel ({shown.key.index}, {r}, {c})"]
        if series.has_orientation:
            x, y, z = (series.affine @ [shown.key.index, r, c, 1])[:3]
            sides = (("L", "R", x), ("P", "A", y), ("H", "F", z))
            where = "  ".join(f"{pos if v >= 0 else neg} {abs(v):.1f}" for pos, neg, v in sides)
            texts.append(f"{where} mm")
        return (*texts, *self._label_at(r, c))

    def _label_at(self, row: int, column: int) -> Lines:
        answer, card, mask = self._answer(), self._store.session.card, self._mask()
        if card is None or mask is None:
            return ()
        label = int(mask[row, column])
        name = card.classes[label].name if label < len(card.classes) else f"Class {label}"
        probabilities = answer.look.probabilities if answer else None
        if answer is None or probabilities is None or self._store.session.show_trained:
            return (name,)
        size = answer.placement.size
        fed = [round(at) for at in answer.placement.to_input(row, column)]
        if not all(0 <= at < length for at, length in zip(fed, size, strict=True)):
            return (f"{name} (outside what the network was shown)",)
        grid = probabilities.shape[:2]  # coarser than the input in some networks
        r, c = (round((x + 0.5) * n / s - 0.5) for x, n, s in zip(fed, grid, size, strict=True))
        here = probabilities[r, c]
        share = float(here[min(label, here.size - 1)])
        if here.size == 1 and label == 0:
            share = 1 - share
        return (f"{name}  p {share:.2f} (uncalibrated)",)

    # ------------------------------------------------------------------- view

    def _on_session(self, old: Session, new: Session) -> None:
        if _display(old) != _display(new):
            self._publish()

    def window(self, shown: ShownSlice) -> Window:
        """The window in force: the user's, else the file's, else all but the tails."""
        user = self._store.session.window
        return user or self._from_file(shown) or self._automatic_window(shown)

    def _from_file(self, shown: ShownSlice) -> Window | None:
        return self._desk.series(shown.key.series).window(shown.key.index)

    def _automatic_window(self, shown: ShownSlice) -> Window:
        """All but the tails of the first slice seen, so that scrolling does not flicker."""
        key = shown.key.series
        if key not in self._automatic:
            self._automatic[key] = auto_window(shown.values)
        return self._automatic[key]

    def _on_kept_mask(self, key: SliceKey) -> None:
        if self._live.shown is not None and self._live.shown.key == key and not self._answer():
            self._publish()

    def _answer(self) -> Answer | None:
        """The answer for the slice shown; None while it is on its way."""
        answer, shown = self._live.answer, self._live.shown
        return answer if answer and shown and answer.key == shown.key else None

    def _mask(self) -> Labels | None:
        """The mask of the answer; until it comes, the one made with the whole series, if any."""
        answer, shown, session = self._answer(), self._live.shown, self._store.session
        if answer is not None:
            return answer.trained_mask if session.show_trained else answer.mask
        if shown is None or (session.show_trained and session.edits):
            return None
        return self._segmentation.mask(shown.key)

    def _grey(self, shown: ShownSlice, window: Window, *, inverted: bool) -> NDArray[np.uint8]:
        """The slice through its window, made again only when one of the two changed."""
        made_of, grey = self._picture
        if made_of != (shown, window, inverted):
            grey = apply_window(shown.values, window)
            grey = 255 - grey if inverted else grey
            self._picture = ((shown, window, inverted), grey)
        return grey

    def _note(self, session: Session) -> str:
        """What must be known about the mask shown, or about there being none."""
        answer = self._live.answer
        if self._live.problem is not None:
            return self._live.problem.what
        if answer is not None and answer.look.mask is None:
            return "The network's output is no segmentation, so there is no mask."
        if answer is not None and answer.look.exact_in is not None:
            return "exact in view; the rest of the mask follows on release"
        return "trained result" if session.show_trained and session.edits else ""

    def _follow(self) -> None:
        self._pace.each_frame(self._publish)

    def _publish(self) -> None:
        self.view = self._view()
        self.view_changed.emit(self.view)

    def _view(self) -> SliceView:
        session, shown = self._store.session, self._live.shown
        problem = self._live.problem
        if shown is None:
            empty = str(problem) if problem else "Reading …"
            series_open = session.series
            return SliceView(
                empty=empty,
                welcome=series_open is None,
                slices=series_open.slices if series_open else 0,
                index=session.slice_index,
            )
        series = self._desk.series(shown.key.series)
        window = self.window(shown)
        grey = self._grey(shown, window, inverted=series.monochrome1 != session.inverted)
        has_mask = self._live.answer is not None or self._mask() is not None
        mask = self._mask() if session.mask_shown else None
        if mask is not None and session.hidden_labels:
            mask = np.where(np.isin(mask, list(session.hidden_labels)), 0, mask).astype(np.uint8)
        rows, columns = series.spacing[1:]
        letters = NO_LETTERS
        if series.has_orientation:
            letters = edge_letters(series.row_direction, series.column_direction)
        classes = session.card.classes if session.card and has_mask else ()
        return SliceView(
            grey=grey,
            labels=mask,
            aspect=(rows, columns) if rows > 0 and columns > 0 else (1.0, 1.0),
            calibrated=series.geometry_sure,
            opacity=session.opacity,
            outlined=session.outlined,
            legend=tuple(label for label in classes if label.colour),
            hidden=session.hidden_labels,
            letters=letters,
            corners=_corners(session, series, shown, window),
            slices=series.shape[0],
            index=session.slice_index,
            picture=shown.key.series,
            note=self._note(session),
        )


def _display(session: Session) -> tuple[object, ...]:
    """All that changes the picture without a new slice or answer."""
    s = session
    shown = (s.mask_shown, s.outlined, s.opacity, s.hidden_labels, s.show_trained)
    return (*shown, s.window, s.inverted, s.identity_hidden, s.card, s.series, s.slice_index)


def _corners(session: Session, series: SeriesSource, shown: ShownSlice, window: Window) -> Corners:
    patient = series.patient
    name = patient.name.replace("^", " ").strip()
    who = name or patient.identity or "No name"
    about = " ".join(part for part in (patient.sex, patient.age) if part)
    date = series.date
    if len(date) == len("YYYYMMDD"):
        date = f"{date[:4]}-{date[4:6]}-{date[6:]}"
    if session.identity_hidden:
        who, about, date = "Identity hidden", "", ""
    trouble = partial(map, lambda sentence: f"⚠ {sentence}")
    return Corners(
        top_left=tuple(line for line in (who, about) if line),
        top_right=tuple(line for line in (series.description, date) if line),
        bottom_left=(
            *trouble(series.warnings[:2]),
            f"slice {shown.key.index + 1} / {series.shape[0]}   "
            f"{series.position(shown.key.index):.1f} mm",
            f"W {window.width:.4g}  C {window.centre:.4g}",
        ),
    )
