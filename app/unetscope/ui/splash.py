"""What is on screen before the window: the name, the icon, and that something is happening."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QByteArray, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QSplashScreen

WIDTH, HEIGHT = 420, 132
_GROUND, _TEXT, _MUTED = "#14171c", "#e8ebf0", "#9aa3af"  # before a theme is in force


def make_splash(icon: Path, version: str, ratio: float) -> QSplashScreen:
    """A splash screen, not shown yet.

    Parameters
    ----------
    icon : Path
        The program's icon, SVG.
    ratio : float
        Device pixels per device-independent pixel of the screen.
    """
    picture = QPixmap(round(WIDTH * ratio), round(HEIGHT * ratio))
    picture.setDevicePixelRatio(ratio)
    picture.fill(QColor(_GROUND))
    with QPainter(picture) as painter:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        drawing = QSvgRenderer(QByteArray(icon.read_bytes() if icon.is_file() else b""))
        if drawing.isValid():
            drawing.render(painter, QRectF(24, 26, 80, 80))
        for text, points, top, colour in (
            ("Unetscope", 22, 26, _TEXT),
            (f"version {version} · starting …", 10, 66, _MUTED),
            ("Research use only — not for diagnosis", 10, 86, _MUTED),
        ):
            painter.setFont(QFont(painter.font().family(), points))
            painter.setPen(QColor(colour))
            place = QRectF(124, top, WIDTH - 132, 40)
            painter.drawText(place, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop, text)
    return QSplashScreen(picture)
