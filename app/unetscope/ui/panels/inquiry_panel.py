"""One voxel: what the network says about it, and which maps at each scale made it say so."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QDockWidget,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from unetscope.presenters.inquiry import ClassLine, InquiryPresenter, InquiryView, ScaleView
from unetscope.ui.key_tips import set_tip
from unetscope.ui.widgets.elided_label import ElidedLabel
from unetscope.ui.widgets.guard import guarded
from unetscope.ui.widgets.push_bars import Bar, BarGroup, PushBars
from unetscope.ui.widgets.score_table import ROW, Line, ScoreTable

MOST_ROWS = 6  # classes that are seen without scrolling
BAR = 2  # the column with a bar
WANTED = 390  # pixels, for five scales or so
HEADS = (
    ("Class", "Click a class to list the maps that push it"),
    ("p, uncalibrated", "As the network gives it: it need not be how often the network is right"),
)
SCORES = {
    "Logit": ("Logit", "What the last activation is applied to: the class with the highest wins"),
    "Score": ("Score", "The network's output itself: how it comes about is not known"),
}
HOW = (
    "Gradient × activation: the values of a map times the slope of the logit, added up.\n"
    "Nearest to the mask it is what the logit loses if the map is 0; farther from it, a guess.\n"
    "To see it exactly, silence the map."
)


@guarded
class InquiryPanel(QDockWidget):
    """Draws an `InquiryView`."""

    map_wanted = Signal()  # a map was chosen to be seen large

    def __init__(self, presenter: InquiryPresenter, parent: QWidget) -> None:
        super().__init__("Voxel", parent)
        self.setObjectName("inquiry")
        self._presenter = presenter
        self._shown: tuple[ScaleView, ...] = ()

        self.setProperty("wanted_height", WANTED)
        self.place = ElidedLabel()
        self.place.setObjectName("inquiry.place")
        self.place.setProperty("role", "muted")
        self.stay = QPushButton("Stay")
        self.stay.setObjectName("inquiry.stay")
        self.stay.setCheckable(True)
        set_tip(self.stay, "Stay at this pixel, or follow the cursor", "explain.stay_at_voxel")
        self.table = ScoreTable(BAR + 1, BAR, ())
        self.table.setObjectName("inquiry.table")
        self.table.setAccessibleName("Classes at this voxel")
        self.table.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.entropy = ElidedLabel()
        self.entropy.setObjectName("inquiry.entropy")
        self.entropy.setToolTip(
            "How undecided the probabilities are: 0 bits where one class has all of it"
        )
        self.heading = ElidedLabel()
        self.heading.setProperty("role", "muted")
        self.heading.setToolTip(HOW)
        self.bars = PushBars()
        self.bars.setObjectName("inquiry.bars")
        self.bars.setAccessibleName("Maps that push the class, by scale")
        self._empty = QLabel()
        self._empty.setObjectName("inquiry.empty")
        self._empty.setWordWrap(True)
        self._empty.setTextFormat(Qt.TextFormat.PlainText)
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._empty.setProperty("role", "muted")
        self._pages = QStackedWidget()
        self._pages.addWidget(self._told())
        self._pages.addWidget(self._empty)
        self.setWidget(self._pages)

        self.stay.clicked.connect(presenter.stay)
        self.table.cellClicked.connect(lambda row, _: presenter.choose_class(row))
        self.bars.chosen.connect(self._choose)
        self.bars.activated.connect(self._open)
        self.visibilityChanged.connect(presenter.watch)  # behind a tab it is not seen either
        presenter.view_changed.connect(self.show_view)
        self.show_view(presenter.view)

    def _told(self) -> QWidget:
        top = QHBoxLayout()
        top.addWidget(self.place, 1)
        top.addWidget(self.stay)
        scrolled = QScrollArea()
        scrolled.setFrameShape(QFrame.Shape.NoFrame)
        scrolled.setWidgetResizable(True)
        scrolled.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(0, 0, 4, 0)
        column.addWidget(self.bars)
        column.addStretch(1)
        scrolled.setWidget(inside)
        content = QWidget()
        layout = QVBoxLayout(content)
        layout.setContentsMargins(6, 6, 6, 6)
        layout.setSpacing(4)
        layout.addLayout(top)
        layout.addWidget(self.table)
        layout.addWidget(self.entropy)
        layout.addWidget(self.heading)
        layout.addWidget(scrolled, 1)
        return content

    def show_view(self, view: InquiryView) -> None:
        """Make table and bars show `view`."""
        self._pages.setCurrentIndex(1 if view.empty else 0)
        self._empty.setText(view.empty)
        self.stay.setChecked(view.pinned)
        self.stay.setText("Stays" if view.pinned else "Stay")
        if view.empty:
            return
        self.place.setText(view.place)
        self.table.show_heads((HEADS[0], SCORES[view.score_name], HEADS[1]))
        self.table.show_lines([_row(line, view.stale) for line in view.classes])
        rows = min(max(len(view.classes), 1), MOST_ROWS)
        header = self.table.horizontalHeader().sizeHint().height()
        self.table.setFixedHeight(header + rows * ROW + 2 * self.table.frameWidth() + 2)
        self.entropy.setText(view.entropy)
        self.heading.setText(view.heading)
        self._shown = view.scales
        layers = [scale.layer for scale in view.scales]
        selected = None
        if view.selected is not None and view.selected[0] in layers:
            selected = (layers.index(view.selected[0]), view.selected[1])
        self.bars.show_groups([_group(scale) for scale in view.scales], selected, faint=view.stale)

    def _choose(self, group: int, number: int) -> None:
        if group < len(self._shown):
            self._presenter.select(self._shown[group].layer, number)

    def _open(self, group: int, number: int) -> None:
        self._choose(group, number)
        self.map_wanted.emit()


def _row(line: ClassLine, stale: bool) -> Line:
    name = f"▸ {line.name}" if line.explained else line.name
    texts = (name, line.logit, line.said)
    return Line(texts, (line.tip,) * 3, line.colour, line.probability, muted=stale)


def _group(scale: ScaleView) -> BarGroup:
    up, down = (
        tuple(Bar(push.feature_map, push.share, push.tip) for push in pushes)
        for pushes in (scale.up, scale.down)
    )
    return BarGroup(scale.title, scale.size, scale.tip, up, down)
