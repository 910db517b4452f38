"""What is drawn over a tile of a `TileGallery`: its text, badge, dot and frame."""

from __future__ import annotations

from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen

from unetscope.ui import theme

_CENTRE = int(Qt.AlignmentFlag.AlignCenter)


def small_font(font: QFont) -> QFont:
    """The font of texts on tiles."""
    small = QFont(font)
    small.setPointSizeF(max(font.pointSizeF() * 0.8, 6.5))
    return small


def paint_label(painter: QPainter, rect: QRect, text: str) -> None:
    """A short text in the top left corner, on a plate so that it shows on any tile."""
    metrics = QFontMetricsF(painter.font())
    shown = metrics.elidedText(text, Qt.TextElideMode.ElideRight, rect.width() - 8.0)
    width = metrics.horizontalAdvance(shown) + 6.0
    plate = QRectF(rect.left(), rect.top(), width, metrics.height())
    painter.fillRect(plate, QColor(0, 0, 0, 170))
    painter.setPen(theme.colour("canvas_text"))
    painter.drawText(plate, _CENTRE, shown)


def paint_badge(painter: QPainter, rect: QRect, mark: str) -> None:
    """A mark as a pill in the bottom right corner."""
    metrics = QFontMetricsF(painter.font())
    shown = metrics.elidedText(mark, Qt.TextElideMode.ElideRight, rect.width() - 12.0)
    width = metrics.horizontalAdvance(shown) + 8.0
    pill = QRectF(rect.right() - width - 1.0, 0.0, width, metrics.height())
    pill.moveBottom(rect.bottom() - 1.0)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(mark_colour(mark))
    painter.drawRoundedRect(pill, 3.0, 3.0)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QColor(theme.DARK.accent_text))
    painter.drawText(pill, _CENTRE, shown)


def paint_chip(painter: QPainter, rect: QRect, colour: str) -> None:
    """A square of a label's colour in the bottom left corner."""
    painter.setPen(QPen(QColor(0, 0, 0, 200), 1.0))
    painter.setBrush(QColor(colour))
    painter.drawRect(QRectF(rect.left() + 1.5, rect.bottom() - 8.5, 7.0, 7.0))
    painter.setBrush(Qt.BrushStyle.NoBrush)


def paint_dot(painter: QPainter, rect: QRect, mark: str) -> None:
    """A mark on a tile too small for text."""
    painter.setPen(QPen(QColor(0, 0, 0, 200), 1.0))
    painter.setBrush(mark_colour(mark))
    painter.drawEllipse(QRectF(rect.right() - 6.0, rect.top() + 1.0, 6.0, 6.0))
    painter.setBrush(Qt.BrushStyle.NoBrush)


def paint_frame(painter: QPainter, rect: QRect, token: str, width: float) -> None:
    """A frame just outside a tile."""
    painter.setPen(QPen(theme.colour(token), width))
    painter.drawRoundedRect(QRectF(rect).adjusted(-1.0, -1.0, 1.0, 1.0), 3.0, 3.0)


_COLOURS = {"edited": "warning", "silenced": "accent", "dead": "error"}


def mark_colour(mark: str) -> QColor:
    """Colours for what the user did and for what is dead, grey for all else.

    Those of the dark theme, for tiles are dark in all themes.
    """
    return QColor(getattr(theme.DARK, _COLOURS.get(mark.split()[0].rstrip(","), "text_muted")))
