"""The fault table: what is bad, and what the user is told. Nothing open is lost by it.

Each row goes through the window over the real files and the real engine, with the sample open and
one edit in force. Whatever happens: at most 300 characters, no word for programmers, neither the
patient's name nor a folder named so; what was open stays open with its edits and the same mask, and
the next thing that the user does works. The figures stand at the end of the run.
"""

from __future__ import annotations

import pytest
from tests.faults.bad_engine import ENGINE
from tests.faults.bad_files import FILES
from tests.faults.bad_models import MODELS
from tests.faults.bad_saving import SAVING
from tests.faults.bad_sessions import SESSIONS
from tests.faults.bad_studies import STUDIES
from tests.faults.conftest import COUNTS
from tests.faults.fault import Fault
from tests.faults.room import HungError, Room, check_words

pytestmark = [pytest.mark.engine, pytest.mark.allow_leaks]  # one window for all rows

TABLE: tuple[Fault, ...] = (*STUDIES, *FILES, *MODELS, *SESSIONS, *SAVING, *ENGINE)


def test_the_table_is_long_enough_and_no_row_stands_twice() -> None:
    names = [fault.name for fault in TABLE]
    assert len(set(names)) == len(names) >= 30
    assert all(fault.said or fault.opens for fault in TABLE), "what is said is said word for word"


@pytest.mark.parametrize("fault", TABLE, ids=lambda fault: fault.name)
def test_fault(room: Room, fault: Fault) -> None:
    if not fault.applies:
        pytest.skip(f"only on {fault.only}")
    folder = room.begin()
    before, pid = room.standing(), room.program.engine.pid  # type: ignore[attr-defined]
    COUNTS["tried"] += 1
    try:
        fault.do(room, fault.make(folder))
        said = " ".join((room.said, *room.elsewhere)).strip()
        check_words(said)
        assert fault.is_said(said), said
        assert not room.dialogs, "a dialog stands over the window"
        if fault.opens:
            assert fault.warns in room.warned, room.warned
            check_words(room.warned)
            count = len(room.program.desk.studies[0].series)
            assert fault.series in (0, count), f"{count} series"
        COUNTS["opened" if fault.opens else "refused"] += 1
    except HungError:
        COUNTS["hangs"] += 1
        raise
    finally:
        if fault not in ENGINE:
            COUNTS["deaths"] += room.program.engine.pid != pid  # type: ignore[attr-defined]
        room.end()
    if fault.reopens:
        room.open_sample()
    room.wait_for_the_mask()
    assert room.standing() == before, "what was open is not as it was"
    room.act()
    assert room.standing() == before
