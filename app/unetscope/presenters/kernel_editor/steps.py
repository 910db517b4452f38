"""From what the hand does to steps of the history: a gesture is one step."""

from __future__ import annotations

from collections.abc import Callable

from unetscope.domain.editing import page_of
from unetscope.domain.edits import Edit
from unetscope.domain.history import History
from unetscope.domain.kernels import Weights
from unetscope.domain.pages import Page
from unetscope.domain.scopes import Scope
from unetscope.state.store import Store

Make = Callable[[Page, Weights], Edit]


class Steps:
    """Puts edits in force; one of the same gesture takes the place of the one before it."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._gesture: tuple[str, Page] | None = None  # what the last edit moved
        self._after: History | None = None  # and the history it left

    def put(
        self,
        make: Make,
        what: str,
        *,
        moved: str = "",
        scope: Scope | None = None,
        same_gesture: bool = False,
        part: int | None = None,
    ) -> None:
        """Put an edit in force, into the last step when it truly goes on with the same gesture.

        Parameters
        ----------
        make : callable
            From the page and the layer's weights, before the gesture, to the edit.
        what, moved : str
            Name of the step; and what the gesture moves, where the name tells a number too.
        scope, part : optional
            In place of those that are chosen.

        Raises
        ------
        EditError
            The edit does not fit; nothing has changed.
        """
        session = self._store.session
        shown = session.set_scope(scope or session.scope)
        if part is not None:
            shown = shown.use_editor(session.editor.show_part(part))
        page = page_of(shown)
        gesture = (moved or what, page)
        same = same_gesture and self._gesture == gesture and self._after is session.history
        self._gesture = None
        edit = make(page, session.weights(before_gesture=same))
        label = f"{what} on {page.where}"
        changed = session.edit(edit, label=label, same_gesture=same)
        self._gesture, self._after = gesture, changed.history
        self._store.commit(changed)
