"""One entry for each class of the network, to show its probability in place of the mask."""

from __future__ import annotations

from functools import partial

from PySide6.QtWidgets import QMenu, QWidget

from unetscope.presenters.slice_view import SlicePresenter
from unetscope.state.store import Store


class ProbabilityMenu(QMenu):
    """Lists the classes of the model's card."""

    def __init__(self, presenter: SlicePresenter, store: Store, parent: QWidget) -> None:
        super().__init__("Probability", parent)
        self._presenter = presenter
        self._store = store
        self.aboutToShow.connect(self.fill)

    def fill(self) -> None:
        """Make the entries anew."""
        self.clear()
        session = self._store.session
        for label in session.card.classes if session.card else ():
            action = self.addAction(label.name)
            action.setCheckable(True)
            action.setChecked(label.index == session.viewer.probability)
            action.triggered.connect(partial(self._choose, label.index))
        if self.isEmpty():
            self.addAction("There is no network yet").setEnabled(False)

    def _choose(self, label: int, _checked: bool = False) -> None:
        self._presenter.look(lambda viewer: viewer.show_probability(label))
