"""Architectures to start from, built: what the data says of them is what Keras builds."""

from __future__ import annotations

import pickle
import runpy
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

import unetscope as us
from unetscope.domain.errors import ModelError, UnetscopeError
from unetscope.domain.ports import Saved
from unetscope.domain.presets import PRESETS, NewModel
from unetscope.engine.creating import create
from unetscope.engine.jobs import CreateJob, Sent
from unetscope.engine.local import LocalEngine
from unetscope.engine.messages import CreateAt, Done
from unetscope.engine.presets import built, unet_encoder
from unetscope.processes.room import Room

pytestmark = pytest.mark.engine

TINY = NewModel.proposed("unet", filters=3, depth=2, classes=2, image_shape=(16, 24, 2), seed=4)
CHOICES = [
    *(NewModel.proposed(known.id) for known in PRESETS),
    TINY,
    NewModel.proposed("mirrored_unet", image_shape=(37, 50, 2), classes=3),
    NewModel.proposed("unet", image_shape=(64, 96, 3), classes=1, filters=5, depth=5),
]


@pytest.mark.parametrize("new", CHOICES, ids=lambda new: f"{new.preset}-{new.image_shape}")
def test_what_is_built_is_what_the_data_says(new: NewModel) -> None:
    model = built(new)
    convolutions = [layer for layer in model.layers if hasattr(layer, "kernel")]
    kernels = tuple((layer.name, tuple(layer.kernel.shape)) for layer in convolutions)
    assert kernels == new.kernels
    assert model.count_params() == new.parameters
    if new.classes:
        assert model.output_shape == (None, *new.image_shape[:2], new.classes)


def test_the_mirrored_decoder_crops_the_skips_as_the_grids_fall() -> None:
    model = built(NewModel.proposed("mirrored_unet"))
    grids = {layer.name: layer.output.shape[1] for layer in model.layers}
    assert [grids[f"conv{level}_2"] for level in range(1, 10)] == [
        *(200, 100, 50, 25, 12),
        *(24, 48, 96, 192),
    ]
    assert model.get_layer("crop6").cropping == ((0, 1), (0, 1))  # 25 to 24
    assert model.get_layer("crop9").cropping == ((4, 4), (4, 4))
    assert grids["pad9"] == grids["conv10_1"] == 200
    up, skip = (tensor.shape[-1] for tensor in model.get_layer("concat6").input)
    assert (up, skip) == (512, 256)
    assert model.get_layer("conv10_1").activation is keras.activations.sigmoid


def test_grids_that_halve_evenly_need_no_cropping() -> None:
    names = {
        layer.name
        for layer in built(NewModel.proposed("mirrored_unet", image_shape=(32, 48, 1))).layers
    }
    assert not {name for name in names if name.startswith(("crop", "pad"))}


def test_the_encoder_is_the_same_inside_the_mirrored_u_net() -> None:
    whole, encoder = built(NewModel.proposed("mirrored_unet")), unet_encoder()
    for layer in encoder.layers:
        assert whole.get_layer(layer.name).output.shape == layer.output.shape
        ours, theirs = whole.get_layer(layer.name).get_config(), layer.get_config()
        assert {k: v for k, v in ours.items() if k != "kernel_initializer"} == {
            k: v for k, v in theirs.items() if k != "kernel_initializer"
        }


def test_the_u_net_is_the_samples_own_architecture() -> None:
    making = Path(__file__).parents[2] / "resources" / "sample" / "making" / "network.py"
    sample = runpy.run_path(str(making))["build"](256)

    def without_name(model: Any) -> Any:
        return {key: value for key, value in model.get_config().items() if key != "name"}

    assert without_name(built(NewModel.proposed("unet"))) == without_name(sample)


def test_the_same_seed_gives_the_same_weights_and_another_seed_others() -> None:
    first, again = built(TINY).get_weights(), built(TINY).get_weights()
    other = built(NewModel.proposed("unet", filters=3, depth=2, classes=2, image_shape=(16, 24, 2)))
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not np.array_equal(first[0], other.get_weights()[0])
    assert len({weight.tobytes() for weight in first if weight.ndim == 4}) == 7


def test_first_weights_neither_grow_nor_fade_on_their_way() -> None:
    """He's normal kernels: the spread of 2 / fan-in; biases 0; Glorot's limit at the output."""
    model = built(NewModel.proposed("mirrored_unet"))
    kernel, bias = model.get_layer("conv5_2").get_weights()
    assert kernel.std() == pytest.approx(np.sqrt(2 / (9 * 512)), rel=0.01)
    assert not bias.any()
    head = model.get_layer("conv10_1").get_weights()[0]
    assert 0.5 < np.abs(head).max() / np.sqrt(6 / 65) <= 1


# ----------------------------------------------------------------------- creating


def test_a_new_model_opens_and_gives_a_mask(tmp_path: Path) -> None:
    path = tmp_path / "new.keras"
    model = us.new_model(
        "unet", path, image_shape=(16, 24, 2), classes=2, filters=3, depth=2, seed=4
    )
    assert model.network.path == path
    model.run(np.random.default_rng(1).random((16, 24, 2), dtype=np.float32))
    assert model.mask().shape == (16, 24)
    expected = built(TINY).get_layer("head").get_weights()[0]
    np.testing.assert_array_equal(model.weights("head")[0], expected)
    assert [path.name for path in tmp_path.iterdir()] == ["new.keras"]


def test_a_new_model_has_its_presets_proposals_where_nothing_is_said(tmp_path: Path) -> None:
    model = us.new_model("unet_encoder", tmp_path / "encoder.keras")
    assert model.parameters == 5_384_832
    assert model.layers[0].output_shape == (None, 200, 200, 1)


def test_what_was_created_is_told_with_its_fingerprint(tmp_path: Path) -> None:
    saved = create(TINY, tmp_path / "new.keras")
    assert saved.fingerprint == us.open_model(tmp_path / "new.keras").network.fingerprint
    assert saved.arrays_compared == len(built(TINY).weights)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("there.keras", "exists already"),
        ("new.h5", "saved as a .keras file"),
        ("no/such/new.keras", "could not be written"),
    ],
)
def test_a_new_model_is_written_whole_or_not_at_all(tmp_path: Path, name: str, said: str) -> None:
    (tmp_path / "there.keras").write_bytes(b"precious")
    with pytest.raises(ModelError, match=said):
        us.new_model("unet", tmp_path / name, filters=2, depth=2)
    assert [path.name for path in tmp_path.iterdir()] == ["there.keras"]
    assert (tmp_path / "there.keras").read_bytes() == b"precious"


# ------------------------------------------------------------------- in the engine


def test_the_engine_in_this_process_creates_and_tells_trouble(tmp_path: Path) -> None:
    engine, told, failed = LocalEngine(), list[Saved](), list[UnetscopeError]()
    engine.create(TINY, tmp_path / "new.keras", told.append, failed.append)
    engine.create(TINY, tmp_path / "new.keras", told.append, failed.append)
    assert [saved.path for saved in told] == [tmp_path / "new.keras"]
    assert [error.what for error in failed] == ["new.keras exists already."]


def test_what_crosses_to_the_engines_process_is_the_whole_choice(tmp_path: Path) -> None:
    done: list[Saved] = []
    job = CreateJob(TINY, tmp_path / "new.keras", done.append, lambda _: None)
    room = Room("test")
    request = pickle.loads(pickle.dumps(job.message(7, 1, Sent(room))))
    room.remove()
    assert request == CreateAt(7, TINY, tmp_path / "new.keras", room.home / "7.keras")


def test_what_the_engine_made_is_put_in_its_place_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "new.keras"
    job = CreateJob(TINY, path, lambda _: None, lambda _: None)
    room = Room("test")
    sent, reply = Sent(room), Done(0, Saved(path, "sha256:0", 3), 0)
    sent.made(0).write_bytes(b"a network")

    assert job.answer(reply, sent) == reply.value
    assert path.read_bytes() == b"a network"
    assert not any(room.home.iterdir())

    sent.made(0).write_bytes(b"another one")
    with pytest.raises(ModelError, match="exists already"):
        job.answer(reply, sent)
    assert path.read_bytes() == b"a network"

    stopped = CreateJob(TINY, tmp_path / "stopped.keras", lambda _: None, lambda _: None)
    stopped.cancelled = True  # the user has stopped it, while it was under way
    sent.made(0).write_bytes(b"another one")
    with pytest.raises(ModelError):
        stopped.answer(reply, sent)
    room.remove()
    assert [each.name for each in tmp_path.iterdir()] == ["new.keras"]
