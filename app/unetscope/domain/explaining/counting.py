"""Which classes count when masks are compared, and the reference where the masks lie."""

from __future__ import annotations

from unetscope.domain.explaining.on_grid import on_output
from unetscope.domain.explaining.targeting import Segmented
from unetscope.domain.metrics import Labels


def counted(segmented: Segmented) -> tuple[int, ...]:
    """All labels but that of what is no class."""
    labels = [each.index for each in segmented.classes] or range(segmented.channels + 1)
    return tuple(label for label in labels if label != (segmented.nothing or 0))


def reference_of(segmented: Segmented) -> Labels | None:
    """The reference on the grid of the network's output; None without one."""
    if segmented.reference is None:
        return None
    return on_output(segmented.reference, segmented.placement, segmented.size)
