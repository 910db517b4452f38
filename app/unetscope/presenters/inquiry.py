"""What the network says about one pixel, and which feature maps made it say so."""

from __future__ import annotations

from dataclasses import dataclass

from psygnal import Signal

from unetscope.domain.card import ClassLabel
from unetscope.domain.explaining.inquiry import Inquiry, Push, Scale
from unetscope.domain.measurements import Point
from unetscope.domain.session import Session
from unetscope.state.inquiring import Inquired, Inquiring
from unetscope.state.live import Live
from unetscope.state.pace import Pace
from unetscope.state.probe import Probe
from unetscope.state.store import Store

CLICKED_SAME = 0.75  # pixels of the slice from the voxel: a click so near lets it go


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassLine:
    """What is said about one class.

    Attributes
    ----------
    explained : bool
        It is the one whose maps are listed.
    probability : float
        0 to 1, uncalibrated.
    """

    label: int
    name: str
    colour: str | None
    logit: str
    probability: float
    said: str
    explained: bool
    tip: str = ""


@dataclass(frozen=True, slots=True)
class PushView:
    """One feature map that pushes.

    Attributes
    ----------
    share : float
        How much, 0 to 1 of the strongest of its scale.
    """

    feature_map: int
    share: float
    tip: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ScaleView:
    """One scale: its layer, and the maps that push up and down most."""

    layer: str
    title: str
    size: str
    tip: str
    up: tuple[PushView, ...]
    down: tuple[PushView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class InquiryView:
    """What the panel shows.

    Attributes
    ----------
    place : str
        Voxel, and position in the patient.
    pinned : bool
        It stays there.
    scales : tuple of ScaleView
        From the mask back to the image.
    stale : bool
        It belongs to another slice or other weights than are shown.
    selected : (str, int) or None
        Layer and map that are selected.
    mark : (float, float) or None
        Where it stays on the picture, in pixel edges.
    empty : str
        What to say where there is nothing.
    """

    place: str = ""
    pinned: bool = False
    classes: tuple[ClassLine, ...] = ()
    score_name: str = "Logit"
    entropy: str = ""
    heading: str = ""
    scales: tuple[ScaleView, ...] = ()
    stale: bool = False
    selected: tuple[str, int] | None = None
    mark: Point | None = None
    empty: str = ""


class InquiryPresenter:
    """Turns answers about a pixel into an `InquiryView`."""

    view_changed = Signal(InquiryView)

    def __init__(
        self,
        store: Store,
        live: Live,
        inquiring: Inquiring,
        probe: Probe,
        pace: Pace | None = None,
    ) -> None:
        self._store = store
        self._live = live
        self._inquiring = inquiring
        self._probe = probe
        self._pace = pace or Pace()
        self._watched = False
        self._made: tuple[tuple[object, ...], tuple[ScaleView, ...]] = ((), ())
        self.view = InquiryView()
        store.changed.connect(self._on_session)
        inquiring.changed.connect(self._follow)
        live.busy_changed.connect(self._follow)
        self._publish()

    # ----------------------------------------------------------------- intents

    def watch(self, watched: bool) -> None:
        """The panel is in view, or no longer."""
        self._watched = watched
        self._inquiring.watch(watched)
        self._publish()

    def click(self, row: float, column: float) -> None:
        """The user clicked a point of the picture, in pixel edges: stay there, or let it go."""
        shown, session = self._live.shown, self._store.session
        if not self._watched or shown is None or session.viewer.tool is not None:
            return
        rows, columns = shown.values.shape
        r, c = session.viewer.turn.to_slice((row, column), (rows, columns))
        voxel, held = (r - 0.5, c - 0.5), session.explaining.voxel
        near = held is not None and all(
            abs(a - b) <= CLICKED_SAME for a, b in zip(voxel, held, strict=True)
        )
        self._store.update(lambda s: s.explain(s.explaining.pin(None if near else voxel)))

    def stay(self) -> None:
        """The user wants it to stay at the pixel last pointed at, or to follow again."""
        held, last = self._store.session.explaining.voxel, self._inquiring.voxel
        voxel = (float(last[0]), float(last[1])) if last is not None and held is None else None
        self._store.update(lambda s: s.explain(s.explaining.pin(voxel)))

    def let_go(self) -> bool:
        """The user hit Esc: follow the cursor again; gives whether there was anything to let go."""
        if not self._watched or self._store.session.explaining.voxel is None:
            return False
        self._store.update(lambda s: s.explain(s.explaining.pin(None)))
        return True

    def choose_class(self, row: int) -> None:
        """The user chose a class of the table; the chosen one again: what the mask shows."""
        if not 0 <= row < len(self.view.classes):
            return
        label, held = self.view.classes[row].label, self._store.session.explaining.voxel_class
        chosen = None if label == held else label
        self._store.update(lambda s: s.explain(s.explaining.inquire_about(chosen)))

    def select(self, layer: str, feature_map: int) -> None:
        """The user chose a map: look at it."""
        self._store.update(lambda s: s.select_layer(layer).select_filter(feature_map))

    # -------------------------------------------------------------------- view

    def _on_session(self, old: Session, new: Session) -> None:
        if _seen(old) != _seen(new):
            self._follow()

    def _follow(self, *_: object) -> None:
        if self._watched:
            self._pace.in_turn(self._publish)

    def _publish(self) -> None:
        view = self._view() if self._watched else InquiryView()
        if view != self.view:
            self.view = view
            self.view_changed.emit(view)

    def _view(self) -> InquiryView:
        session, found = self._store.session, self._inquiring.found
        pinned, problem = session.explaining.voxel is not None, self._inquiring.problem
        if found is None or problem:
            return InquiryView(pinned=pinned, mark=self._mark(), empty=problem or "Asking …")
        inquiry = found.inquiry
        classes = session.card.classes if session.card else ()
        explained = _class(classes, inquiry.label).name
        layer, stale = session.layer, self._inquiring.is_stale
        return InquiryView(
            place=self.view.place if stale else self._place(found),
            pinned=pinned,
            classes=tuple(
                _line(_class(classes, score.label), inquiry, score.label)
                for score in inquiry.scores
            ),
            score_name="Logit" if inquiry.has_logits else "Score",
            entropy=_entropy(inquiry),
            heading=f"Which maps push {explained} up and down" if inquiry.scales else "",
            scales=self._scales(found, explained),
            stale=stale,
            selected=None if layer is None else (layer, session.filter),
            mark=self._mark(),
        )

    def _place(self, found: Inquired) -> str:
        """Slice, row and column, and where that is in the patient, as the probe says it."""
        shown, lines = self._live.shown, self._probe(*found.voxel)
        voxel = f"voxel ({shown.key.index}, {found.voxel[0]}, {found.voxel[1]})" if shown else ""
        in_mm = [line for line in lines[1:2] if line.endswith(" mm")]
        return " · ".join((voxel, *in_mm))

    def _scales(self, found: Inquired, explained: str) -> tuple[ScaleView, ...]:
        made_of = (found, explained)
        if self._made[0] != made_of:
            score = found.inquiry.score(found.inquiry.label).logit
            scales = tuple(_scale(each, explained, score) for each in found.inquiry.scales[::-1])
            self._made = (made_of, scales)
        return self._made[1]

    def _mark(self) -> Point | None:
        """Where the voxel that it stays at lies on the picture."""
        session, shown = self._store.session, self._live.shown
        if session.explaining.voxel is None or shown is None:
            return None
        row, column = session.explaining.voxel
        rows, columns = shown.values.shape
        return session.viewer.turn.to_picture((row + 0.5, column + 0.5), (rows, columns))


def _seen(session: Session) -> tuple[object, ...]:
    card = session.card
    chosen = (session.explaining.voxel, session.layer, session.filter, session.viewer.turn)
    return *chosen, card.classes if card else ()


def _class(classes: tuple[ClassLabel, ...], label: int) -> ClassLabel:
    named = (each for each in classes if each.index == label)
    return next(named, ClassLabel(label, f"Class {label}", None))


def _line(of: ClassLabel, inquiry: Inquiry, label: int) -> ClassLine:
    score, explained = inquiry.score(label), label == inquiry.label
    told = ["The mask shows this class here."] if label == inquiry.shown else []
    told.append("Its maps are listed below." if explained else "Click: list the maps that push it.")
    return ClassLine(
        label=label,
        name=of.name,
        colour=of.colour,
        logit=f"{score.logit:+.2f}",
        probability=score.probability,
        said=_share(score.probability),
        explained=explained,
        tip="\n".join(told),
    )


def _share(probability: float) -> str:
    if 0 < probability < 0.0005:
        return "< 0.001"
    return "> 0.999" if 0.9995 <= probability < 1 else f"{probability:.3f}"


def _entropy(inquiry: Inquiry) -> str:
    return (
        f"Entropy {inquiry.entropy:.2f} of {inquiry.most:.3g} bits "
        f"({inquiry.uncertainty:.0%} undecided) · uncalibrated"
    )


def _scale(scale: Scale, explained: str, score: float) -> ScaleView:
    rows, columns = scale.size
    side, level = scale.standing.section.value, scale.standing.level
    most = max((abs(push.contribution) for push in (*scale.up, *scale.down)), default=0.0)

    def view(push: Push) -> PushView:
        way = "for" if push.contribution > 0 else "against"
        tip = (
            f"Map {push.feature_map} of {scale.layer} pushes {way} {explained}: "
            f"{push.contribution:+.3g}\n"
            "Its values times the slope of the logit, added up. Click: look at this map."
        )
        return PushView(push.feature_map, abs(push.contribution) / most if most else 0.0, tip)

    return ScaleView(
        layer=scale.layer,
        title=scale.layer,
        size=f"{rows}×{columns}",
        tip=(
            f"{side}, level {level}: {scale.maps} maps of {rows}×{columns}, "
            f"together {scale.total:+.3g}; the logit is {score:+.3g}.\n"
            "The rest comes from biases, and from what goes past this layer. Scales look at the\n"
            "same image one after the other: their numbers are not to be added up."
        ),
        up=tuple(map(view, scale.up)),
        down=tuple(map(view, scale.down)),
    )
