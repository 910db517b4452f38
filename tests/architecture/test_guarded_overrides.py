"""No override of a Qt virtual lets an exception out: see `ui/widgets/guard.py`."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import sys
from collections.abc import Iterator
from types import FunctionType, ModuleType

import pytest
from PySide6.QtCore import QObject, QSize
from PySide6.QtWidgets import QLayoutItem, QWidget

import unetscope.ui
from unetscope import bootstrap
from unetscope.ui.widgets import guard
from unetscope.ui.widgets.guard import guarded, overrides


def modules() -> Iterator[ModuleType]:
    """All modules that know Qt."""
    yield bootstrap
    for found in pkgutil.walk_packages(unetscope.ui.__path__, "unetscope.ui."):
        yield importlib.import_module(found.name)


def is_guarded(method: FunctionType) -> bool:
    """Whether the outermost thing around it is the guard."""
    return method.__code__.co_filename == guard.__file__


OVERRIDES = {
    f"{kind.__name__}.{name}": method
    for module in modules()
    for kind in vars(module).values()
    if inspect.isclass(kind)
    and kind.__module__ == module.__name__
    and issubclass(kind, (QObject, QLayoutItem))
    for name, method in overrides(kind)
}


def test_the_overrides_are_found() -> None:
    known = {"RowTable.rowCount", "FlowLayout.count", "WindowKeys.eventFilter", "_Cards.paint"}
    assert known <= set(OVERRIDES)
    assert len(OVERRIDES) > 150


@pytest.mark.parametrize("name", OVERRIDES)
def test_an_override_is_guarded(name: str) -> None:
    assert is_guarded(OVERRIDES[name]), "decorate the class with @guarded"


def test_no_virtual_is_replaced_on_an_instance() -> None:
    """`widget.sizeHint = …` would be an override that nothing here can see."""
    names = {name for kind in (QWidget, QObject) for name in vars(kind) if name.endswith("Event")}
    names |= {"event", "eventFilter", "sizeHint", "minimumSizeHint"}
    guilty = [
        f"{module.__name__}: {name}"
        for module in modules()
        for name in names
        if f".{name} = " in inspect.getsource(module)
    ]
    assert guilty == []


class Open(QWidget):
    def sizeHint(self) -> QSize:  # noqa: N802  (Qt's name)
        raise ZeroDivisionError

    def _own(self) -> int:
        return 1


def test_the_rule_sees_what_is_not_guarded() -> None:
    assert [(name, is_guarded(method)) for name, method in overrides(Open)] == [("sizeHint", False)]
    assert [(name, is_guarded(method)) for name, method in overrides(guarded(Open))] == [
        ("sizeHint", True)
    ]


@pytest.mark.parametrize("raised", [ZeroDivisionError, KeyboardInterrupt])
def test_whatever_is_raised_is_reported_and_a_safe_value_given(
    raised: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[type] = []
    monkeypatch.setattr(sys, "excepthook", lambda kind, *_: told.append(kind))

    @guarded
    class Raises(QWidget):
        def sizeHint(self) -> QSize:  # noqa: N802  (Qt's name)
            raise raised

        def paintEvent(self, event: object) -> None:  # noqa: N802  (Qt's name)
            raise raised

    assert vars(Raises)["sizeHint"](None) == QSize()
    vars(Raises)["paintEvent"](None, None)
    assert told == [raised, raised]


def test_a_virtual_for_which_no_safe_value_is_known_is_refused() -> None:
    class Unknown(QWidget):
        def heightForWidth(self, width: int) -> int:  # noqa: N802  (Qt's name)
            return width

        def hasHeight(self) -> bool:  # noqa: N802  (not one of Qt's)
            return True

        def metric(self, metric: object) -> int:
            return 1

    with pytest.raises(TypeError, match=r"Unknown\.metric"):
        guarded(Unknown)
