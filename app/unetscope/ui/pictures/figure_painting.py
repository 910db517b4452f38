"""A figure as it is drawn: in points, on whatever takes a painter."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QImage, QPainter, QPen, QPolygonF

from unetscope.domain.card import ClassLabel
from unetscope.domain.figure import Box, Figure, Layout, Palette, Pane, Paper, column_width, lay_out
from unetscope.ui.colours import DIVERGING, GREY, VIRIDIS, Lut, luminance, to_levels
from unetscope.ui.mask_colours import colours_of
from unetscope.ui.widgets.canvas_content import CanvasContent
from unetscope.ui.widgets.canvas_pictures import outline_paths
from unetscope.ui.widgets.canvas_rulers import length_text, nice_length

TEXT, SMALL, LETTER = 8, 7, 10  # points
LETTER_ROOM = 12.0
BAR = 4.0  # height of a colour bar
SWATCH = 6.0
ENLARGED = 600  # pixels that a small picture gets along its longer side, so that none is blurred
MOST_NUMBERS = 64  # cells of a kernel whose numbers are written
LINE_ON_WHITE, LINE_ON_DARK = "#0072b2", "#56b4e9"
_LUTS: dict[Palette, Lut] = {
    Palette.GREY: GREY,
    Palette.DIVERGING: DIVERGING,
    Palette.VIRIDIS: VIRIDIS,
}
_WRAPPED = int(Qt.TextFlag.TextWordWrap | Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
_LINE = int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft)
_CENTRED = int(Qt.AlignmentFlag.AlignCenter)


def font_of(points: int, *, bold: bool = False) -> QFont:
    """A font so many points high, where the painter counts in points."""
    font = QFont("DejaVu Sans")
    font.setStyleHint(QFont.StyleHint.SansSerif)
    font.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
    font.setPixelSize(points)
    font.setBold(bold)
    return font


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """Panes in their places, ready to be drawn."""

    figure: Figure
    panes: tuple[Pane, ...]
    layout: Layout


def plan_of(figure: Figure, panes: tuple[Pane, ...]) -> Plan:
    """Measure the texts and lay the panes out."""
    wide = column_width(figure, len(panes))
    layout = lay_out(
        tuple(pane.shape for pane in panes),
        tuple(_above(figure, pane, wide) for pane in panes),
        tuple(_below(figure, pane, wide) for pane in panes),
        _foot(figure),
        figure,
    )
    return Plan(figure, panes, layout)


def paint_figure(painter: QPainter, plan: Plan) -> None:
    """Draw a figure whose points are the painter's units."""
    figure, layout = plan.figure, plan.layout
    painter.fillRect(QRectF(0, 0, *layout.size), QColor(figure.paper.ground))
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    for number, pane in enumerate(plan.panes):
        above, area, below = (
            QRectF(*boxes[number]) for boxes in (layout.above, layout.pictures, layout.below)
        )
        _paint_caption(painter, figure, pane, above, letter_of(number))
        if pane.curve:
            _paint_curve(painter, figure, pane, area)
        elif pane.numbers:
            _paint_cells(painter, pane, area)
        else:
            _paint_picture(painter, pane, area)
        if figure.scale_bar and pane.mm is not None:
            _paint_scale(painter, pane, area)
        if figure.colour_bars:
            _paint_below(painter, figure, pane, below)
    _paint_foot(painter, figure, layout.foot)


def letter_of(number: int) -> str:
    """The letter of a pane: a to z, then aa, ab and so on."""
    first, last = divmod(number, 26)
    return (chr(96 + first) if first else "") + chr(97 + last)


# ------------------------------------------------------------------------------- how high it is


def _above(figure: Figure, pane: Pane, wide: float) -> float:
    if not figure.captions:
        return LETTER + 4.0 if figure.letters else 0.0
    return max(_wrapped(pane.caption, TEXT, wide - _letter_room(figure)), LETTER) + 3.0


def _letter_room(figure: Figure) -> float:
    return LETTER_ROOM if figure.letters else 0.0


def _wrapped(text: str, points: int, wide: float) -> float:
    room = QRectF(0, 0, max(wide, 1.0), 1e4)
    return QFontMetricsF(font_of(points)).boundingRect(room, _WRAPPED, text).height()


def _below(figure: Figure, pane: Pane, wide: float) -> float:
    if not figure.colour_bars:
        return 0.0
    bar = 3.0 + BAR + SMALL + 3.0 if pane.bar and not pane.curve else 0.0
    axis = SMALL + 3.0 if pane.curve else 0.0
    lines = len(_legend_lines(pane.legend, wide))
    return bar + axis + (lines * (SMALL + 3.0) + 2.0 if lines else 0.0)


def _legend_lines(legend: tuple[ClassLabel, ...], wide: float) -> list[list[ClassLabel]]:
    """The entries of a legend, as many in each line as fit."""
    lines: list[list[ClassLabel]] = []
    left = 0.0
    for entry in legend:
        needs = _entry_width(entry)
        if not lines or left + needs > wide:
            lines.append([])
            left = 0.0
        lines[-1].append(entry)
        left += needs
    return lines


def _entry_width(entry: ClassLabel) -> float:
    return SWATCH + 3.0 + QFontMetricsF(font_of(SMALL)).horizontalAdvance(entry.name) + 8.0


def _foot(figure: Figure) -> float:
    said = _wrapped(figure.settings, SMALL, figure.points - 12.0) + 2.0 if figure.settings else 0.0
    return said + _wrapped(figure.stamp, SMALL, figure.points - 12.0)


# ---------------------------------------------------------------------------------- what it says


def _paint_caption(
    painter: QPainter, figure: Figure, pane: Pane, area: QRectF, letter: str
) -> None:
    painter.setPen(QColor(figure.paper.ink))
    if figure.letters:
        painter.setFont(font_of(LETTER, bold=True))
        painter.drawText(area, _WRAPPED, letter)
    if figure.captions:
        painter.setFont(font_of(TEXT))
        painter.drawText(area.adjusted(_letter_room(figure), 1.0, 0, 0), _WRAPPED, pane.caption)


def _paint_foot(painter: QPainter, figure: Figure, box: Box) -> None:
    area = QRectF(*box)
    painter.setFont(font_of(SMALL))
    painter.setPen(QColor(figure.paper.ink))
    if figure.settings:
        painter.drawText(area, _WRAPPED, figure.settings)
        area.setTop(area.top() + _wrapped(figure.settings, SMALL, area.width()) + 2.0)
    painter.drawText(area, _WRAPPED, figure.stamp)


def _paint_below(painter: QPainter, figure: Figure, pane: Pane, area: QRectF) -> None:
    """The colour bar with its numbers, the axis of a curve, the legend of a mask."""
    painter.setFont(font_of(SMALL))
    painter.setPen(QColor(figure.paper.ink))
    if pane.curve:
        _three_texts(painter, area, "slice 1", pane.bar, str(pane.values.shape[1]))
        area = area.adjusted(0, SMALL + 3.0, 0, 0)
    elif pane.bar:
        bar = QRectF(area.left(), area.top() + 3.0, area.width(), BAR)
        colours = np.ascontiguousarray(_LUTS[pane.palette][None])
        painter.drawImage(bar, _image(colours))
        painter.setPen(QPen(QColor(figure.paper.ink), 0.4))
        painter.drawRect(bar)
        low, high = (f"{limit:.3g}".replace("-", "−") for limit in pane.limits)
        area = QRectF(area.left(), bar.bottom() + 1.0, area.width(), SMALL + 2.0)
        _three_texts(painter, area, low, pane.bar, high)
    top = area.top() + 3.0
    for line in _legend_lines(pane.legend, area.width()):
        left = area.left()
        for entry in line:
            swatch = QRectF(left, top + 1.0, SWATCH, SWATCH)
            painter.fillRect(swatch, QColor(entry.colour or figure.paper.ink))
            room = QRectF(left + SWATCH + 3.0, top - 1.0, area.width(), SMALL + 3.0)
            painter.setPen(QColor(figure.paper.ink))
            painter.drawText(room, _LINE, entry.name)
            left += _entry_width(entry)
        top += SMALL + 3.0


def _three_texts(painter: QPainter, area: QRectF, left: str, middle: str, right: str) -> None:
    room = QRectF(area.left(), area.top(), area.width(), SMALL + 2.0)
    painter.drawText(room, _LINE, left)
    painter.drawText(room, int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight), right)
    metrics = QFontMetricsF(painter.font())
    if sum(metrics.horizontalAdvance(text) for text in (left, middle, right)) + 12 < area.width():
        painter.drawText(room, _CENTRED, middle)


# --------------------------------------------------------------------------------- what it shows


def _image(rgb: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> QImage:
    rows, columns = rgb.shape[:2]
    pixels = np.ascontiguousarray(rgb)
    return QImage(pixels.data, columns, rows, 3 * columns, QImage.Format.Format_RGB888).copy()


def _coloured(pane: Pane) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    if pane.values.dtype == np.uint8:
        return pane.values.astype(np.uint8, copy=False)
    return _LUTS[pane.palette][to_levels(pane.values, *pane.limits)]


def _paint_picture(painter: QPainter, pane: Pane, area: QRectF) -> None:
    """Pixels with sharp edges: a reader of PDF or SVG blurs small pictures, so they are large."""
    rgb = _coloured(pane)
    rows, columns = rgb.shape[:2]
    times = max(-(-ENLARGED // max(rows, columns)), 1)
    large = np.repeat(np.repeat(rgb, times, axis=0), times, axis=1)
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, False)
    painter.drawImage(area, _image(large))
    if pane.outline is None:
        return
    content = CanvasContent(outline=pane.outline, outline_colours=colours_of(pane.legend))
    painter.save()
    painter.translate(area.topLeft())
    painter.scale(area.width() / columns, area.height() / rows)
    pen_width = 0.8 * columns / area.width()
    for colour, path in outline_paths(content):
        painter.setPen(QPen(colour, pen_width))
        painter.drawPath(path)
    painter.restore()


def _paint_cells(painter: QPainter, pane: Pane, area: QRectF) -> None:
    """A kernel: cells in their colours, with their numbers where they can be read."""
    rgb = _coloured(pane)
    rows, columns = rgb.shape[:2]
    high, wide = area.height() / rows, area.width() / columns
    texts = [f"{value:.2g}".replace("-", "−") for value in pane.values.ravel().tolist()]
    points = SMALL + 1
    while (
        points > 3
        and max(QFontMetricsF(font_of(points)).horizontalAdvance(text) for text in texts)
        > wide - 2.0
    ):
        points -= 1
    written = rows * columns <= MOST_NUMBERS and points > 3
    painter.setFont(font_of(points))
    dark = luminance(rgb) > 0.19
    for row, column in np.ndindex(rows, columns):
        cell = QRectF(area.left() + column * wide, area.top() + row * high, wide, high)
        painter.fillRect(cell, QColor(*rgb[row, column].tolist()))
        if written:
            painter.setPen(QColor("#000000" if dark[row, column] else "#ffffff"))
            painter.drawText(cell, _CENTRED, texts[row * columns + column])


def _paint_curve(painter: QPainter, figure: Figure, pane: Pane, area: QRectF) -> None:
    """Lines over the slices, with the lowest and highest value and the slice that is shown."""
    ink = QColor(figure.paper.ink)
    painter.setPen(QPen(ink, 0.5))
    painter.drawRect(area)
    low, high = pane.limits
    step = area.width() / max(pane.values.shape[1] - 1, 1)
    scale = area.height() * 0.8 / ((high - low) or 1.0)
    base = area.bottom() - area.height() * 0.1
    if pane.mark is not None:
        x = area.left() + pane.mark * step
        painter.setPen(QPen(ink, 0.5, Qt.PenStyle.DashLine))
        painter.drawLine(QLineF(x, area.top(), x, area.bottom()))
    plain = LINE_ON_WHITE if figure.paper is Paper.WHITE else LINE_ON_DARK
    for number, values in enumerate(pane.values):
        colour = pane.legend[number].colour if number < len(pane.legend) else None
        painter.setPen(QPen(QColor(colour or plain), 1.0))
        known = np.flatnonzero(np.isfinite(values))
        for piece in np.split(known, np.flatnonzero(np.diff(known) > 1) + 1):
            points = [
                QPointF(area.left() + at * step, base - (float(values[at]) - low) * scale)
                for at in piece.tolist()
            ]
            if len(points) == 1:  # neighbours are not known
                painter.drawEllipse(points[0], 0.8, 0.8)
            painter.drawPolyline(QPolygonF(points))
    if not np.isfinite(pane.values).any():
        return
    painter.setFont(font_of(SMALL))
    painter.setPen(ink)
    for value, top in ((high, base - (high - low) * scale), (low, base)):
        text = f"{value:.3g}".replace("-", "−")
        painter.drawText(QRectF(area.left() + 2, top - 9, area.width(), 8), _LINE, text)


def _paint_scale(painter: QPainter, pane: Pane, area: QRectF) -> None:
    """A bar of a round length in the patient, in the lower right corner."""
    assert pane.mm is not None
    per_mm = area.width() / (pane.values.shape[1] * pane.mm)
    length = nice_length(area.width() / 3.5 / per_mm)
    if not length:
        return
    right, base = area.right() - 5.0, area.bottom() - 5.0
    line = QLineF(right - length * per_mm, base, right, base)
    painter.setFont(font_of(SMALL, bold=True))
    room = QRectF(line.x1() - 20.0, base - SMALL - 4.0, line.length() + 20.0, SMALL + 2.0)
    room.setRight(area.right() - 5.0)
    flags = int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight)
    ink, halo = QColor("#ffffff"), QColor("#000000")
    if _is_bright(pane):
        ink, halo = halo, ink
    for width, colour in ((2.6, halo), (1.6, ink)):
        painter.setPen(QPen(colour, width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.FlatCap))
        painter.drawLine(line)
    painter.setPen(halo)
    for dx, dy in ((-0.4, 0.0), (0.4, 0.0), (0.0, -0.4), (0.0, 0.4)):
        painter.drawText(room.translated(dx, dy), flags, length_text(length))
    painter.setPen(ink)
    painter.drawText(room, flags, length_text(length))


def _is_bright(pane: Pane) -> bool:
    """Whether the lower right corner is, where the scale bar stands."""
    rgb = _coloured(pane)
    rows, columns = rgb.shape[:2]
    corner = rgb[-max(rows // 6, 1) :, -max(columns // 3, 1) :]
    return float(luminance(corner).mean()) > 0.3
