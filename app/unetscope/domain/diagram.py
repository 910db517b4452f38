"""The network as a drawing: boxes and lines in a plane, without a word about how they are painted.

Lengths are in pixels at 100 %; x runs to the right and y down.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum

from unetscope.domain.graph import POINTWISE, Layer

Point = tuple[float, float]


class Family(Enum):
    """What a layer does, as the colour of its box tells; the value is what people call it."""

    INPUT = "input"
    CONVOLUTION = "convolution"
    POOLING = "pooling"
    UPSAMPLING = "upsampling"
    NORMALISATION = "normalisation"
    ACTIVATION = "activation"
    MERGE = "merge"
    DENSE = "dense"
    OTHER = "other"


_MERGES = frozenset(
    {"Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum", "Concatenate", "Dot"}
)
_THIN = frozenset({Family.NORMALISATION, Family.ACTIVATION})


def family_of(layer: Layer) -> Family:
    """What a layer does."""
    kind = layer.kind
    if kind == "InputLayer":
        return Family.INPUT
    if kind.startswith("UpSampling") or kind.endswith("Transpose"):
        return Family.UPSAMPLING
    if "Conv" in kind:
        return Family.CONVOLUTION
    if "Pooling" in kind:
        return Family.POOLING
    if kind in POINTWISE or "Dropout" in kind:
        return Family.ACTIVATION
    if kind.endswith("Normalization"):
        return Family.NORMALISATION
    if kind in _MERGES:
        return Family.MERGE
    return Family.DENSE if kind in ("Dense", "Flatten") else Family.OTHER


@dataclass(frozen=True, slots=True)
class Box:
    """One layer: its rectangle, and what is written in it."""

    name: str
    family: Family
    x: float
    y: float
    width: float
    height: float
    channels: int | None = None

    @property
    def is_thin(self) -> bool:
        """Whether it is drawn as a strip on the layer it follows."""
        return self.family in _THIN

    @property
    def centre(self) -> Point:
        """Its middle."""
        return self.x + self.width / 2, self.y + self.height / 2

    def holds(self, x: float, y: float) -> bool:
        """Whether a point is in it."""
        return self.x <= x < self.x + self.width and self.y <= y < self.y + self.height


@dataclass(frozen=True, slots=True)
class Line:
    """What one layer reads of another.

    Attributes
    ----------
    source, target : str
        The layer that is read, and the one that reads.
    curve : tuple of (float, float)
        Cubic Bézier curves one after the other: a start, then two controls and an end for each.
    is_skip : bool
        It goes around the bottleneck.
    """

    source: str
    target: str
    curve: tuple[Point, ...]
    is_skip: bool = False


@dataclass(frozen=True, slots=True)
class Band:
    """One level: from where to where it reaches, what is written in it, and around which point."""

    text: str
    top: float
    bottom: float
    text_at: Point


@dataclass(frozen=True, slots=True, eq=False)
class Diagram:
    """Boxes, lines and levels of a network; compared by identity.

    Attributes
    ----------
    left, top, right, bottom : float
        What all of it takes.
    """

    boxes: tuple[Box, ...] = ()
    lines: tuple[Line, ...] = ()
    bands: tuple[Band, ...] = ()
    left: float = 0.0
    top: float = 0.0
    right: float = 0.0
    bottom: float = 0.0
    _named: dict[str, Box] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        self._named.update((box.name, box) for box in self.boxes)

    def __contains__(self, name: object) -> bool:
        return name in self._named

    def __getitem__(self, name: str) -> Box:
        return self._named[name]

    def at(self, x: float, y: float) -> Box | None:
        """The box at a point."""
        return next((box for box in reversed(self.boxes) if box.holds(x, y)), None)

    def nearest(self, name: str, across: int, down: int) -> str:
        """The layer that an arrow key leads to from another one; itself at the border.

        Parameters
        ----------
        across, down : int
            The direction, -1, 0 or 1 each.
        """
        here = self[name]
        x, y = here.centre
        best, found = float("inf"), name
        for box in self.boxes:
            ahead = (box.centre[0] - x) * across + (box.centre[1] - y) * down
            aside = abs((box.centre[0] - x) * down) + abs((box.centre[1] - y) * across)
            far = ahead + 3 * aside
            if ahead > 1 and far < best and box.name != name:
                best, found = far, box.name
        return found

    def way_through(self, name: str, readers: Iterable[tuple[str, str]]) -> frozenset[str]:
        """All layers that lead to one or follow from it, itself included.

        Parameters
        ----------
        readers : iterable of (str, str)
            Every (source, target) of the network.
        """
        ahead: dict[str, list[str]] = {}
        back: dict[str, list[str]] = {}
        for source, target in readers:
            ahead.setdefault(source, []).append(target)
            back.setdefault(target, []).append(source)
        found = {name}
        for ways in (ahead, back):
            ring, seen = [name], {name}
            while ring:
                ring = [far for near in ring for far in ways.get(near, ()) if far not in seen]
                ring = list(dict.fromkeys(ring))
                seen.update(ring)
            found |= seen
        return frozenset(found)
