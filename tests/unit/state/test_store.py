"""The one mutable variable."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from tests.unit.fakes import opened

from unetscope.domain.edits import SetKernel
from unetscope.domain.session import SeriesChoice, Session
from unetscope.state.store import Store


class Listener:
    def __init__(self, store: Store) -> None:
        self.heard: list[tuple[Session, Session]] = []
        store.changed.connect(self.on_change)

    def on_change(self, old: Session, new: Session) -> None:
        self.heard.append((old, new))


def test_a_change_is_announced_with_what_was_and_what_is() -> None:
    store = Store()
    listener = Listener(store)
    before = store.session
    store.update(Session.toggle_mask)
    assert listener.heard == [(before, store.session)]
    assert store.session.mask_shown is False


def test_an_equal_session_is_not_announced() -> None:
    store = Store(opened())
    listener = Listener(store)
    kernel = SetKernel("enc", 0, 0, np.ones((3, 3)))
    store.update(lambda s: s.edit(kernel))
    same = store.session.undo().edit(SetKernel("enc", 0, 0, np.ones((3, 3))))
    assert same is not store.session
    store.commit(same)
    store.update(lambda s: s.select_slice(0))
    assert len(listener.heard) == 1
    store.update(lambda s: s.edit(SetKernel("enc", 0, 0, np.zeros((3, 3)))))
    assert len(listener.heard) == 2


def test_a_commit_from_another_thread_is_refused_and_changes_nothing() -> None:
    store = Store()
    caught: list[BaseException] = []

    def commit() -> None:
        try:
            store.update(lambda s: s.open_series(SeriesChoice("a", 3)))
        except RuntimeError as error:
            caught.append(error)

    thread = threading.Thread(target=commit)
    thread.start()
    thread.join()
    assert "worker thread" in str(caught[0])
    assert store.session == Session()


def test_a_change_that_fails_leaves_the_session_as_it_was() -> None:
    store = Store()
    listener = Listener(store)
    with pytest.raises(ZeroDivisionError):
        store.update(lambda s: s.set_opacity(1 / 0))
    assert store.session == Session()
    assert listener.heard == []
