"""Which feature maps of a layer the mask needs: bars, a test of several together, a summary."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtWidgets import (
    QApplication,
    QComboBox,
    QDockWidget,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from unetscope.domain.effects import How
from unetscope.domain.explaining.ranking import RankBy
from unetscope.presenters.ranking import RankingPresenter, RankingView
from unetscope.ui import dialogs, theme
from unetscope.ui.copying import CopyKeys
from unetscope.ui.key_tips import set_tip
from unetscope.ui.widgets.bar_chart import BarChart
from unetscope.ui.widgets.elided_label import ElidedLabel
from unetscope.ui.widgets.flow_layout import FlowLayout
from unetscope.ui.widgets.guard import guarded
from unetscope.ui.widgets.plain_text import as_written, title_of
from unetscope.ui.widgets.score_table import Line, ScoreTable

SILENCED: tuple[tuple[How, str], ...] = (("zero", "to 0"), ("mean", "to its mean"))
HEADS = (
    ("Layer", "Measured on this slice; click one to see its maps"),
    ("Maps", "The three that the mask needs most"),
    ("Change", "What silencing the first of them changes"),
)
WANTED = 300  # pixels


@guarded
class RankingPanel(QDockWidget):
    """Draws a `RankingView`."""

    def __init__(self, presenter: RankingPresenter, parent: QWidget) -> None:
        super().__init__("Effect ranking", parent)
        self.setObjectName("ranking")
        self.setProperty("wanted_height", WANTED)
        self._presenter = presenter
        self._ranks: tuple[tuple[RankBy, str], ...] = ()
        self.measure = _button("measure", "Measure")
        tip = "Silence each feature map of the layer in turn, and see what the mask does"
        set_tip(self.measure, tip, "explain.ranking")
        self.all = _button("all", "All layers")
        tip = "Measure the maps of every layer, the last one first; it takes its time"
        set_tip(self.all, tip, "explain.rank_all")
        self.rank_by = QComboBox()
        self.rank_by.setObjectName("ranking.by")
        self.rank_by.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.rank_by.setToolTip(
            "What the maps are ranked by, here and under the pictures of filters and maps: Dice "
            "with the reference where one is open, else with the mask as it is"
        )
        self.silence_to = QComboBox()
        self.silence_to.setObjectName("ranking.how")
        self.silence_to.setToolTip(
            "What a silenced map becomes: 0, or its own mean, which leaves its level and takes "
            "its pattern"
        )
        for how, said in SILENCED:
            self.silence_to.addItem(said, how)
        self.better = _button("better", "")
        self.better.setToolTip(
            "After this layer come a normalisation or an activation, which make something else of "
            "a map of zeros. Show the layer that the network goes on with"
        )
        self.group = _button("group", "")
        tip = "Silence the selected maps together, and as many other maps at random, 20 times"
        set_tip(self.group, tip, "explain.test_group")
        self.copy = _button("copy", "Copy")
        self.copy.setToolTip("Copy the ranking for a spreadsheet (Ctrl+C in the chart)")
        self.save = _button("save", "CSV…")
        self.save.setToolTip("Write the effects of all layers measured on this slice")
        self.axis, self.note = _muted("ranking.axis"), _muted("ranking.note")
        self.chart = BarChart()
        self.chart.setObjectName("ranking.chart")
        self.chart.setAccessibleName("Effect of each feature map, the most needed first")
        self.chart.set_tip(presenter.tip)
        CopyKeys(self.chart, self.copy_table)
        self.detail, self.together = _told("ranking.detail"), _told("ranking.together")
        self.layers = ScoreTable(len(HEADS), 2, ())
        self.layers.setObjectName("ranking.layers")
        self.layers.setAccessibleName("The strongest maps of each layer")
        self.layers.show_heads(HEADS)
        self._names: tuple[str, ...] = ()
        self._empty = _told("ranking.empty")
        self._empty.setProperty("role", "muted")
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.setWidget(self._content())
        self._connect()
        self.show_view(presenter.view)

    def _content(self) -> QWidget:
        top = FlowLayout()
        for widget in (self.measure, self.all, self.rank_by, self.silence_to, self.better):
            top.addWidget(widget)
        for widget in (self.group, self.copy, self.save):
            top.addWidget(widget)
        chart = QWidget()
        inside = QVBoxLayout(chart)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(3)
        told = QHBoxLayout()
        told.addWidget(self.axis, 1)
        told.addWidget(self.note)
        inside.addLayout(told)
        inside.addWidget(self.chart, 1)
        inside.addWidget(self.detail)
        inside.addWidget(self.together)
        self._pages = QStackedWidget()
        self._pages.addWidget(chart)
        self._pages.addWidget(self._empty)
        parts = QSplitter(Qt.Orientation.Horizontal)
        parts.setChildrenCollapsible(False)
        parts.addWidget(self._pages)
        parts.addWidget(self.layers)
        parts.setStretchFactor(0, 1)
        parts.setSizes([400, 260])
        content = QWidget()
        layout = QVBoxLayout(content)
        layout.setContentsMargins(6, 6, 6, 6)
        layout.setSpacing(4)
        layout.addLayout(top)
        layout.addWidget(parts, 1)
        return content

    def _connect(self) -> None:
        presenter = self._presenter
        self.measure.clicked.connect(presenter.measure)
        self.all.clicked.connect(presenter.measure_all)
        self.group.clicked.connect(presenter.test_group)
        self.better.clicked.connect(lambda: presenter.go_to(presenter.view.better))
        self.rank_by.activated.connect(lambda index: presenter.rank_by(self._ranks[index][0]))
        self.silence_to.activated.connect(lambda index: presenter.silence_to(SILENCED[index][0]))
        self.chart.picked.connect(presenter.select)
        self.chart.toggled.connect(presenter.toggle)
        self.chart.extended.connect(presenter.extend)
        self.layers.cellClicked.connect(self._go_to)
        self.copy.clicked.connect(self.copy_table)
        self.save.clicked.connect(self.save_table)
        self.visibilityChanged.connect(presenter.watch)
        presenter.view_changed.connect(self.show_view)

    def copy_table(self) -> None:
        """Put the ranking into the clipboard, as rows of tab-separated values."""
        QApplication.clipboard().setText(self._presenter.as_text())

    def save_table(self) -> None:
        """Ask where to, and write all that is measured on this slice as CSV."""
        if path := dialogs.ask_save_table(self, "Save effects", "effects.csv"):
            self._presenter.save(path)

    def _go_to(self, row: int, _: int) -> None:
        if row < len(self._names):
            self._presenter.go_to(self._names[row])

    # ------------------------------------------------------------------- view

    def show_view(self, view: RankingView) -> None:
        """Make the panel show `view` without reporting it as a user action."""
        has = bool(view.maps)
        self.setWindowTitle(title_of(view.title))
        self.measure.setText("Stop" if view.measuring else "Measure")
        self.measure.setEnabled(view.can_measure)
        self.all.setEnabled(view.can_measure and not view.measuring)
        with QSignalBlocker(self.rank_by), QSignalBlocker(self.silence_to):
            if view.ranks != self._ranks:
                self._ranks = view.ranks
                self.rank_by.clear()
                self.rank_by.addItems([said for _, said in view.ranks])
            kinds = [by for by, _ in view.ranks]
            self.rank_by.setCurrentIndex(kinds.index(view.rank_by) if view.rank_by in kinds else -1)
            self.silence_to.setCurrentIndex([how for how, _ in SILENCED].index(view.silence_to))
        self.rank_by.setVisible(bool(view.ranks))
        self.better.setText(f"Go to {view.better}")
        self.better.setVisible(bool(view.better))
        count = view.chosen
        said = "Test map against others" if count == 1 else f"Test {count} maps together"
        self.group.setText("Stop the test" if view.grouping else said)
        self.group.setVisible(view.can_measure and count > 0)
        self.copy.setVisible(has)
        self.save.setVisible(has)
        self._empty.setText(view.empty)
        self._pages.setCurrentIndex(1 if view.empty else 0)
        self.axis.setText(view.axis)
        self.note.setText(view.note)
        self.note.setToolTip(as_written(view.note))
        self.note.setVisible(bool(view.note))
        self.chart.show_bars(
            view.maps,
            view.change,
            (view.lowest, view.highest),
            current=view.selected,
            also=view.also,
            stale=bool(view.note) and not view.measuring,
        )
        self.detail.setText(view.detail)
        self.detail.setVisible(bool(view.detail))
        note = f" ({view.group_note})" if view.group_note else ""
        self.together.setText(f"{view.group}{note}")
        self.together.setVisible(bool(view.group))
        self._show_layers(view)

    def _show_layers(self, view: RankingView) -> None:
        self.layers.setVisible(bool(view.layers))
        self._names = tuple(each.layer for each in view.layers)
        self.layers.show_lines(
            [
                Line(
                    texts=(each.layer, each.strongest, each.change),
                    tips=(each.told,) * len(HEADS),
                    share=each.share,
                    colour=theme.current().accent if each.shown else None,
                )
                for each in view.layers
            ]
        )


def _button(name: str, text: str) -> QPushButton:
    button = QPushButton(text)
    button.setObjectName(f"ranking.{name}")
    return button


def _told(name: str) -> QLabel:
    label = QLabel()
    label.setObjectName(name)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    return label


def _muted(name: str) -> ElidedLabel:
    label = ElidedLabel()
    label.setObjectName(name)
    label.setProperty("role", "muted")
    return label
