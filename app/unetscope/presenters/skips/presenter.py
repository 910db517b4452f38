"""The switchboard of skip connections, and the recovery curve."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from psygnal import Signal

from unetscope.domain.effects import How
from unetscope.domain.errors import EditError, UnetscopeError
from unetscope.domain.explaining.counting import counted, reference_of
from unetscope.domain.explaining.recovery import (
    Recovery,
    RecoveryChoice,
    RecoveryMeasure,
    recovery_csv,
)
from unetscope.domain.explaining.switches import (
    ON,
    SkipEffects,
    skip_effects_csv,
    switches,
    turn,
    turn_all,
)
from unetscope.domain.explaining.targeting import Segmented
from unetscope.domain.graph import Graph, Section
from unetscope.domain.interventions import CutSkip, PatchSkip, SkipEdit
from unetscope.domain.ports import Notice
from unetscope.domain.session import Session
from unetscope.presenters.skips import words
from unetscope.presenters.skips.view import CurveView, EffectBars, SkipsView, SwitchRow
from unetscope.state.desk import Desk
from unetscope.state.donors import Donors
from unetscope.state.network_input import NetworkInput
from unetscope.state.pace import Pace
from unetscope.state.question_run import Answered
from unetscope.state.recovering import TRAINED, Recovering
from unetscope.state.skip_measuring import SkipMeasuring
from unetscope.state.store import Store
from unetscope.state.targets import Targets


class SkipsPresenter:
    """Turns the skip connections on and off, and tells what that does."""

    view_changed = Signal(SkipsView)

    def __init__(
        self,
        store: Store,
        desk: Desk,
        targets: Targets,
        donors: Donors,
        measuring: SkipMeasuring,
        recovering: Recovering,
        pace: Pace | None = None,
    ) -> None:
        self._store = store
        self._desk = desk
        self._targets = targets
        self._donors = donors
        self._measuring = measuring
        self._recovering = recovering
        self._pace = pace or Pace()
        self._watched = True
        self._sections: tuple[Graph | None, dict[str, Section]] = (None, {})
        self.view = self._view()
        store.changed.connect(self._on_session)
        targets.changed.connect(self._follow)
        measuring.changed.connect(self._follow)
        recovering.changed.connect(self._follow)
        self._pace.held_changed.connect(self._follow)

    # ---------------------------------------------------------------- intents

    def watch(self, watched: bool) -> None:
        """The panel came into view, or went out of it."""
        self._watched = watched
        self._follow()

    def switch(self, row: int, state: str) -> None:
        """The user turned a switch: ``"on"``, ``"zero"``, ``"mean"`` or ``"patched"``."""
        if not 0 <= row < len(self.view.rows):
            return
        shown = self.view.rows[row]
        skip = (shown.reader, shown.source)
        if state == "patched":
            self._patch(skip, self.view.donor)
        elif state == shown.state:
            return
        elif state == ON:
            self._turn(skip, None)
        else:
            self._turn(skip, CutSkip(*skip, state))

    def switch_all(self, how: How | None) -> None:
        """The user wants all skip connections cut, or all on."""
        self._donors.give_up()
        self._store.update(lambda s: turn_all(s, how))

    def take_from(self, index: int) -> None:
        """The user chose the slice that switches and curve take from."""
        self._recover(self._recovering.choice.from_slice(max(index, 0)))

    def take_from_shown(self) -> None:
        """The slice shown is to be it."""
        self.take_from(self._store.session.slice_index)

    def take_from_trained(self, trained: bool) -> None:
        """The user wants the curve's layers from the trained network, or from a slice."""
        self._recover(self._recovering.choice.from_trained(trained))

    def measure_by(self, measure: RecoveryMeasure) -> None:
        """The user wants something else measured."""
        self._recover(self._recovering.choice.by(measure))

    def pass_skips(self, with_skips: bool) -> None:
        """The user wants what goes around a layer patched too, or the layer alone."""
        self._recover(self._recovering.choice.pass_skips(with_skips))

    def measure(self) -> None:
        """The user wants to know what each skip connection is worth, or has enough of that."""
        if self._measuring.running:
            self._measuring.cancel()
        else:
            self._measuring.start()

    def recover(self) -> None:
        """The user wants the curve, or has enough of it."""
        if self._recovering.running:
            self._recovering.cancel()
        else:
            self._recovering.start()

    def select_layer(self, index: int) -> None:
        """The user clicked a layer of the curve."""
        if 0 <= index < len(self.view.curve.layers):
            layer = self.view.curve.layers[index]
            self._store.update(lambda s: s.select_layer(layer))

    def effects_text(self) -> str:
        """What each skip connection is worth, as CSV; empty where nothing is measured."""
        found, network = self._measuring.measured(), self._store.session.network
        if found is None or network is None:
            return ""
        names = tuple(self._name(i) for i in range(found.answer.dice.shape[-1]))
        return skip_effects_csv(found.answer, network, found.key.edits, names)

    def curve_text(self) -> str:
        """The curve, as CSV; empty where nothing is measured."""
        found, network = self._recovering.measured(), self._store.session.network
        if found is None or network is None:
            return ""
        names = dict(zip(found.answer.labels, self._names(found.answer), strict=True))
        return recovery_csv(found.answer, network, found.key.edits, names)

    def save(self, path: Path, text: str) -> None:
        """The user chose where a table goes."""
        self._desk.save_file(path, lambda: text.encode())

    # ------------------------------------------------------------------- within

    def _patch(self, skip: tuple[str, str], index: int) -> None:
        def taken(made: NetworkInput) -> None:
            self._turn(skip, PatchSkip(*skip, made.image, f"slice {index + 1}"))

        self._donors.take(index, taken, self._failed)

    def _turn(self, skip: tuple[str, str], edit: SkipEdit | None) -> None:
        self._donors.give_up()
        try:
            self._store.update(lambda s: turn(s, skip, edit))
        except EditError as error:
            self._failed(error)

    def _recover(self, choice: RecoveryChoice) -> None:
        self._store.update(lambda s: s.explain(s.explaining.recover(choice)))

    def _failed(self, error: UnetscopeError) -> None:
        self._desk.notice.emit(Notice(error.what, error.hint))

    # ------------------------------------------------------------------- view

    def _on_session(self, old: Session, new: Session) -> None:
        if _shown(old) != _shown(new):
            self._follow()

    def _follow(self, *_: object) -> None:
        """Show what is known; while a value is held nothing of it is exact, and it waits."""
        if not self._watched or self._pace.held:
            return
        self.view = self._view()
        self.view_changed.emit(self.view)
        if self.view.any_off:
            self._measuring.want_all_on()

    def _view(self) -> SkipsView:
        session = self._store.session
        network, series = session.network, session.series
        choice = self._recovering.choice
        view = SkipsView(
            donor=self._donor(session),
            donors=series.slices if series else 0,
            choice=choice,
            can_trained=bool(session.edits),
            measuring=self._measuring.running,
            recovering=self._recovering.running,
            trouble=self._recovering.trouble(),
        )
        if network is None:
            return replace(view, empty="Open a model to see its skip connections.")
        found = switches(network.graph, session.edits)
        view = self._with_curve(view, network.graph)
        if not found:
            text = "This network has no skip connections: every layer reads just one other."
            return replace(view, empty=text)
        segmented = self._targets.segmented()
        effects = self._measuring.measured()
        rows = tuple(
            SwitchRow(
                each.reader,
                each.source,
                each.text,
                words.size_of(each),
                each.state,
                each.donor,
                self._effects(effects, each.skip, segmented),
            )
            for each in found
        )
        states = {each.state for each in found}
        return replace(
            view,
            rows=rows,
            any_off=states != {ON},
            any_on=states != {"zero"},
            can_measure=not isinstance(segmented, str),
            summary=self._summary(segmented, any_off=states != {ON}),
            effects_note=self._measuring.stale(effects) if effects else "",
        )

    def _donor(self, session: Session) -> int:
        choice = self._recovering.choice
        count = session.series.slices if session.series else 1
        here = session.slice_index
        after = here + 1 if here + 1 < count else max(here - 1, 0)
        return after if choice.donor is None else min(choice.donor, count - 1)

    def _effects(
        self,
        found: Answered[SkipEffects] | None,
        skip: tuple[str, str],
        segmented: Segmented | str,
    ) -> tuple[EffectBars, ...]:
        if found is None or skip not in found.answer.skips:
            return ()
        row, effects = found.answer.skips.index(skip), found.answer
        labels = self._labels(segmented, effects.dice.shape[-1])
        colours = self._colours()
        return tuple(
            words.bars(effects, row, column, labels, self._name, colours)
            for column in range(len(effects.how))
        )

    def _summary(self, segmented: Segmented | str, *, any_off: bool) -> str:
        if not any_off:
            return "All skip connections are on."
        if isinstance(segmented, str):
            return segmented
        all_on = self._measuring.all_on()
        if all_on is None or all_on.shape != segmented.mask.shape:
            return "Comparing with all skip connections on …"
        labels, reference = counted(segmented), reference_of(segmented)
        return words.summary(segmented.mask, all_on, labels, self._name, reference)

    def _with_curve(self, view: SkipsView, graph: Graph) -> SkipsView:
        donor = TRAINED if view.choice.trained else f"slice {view.donor + 1}"
        view = replace(view, caveat=words.caveat(view.choice, donor))
        found = self._recovering.measured()
        if found is None:
            return view
        recovery, names = found.answer, self._names(found.answer)
        if self._sections[0] is not graph:
            self._sections = (graph, graph.sections())
        colours, layer = self._colours(), self._store.session.layer
        is_target = recovery.measure is RecoveryMeasure.TARGET
        curve = CurveView(
            layers=(*recovery.layers, *(reader for reader, _ in recovery.skips)),
            names=(*recovery.layers, *(f"{source} →" for _, source in recovery.skips)),
            bands=(
                *(self._sections[1][name].value for name in recovery.layers),
                *["Skip alone"] * len(recovery.skips),
            ),
            mean=recovery.mean,
            by_label=tuple(
                (name, None if is_target else colours.get(label), recovery.by_label[:, column])
                for column, (label, name) in enumerate(zip(recovery.labels, names, strict=True))
            ),
            told=words.told(recovery, names),
            selected=recovery.layers.index(layer) if layer in recovery.layers else None,
            joined=len(recovery.layers),
        )
        return replace(
            view,
            curve=curve,
            found=words.finding(recovery, found.complete),
            curve_note=_note(self._recovering.stale(found), recovery),
        )

    def _labels(self, segmented: Segmented | str, count: int) -> tuple[int, ...]:
        if not isinstance(segmented, str):
            return counted(segmented)
        return tuple(range(1, count))

    def _names(self, recovery: Recovery) -> list[str]:
        if recovery.measure is RecoveryMeasure.TARGET:
            return ["the target"]
        return [self._name(label) for label in recovery.labels]

    def _name(self, label: int) -> str:
        card = self._store.session.card
        named = (each.name for each in (card.classes if card else ()) if each.index == label)
        return next(named, f"Class {label}")

    def _colours(self) -> dict[int, str | None]:
        card = self._store.session.card
        return {each.index: each.colour for each in (card.classes if card else ())}


def _note(stale: str, recovery: Recovery) -> str:
    """What a curve is of, where that is not what is chosen."""
    if not stale:
        return ""
    skips = ", with the skips that pass" if recovery.with_skips else ""
    return f"This curve: {recovery.measure.value}, {recovery.donor}{skips}; {stale}."


def _shown(session: Session) -> tuple[object, ...]:
    s = session
    chosen = s.explaining.recovery, s.explaining.target
    return s.network, s.card, s.series, s.slice_index, s.edits, s.layer, *chosen
