"""The filter gallery: every kernel of the selected layer as a small picture."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QDockWidget,
    QHBoxLayout,
    QMenu,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from unetscope.domain.filter_gallery import Gallery
from unetscope.presenters.filters import FiltersPresenter, FiltersView
from unetscope.ui import filter_files, theme
from unetscope.ui.colours import DIVERGING
from unetscope.ui.filter_choices import FilterChoices
from unetscope.ui.filter_pictures import matrix_of, tiles_of, whole_picture
from unetscope.ui.widgets.colour_bar import ColourBar
from unetscope.ui.widgets.elided_label import ElidedLabel
from unetscope.ui.widgets.kernel_matrix import KernelMatrix
from unetscope.ui.widgets.plain_text import title_of
from unetscope.ui.widgets.tile_gallery import TileGallery


class FiltersPanel(QDockWidget):
    """Draws a `FiltersView`; a click or the arrow keys select a filter."""

    def __init__(self, presenter: FiltersPresenter, parent: QWidget) -> None:
        super().__init__("Filters", parent)
        self.setObjectName("filters")
        self._presenter = presenter
        self._known: tuple[object, ...] = ()
        self._view = presenter.view
        self._places: dict[int, int] = {}  # of rows in the gallery of tiles

        self.choices = FilterChoices(presenter.view)
        self.gallery = TileGallery()
        self.gallery.setObjectName("filters.gallery")
        self.gallery.setAccessibleName("Filters")
        self.gallery.tile_size = 48  # room for the mark of an edited kernel
        self.matrix = KernelMatrix()
        self.matrix.setObjectName("filters.matrix")
        self.heat = KernelMatrix()
        self.heat.setObjectName("filters.heat")
        self.heat.cell_size = 6
        self.stack = QStackedWidget()
        for widget in (self.gallery, self.matrix, self.heat):
            self.stack.addWidget(widget)
        self.caption = ElidedLabel()
        self.caption.setObjectName("filters.caption")
        self.legend = ElidedLabel()
        self.legend.setObjectName("filters.legend")
        for label in (self.caption, self.legend):
            label.setProperty("role", "muted")
        self.bar = ColourBar()
        self._lay_out()
        self._connect()
        self.show_view(presenter.view)

    def _lay_out(self) -> None:
        content = QWidget()
        layout = QVBoxLayout(content)
        layout.setContentsMargins(6, 6, 6, 4)
        layout.setSpacing(4)
        foot = QHBoxLayout()
        foot.addWidget(self.caption, 1)
        foot.addWidget(self.bar)
        layout.addWidget(self.choices)
        layout.addWidget(self.stack, 1)
        layout.addLayout(foot)
        layout.addWidget(self.legend)
        self.setWidget(content)

    def _connect(self) -> None:
        presenter = self._presenter
        self.gallery.selected_changed.connect(lambda i: presenter.select(self._row_of(i)))
        choices = self.choices
        choices.arranged.connect(presenter.arrange)
        choices.ranked.connect(presenter.rank_by)
        choices.filter_number.valueChanged.connect(presenter.select_filter)
        choices.in_channel.valueChanged.connect(presenter.select_in_channel)
        choices.measure.clicked.connect(presenter.measure)
        self.gallery.set_tooltip(lambda i: presenter.tip(self._row_of(i)))
        self.gallery.drag.text = self._dragged_tile
        self.gallery.context_menu.connect(lambda i, at: self._open_menu(self._row_of(i), at))
        for matrix in (self.matrix, self.heat):
            matrix.selected_changed.connect(presenter.select)
            matrix.set_tooltip(self._matrix_tip)
            matrix.context_menu.connect(self._open_menu)
        self.matrix.drag.text = self._dragged_cell
        self.choices.more.menu().aboutToShow.connect(self._fill_more)
        presenter.view_changed.connect(self.show_view)

    # ------------------------------------------------------------------- view

    def show_view(self, view: FiltersView) -> None:
        """Make the gallery show `view` without reporting it as a choice."""
        self._view = view
        known = (
            *(view.title, view.caption, view.scale, view.gallery, view.filter, view.in_channel),
            *(view.filters, view.in_channels, view.depths, view.classes, view.other, view.effect),
            *(view.marks.legend, view.can_measure, view.measuring, view.empty),
        )
        if known != self._known:
            self._known = known
            self._show_choices(view)
        self.bar.show_limit(view.bar)
        if view.empty:
            self.stack.setCurrentWidget(self.gallery)
            self.gallery.show_message(view.empty)
        elif view.gallery.shows.is_matrix:
            matrix = self.heat if view.gallery.shows is Gallery.HEAT else self.matrix
            self.stack.setCurrentWidget(matrix)
            matrix.show_tiles(matrix_of(view, DIVERGING))
        else:
            self.stack.setCurrentWidget(self.gallery)
            self._places = {int(row): place for place, row in enumerate(view.order)}
            self.gallery.show_tiles(tiles_of(view, DIVERGING, self._places))

    def _show_choices(self, view: FiltersView) -> None:
        has = not view.empty
        self.setWindowTitle(title_of(view.title))
        self.caption.setText(f"{view.caption} · {view.scale}" if has else "")
        self.legend.setText(view.marks.legend)
        criteria = (view.marks.criteria, f"({view.marks.unknown})" if view.marks.unknown else "")
        self.legend.setToolTip("\n".join(criteria).strip())
        self.legend.setVisible(has and bool(view.marks.legend))
        self.bar.setVisible(has)
        self.choices.show_view(view)

    # ------------------------------------------------------------------ tiles

    def _row_of(self, tile: int) -> int:
        order = self._view.order
        return int(order[tile]) if 0 <= tile < len(order) else -1

    def _matrix_tip(self, row: int, column: int) -> str:
        return self._presenter.tip(row, column if column >= 0 else None)

    def _dragged_tile(self, at: QPoint) -> str:
        row = self._row_of(self.gallery.index_at(at))
        return "" if self._view.gallery.shows.is_reduced else self._presenter.text_of(row)

    def _dragged_cell(self, at: QPoint) -> str:
        return self._presenter.text_of(*self.matrix.cell_at(at))

    # ------------------------------------------------------------------ menus

    def _open_menu(self, row: int, at: QPoint) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._fill(menu, row if self._view.gallery.shows is not Gallery.INPUTS else -1)
        menu.popup(at)

    def _fill_more(self) -> None:
        menu = self.choices.more.menu()
        menu.clear()
        self._fill(menu, self._view.filter if not self._view.empty else -1)

    def _fill(self, menu: QMenu, filter: int) -> None:  # noqa: A002
        """What can be done with a filter, and with all of them."""
        view, presenter = self._view, self._presenter
        if filter >= 0:
            silent = "silenced" in view.marks.of.get(filter, ())
            text = f"Bring back map {filter}" if silent else f"Silence map {filter}"
            action = menu.addAction(text)
            action.setEnabled(view.can_silence)
            action.triggered.connect(partial(presenter.toggle_silence, filter))
            action = menu.addAction("Copy kernel")
            action.setEnabled(not view.gallery.shows.is_reduced)
            action.triggered.connect(self._copy)
            menu.addSeparator()
        action = menu.addAction("Measure the effect of each filter")
        action.setEnabled(self.choices.measure.isEnabled())
        action.triggered.connect(presenter.measure)
        menu.addAction("Compare with another model…").triggered.connect(self.ask_other_model)
        menu.addSeparator()
        for text, ask in (
            ("Save filters as a picture…", self.ask_save_picture),
            ("Save table of filters…", self.ask_save_table),
        ):
            action = menu.addAction(text)
            action.setEnabled(not view.empty)
            action.triggered.connect(ask)

    def _copy(self) -> None:
        view = self._view
        if view.row is not None:
            QGuiApplication.clipboard().setText(self._presenter.text_of(view.row, view.column))

    def ask_other_model(self) -> None:
        """Ask for another model and compare with it."""
        path = filter_files.ask_other_model(self)
        if path is not None:
            self._presenter.compare_with(path)

    def ask_save_picture(self) -> None:
        """Ask where to, and write all tiles as PNG."""
        name = self._view.title.replace(" · ", "-").lower()
        path = filter_files.ask_save(self, "Save filters", f"{name}.png", ".png")
        if path is not None:
            colours = (theme.colour("panel"), theme.colour("text"))
            self._presenter.save(path, whole_picture(self._view, DIVERGING, *colours))

    def ask_save_table(self) -> None:
        """Ask where to, and write the numbers about all filters as CSV."""
        name = self._view.title.replace(" · ", "-").lower()
        path = filter_files.ask_save(self, "Save table of filters", f"{name}.csv", ".csv")
        if path is not None:
            text = self._presenter.table().encode()
            self._presenter.save(path, lambda: text)
