"""Numbers in files of numpy."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from unetscope.domain.errors import UnetscopeError
from unetscope.io.array_file import write_arrays
from unetscope.io.replacing import replacing, write_bytes


def test_one_array_and_several_come_back_bit_for_bit(tmp_path: Path) -> None:
    kernel = np.random.default_rng(0).normal(size=(3, 3, 2, 4)).astype(np.float32)
    bias = np.array([-0.0, 1e-40, np.nan, 3], np.float32)
    write_arrays(tmp_path / "one.npy", kernel)
    assert np.load(tmp_path / "one.npy", allow_pickle=False).tobytes() == kernel.tobytes()
    write_arrays(tmp_path / "all.npz", {"kernel": kernel, "bias": bias})
    with np.load(tmp_path / "all.npz", allow_pickle=False) as found:
        assert found["kernel"].tobytes() == kernel.tobytes()
        assert found["bias"].tobytes() == bias.tobytes()
    assert {path.name for path in tmp_path.iterdir()} == {"one.npy", "all.npz"}


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnetscopeError, match=r"x\.npy could not be written"):
        write_arrays(tmp_path / "missing" / "x.npy", np.zeros(2))


def test_bytes_are_written_whole_or_what_stood_there_stays(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    write_bytes(path, b"old")
    write_bytes(path, b"new")
    assert path.read_bytes() == b"new"

    def write_half() -> None:
        with replacing(path) as file:
            file.write("half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_half()
    assert path.read_bytes() == b"new"
    assert [one.name for one in tmp_path.iterdir()] == ["table.csv"]
    with pytest.raises(UnetscopeError, match=r"table\.csv could not be written"):
        write_bytes(tmp_path / "missing" / "table.csv", b"")
