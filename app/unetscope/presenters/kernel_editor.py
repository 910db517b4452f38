"""The kernel editor: one kernel as numbers, what a change applies to, and what it did."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from unetscope.domain import scopes
from unetscope.domain.edits import Edit, SetBias
from unetscope.domain.errors import UnetscopeError
from unetscope.domain.history import History
from unetscope.domain.kernels import Weights
from unetscope.domain.metrics import dice, mask_change, rms_change
from unetscope.domain.recipes import RECIPE_BY_ID
from unetscope.domain.scopes import Scope, Target
from unetscope.domain.session import Session
from unetscope.state.desk import Desk
from unetscope.state.live import Live
from unetscope.state.pace import Pace
from unetscope.state.store import Store

Floats = NDArray[np.float32]


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
    empty : str
        What to say when there are no numbers.
    """

    lines: tuple[EffectLine, ...] = ()
    trained_map: Floats | None = None
    edited_map: Floats | None = None
    difference: Floats | None = None
    advice: str = ""
    stale: bool = False
    empty: str = ""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class KernelView:
    """What the panel draws.

    Attributes
    ----------
    kernel, trained : (kh, kw) ndarray of float32, or None
        The kernel shown, weights in force and as trained.
    limit : float
        End of the colour scale, symmetric about 0.
    bias : float or None
        The filter's bias.
    takes_recipes : bool
        Whether the kernel has rows and columns, as recipes do.
    """

    title: str = "Kernel editor"
    kernel: Floats | None = None
    trained: Floats | None = None
    limit: float = 1.0
    bias: float | None = None
    filter: int = 0
    filters: int = 0
    in_channel: int = 0
    in_channels: int = 0
    scope: Scope = Scope.VALUE
    keep_norm: bool = True
    takes_recipes: bool = False
    edited: bool = False
    effect: EffectView = EffectView()
    problem: str = ""
    empty: str = "Open a model to edit its kernels."


class KernelPresenter:
    """Turns the selected kernel and the engine's answer into a `KernelView`, and clicks into edits.

    A refused edit changes nothing; the sentence why is shown until the next change.
    """

    view_changed = Signal(KernelView)

    def __init__(self, store: Store, desk: Desk, live: Live, pace: Pace | None = None) -> None:
        self._store = store
        self._desk = desk
        self._live = live
        self._pace = pace or Pace()
        self._problem = ""
        self._gesture: tuple[str, Target] | None = None  # what the last edit moved
        self._after: History | None = None  # and the history it left
        self.view = self._view(self._effect(store.session))
        store.changed.connect(self._on_session)
        live.answered.connect(self._follow)
        live.busy_changed.connect(self._follow)

    # ---------------------------------------------------------------- intents

    def set_value(self, row: int, column: int, value: float, same_gesture: bool = False) -> None:
        """The user typed, dragged or wheeled one value; the scope moves with it."""

        def make(target: Target, weights: Weights) -> Edit:
            cell = self._cell(target, row, column)
            return scopes.set_value(target, weights, cell, value)

        self._edit(make, f"value ({row}, {column})", same_gesture=same_gesture)

    def hold(self, held: bool) -> None:
        """The user drags a value or the gain, or let it go."""
        if held:
            self._pace.hold()
        self._live.set_dragging(held)
        if not held:
            self._pace.release()

    def apply_recipe(self, recipe_id: str) -> None:
        """The user chose a recipe for every kernel of the scope."""
        recipe = RECIPE_BY_ID[recipe_id]
        keep = self._store.session.keep_norm
        self._edit(lambda t, w: scopes.put_recipe(t, w, recipe, keep_norm=keep), recipe.name)

    def change_kernels(self, name: str, change: Callable[[Floats], Floats]) -> None:
        """The user flipped, turned or negated every kernel of the scope."""
        self._edit(lambda t, w: scopes.each_kernel(t, w, change), name)

    def set_gain(self, gain: float, same_gesture: bool = False) -> None:
        """The user multiplied the scope; a filter and a layer take their biases along."""
        self._edit(
            lambda target, weights: scopes.scale(target, weights, gain),
            f"gain ×{gain:.2f}",
            moved="gain",
            same_gesture=same_gesture,
        )

    def set_bias(self, value: float, same_gesture: bool = False) -> None:
        """The user set the bias shown."""

        def make(target: Target, weights: Weights) -> Edit:
            at, bias = target.filter, target.layout.bias
            if bias is not None:
                at = min(self._store.session.filter, weights[bias].size - 1)
            return SetBias(target.layer.name, at, value)

        moved = f"bias {self._store.session.filter}"
        self._edit(make, "bias", moved=moved, same_gesture=same_gesture)

    def set_kernel(self, values: Floats) -> None:
        """The user pasted a kernel."""

        def make(target: Target, _: Weights) -> Edit:
            name, window = target.layer.name, target.layout.window
            if values.shape != window:
                raise UnetscopeError(
                    f"A kernel of {name} has shape {window}, but found {values.shape}.",
                    "Copy as many rows and columns as the kernel has.",
                )
            return target.edit((), values)

        self._edit(make, "pasted kernel", scope=Scope.KERNEL)

    def revert(self, scope: Scope) -> None:
        """The user asked for the trained values back."""
        self._try(lambda: self._store.update(lambda s: s.revert(scope)))

    def set_scope(self, scope: Scope) -> None:
        """The user chose what a change applies to."""
        self._store.update(lambda s: s.set_scope(scope))

    def set_keep_norm(self, keep: bool) -> None:
        """The user chose whether a recipe keeps the old kernel's norm and mean."""
        self._store.update(lambda s: s.set_keep_norm(keep))

    def select_filter(self, filter: int) -> None:  # noqa: A002
        """The user chose another filter, in a depthwise layer of the same input channel."""

        def change(session: Session) -> Session:
            layout = session.layout
            if layout is not None and layout.depthwise:
                return session.select_filter(session.in_channel * layout.filters + filter)
            return session.select_filter(filter)

        self._store.update(change)

    def select_in_channel(self, in_channel: int) -> None:
        """The user chose another input channel."""
        self._store.update(lambda s: s.select_in_channel(in_channel))

    def report(self, problem: str) -> None:
        """Show why something the user tried did not work."""
        self._problem = problem
        self._publish()

    def _cell(self, target: Target, row: int, column: int) -> tuple[int, ...]:
        """Where a cell of the drawn grid lies in the kernel, whatever axes it has."""
        window = target.layout.window
        if len(window) == 2:
            return row, column
        return tuple(int(i) for i in np.unravel_index(row * window[-1] + column, window))

    def _edit(
        self,
        make: Callable[[Target, Weights], Edit],
        what: str,
        *,
        moved: str = "",
        scope: Scope | None = None,
        same_gesture: bool = False,
    ) -> None:
        """Put an edit in force, into the last step when it truly goes on with the same gesture."""

        def commit() -> None:
            session = self._store.session
            target = replace(session.target(), scope=scope or session.scope)
            gesture = (moved or what, target)
            goes_on = self._gesture == gesture and self._after is session.history
            same = same_gesture and goes_on
            self._gesture = None
            edit = make(target, session.weights(before_gesture=same))
            label = f"{what} on {target.where}"
            changed = session.edit(edit, label=label, same_gesture=same)
            self._gesture, self._after = gesture, changed.history
            self._store.commit(changed)

        self._try(commit)

    def _try(self, commit: Callable[[], None]) -> None:
        try:
            commit()
        except UnetscopeError as error:
            self.report(str(error))
        else:
            if self._problem:
                self.report("")

    # ------------------------------------------------------------------- view

    def _on_session(self, old: Session, new: Session) -> None:
        if old.history is not new.history or _inputs(old) != _inputs(new):
            self._problem = ""
            if self._pace.held:  # the numbers under the hand never wait
                self._publish_kernel()
            self._follow()

    def _follow(self, *_: object) -> None:
        self._pace.in_turn(self._publish)

    def _publish_kernel(self) -> None:
        """Show the kernel in force beside the effect shown before, whose turn will come."""
        self.view = self._view(self.view.effect)
        self.view_changed.emit(self.view)

    def _publish(self) -> None:
        self.view = self._view(self._effect(self._store.session))
        self.view_changed.emit(self.view)

    def _view(self, effect: EffectView) -> KernelView:
        session = self._store.session
        layer, layout = session.selected_layer, session.layout
        if session.network is None or layer is None:
            return KernelView(effect=effect)
        if layout is None:
            return KernelView(
                title=f"Kernel editor · {layer.name}",
                empty=f"{layer.name} ({layer.kind}) holds no kernels.\nSelect a convolution.",
                effect=effect,
            )
        weights, trained = session.weights(), session.network.trained[layer.name]
        index = layout.index(session.in_channel, session.kernel_filter)
        kernel, before = (_flat(array[0][index]) for array in (weights, trained))
        bias = None
        if layout.bias is not None:
            bias = float(weights[layout.bias][min(session.filter, weights[layout.bias].size - 1)])
        return KernelView(
            title=f"Kernel editor · {layer.name} · filter {session.filter} · "
            f"input channel {session.in_channel}",
            kernel=kernel,
            trained=before,
            limit=float(max(np.abs(kernel).max(), np.abs(before).max(), 1e-6)),
            bias=bias,
            filter=session.kernel_filter,
            filters=layout.filters,
            in_channel=session.in_channel,
            in_channels=layout.in_channels,
            scope=session.scope,
            keep_norm=session.keep_norm,
            takes_recipes=len(layout.window) == 2,
            edited=session.network.differs(layer.name, session.edits),
            effect=effect,
            problem=self._problem,
            empty="",
        )

    def _effect(self, session: Session) -> EffectView:
        if session.network is None:
            return EffectView(empty="Open a model to see it.")
        answer = self._live.answer
        if answer is None or answer.look.maps is None or answer.look.maps.layer != session.layer:
            empty = "waiting for the engine …"
            if self._live.shown is None:
                empty = "Open a study to see it."
            elif self._live.problem is not None:
                empty = "There is no answer for this slice."
            return EffectView(stale=self._live.busy, empty=empty)
        look = answer.look
        maps = answer.look.maps
        lines: list[EffectLine] = []
        edited = trained = None
        advice = ""
        edits = look.request.edits
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
        lines += self._mask_lines(session)
        if edits and maps.next_layer and 0 < maps.next_change < 0.005:
            advice = (
                "One kernel among many changes little this deep: widen the scope to the filter, "
                "or edit an earlier layer."
            )
        lines.append(
            EffectLine("recomputed", f"{look.update.layers_recomputed} of {look.layers_total}")
        )
        lines.append(EffectLine("latency", f"{look.update.milliseconds:.0f} ms"))
        with np.errstate(invalid="ignore"):
            difference = None if edited is None or trained is None else edited - trained
        shown = self._live.shown
        other = shown is None or answer.key != shown.key or edits != session.edits
        stale = self._live.busy or other or answer.look.exact_in is not None
        return EffectView(tuple(lines), trained, edited, difference, advice, stale)

    def _mask_lines(self, session: Session) -> list[EffectLine]:
        answer = self._live.answer
        if answer is None or answer.mask is None or answer.trained_mask is None:
            return []
        if not answer.look.request.edits:
            return [EffectLine("mask", "as trained: no edits")]
        mask, trained = answer.mask, answer.trained_mask
        changed = int((mask != trained).sum())
        lines = [EffectLine("mask, to trained", f"{changed:,} px")]
        classes = session.card.classes if session.card else ()
        series = self._desk.series(answer.key.series)
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
            lines.append(EffectLine(label.name, amount + agreement))
        return lines


def _inputs(s: Session) -> tuple[object, ...]:
    """All but the edits, which come and go with the history."""
    return (s.network, s.layer, s.filter, s.in_channel, s.scope, s.keep_norm)


def _flat(kernel: Floats) -> Floats:
    """A kernel of any number of axes laid out as rows and columns."""
    return kernel if kernel.ndim == 2 else kernel.reshape(-1, kernel.shape[-1])


def _percent(change: float) -> str:
    if np.isnan(change):
        return "not finite"
    if np.isinf(change):
        return "was all zero"
    return f"RMS {change:+.1%}" if change < 10 else f"RMS ×{change:.0f}"
