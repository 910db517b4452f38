"""The filter lab's own loop: a picture, kernels, and what a real layer makes of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from psygnal import Signal

from unetscope.domain.errors import UnetscopeError
from unetscope.domain.lab import Lab, LabMaps, LabRequest, LabSource
from unetscope.domain.ports import Engine, Floats
from unetscope.domain.session import Session
from unetscope.state.desk import Desk
from unetscope.state.live import Live
from unetscope.state.store import Store

Spacing = tuple[float, float]
MADE_UP = 128  # rows and columns of the picture that stands in for a slice


@dataclass(frozen=True, slots=True, eq=False)
class LabPicture:
    """What the kernels are run over.

    Attributes
    ----------
    image : (H, W) ndarray of float32
        In the modality's units, or as a network is fed it.
    key : str
        Equal keys mean equal pictures.
    name : str
        What people call it.
    spacing : (float, float), or None
        Height and width of a pixel in mm, where they are known.
    """

    image: Floats
    key: str
    name: str
    spacing: Spacing | None = None


class FilterLab:
    """Follows lab and slice, and asks the engine while somebody watches; latest wins."""

    changed = Signal()
    """Picture, answer, business or trouble."""

    def __init__(self, store: Store, desk: Desk, live: Live, engine: Engine) -> None:
        self._store = store
        self._desk = desk
        self._live = live
        self._engine = engine
        self._watched = False
        self._asked: LabRequest | None = None
        self._question: tuple[object, ...] = ()
        self._pictures = 0  # slices seen so far, which names them
        self._slice: tuple[object, LabPicture] | None = None
        self.picture = made_up_picture()
        self.answer: LabMaps | None = None
        self.busy = False
        self.problem: UnetscopeError | None = None
        store.changed.connect(self._on_session)
        for signal in (live.slice_changed, live.answered, live.busy_changed):
            signal.connect(self._follow)

    def watch(self, watched: bool) -> None:
        """Somebody looks at the lab, or nobody does and nothing is asked."""
        self._watched = watched
        if watched:
            self._follow()

    def ask_again(self) -> None:
        """Ask once more after trouble."""
        self._question = ()
        self._follow()

    # ------------------------------------------------------------------ inside

    def _on_session(self, old: Session, new: Session) -> None:
        if old.lab != new.lab or old.network is not new.network:
            self._follow()

    def _follow(self, *_: object) -> None:
        if not self._watched:
            return
        lab = self._store.session.lab
        picture = self._picture(lab.source)
        moved, self.picture = picture is not self.picture, picture
        question = (picture.key, tuple(k.rows for k in lab.kernels), lab.layer, lab.flip)
        if question == self._question:
            if moved:
                self.changed.emit()
            return
        self._question = question
        self._ask(lab, picture)

    def _ask(self, lab: Lab, picture: LabPicture) -> None:
        request = LabRequest(
            image=picture.image, image_key=picture.key, kernels=lab.put_in, layer=lab.layer
        )
        self._asked, self.busy = request, True
        self._engine.convolve(
            request,
            lambda maps: self._answered(request, maps),
            lambda error: self._failed(request, error),
        )
        self.changed.emit()

    def _answered(self, request: LabRequest, maps: LabMaps) -> None:
        """Take an answer; one that was superseded under way is shown until the latest comes."""
        self.answer = maps
        if request is self._asked:
            self._asked, self.busy, self.problem = None, False, None
        self.changed.emit()

    def _failed(self, request: LabRequest, error: UnetscopeError) -> None:
        if request is self._asked:
            self._asked, self.busy = None, False
            self.answer, self.problem = None, error
            self.changed.emit()

    def _picture(self, source: LabSource) -> LabPicture:
        """What is to be run over; a made-up picture where there is no slice."""
        if self._live.shown is None:
            return self.picture if self.picture.key == MADE_UP_KEY else made_up_picture()
        if source is LabSource.INPUT and (fed := self._fed_picture()) is not None:
            return fed
        return self._slice_picture()

    def _slice_picture(self) -> LabPicture:
        shown = self._live.shown
        assert shown is not None
        if self._slice is None or self._slice[0] is not shown:
            self._pictures += 1
            self._slice = (
                shown,
                LabPicture(
                    np.asarray(shown.values, np.float32),
                    f"lab/{self._pictures}",
                    f"slice {shown.key.index + 1}",
                    self._spacing(shown.key.series),
                ),
            )
        return self._slice[1]

    def _fed_picture(self) -> LabPicture | None:
        """The network's input; of several channels the middle one, which is the slice."""
        fed, shown = self._live.fed, self._live.shown
        if fed is None or shown is None or self._store.session.network is None:
            return None
        image, key, name = fed.image, fed.key, "the network's input"
        if image.ndim == 3:
            channel = image.shape[-1] // 2
            image = np.ascontiguousarray(image[..., channel])
            key, name = f"{key}/channel {channel}", f"{name}, channel {channel}"
        if self.picture.key == key:
            return self.picture
        spacing = self._spacing(shown.key.series)
        if spacing is not None:
            rows, columns = spacing
            here = fed.placement.to_slice(0, 0)
            below, beside = fed.placement.to_slice(1, 0), fed.placement.to_slice(0, 1)
            down, across = (
                float(np.hypot((there[0] - here[0]) * rows, (there[1] - here[1]) * columns))
                for there in (below, beside)
            )
            spacing = (down, across)
        return LabPicture(image, key, name, spacing)

    def _spacing(self, series: str) -> Spacing | None:
        source = self._desk.find(series)
        if source is None or not source.calibrated:
            return None
        return source.spacing[1], source.spacing[2]


MADE_UP_KEY = "lab/made up"


def made_up_picture() -> LabPicture:
    """A disc, bars and a ramp: edges in every direction, for a lab without a study."""
    rows, columns = np.mgrid[:MADE_UP, :MADE_UP] / MADE_UP
    image = 0.2 + 0.3 * columns * (rows > 0.75)
    image[(rows - 0.4) ** 2 + (columns - 0.35) ** 2 < 0.06] = 1.0
    image[(rows - 0.4) ** 2 + (columns - 0.35) ** 2 < 0.01] = 0.4
    bars = (columns > 0.66) & (rows < 0.7)
    image[bars] = np.where(np.floor(columns * 24) % 2, 0.8, 0.1)[bars]
    return LabPicture(image.astype(np.float32), MADE_UP_KEY, "a made-up picture")
