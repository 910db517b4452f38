"""A bar behind a number in a table, as long as its share."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from unetscope.ui import theme
from unetscope.ui.widgets.guard import guarded

SHARE = Qt.ItemDataRole.UserRole
"""The role under which a model gives the share, 0 to 1; anything else means no bar."""


@guarded
class ShareBar(QStyledItemDelegate):
    """Draws a bar behind a number, as long as its share."""

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        share = index.data(SHARE)
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        if selected:  # its background would hide the bar
            super().paint(painter, option, index)
        area: QRect = option.rect
        if isinstance(share, float) and 0.0 < share <= 1.0:
            bar = area.adjusted(1, 3, -1, -3)
            painter.fillRect(bar, theme.colour("accent", 25))
            bar.setWidth(max(round(bar.width() * share), 1))
            painter.fillRect(bar, theme.colour("accent", 90))
        if not selected:
            super().paint(painter, option, index)
