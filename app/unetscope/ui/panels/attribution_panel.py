"""Why these pixels are this class: the target, how it is traced back, and whether to believe it."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QApplication,
    QCheckBox,
    QComboBox,
    QDockWidget,
    QHBoxLayout,
    QLabel,
    QMenu,
    QPushButton,
    QSizePolicy,
    QSlider,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from unetscope.domain.explaining.choice import Method, Overlay
from unetscope.domain.explaining.target import DRAWN, TargetKind
from unetscope.presenters.attribution import AttributionPresenter, AttributionView
from unetscope.ui.copying import CopyKeys
from unetscope.ui.filter_files import ask_save
from unetscope.ui.key_tips import set_tip
from unetscope.ui.widgets.cascade_bars import CascadeBars
from unetscope.ui.widgets.elided_label import ElidedLabel
from unetscope.ui.widgets.flow_layout import FlowLayout
from unetscope.ui.widgets.heat_pair import HeatPair, PairPicture

NARROW = 64  # pixels that a choice keeps in a small window
KINDS = {
    TargetKind.CLASS: "Class",
    TargetKind.PIXEL: "One pixel",
    TargetKind.REGION: "Drawn region",
    TargetKind.CLASS_IN_REGION: "Class in region",
    TargetKind.FALSE_POSITIVES: "False positives",
    TargetKind.FALSE_NEGATIVES: "False negatives",
}
KIND_TIPS = {
    TargetKind.CLASS: "All pixels of this slice that the mask gives the class",
    TargetKind.PIXEL: "One pixel of the slice: point at it",
    TargetKind.REGION: "All pixels inside a line drawn on the slice",
    TargetKind.CLASS_IN_REGION: "The pixels of the class inside a line drawn on the slice",
    TargetKind.FALSE_POSITIVES: "The mask shows the class, the reference does not",
    TargetKind.FALSE_NEGATIVES: "The reference shows the class, the mask does not",
}
METHOD_TIPS = {
    Method.SEG_GRAD_CAM: "Where the features of a layer speak for the target; quick, coarse",
    Method.SALIENCY: "Where a small change of the image would change the score most; quick, noisy",
    Method.INTEGRATED_GRADIENTS: "What each pixel adds to the score, from an empty image to this "
    "one",
    Method.SMOOTH_GRAD: "Saliency, averaged over noisy copies of the image",
    Method.OCCLUSION: "How far the score falls when a patch of the image is covered; slow",
}
NAMES = {Overlay.ATTRIBUTION: "this network", Overlay.RANDOMISED: "random weights"}
PICTURE_TIPS = (
    "What speaks for the target. Click: lay it over the slice.",
    "The same of a network that has learnt nothing. Click: lay it over the slice.",
)


class AttributionPanel(QDockWidget):
    """Draws an `AttributionView`."""

    def __init__(self, presenter: AttributionPresenter, parent: QWidget) -> None:
        super().__init__("Explain", parent)
        self.setObjectName("attribution")
        self._presenter = presenter
        self._classes: tuple[tuple[int | None, str], ...] = ()
        self._layers: tuple[tuple[bool, str], ...] = ()

        self.kind = _box("attribution.kind", "Which pixels are explained", KINDS.values())
        for row, tip in enumerate(KIND_TIPS.values()):
            self.kind.setItemData(row, tip, Qt.ItemDataRole.ToolTipRole)
        self.kind.setMinimumWidth(self.kind.minimumSizeHint().width())  # its words count most
        self.label = _box("attribution.class", "The class that is explained")
        self.point, self.draw = QToolButton(), QToolButton()
        self.point.setObjectName("attribution.point")
        self.draw.setObjectName("attribution.draw")
        self.target = ElidedLabel()
        self.target.setObjectName("attribution.target")
        self.target.setProperty("role", "muted")
        self.method = _box("attribution.method", "How it is traced back", [m.value for m in Method])
        for row, method in enumerate(Method):
            self.method.setItemData(row, METHOD_TIPS[method], Qt.ItemDataRole.ToolTipRole)
        self.layer = _box("attribution.layer", "What it is traced back to")
        self.start = QPushButton("Explain")
        self.start.setObjectName("attribution.start")
        self.honest = QCheckBox("compare with random weights")
        self.honest.setObjectName("attribution.honest")
        set_tip(
            self.honest,
            "Honesty switch: a map that looks the same with random weights shows the image,\n"
            "not what the network has learnt",
            "explain.honesty",
        )
        self.more = QToolButton()
        self.more.setObjectName("attribution.more")
        self.more.setText("Save")
        self.more.setToolTip("Save or copy the map")
        self.more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(self.more)
        self.save = QAction("Save values…", menu)
        self.save.setObjectName("attribution.save")
        self.copy = QAction("Copy numbers", menu)
        self.copy.setObjectName("attribution.copy")
        menu.addActions([self.save, self.copy])
        self.more.setMenu(menu)
        self.pictures = HeatPair()
        self.pictures.setObjectName("attribution.pictures")
        self.pictures.setAccessibleName("The map over the slice")
        self.facts = _text("attribution.facts")
        self.verdict = _text("attribution.verdict")
        self.cascade = CascadeBars()
        self.cascade.setObjectName("attribution.cascade")
        self.cascade.setAccessibleName("How alike the maps are as more layers are random")
        self.on_slice = QCheckBox("on slice")
        self.on_slice.setObjectName("attribution.on_slice")
        set_tip(self.on_slice, "Lay the map over the slice", "explain.overlay")
        self.opacity = _slider("attribution.opacity", "Opacity of the map over the slice")
        self.threshold = _slider(
            "attribution.threshold", "The map is drawn from this share of its scale on"
        )
        self._lay_out()
        self._connect()
        self.show_view(presenter.view)

    def _lay_out(self) -> None:
        content = QWidget()
        layout = QVBoxLayout(content)
        layout.setContentsMargins(6, 6, 6, 6)
        layout.setSpacing(4)
        buttons = FlowLayout()
        buttons.addWidget(self.start)
        buttons.addWidget(self.honest)
        layout.addLayout(_row(((self.kind, 1), (self.label, 1))))
        layout.addLayout(_row(((self.target, 1), (self.point, 0), (self.draw, 0))))
        layout.addLayout(_row(((self.method, 1), (self.layer, 1))))
        layout.addLayout(buttons)
        layout.addWidget(self.pictures, 1)
        for widget in (self.verdict, self.cascade, self.facts):
            layout.addWidget(widget)
        last = ((self.on_slice, 0), (self.opacity, 1), (self.threshold, 1), (self.more, 0))
        layout.addLayout(_row(last))
        self.setWidget(content)

    def _connect(self) -> None:
        presenter, choose = self._presenter, self._presenter.choose
        kinds, methods = list(KINDS), list(Method)
        self.kind.activated.connect(lambda row: presenter.choose_kind(kinds[row]))
        self.label.activated.connect(lambda row: presenter.choose_class(self._classes[row][0]))
        self.method.activated.connect(lambda row: choose(lambda e: e.by(methods[row])))
        self.layer.activated.connect(
            lambda row: choose(lambda e: e.back_to_layer(self._layers[row][0]))
        )
        self.start.clicked.connect(self._start_or_stop)
        self.honest.toggled.connect(lambda on: choose(lambda e: e.be_honest(on)))
        self.on_slice.toggled.connect(presenter.lay_over)
        self.opacity.valueChanged.connect(
            lambda value: choose(lambda e: e.set_opacity(value / 100))
        )
        self.threshold.valueChanged.connect(
            lambda value: choose(lambda e: e.set_threshold(value / 100))
        )
        self.pictures.chosen.connect(self._lay_over)
        self.save.triggered.connect(self.ask_save)
        self.copy.triggered.connect(self.copy_numbers)
        CopyKeys(self.pictures, self.copy_numbers)
        self.visibilityChanged.connect(presenter.watch)
        presenter.view_changed.connect(self.show_view)

    def use_actions(self, point: QAction, draw: QAction) -> None:
        """Have the buttons of the two tools that choose a target on the slice be these."""
        self.point.setDefaultAction(point)
        self.draw.setDefaultAction(draw)

    def ask_save(self) -> None:
        """Ask where to, and write the values of the map."""
        if path := ask_save(self, "Save map", self._presenter.proposed, ".npy"):
            self._presenter.save(path)

    def copy_numbers(self) -> None:
        """Put what is known of the map on the clipboard, as rows of tab-separated values."""
        QApplication.clipboard().setText(self._presenter.as_text())

    def _start_or_stop(self) -> None:
        if self._presenter.view.running:
            self._presenter.cancel()
        else:
            self._presenter.start()

    def _lay_over(self, number: int) -> None:
        overlay = self._presenter.view.pictures[number].overlay
        self._presenter.choose(lambda e: e.lay_over(None if e.overlay is overlay else overlay))

    # ------------------------------------------------------------------- view

    def show_view(self, view: AttributionView) -> None:
        """Make the panel show `view` without reporting it as a user action."""
        choice = view.choice
        self._show_choices(view)
        self.target.setText(" · ".join(filter(None, (view.score, view.target))))
        self.start.setText("Stop" if view.running else "Explain")
        self.start.setEnabled(view.running or view.has_target)
        self.more.setEnabled(bool(view.pictures))
        if view.pictures:
            shown = [
                PairPicture(
                    heat=each.heat,
                    limits=each.limits,
                    signed=each.signed,
                    caption=each.caption,
                    tip=tip,
                    framed=choice.overlay is each.overlay,
                )
                for each, tip in zip(view.pictures, PICTURE_TIPS, strict=False)
            ]
            self.pictures.show_pictures(tuple(shown), view.grey, view.aspect, choice.threshold)
        else:
            self.pictures.show_message(view.empty)
        lines = [*(f"{name}: {value}" for name, value in view.facts), *view.notes]
        self.facts.setText("\n".join(lines))
        self.facts.setToolTip(view.title)
        self.facts.setVisible(bool(lines))
        self._show_honesty(view)

    def _show_choices(self, view: AttributionView) -> None:
        choice, target = view.choice, view.choice.target
        boxes = (self.kind, self.label, self.method, self.layer, self.opacity, self.threshold)
        held = [QSignalBlocker(each) for each in (*boxes, self.honest, self.on_slice)]
        if view.classes != self._classes:
            self._classes = view.classes
            self.label.clear()
            self.label.addItems([name for _, name in view.classes])
        if view.layers != self._layers:
            self._layers = view.layers
            self.layer.clear()
            self.layer.addItems([name for _, name in view.layers])
        self.kind.setCurrentIndex(list(KINDS).index(target.kind))
        self.kind.setToolTip(KIND_TIPS[target.kind])
        labels = [label for label, _ in view.classes]
        self.label.setCurrentIndex(labels.index(target.label) if target.label in labels else 0)
        self.method.setCurrentIndex(list(Method).index(choice.method))
        self.method.setToolTip(METHOD_TIPS[choice.method])
        ways = [at for at, _ in view.layers]
        self.layer.setCurrentIndex(ways.index(choice.at_layer) if choice.at_layer in ways else 0)
        self.layer.setEnabled(len(ways) > 1)
        self.honest.setChecked(choice.honest)
        self.on_slice.setChecked(choice.overlay in NAMES)
        self.opacity.setValue(round(choice.opacity * 100))
        self.threshold.setValue(round(choice.threshold * 100))
        self.point.setVisible(target.kind not in DRAWN)
        self.draw.setVisible(target.kind is not TargetKind.PIXEL)
        for each in held:
            each.unblock()

    def _show_honesty(self, view: AttributionView) -> None:
        honesty = view.honesty if view.choice.honest else None
        waits = view.choice.honest and honesty is None and view.running
        self.verdict.setVisible(honesty is not None or waits)
        self.cascade.setVisible(honesty is not None)
        if honesty is None:
            self.verdict.setProperty("role", "muted")
            self.verdict.setText("Comparing with random weights …" if waits else "")
        else:
            self.verdict.setProperty("role", "" if honesty.depends_on_weights else "warning")
            self.verdict.setText(honesty.verdict)
            self.cascade.show_stages(honesty.cascade)
        self.verdict.style().polish(self.verdict)


def _row(widgets: tuple[tuple[QWidget, int], ...]) -> QHBoxLayout:
    row = QHBoxLayout()
    row.setSpacing(4)
    for widget, share in widgets:
        row.addWidget(widget, share)
    return row


def _box(name: str, tip: str, entries: Iterable[str] = ()) -> QComboBox:
    box = QComboBox()
    box.setObjectName(name)
    box.setAccessibleName(tip)
    box.setToolTip(tip)
    box.setMinimumContentsLength(8)
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    box.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
    box.setMinimumWidth(NARROW)
    box.addItems(list(entries))
    return box


def _slider(name: str, tip: str) -> QSlider:
    slider = QSlider(Qt.Orientation.Horizontal)
    slider.setObjectName(name)
    slider.setAccessibleName(tip)
    slider.setToolTip(tip)
    slider.setRange(0, 100)
    return slider


def _text(name: str) -> QLabel:
    label = QLabel()
    label.setObjectName(name)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    label.setWordWrap(True)
    return label
