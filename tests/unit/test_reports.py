"""Logs and reports say where trouble arose, never whose it is."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from psygnal import SignalInstance

from unetscope import reports
from unetscope.domain.errors import StudyError
from unetscope.io import text_files

NAME = "PLANTED^NAME"


@pytest.fixture(autouse=True)
def own_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    for kept, empty in (("_words", set()), ("_steps", []), ("_troubles", [])):
        monkeypatch.setattr(reports, kept, empty)


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("No such file: '/a b/Smith John/im.dcm' is gone", "No such file: '[hidden]' is gone"),
        ('"/a/O\'Neil/im" is gone', '"[hidden]" is gone'),
        ("/media/stick/Smith John/im cannot be read\nas said", "[hidden]\nas said"),
        (r"C:\Data\smith\im.dcm is gone", "[hidden]"),
        (r"in \\server\share\smith", "in [hidden]"),
        ("file:///a/smith", "[hidden]"),
        ("and/or, 3/4, a / b, http://x.org", "and/or, 3/4, a / b, http://x.org"),
        ("unetscope/io/study.py:4 in f", "unetscope/io/study.py:4 in f"),
    ],
)
def test_paths_are_left_out(said: str, written: str) -> None:
    assert reports.clean(said) == written


def test_names_that_are_to_be_hidden_are_left_out_whole_and_word_by_word() -> None:
    reports.hide(NAME, "ID-7788", "ab")
    said = f"{NAME} is Planted, or name; id-7788; unplanted ab"
    assert reports.clean(said) == ("[hidden] is [hidden], or [hidden]; [hidden]; unplanted ab")


def failure(raise_it: object) -> BaseException:
    """What a call raises, with its traceback."""
    assert callable(raise_it)
    try:
        raise_it()
    except Exception as error:
        return error
    raise AssertionError("it did not fail")


def test_an_error_is_told_by_its_places_and_its_causes() -> None:
    def call() -> None:
        try:
            int("x")
        except ValueError as error:
            raise KeyError("/data/smith") from error

    told = reports.describe(failure(call))
    assert "test_reports.py:" in told
    assert "in call" in told
    assert "KeyError: '[hidden]'" in told
    assert "ValueError: invalid literal" in told
    assert "smith" not in told


def test_what_an_error_says_that_arose_in_reading_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / f"{NAME}.json"
    told = reports.describe(failure(lambda: text_files.DiskTexts().read(path)))
    assert "unetscope/io/text_files.py" in told
    assert "UnetscopeError: [left out" in told
    assert "PLANTED" not in told
    told = reports.describe(failure(lambda: (_ for _ in ()).throw(StudyError(f"{NAME} is bad."))))
    assert "PLANTED" not in told


def test_the_report_has_versions_the_last_commands_and_troubles() -> None:
    reports.note("edit.undo")
    reports.note("file.quit")
    reports.keep("first")
    reports.keep("second")
    text = reports.report()
    assert "Unetscope 0." in text
    assert "numpy" in text
    assert "Done before: edit.undo, file.quit" in text
    assert text.index("first") < text.index("and then") < text.index("second")


@pytest.fixture
def lines() -> Iterator[list[str]]:
    """What a handler with our formatter writes."""
    written: list[str] = []

    class ToList(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            written.append(self.format(record))

    handler = ToList()
    handler.setFormatter(reports.PrivateFormatter("%(name)s %(message)s"))
    root = logging.getLogger()
    root.addHandler(handler)
    yield written
    root.removeHandler(handler)


def test_the_log_has_our_words_without_names_and_none_of_other_packages(lines: list[str]) -> None:
    reports.hide(NAME)
    logging.getLogger("unetscope.io.study").warning("%s has no pixels", NAME)
    logging.getLogger("pydicom.valuerep").warning("bad value %r", NAME)
    logging.getLogger("unetscope.x").error(
        "it failed", exc_info=failure(lambda: int(NAME)), stack_info=True
    )
    assert lines[0] == "unetscope.io.study [hidden] has no pixels"
    assert lines[1].startswith("pydicom.valuerep test_reports.py:")
    assert "it failed\n  test_reports.py:" in lines[2]
    assert "ValueError" in lines[2]
    assert "PLANTED" not in "".join(lines)


def test_what_another_handler_made_of_an_error_is_not_taken_over(lines: list[str]) -> None:
    record = logging.LogRecord("unetscope", logging.ERROR, __file__, 1, "x", (), None)
    record.exc_info = (ValueError, failure(lambda: int("/data/smith")), None)
    logging.Formatter().format(record)
    assert record.exc_text
    assert "smith" in record.exc_text
    logging.getLogger().handle(record)
    assert "smith" not in lines[-1]


def test_files_are_named_from_where_their_package_begins() -> None:
    assert reports.in_file(reports.__file__, 3, "f") == "unetscope/reports.py:3 in f"
    assert reports.in_file(pytest.__file__, 3, "f").startswith("pytest/")
    assert reports.in_file("/srv/x/y.py", 3, "f") == "y.py:3 in f"
    assert sys.prefix not in reports.in_file(logging.__file__, 3, "f")


def test_what_an_error_of_another_package_says_is_left_out() -> None:
    """Psygnal's quote the variables of whoever listened."""
    signal = SignalInstance()

    def listens() -> None:
        owner = NAME
        raise KeyError(len(owner))

    signal.connect(listens)
    told = reports.describe(failure(signal.emit))
    assert "EmitLoopError: [left out" in told
    assert "KeyError: 12" in told
    assert "PLANTED" not in told
