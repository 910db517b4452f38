"""A bench that dissects: an engine whose maps are known, answered by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from tests.unit.fakes import Bench, FakeSeries, unet
from tests.unit.reference_room import Memory

from unetscope.domain.evaluating import ReferenceChoice
from unetscope.domain.explaining.dissection import DissectSlice
from unetscope.domain.explaining.label_counts import LabelsOverMap, SliceCounts, count
from unetscope.domain.ports import Notice
from unetscope.domain.reference import BitMask, Reference, Segment
from unetscope.state.dissecting import Dissecting
from unetscope.state.dissections import Dissections
from unetscope.state.references import References

SLICES = 5


class DissectingRoom(Bench):
    """A bench with references and dissections."""

    def __init__(self) -> None:
        super().__init__()
        self.references = References(self.store, self.jobs, self.desk, self.files, Memory())
        self.dissections = Dissections(self.store, self.desk, self.references)
        of = (self.store, self.jobs, self.desk, self.engine, self.live, self.references)
        self.dissecting = Dissecting(*of, self.dissections)
        self.notices: list[Notice] = []
        self.desk.notice.connect(self.notices.append)
        self.progress: list[tuple[float, str]] = []
        self.dissecting.progress_changed.connect(lambda *told: self.progress.append(told))

    def open_both(self, *, broken: frozenset[int] = frozenset()) -> FakeSeries:
        series = FakeSeries(broken=broken)
        self.open_study(series)
        self.open_model()
        self.update(lambda s: s.select_layer("mid"))
        return series

    def open_reference(self, *names: str) -> Reference:
        """A reference whose structures are boxes that differ by slice."""
        masks = {}
        for number, _ in enumerate(names, start=1):
            box = np.zeros((SLICES, 8, 8), bool)
            box[:, number : number + 3, 1:6] = True
            masks[number] = BitMask.of(box)
        segments = tuple(Segment(n, name) for n, name in enumerate(names, start=1))
        made = Reference("ref.nii", "NIfTI", segments, (SLICES, 8, 8), masks=masks)
        path = Path("/ref.nii")
        self.files.references[path] = made
        assert self.session.series is not None
        choice = ReferenceChoice(str(path), self.session.series.uid)
        self.update(lambda s: s.evaluate(s.evaluating.open(choice)))
        assert self.references.reference is made
        return made

    def answer(self, most: int = 1000) -> list[DissectSlice]:
        """Answer questions as they come, with maps that number the pixels of the slice."""
        answered: list[DissectSlice] = []
        while len(answered) < most:
            self.jobs.run()
            waiting = [one for one in self.engine.explained if not one.cancelled]
            if not waiting:
                break
            one = waiting[0]
            self.engine.explained.remove(one)
            one.done(reply(one.request))
            answered.append(one.request)
        self.jobs.run()
        return answered


def maps_of(image: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Three maps of 4×4: a bright quarter, noise by the slice, and nothing."""
    rng = np.random.default_rng(int(image.sum()) % 1000)
    made = np.zeros((4, 4, 3), np.float32)
    made[:2, 1:3, 0] = 1
    made[..., 1] = rng.random((4, 4))
    return made


def reply(asked: DissectSlice) -> Any:
    maps = maps_of(asked.image)
    if asked.thresholds is None:
        return maps.reshape(-1, 3)
    labels = asked.labels
    if labels is None:
        labels = np.zeros((8, 8), np.uint8)
        labels[:4, 2:6] = 2
    over = LabelsOverMap.of(labels, unet().graph, "mid", (4, 4), asked.grid or "mask", (8, 8))
    return SliceCounts(count(maps.reshape(-1, 3), asked.thresholds, over), over.sizes)
