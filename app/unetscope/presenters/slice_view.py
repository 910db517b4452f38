"""The slice with its mask: what the viewer in the centre shows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from unetscope.domain.card import ClassLabel
from unetscope.domain.comparing import NOT_COMPARING, Comparing, Way
from unetscope.domain.corner_texts import NO_CORNERS, Corners, Lines, corner_texts
from unetscope.domain.geometry import EdgeLetters
from unetscope.domain.identity import told
from unetscope.domain.measurements import Point
from unetscope.domain.metrics import Labels
from unetscope.domain.overlay import Overlay, class_name, opacity, overlay
from unetscope.domain.planes import AS_ACQUIRED, Turn
from unetscope.domain.ports import Floats, Notice
from unetscope.domain.session import Session
from unetscope.domain.viewer import FIRST_VIEW, Annotations, Viewer
from unetscope.domain.window import Window, auto_window
from unetscope.domain.window_presets import presets
from unetscope.state.desk import Desk
from unetscope.state.display import Display, grey_levels
from unetscope.state.live import Live, ShownSlice, SliceKey
from unetscope.state.measuring import Measuring, Shape
from unetscope.state.network_input import Part
from unetscope.state.pace import Pace
from unetscope.state.probe import Probe
from unetscope.state.series_segmentation import SeriesSegmentation
from unetscope.state.slice_note import SliceNote
from unetscope.state.store import Store

DRAG_STEPS = 600.0  # screen pixels of drag that move the window by its starting range
FAST = 5.0
NO_LETTERS = EdgeLetters("", "", "", "")


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class SliceView:
    """Everything the viewer draws, turned as it is shown.

    Attributes
    ----------
    grey : (rows, columns) ndarray of uint8, or None
        The slice through its window.
    labels : (rows, columns) ndarray of uint8, or None
        The mask on the slice's grid; None when it is hidden or not there yet.
    chance : (rows, columns) ndarray of float32, or None
        Probability of the class `chance_of`, 0 to 1, drawn in place of the mask.
    aspect : (float, float)
        Height and width of a pixel, in mm.
    legend : tuple of ClassLabel
        Labels that can be shown, with their colours; in a delta, kinds of change.
    comparing : Comparing
        How trained and edited network are compared.
    beside : (rows, columns) ndarray of uint8, or None
        The trained network's mask, where it has a picture of its own.
    split : int or None
        The first column of the edited network's mask, where swipe divides the picture.
    classes : tuple of ClassLabel
        Whose changes a delta can show.
    crosshair : (float, float), or None
        Row and column, in pixel edges.
    viewer : Viewer
        What was chosen for the view.
    empty : str
        What to say when there is no picture.
    welcome : bool
        Nothing is open yet.
    """

    grey: NDArray[np.uint8] | None = None
    labels: Labels | None = None
    chance: Floats | None = None
    chance_of: str = ""
    aspect: tuple[float, float] = (1.0, 1.0)
    calibrated: bool = False
    opacity: float = 0.45
    outlined: bool = False
    legend: tuple[ClassLabel, ...] = ()
    hidden: frozenset[int] = frozenset()
    comparing: Comparing = NOT_COMPARING
    beside: Labels | None = None
    split: int | None = None
    classes: tuple[ClassLabel, ...] = ()
    letters: EdgeLetters = NO_LETTERS
    corners: Corners = NO_CORNERS
    crosshair: Point | None = None
    shapes: tuple[Shape, ...] = ()
    viewer: Viewer = FIRST_VIEW
    slices: int = 0
    index: int = 0
    picture: str = ""
    note: str = ""
    warnings: Lines = ()
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
        display: Display,
        probe: Probe,
        measuring: Measuring,
        pace: Pace | None = None,
    ) -> None:
        self._store = store
        self._pace = pace or Pace()
        self._desk = desk
        self._note = SliceNote(store, desk, live)
        self._live = live
        self._display = display
        self._probe = probe
        self.measuring = measuring
        self._picture: tuple[object, NDArray[np.uint8]] = (None, np.zeros((0, 0), np.uint8))
        self.view = SliceView()
        store.changed.connect(self._on_session)
        live.slice_changed.connect(self._publish)
        live.answered.connect(self._follow)
        live.problem_changed.connect(self._publish)
        segmentation.mask_came.connect(self._on_kept_mask)
        probe.came.connect(self._follow)
        self._note.changed.connect(self._publish)
        self._publish()

    # ---------------------------------------------------------------- intents

    def step(self, slices: int) -> None:
        """The user scrolled by so many slices."""
        self.go_to(self._store.session.slice_index + slices)

    def go_to(self, index: int) -> None:
        """The user moved the slice slider; cine stops."""
        self._store.update(lambda s: s.select_slice(index).look(s.viewer.play(False)))

    def play_on(self) -> None:
        """Cine: show the next slice, after the last one the first; none before this one shows."""
        session, shown = self._store.session, self._live.shown
        if session.series and shown and shown.key.index == session.slice_index:
            following = (session.slice_index + 1) % session.series.slices
            self._store.update(lambda s: s.select_slice(following))

    def look(self, change: Callable[[Viewer], Viewer]) -> None:
        """The user looks at the slice in another way."""
        self._store.update(lambda s: s.look(change(s.viewer)))

    def reset_view(self) -> bool:
        """The user hit Esc; gives whether it was for the whole view, not for a tool or cine."""
        viewer = self._store.session.viewer
        self._store.update(Session.reset_view)
        return viewer.tool is None and not viewer.playing

    def life_size(self, *, screen_known: bool) -> bool:
        """The user asked for the size of life; where nobody knows it, this is said."""
        if self.view.calibrated and screen_known:
            return True
        what = "This screen does not say how large it is."
        if not self.view.calibrated:
            what = "The pixels of this slice are not calibrated in mm."
        self._desk.notice.emit(Notice(f"No size of life: {what}", "Zoom with the right button."))
        return False

    def drag_window(self, dx: float, dy: float, *, fast: bool = False) -> None:
        """The user dragged: to the right widens the window, upwards brightens the picture."""
        shown = self._live.shown
        if shown is None:
            return
        window = self._display.window(shown)
        range_ = self._display.automatic_window(shown).width
        step = range_ / DRAG_STEPS * (FAST if fast else 1.0)
        width = max(window.width + dx * step, step / 10)
        moved = replace(window, centre=window.centre + dy * step, width=width)
        self._store.update(lambda s: s.set_window(moved))

    def automatic_window(self) -> None:
        """The user asked for all values but the tails, whatever the file says."""
        series = self._desk.shown
        padding = series.padding_range if series is not None else None
        self._choose_window(lambda shown: auto_window(shown.values, padding))

    def preset_window(self, number: int) -> None:
        """The user chose one of the windows of the modality, the first one being 0."""
        series = self._desk.shown
        if series is not None:
            preset = presets(series.modality)[number]
            self._choose_window(lambda shown: preset.window(shown.values))

    def _choose_window(self, of: Callable[[ShownSlice], Window]) -> None:
        if self._live.shown is not None:
            window = of(self._live.shown)
            self._store.update(lambda s: s.set_window(window))

    def set_visible(self, part: Part | None) -> None:
        """The user zoomed or moved: this part of the picture is on screen, None for all of it."""
        turn, size = self._turn(), self._size()
        if part is not None and turn != AS_ACQUIRED and size is not None:
            row, column, rows, columns = part
            one = turn.to_slice((row, column), size)
            other = turn.to_slice((row + rows, column + columns), size)
            low = min(one[0], other[0]), min(one[1], other[1])
            part = (*low, abs(one[0] - other[0]), abs(one[1] - other[1]))
        self._live.set_visible(part)

    def toggle_label(self, label: int) -> None:
        """The user clicked the eye of a label, or of a kind of change."""
        if self._store.session.comparing.seen is Way.DELTA:
            self.compare(lambda comparing: comparing.toggle(label))
        else:
            self._store.update(lambda s: s.toggle_label(label))

    def compare(self, change: Callable[[Comparing], Comparing]) -> None:
        """The user compares trained and edited network in another way."""
        self._store.update(lambda s: s.compare(change(s.comparing)))

    def divide_at(self, column: float) -> None:
        """The user put the handle of swipe to a column of the picture."""
        if self.view.grey is not None:
            columns = self.view.grey.shape[1]
            self.compare(lambda comparing: comparing.divide(column / columns))

    def hold(self, held: bool) -> None:
        """The user took the handle of swipe, or let it go."""
        if held:
            self._pace.hold("swipe")
        else:
            self._pace.release("swipe")

    def flicker(self) -> None:
        """It is time for the other network's mask."""
        self.compare(lambda comparing: comparing.show_trained(not comparing.trained))

    def point_at(self, row: float, column: float) -> None:
        """The user put the crosshair to a point of the picture."""
        size = self._size()
        if size is not None:
            at = self._turn().to_slice((row, column), size)
            inside = (min(max(int(x), 0), n - 1) for x, n in zip(at, size, strict=True))
            r, c = inside
            self.look(lambda viewer: replace(viewer, point=(r, c)))

    def probe(self, row: int, column: int, *, beside: bool = False) -> Lines:
        """Tell what is under the cursor: values, voxel, patient position, label, probability.

        With `beside` the cursor is over the trained network's own picture.
        """
        size, split = self._size(), self.view.split
        if size is None:
            return ()
        r, c = self._turn().to_slice((row + 0.5, column + 0.5), size)
        trained = beside or (split is not None and column < split)
        return self._probe(int(np.floor(r)), int(np.floor(c)), trained=trained)

    # ------------------------------------------------------------------- view

    def window(self, shown: ShownSlice) -> Window:
        """The window in force."""
        return self._display.window(shown)

    def _turn(self) -> Turn:
        return self._store.session.viewer.turn

    def _size(self) -> tuple[int, int] | None:
        """Rows and columns of the slice shown, as it was acquired."""
        shown = self._live.shown
        return (shown.values.shape[0], shown.values.shape[1]) if shown else None

    def _on_session(self, old: Session, new: Session) -> None:
        if _display(old) != _display(new):
            self._publish()
        elif old.comparing != new.comparing:
            self._follow()

    def _on_kept_mask(self, key: SliceKey) -> None:
        shown = self._live.shown
        if shown is not None and shown.key == key and not self._display.answer():
            self._publish()

    def _grey(self, shown: ShownSlice, window: Window, *, inverted: bool) -> NDArray[np.uint8]:
        """The slice through its window, turned; made again only when one of them changed."""
        made_of, grey = self._picture
        now = (shown, window, inverted, self._turn())
        if made_of != now:
            series = self._desk.series(shown.key.series)
            grey = grey_levels(shown.values, window, series, inverted=inverted)
            grey = self._turn().apply(grey)
            self._picture = (now, grey)
        return grey

    def _follow(self) -> None:
        self._pace.each_frame(self._publish)

    def _publish(self) -> None:
        self.view = self._view()
        self.view_changed.emit(self.view)

    def _view(self) -> SliceView:
        session, shown = self._store.session, self._live.shown
        problem, viewer = self._live.problem, session.viewer
        if shown is None:
            empty = str(told(problem, hidden=session.identity_hidden)) if problem else "Reading …"
            series_open = session.series
            return SliceView(
                empty=empty,
                welcome=series_open is None,
                viewer=viewer,
                slices=series_open.slices if series_open else 0,
                index=session.slice_index,
            )
        series, turn = self._desk.series(shown.key.series), viewer.turn
        window = self._display.window(shown)
        grey = self._grey(shown, window, inverted=series.monochrome1 != session.inverted)
        masks = self._display.masks()
        has_mask = self._live.answer is not None or any(mask is not None for mask in masks)
        rows, columns = series.spacing[1:]
        over, chance = Overlay(), self._chance(session)
        if session.mask_shown:
            over = overlay(session, masks, turn, area=rows * columns if series.calibrated else None)
        letters = NO_LETTERS
        if series.has_orientation and viewer.annotations is not Annotations.NONE:
            letters = turn.letters(series.row_direction, series.column_direction)
        classes = session.card.classes if session.card and has_mask else ()
        coloured = tuple(label for label in classes if label.colour)
        size = (shown.values.shape[0], shown.values.shape[1])
        _, row, column = viewer.voxel(shown.key.index, series.shape)
        centre = turn.to_picture((row + 0.5, column + 0.5), size)
        return SliceView(
            grey=grey,
            labels=over.labels if chance is None else None,
            chance=None if chance is None else turn.apply(chance),
            chance_of=class_name(session, viewer.probability),
            aspect=turn.pair((rows, columns) if rows > 0 and columns > 0 else (1.0, 1.0)),
            calibrated=series.calibrated,
            opacity=opacity(session),
            outlined=session.outlined or session.explaining.overlay is not None,
            legend=over.legend if over.labels is not None else coloured,
            hidden=over.hidden if over.labels is not None else session.hidden_labels,
            comparing=session.comparing,
            beside=over.beside,
            split=over.split,
            classes=coloured,
            letters=letters,
            corners=corner_texts(session, series, shown.key.index, window),
            crosshair=centre if viewer.crosshair else None,
            shapes=self.measuring.shapes(),
            viewer=viewer,
            slices=series.shape[0],
            index=session.slice_index,
            picture=shown.key.series,
            note=self._note.now(),
            warnings=series.warnings,
        )

    def _chance(self, session: Session) -> Floats | None:
        """Probability to be drawn in place of one mask; the trained network's is not kept."""
        label, is_one = session.viewer.probability, session.comparing.seen in (Way.OFF, Way.FLICKER)
        of_trained = session.show_trained and session.edits
        if label is None or not session.mask_shown or of_trained or not is_one:
            return None
        return self._display.probability(label)


def _display(session: Session) -> tuple[object, ...]:
    """All that changes the picture without a new slice or answer."""
    s = session
    shown = (s.mask_shown, s.outlined, s.opacity, s.hidden_labels, s.viewer)
    return (
        *shown,
        s.explaining.overlay is not None,  # which is seen through an outline only
        s.window,
        s.inverted,
        s.identity_hidden,
        s.card,
        s.saved_card,
        s.series,
        s.slice_index,
    )
