"""Where a DICOM header says what concerns one frame.

A classic file holds one frame and says everything at its top level; an Enhanced multi-frame file
says it per frame or once for all, in functional groups (DICOM PS3.3 C.7.6.16).
"""

from __future__ import annotations

from typing import Any

from unetscope.io.dicom_values import element, first_item, number, numbers, text, whole


class FrameHeader:
    """Looks in the frame's functional groups, then the shared ones, then the top level.

    Parameters
    ----------
    dataset : pydicom Dataset, or what can be asked like one
        The top level.
    own, shared : the same, or None
        Functional groups of the frame and of all frames.
    """

    def __init__(self, dataset: Any, own: Any, shared: Any) -> None:
        self.dataset = dataset
        self.groups = [group for group in (own, shared) if group is not None]

    def find(self, group: str, keyword: str) -> Any:
        """Dataset in which `keyword` stands; the top level if it stands nowhere."""
        for groups in self.groups:
            inner = first_item(groups, group)
            if inner is not None and element(inner, keyword) is not None:
                return inner
        return self.dataset

    def first_item(self, sequence: str) -> Any:
        """First item of a sequence that is itself a functional group; None without one."""
        found = (first_item(place, sequence) for place in (*self.groups, self.dataset))
        return next((item for item in found if item is not None), None)

    def numbers(self, group: str, keyword: str) -> tuple[float, ...]:
        return numbers(self.find(group, keyword), keyword)

    def number(self, group: str, keyword: str) -> float | None:
        return number(self.find(group, keyword), keyword)

    def whole(self, group: str, keyword: str) -> int | None:
        return whole(self.find(group, keyword), keyword)

    def text(self, group: str, keyword: str) -> str:
        return text(self.find(group, keyword), keyword)
