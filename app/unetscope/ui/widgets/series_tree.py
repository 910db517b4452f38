"""Series as cards under their study: a picture, a title, a line of details."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import (
    QMimeData,
    QModelIndex,
    QPersistentModelIndex,
    QRect,
    QRectF,
    QSize,
    Qt,
)
from PySide6.QtGui import QFont, QPainter, QPen, QPixmap
from PySide6.QtWidgets import (
    QAbstractItemView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTreeWidget,
    QTreeWidgetItem,
    QWidget,
)

from unetscope.ui import icons, theme
from unetscope.ui.widgets.guard import guarded

SERIES_DATA = "application/x-unetscope-series"  # what a dragged card carries: the series' key

KIND, KEY, TITLE, DETAILS, WARNING, SHOWN = (Qt.ItemDataRole.UserRole + i for i in range(6))
HEADING, CARD, LINK = range(3)
PICTURE, MARGIN, GAP = 44, 4, 8

Index = QModelIndex | QPersistentModelIndex
_ACTIONS = QAbstractItemView.CursorAction
_BACKWARDS = {_ACTIONS.MoveUp, _ACTIONS.MovePrevious, _ACTIONS.MoveLeft, _ACTIONS.MovePageUp}


@guarded
class SeriesTree(QTreeWidget):
    """A tree whose cards can be dragged; what an item shows is in its roles."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "cards")
        self.setHeaderHidden(True)
        self.setIndentation(0)
        self.setRootIsDecorated(False)
        self.setItemsExpandable(False)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMouseTracking(True)
        self.setDragEnabled(True)
        self.setDragDropMode(QAbstractItemView.DragDropMode.DragOnly)
        self.setItemDelegate(_Cards(self))

    def moveCursor(
        self, action: QAbstractItemView.CursorAction, modifiers: Qt.KeyboardModifier
    ) -> QModelIndex:
        """Keys pass headings by; before the first card and after the last they stay."""
        start = self.currentIndex()
        found = super().moveCursor(action, modifiers)
        backwards = action in _BACKWARDS
        while found.isValid() and found.data(KIND) == HEADING:
            found = self.indexAbove(found) if backwards else self.indexBelow(found)
        return found if found.isValid() else start

    def mimeTypes(self) -> list[str]:
        return [SERIES_DATA]

    def mimeData(self, items: Sequence[QTreeWidgetItem]) -> QMimeData:
        data = QMimeData()
        data.setData(SERIES_DATA, str(items[0].data(0, KEY)).encode())
        return data


def heading(title: str, details: str) -> QTreeWidgetItem:
    """An item that says which study the cards below belong to; keys pass it by."""
    made = _item(HEADING, "", title, details)
    made.setFlags(Qt.ItemFlag.ItemIsEnabled)
    return made


def card(key: str) -> QTreeWidgetItem:
    """An item for a series; `fill_card` says what is on it."""
    made = _item(CARD, key, "", "")
    flags = Qt.ItemFlag
    made.setFlags(flags.ItemIsEnabled | flags.ItemIsSelectable | flags.ItemIsDragEnabled)
    return made


def link(key: str, text: str) -> QTreeWidgetItem:
    """An item that opens something."""
    made = _item(LINK, key, text, "")
    made.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable)
    return made


def fill_card(
    item: QTreeWidgetItem,
    *,
    title: str,
    details: str,
    picture: QPixmap | None,
    warning: bool,
    shown: bool,
) -> None:
    """Put a series on its card."""
    item.setText(0, f"{title}\n{details}")  # for those who hear it read
    for role, value in (
        (TITLE, title),
        (DETAILS, details),
        (WARNING, warning),
        (SHOWN, shown),
        (Qt.ItemDataRole.DecorationRole, picture),
    ):
        item.setData(0, role, value)


def _item(kind: int, key: str, title: str, details: str) -> QTreeWidgetItem:
    made = QTreeWidgetItem([f"{title}\n{details}".strip()])
    for role, value in ((KIND, kind), (KEY, key), (TITLE, title), (DETAILS, details)):
        made.setData(0, role, value)
    return made


@guarded
class _Cards(QStyledItemDelegate):
    """Paints the items of a `SeriesTree`."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        line = option.fontMetrics.height()
        kind = index.data(KIND)
        if kind == CARD:
            return QSize(120, max(PICTURE, 2 * line) + 4 * MARGIN)
        lines = 2 if kind == HEADING and index.data(DETAILS) else 1
        return QSize(120, lines * line + 3 * MARGIN)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        area = option.rect.adjusted(MARGIN, MARGIN // 2, -MARGIN, -MARGIN // 2)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if index.data(KIND) == CARD:
            self._paint_card(painter, option, index, area)
        elif index.data(KIND) == LINK:
            painter.setPen(theme.colour("link"))
            _line(painter, area, str(index.data(TITLE)))
        else:
            _two_lines(painter, area, index, "text")
        painter.restore()

    def _paint_card(
        self, painter: QPainter, option: QStyleOptionViewItem, index: Index, area: QRect
    ) -> None:
        shown = bool(index.data(SHOWN))
        hovered = bool(option.state & QStyle.StateFlag.State_MouseOver)
        focused = bool(option.state & QStyle.StateFlag.State_HasFocus)
        face = "selection" if shown else "raised_hover" if hovered else "raised"
        painter.setPen(QPen(theme.colour("accent" if shown or focused else "border"), 1.0))
        painter.setBrush(theme.colour(face))
        painter.drawRoundedRect(QRectF(area).adjusted(0.5, 0.5, -0.5, -0.5), 4.0, 4.0)
        frame = QRect(area.left() + MARGIN, area.center().y() - PICTURE // 2, PICTURE, PICTURE)
        painter.fillRect(frame, theme.colour("tile"))
        picture = index.data(Qt.ItemDataRole.DecorationRole)
        if isinstance(picture, QPixmap) and not picture.isNull():
            size = picture.size().scaled(frame.size(), Qt.AspectRatioMode.KeepAspectRatio)
            place = QRect(0, 0, size.width(), size.height())
            place.moveCenter(frame.center())
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawPixmap(place, picture)
        texts = area.adjusted(PICTURE + 2 * GAP, MARGIN, -GAP, -MARGIN)
        if index.data(WARNING):
            side = option.fontMetrics.height()
            ratio = painter.device().devicePixelRatio()
            painter.drawPixmap(
                texts.right() - side,
                texts.top(),
                icons.pixmap("notice", side, "warning", ratio),
            )
            texts.setRight(texts.right() - side - MARGIN)
        _two_lines(painter, texts, index, "selection_text" if shown else "text")


def _two_lines(painter: QPainter, area: QRect, index: Index, token: str) -> None:
    details = str(index.data(DETAILS) or "")
    line = painter.fontMetrics().height()
    top = area.center().y() - (line if details else line // 2)
    bold = QFont(painter.font())
    bold.setBold(True)
    plain = painter.font()
    painter.setFont(bold)
    painter.setPen(theme.colour(token))
    _line(painter, QRect(area.left(), top, area.width(), line), str(index.data(TITLE)))
    painter.setFont(plain)
    painter.setPen(theme.colour("text_muted" if token == "text" else token))
    _line(painter, QRect(area.left(), top + line, area.width(), line), details)


def _line(painter: QPainter, area: QRect, text: str) -> None:
    shown = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, area.width())
    painter.drawText(area, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, shown)
