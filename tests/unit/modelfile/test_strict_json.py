"""JSON from a stranger."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unetscope.modelfile.strict_json import MAX_DEPTH, MAX_LENGTH, read_json

LEAVES = st.none() | st.booleans() | st.integers(-(2**62), 2**62) | st.text(max_size=5)
VALUES = st.recursive(
    LEAVES | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner),
)


@given(value=VALUES)
def test_what_is_ordinary_is_read(value: object) -> None:
    assert read_json(json.dumps(value)) == value
    assert read_json(json.dumps(value).encode()) == value


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "no JSON"),
        ("", "no JSON"),
        (b"\xff\xff", "no text"),
        ('{"a": 1, "b": {"c": 1, "c": 2}}', "'c' twice"),
        ("9" * 20, "20 digits"),
        ("9" * 9999, "9,999 digits"),
        ("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1), "deeply"),
        ("[" * 200_000, "deeply"),
        (" " * (MAX_LENGTH + 1), "too long"),
    ],
)
def test_what_is_not_is_refused(text: str | bytes, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        read_json(text)


def test_numbers_that_only_tell_objects_apart_are_read() -> None:
    assert read_json('{"shared_object_id": 140234567890123456}')
