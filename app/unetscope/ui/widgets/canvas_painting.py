"""What is drawn over a slice: letters, corner texts, scale bar, crosshair, box, notice."""

from __future__ import annotations

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen

from unetscope.ui import theme
from unetscope.ui.widgets.canvas_content import Box, CanvasContent, LegendLine, Lines
from unetscope.ui.widgets.canvas_rulers import length_text, nice_length, paint_rulers
from unetscope.ui.widgets.canvas_shapes import paint_shapes
from unetscope.ui.widgets.canvas_split import paint_split
from unetscope.ui.widgets.canvas_view import CanvasView

INSET = 10.0
PROBE_ROOM = 340.0  # width that what is under the mouse may take
EYE = 14.0  # width of the eye of a label
ROOMY = (280.0, 220.0)  # a smaller view has no room for corner texts
_LEFT = Qt.AlignmentFlag.AlignLeft
_RIGHT = Qt.AlignmentFlag.AlignRight
_MIDDLE = Qt.AlignmentFlag.AlignHCenter
_CENTRE = Qt.AlignmentFlag.AlignVCenter


def paint_over(painter: QPainter, content: CanvasContent, view: CanvasView, font: QFont) -> None:
    """Draw everything but the pictures themselves, in screen pixels."""
    painter.setFont(font)
    if content.crosshair is not None:
        _crosshair(painter, view, *content.crosshair)
    if content.box is not None:
        paint_box(painter, view, content.box)
    paint_shapes(painter, content.shapes, view)
    if content.calibrated and content.rulers:
        paint_rulers(painter, view)
    lines = bool(content.letters.top) + bool(content.notice)
    paint_split(painter, content, view, INSET + lines * (_line_height(painter) + 8.0))
    _corners(painter, content, view)
    _letters(painter, content, view, font)
    painter.setFont(font)
    bottom_right = content.corners.bottom_right
    if content.calibrated:
        lift = len(bottom_right) * _line_height(painter)
        _scale_bar(painter, view, lift)
    if content.notice:
        _notice(painter, view, content.notice, bool(content.letters.top))


def paint_message(painter: QPainter, area: QRectF, text: str, token: str) -> None:
    """Draw the text of an empty view in the middle of `area`, wrapped."""
    painter.setPen(theme.colour(token))
    flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
    painter.drawText(area.adjusted(16, 16, -16, -16), int(flags), text)


def _line_height(painter: QPainter) -> float:
    return QFontMetricsF(painter.font()).height() + 2.0


def _text(painter: QPainter, area: QRectF, flags: int, text: str, colour: QColor) -> None:
    """Text that stays legible on white as on black."""
    painter.setPen(QColor(0, 0, 0, 190))
    for dx, dy in ((1.0, 1.0), (-1.0, 0.0), (0.0, -1.0)):
        painter.drawText(area.translated(dx, dy), flags, text)
    painter.setPen(colour)
    painter.drawText(area, flags, text)


def _plate(painter: QPainter, area: QRectF) -> None:
    """A shade under a line of text, so that it can be read on a bright slice."""
    painter.fillRect(area.adjusted(-3.0, 0.0, 3.0, 0.0), QColor(0, 0, 0, 130))


def _block(
    painter: QPainter, lines: Lines, area: QRectF, align: Qt.AlignmentFlag, bright: int = -1
) -> None:
    """Lines of text from the top of `area`; line number `bright` is brighter than the rest."""
    metrics = QFontMetricsF(painter.font())
    height = _line_height(painter)
    for number, line in enumerate(lines):
        token = "canvas_text" if number == bright else "canvas_text_muted"
        row = QRectF(area.left(), area.top() + number * height, area.width(), height)
        shown = metrics.elidedText(line, Qt.TextElideMode.ElideRight, area.width())
        width = metrics.horizontalAdvance(shown)
        if align == _RIGHT:
            row.setLeft(row.right() - width)
        else:
            row.setWidth(width)
        _plate(painter, row)
        painter.setPen(theme.colour(token))
        painter.drawText(row, int(_LEFT | _CENTRE), shown)


def _corners(painter: QPainter, content: CanvasContent, view: CanvasView) -> None:
    corners = content.corners
    height = _line_height(painter)
    half = view.width / 2.0 - INSET - 18.0
    right = view.width - INSET - half
    if view.width < ROOMY[0] or view.height < ROOMY[1]:
        beside_letter = QRectF(4.0, 3.0, view.width / 2.0 - 16.0, 0.0)
        _block(painter, corners.top_left[:1], beside_letter, _LEFT)
        return
    _block(painter, corners.top_left, QRectF(INSET, INSET, half, 0.0), _LEFT)
    _block(painter, corners.top_right, QRectF(right, INSET, half, 0.0), _RIGHT)
    for line, area in legend_areas(content, view, painter.font()):
        _legend_line(painter, area, line)
    said = corners.bottom_left
    if said:
        said = (*said[:-1], f"{said[-1]}   zoom {view.zoom:.0%}")
    said = (*said, *content.probed)
    lines = (*said, content.probe) if content.probe else said
    top = view.height - INSET - len(lines) * height
    bright = len(lines) - 1 if content.probe else -1
    wide = view.width - 2.0 * INSET if not corners.bottom_right else half
    wide = min(wide, max(half * 1.5, PROBE_ROOM))
    _block(painter, lines, QRectF(INSET, top, wide, 0.0), _LEFT, bright)
    top = view.height - INSET - len(corners.bottom_right) * height
    _block(painter, corners.bottom_right, QRectF(right, top, half, 0.0), _RIGHT)


def legend_areas(
    content: CanvasContent, view: CanvasView, font: QFont
) -> list[tuple[LegendLine, QRectF]]:
    """Where the lines of the legend stand, below the top left corner; none in a small view."""
    if view.width < ROOMY[0] or view.height < ROOMY[1]:
        return []
    metrics = QFontMetricsF(font)
    height = metrics.height() + 2.0
    half = view.width / 2.0 - INSET - 18.0
    top = INSET + len(content.corners.top_left) * height + (6.0 if content.corners.top_left else 0)
    areas = []
    for number, line in enumerate(content.legend):
        wide = min(metrics.horizontalAdvance(line.name) + EYE + 10.0, half)
        areas.append((line, QRectF(INSET, top + number * (height + 2.0), wide, height)))
    return areas


def _legend_line(painter: QPainter, area: QRectF, line: LegendLine) -> None:
    """An eye in the colour of the label, closed where it is hidden, and its name."""
    _plate(painter, area)
    eye = QRectF(area.left(), area.center().y() - EYE / 3.2, EYE, EYE / 1.6)
    colour = QColor(*line.rgb)
    if line.shown:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        painter.drawEllipse(eye)
        painter.setBrush(QColor(0, 0, 0, 220))
        painter.drawEllipse(eye.center(), EYE / 6.0, EYE / 6.0)
    else:
        painter.setPen(QPen(colour, 1.4))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawArc(eye, 180 * 16, 180 * 16)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    metrics = QFontMetricsF(painter.font())
    row = area.adjusted(EYE + 6.0, 0.0, 4.0, 0.0)
    shown = metrics.elidedText(line.name, Qt.TextElideMode.ElideRight, row.width())
    painter.setPen(theme.colour("canvas_text" if line.shown else "canvas_text_muted"))
    painter.drawText(row, int(_LEFT | _CENTRE), shown)


def _letters(painter: QPainter, content: CanvasContent, view: CanvasView, font: QFont) -> None:
    letters = content.letters
    wide_probe = QFontMetricsF(font).horizontalAdvance(content.probe) > view.width / 2.0 - 24.0
    lift = _line_height(painter) if wide_probe else 0.0  # the probe's line goes below the letter
    bold = QFont(font)
    bold.setBold(True)
    bold.setPointSizeF(max(font.pointSizeF(), 6.0) * 1.25)
    painter.setFont(bold)
    colour = theme.colour("canvas_letter")
    height = QFontMetricsF(bold).height()
    middle = view.height / 2.0 - height / 2.0
    wide = QRectF(INSET, 0.0, view.width - 2.0 * INSET, height)
    for text, top, align in (
        (letters.top, INSET - 4.0, _MIDDLE),
        (letters.bottom, view.height - height - INSET + 4.0 - lift, _MIDDLE),
        (letters.left, middle, _LEFT),
        (letters.right, middle, _RIGHT),
    ):
        if text:
            _text(painter, wide.translated(0.0, top), int(align | _CENTRE), text, colour)


def _scale_bar(painter: QPainter, view: CanvasView, lift: float) -> None:
    length = nice_length(min(view.width / 5.0, 160.0) / view.scale)
    pixels = length * view.scale
    if pixels < 24.0:
        return
    right = view.width - INSET - 4.0
    base = view.height - INSET - lift - 2.0
    ends = (right - pixels, right)
    strokes = [QLineF(ends[0], base, ends[1], base)]
    strokes += [QLineF(x, base - 4.0, x, base + 4.0) for x in ends]
    for width, colour in ((3.0, QColor(0, 0, 0, 190)), (1.4, theme.colour("canvas_text"))):
        painter.setPen(QPen(colour, width))
        painter.drawLines(strokes)
    height = _line_height(painter)
    space = max(pixels, 70.0)
    area = QRectF((ends[0] + ends[1] - space) / 2.0, base - 5.0 - height, space, height)
    area.moveRight(min(area.right(), view.width - 4.0))
    text = length_text(length)
    _text(painter, area, int(_MIDDLE | _CENTRE), text, theme.colour("canvas_text"))


def _crosshair(painter: QPainter, view: CanvasView, row: float, column: float) -> None:
    x, y = view.to_screen(row, column)
    gap = 12.0  # the pixel asked about stays free
    painter.setPen(QPen(theme.colour("canvas_line", 150), 1.0))
    painter.drawLines(
        [
            QLineF(0.0, y, x - gap, y),
            QLineF(x + gap, y, view.width, y),
            QLineF(x, 0.0, x, y - gap),
            QLineF(x, y + gap, x, view.height),
        ]
    )


def paint_box(painter: QPainter, view: CanvasView, box: Box) -> None:
    """Draw a dashed rectangle over the slice, with its text beside it."""
    area = QRectF(
        QPointF(*view.to_screen(box.row, box.column)),
        QPointF(*view.to_screen(box.row + box.height, box.column + box.width)),
    )
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(QColor(0, 0, 0, 200), 1.6))
    painter.drawRect(area)
    dashed = QPen(theme.colour("canvas_line"), 1.6)
    dashed.setDashPattern([3.0, 2.5])
    painter.setPen(dashed)
    painter.drawRect(area)
    if box.text:
        metrics = QFontMetricsF(painter.font())
        width = metrics.horizontalAdvance(box.text) + 10.0
        if width > view.width / 2.0:
            return
        label = QRectF(area.right() + 6.0, area.top() - 2.0, width, _line_height(painter))
        if label.right() > view.width:
            label.moveRight(area.left() - 6.0)
        if label.left() < 0.0:
            label.moveTopLeft(QPointF(max(area.left(), 2.0), area.bottom() + 2.0))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(0, 0, 0, 180))
        painter.drawRoundedRect(label, 3.0, 3.0)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(theme.colour("canvas_line"))
        painter.drawText(label, int(Qt.AlignmentFlag.AlignCenter), box.text)


def _notice(painter: QPainter, view: CanvasView, text: str, below_letter: bool) -> None:
    metrics = QFontMetricsF(painter.font())
    shown = metrics.elidedText(text, Qt.TextElideMode.ElideRight, view.width - 60.0)
    height = metrics.height() + 8.0
    width = metrics.horizontalAdvance(shown) + 20.0
    top = INSET + (metrics.height() * 1.25 + 4.0 if below_letter else 0.0)
    area = QRectF((view.width - width) / 2.0, top, width, height)
    painter.setPen(QPen(theme.colour("banner_border"), 1.0))
    painter.setBrush(theme.colour("banner", 235))
    painter.drawRoundedRect(area, 4.0, 4.0)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(theme.colour("banner_text"))
    painter.drawText(area, int(Qt.AlignmentFlag.AlignCenter), shown)
