"""What is to be seen of the series shown: its window, masks and probabilities."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from unetscope.domain.input_grid import Placement, unplace
from unetscope.domain.metrics import Labels
from unetscope.domain.overlay import Pair
from unetscope.domain.planes import Plane, Voxel
from unetscope.domain.ports import Floats
from unetscope.domain.sources import SeriesSource
from unetscope.domain.window import Window, apply_window, auto_window
from unetscope.state.desk import Desk
from unetscope.state.live import Answer, Live, ShownSlice
from unetscope.state.series_segmentation import SeriesSegmentation
from unetscope.state.store import Store


def grey_levels(
    values: Floats, window: Window, series: SeriesSource, *, inverted: bool
) -> NDArray[np.uint8]:
    """Values of a series as they are drawn: black where there is no picture.

    Parameters
    ----------
    values : (H, W) ndarray of float32
        In the units of the series; NaN where nothing could be read.
    inverted : bool
        Low values are bright: as the series asks for, or the user.
    """
    grey = apply_window(values, window)
    if inverted:
        grey = np.where(np.isnan(values), np.uint8(0), 255 - grey)
    if series.monochrome1 and series.padding_range is not None:
        low, high = series.padding_range
        grey = np.where((values >= low) & (values <= high), np.uint8(0), grey)
    return grey


class Display:
    """Chooses between what the user, the file, the answer and the kept masks say."""

    def __init__(
        self, store: Store, desk: Desk, live: Live, segmentation: SeriesSegmentation
    ) -> None:
        self._store = store
        self._desk = desk
        self._live = live
        self._segmentation = segmentation
        self._automatic: dict[str, Window] = {}
        # of a voxel axis and a network: the kept masks, what else it was made of, what it met
        self._met: dict[tuple[int, str], tuple[object, tuple[object, ...], Labels]] = {}
        self._probability: tuple[object, Floats | None] = (None, None)

    # ----------------------------------------------------------------- window

    def window(self, shown: ShownSlice) -> Window:
        """The window in force: the user's, else the file's, else all but the tails."""
        user = self._store.session.window
        return user or self.window_from_file(shown) or self.automatic_window(shown)

    def window_from_file(self, shown: ShownSlice) -> Window | None:
        """What the file says; None where it says nothing."""
        return self._desk.series(shown.key.series).window(shown.key.index)

    def automatic_window(self, shown: ShownSlice) -> Window:
        """All but the tails of the first slice seen, so that scrolling does not flicker."""
        key = shown.key.series
        if key not in self._automatic:
            padding = self._desk.series(key).padding_range
            self._automatic[key] = auto_window(shown.values, padding)
        return self._automatic[key]

    # ------------------------------------------------------------------- mask

    def answer(self) -> Answer | None:
        """The answer for the slice shown; None while it is on its way."""
        answer, shown = self._live.answer, self._live.shown
        return answer if answer and shown and answer.key == shown.key else None

    def masks(self) -> Pair:
        """The trained and the edited network's masks of the answer; until it comes, kept ones."""
        answer, shown = self.answer(), self._live.shown
        if answer is not None:
            return answer.trained_mask, answer.mask
        if shown is None:
            return None, None
        trained = self._segmentation.trained_masks(shown.key.series).get(shown.key.index)
        edited = self._segmentation.mask(shown.key)
        if edited is None:
            edited = self._segmentation.seen(shown.key)
        return (trained if self._store.session.edits else edited), edited

    def mask(self) -> Labels | None:
        """The one of them that is shown."""
        trained, edited = self.masks()
        return trained if self._store.session.show_trained else edited

    def plane_masks(self, plane: Plane, voxel: Voxel, shape: Voxel) -> Pair:
        """The masks met by a plane across the slices, before it is turned; None without any.

        They are those of the whole series, and of the slice shown what the answer says.
        """
        session = self._store.session
        if session.series is None:
            return None, None
        kept, uid = self._segmentation, session.series.uid
        trained = kept.trained_masks(uid) if session.edits else kept.masks(uid)
        before, after = self.masks()
        return (
            self._met_by(plane, voxel, shape, trained, before, "trained"),
            self._met_by(plane, voxel, shape, kept.masks(uid), after, "edited"),
        )

    def _met_by(
        self,
        plane: Plane,
        voxel: Voxel,
        shape: Voxel,
        masks: Mapping[int, Labels],
        here: Labels | None,
        of: str,
    ) -> Labels | None:
        """What a plane meets of some masks, and of the one of the slice shown."""
        shown, at = self._live.shown, voxel[plane.axis]
        if not masks and here is None:
            return None
        made_of = (len(masks), at, plane, shape)
        kept = self._met.get((plane.axis, of))
        if kept is None or kept[0] is not masks or kept[1] != made_of:
            met = np.zeros(plane.shape(shape), np.uint8)
            for index, mask in masks.items():
                met[index] = mask.take(at, plane.axis - 1)
            kept = self._met[plane.axis, of] = (masks, made_of, met)
        met = kept[2].copy()
        if shown is not None and here is not None:
            met[shown.key.index] = here.take(at, plane.axis - 1)
        return met

    # ------------------------------------------------------------ probability

    def probability(self, label: int) -> Floats | None:
        """Probability of a class on the slice's own grid; None where the network gives none."""
        answer = self.answer()
        if answer is None or answer.look.probabilities is None:
            return None
        made_of = (answer, label)
        if made_of != self._probability[0]:
            given = class_probability(answer.look.probabilities, label)
            size = (given.shape[0], given.shape[1])
            onto = answer.placement
            if size != onto.size:  # a coarser output than input
                given = unplace(given, Placement(onto.size, size, size)).astype(np.float32)
            placed = unplace(given, onto).astype(np.float32)
            self._probability = (made_of, placed)
        return self._probability[1]


def class_probability(probabilities: Floats, label: int) -> Floats:
    """One class of ``(H, W, classes)``; of a single channel, it or what it leaves for class 0."""
    if probabilities.shape[-1] == 1:
        only: Floats = probabilities[..., 0]
        return only if label else 1 - only
    chosen: Floats = probabilities[..., min(label, probabilities.shape[-1] - 1)]
    return chosen
