"""The Slice and Tools menus: how the slice is looked at, and what the left button does."""

from __future__ import annotations

from collections.abc import Callable

from unetscope.domain.session import Session
from unetscope.domain.viewer import Tool, Viewer
from unetscope.domain.window_presets import presets
from unetscope.ui.commands.command import Command, called, has_series

PRESETS = 6  # windows that a modality has to choose from, on the digits from 3 on


def _look(
    name: str,
    text: str,
    change: Callable[[Viewer], Viewer],
    keys: str,
    tip: str,
    *,
    checked: Callable[[Viewer], bool] | None = None,
    in_slice: bool = False,
) -> Command:
    return Command(
        id=name,
        text=called(text),
        change=lambda s: s.look(change(s.viewer)),
        enabled=has_series,
        checked=None if checked is None else lambda s: checked(s.viewer),
        shortcut=keys,
        in_slice=in_slice,
        tip=tip,
    )


def _preset(number: int) -> Command:
    def name(session: Session) -> str:
        modality = session.series.modality if session.series else ""
        return presets(modality)[number].name

    return Command(
        id=f"slice.preset_{number + 1}",
        text=name,
        ask=lambda w: w.presenters.slice_view.preset_window(number),
        enabled=has_series,
        shortcut=str(number + 3),
        in_slice=True,
        tip="A window that is customary for CT, or a share of the values of the slice",
    )


def _tool(tool: Tool, text: str, key: str, tip: str) -> Command:
    return _look(
        f"tool.{tool.value}",
        text,
        lambda viewer: viewer.choose_tool(None if viewer.tool is tool else tool),
        key,
        f"{tip}; Esc brings the usual button back",
        checked=lambda viewer: viewer.tool is tool,
    )


SLICE: tuple[Command, ...] = (
    _look(
        "slice.planes",
        "Three planes",
        Viewer.toggle_planes,
        "M",
        "Show the two planes across the slices beside the slice, linked by the crosshair",
        checked=lambda viewer: viewer.planes,
    ),
    _look(
        "slice.crosshair",
        "Crosshair",
        Viewer.toggle_crosshair,
        "X",
        "Show or hide the crosshair; a click moves it in all planes",
        checked=lambda viewer: viewer.crosshair,
    ),
    _look(
        "slice.cine",
        "Cine",
        lambda viewer: viewer.play(not viewer.playing),
        "C",
        "Run through the slices again and again; scrolling stops it",
        checked=lambda viewer: viewer.playing,
    ),
    _look(
        "slice.annotations",
        "Texts: all, few, none",
        Viewer.next_annotations,
        "Space",
        "Show all that is written over the slice, only what belongs to the picture, or nothing",
        in_slice=True,
    ),
    _look(
        "slice.smooth",
        "Smooth pixels",
        lambda viewer: viewer.smoothed(not viewer.smooth),
        "Shift+I",
        "Interpolate between pixels, or show them as they are",
        checked=lambda viewer: viewer.smooth,
    ),
    Command(
        id="slice.file_window",
        text=called("Window from the file"),
        change=lambda s: s.set_window(None),
        enabled=has_series,
        shortcut="2",
        in_slice=True,
        tip="The window that the file proposes; where there is none, all values but 0.1 %",
    ),
    *(_preset(number) for number in range(PRESETS)),
    _look(
        "slice.flip_horizontally",
        "Flip left and right",
        lambda viewer: viewer.turned(viewer.turn.flip_horizontally()),
        "Shift+H",
        "The letters at the edges follow",
    ),
    _look(
        "slice.flip_vertically",
        "Flip top and bottom",
        lambda viewer: viewer.turned(viewer.turn.flip_vertically()),
        "Shift+V",
        "The letters at the edges follow",
    ),
    _look(
        "slice.rotate_right",
        "Rotate right",
        lambda viewer: viewer.turned(viewer.turn.rotate_right()),
        "Shift+R",
        "A quarter turn clockwise",
    ),
    _look(
        "slice.rotate_left",
        "Rotate left",
        lambda viewer: viewer.turned(viewer.turn.rotate_left()),
        "Shift+L",
        "A quarter turn anticlockwise",
    ),
    Command(
        id="slice.fit",
        text=called("Fit into the view"),
        ask=lambda w: w.slice_panel.canvas.fit(),
        enabled=has_series,
        shortcut="F",
        tip="Show the whole slice",
    ),
    Command(
        id="slice.zoom_100",
        text=called("Zoom 100 %"),
        ask=lambda w: w.slice_panel.zoom_to_pixels(),
        enabled=has_series,
        shortcut="Ctrl+1",
        tip="A pixel of the slice for a pixel of the screen",
    ),
    Command(
        id="slice.zoom_life",
        text=called("Size of life"),
        ask=lambda w: w.slice_panel.zoom_to_life(),
        enabled=has_series,
        shortcut="Ctrl+2",
        tip="As large as the patient, where slice and screen know their size",
    ),
)

TOOLS: tuple[Command, ...] = (
    _tool(Tool.WINDOW, "Window", "W", "Drag: right is wider, up is brighter"),
    _tool(Tool.PAN, "Pan", "T", "Drag the slice"),
    _tool(Tool.ZOOM, "Zoom", "Z", "Drag up to enlarge"),
    _tool(Tool.SCROLL, "Scroll", "S", "Drag through the slices"),
    _tool(Tool.CROSSHAIR, "Crosshair", "H", "Drag the crosshair"),
    _tool(Tool.DISTANCE, "Distance", "D", "Drag from end to end, or click both"),
    _tool(Tool.ANGLE, "Angle", "A", "Click an end, the corner and the other end"),
    _tool(Tool.RECTANGLE, "Rectangle", "R", "Drag from corner to corner: area and values"),
    _tool(Tool.ELLIPSE, "Ellipse", "E", "Drag from corner to corner: area and values"),
    _tool(Tool.POLYGON, "Polygon", "P", "Click the corners, the last one twice"),
    Command(
        id="tool.delete",
        text=called("Delete measurement"),
        change=lambda s: s.look(s.viewer.remove(s.viewer.selected)),
        enabled=lambda s: s.viewer.selected is not None,
        shortcut="Del",
        in_slice=True,
        tip="Delete the measurement that was touched last",
    ),
    Command(
        id="tool.clear",
        text=called("Delete all measurements"),
        change=lambda s: s.look(s.viewer.clear()),
        enabled=lambda s: bool(s.viewer.measurements),
        shortcut="Shift+Del",
        in_slice=True,
        tip="Of all slices",
    ),
)
