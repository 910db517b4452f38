"""What the kernel editor makes of a session: the page of weights shown, lists of edits put."""

from __future__ import annotations

from dataclasses import replace

from unetscope.domain.errors import EditError
from unetscope.domain.history import Edits
from unetscope.domain.network import check_edits
from unetscope.domain.pages import KernelPage, Page
from unetscope.domain.scopes import Target
from unetscope.domain.session import Session
from unetscope.domain.table_pages import TABLE_COLUMNS, TABLE_ROWS, TablePage, first_in_view
from unetscope.domain.weight_tables import WeightTable, table_of


def page_of(session: Session) -> Page:
    """The page shown, with the scope and the cells that are chosen.

    Raises
    ------
    EditError
        No layer with weights is shown.
    """
    layer, editor = session.selected_layer, session.editor
    if layer is None or not layer.weights:
        raise EditError("No weights are shown.", "Select a layer with weights in the layer tree.")
    table = table_of(layer, editor.part)
    if table is None:
        target = Target(layer, session.in_channel, session.kernel_filter, session.scope)
        window = target.layout.window
        plane = min(editor.plane, window[0] - 1) if len(window) == 3 else 0
        rows, columns = ((1, *window) if len(window) == 1 else window)[-2:]
        return KernelPage(editor.cells.within(rows, columns), target, plane)
    row, column = place_in(session, table)
    first, left = first_in_view(row, TABLE_ROWS), first_in_view(column, TABLE_COLUMNS)
    cells = editor.cells.within(
        min(table.rows - first, TABLE_ROWS), min(table.columns - left, TABLE_COLUMNS)
    )
    return TablePage(cells, layer, table, session.scope, first, left)


def place_in(session: Session, table: WeightTable) -> tuple[int, int]:
    """Row and column of a table that must be in view: the column is the filter shown, if it can."""
    by_filter = table.columns == session.map_count
    column = session.filter if by_filter else session.editor.column
    return min(session.editor.row, table.rows - 1), min(column, table.columns - 1)


def put_edits(session: Session, label: str, edits: Edits) -> Session:
    """Put exactly these edits in force; EditError, and nothing changed, if one does not fit."""
    if session.network is None:
        raise EditError("There is no network to edit.", "Open a model first.")
    check_edits(session.network, edits)
    return replace(session, history=session.history.record_all(label, edits))
