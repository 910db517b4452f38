"""The filter gallery: the kernels of the selected layer as pictures."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from unetscope.domain.card import ClassLabel
from unetscope.domain.errors import UnetscopeError
from unetscope.domain.explaining.ranking import FIRST_RANK, RankBy, choices, need_of
from unetscope.domain.filter_bank import Floats, filter_bank, makes_maps
from unetscope.domain.filter_gallery import FIRST_GALLERY, Against, FilterGallery, Gallery
from unetscope.domain.filter_marks import NO_MARKS, Marks, marks_of
from unetscope.domain.filter_statistics import order_of
from unetscope.domain.filter_words import (
    as_text,
    caption_of,
    effect_text,
    filter_table,
    scale_text,
    tip_of,
)
from unetscope.domain.graph import Layer
from unetscope.domain.map_edits import silenced_maps, toggle_silence
from unetscope.domain.ports import Notice
from unetscope.domain.session import Session
from unetscope.state.desk import Desk
from unetscope.state.dissections import Dissections
from unetscope.state.effect_sweep import EffectSweep, Measured
from unetscope.state.filter_statistics import FilterStatistics
from unetscope.state.kernel_pictures import KernelPictures
from unetscope.state.other_network import OtherNetwork
from unetscope.state.pace import Pace
from unetscope.state.store import Store

Order = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class FiltersView:
    """What the panel draws.

    Attributes
    ----------
    kernels : (rows, columns, kh, kw) ndarray of float32
        Rows are filters, or input channels where one filter is shown; columns are input channels
        in a matrix, else there is one. In the order of the layer; dimensionless.
    before : as `kernels`, or None
        The trained kernels, where they may differ.
    order : (rows,) ndarray of intp
        Which row stands at each place.
    limits : (rows,) ndarray of float, or None
        The value at the end of each row's colour scale, symmetric about 0, by row; None: every
        kernel has its own.
    marks : mapping of int to tuple of str
        What stands out, by row.
    strip : (rows,) ndarray of float, or None
        What the effect on the mask is, as a share of the largest, by row; NaN: not measured.
    row, column : int or None
        Where the kernel shown in the editor stands, in the order of the layer.
    bar : float
        The end of the colour scale at the kernel that is selected.
    """

    title: str = "Filters"
    gallery: FilterGallery = FIRST_GALLERY
    kernels: Floats
    before: Floats | None = None
    order: Order
    limits: NDArray[np.floating] | None = None
    marks: Marks = NO_MARKS
    strip: NDArray[np.float64] | None = None
    strip_stale: bool = False
    row: int | None = None
    column: int | None = None
    filters: int = 0
    in_channels: int = 0
    filter: int = 0
    in_channel: int = 0
    depths: int = 1
    classes: tuple[tuple[int, str], ...] = ()
    rank_by: RankBy = FIRST_RANK
    ranks: tuple[tuple[RankBy, str], ...] = ()
    other: str = ""
    can_measure: bool = False
    can_silence: bool = False
    measuring: bool = False
    effect: str = ""
    caption: str = ""
    scale: str = ""
    bar: float = 0.0
    empty: str = ""


class FiltersPresenter:
    """Turns weights, their statistics and measured effects into a `FiltersView`."""

    view_changed = Signal(FiltersView)

    def __init__(
        self,
        store: Store,
        desk: Desk,
        statistics: FilterStatistics,
        sweep: EffectSweep,
        other: OtherNetwork,
        pace: Pace | None = None,
        dissections: Dissections | None = None,
    ) -> None:
        self._store = store
        self._desk = desk
        self._statistics = statistics
        self._sweep = sweep
        self._other = other
        self._pace = pace or Pace()
        self._dissections = dissections
        self._pictures = KernelPictures(other)
        self.view = self._view(store.session)
        store.changed.connect(self._on_session)
        for signal in (statistics.changed, sweep.changed, other.changed):
            signal.connect(self._follow)

    # ---------------------------------------------------------------- intents

    def select(self, row: int, column: int | None = None) -> None:
        """The user picked a row, and in a matrix a column, in the order of the layer."""

        def change(session: Session) -> Session:
            layout = session.layout
            reads_one = layout is not None and layout.depthwise
            if session.gallery.shows is Gallery.INPUTS:
                return session if reads_one else session.select_in_channel(row)
            session = session.select_filter(row)
            return session if column is None or reads_one else session.select_in_channel(column)

        self._store.update(change)

    def select_filter(self, filter: int) -> None:  # noqa: A002
        """The user jumped to a filter."""
        self._store.update(lambda s: s.select_filter(filter))

    def select_in_channel(self, in_channel: int) -> None:
        """The user chose whose input the kernels read."""
        self._store.update(lambda s: s.select_in_channel(in_channel))

    def arrange(self, gallery: FilterGallery) -> None:
        """The user chose which kernels to see, in which order, or on which colours."""
        self._store.update(lambda s: s.arrange(gallery))

    def rank_by(self, by: RankBy) -> None:
        """The user chose what counts as the effect of a filter."""
        self._store.update(lambda s: s.explain(s.explaining.rank_maps(by)))

    def measure(self) -> None:
        """The user asked what silencing each feature map does to the mask."""
        if not self.view.can_measure:
            self._tell(
                "The effect of these kernels cannot be measured.",
                "Choose a convolution whose filters make its feature maps.",
            )
            return
        self._sweep.start()

    def toggle_silence(self, filter: int) -> None:  # noqa: A002
        """The user silenced the map of a filter, or brought it back."""
        try:
            self._store.update(lambda s: toggle_silence(s, filter))
        except UnetscopeError as error:
            self._tell(error.what, error.hint)

    def compare_with(self, path: Path) -> None:
        """The user chose another model file to compare with."""
        self._store.update(lambda s: s.arrange(replace(s.gallery, against=Against.OTHER)))
        self._other.open(path)

    def save(self, path: Path, make: Callable[[], bytes]) -> None:
        """Write what `make` gives to a file, in the background."""
        self._desk.save_file(path, make)

    def table(self) -> str:
        """All numbers about the filters of the layer, as comma-separated values."""
        session, measured = self._store.session, self._sweep.measured()
        return filter_table(
            session,
            self.view.marks,
            self._statistics.weights,
            self._statistics.activation if self.view.can_silence else None,
            measured.effects if measured else None,
            self._when(measured),
        )

    def text_of(self, row: int, column: int | None = None) -> str:
        """A kernel as rows of numbers between tabs, as it is copied and pasted."""
        kernels = self.view.kernels
        column = 0 if column is None else column
        if not (0 <= row < kernels.shape[0] and 0 <= column < kernels.shape[1]):
            return ""
        return as_text(kernels[row, column])

    def tip(self, row: int, column: int | None = None) -> str:
        """What is known of a tile, in a few lines."""
        view, measured = self.view, self._sweep.of_filters()
        if not 0 <= row < len(view.kernels):
            return ""
        tip = tip_of(
            view.gallery,
            row,
            column,
            view.kernels[row, column or 0],
            view.marks,
            self._statistics.weights,
            self._statistics.activation if view.can_silence else None,
            measured.effects if measured else None,
            view.classes,
            self._when(measured),
        )
        badge = self._badge(row)
        return f"{tip}\nits map follows: {badge}" if badge else tip

    # ------------------------------------------------------------------- view

    def _on_session(self, old: Session, new: Session) -> None:
        if old.history is not new.history or _inputs(old) != _inputs(new):
            self._follow()

    def _follow(self) -> None:
        self._pace.in_turn(self._publish)

    def _publish(self) -> None:
        self.view = self._view(self._store.session)
        self.view_changed.emit(self.view)

    def _view(self, session: Session) -> FiltersView:
        layer, network = session.selected_layer, session.network
        if layer is None or network is None:
            return _nothing("Open a model to see its filters.", session)
        now = filter_bank(layer, session.weights())
        if now is None:
            return _nothing(
                f"{layer.name} ({layer.kind}) holds no kernels.\nSelect a convolution.", session
            )
        gallery = session.gallery
        row, column = min(session.filter, len(now) - 1), session.in_channel
        depthwise = session.layout is not None and session.layout.depthwise
        column = 0 if depthwise else min(column, now.shape[1] - 1)
        try:
            made = self._pictures.make(session, layer, row, column)
        except UnetscopeError as error:
            return _nothing(str(error), session)
        tiles, before, limits = made.tiles, made.before, made.limits
        per_map = makes_maps(layer, len(now))
        marks = self._marks(session, layer, now, made.edited, per_map=per_map)
        measured = self._sweep.of_filters() if per_map else None
        by = session.explaining.rank_by
        effect = need_of(measured.effects, by, measured.labels) if measured else None
        order = order_of(
            len(now), gallery, self._statistics.weights, self._statistics.activation, effect
        )
        if gallery.shows is Gallery.INPUTS:
            order = np.arange(now.shape[1])
        strip = _shares(effect) if gallery.shows is not Gallery.INPUTS else None
        if gallery.shows is Gallery.INPUTS:
            at: tuple[int, int | None] = (column, None)
            marks = replace(marks, of=_changed(tiles, before))
        elif gallery.shows is Gallery.FILTERS:
            at = (row, None)
            marks = _only_edited_here(marks, _changed(tiles, before))
        elif gallery.shows.is_matrix:
            at = (row, column if session.layout is not None else None)
        else:
            at = (row, None)
        selected = tiles[at[0], at[1] or 0]
        bar = float(limits[at[0]]) if limits is not None else float(np.abs(selected).max())
        classes = session.card.classes if session.card else ()
        can_measure = per_map and session.series is not None
        return FiltersView(
            title=f"Filters · {layer.name}",
            gallery=gallery,
            kernels=tiles,
            before=before,
            order=order,
            limits=limits,
            marks=marks,
            strip=strip,
            strip_stale=bool(self._when(measured)),
            row=at[0],
            column=at[1],
            filters=len(now),
            in_channels=1 if depthwise else now.shape[1],
            filter=row,
            in_channel=session.in_channel,
            depths=now.shape[2] if now.ndim == 5 else 1,
            classes=tuple((label.index, label.name) for label in classes),
            rank_by=by,
            ranks=_ranks(classes),
            other=self._other.network.path.name if self._other.network else "",
            can_measure=can_measure,
            can_silence=per_map,
            measuring=self._sweep.layer_at_work == layer.name,
            effect=effect_text(
                by,
                effect,
                classes,
                measuring=self._sweep.layer_at_work == layer.name,
                done=(measured.done, measured.total) if measured else (0, 0),
                stale=self._when(measured),
                per_map=per_map,
                at=measured.key.layer if measured and measured.key.layer != layer.name else "",
                has_series=session.series is not None,
            ),
            caption=caption_of(gallery, len(now), now.shape[1], depthwise=depthwise),
            scale=scale_text(gallery),
            bar=bar,
        )

    def _marks(
        self, session: Session, layer: Layer, now: Floats, edited: tuple[int, ...], *, per_map: bool
    ) -> Marks:
        count = layer.channels or len(now)
        return marks_of(
            edited,
            silenced_maps(session.edits, layer.name, count),
            self._statistics.weights,
            self._statistics.activation,
            per_map=per_map,
        )

    def _badge(self, row: int) -> str:
        """Which structure the map of a filter follows, where that was measured."""
        session = self._store.session
        shows_filters = session.gallery.shows is not Gallery.INPUTS and self.view.can_silence
        if self._dissections is None or session.layer is None or not shows_filters:
            return ""
        return self._dissections.badge(session.layer, row)

    def _when(self, measured: Measured | None) -> str:
        return self._sweep.stale(measured) if measured else ""

    def _tell(self, what: str, hint: str = "") -> None:
        self._desk.notice.emit(Notice(what, hint, trouble=False))


def _inputs(s: Session) -> tuple[object, ...]:
    """All but the edits, which come and go with the history."""
    shown = (s.network, s.layer, s.filter, s.in_channel, s.gallery)
    ranked = (s.explaining.rank_by, s.explaining.silence_to)
    return (*shown, s.series, s.slice_index, s.card, *ranked)


def _nothing(empty: str, session: Session) -> FiltersView:
    return FiltersView(
        kernels=np.zeros((0, 1, 1, 1), np.float32),
        order=np.zeros(0, np.intp),
        gallery=session.gallery,
        empty=empty,
    )


def _ranks(classes: Sequence[ClassLabel]) -> tuple[tuple[RankBy, str], ...]:
    """What counts as the effect, and what it is called."""
    names = {label.index: label.name for label in classes}
    labels = [index for index in names if index > 0]
    return tuple((by, by.short(names)) for by in choices(labels))


def _shares(effect: NDArray[np.float64] | None) -> NDArray[np.float64] | None:
    """Effects as shares of the largest."""
    if effect is None or np.isnan(effect).all():
        return None
    largest = float(np.nanmax(effect))
    shares: NDArray[np.float64] = effect / largest if largest > 0 else effect
    return shares


def _changed(tiles: Floats, before: Floats | None) -> dict[int, tuple[str, ...]]:
    """Which of single kernels differ from the trained ones."""
    if before is None:
        return {}
    rows = np.flatnonzero((tiles != before).any(axis=(1, 2, 3)))
    return dict.fromkeys(rows.tolist(), ("edited",))


def _only_edited_here(marks: Marks, edited: Mapping[int, tuple[str, ...]]) -> Marks:
    """The marks of filters, where an edit counts only in the kernel that is shown."""
    found: dict[int, tuple[str, ...]] = {}
    for row in sorted({*marks.of, *edited}):
        others = tuple(word for word in marks.of.get(row, ()) if word != "edited")
        if words := (*edited.get(row, ()), *others):
            found[row] = words
    return replace(marks, of=found)
