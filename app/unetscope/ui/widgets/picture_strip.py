"""A few pictures, each with a line below it; a click chooses one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QHelpEvent, QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from unetscope.ui import theme
from unetscope.ui.widgets.guard import guarded
from unetscope.ui.widgets.tile_painting import small_font

GAP = 4.0
_STEPS = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}
_ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class StripPicture:
    """One picture of a strip.

    Attributes
    ----------
    grey : (H, W) ndarray of uint8, or None
        None while it is on its way.
    box : (row, column, rows, columns) or None
        What is framed in it, in pixels.
    """

    grey: NDArray[np.uint8] | None
    caption: str = ""
    tip: str = ""
    box: tuple[float, float, float, float] | None = None


@guarded
class PictureStrip(QWidget):
    """Shows pictures of one kind side by side, in as many rows as make them largest."""

    chosen = Signal(int)  # the number of a picture in the strip

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self._pictures: tuple[StripPicture, ...] = ()
        self._images: tuple[QImage | None, ...] = ()
        self._places = 1
        self._at = 0  # the picture that the keys are on
        self._current: int | None = None
        self._aspect = 1.0
        self._message = ""

    @property
    def pictures(self) -> tuple[StripPicture, ...]:
        """What is on show."""
        return self._pictures

    def show_pictures(
        self,
        pictures: Sequence[StripPicture],
        *,
        places: int,
        current: int | None = None,
        aspect: float = 1.0,
    ) -> None:
        """Show pictures.

        Parameters
        ----------
        places : int
            How many there is room for.
        current : int or None
            The one that is framed.
        aspect : float
            Height of a pixel divided by its width.
        """
        known = {
            id(old.grey): image
            for old, image in zip(self._pictures, self._images, strict=True)
            if old.grey is not None
        }
        self._images = tuple(
            None if each.grey is None else known.get(id(each.grey)) or _image(each.grey)
            for each in pictures
        )
        self._pictures, self._places, self._current = tuple(pictures), max(places, 1), current
        self._aspect, self._message = aspect, ""
        self._at = min(self._at, max(len(self._pictures) - 1, 0))
        self.update()

    def show_message(self, text: str) -> None:
        """Show no pictures but this text."""
        self._pictures, self._images, self._message = (), (), text
        self.update()

    def picture_rect(self, number: int) -> QRectF:
        """Where a picture is, without its caption."""
        edge, columns = self._edge()
        row, column = divmod(number, columns)
        return QRectF(1 + column * (edge + GAP), 1 + row * (edge + self._line + GAP), edge, edge)

    def _edge(self) -> tuple[float, int]:
        """The largest edge that all places can have, and how many then stand in a row."""
        found = (1.0, self._places)
        for rows in range(1, self._places + 1):
            columns = -(-self._places // rows)
            wide = (self.width() - 2 - (columns - 1) * GAP) / columns
            high = (self.height() - 2 - (rows - 1) * GAP) / rows - self._line
            found = max(found, (min(wide, high), columns), key=lambda one: one[0])
        return found

    def sizeHint(self) -> QSize:
        return QSize(300, 70)

    def minimumSizeHint(self) -> QSize:
        return QSize(120, 52)

    @property
    def _line(self) -> float:
        return float(self.fontMetrics().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.fillRect(self.rect(), theme.colour("panel"))
            if not self._pictures:
                painter.setPen(theme.colour("text_muted"))
                flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
                painter.drawText(
                    QRectF(self.rect()).adjusted(8, 2, -8, -2), int(flags), self._message
                )
            painter.setFont(small_font(self.font()))
            for number in range(len(self._pictures)):
                self._paint(painter, number)

    def _paint(self, painter: QPainter, number: int) -> None:
        picture, image = self._pictures[number], self._images[number]
        area = self.picture_rect(number)
        painter.fillRect(area, theme.colour("tile"))
        if image is not None:
            high, wide = image.height() * self._aspect, float(image.width())
            scale = min(area.height() / high, area.width() / wide)
            fitted = QRectF(0.0, 0.0, wide * scale, high * scale)
            fitted.moveCenter(area.center())
            painter.drawImage(fitted, image)
            if picture.box is not None:
                row, column, rows, columns = picture.box
                down, across = fitted.height() / image.height(), fitted.width() / image.width()
                box = QRectF(
                    fitted.left() + column * across,
                    fitted.top() + row * down,
                    max(columns * across, 4.0),
                    max(rows * down, 4.0),
                )
                painter.setPen(QPen(theme.colour("canvas_line"), 1.2))
                painter.drawRect(box)
        focused = self.hasFocus() and number == self._at
        if focused or number == self._current:
            token = "accent" if number == self._current else "text_muted"
            painter.setPen(QPen(theme.colour(token), 1.6))
            painter.drawRect(area)
        painter.setPen(theme.colour("text_muted"))
        below = QRectF(area.left() - 2, area.bottom(), area.width() + 4, self._line + 1)
        painter.drawText(below, int(Qt.AlignmentFlag.AlignCenter), picture.caption)

    # ------------------------------------------------------- mouse and keyboard

    def _picture_at(self, x: float, y: float) -> int | None:
        for number in range(len(self._pictures)):
            area = self.picture_rect(number).adjusted(0, 0, 0, self._line)
            if area.contains(x, y):
                return number
        return None

    def mousePressEvent(self, event: QMouseEvent) -> None:
        number = self._picture_at(event.position().x(), event.position().y())
        if number is not None and event.button() == Qt.MouseButton.LeftButton:
            self._at = number
            self.chosen.emit(number)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        if key in _STEPS and self._pictures:
            self._at = min(max(self._at + _STEPS[key], 0), len(self._pictures) - 1)
            self.update()
        elif key in _ENTER and self._pictures:
            self.chosen.emit(self._at)
        else:
            super().keyPressEvent(event)

    def event(self, event: QEvent) -> bool:
        is_key = isinstance(event, QKeyEvent) and event.key() in (*_STEPS, *_ENTER)
        if event.type() == QEvent.Type.ShortcutOverride and is_key:
            event.accept()
            return True
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            number = self._picture_at(event.pos().x(), event.pos().y())
            text = self._pictures[number].tip if number is not None else ""
            QToolTip.showText(event.globalPos(), text or self.toolTip(), self)
            return True
        return super().event(event)


def _image(grey: NDArray[np.uint8]) -> QImage:
    made = np.ascontiguousarray(grey)
    high, wide = made.shape
    borrowed = QImage(made.data, wide, high, wide, QImage.Format.Format_Grayscale8)
    return borrowed.copy()  # the copy owns its pixels
