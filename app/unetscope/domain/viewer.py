"""How the slice is looked at: tool, planes, crosshair, turn, texts, and what was measured."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

from unetscope.domain.measurements import Kind, Measurement, Point
from unetscope.domain.planes import AS_ACQUIRED, Turn, Voxel

SLOWEST, FASTEST = 1, 60  # slices a second


class Tool(Enum):
    """What the left button does; the value is what people call it."""

    WINDOW = "window"
    PAN = "pan"
    ZOOM = "zoom"
    SCROLL = "scroll"
    CROSSHAIR = "crosshair"
    DISTANCE = "distance"
    ANGLE = "angle"
    RECTANGLE = "rectangle"
    ELLIPSE = "ellipse"
    POLYGON = "polygon"
    POINT = "point"
    REGION = "region"

    @property
    def kind(self) -> Kind | None:
        """What it measures; None for a tool that measures nothing."""
        return Kind(self.value) if self.value in {kind.value for kind in Kind} else None


class Annotations(Enum):
    """How much is written over the slice; the value is what people call it."""

    ALL = "all"
    MINIMAL = "minimal"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """What was chosen for the view of the slice; part of the session.

    Attributes
    ----------
    tool : Tool or None
        What the left button does; None leaves it as the user's preferences bind it.
    planes : bool
        The two planes across the slices are shown too.
    crosshair : bool
        It is drawn, and a click moves it.
    point : (int, int), or None
        Row and column of the crosshair in the slice as it was acquired; None for the middle.
    turn : Turn
        How the slice is flipped and rotated.
    playing, speed : bool, int
        Cine, and its slices a second.
    probability : int or None
        The class whose probability lies over the slice in place of the mask.
    threshold : float
        Probabilities below it are not drawn, 0 to 1.
    measurements : tuple of Measurement
        Of all slices.
    selected : int or None
        The measurement that was touched last.
    """

    tool: Tool | None = None
    planes: bool = False
    crosshair: bool = False
    point: tuple[int, int] | None = None
    turn: Turn = AS_ACQUIRED
    annotations: Annotations = Annotations.ALL
    smooth: bool = True
    playing: bool = False
    speed: int = 15
    probability: int | None = None
    threshold: float = 0.5
    measurements: tuple[Measurement, ...] = ()
    selected: int | None = None

    def choose_tool(self, tool: Tool | None) -> Viewer:
        """Give the left button another tool; the crosshair's shows the crosshair."""
        return replace(self, tool=tool, crosshair=self.crosshair or tool is Tool.CROSSHAIR)

    def toggle_planes(self) -> Viewer:
        """One plane or three; three come with the crosshair that links them."""
        return replace(self, planes=not self.planes, crosshair=self.crosshair or not self.planes)

    def toggle_crosshair(self) -> Viewer:
        """Show or hide the crosshair; its tool goes with it."""
        tool = None if self.tool is Tool.CROSSHAIR else self.tool
        return replace(self, crosshair=not self.crosshair, tool=tool)

    def next_annotations(self) -> Viewer:
        """All texts, few, none, all again."""
        states = list(Annotations)
        after = states[(states.index(self.annotations) + 1) % len(states)]
        return replace(self, annotations=after)

    def turned(self, turn: Turn) -> Viewer:
        """Flip or rotate the slice."""
        return replace(self, turn=turn)

    def smoothed(self, smooth: bool) -> Viewer:
        """Interpolate between pixels, or not."""
        return replace(self, smooth=smooth)

    def show_probability(self, label: int | None) -> Viewer:
        """Show the probability of a class; None, or the same once more, shows the mask again."""
        return replace(self, probability=None if label == self.probability else label)

    def set_threshold(self, threshold: float) -> Viewer:
        """Draw probabilities from here on, 0 to 1."""
        return replace(self, threshold=min(max(threshold, 0.0), 1.0))

    def play(self, playing: bool) -> Viewer:
        """Start or stop cine."""
        return replace(self, playing=playing)

    def set_speed(self, speed: int) -> Viewer:
        """Set the slices a second of cine."""
        return replace(self, speed=min(max(speed, SLOWEST), FASTEST))

    def open_series(self) -> Viewer:
        """Another series is shown: as acquired, standing still."""
        return replace(self, turn=AS_ACQUIRED, point=None, playing=False, selected=None)

    def voxel(self, index: int, shape: Voxel) -> Voxel:
        """The voxel under the crosshair when slice `index` is shown, inside the series."""
        row, column = self.point or (shape[1] // 2, shape[2] // 2)
        return index, min(row, shape[1] - 1), min(column, shape[2] - 1)

    # ------------------------------------------------------------ measurements

    def add(self, measurement: Measurement) -> Viewer:
        """Add a measurement; it is selected."""
        added = (*self.measurements, measurement)
        return replace(self, measurements=added, selected=len(added) - 1)

    def move(self, index: int, points: tuple[Point, ...]) -> Viewer:
        """Move the points of a measurement; it is selected."""
        moved = list(self.measurements)
        moved[index] = replace(moved[index], points=points)
        return replace(self, measurements=tuple(moved), selected=index)

    def select(self, index: int | None) -> Viewer:
        """Select a measurement, or none."""
        return replace(self, selected=index)

    def remove(self, index: int | None) -> Viewer:
        """Remove a measurement; None removes nothing."""
        if index is None:
            return self
        kept = self.measurements[:index] + self.measurements[index + 1 :]
        return replace(self, measurements=kept, selected=None)

    def clear(self) -> Viewer:
        """Remove all measurements of all slices."""
        return replace(self, measurements=(), selected=None)


FIRST_VIEW = Viewer()
