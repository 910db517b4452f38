"""The bar under the slice: cine's speed and the threshold of a probability, while there are any."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QEvent, QObject, QSignalBlocker, QSize, Qt
from PySide6.QtGui import QImage, QKeyEvent, QPixmap
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSlider, QSpinBox, QWidget

from unetscope.domain.viewer import FASTEST, SLOWEST
from unetscope.presenters.slice_view import SlicePresenter, SliceView
from unetscope.ui.colours import VIRIDIS, to_rgb32
from unetscope.ui.key_tips import set_tip
from unetscope.ui.widgets.guard import guarded

SCALE_SIZE = QSize(96, 10)
NUMBER_KEYS = frozenset(
    {
        Qt.Key.Key_Up,
        Qt.Key.Key_Down,
        Qt.Key.Key_Left,
        Qt.Key.Key_Right,
        Qt.Key.Key_PageUp,
        Qt.Key.Key_PageDown,
        Qt.Key.Key_Home,
        Qt.Key.Key_End,
    }
)


@guarded
class ViewerBar(QWidget):
    """Is there only while there is something to set."""

    def __init__(self, presenter: SlicePresenter, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("viewer_bar")
        look = presenter.look
        self.speed = QSpinBox()
        self.speed.setObjectName("viewer_bar.speed")
        self.speed.setRange(SLOWEST, FASTEST)
        self.speed.setSuffix(" slices/s")
        self.speed.setAccessibleName("Speed of cine")
        self.speed.setToolTip("Slices a second; scrolling stops cine")
        self.stop = QPushButton("Stop")
        self.stop.setObjectName("viewer_bar.stop")
        set_tip(self.stop, "Stop cine", "slice.cine")
        self.name = QLabel()
        self.name.setObjectName("viewer_bar.probability")
        self.threshold = QSlider(Qt.Orientation.Horizontal)
        self.threshold.setObjectName("viewer_bar.threshold")
        self.threshold.setRange(0, 100)
        self.threshold.setMaximumWidth(220)
        self.threshold.setAccessibleName("Threshold of the probability")
        self.threshold.setToolTip("Probabilities below it are not drawn")
        scale = QLabel()
        scale.setPixmap(_colour_scale())
        scale.setToolTip("Colours from probability 0 to 1")
        self.close_map = QPushButton("Show mask")
        self.close_map.setObjectName("viewer_bar.show_mask")
        self.close_map.setToolTip("Show the mask in place of the probability")
        for number in (self.speed, self.threshold):
            number.installEventFilter(self)
        self._cine, self._map = QWidget(), QWidget()
        rows = (
            (self._cine, (QLabel("Cine"), self.speed, self.stop)),
            (
                self._map,
                (self.name, self.threshold, QLabel("0"), scale, QLabel("1"), self.close_map),
            ),
        )
        layout = QHBoxLayout(self)
        layout.setContentsMargins(6, 2, 6, 2)
        for row, widgets in rows:
            inner = QHBoxLayout(row)
            inner.setContentsMargins(0, 0, 0, 0)
            for widget in widgets:
                inner.addWidget(widget)
            layout.addWidget(row)
        layout.addStretch(1)
        self.speed.valueChanged.connect(lambda speed: look(lambda v: v.set_speed(speed)))
        self.stop.clicked.connect(lambda: look(lambda v: v.play(False)))
        self.threshold.valueChanged.connect(
            lambda share: look(lambda v: v.set_threshold(share / 100))
        )
        self.close_map.clicked.connect(lambda: look(lambda v: v.show_probability(None)))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Keep the keys that change a number from the slice, where they mean something else."""
        if (
            isinstance(event, QKeyEvent)
            and event.type() == QEvent.Type.ShortcutOverride
            and event.key() in NUMBER_KEYS
            and not event.modifiers()
        ):
            event.accept()
            return True
        return super().eventFilter(watched, event)

    def show_view(self, view: SliceView) -> None:
        """Show what can be set, without reporting it as a user action."""
        viewer = view.viewer
        with QSignalBlocker(self.speed), QSignalBlocker(self.threshold):
            self.speed.setValue(viewer.speed)
            self.threshold.setValue(round(viewer.threshold * 100))
        has_map = viewer.probability is not None and view.grey is not None
        there = "" if view.chance is not None else " (not there)"
        self.name.setText(
            f"Probability of {view.chance_of}{there} ≥ {viewer.threshold:.2f}, uncalibrated"
        )
        self._cine.setVisible(viewer.playing)
        self._map.setVisible(has_map)
        self.setVisible(viewer.playing or has_map)


def _colour_scale() -> QPixmap:
    """The colours of probabilities from 0 to 1, side by side."""
    words = np.ascontiguousarray(to_rgb32(VIRIDIS)[None, :])
    one_row = QImage(words.data, words.shape[1], 1, QImage.Format.Format_RGB32)
    return QPixmap.fromImage(one_row.scaled(SCALE_SIZE))
