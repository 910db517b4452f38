"""All that shows the evaluation: its panel, the reference on the slice, and what is asked."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from unetscope.presenters.evaluation import EvaluationPresenter
from unetscope.presenters.reference_outline import ReferenceOutlinePresenter
from unetscope.ui import dialogs
from unetscope.ui.matching_dialog import MatchingDialog
from unetscope.ui.panels.evaluation_panel import EvaluationPanel
from unetscope.ui.reference_overlay import ReferenceOverlay
from unetscope.ui.widgets.image_canvas import ImageCanvas

if TYPE_CHECKING:
    from unetscope.ui.main_window import MainWindow


@dataclass(frozen=True, slots=True)
class EvaluationPresenters:
    """The presenters of the evaluation."""

    panel: EvaluationPresenter
    outline: ReferenceOutlinePresenter


class Evaluation(QObject):
    """The panel of the evaluation, the reference on the slice, and their dialogs."""

    def __init__(
        self, presenters: EvaluationPresenters, canvas: ImageCanvas, window: MainWindow
    ) -> None:
        super().__init__(window)
        self._window = window
        self._presenter = presenters.panel
        self.panel = EvaluationPanel(presenters.panel, window)
        self.overlay = ReferenceOverlay(presenters.outline, canvas)
        self.panel.open_asked.connect(self.ask_open)
        self.panel.matching_asked.connect(self.ask_matching)
        presenters.panel.matching_wanted.connect(self.ask_matching)
        presenters.panel.opened.connect(lambda: window.places.reveal("evaluation"))
        presenters.panel.other_patient.connect(self.ask_other_patient)
        window.opening.references = presenters.panel

    def ask_open(self) -> None:
        """Ask for a reference of the series shown, and open it."""
        if path := dialogs.ask_reference(self._window):
            self._presenter.open(path)

    def ask_other_patient(self, path: Path, what: str) -> None:
        """Ask whether a reference that names another patient is wanted."""
        if dialogs.ask_other_patient(self._window, what):
            self._presenter.open(path, other_patient=True)

    def start(self) -> None:
        """Show the panel, and segment what is missing; without a reference ask for one."""
        self._window.places.reveal("evaluation")
        if self._presenter.view.reference:
            self._presenter.start()
        else:
            self.ask_open()

    def ask_matching(self) -> None:
        """Ask which structures make which class."""
        view = self._presenter.matching()
        if view is not None:
            MatchingDialog(view, self._presenter.match, self._window).open()
