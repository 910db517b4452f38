"""The main job without a person: wait for the mask, maybe make one edit, write a picture, leave."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, QTimer

from unetscope.presenters.kernel_editor import KernelPresenter
from unetscope.state.desk import Desk
from unetscope.state.live import Live
from unetscope.state.store import Store
from unetscope.ui.main_window import MainWindow

SETTLE = 400  # ms in which thumbnails and layouts come to rest before the picture


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do.

    Attributes
    ----------
    picture : Path or None
        Where the picture of the window goes.
    recipe : str or None
        Recipe to put into the kernel that is selected at the start.
    limit : float
        Seconds after which it is given up.
    """

    picture: Path | None = None
    recipe: str | None = None
    limit: float = 180.0


class Errand(QObject):
    """Follows the live loop until the plan is done, then says how it went and leaves.

    Parameters
    ----------
    say : callable
        Takes each line of the report.
    leave : callable
        Takes the exit code: 0 when all was done.
    """

    def __init__(
        self,
        plan: Plan,
        window: MainWindow,
        store: Store,
        desk: Desk,
        live: Live,
        kernel: KernelPresenter,
        say: Callable[[str], None],
        leave: Callable[[int], None],
    ) -> None:
        super().__init__(window)
        self._plan = plan
        self._window = window
        self._store = store
        self._live = live
        self._kernel = kernel
        self._say = say
        self._leave = leave
        self._edited = plan.recipe is None
        self._done = False
        live.answered.connect(self._look)
        live.problem_changed.connect(self._give_up_on)
        desk.failed.connect(self._give_up_on)
        QTimer.singleShot(round(plan.limit * 1000), self, self._time_is_up)

    def _look(self) -> None:
        answer, session = self._live.answer, self._store.session
        if self._done or answer is None or answer.look.request.edits != session.edits:
            return
        if answer.look.maps is None:
            return
        if not self._edited:
            self._edited = True
            self._tell_start()
            QTimer.singleShot(0, self, lambda: self._kernel.apply_recipe(self._plan.recipe or ""))
            return
        self._done = True
        self._tell_effect()
        QTimer.singleShot(SETTLE, self, self._finish)

    def _tell_start(self) -> None:
        network, shown = self._store.session.network, self._live.shown
        if network is not None and shown is not None:
            self._say(
                f"Opened {network.name}: {len(network.graph.layers)} layers, "
                f"{network.graph.parameters:,} parameters; slice {shown.key.index + 1}."
            )

    def _tell_effect(self) -> None:
        if self._plan.recipe is None:
            return
        history = self._store.session.history
        if history.done:
            self._say(f"Edit: {history.done[-1].label}")
        for line in self._kernel.view.effect.lines:
            self._say(f"  {line.name}: {line.value}")

    def _finish(self) -> None:
        code = 0
        if self._plan.picture is not None:
            if self._window.save_picture(self._plan.picture):
                self._say(f"Picture of the window: {self._plan.picture}")
            else:
                self._say(f"The picture could not be written to {self._plan.picture}.")
                code = 1
        self._leave(code)

    def _give_up_on(self, problem: object) -> None:
        if problem is not None and not self._done:
            self._fail(str(problem))

    def _time_is_up(self) -> None:
        if not self._done:
            self._fail(f"No answer within {self._plan.limit:.0f} s.")

    def _fail(self, sentence: str) -> None:
        self._done = True
        self._say(sentence)
        self._leave(1)
