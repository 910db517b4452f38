"""TensorFlow's checkpoints read without TensorFlow: the checksum, the table, and damage."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unetscope.domain.errors import ModelError
from unetscope.modelfile.checkpoint import Checkpoint
from unetscope.modelfile.crc32c import crc32c, unmasked
from unetscope.modelfile.protobuf import fields, messages, text, whole_number
from unetscope.modelfile.reading import read_model

SAMPLE = Path(__file__).parents[2] / "engine" / "data" / "keras2_savedmodel"


# ------------------------------------------------------------------- checksum


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", 0),
        (b"123456789", 0xE3069283),
        (bytes(32), 0x8A9136AA),
        (b"\xff" * 32, 0x62A8AB43),
        (bytes(range(32)), 0x46DD794E),
    ],
)
def test_the_checksum_is_that_of_rfc_3720(data: bytes, expected: int) -> None:
    assert crc32c(data) == expected


def bit_by_bit(data: bytes) -> int:
    register = 0xFFFFFFFF
    for byte in data:
        register ^= byte
        for _ in range(8):
            register = register >> 1 ^ (0x82F63B78 if register & 1 else 0)
    return register ^ 0xFFFFFFFF


@given(length=st.integers(0, 5000), seed=st.integers(0, 99))
def test_the_checksum_in_lanes_is_the_checksum_bit_by_bit(length: int, seed: int) -> None:
    data = random.Random(seed).randbytes(length)
    assert crc32c(data) == bit_by_bit(data)


def test_tensorflow_masks_its_checksums() -> None:
    plain = crc32c(b"123456789")
    masked = ((plain >> 15 | plain << 17) + 0xA282EAD8) & 0xFFFFFFFF
    assert unmasked(masked) == plain


# ------------------------------------------------------------------- messages


def test_a_message_gives_its_numbers_and_texts() -> None:
    content = b"\x08\x96\x01" + b"\x12\x03abc" + b"\x12\x01d" + b"\x1d\x02\x00\x00\x00"
    assert list(fields(content)) == [(1, 150), (2, b"abc"), (2, b"d"), (3, 2)]
    assert messages(content, 2) == [b"abc", b"d"]
    assert (text(content, 2), whole_number(content, 1), text(content, 9)) == ("d", 150, "")


@pytest.mark.parametrize("content", [b"\x08", b"\x12\x05abc", b"\x0b", b"\x08" + b"\xff" * 11])
def test_what_is_no_message_is_refused(content: bytes) -> None:
    with pytest.raises((ValueError, IndexError)):
        list(fields(content))


# ----------------------------------------------------------------- checkpoint


def test_the_objects_of_the_sample_hold_its_weights() -> None:
    files = {path.name: path.read_bytes() for path in (SAMPLE / "variables").iterdir()}
    checkpoint = Checkpoint(files, "sample")
    layer = checkpoint.child(0, "layer_with_weights-0")
    assert layer is not None
    assert checkpoint.child(0, "layer-1") == layer
    assert checkpoint.child(layer, "no such name") is None
    kernel = checkpoint.child(layer, "kernel")
    assert kernel is not None
    values = checkpoint.read(kernel, "enc")
    assert values is not None
    assert values.shape == (3, 3, 1, 2)
    assert not values.flags.writeable
    assert checkpoint.read(layer, "enc") is None, "a layer itself is no array"


@pytest.mark.parametrize("seed", range(60))
def test_damage_is_told_or_harmless_but_never_wrong_weights(tmp_path: Path, seed: int) -> None:
    """Bytes flipped, replaced and cut anywhere in the checkpoint."""
    dice = random.Random(seed)
    folder = Path(shutil.copytree(SAMPLE, tmp_path / "sample"))
    name = ("variables.index", "variables.data-00000-of-00001")[seed % 2]
    content = bytearray((folder / "variables" / name).read_bytes())
    for _ in range(dice.choice([1, 1, 4])):
        place = dice.randrange(len(content))
        if dice.random() < 0.7:
            content[place] ^= 1 << dice.randrange(8)
        else:
            del content[place : place + dice.randrange(1, 9)]
    (folder / "variables" / name).write_bytes(content)

    try:
        weights = read_model(folder).weights
    except ModelError as error:
        weights, said = {}, error.what
        assert "sample" in said
    for layer, arrays in read_model(SAMPLE).weights.items():
        for found, expected in zip(weights.get(layer, ()), arrays, strict=bool(weights)):
            np.testing.assert_array_equal(found, expected)
