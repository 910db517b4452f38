"""A saved network holds what was in force, bit for bit, and the trained file stays as it was."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import pytest
from numpy.typing import NDArray

from unetscope.domain.edits import ScaleFilter, SetKernel
from unetscope.domain.errors import ModelError
from unetscope.engine import introspect, saving
from unetscope.engine.live_model import LiveModel, open_model
from unetscope.io.network_file import read_network

pytestmark = pytest.mark.engine

Saved = Callable[..., Path]


@pytest.fixture
def live(saved: Saved, image: NDArray[np.float32]) -> LiveModel:
    live = open_model(saved("small_unet")).run(image)
    return live.apply(SetKernel("mid_conv", 1, 2, np.full((3, 3), 1 / 3))).apply(
        ScaleFilter("up", 0, 0.1)
    )


def test_what_is_saved_is_what_is_in_force(live: LiveModel, saved: Saved, tmp_path: Path) -> None:
    source = saved("small_unet")
    before = source.read_bytes()

    result = live.save(tmp_path / "edited.keras")

    read = read_network(tmp_path / "edited.keras")
    plain = keras.models.load_model(tmp_path / "edited.keras", compile=False)
    assert result.path == tmp_path / "edited.keras"
    assert result.fingerprint == read.fingerprint
    assert result.arrays_compared == sum(len(arrays) for arrays in read.trained.values()) == 14
    for name, arrays in read.trained.items():
        held = plain.get_layer(name).get_weights()
        for ours, file, theirs in zip(live.weights(name), arrays, held, strict=True):
            assert ours.tobytes() == file.tobytes() == np.asarray(theirs).tobytes()
    assert source.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["edited.keras"]


def test_the_saved_network_answers_the_same(
    live: LiveModel, tmp_path: Path, image: NDArray[np.float32]
) -> None:
    live.save(tmp_path / "edited.keras")

    again = open_model(tmp_path / "edited.keras").run(image)

    np.testing.assert_array_equal(again.mask(), live.mask())
    np.testing.assert_allclose(again.probabilities(), live.probabilities(), rtol=1e-5, atol=1e-7)


def test_the_trained_file_is_never_written_to(
    saved: Saved, tmp_path: Path, image: NDArray[np.float32]
) -> None:
    source = tmp_path / "mine.keras"
    source.write_bytes(saved("small_unet").read_bytes())
    live = open_model(source).apply(ScaleFilter("up", 0, 0.1))
    link = tmp_path / "link.keras"
    link.symlink_to(source)
    hard = tmp_path / "hard.keras"
    hard.hardlink_to(source)

    for path in (source, tmp_path / "." / "mine.keras", link, hard):
        with pytest.raises(ModelError, match="is the trained network"):
            live.save(path)

    assert source.read_bytes() == saved("small_unet").read_bytes()


def test_another_suffix_or_no_folder_is_refused(live: LiveModel, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="ends in"):
        live.save(tmp_path / "edited.h5")
    with pytest.raises(ModelError, match="could not be written"):
        live.save(tmp_path / "nowhere" / "edited.keras")
    assert not any(tmp_path.iterdir())


def test_a_file_that_reads_back_wrong_never_gets_its_name(
    live: LiveModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = tmp_path / "edited.keras"
    old.write_bytes(b"what stood here before")
    right = introspect.read_weights

    def one_bit_off(layer: object) -> tuple[NDArray[np.float32], ...]:
        arrays = right(layer)
        if not arrays:
            return arrays
        bits = arrays[0].view(np.uint32).copy()
        bits.flat[0] ^= 1
        return (bits.view(np.float32), *arrays[1:])

    monkeypatch.setattr(saving, "read_weights", one_bit_off)

    with pytest.raises(ModelError, match="was not saved"):
        live.save(old)
    assert old.read_bytes() == b"what stood here before"
    assert [path.name for path in tmp_path.iterdir()] == ["edited.keras"]


def test_after_saving_layers_that_keras_runs_still_have_their_edits(
    saved: Callable[..., Path], tmp_path: Path
) -> None:
    """Depthwise and separable layers are run by Keras, whose variables saving sets and resets."""
    image = np.random.default_rng(3).random((24, 20, 2), dtype=np.float32)
    live = open_model(saved("many_kinds")).run(image)
    live.apply(ScaleFilter("separable", 0, -3.0)).apply(ScaleFilter("depthwise", 0, 2.0))
    expected = live.probabilities()

    live.save(tmp_path / "copy.keras")

    further = SetKernel("strided", 0, 0, np.full((3, 3), 0.4))
    fresh = open_model(saved("many_kinds")).run(image)
    fresh.apply(ScaleFilter("separable", 0, -3.0)).apply(ScaleFilter("depthwise", 0, 2.0))
    fresh.apply(further)
    live.apply(further)
    np.testing.assert_allclose(live.probabilities(), fresh.probabilities(), rtol=1e-4, atol=1e-6)
    assert not np.allclose(live.probabilities(), expected, atol=1e-4)
    reopened = open_model(tmp_path / "copy.keras").run(image)
    np.testing.assert_allclose(reopened.probabilities(), expected, rtol=1e-5, atol=1e-7)
