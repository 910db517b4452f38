"""The menu of a layer, and of a line between layers, for the tree and the diagram alike."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtCore import QPoint
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog, QInputDialog, QMenu, QWidget

from unetscope.presenters.layer_actions import LayerActionsPresenter, LayerOffers, SkipOffer


class LayerMenu(QMenu):
    """What can be done to a layer; it deletes itself once it is closed."""

    def __init__(self, presenter: LayerActionsPresenter, parent: QWidget) -> None:
        super().__init__(parent)
        self._presenter = presenter
        self._owner = parent
        self.setToolTipsVisible(True)
        self.aboutToHide.connect(self.deleteLater)

    def open_for_layer(self, name: str, at: QPoint, *, in_diagram: bool = False) -> None:
        """Show what can be done to a layer, at a point of the screen."""
        offers = self._presenter.offers(name)
        self.addAction("Copy name", lambda: _copy(name))
        if not in_diagram:
            self.addAction("Show in the diagram", lambda: self._presenter.asked_to_show.emit(name))
        self.addSeparator()
        self._offer_maps(offers)
        for skip in offers.skips:
            self._offer_skip(skip, inside=len(offers.skips) > 1)
        self.addSeparator()
        revert = self.addAction("Revert layer", lambda: self._presenter.revert(name))
        revert.setEnabled(offers.edited)
        revert.setToolTip("Bring the layer's weights back to the trained values")
        self._offer_weights(offers)
        self.popup(at)

    def open_for_line(self, reader: str, source: str, at: QPoint) -> None:
        """Show what can be done to what one layer reads of another, at a point of the screen."""
        offer = self._presenter.offer_of_line(reader, source)
        if offer is None:
            nothing = self.addAction(f"{source} is all that {reader} reads")
            nothing.setEnabled(False)
        else:
            self._offer_skip(offer, inside=False)
        self.popup(at)

    def _offer_maps(self, offers: LayerOffers) -> None:
        name = offers.name
        to_zero = self.addAction("Silence all maps", lambda: self._presenter.silence(name))
        to_zero.setToolTip("Put 0 in place of everything this layer gives")
        to_mean = self.addAction(
            "Silence all maps to their means", lambda: self._presenter.silence(name, "mean")
        )
        to_mean.setToolTip(
            "Put each map's own mean in place of it: the picture goes, its level stays"
        )
        for action in (to_zero, to_mean):
            action.setEnabled(not offers.silenced)
        back = self.addAction("Bring the maps back", lambda: self._presenter.bring_back(name))
        back.setEnabled(offers.intervened)
        back.setToolTip("Take all interventions on this layer's maps out")

    def _offer_skip(self, skip: SkipOffer, *, inside: bool) -> None:
        menu, of = (self.addMenu(f"Skip {skip.text}"), "") if inside else (self, f" {skip.text}")
        reader, source = skip.reader, skip.source
        cut = menu.addAction(f"Cut{of}", lambda: self._presenter.cut(reader, source))
        cut.setToolTip(f"{reader} reads 0 in place of what {source} gives")
        mean = menu.addAction(
            f"Cut{of} to the means", lambda: self._presenter.cut(reader, source, "mean")
        )
        mean.setToolTip(f"{reader} reads the mean of each map of {source}")
        patch = menu.addAction(f"Patch{of} with another slice…", lambda: self._ask_patch(skip))
        patch.setToolTip(f"{reader} reads what {source} makes of another slice of this series")
        patch.setEnabled(self._presenter.slices is not None)
        mend = menu.addAction(f"Mend{of}", lambda: self._presenter.mend(reader, source))
        mend.setEnabled(skip.changed)
        mend.setToolTip(f"{reader} reads what {source} gives again")
        if menu is not self:
            menu.setToolTipsVisible(True)

    def _offer_weights(self, offers: LayerOffers) -> None:
        name = offers.name
        for text, trained in (("in force", False), ("as trained", True)):
            ask = partial(
                ask_save_weights, self._owner, self._presenter, name, None, name, trained=trained
            )
            save = self.addAction(f"Save weights {text}…", ask)
            save.setEnabled(offers.has_weights)
            save.setToolTip("All weight arrays of the layer as .npz")

    def _ask_patch(self, skip: SkipOffer) -> None:
        slices = self._presenter.slices
        if slices is None:
            return
        shown, count = slices
        proposed = shown + 2 if shown + 1 < count else max(shown, 1)
        number, chosen = QInputDialog.getInt(
            self._owner,
            "Patch a skip connection",
            f"{skip.reader} reads what {skip.source} makes of slice (1 to {count}):",
            proposed,
            1,
            count,
        )
        if chosen:
            self._presenter.patch(skip.reader, skip.source, number - 1)


def ask_save_weights(
    parent: QWidget,
    presenter: LayerActionsPresenter,
    layer: str,
    which: int | None,
    name: str,
    *,
    trained: bool,
) -> None:
    """Ask where weights go, and write them.

    Parameters
    ----------
    which : int or None
        The array in Keras order; None for all of the layer.
    name : str
        What to propose as the file's name.
    """
    ending = ".npz" if which is None else ".npy"
    proposed = f"{name.replace('/', '_')}{ending}"
    kind = f"NumPy (*{ending})"
    text, _ = QFileDialog.getSaveFileName(parent, "Save weights", proposed, kind)
    if text:
        path = Path(text)
        path = path if path.suffix == ending else path.with_name(path.name + ending)
        presenter.save_weights(layer, path, which, trained=trained)


def _copy(text: str) -> None:
    QGuiApplication.clipboard().setText(text)
