"""What the user does to the kernel editor, and the view that follows."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from unetscope.domain import number_tables
from unetscope.domain.editing import page_of
from unetscope.domain.editor import Cells, Editor
from unetscope.domain.edits import Edit, SetBias, SetFilter, SetLayerWeights
from unetscope.domain.errors import EditError, UnetscopeError
from unetscope.domain.kernel_changes import CHANGE_BY_ID
from unetscope.domain.kernels import Weights
from unetscope.domain.pages import KernelPage, Page
from unetscope.domain.recipes import RECIPE_BY_ID, Recipe
from unetscope.domain.scopes import Scope
from unetscope.domain.session import Session
from unetscope.domain.table_pages import TablePage
from unetscope.presenters.kernel_editor.steps import Make, Steps
from unetscope.presenters.kernel_editor.view import KernelView, kernel_view
from unetscope.state.desk import Desk
from unetscope.state.edit_effect import EffectView, effect_of
from unetscope.state.live import Live
from unetscope.state.own_recipes import OwnRecipes
from unetscope.state.pace import Pace
from unetscope.state.references import References
from unetscope.state.store import Store

Floats = NDArray[np.float32]
Cell = tuple[int, int]


class KernelPresenter:
    """Turns the selected weights and the engine's answer into a `KernelView`, clicks into edits.

    A refused edit changes nothing; the sentence why is shown until the next change.
    """

    view_changed = Signal(KernelView)

    def __init__(
        self,
        store: Store,
        desk: Desk,
        live: Live,
        pace: Pace | None = None,
        own: OwnRecipes | None = None,
        references: References | None = None,
    ) -> None:
        self._store = store
        self._desk = desk
        self._live = live
        self._pace = pace or Pace()
        self.own = own
        self._references = references
        self._problem = ""
        self._steps = Steps(store)
        self.view = self._view(self._effect())
        store.changed.connect(self._on_session)
        live.answered.connect(self._follow)
        live.busy_changed.connect(self._follow)
        if references is not None:
            references.changed.connect(self._follow)
        if own is not None:
            own.changed.connect(self._publish)
            own.told.connect(self.report)

    # ------------------------------------------------------------ the numbers

    def set_value(self, row: int, column: int, value: float, same_gesture: bool = False) -> None:
        """The user typed, dragged or wheeled one value; the scope moves with it."""
        self._edit(
            lambda page, weights: page.set_value(weights, (row, column), value),
            f"value ({row}, {column})",
            same_gesture=same_gesture,
        )

    def fill(self, cells: Iterable[Cell], value: float, same_gesture: bool = False) -> None:
        """The user painted some cells, or gave all selected ones a value."""
        places = tuple(cells)
        what = f"{value:.4g} in {len(places)} {'cell' if len(places) == 1 else 'cells'}"
        self._edit(
            lambda page, weights: page.fill(weights, places, value),
            what,
            moved="cells",
            same_gesture=same_gesture,
        )

    def hold(self, held: bool) -> None:
        """The user drags a value or a slider, or let it go."""
        if held:
            self._pace.hold()
        self._live.set_dragging(held)
        if not held:
            self._pace.release()

    def set_gain(self, gain: float, same_gesture: bool = False) -> None:
        """The user multiplied the scope; a filter and a layer take their biases along."""
        self._edit(
            lambda page, weights: page.scaled(weights, gain),
            f"gain ×{gain:.2f}",
            moved="gain",
            same_gesture=same_gesture,
        )

    def blend(self, share: float, same_gesture: bool = False) -> None:
        """The user mixed the scope with its trained values, of which 0 leaves nothing else."""

        def make(page: Page, weights: Weights) -> Edit:
            network = self._store.session.network
            assert network is not None
            return page.blended(weights, network.trained[page.layer.name], share)

        what = f"{1 - share:.0%} of trained"
        self._edit(make, what, moved="blend", same_gesture=same_gesture)

    def set_bias(self, value: float, same_gesture: bool = False) -> None:
        """The user set the bias shown."""
        session = self._store.session
        layer, layout = session.selected_layer, session.layout
        if layer is None or layout is None:
            return
        size = 1 if layout.bias is None else layer.weights[layout.bias].size
        edit = SetBias(layer.name, min(session.filter, size - 1), value)
        moved = f"bias {session.filter}"
        self._edit(lambda *_: edit, "bias", moved=moved, same_gesture=same_gesture, part=0)

    def change_kernels(self, change_id: str) -> None:
        """The user flipped, turned, negated, normalised or shifted what the scope names."""
        change = CHANGE_BY_ID[change_id]

        def make(page: Page, weights: Weights) -> Edit:
            if isinstance(page, TablePage) and not change.cell_by_cell:
                raise EditError(f"{change.name} is for kernels; this is a table of numbers.")
            return page.changed(weights, change.of)

        self._edit(make, change.name)

    def revert(self, scope: Scope) -> None:
        """The user asked for the trained values back."""
        self._try(lambda: self._store.update(lambda s: s.revert(scope)))

    def revert_page(self) -> None:
        """The user asked for the trained values of what is shown."""
        session = self._store.session
        if session.network is None or session.layer is None:
            return
        trained = session.network.trained[session.layer]
        if isinstance(self._page(), TablePage):
            made: Callable[[Page, Weights], Edit] = lambda page, _: page.put(  # noqa: E731
                session.weights(), page.shown(trained)
            )
            self._edit(made, "Revert", scope=Scope.VALUE)
        else:
            self.revert(Scope.KERNEL)

    # ---------------------------------------------------------------- recipes

    def apply_recipe(self, recipe_id: str, same_gesture: bool = False) -> None:
        """The user chose a recipe for every kernel of the scope, or changed one of its numbers."""
        session = self._store.session
        own = {recipe.id: recipe for recipe in self.view.own}
        recipe = RECIPE_BY_ID.get(recipe_id) or own[recipe_id]
        keep, settings = session.keep_norm, session.editor.settings_of(recipe_id)

        def make(page: Page, weights: Weights) -> Edit:
            if not isinstance(page, KernelPage):
                raise EditError(f"{recipe.name} is for kernels; this is a table of numbers.")
            return page.put_recipe(weights, recipe, keep_norm=keep, settings=settings)

        moved = f"recipe {recipe_id}"
        self._edit(make, recipe.name, moved=moved, same_gesture=same_gesture)
        self._use(lambda editor: replace(editor, recipe=recipe_id))

    def set_recipe(self, name: str, value: float) -> None:
        """The user changed a number of the recipe that was put last: it is put again."""
        recipe = self._store.session.editor.recipe
        self._use(lambda editor: editor.set_recipe(recipe, name, value))
        self.apply_recipe(recipe, same_gesture=True)

    def set_keep_norm(self, keep: bool) -> None:
        """The user chose whether a recipe keeps the old kernel's norm and mean."""
        self._store.update(lambda s: s.set_keep_norm(keep))

    def save_recipe(self, name: str) -> None:
        """The user wants the kernel shown kept as a recipe."""
        if self.own is not None and self.view.kernel is not None and self.view.takes_recipes:
            self.own.save(name, self.view.kernel)

    def import_recipe(self, path: Path) -> None:
        """The user wants a recipe out of a file."""
        if self.own is not None:
            self.own.take_in(path)

    def export_recipe(self, recipe_id: str, path: Path) -> None:
        """The user wants an own recipe written to a file."""
        recipe = self.own_recipe(recipe_id)
        if self.own is not None and recipe is not None:
            self.own.give_out(recipe, path)

    def delete_recipe(self, recipe_id: str) -> None:
        """The user wants an own recipe gone."""
        recipe = self.own_recipe(recipe_id)
        if self.own is not None and recipe is not None:
            self.own.remove(recipe)

    def own_recipe(self, recipe_id: str) -> Recipe | None:
        """One of the user's own recipes."""
        return next((recipe for recipe in self.view.own if recipe.id == recipe_id), None)

    # -------------------------------------------------------- paste and copy

    def copied(self, *, whole_filter: bool = False) -> str:
        """The numbers shown, or the whole filter, as text for a spreadsheet."""
        session, kernel = self._store.session, self.view.kernel
        if kernel is None:
            return ""
        layout = session.layout
        if whole_filter and layout is not None and self.view.takes_recipes:
            found = layout.by_filter(session.weights()[0])[session.kernel_filter]
            return number_tables.to_text(found)
        return number_tables.to_text(kernel)

    def paste(self, text: str) -> None:
        """The user pasted or dropped a table of numbers."""
        try:
            values = number_tables.from_text(text)
        except UnetscopeError as error:
            self.report(str(error))
        else:
            self.set_kernel(values)

    def set_kernel(self, values: Floats) -> None:
        """The user pasted numbers: a kernel, a whole filter, or all kernels of the layer."""
        values = np.asarray(values, np.float32)
        session = self._store.session
        layout, name = session.layout, session.layer or ""
        what, scope = "pasted kernel", Scope.KERNEL
        made: Callable[[Page, Weights], Edit] = lambda page, weights: page.put(  # noqa: E731
            weights, values if values.ndim == 2 else values.reshape(-1, values.shape[-1])
        )
        if layout is not None and isinstance(self._page(), KernelPage):
            window, channels = layout.window, layout.in_channels
            stacked = (channels * int(np.prod(window[:-1])), window[-1])
            if channels > 1 and values.shape == stacked:
                whole = np.moveaxis(values.reshape((channels, *window)), 0, -1)
                edit: Edit = SetFilter(name, session.kernel_filter, whole)
                what, scope, made = "pasted filter", Scope.FILTER, lambda *_: edit
            elif values.ndim > 2 and values.shape == session.weights()[0].shape:
                weights = (values, *session.weights()[1:])
                what, scope = "pasted kernels", Scope.LAYER
                made = lambda *_: SetLayerWeights(name, weights)  # noqa: E731
        elif isinstance(self._page(), TablePage):
            what = "pasted numbers"
        self._edit(made, what, scope=scope)

    def paste_file(self, path: Path) -> None:
        """The user dropped a file of numbers."""
        if self.own is not None:
            self.own.read_numbers(path, self.set_kernel)

    # ---------------------------------------------------------------- choices

    def set_scope(self, scope: Scope) -> None:
        """The user chose what a change applies to."""
        self._store.update(lambda s: s.set_scope(scope))

    def select_filter(self, filter: int) -> None:  # noqa: A002
        """The user chose another filter, in a depthwise layer of the same input channel."""
        page = self._page()
        if isinstance(page, TablePage):
            column = min(max(filter, 0), page.table.columns - 1)
            self._use(lambda editor: replace(editor, column=column))
            if page.table.columns == self._store.session.map_count:
                self._store.update(lambda s: s.select_filter(column))
            return

        def change(session: Session) -> Session:
            layout = session.layout
            if layout is not None and layout.depthwise:
                return session.select_filter(session.in_channel * layout.filters + filter)
            return session.select_filter(filter)

        self._store.update(change)

    def select_in_channel(self, in_channel: int) -> None:
        """The user chose another input channel, or row of a table."""
        if isinstance(self._page(), TablePage):
            self._use(lambda editor: replace(editor, row=max(in_channel, 0)))
        else:
            self._store.update(lambda s: s.select_in_channel(in_channel))

    def show_part(self, part: int) -> None:
        """The user wants to see another part of the layer's weights."""
        self._use(lambda editor: editor.show_part(part))

    def select_cells(self, cells: Cells) -> None:
        """The user selected cells of the grid; in a table the filter goes along."""
        self._use(lambda editor: replace(editor, cells=cells))
        page = self._page()
        if isinstance(page, TablePage) and not cells.several:
            self.select_in_channel(page.row + cells.row)
            self.select_filter(page.column + cells.column)

    def choose(self, **choices: Any) -> None:
        """The user chose a hand, the brush, a plane, holes, or the trained numbers beside."""
        self._use(lambda editor: replace(editor, **choices))

    def report(self, problem: str) -> None:
        """Show why something the user tried did not work."""
        self._problem = problem
        self._publish()

    def _use(self, change: Callable[[Editor], Editor]) -> None:
        self._store.update(lambda s: s.use_editor(change(s.editor)))

    def _page(self) -> Page | None:
        try:
            return page_of(self._store.session)
        except EditError:
            return None

    def _edit(self, make: Make, what: str, **how: Any) -> None:
        self._try(lambda: self._steps.put(make, what, **how))

    def _try(self, commit: Callable[[], None]) -> None:
        try:
            commit()
        except UnetscopeError as error:
            self.report(str(error))
        else:
            if self._problem:
                self.report("")

    # ------------------------------------------------------------------- view

    def _on_session(self, old: Session, new: Session) -> None:
        if old.history is not new.history or _inputs(old) != _inputs(new):
            self._problem = ""
            if self._pace.held:  # the numbers under the hand never wait
                self._publish_kernel()
            self._follow()
        elif old.editor is not new.editor:
            self._publish_kernel()

    def _follow(self, *_: object) -> None:
        self._pace.in_turn(self._publish)

    def _publish_kernel(self) -> None:
        """Show the kernel in force beside the effect shown before, whose turn will come."""
        self.view = self._view(self.view.effect)
        self.view_changed.emit(self.view)

    def _publish(self) -> None:
        self.view = self._view(self._effect())
        self.view_changed.emit(self.view)

    def _effect(self) -> EffectView:
        return effect_of(self._store.session, self._live, self._desk, self._references)

    def _view(self, effect: EffectView) -> KernelView:
        own = self.own.recipes if self.own is not None else ()
        return kernel_view(self._store.session, effect, own, self._problem)


def _inputs(s: Session) -> tuple[object, ...]:
    """All but the edits, which come and go with the history, and the editor's own choices."""
    return (s.network, s.layer, s.filter, s.in_channel, s.scope, s.keep_norm)
