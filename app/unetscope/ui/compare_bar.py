"""The bar under the slice while trained and edited network are compared in some ways."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QSignalBlocker
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSpinBox,
    QWidget,
)

from unetscope.domain.comparing import FASTEST_FLICKER, SLOWEST_FLICKER, Way
from unetscope.presenters.slice_view import SlicePresenter, SliceView
from unetscope.ui.key_tips import set_tip
from unetscope.ui.viewer_bar import NUMBER_KEYS
from unetscope.ui.widgets.guard import guarded


@guarded
class CompareBar(QWidget):
    """Is there only while there is something to set."""

    def __init__(self, presenter: SlicePresenter, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("compare_bar")
        compare = presenter.compare
        self.swap = QPushButton()
        self.swap.setObjectName("compare_bar.swap")
        set_tip(
            self.swap,
            "Show the other network's mask; this key, held, the trained one",
            "view.hold_trained",
        )
        self.playing = QCheckBox("by itself")
        self.playing.setObjectName("compare_bar.playing")
        self.playing.setToolTip("Change between both masks again and again")
        self.speed = QSpinBox()
        self.speed.setObjectName("compare_bar.speed")
        self.speed.setRange(SLOWEST_FLICKER, FASTEST_FLICKER)
        self.speed.setSuffix(" changes/s")
        self.speed.setAccessibleName("Speed of flicker")
        self.speed.setToolTip("Changes a second, 1 to 4: no more than two flashes a second")
        self.classes = QComboBox()
        self.classes.setObjectName("compare_bar.classes")
        self.classes.setAccessibleName("Class whose changes are shown")
        self.classes.setToolTip("Show what one class gained and lost, or all of them")
        for choice in (self.speed, self.classes):
            choice.installEventFilter(self)
        self._flicker, self._delta = QWidget(), QWidget()
        self._swipe = QLabel("Drag the line across the slice")
        set_tip(self._swipe, "Or move it by keys, to the left", "compare.swipe_left")
        self._swipe.setProperty("role", "muted")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(6, 2, 6, 2)
        for row, widgets in (
            (self._flicker, (self.swap, self.playing, self.speed)),
            (self._delta, (QLabel("Changes of"), self.classes)),
        ):
            inner = QHBoxLayout(row)
            inner.setContentsMargins(0, 0, 0, 0)
            for widget in widgets:
                inner.addWidget(widget)
            layout.addWidget(row)
        layout.addWidget(self._swipe)
        layout.addStretch(1)
        self.swap.clicked.connect(presenter.flicker)
        self.playing.clicked.connect(lambda on: compare(lambda c: c.play(on)))
        self.speed.valueChanged.connect(lambda speed: compare(lambda c: c.set_speed(speed)))
        self.classes.activated.connect(
            lambda i: compare(lambda c: c.of_class(self.classes.itemData(i)))
        )

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Keep the keys that change a choice from the slice, where they mean something else."""
        is_override = event.type() == QEvent.Type.ShortcutOverride
        if is_override and isinstance(event, QKeyEvent) and event.key() in NUMBER_KEYS:
            event.setAccepted(not event.modifiers())
            return event.isAccepted()
        return super().eventFilter(watched, event)

    def show_view(self, view: SliceView) -> None:
        """Show what can be set, without reporting it as a user action."""
        comparing = view.comparing
        way = comparing.way if view.grey is not None else Way.OFF
        for row, of in (
            (self._flicker, Way.FLICKER),
            (self._delta, Way.DELTA),
            (self._swipe, Way.SWIPE),
        ):
            row.setVisible(way is of)
        self.setVisible(way not in (Way.OFF, Way.SIDE_BY_SIDE))
        self.swap.setText("Show edited" if comparing.trained else "Show trained")
        self.swap.setEnabled(not comparing.playing)
        with QSignalBlocker(self.playing), QSignalBlocker(self.speed):
            self.playing.setChecked(comparing.playing)
            self.speed.setValue(comparing.speed)
        if way is Way.DELTA:
            self._show_classes(view)

    def _show_classes(self, view: SliceView) -> None:
        offered = [("all classes", None), *((each.name, each.index) for each in view.classes)]
        with QSignalBlocker(self.classes):
            box = self.classes
            here = [(box.itemText(i), box.itemData(i)) for i in range(box.count())]
            if here != offered:
                self.classes.clear()
                for name, label in offered:
                    self.classes.addItem(name, label)
            chosen = [label for _, label in offered]
            label = view.comparing.label
            self.classes.setCurrentIndex(chosen.index(label) if label in chosen else 0)
