"""A heat over its slice, small, and beside it the same with random weights; a click chooses one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QHelpEvent, QImage, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from unetscope.domain.ports import Floats
from unetscope.ui import theme
from unetscope.ui.heat_colours import bar_image, coloured
from unetscope.ui.widgets.canvas_pictures import grey_image, overlay_image
from unetscope.ui.widgets.guard import guarded
from unetscope.ui.widgets.tile_painting import small_font

GAP = 6.0
OPACITY = 0.75
BAR = 6.0  # height of the colours


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class PairPicture:
    """One of the pictures.

    Attributes
    ----------
    heat : (rows, columns) ndarray of float32
        NaN where it does not reach.
    limits : (float, float)
        Values of the first and the last colour.
    signed : bool
        The colours diverge about 0.
    framed : bool
        It is the one that lies over the slice.
    """

    heat: Floats
    limits: tuple[float, float]
    signed: bool
    caption: str
    tip: str = ""
    framed: bool = False


@guarded
class HeatPair(QWidget):
    """Shows one heat or two of one slice side by side, each with its colours and their numbers."""

    chosen = Signal(int)  # the number of a picture

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self._pictures: tuple[PairPicture, ...] = ()
        self._drawn: list[tuple[object, QImage]] = []  # what each is made of, and its image
        self._grey: tuple[NDArray[np.uint8] | None, QImage] = (None, QImage())
        self._aspect = 1.0
        self._message = ""

    @property
    def pictures(self) -> tuple[PairPicture, ...]:
        """What is on show."""
        return self._pictures

    @property
    def message(self) -> str:
        """What is said where there is no picture."""
        return self._message

    def show_pictures(
        self,
        pictures: tuple[PairPicture, ...],
        grey: NDArray[np.uint8] | None,
        aspect: float,
        threshold: float,
    ) -> None:
        """Show heats of the slice `grey`, whose pixels are `aspect` times as high as wide."""
        if grey is not self._grey[0]:
            self._grey = (grey, grey_image(grey))
        kept, self._drawn = self._drawn, []
        for each in pictures:
            made_of = (id(each.heat), each.limits, each.signed, threshold)
            image = next((image for of, image in kept if of == made_of), None)
            if image is None:
                colours = coloured(
                    each.heat,
                    each.limits,
                    signed=each.signed,
                    opacity=OPACITY,
                    threshold=threshold,
                )
                image = overlay_image(colours)
            self._drawn.append((made_of, image))
        self._pictures, self._aspect, self._message = pictures, aspect, ""
        self.update()

    def show_message(self, text: str) -> None:
        """Show no picture but this text."""
        self._pictures, self._drawn, self._message = (), [], text
        self.update()

    def picture_rect(self, number: int) -> QRectF:
        """Where a picture is, without its caption and colours."""
        wide = self._wide
        high = self.height() - self._line - BAR - 4.0
        if number >= len(self._drawn):
            return QRectF()
        image = self._drawn[number][1]
        scale = min(high / max(image.height() * self._aspect, 1.0), wide / max(image.width(), 1))
        shown = QRectF(0.0, 0.0, image.width() * scale, image.height() * self._aspect * scale)
        shown.moveCenter(QPointF(number * (wide + GAP) + wide / 2.0, high / 2.0))
        return shown

    def sizeHint(self) -> QSize:
        return QSize(280, 200)

    def minimumSizeHint(self) -> QSize:
        return QSize(120, 90)

    @property
    def _wide(self) -> float:
        """Width that each picture has, with its colours."""
        count = max(len(self._pictures), 1)
        return (self.width() - (count - 1) * GAP) / count

    @property
    def _line(self) -> float:
        return float(self.fontMetrics().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            if not self._pictures:
                painter.setPen(theme.colour("text_muted"))
                flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
                painter.drawText(
                    QRectF(self.rect()).adjusted(8, 2, -8, -2), int(flags), self._message
                )
            painter.setFont(small_font(self.font()))
            for number, picture in enumerate(self._pictures):
                self._paint(painter, number, picture)

    def _paint(self, painter: QPainter, number: int, picture: PairPicture) -> None:
        area = self.picture_rect(number)
        painter.fillRect(area, theme.colour("canvas"))
        painter.drawImage(area, self._grey[1])
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, False)
        painter.drawImage(area, self._drawn[number][1])
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        if picture.framed:
            painter.setPen(QPen(theme.colour("accent"), 2.0))
            painter.drawRect(area.adjusted(1, 1, -1, -1))
        left = number * (self._wide + GAP)
        bar = QRectF(left, area.bottom() + 2.0, self._wide, BAR)
        painter.drawImage(bar, bar_image(signed=picture.signed))
        low, high = (f"{at:.3g}" for at in picture.limits)
        below = QRectF(left, bar.bottom() + 1.0, self._wide, self._line)
        painter.setPen(theme.colour("text_muted"))
        middle = Qt.AlignmentFlag.AlignVCenter
        painter.drawText(below, int(middle | Qt.AlignmentFlag.AlignLeft), low)
        painter.drawText(below, int(middle | Qt.AlignmentFlag.AlignRight), high)
        painter.setPen(theme.colour("text"))
        painter.drawText(below, int(Qt.AlignmentFlag.AlignCenter), picture.caption)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        number = self._at(event.position())
        if number is not None and event.button() == Qt.MouseButton.LeftButton:
            self.chosen.emit(number)

    def event(self, event: QEvent) -> bool:
        """Tell what a picture is."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            number = self._at(QPointF(event.pos()))
            text = "" if number is None else self._pictures[number].tip
            QToolTip.showText(event.globalPos(), text, self)
            return True
        return super().event(event)

    def _at(self, at: QPointF) -> int | None:
        numbers = range(len(self._pictures))
        return next((n for n in numbers if self.picture_rect(n).contains(at)), None)
