"""The filter lab: clicks into changes of lab and network."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from unetscope.domain import lab_sending, lab_words, number_tables
from unetscope.domain.errors import UnetscopeError
from unetscope.domain.kernel_changes import CHANGE_BY_ID
from unetscope.domain.lab import (
    Lab,
    LabKernel,
    LabLayer,
    LabSource,
    centred_kernel,
)
from unetscope.domain.lab_maps import Made
from unetscope.domain.ports import Notice
from unetscope.domain.recipes import Recipe
from unetscope.domain.scopes import Scope
from unetscope.domain.session import Session
from unetscope.presenters.filter_lab.view import LabView, view_of
from unetscope.state.desk import Desk
from unetscope.state.filter_lab import FilterLab
from unetscope.state.lab_files import LabFiles
from unetscope.state.own_recipes import OwnRecipes
from unetscope.state.pace import Pace
from unetscope.state.store import Store

Floats = NDArray[np.float32]
GESTURE = "filter lab"


class FilterLabPresenter:
    """Turns lab and answer into a `LabView`, and clicks into changes of lab or network."""

    view_changed = Signal(LabView)

    def __init__(
        self,
        store: Store,
        desk: Desk,
        loop: FilterLab,
        files: LabFiles,
        own: OwnRecipes,
        pace: Pace | None = None,
    ) -> None:
        self._store = store
        self._desk = desk
        self._loop = loop
        self._files = files
        self._own = own
        self._is_saving = False  # a recipe of the user's own
        self._pace = pace or Pace()
        self._made = Made()
        self._held = False
        self._problem = ""
        self.view = view_of(store.session, loop, self._made, "")
        store.changed.connect(self._on_session)
        loop.changed.connect(self._follow)
        own.told.connect(self._recipe_saved)

    # ------------------------------------------------------------- the list

    @property
    def lab(self) -> Lab:
        """The lab in force."""
        return self._store.session.lab

    def watch(self, watched: bool) -> None:
        """The panel came on screen, or went."""
        self._loop.watch(watched)
        if watched:
            self._publish()

    def select(self, index: int) -> None:
        """The user picked a kernel."""
        self._change(lambda lab: lab.select(index))

    @property
    def own_recipes(self) -> tuple[Recipe, ...]:
        """Recipes of the user's own."""
        return self._own.recipes

    def add_recipe(self, recipe: Recipe, size: tuple[int, int]) -> None:
        """The user wants a ready-made kernel."""
        self._change(lambda lab: lab.add(LabKernel.by(recipe, size)))

    def start_again(self) -> None:
        """The user wants the tutorial's four filters."""
        self._change(Lab.start_again)

    def take_kernel_shown(self) -> None:
        """The user wants to try the kernel editor's kernel."""
        self._change(lambda lab: lab.add(lab_sending.kernel_shown(self._store.session)))

    def take_text(self, text: str) -> None:
        """The user pasted or dropped rows of numbers."""
        self._change(
            lambda lab: lab.add(LabKernel.of("pasted kernel", number_tables.from_text(text)))
        )

    def duplicate(self) -> None:
        """The user wants the selected kernel twice."""
        self._change(lambda lab: lab.add(*([lab.kernel] if lab.kernel else [])))

    def remove(self) -> None:
        """The user does not want the selected kernel any more."""
        self._change(Lab.remove)

    def undo(self) -> None:
        """The user wants the list as it was before."""
        self._change(Lab.undo)

    # ------------------------------------------------------ the selected kernel

    def set_value(
        self,
        index: int,
        cells: Sequence[tuple[int, int]],
        value: float,
        same_gesture: bool = False,
    ) -> None:
        """The user typed, dragged or wheeled a number, of several cells maybe."""

        def change(lab: Lab) -> Lab:
            lab = lab.select(index)
            assert lab.kernel is not None
            changed = lab.kernel.with_value(value, *cells)
            return lab.put(changed, same_gesture=same_gesture)

        self._change(change)

    def hold(self, held: bool) -> None:
        """The user drags a number, or let it go."""
        self._held = held
        if held:
            self._pace.hold(GESTURE)
        else:
            self._pace.release(GESTURE)

    def rename(self, name: str) -> None:
        """The user gave the selected kernel another name."""
        self._kernel(lambda kernel: replace(kernel, name=name.strip() or kernel.name))

    def resize(self, rows: int, columns: int) -> None:
        """The user chose another size."""
        self._kernel(lambda kernel: kernel.resized((rows, columns)))

    def centre(self) -> None:
        """The user wants a kernel of odd size that leaves edges in place."""
        self._kernel(centred_kernel)

    def change_kernel(self, change_id: str) -> None:
        """The user flipped, turned, shifted or scaled the selected kernel."""
        change = CHANGE_BY_ID[change_id].of

        def of(kernel: LabKernel) -> LabKernel:
            return LabKernel.of(kernel.name, change(kernel.values[:, :, None])[:, :, 0])

        self._kernel(of)

    # ------------------------------------------------------- layer and picture

    def set_source(self, source: LabSource) -> None:
        """The user chose the picture."""
        self._change(lambda lab: replace(lab, source=source))

    def set_layer(self, layer: LabLayer) -> None:
        """The user chose stride, padding, ReLU or bias."""
        self._change(lambda lab: replace(lab, layer=layer))

    def set_flip(self, flip: bool) -> None:
        """The user wants a true convolution, or not."""
        self._change(lambda lab: replace(lab, flip=flip))

    def ask_about(self, channels: int, filters: int) -> None:
        """The user asks how shapes change with channels and filters."""
        self._change(lambda lab: replace(lab, channels=channels, filters=filters))

    def ask_again(self) -> None:
        """The user wants to try once more after trouble."""
        self._loop.ask_again()

    # ---------------------------------------------------------------- sending

    def send(self, scope: Scope | None = None) -> None:
        """The user sends the selected kernel to the kernel shown; None takes the scope in force."""
        self._send(lambda session: session, scope)

    def send_to_layer(self, layer: str) -> None:
        """The user sends the selected kernel to a filter of another layer, which is then shown."""
        index = self._store.session.filter
        self._send(lambda s: s.select_layer(layer).select_filter(index), Scope.FILTER)

    def _send(self, where: Callable[[Session], Session], scope: Scope | None) -> None:
        kernel, values = self.lab.kernel, self.lab.put_in
        if kernel is None:
            return

        def commit() -> None:
            shown = where(self._store.session)
            values_sent = values[self.lab.selected]
            told = lab_sending.how_it_is_sent(shown, kernel.size)
            self._store.commit(lab_sending.send(shown, kernel.name, values_sent, scope))
            edits = self._store.session.history.done
            self._desk.notice.emit(Notice(f"{edits[-1].label}.", told, trouble=False))

        self._try(commit)

    # ------------------------------------------------------------ text and files

    def text(self, index: int | None = None) -> str:
        """A kernel as rows of numbers, for a spreadsheet or another panel."""
        kernels = self.lab.kernels
        at = self.lab.selected if index is None else index
        return number_tables.to_text(kernels[at].values) if at < len(kernels) else ""

    def script(self, picture: str = "picture.npy") -> str:
        """A script for plain Keras that makes the selected kernel's map."""
        if not self.lab.kernels:
            return ""
        put_in = np.ascontiguousarray(self.lab.put_in[self.lab.selected])
        shape = self._loop.picture.image.shape
        return lab_words.script(put_in, self.lab.layer, picture, (shape[0], shape[1]))

    def write_script(self, path: Path) -> None:
        """Write that script and its picture."""
        text = self.script(path.with_suffix(".npy").name)
        self._files.write_script(path, text, self._loop.picture.image)

    def write_kernels(self, path: Path) -> None:
        """Write the list."""
        self._files.write(path, self.lab.kernels)

    def save_as_recipe(self, name: str) -> None:
        """Keep the selected kernel among the user's own recipes."""
        if self.lab.kernel is not None:
            self._is_saving = True
            self._own.save(name, self.lab.kernel.values)

    def _recipe_saved(self, told: str) -> None:
        if self._is_saving:
            self._is_saving = False
            self._desk.notice.emit(Notice(told, trouble=False))

    def read_kernels(self, path: Path) -> None:
        """Add the kernels of a file."""
        self._files.read(path, lambda kernels: self._change(lambda lab: lab.add(*kernels)))

    # ------------------------------------------------------------------ inside

    def _kernel(self, change: Callable[[LabKernel], LabKernel]) -> None:
        self._change(lambda lab: lab.put(change(lab.kernel)) if lab.kernel else lab)

    def _change(self, change: Callable[[Lab], Lab]) -> None:
        self._try(lambda: self._store.update(lambda s: s.use_lab(change(s.lab))))

    def _try(self, commit: Callable[[], None]) -> None:
        try:
            commit()
        except UnetscopeError as error:
            self._problem = str(error)
            self._publish()
        else:
            if self._problem:
                self._problem = ""
                self._publish()

    def _on_session(self, old: Session, new: Session) -> None:
        if _inputs(old) != _inputs(new):
            self._follow()

    def _follow(self) -> None:
        if self._held:
            self._pace.each_frame(self._publish)
        else:
            self._pace.in_turn(self._publish)

    def _publish(self) -> None:
        self.view = view_of(self._store.session, self._loop, self._made, self._problem)
        self.view_changed.emit(self.view)


def _inputs(s: Session) -> tuple[object, ...]:
    where = (s.network, s.layer, s.filter, s.in_channel, s.scope, s.keep_norm)
    return (s.lab, *where)
