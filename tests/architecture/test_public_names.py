"""`import unetscope` is for people: everything it offers explains itself."""

from __future__ import annotations

import inspect

import unetscope


def test_public_names_exist() -> None:
    missing = [name for name in getattr(unetscope, "__all__", []) if not hasattr(unetscope, name)]
    assert not missing


def test_public_functions_and_classes_have_docstrings() -> None:
    silent = []
    for name in getattr(unetscope, "__all__", []):
        thing = getattr(unetscope, name)
        if (inspect.isclass(thing) or inspect.isroutine(thing)) and not inspect.getdoc(thing):
            silent.append(name)
    assert not silent


def test_the_package_says_what_it_is() -> None:
    assert unetscope.__doc__
