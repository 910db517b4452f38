"""A colour scale with the numbers at its ends."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from unetscope.ui import theme
from unetscope.ui.colours import DIVERGING, to_rgb32
from unetscope.ui.widgets.guard import guarded

BAR = 48  # width of the colours, without the numbers


@guarded
class ColourBar(QWidget):
    """From -limit over 0 to +limit, in the diverging colours."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._limit = 0.0
        self.setToolTip("The colour scale of the kernel that is selected: red above 0, blue below")
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        words = to_rgb32(DIVERGING)[None]
        borrowed = QImage(words.data, words.shape[1], 1, QImage.Format.Format_RGB32)
        self._colours = borrowed.copy()  # the copy owns its pixels

    def show_limit(self, limit: float) -> None:
        """Show the scale that ends at `limit`, dimensionless."""
        limit = limit if np.isfinite(limit) else 0.0
        if limit != self._limit:
            self._limit = limit
            self.updateGeometry()
            self.update()

    @property
    def texts(self) -> tuple[str, str]:
        """The numbers at the ends."""
        return f"−{self._limit:.3g}", f"+{self._limit:.3g}"

    def sizeHint(self) -> QSize:
        metrics = self.fontMetrics()
        numbers = sum(metrics.horizontalAdvance(text) for text in self.texts)
        return QSize(numbers + BAR + 8, metrics.height() + 2)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        low, high = self.texts
        with QPainter(self) as painter:
            metrics = painter.fontMetrics()
            left = metrics.horizontalAdvance(low) + 4
            bar = QRectF(left, 3, BAR, self.height() - 6)
            painter.setPen(theme.colour("text_muted"))
            middle = Qt.AlignmentFlag.AlignVCenter
            painter.drawText(self.rect(), int(middle | Qt.AlignmentFlag.AlignLeft), low)
            painter.drawText(
                QRectF(bar.right() + 4, 0, self.width(), self.height()),
                int(middle | Qt.AlignmentFlag.AlignLeft),
                high,
            )
            painter.drawImage(bar, self._colours)
            painter.setPen(theme.colour("border_strong"))
            painter.drawRect(bar)
            zero = bar.center().x()
            painter.drawLine(int(zero), int(bar.bottom()), int(zero), int(bar.bottom()) + 3)
