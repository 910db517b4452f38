"""The reference over the slice, dashed: a pane of glass on its canvas."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPaintEvent, QPen, QPixmap, QTransform
from PySide6.QtWidgets import QWidget

from unetscope.presenters.reference_outline import ReferenceOutlinePresenter, ReferenceView
from unetscope.ui import theme
from unetscope.ui.mask_colours import colours_of
from unetscope.ui.widgets.canvas_painting import INSET, legend_areas
from unetscope.ui.widgets.guard import guarded
from unetscope.ui.widgets.image_canvas import ImageCanvas
from unetscope.ui.widgets.outline import closed_loops

DASHES = [5.0, 3.0]  # drawn and left out, in widths of the pen
WIDTH = 1.5
SHADE = QColor(0, 0, 0, 150)  # between the dashes, so that they can be seen on bright and dark
SAMPLE = 22.0  # width of the dashes beside the words
WORDS = "reference"


@guarded
class ReferenceOverlay(QWidget):
    """Draws a `ReferenceView` over a canvas; the mouse goes through it."""

    def __init__(self, presenter: ReferenceOutlinePresenter, canvas: ImageCanvas) -> None:
        super().__init__(canvas)
        self.setObjectName("reference_overlay")
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._canvas = canvas
        self._presenter = presenter  # signals hold it weakly
        self._view = ReferenceView()
        self._paths: list[tuple[QColor, QPainterPath]] = []
        self._picture: tuple[tuple[object, ...], QPixmap] | None = None  # and what it is made of
        canvas.installEventFilter(self)
        presenter.view_changed.connect(self.show_view)
        self.setGeometry(canvas.rect())
        self.show_view(presenter.view)

    @property
    def view(self) -> ReferenceView:
        """What is on show."""
        return self._view

    @property
    def paths(self) -> list[tuple[QColor, QPainterPath]]:
        """The border of each class, in pixel edges of the picture: x is the column."""
        return self._paths

    def show_view(self, view: ReferenceView) -> None:
        """Draw `view`."""
        self._view = view
        self._paths, self._picture = [], None
        if view.labels is not None:
            for label, rgb in colours_of(view.legend).items():
                path = _path(closed_loops(view.labels == label))
                if not path.isEmpty():
                    self._paths.append((QColor(*rgb), path))
        self.setVisible(view.labels is not None)
        self.update()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Stay as large as the canvas."""
        if watched is self._canvas and event.type() == QEvent.Type.Resize:
            self.setGeometry(self._canvas.rect())
        return False

    def paintEvent(self, event: QPaintEvent) -> None:
        view, labels = self._canvas.view, self._view.labels
        if view is None or labels is None or labels.shape != (view.rows, view.columns):
            return
        origin = view.to_screen(0.0, 0.0)
        onto = QTransform(view.x_scale, 0.0, 0.0, view.y_scale, *origin)
        made_of = (onto, self.size(), self.devicePixelRatioF())
        if self._picture is None or self._picture[0] != made_of:
            self._picture = (made_of, self._painted(onto))
        with QPainter(self) as painter:
            painter.drawPixmap(0, 0, self._picture[1])
            self._paint_legend(painter)

    def _painted(self, onto: QTransform) -> QPixmap:
        """The dashes, kept: dashing takes longer than all else that an answer has drawn."""
        ratio = self.devicePixelRatioF()
        picture = QPixmap(self.size() * ratio)
        picture.setDevicePixelRatio(ratio)
        picture.fill(Qt.GlobalColor.transparent)
        with QPainter(picture) as painter:
            painter.setTransform(onto)
            for colour, path in self._paths:
                for pen in (_pen(colour.lighter(125)), _pen(SHADE, between=True)):
                    painter.setPen(pen)
                    painter.drawPath(path)
        return picture

    def _paint_legend(self, painter: QPainter) -> None:
        """What dashes stand for, below the legend of the mask."""
        view, content = self._canvas.view, self._canvas.content
        if view is None or not content.legend:
            return
        areas = legend_areas(content, view, self._canvas.font())
        if not areas:
            return
        last = areas[-1][1]
        area = QRectF(INSET, last.bottom() + 2.0, 0.0, last.height())
        painter.setFont(self._canvas.font())
        area.setWidth(SAMPLE + 8.0 + painter.fontMetrics().horizontalAdvance(WORDS))
        painter.fillRect(area.adjusted(-3.0, 0.0, 3.0, 0.0), QColor(0, 0, 0, 130))
        painter.setPen(_pen(theme.colour("canvas_text")))
        middle = area.center().y()
        painter.drawLine(QPointF(area.left(), middle), QPointF(area.left() + SAMPLE, middle))
        painter.setPen(theme.colour("canvas_text"))
        flags = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(area.adjusted(SAMPLE + 6.0, 0.0, 6.0, 0.0), int(flags), WORDS)


def _pen(colour: QColor, *, between: bool = False) -> QPen:
    """For the dashes, or for what lies between them."""
    pen = QPen(colour, WIDTH)
    pen.setCosmetic(True)
    pen.setCapStyle(Qt.PenCapStyle.FlatCap)
    pen.setDashPattern(DASHES[::-1] if between else DASHES)
    pen.setDashOffset(DASHES[1] if between else 0.0)
    return pen


def _path(loops: list[list[tuple[int, int]]]) -> QPainterPath:
    path = QPainterPath()
    for loop in loops:
        row, column = loop[0]
        path.moveTo(column, row)
        for row, column in loop[1:]:
            path.lineTo(column, row)
        path.closeSubpath()
    return path
