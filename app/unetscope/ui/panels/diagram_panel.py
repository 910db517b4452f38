"""The diagram of the network, with its buttons and exports."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QPoint
from PySide6.QtWidgets import (
    QDockWidget,
    QFileDialog,
    QHBoxLayout,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from unetscope.domain.errors import UnetscopeError
from unetscope.presenters.diagram import DiagramPresenter, DiagramView
from unetscope.presenters.layer_actions import LayerActionsPresenter
from unetscope.ui.diagram_export import save_diagram
from unetscope.ui.layer_menu import LayerMenu
from unetscope.ui.widgets.diagram_canvas import DiagramCanvas
from unetscope.ui.widgets.diagram_painting import DiagramContent
from unetscope.ui.widgets.elided_label import ElidedLabel


class DiagramPanel(QDockWidget):
    """Draws a `DiagramView`; a click selects a layer, a right click offers what can be done."""

    def __init__(
        self, presenter: DiagramPresenter, actions: LayerActionsPresenter, parent: QWidget
    ) -> None:
        super().__init__("Diagram", parent)
        self.setObjectName("diagram")
        self._presenter = presenter
        self._actions = actions
        self.canvas = DiagramCanvas()
        self.canvas.setObjectName("diagram.canvas")
        self._about = ElidedLabel()
        self._about.setProperty("role", "muted")

        buttons = QHBoxLayout()
        buttons.setSpacing(2)
        buttons.addWidget(self._about, 1)
        for name, text, tip, does in (
            ("fit", "Fit", "Show all of it (0); wheel, + and - zoom", self.canvas.fit),
            ("selection", "Zoom", "Zoom to the selected layer (Z)", self.canvas.zoom_to_selection),
            ("save", "Save…", "Save the diagram as SVG or PNG", self.ask_save),
        ):
            button = QToolButton()
            button.setObjectName(f"diagram.{name}")
            button.setText(text)
            button.setToolTip(tip)
            button.clicked.connect(does)
            buttons.addWidget(button)
        content = QWidget()
        layout = QVBoxLayout(content)
        layout.setContentsMargins(6, 4, 6, 6)
        layout.setSpacing(4)
        layout.addLayout(buttons)
        layout.addWidget(self.canvas, 1)
        self.setWidget(content)

        self.canvas.picked.connect(presenter.select)
        self.canvas.asked.connect(self._open_menu)
        self.canvas.asked_line.connect(self._open_line_menu)
        actions.asked_to_show.connect(self.show_layer)
        presenter.view_changed.connect(self.show_view)
        self.show_view(presenter.view)

    def show_view(self, view: DiagramView) -> None:
        """Make the canvas show `view`."""
        self._about.setText(view.name)
        if not view.diagram.boxes:
            self.canvas.show_message(view.empty)
            return
        self.canvas.show_content(
            DiagramContent(
                diagram=view.diagram,
                selected=view.selected,
                edited=view.edited,
                intervened=view.intervened,
                cut=view.cut,
                patched=view.patched,
            ),
            view.tips,
        )

    def show_layer(self, name: str) -> None:
        """Come to the front and look at a layer."""
        self.show()
        self.raise_()
        self._presenter.select(name)
        self.canvas.setFocus()
        self.canvas.zoom_to_selection()

    def show_selected(self) -> None:
        """Come to the front and look at the selected layer."""
        if self._presenter.view.selected is not None:
            self.show_layer(self._presenter.view.selected)

    def ask_save(self) -> None:
        """Ask where the diagram goes, and write it."""
        view = self._presenter.view
        if not view.diagram.boxes:
            return
        kinds = "Drawing (*.svg);;Picture (*.png)"
        text, kind = QFileDialog.getSaveFileName(
            self, "Save diagram", f"{view.name}-diagram.svg", kinds
        )
        if not text:
            return
        path = Path(text)
        if path.suffix.lower() not in (".svg", ".png"):
            path = path.with_name(path.name + (".png" if "png" in kind else ".svg"))
        self.save(path)

    def save(self, path: Path) -> None:
        """Write the diagram as SVG or PNG, and say so."""
        try:
            save_diagram(path, self.canvas.content, self._presenter.view.name)
        except UnetscopeError as error:
            self._actions.tell(error.what, error.hint, trouble=True)
        else:
            self._actions.tell(f"Saved {path.name}.", "Research use only.", trouble=False)

    def _open_menu(self, name: str, at: QPoint) -> None:
        self._presenter.select(name)
        LayerMenu(self._actions, self).open_for_layer(name, at, in_diagram=True)

    def _open_line_menu(self, reader: str, source: str, at: QPoint) -> None:
        LayerMenu(self._actions, self).open_for_line(reader, source, at)
