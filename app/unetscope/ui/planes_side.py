"""The two planes across the slices, one above the other, beside the slice."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from unetscope.domain.viewer import Tool
from unetscope.presenters.planes import PlanesPresenter, PlanesView, PlaneView
from unetscope.ui.mask_colours import MaskColours, colours_of
from unetscope.ui.widgets.canvas_content import CanvasContent, Corners, Edges
from unetscope.ui.widgets.image_canvas import ImageCanvas

SHARED_TOOLS = frozenset({Tool.WINDOW, Tool.PAN, Tool.ZOOM, Tool.SCROLL})


class PlanesSide(QWidget):
    """Draws a `PlanesView` and reports where the crosshair is put."""

    window_dragged = Signal(float, float, bool)

    def __init__(self, presenter: PlanesPresenter, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("planes")
        self._presenter = presenter
        self.canvases = (ImageCanvas(self), ImageCanvas(self))
        self._colours = (MaskColours(), MaskColours())
        halves = QSplitter(Qt.Orientation.Vertical)
        for number, canvas in enumerate(self.canvases):
            canvas.setObjectName(f"planes.canvas_{number}")
            canvas.setAccessibleName("Plane across the slices")
            canvas.scrolled.connect(partial(presenter.step, number))
            canvas.clicked.connect(partial(presenter.point_at, number))
            canvas.pointed.connect(partial(presenter.point_at, number))
            canvas.window_dragged.connect(self.window_dragged)
            halves.addWidget(canvas)
        self.progress = QProgressBar()
        self.progress.setObjectName("planes.progress")
        self.progress.setRange(0, 100)
        self.cancel = QPushButton("Cancel")
        self.cancel.setObjectName("planes.cancel")
        self.cancel.setToolTip("Stop reading the series, and show one plane")
        self.cancel.clicked.connect(presenter.cancel)
        self._reading = QWidget()
        row = QHBoxLayout(self._reading)
        row.setContentsMargins(4, 0, 4, 0)
        for widget in (QLabel("Reading the series"), self.progress, self.cancel):
            row.addWidget(widget)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(halves, 1)
        layout.addWidget(self._reading)
        presenter.view_changed.connect(self.show_view)
        self.show_view(presenter.view)

    def show_view(self, view: PlanesView) -> None:
        """Make both canvases show `view`."""
        self.setVisible(view.shown)
        if not view.shown:
            return
        self._reading.setVisible(not view.problem and view.share < 1.0)
        self.progress.setValue(round(view.share * 100))
        # what measures is for the slice only: here its button moves the crosshair
        tool = view.tool
        name = "" if tool is None else (tool if tool in SHARED_TOOLS else Tool.CROSSHAIR).value
        for number, canvas in enumerate(self.canvases):
            canvas.take_tool(name)
            if view.problem or number >= len(view.planes):
                canvas.show_message(view.problem if not number else "")
            else:
                canvas.show_content(self._content(view, view.planes[number], number))

    def _content(self, view: PlanesView, plane: PlaneView, number: int) -> CanvasContent:
        colours = colours_of(plane.legend)
        shown = {k: rgb for k, rgb in colours.items() if k not in plane.hidden}
        overlay = None
        if plane.labels is not None and not view.outlined:
            overlay = self._colours[number].filled(plane.labels, shown, view.opacity)
        letters = plane.letters
        return CanvasContent(
            grey=plane.grey,
            spacing=plane.aspect,
            calibrated=True,
            overlay=overlay,
            outline=plane.labels if view.outlined else None,
            outline_colours=shown if view.outlined else {},
            letters=Edges(
                left=letters.left, right=letters.right, top=letters.top, bottom=letters.bottom
            ),
            corners=Corners(top_left=plane.texts),
            crosshair=plane.crosshair,
            smooth=view.smooth,
        )

    def fit(self) -> None:
        """Show both planes as a whole."""
        for canvas in self.canvases:
            canvas.fit()
