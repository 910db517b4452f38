"""A panel as a picture: painted again at any size, with a line that says what it is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from PySide6.QtCore import QBuffer, QIODevice, QPoint, QRect, QSize, Qt
from PySide6.QtGui import QFont, QImage, QPainter
from PySide6.QtSvg import QSvgGenerator
from PySide6.QtWidgets import QDockWidget, QWidget

from unetscope.domain.session import Session
from unetscope.ui import theme

if TYPE_CHECKING:
    from unetscope.ui.main_window import MainWindow

RESEARCH = "Unetscope, research use only"
LINE = 20  # height of the line below, in pixels of the screen
LEAST, MOST = 1, 8  # times the size on the screen


@contextmanager
def without_identity(window: MainWindow) -> Iterator[None]:
    """Have a window show nothing that tells who the patient is, for a moment."""
    hidden = window.store.session.identity_hidden
    if not hidden:
        window.store.update(Session.toggle_identity)
    try:
        yield
    finally:
        if not hidden:
            window.store.update(Session.toggle_identity)


def stamp_of(window: MainWindow) -> str:
    """What stands below every picture: what is in force, and what it is for."""
    banner = window.presenters.frame.view.banner.partition(" · research")[0]
    return f"{banner} · {RESEARCH}" if banner else RESEARCH


def name_of(panel: QWidget) -> str:
    """What a panel is called."""
    return panel.windowTitle().partition(" · ")[0] or "Slice"


def content_of(panel: QWidget) -> QWidget:
    """What a panel holds, without its title."""
    return panel.widget() if isinstance(panel, QDockWidget) else panel


def panel_image(panel: QWidget, times: float, stamp: str) -> QImage:
    """A panel, so many times as large as on the screen; painted again, not stretched."""
    widget = content_of(panel)
    size = QSize(widget.width(), widget.height() + LINE)
    image = QImage(size * times, QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(times)
    with QPainter(image) as painter:
        _paint(painter, widget, stamp)
    return described(image, stamp)


def panel_svg(panel: QWidget, stamp: str) -> bytes:
    """A panel as SVG: text and lines stay such, pictures within are embedded."""
    widget = content_of(panel)
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    generator = QSvgGenerator()
    generator.setOutputDevice(buffer)
    area = QRect(0, 0, widget.width(), widget.height() + LINE)
    generator.setSize(area.size())
    generator.setViewBox(area)
    generator.setTitle("Unetscope")
    generator.setDescription(stamp)
    with QPainter(generator) as painter:
        _paint(painter, widget, stamp)
    return bytes(buffer.data().data())


def described(image: QImage, stamp: str) -> QImage:
    """A picture whose file says what it is, and nothing else."""
    image.setDevicePixelRatio(1.0)
    image.setText("Description", stamp)
    return image


def _paint(painter: QPainter, widget: QWidget, stamp: str) -> None:
    whole = QRect(0, 0, widget.width(), widget.height() + LINE)
    painter.fillRect(whole, theme.colour("panel"))
    flags = QWidget.RenderFlag.DrawWindowBackground | QWidget.RenderFlag.DrawChildren
    widget.render(painter, QPoint(), renderFlags=flags)
    paint_stamp(painter, QRect(0, widget.height(), widget.width(), LINE), stamp)


def paint_stamp(painter: QPainter, line: QRect, stamp: str) -> None:
    """Draw the line below a picture."""
    painter.fillRect(line, theme.colour("panel"))
    font = QFont(painter.font())
    font.setPixelSize(11)
    painter.setFont(font)
    painter.setPen(theme.colour("text"))
    room = line.adjusted(6, 0, -6, 0)
    shown = painter.fontMetrics().elidedText(stamp, Qt.TextElideMode.ElideRight, room.width())
    painter.drawText(room, int(Qt.AlignmentFlag.AlignVCenter), shown)
