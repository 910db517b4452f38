"""What the kernel editor shows, made of the session."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unetscope.domain.editing import page_of, place_in
from unetscope.domain.editor import FIRST_EDITOR, ONE_CELL, Cells, Editor
from unetscope.domain.graph import Layer
from unetscope.domain.kernels import layout_of
from unetscope.domain.pages import KernelPage, Page, ScopeChoice
from unetscope.domain.recipes import RECIPE_BY_ID, Recipe
from unetscope.domain.scopes import Scope
from unetscope.domain.session import Session
from unetscope.domain.table_pages import TablePage
from unetscope.domain.weight_tables import parts_of
from unetscope.state.edit_effect import NO_EFFECT, EffectView

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class SettingView:
    """One number of the recipe that was put last."""

    name: str
    value: float
    least: float
    most: float
    step: float
    unit: str


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class KernelView:
    """What the panel draws.

    Attributes
    ----------
    kernel, trained : (rows, columns) ndarray of float32, or None
        The page of weights shown, those in force and as trained.
    limit : float
        End of the colour scale, symmetric about 0.
    row_limits : tuple of float
        Such an end for each row, of a table whose rows mean different things.
    rows, columns : tuple of str
        Names of the rows and columns of a table; empty for a kernel.
    bias : float or None
        The filter's bias.
    filter, filters, in_channel, in_channels : int
        Which kernel it is; of a table the column and the row, and how many it has.
    parts, part : tuple of str, int
        What the layer's weights are made of, and which of it is shown.
    planes, plane : int
        Of a kernel of three axes.
    dilation : (int, int) or None
        How far apart the cells of a dilated kernel lie.
    takes_recipes : bool
        Whether recipes and turns make sense, as they do for kernels.
    difference : str
        How far the page is from the trained one, in numbers.
    """

    title: str = "Kernel editor"
    kernel: Floats | None = None
    trained: Floats | None = None
    limit: float = 1.0
    row_limits: tuple[float, ...] = ()
    rows: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    bias: float | None = None
    filter: int = 0
    filters: int = 0
    in_channel: int = 0
    in_channels: int = 0
    parts: tuple[str, ...] = ()
    part: int = 0
    planes: int = 0
    plane: int = 0
    dilation: tuple[int, int] | None = None
    scope: Scope = Scope.VALUE
    scopes: tuple[ScopeChoice, ...] = ()
    cells: Cells = ONE_CELL
    keep_norm: bool = True
    editor: Editor = FIRST_EDITOR
    settings: tuple[SettingView, ...] = ()
    own: tuple[Recipe, ...] = ()
    takes_recipes: bool = False
    edited: bool = False
    difference: str = ""
    effect: EffectView = NO_EFFECT
    problem: str = ""
    empty: str = "Open a model to edit its kernels."


def kernel_view(
    session: Session, effect: EffectView, own: Sequence[Recipe] = (), problem: str = ""
) -> KernelView:
    """Show the page of weights that the session names."""
    layer = session.selected_layer
    if session.network is None or layer is None:
        return KernelView(effect=effect, own=tuple(own), problem=problem)
    title = f"Kernel editor · {layer.name}"
    if not layer.weights:
        return KernelView(
            title=title,
            empty=f"{layer.name} ({layer.kind}) holds no kernels.\nSelect a convolution.",
            effect=effect,
            own=tuple(own),
            problem=problem,
        )
    page, editor = page_of(session), session.editor
    kernel, before = (
        page.shown(w) for w in (session.weights(), session.network.trained[layer.name])
    )
    parts = parts_of(layer)
    common = _of_kernel(session, page) if isinstance(page, KernelPage) else _of_table(session, page)
    return KernelView(
        **common,
        kernel=kernel,
        trained=before,
        limit=_limit(kernel, before),
        row_limits=_row_limits(page, kernel, before),
        parts=parts,
        part=min(editor.part, len(parts) - 1),
        scope=page.scope,
        scopes=page.scopes,
        cells=page.cells,
        keep_norm=session.keep_norm,
        editor=editor,
        settings=_settings(session, kernel.shape),
        own=tuple(own),
        edited=session.network.differs(layer.name, session.edits),
        difference=_difference(before, kernel),
        effect=effect,
        problem=problem,
        empty="",
    )


def _of_kernel(session: Session, page: KernelPage) -> dict[str, Any]:
    layer, layout = page.layer, page.target.layout
    weights = session.weights()
    bias: float | None = None
    if layout.bias is not None:
        bias = float(weights[layout.bias][min(session.filter, weights[layout.bias].size - 1)])
    return {
        "title": f"Kernel editor · {layer.name} · filter {session.filter} · "
        f"input channel {session.in_channel}",
        "bias": bias,
        "filter": session.kernel_filter,
        "filters": layout.filters,
        "in_channel": session.in_channel,
        "in_channels": layout.in_channels,
        "planes": layout.window[0] if len(layout.window) == 3 else 0,
        "plane": page.plane,
        "dilation": _dilation(layer),
        "takes_recipes": True,
    }


def _of_table(session: Session, page: Page) -> dict[str, Any]:
    assert isinstance(page, TablePage)
    table = page.table
    row, column = place_in(session, table)
    rows, columns = page.shown(session.weights()).shape
    names = table.row_names or tuple(str(page.row + i) for i in range(rows))
    return {
        "title": f"Kernel editor · {page.where}",
        "rows": names[:rows],
        "columns": tuple(str(page.column + i) for i in range(columns)),
        "filter": column,
        "filters": table.columns,
        "in_channel": row,
        "in_channels": table.rows,
    }


def _dilation(layer: Layer) -> tuple[int, int] | None:
    """How far apart the cells of a dilated kernel of rows and columns lie."""
    layout = layout_of(layer)
    rate: Any = layer.config.get("dilation_rate", 1)
    if layout is None or len(layout.window) > 2:
        return None
    each = list(rate) if isinstance(rate, list | tuple) else [rate] * len(layout.window)
    down, across = ([1, *each] if len(each) == 1 else each)[:2]
    return (int(down), int(across)) if max(down, across) > 1 else None


def _settings(session: Session, shape: tuple[int, ...]) -> tuple[SettingView, ...]:
    """The numbers of the recipe that was put last."""
    recipe = RECIPE_BY_ID.get(session.editor.recipe)
    if recipe is None or len(shape) != 2:
        return ()
    given, size = session.editor.settings_of(recipe.id), (shape[0], shape[1])
    return tuple(
        SettingView(s.name, s.of(size, given), s.least, s.most, s.step, s.unit)
        for s in recipe.settings
    )


def _limit(kernel: Floats, before: Floats) -> float:
    return float(max(np.abs(kernel).max(), np.abs(before).max(), 1e-6))


def _row_limits(page: Page, kernel: Floats, before: Floats) -> tuple[float, ...]:
    if not isinstance(page, TablePage) or len(page.table.row_names) < 2:
        return ()
    return tuple(_limit(*rows) for rows in zip(kernel, before, strict=True))


def _difference(before: Floats, kernel: Floats) -> str:
    """How many numbers differ from the trained ones, and by how much all in all."""
    differ = int((before != kernel).sum())
    if not differ:
        return "as trained"
    norms = (float(np.linalg.norm(each)) for each in (before, kernel, kernel - before))
    return "{} of {} differ · norm {:.3g} → {:.3g} · change {:.3g}".format(
        differ, kernel.size, *norms
    )
