"""Where each layer stands in the diagram: a U of levels, and within a level a layered drawing.

The encoder goes down on the left, the decoder up on the right, the bottleneck lies between; a
network without a U goes down in one column. What stands at one level on one side is a small graph
of its own, which the library lays out, whatever branches and joins in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from math import log2

from unetscope.domain.diagram import Band, Box, Diagram, Line, Point, family_of
from unetscope.domain.graph import Graph, Section
from unetscope.domain.kernels import times
from unetscope.domain.u_shape import Standing, standings

WIDEST, NARROWEST, SHRINKS = 118.0, 66.0, 0.12  # of the finest grid, at least, each level
LOWEST, HIGHEST = 14.0, 22.0  # for one channel, and for the most channels that a layer has
THIN = 6.0  # of what is drawn as a strip
GAP = 7.0  # between boxes that follow each other
BETWEEN = 16.0  # between lanes beside each other
MARGIN = 46.0  # between the two sides: skip connections cross it
LEVEL_GAP = 14.0
BESIDE = 28.0  # half the room for what is written beside a single column
MOST_BENDS = 1500  # beyond that, lines over many rows are drawn straight, or laying out takes long

LEFT, MIDDLE, RIGHT = range(3)


@dataclass(slots=True)
class _Cell:
    """What stands at one level on one side, laid out around x = 0 from y = 0 down."""

    boxes: dict[str, Box] = field(default_factory=dict)
    bends: dict[tuple[str, str], list[Point]] = field(default_factory=dict)
    width: float = 0.0
    height: float = 0.0


def lay_out(graph: Graph) -> Diagram:
    """Lay a network out; takes some milliseconds, and for networks of thousands of layers more."""
    where = standings(graph)
    if not where:
        return Diagram()
    sides = _sides(where)
    sizes = _sizes(graph, where)
    levels = sorted({standing.level for standing in where.values()})
    cells: dict[tuple[int, int], _Cell] = {}
    for side in (LEFT, MIDDLE, RIGHT):
        for level in levels:
            names = [name for name in sides if sides[name] == side and where[name].level == level]
            if names:
                cells[side, level] = _cell(graph, names, sizes, up=side == RIGHT)
    return _assembled(graph, cells, levels, sides, where)


def _sides(where: Mapping[str, Standing]) -> dict[str, int]:
    """Which side each layer stands on; without a decoder all of them go down on the left."""
    of = {
        Section.BOTTLENECK: MIDDLE,
        Section.DECODER: RIGHT,
        Section.HEAD: RIGHT,
    }
    has_u = any(standing.section is Section.DECODER for standing in where.values())
    deepest = max(standing.level for standing in where.values())
    has_u = has_u and deepest > 1
    return {name: of.get(s.section, LEFT) if has_u else LEFT for name, s in where.items()}


def _sizes(graph: Graph, where: Mapping[str, Standing]) -> dict[str, Box]:
    """Every box at the origin: as wide as its grid is fine, as high as it has channels."""
    most = max((layer.channels or 1 for layer in graph.layers), default=1)
    boxes = {}
    for layer in graph.layers:
        width = max(WIDEST * (1 - SHRINKS * (where[layer.name].level - 1)), NARROWEST)
        share = log2(max(layer.channels or 1, 1)) / max(log2(max(most, 2)), 1)
        box = Box(layer.name, family_of(layer), 0, 0, width, 0, layer.channels)
        height = THIN if box.is_thin else LOWEST + (HIGHEST - LOWEST) * min(share, 1)
        boxes[layer.name] = _resized(box, 0, 0, height)
    return boxes


def _resized(box: Box, x: float, y: float, height: float | None = None) -> Box:
    height = box.height if height is None else height
    return Box(box.name, box.family, x, y, box.width, height, box.channels)


def _cell(graph: Graph, names: list[str], sizes: Mapping[str, Box], *, up: bool) -> _Cell:
    """Lay out some layers and what they read of each other."""
    inside = set(names)
    edges = [
        (source, name)
        for name in names
        for source in dict.fromkeys(graph[name].inputs)
        if source in inside
    ]
    lanes, bends = _lanes(graph, names, edges)
    rows: dict[int, list[str]] = {}
    for name, (_, row) in lanes.items():
        rows.setdefault(row, []).append(name)
    order = sorted(rows, reverse=up)
    attached = _attached(graph, rows, sizes)
    cell, y = _Cell(), 0.0
    middles: dict[int, float] = {}
    for place, row in enumerate(order):
        before = order[place - 1] if place else None
        if before is not None and (before if up else row) not in attached:
            y += GAP
        height = max(sizes[name].height for name in rows[row])
        middles[row] = y + height / 2
        for name in rows[row]:
            box = sizes[name]
            x = lanes[name][0] - box.width / 2
            cell.boxes[name] = _resized(box, x, y + (height - box.height) / 2)
        y += height
    cell.height = y
    left = min(box.x for box in cell.boxes.values())
    right = max(box.x + box.width for box in cell.boxes.values())
    cell.width = right - left
    shift = -(left + right) / 2
    cell.boxes = {name: _resized(box, box.x + shift, box.y) for name, box in cell.boxes.items()}
    cell.bends = {
        edge: [(x + shift, middles[row]) for x, row in points] for edge, points in bends.items()
    }
    return cell


def _attached(
    graph: Graph, rows: Mapping[int, list[str]], sizes: Mapping[str, Box]
) -> frozenset[int]:
    """Rows that hold one strip, which follows the one layer of the row before it."""
    found = set()
    for row, names in rows.items():
        before = rows.get(row - 1, [])
        is_alone = len(names) == len(before) == 1
        if is_alone and sizes[names[0]].is_thin and graph[names[0]].inputs == (before[0],):
            found.add(row)
    return frozenset(found)


def _lanes(
    graph: Graph, names: list[str], edges: list[tuple[str, str]]
) -> tuple[dict[str, tuple[float, int]], dict[tuple[str, str], list[tuple[float, int]]]]:
    """Middle and row of each layer, and the points that lines over several rows bend at."""
    from fast_sugiyama import from_edges  # takes its time: when the first diagram is laid out

    joined = [name for name in names if any(name in edge for edge in edges)]
    number = {name: i for i, name in enumerate(joined)}
    spacing = WIDEST + BETWEEN
    depth = _depths(joined, edges)
    bends_needed = sum(depth[b] - depth[a] - 1 for a, b in edges)
    lanes: dict[str, tuple[float, int]] = {}
    bends: dict[tuple[str, str], list[tuple[float, int]]] = {}
    offset = 0.0
    layouts = from_edges(
        [(number[a], number[b]) for a, b in edges],
        minimum_length=1,
        vertex_spacing=spacing,
        dummy_vertices=bends_needed <= MOST_BENDS,
        dummy_size=0.1,
    )
    for positions, _, _, drawn in sorted(layouts, key=lambda each: min(n for n, _ in each[0])):
        at = {int(n): (float(x), float(y)) for n, (x, y) in positions}
        top = max(y for _, y in at.values())
        left = min(x for x, _ in at.values())
        place = {n: (x - left + offset, round((top - y) / spacing)) for n, (x, y) in at.items()}
        lanes.update((joined[n], where) for n, where in place.items() if n < len(joined))
        onward = {int(a): int(b) for a, b in drawn or () if int(a) >= len(joined)}
        for first, then in ((int(a), int(b)) for a, b in drawn or ()):
            if first < len(joined) <= then:
                points = [place[then]]
                while (then := onward[then]) >= len(joined):
                    points.append(place[then])
                bends[joined[first], joined[then]] = points
        offset += max(x for x, _ in at.values()) - left + spacing
    for name in names:
        if name not in number:
            lanes[name] = (offset, 0)
            offset += spacing
    return lanes, bends


def _depths(names: Iterable[str], edges: Iterable[tuple[str, str]]) -> dict[str, int]:
    """The longest way to each layer, for names in topological order."""
    back: dict[str, list[str]] = {}
    for source, target in edges:
        back.setdefault(target, []).append(source)
    depth: dict[str, int] = {}
    for name in names:
        depth[name] = 1 + max((depth[source] for source in back.get(name, ())), default=0)
    return depth


def _assembled(
    graph: Graph,
    cells: Mapping[tuple[int, int], _Cell],
    levels: list[int],
    sides: Mapping[str, int],
    where: Mapping[str, Standing],
) -> Diagram:
    """Put the cells into their levels and draw the lines between them."""
    widths = {
        side: max((cell.width for (s, _), cell in cells.items() if s == side), default=0.0)
        for side in (LEFT, MIDDLE, RIGHT)
    }
    apart = (widths[LEFT] + widths[RIGHT]) / 2 + MARGIN
    centre = {LEFT: 0.0, RIGHT: apart, MIDDLE: apart / 2}
    boxes: dict[str, Box] = {}
    bends: dict[tuple[str, str], list[Point]] = {}
    bands: list[Band] = []
    y = 0.0
    for level in levels:
        outer = [cells[side, level] for side in (LEFT, RIGHT) if (side, level) in cells]
        height = max((cell.height for cell in outer), default=0.0)
        top = y
        for side in (LEFT, RIGHT, MIDDLE):
            cell = cells.get((side, level))
            if cell is None:
                continue
            if side == MIDDLE and height:
                y += height + GAP
            down = y if side == MIDDLE else y + height - cell.height
            if side == LEFT:
                down -= _lift(graph, cell, cells.get((RIGHT, level)), height)
            for name, box in cell.boxes.items():
                boxes[name] = _resized(box, box.x + centre[side], box.y + down)
            for edge, points in cell.bends.items():
                bends[edge] = [(px + centre[side], py + down) for px, py in points]
        middle = cells.get((MIDDLE, level))
        bottom = y + (middle.height if middle else height)
        at = (apart / 2, top + 1) if widths[RIGHT] else (widths[LEFT] / 2 + BESIDE, top + 5)
        if middle:
            at = (0.0, bottom - 5)
        bands.append(Band(_level_text(graph, where, level), top, bottom, at))
        y = bottom + LEVEL_GAP
    lines = tuple(
        _line(boxes[source], boxes[layer.name], sides, bends)
        for layer in graph.layers
        for source in dict.fromkeys(layer.inputs)
    )
    ordered = tuple(boxes[layer.name] for layer in graph.layers)
    xs = [box.x for box in ordered] + [x for line in lines for x, _ in line.curve]
    rights = [box.x + box.width for box in ordered] + [x for line in lines for x, _ in line.curve]
    if len(bands) > 1:
        rights += [band.text_at[0] + BESIDE for band in bands]
    return Diagram(ordered, lines, tuple(bands), min(xs), 0.0, max(rights), y - LEVEL_GAP)


def _lift(graph: Graph, left: _Cell, right: _Cell | None, height: float) -> float:
    """How much higher an encoder's cell stands, so that the last line across it is level."""
    if right is None:
        return 0.0
    across = [
        (left.boxes[source], target)
        for name, target in right.boxes.items()
        for source in graph[name].inputs
        if source in left.boxes
    ]
    if not across:
        return 0.0
    source, target = max(across, key=lambda pair: pair[1].y)
    below_source = left.height - source.centre[1]
    below_target = right.height - target.centre[1]
    return min(max(below_target - below_source, 0.0), height - left.height)


def _level_text(graph: Graph, where: Mapping[str, Standing], level: int) -> str:
    """The grid of a level, as most of its layers have it."""
    grids = [
        times(layer.spatial)
        for layer in graph.layers
        if where[layer.name].level == level and layer.spatial and None not in layer.spatial
    ]
    return max(grids, key=grids.count) if grids else f"level {level}"


def _line(
    source: Box,
    target: Box,
    sides: Mapping[str, int],
    bends: Mapping[tuple[str, str], list[Point]],
) -> Line:
    """The line from one layer to another that reads it."""
    a, b = sides[source.name], sides[target.name]
    x1, x2 = source.centre[0], target.centre[0]
    up = a == b == RIGHT
    if a == LEFT and b == RIGHT:
        start = (source.x + source.width, source.centre[1])
        end = (target.x, target.centre[1])
        reach = max((end[0] - start[0]) / 2, 20)
        curve = (start, (start[0] + reach, start[1]), (end[0] - reach, end[1]), end)
        return Line(source.name, target.name, curve, is_skip=True)
    if a == MIDDLE and b == RIGHT:
        start, end = (source.x + source.width, source.centre[1]), (x2, target.y + target.height)
        curve = (start, (x2, start[1]), (x2, start[1]), end)
        return Line(source.name, target.name, curve)
    start = (x1, source.y if up else source.y + source.height)
    end = (x2, target.y + target.height if up else target.y)
    over = bends.get((source.name, target.name))
    ahead = start[1] - end[1] if up else end[1] - start[1]
    if over is None and ahead < -1:
        return Line(source.name, target.name, _aside(source, target))
    return Line(source.name, target.name, _smooth([start, *(over or ()), end]))


def _smooth(points: list[Point]) -> tuple[Point, ...]:
    """A curve through points that leaves and reaches each of them upright."""
    curve = points[:1]
    for (x1, y1), (x2, y2) in pairwise(points):
        half = (y1 + y2) / 2
        curve += [(x1, half), (x2, half), (x2, y2)]
    return tuple(curve)


def _aside(source: Box, target: Box) -> tuple[Point, ...]:
    """A curve around what stands between two boxes that do not follow each other."""
    x1, x2 = source.x + source.width, target.x + target.width
    out = max(x1, x2) + 24
    y1, y2 = source.centre[1], target.centre[1]
    return ((x1, y1), (out, y1), (out, y2), (x2, y2))
