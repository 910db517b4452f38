"""What a figure can show: everything on screen that belongs to one version of the weights."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from psygnal import Signal

from unetscope.domain.card import ClassLabel
from unetscope.domain.comparing import CHANGE_COLOURS, delta
from unetscope.domain.feature_maps import Version
from unetscope.domain.figure import Palette, Pane
from unetscope.domain.in_force import what_is_in_force
from unetscope.domain.input_check import value_range
from unetscope.domain.metrics import Labels
from unetscope.domain.report_pictures import RGB, Grey, colours_of, painted
from unetscope.domain.session import Session
from unetscope.state.desk import Desk
from unetscope.state.display import Display, grey_levels
from unetscope.state.live import Live
from unetscope.state.references import References
from unetscope.state.shown import ShownSlice
from unetscope.state.shown_maps import Maps, ShownMaps
from unetscope.state.store import Store

SHORT = 12  # characters of a fingerprint that are told
TOLD = 4  # edits that are named


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class FigureView:
    """What can be in a figure now.

    Attributes
    ----------
    panes : tuple of Pane
        All that can be chosen, in the order that they are offered.
    settings : str
        Network, edits and slice, in a sentence or two.
    edited : str
        What is in force beside the trained network; empty where nothing is.
    waiting : bool
        The network has not answered yet, so there is more to come.
    """

    panes: tuple[Pane, ...] = ()
    settings: str = ""
    edited: str = ""
    waiting: bool = False


class FigurePresenter:
    """Turns slice, answer and selection into panes, while somebody watches."""

    view_changed = Signal(FigureView)

    def __init__(
        self,
        store: Store,
        desk: Desk,
        live: Live,
        display: Display,
        shown: ShownMaps,
        references: References | None = None,
    ) -> None:
        self._store = store
        self._desk = desk
        self._live = live
        self._display = display
        self._shown = shown
        self._references = references
        self._watched = False
        self.view = FigureView()
        for signal in (live.answered, live.slice_changed, live.busy_changed):
            signal.connect(self._follow)

    def watch(self, watched: bool) -> None:
        """The figure builder was opened, or closed: only then are panes made."""
        self._watched = watched
        self._follow()

    def _follow(self, *_: object) -> None:
        if self._watched:
            self.view = self._view()
            self.view_changed.emit(self.view)

    def _view(self) -> FigureView:
        session = self._store.session
        edited = what_is_in_force(session.network, session.edits)
        panes = [*self._of_slice(session), *self._of_maps(session), *_kernels(session)]
        return FigureView(
            panes=tuple(panes),
            settings=self._settings(session, edited),
            edited=edited,
            waiting=session.network is not None and (self._live.busy or not self._is_answered),
        )

    @property
    def _is_answered(self) -> bool:
        return self._live.problem is not None or self._display.answer() is not None

    def _settings(self, session: Session, edited: str) -> str:
        """Network, edits and slice; nothing that tells who the patient is."""
        said = []
        network, card, shown = session.network, session.card, self._live.shown
        if network is not None:
            name = card.name if card else network.name
            short = network.file_fingerprint.partition(":")[2][:SHORT]
            said.append(f"{name} (SHA-256 {short}…), {edited or 'as it was trained'}.")
        if edited:
            told = "; ".join(edit.label for edit in session.edits[:TOLD])
            more = len(session.edits) - TOLD
            said.append(f"Edits: {told}{f'; {more} more' if more > 0 else ''}.")
        if shown is not None:
            series = self._desk.series(shown.key.series)
            window = self._display.window(shown)
            said.append(
                f"Slice {shown.key.index + 1} of {series.shape[0]}, window {window.width:.4g}, "
                f"centre {window.centre:.4g}."
            )
        return " ".join(said)

    # ------------------------------------------------------------------ slice

    def _of_slice(self, session: Session) -> Iterator[Pane]:
        shown = self._live.shown
        if shown is None:
            return
        number = shown.key.index + 1
        grey = self._grey(session, shown)
        yield self._pane(shown, "slice", f"Slice {number}", np.repeat(grey[..., None], 3, 2))
        trained, edited = self._display.masks()
        answer = self._display.answer()
        theirs = self._references.slice_labels(shown.key.index) if self._references else None
        if theirs is not None and theirs.shape == shown.values.shape:
            yield self._mask(session, shown, "reference", "Reference", theirs)
        if edited is None:
            return
        of_edited = "edited network" if session.edits else "network"
        if session.edits and trained is not None:
            yield self._mask(session, shown, "trained", "Mask, trained network", trained)
        yield self._mask(session, shown, "mask", f"Mask, {of_edited}", edited)
        if session.edits and trained is not None:
            yield self._changes(session, shown, trained, edited)
        if answer is not None and answer.look.probabilities is not None:
            yield from self._probabilities(session, shown)
        if self._live.fed is not None:
            fed = self._live.fed.image
            first = fed if fed.ndim == 2 else fed[..., 0]
            yield Pane(
                key="fed",
                caption="What the network was fed",
                values=first,
                limits=value_range(first),
                bar="dimensionless",
            )

    def _grey(self, session: Session, shown: ShownSlice) -> Grey:
        series, window = self._desk.series(shown.key.series), self._display.window(shown)
        inverted = series.monochrome1 != session.inverted
        return grey_levels(shown.values, window, series, inverted=inverted)

    def _pane(self, shown: ShownSlice, key: str, caption: str, rgb: RGB) -> Pane:
        """A picture of the slice in colours of its own, turned as the slice is shown."""
        high, wide, mm = self._pixel(shown)
        turn = self._store.session.viewer.turn
        return Pane(key=key, caption=caption, values=turn.apply(rgb), aspect=high / wide, mm=mm)

    def _pixel(self, shown: ShownSlice) -> tuple[float, float, float | None]:
        """Height and width of a pixel as it is turned, and its width in mm where that is known."""
        series = self._desk.series(shown.key.series)
        rows, columns = series.spacing[1:]
        known = rows > 0 and columns > 0
        high, wide = self._store.session.viewer.turn.pair((rows, columns) if known else (1.0, 1.0))
        return high, wide, wide if series.calibrated and known else None

    def _mask(
        self, session: Session, shown: ShownSlice, key: str, caption: str, mask: Labels
    ) -> Pane:
        classes = session.card.classes if session.card else ()
        legend = tuple(
            one for one in classes if one.colour and one.index not in session.hidden_labels
        )
        colours = colours_of(legend)
        grey, turn = self._grey(session, shown), session.viewer.turn
        rgb = painted(grey, None if session.outlined else mask, colours, session.opacity)
        pane = self._pane(shown, key, caption, rgb)
        outline = None
        if session.outlined:
            outline = turn.apply(np.where(np.isin(mask, list(colours)), mask, 0).astype(np.uint8))
        return replace(pane, outline=outline, legend=legend)

    def _changes(
        self, session: Session, shown: ShownSlice, trained: Labels, edited: Labels
    ) -> Pane:
        classes = session.card.classes if session.card else ()
        none = frozenset(one.index for one in classes if not one.colour)
        changes = delta(trained, edited, session.comparing.label, none)
        legend = tuple(
            ClassLabel(int(kind), kind.said, colour) for kind, colour in CHANGE_COLOURS.items()
        )
        rgb = painted(self._grey(session, shown), changes, colours_of(legend))
        pane = self._pane(shown, "changes", "What the edits change", rgb)
        return replace(pane, legend=legend)

    def _probabilities(self, session: Session, shown: ShownSlice) -> Iterator[Pane]:
        high, wide, mm = self._pixel(shown)
        for one in session.card.classes if session.card else ():
            chance = self._display.probability(one.index) if one.colour else None
            if chance is not None:
                yield Pane(
                    key=f"probability {one.index}",
                    caption=f"Probability of {one.name}",
                    values=session.viewer.turn.apply(chance),
                    palette=Palette.VIRIDIS,
                    aspect=high / wide,
                    mm=mm,
                    bar="probability, uncalibrated",
                )

    # ------------------------------------------------------------------- maps

    def _of_maps(self, session: Session) -> Iterator[Pane]:
        maps = self._shown.now()
        if not isinstance(maps, Maps) or self._shown.stale():
            return
        version = session.maps.version
        said = "" if version is Version.EDITED else f", {version.value}"
        for index in sorted({session.filter, *session.maps.also}):
            if index < len(maps.pictures):
                low, high = maps.limits[index]
                limits = (float(low), float(high))
                if index == session.filter and session.maps.window is not None:
                    limits = session.maps.window
                yield Pane(
                    key=f"map {maps.layer.name} {index}",
                    caption=f"Feature map {index} of {maps.layer.name}{said}",
                    values=maps.pictures[index],
                    limits=limits,
                    palette=Palette.DIVERGING if maps.signed else Palette.GREY,
                    aspect=maps.aspect,
                    mm=self._map_mm(maps),
                    bar="activation",
                )

    def _map_mm(self, maps: Maps) -> float | None:
        series = self._desk.shown
        if maps.grid is None or series is None or not series.calibrated:
            return None
        return maps.grid.pixel_size(series.spacing[1:])[1]


def _kernels(session: Session) -> Iterator[Pane]:
    """The kernels of the selected filters, and as they were trained where that is another."""
    layer, layout, network = session.selected_layer, session.layout, session.network
    if layer is None or layout is None or network is None:
        return
    now, before = session.weights(), network.trained[layer.name]
    for index in sorted({session.filter, *session.maps.also}):
        in_channel, own = layout.kernel_of_map(index, session.in_channel)
        kernels = [layout.by_filter(each[0])[own, in_channel] for each in (now, before)]
        while kernels[0].ndim > 2:  # of three axes: the middle plane
            kernels = [kernel[len(kernel) // 2] for kernel in kernels]
        shown, trained = (kernel.reshape(-1, kernel.shape[-1]) for kernel in kernels)
        limit = float(max(np.abs(shown).max(), np.abs(trained).max(), 1e-6))
        where = f"{layer.name}, filter {own}, input {in_channel}"
        is_edited = not np.array_equal(shown, trained)
        kinds = {"Kernel, trained": trained, "Kernel, edited": shown}
        for kind, values in (kinds if is_edited else {"Kernel": shown}).items():
            yield Pane(
                key=f"kernel {layer.name} {in_channel} {own}, {kind}",
                caption=f"{kind}: {where}" if is_edited else f"{kind} of {where}",
                values=values,
                limits=(-limit, limit),
                palette=Palette.DIVERGING,
                bar="weight",
                numbers=True,
            )
