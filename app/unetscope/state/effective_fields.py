"""Where in the image a pixel of the feature map shown comes from: asked as the cursor goes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from psygnal import Signal

from unetscope.domain.errors import UnetscopeError
from unetscope.domain.explaining.effective_field import EffectiveField, FieldQuestion
from unetscope.domain.ports import Engine, LookRequest
from unetscope.domain.session import Session
from unetscope.state.linked_cursor import Cell, LinkedCursor
from unetscope.state.live import Live
from unetscope.state.pace import Pace
from unetscope.state.shown_maps import ShownMaps
from unetscope.state.store import Store


@dataclass(frozen=True, slots=True, eq=False)
class FoundField:
    """An effective field, and the request of the map that it belongs to."""

    field: EffectiveField
    request: LookRequest


class EffectiveFields:
    """Asks for the effective field of the pixel in question while the session shows fields."""

    changed = Signal()

    def __init__(
        self,
        store: Store,
        live: Live,
        engine: Engine,
        shown: ShownMaps,
        cursor: LinkedCursor,
        pace: Pace | None = None,
    ) -> None:
        self._store = store
        self._live = live
        self._engine = engine
        self._shown = shown
        self._cursor = cursor
        self._pace = pace or Pace()
        self._asked: tuple[object, ...] = ()
        self._found: FoundField | None = None
        store.changed.connect(self._on_session)
        live.answered.connect(self._follow)
        live.slice_changed.connect(self._follow)
        cursor.changed.connect(self._follow)
        self._pace.held_changed.connect(self._on_held)

    def cell(self) -> Cell | None:
        """The pixel of the map in question: under the mouse, chosen, or over the voxel kept."""
        session, maps = self._store.session, self._shown.now()
        cell = self._cursor.on_map or session.maps.cell
        explaining = session.explaining
        if isinstance(maps, str) or maps.grid is None:
            return None
        if cell is None and explaining.field and explaining.voxel is not None:
            cell = maps.grid.pixel_at(*explaining.voxel)
        rows, columns = maps.pictures.shape[1:]
        return cell if cell is not None and cell[0] < rows and cell[1] < columns else None

    def now(self) -> EffectiveField | None:
        """The field found last, as long as it is of this map, slice and weights."""
        found, question = self._found, self._question()
        if found is None or question is None:
            return None
        asked, field = question[0], found.field
        is_same = (field.layer, field.channel) == (asked.layer, asked.channel)
        return field if is_same and _about(found.request) == _about(question[1]) else None

    def _question(self) -> tuple[FieldQuestion, LookRequest] | None:
        session, answer, shown = self._store.session, self._live.answer, self._live.shown
        if not session.explaining.field or answer is None or shown is None:
            return None
        cell, maps = self.cell(), self._shown.now()
        if cell is None or isinstance(maps, str) or answer.key != shown.key:
            return None
        request = answer.look.request
        question = FieldQuestion(
            model=request.model,
            image=request.image,
            image_key=request.image_key,
            edits=request.edits,
            layer=maps.layer.name,
            position=cell,
            channel=min(session.filter, len(maps.pictures) - 1),
        )
        return question, request

    def _on_session(self, old: Session, new: Session) -> None:
        if _chosen(old) != _chosen(new):
            self._follow()

    def _on_held(self, held: bool) -> None:
        if not held:
            self._follow()

    def _follow(self, *_: object) -> None:
        if not self._store.session.explaining.field or self._pace.held:
            return
        asked = self._question()
        if asked is None:
            self._asked = ()
            return
        question, request = asked
        key = (*_about(request), question.layer, question.position, question.channel)
        if key != self._asked:
            self._asked = key
            self._engine.ask(question, partial(self._done, request), partial(self._failed, key))

    def _done(self, request: LookRequest, field: EffectiveField) -> None:
        self._found = FoundField(field, request)
        self.changed.emit()

    def _failed(self, key: tuple[object, ...], error: UnetscopeError) -> None:
        """Nothing is drawn then but the theoretical field."""
        if key == self._asked:
            self._asked, self._found = (), None
            self.changed.emit()


def _about(request: LookRequest) -> tuple[object, ...]:
    """What a map depends on, besides its layer."""
    return request.model, request.image_key, request.edits


def _chosen(session: Session) -> tuple[object, ...]:
    explaining = session.explaining
    shown = (session.layer, session.filter, session.maps.cell)
    return explaining.field, explaining.voxel, *shown
