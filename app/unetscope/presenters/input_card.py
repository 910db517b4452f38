"""The input card: the slice beside what the model was trained on, and the tensor it is fed."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from unetscope.domain.card import ClassLabel, ModelCard
from unetscope.domain.channels import names_of, why_not_laid
from unetscope.domain.errors import UnetscopeError
from unetscope.domain.input_check import (
    Check,
    Mark,
    check_input,
    slice_orientation,
    trained_spacing,
    two_numbers,
    value_range,
)
from unetscope.domain.input_grid import ORIENTATIONS, turn_to
from unetscope.domain.intensity import ReferenceHistogram
from unetscope.domain.network import Network
from unetscope.domain.preprocess import Preprocessing, Step
from unetscope.domain.preprocess_words import name_of_change
from unetscope.domain.session import Session
from unetscope.domain.sources import SeriesSource
from unetscope.domain.stand_ins import told
from unetscope.state.card_keeper import CardKeeper, is_changed
from unetscope.state.desk import Desk
from unetscope.state.live import Live
from unetscope.state.network_input import NetworkInput, has_other_series, sources_of
from unetscope.state.pace import Pace
from unetscope.state.store import Store

BINS = 64
TRAINED = {
    "modality": "Modality",
    "contrast": "Contrast",
    "plane": "Plane",
    "orientation": "Orientation",
    "spacing_mm": "Spacing in mm",
    "range": "Values",
}
ABOUT = {"source": "Source", "licence": "Licence"}
_PAIRS = ("spacing_mm", "range")


@dataclass(frozen=True, slots=True)
class Fact:
    """A line of the card that can be edited: its key, what people call it, and what it says."""

    key: str
    name: str
    text: str


@dataclass(frozen=True, slots=True, eq=False)
class TensorView:
    """One channel of the tensor fed in.

    Attributes
    ----------
    values : (H, W) ndarray of float32
        Exactly as the network gets them.
    limits : (float, float)
        What is drawn black and white: the smallest and the largest value.
    counts, edges : ndarray
        Histogram.
    lines : tuple of str
        Shape, type and range in words.
    """

    values: NDArray[np.float32]
    limits: tuple[float, float]
    counts: NDArray[np.intp]
    edges: NDArray[np.floating[Any]]
    lines: tuple[str, ...]
    channel: int
    channels: int


@dataclass(frozen=True, slots=True, kw_only=True)
class InputCardView:
    """What the panel draws.

    Attributes
    ----------
    state : str
        Whether the card is confirmed, and whether it was changed.
    trouble : bool
        It is not confirmed.
    note : str
        What must be known about the card.
    steps : Preprocessing or None
        In force; None without a network.
    fixed_size : bool
        The network takes images of one size only.
    channels : int
        That the network takes.
    series : tuple of str
        Names of the series that a channel can be made of.
    orientations : tuple of str
        Ways the slice shown can be turned.
    usual_spacing : (float, float)
        What to resample to if nothing else is said, in mm.
    changed : bool
        The card in force is not the one it goes back to.
    """

    empty: str = ""
    name: str = ""
    state: str = ""
    trouble: bool = False
    note: str = ""
    problem: str = ""
    checks: tuple[Check, ...] = ()
    checks_empty: str = ""
    steps: Preprocessing | None = None
    facts: tuple[Fact, ...] = ()
    classes: tuple[ClassLabel, ...] = ()
    tensor: TensorView | None = None
    tensor_empty: str = ""
    fixed_size: bool = False
    channels: int = 1
    series: tuple[str, ...] = ()
    orientations: tuple[str, ...] = ()
    usual_spacing: tuple[float, float] = (1.0, 1.0)
    confirmed: bool = False
    changed: bool = False
    can_take_reference: bool = False

    @property
    def sign(self) -> str:
        """The worst mark, for a panel that is behind another: ≠, ? or nothing."""
        if any(check.mark is Mark.MISMATCH for check in self.checks):
            return "≠"
        return "?" if self.trouble else ""


class InputCardPresenter:
    """Turns card, slice and network input into an `InputCardView`."""

    view_changed = Signal(InputCardView)

    def __init__(
        self, store: Store, desk: Desk, live: Live, keeper: CardKeeper, pace: Pace | None = None
    ) -> None:
        self._store = store
        self._desk = desk
        self._live = live
        self._keeper = keeper
        self._pace = pace or Pace()
        self._watched = False
        self._channel = 0
        self._problem = ""
        self._checks: tuple[tuple[object, ...], tuple[Check, ...]] = ((), ())
        self._tensor: tuple[object, int, TensorView | None] = (None, 0, None)
        self.view = self._view()
        store.changed.connect(self._on_session)
        for signal in (live.slice_changed, live.answered, live.busy_changed, live.problem_changed):
            signal.connect(self._follow)

    # ---------------------------------------------------------------- intents

    def set_steps(self, **fields: Any) -> None:
        """The user changed steps: fields of `Preprocessing`."""
        card = self._store.session.card
        if card is None:
            return
        try:
            steps = replace(card.preprocessing, **fields)
        except UnetscopeError as error:
            self._report(str(error))
            return
        self._report("")
        name = name_of_change(card.preprocessing, fields)
        self._keeper.change(name, same_gesture="order" not in fields, preprocessing=steps)

    def move_step(self, step: Step, places: int) -> None:
        """The user moved a step up or down in the order."""
        card = self._store.session.card
        if card is None:
            return
        order = list(card.preprocessing.order)
        at = order.index(step)
        order.remove(step)
        order.insert(min(max(at + places, 0), len(order)), step)
        self.set_steps(order=tuple(order))

    def take_reference(self) -> None:
        """The user wants slices to have the histogram of the one shown."""
        if self._live.shown is not None:
            self.set_steps(match=ReferenceHistogram.of(self._live.shown.values))

    def set_fact(self, key: str, text: str) -> None:
        """The user wrote what the model was trained on, or where it comes from."""
        card, text = self._store.session.card, text.strip()
        if card is None or text == _said(card, key):
            return
        value: object = text
        if key in _PAIRS and text:
            numbers = re.findall(r"-?\d+(?:\.\d+)?(?:e-?\d+)?", text)
            if len(numbers) != 2:
                self._report(f"{TRAINED[key]}: two numbers are wanted, such as 1 × 1.")
                return
            value = [float(number) for number in numbers]
        self._report("")
        if key == "name":
            self._keeper.change("Input card: name", name=text or card.name)
        elif key in ABOUT:
            label = f"Input card: {ABOUT[key].lower()}"
            self._keeper.change(label, content=_with(card.content, key, value))
        else:
            label = f"Input card: {TRAINED[key].lower()}"
            self._keeper.change(label, trained_on=_with(card.trained_on, key, value))

    def set_class(self, index: int, name: str, colour: str | None) -> None:
        """The user named or coloured a class."""
        card = self._store.session.card
        if card is not None:
            classes = list(card.classes)
            classes[index] = ClassLabel(index, name.strip() or classes[index].name, colour)
            self._keeper.change(f"Input card: class {index}", classes=tuple(classes))

    def watch(self, watched: bool) -> None:
        """The panel came to the front, or went: only then is the tensor worth its histogram."""
        self._watched = watched
        self._publish()

    def choose_channel(self, channel: int) -> None:
        """The user wants to see another channel of the tensor."""
        self._channel = channel
        self._publish()

    def confirm(self) -> None:
        """The user confirms what the card says."""
        self._keeper.confirm()

    def back(self) -> None:
        """The user wants the card back as it was."""
        self._report("")
        self._keeper.back()

    def save(self, then: Callable[[], None] | None = None) -> None:
        """The user wants the card saved; then maybe something that waits for it."""
        self._keeper.save(then)

    # ------------------------------------------------------------------- view

    def _on_session(self, old: Session, new: Session) -> None:
        if old.network is not new.network:
            self._channel, self._problem = 0, ""
        if _about(old) != _about(new):
            self._follow()

    def _report(self, problem: str) -> None:
        was, self._problem = self._problem, problem
        if was or problem:
            self._show(self._view())  # what was refused is shown as it is in force

    def _follow(self, *_: object) -> None:
        self._pace.in_turn(self._publish)

    def _publish(self) -> None:
        view = self._view()
        if view != self.view:
            self._show(view)

    def _show(self, view: InputCardView) -> None:
        self.view = view
        self.view_changed.emit(view)

    def _view(self) -> InputCardView:
        session = self._store.session
        network, card, saved = session.network, session.card, session.saved_card
        if network is None or card is None or saved is None:
            return InputCardView(empty="Open a model to see what it was trained on.")
        changed = is_changed(session)
        tensor, why = self._tensor_view(network, card.preprocessing)
        image = next((layer for layer in network.graph.layers if layer.kind == "InputLayer"), None)
        series = self._desk.shown
        lies = slice_orientation(series) if series else None
        return InputCardView(
            name=card.name,
            state=_state(card, changed),
            trouble=not card.confirmed or bool(network.replaced or card.replaced_layers),
            note=" ".join(
                filter(None, (told(network.replaced) or card.replaced_layers, card.note))
            ),
            problem=self._problem,
            checks=self._check(card, saved, network),
            checks_empty="Open a study to compare its slices with the card.",
            steps=card.preprocessing,
            facts=_facts(card),
            classes=card.classes,
            tensor=tensor,
            tensor_empty=why,
            fixed_size=image is not None and None not in image.spatial,
            channels=network.input_channels,
            series=self._others(series) if series and network.input_channels > 1 else (),
            orientations=tuple(o for o in ORIENTATIONS if lies and turn_to(lies, o) is not None),
            confirmed=card.confirmed,
            usual_spacing=trained_spacing(card) or (1.0, 1.0),
            changed=changed,
            can_take_reference=self._live.shown is not None,
        )

    def _others(self, shown: SeriesSource) -> tuple[str, ...]:
        together = self._desk.together(shown)
        named = names_of(together).items()
        return tuple(n for n, at in named if not why_not_laid(shown, together[at], n))

    def _check(self, card: ModelCard, saved: ModelCard, network: Network) -> tuple[Check, ...]:
        shown, series = self._live.shown, self._desk.shown
        if shown is None or series is None or shown.key.series != series.uid:
            return ()
        made_of = (shown, series, card, saved, network)
        if len(self._checks[0]) != len(made_of) or any(
            a is not b for a, b in zip(self._checks[0], made_of, strict=True)
        ):
            self._checks = (made_of, check_input(series, shown.values, card, saved, network))
        return self._checks[1]

    def _tensor_view(self, network: Network, steps: Preprocessing) -> tuple[TensorView | None, str]:
        """The tensor fed in for the slice shown; without one, why."""
        live = self._live
        if not self._watched:
            return None, ""
        if live.shown is None:
            return None, "Open a study to see what the network is fed."
        fed = live.fed
        if fed is None or fed.key != live.input_key(live.shown.key, steps, network):
            return None, str(live.problem) if live.problem else "Preparing the slice …"
        channel = min(self._channel, network.input_channels - 1)
        if self._tensor[:2] != (fed, channel):
            self._tensor = (fed, channel, _tensor(fed, channel, _made_of(steps, network, channel)))
        return self._tensor[2], ""


def _about(session: Session) -> tuple[object, ...]:
    return session.card, session.saved_card, session.network, session.series


def _with(mapping: Any, key: str, value: object) -> dict[str, Any]:
    """The mapping with another value; an empty one takes the key away."""
    changed = {**mapping, key: value}
    if not value:
        del changed[key]
    return changed


def _said(card: ModelCard, key: str) -> str:
    if key == "name":
        return card.name
    value = card.content.get(key) if key in ABOUT else card.trained_on.get(key)
    if pair := two_numbers(value):
        return (" … " if key == "range" else " × ").join(f"{number:g}" for number in pair)
    return value if isinstance(value, str) else ""


def _facts(card: ModelCard) -> tuple[Fact, ...]:
    names = {"name": "Name", **TRAINED, **ABOUT}
    return tuple(Fact(key, name, _said(card, key)) for key, name in names.items())


def _state(card: ModelCard, changed: bool) -> str:
    said = "confirmed" if card.confirmed else "not confirmed"
    return f"{said} · changed, not saved" if changed else said


def _made_of(steps: Preprocessing, network: Network, channel: int) -> str:
    """The series that a channel was made of, where it is not the one shown."""
    if not has_other_series(steps, network):
        return ""
    return sources_of(steps, network)[channel].series


def _tensor(fed: NetworkInput, channel: int, made_of: str = "") -> TensorView:
    image = fed.image
    values = image if image.ndim == 2 else image[..., channel]
    finite = values[np.isfinite(values)] if not np.isfinite(values).all() else values.ravel()
    channels = 1 if image.ndim == 2 else image.shape[-1]
    rows, columns = values.shape
    lines = [f"(1, {rows}, {columns}, {channels}) {image.dtype}", *([made_of] if made_of else [])]
    low, high = value_range(values)
    if finite.size:
        mean, spread = finite.mean(dtype=np.float64), finite.std(dtype=np.float64)
        lines += [f"{low:.4g} … {high:.4g}", f"mean {mean:.3g}", f"sd {spread:.3g}"]
    if finite.size < values.size:
        lines.append(f"⚠ {values.size - finite.size} values are not finite")
    counts, edges = np.histogram(finite.astype(np.float64), bins=BINS)
    return TensorView(
        values, (low, max(high, low + 1e-12)), counts, edges, tuple(lines), channel, channels
    )
