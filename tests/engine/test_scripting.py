"""The scripting API as scripts use it: the two seed questions, and the main job on the sample."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from scipy.signal import correlate2d

import unetscope as us
from unetscope.domain.kernels import shape_card

SEED_TABLE = (
    ("conv1_1", "Conv2D", (None, 200, 200, 64), 1664),
    ("conv1_2", "Conv2D", (None, 200, 200, 64), 102464),
    ("pool1", "MaxPooling2D", (None, 100, 100, 64), 0),
    ("conv2_1", "Conv2D", (None, 100, 100, 96), 55392),
    ("conv2_2", "Conv2D", (None, 100, 100, 96), 83040),
    ("pool2", "MaxPooling2D", (None, 50, 50, 96), 0),
    ("conv3_1", "Conv2D", (None, 50, 50, 128), 110720),
    ("conv3_2", "Conv2D", (None, 50, 50, 128), 147584),
    ("pool3", "MaxPooling2D", (None, 25, 25, 128), 0),
    ("conv4_1", "Conv2D", (None, 25, 25, 256), 295168),
    ("conv4_2", "Conv2D", (None, 25, 25, 256), 1048832),
    ("pool4", "MaxPooling2D", (None, 12, 12, 256), 0),
    ("conv5_1", "Conv2D", (None, 12, 12, 512), 1180160),
    ("conv5_2", "Conv2D", (None, 12, 12, 512), 2359808),
)


def seed_encoder() -> Any:
    """The encoder as the first seed builds it."""
    blocks = (
        (64, ("conv1_1", 5), ("conv1_2", 5), "pool1"),
        (96, ("conv2_1", 3), ("conv2_2", 3), "pool2"),
        (128, ("conv3_1", 3), ("conv3_2", 3), "pool3"),
        (256, ("conv4_1", 3), ("conv4_2", 4), "pool4"),
        (512, ("conv5_1", 3), ("conv5_2", 3), ""),
    )
    inputs = keras.Input(shape=(200, 200, 1), name="input_1")
    x = inputs
    for filters, first, second, pool in blocks:
        for name, size in (first, second):
            x = keras.layers.Conv2D(
                filters, (size, size), activation="relu", padding="same", name=name
            )(x)
        if pool:
            x = keras.layers.MaxPooling2D(pool_size=(2, 2), name=pool)(x)
    return keras.Model(inputs, x, name="encoder")


@pytest.mark.parametrize("ending", [".keras", ".h5"])
@pytest.mark.filterwarnings("ignore:.*HDF5.*")
def test_the_seeds_encoder_opens_with_the_seeds_table(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"encoder{ending}"
    seed_encoder().save(path)

    model = us.open_model(path)

    first, *others = model.layers
    assert (first.kind, first.output_shape, first.parameters) == (
        "InputLayer",
        (None, 200, 200, 1),
        0,
    )
    table = tuple((one.name, one.kind, one.output_shape, one.parameters) for one in others)
    assert table == SEED_TABLE
    assert sum(layer.parameters for layer in model.layers) == 5_384_832
    assert [layer.inputs for layer in others[:2]] == [(first.name,), ("conv1_1",)]


def test_the_shape_card_answers_the_first_seed(tmp_path: Path) -> None:
    us.unet_encoder().save(tmp_path / "encoder.keras")
    model = us.open_model(tmp_path / "encoder.keras")

    card = shape_card(model.layers[-1], image_channels=1)

    assert card is not None
    assert card.title == "kernel (3, 3, 512, 512)"
    assert (card.kernel, card.in_channels, card.filters) == ((3, 3), 512, 512)
    assert card.lines[0] == "kernel 3×3 · 512 input channels · 512 filters"
    assert card.lines[1] == "3·3·512·512 + 512 bias = 2,359,808 parameters"
    assert "The image has 1 channel, but this layer reads conv5_1" in card.lines[2]


TUTORIAL = np.array([[-1, -1, 1, 1]] * 4, np.float32)


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize(
    "kernel",
    [TUTORIAL, -TUTORIAL, TUTORIAL.T, -TUTORIAL.T],
    ids=["right", "left", "below", "above"],
)
def test_the_second_seeds_filters_give_the_cross_correlation(
    tmp_path: Path, kernel: np.ndarray[Any, Any], padding: str
) -> None:
    plain = keras.Sequential(
        [keras.Input((41, 37, 1)), keras.layers.Conv2D(1, (4, 4), padding=padding, name="conv")]
    )
    plain.save(tmp_path / "one.keras")
    model = us.open_model(tmp_path / "one.keras")
    image = np.random.default_rng(4).normal(size=(41, 37)).astype(np.float32)
    model.run(image)

    model.apply(us.SetLayerWeights("conv", [np.reshape(kernel, (4, 4, 1, 1)), np.array([0])]))

    padded = image if padding == "valid" else np.pad(image, ((1, 2), (1, 2)))
    expected = correlate2d(padded, kernel, mode="valid")
    np.testing.assert_allclose(model.activation("conv")[..., 0], expected, atol=1e-5)
    np.testing.assert_array_equal(model.weights("conv")[0], kernel.reshape(4, 4, 1, 1))


def test_the_main_job_by_script() -> None:
    study = us.open_study(us.sample_study())
    assert not study.skipped
    (series,) = study.series
    volume = series.volume()
    assert volume.shape == series.shape
    assert volume.dtype == np.float32
    model = us.open_model(us.sample_model())

    at = len(volume) // 2
    image = model.preprocessing.apply(volume[at], series.spacing[1:])
    model.run(image)
    trained = model.mask()
    first_map = model.activation("enc1_conv1")
    assert image.shape == trained.shape == (256, 256)
    assert model.probabilities().shape == (256, 256, len(model.card.classes))
    np.testing.assert_allclose(model.probabilities().sum(axis=-1), 1, atol=1e-5)

    model.apply(us.ScaleFilter("enc1_conv1", 3, 0.0))
    model.apply(us.SetBias("dec1_conv2", 0, 0.5))
    edited = model.mask()
    assert (edited != trained).any()
    assert not model.activation("enc1_conv1")[..., 3].any()
    assert len(model.edits) == 2
    layers_recomputed, milliseconds = model.last_update
    assert 0 < layers_recomputed < len(model.layers)
    assert milliseconds > 0

    model.undo()
    model.undo()
    assert np.array_equal(model.mask(), trained)
    assert np.array_equal(model.activation("enc1_conv1"), first_map)
    model.redo()
    model.redo()
    assert np.array_equal(model.mask(), edited)
    model.revert()
    assert len(model.edits) == 0
    assert np.array_equal(model.mask(), trained)

    back = model.preprocessing.invert(model.mask())
    assert back.shape == volume[at].shape
    assert set(np.unique(back)) == {0, 1, 2, 3}


def test_steps_are_changed_and_saved_by_script(tmp_path: Path) -> None:
    path = tmp_path / "mine.keras"
    shutil.copy(us.sample_model(), path)
    model = us.open_model(path)
    assert not model.card.confirmed
    series = us.open_study(us.sample_study()).series[0]
    values, spacing = series.volume()[90], series.spacing[1:]
    steps = replace(
        model.preprocessing,
        orient="RA",
        clahe=us.Clahe(clip_limit=0.02),
        match=us.ReferenceHistogram.of(values),
    )
    model.card = replace(model.card, preprocessing=steps, confirmed=True)
    saved = us.save_card(model)

    again = us.open_model(path)

    assert saved == tmp_path / "mine.card.json"
    assert again.preprocessing == steps
    assert again.card.confirmed
    image = again.preprocessing.apply(values, spacing, us.slice_orientation(series))
    again.run(image)
    assert again.preprocessing.invert(again.mask()).shape == values.shape
    assert np.array_equal(image, steps.apply(values[::-1, ::-1], spacing, "RA"))


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (us.SetKernel("enc1_conv1", 0, 0, np.zeros((5, 5))), ("(3, 3)", "(5, 5)")),
        (us.SetFilter("enc1_conv2", 0, np.zeros((3, 3, 4))), ("(3, 3, 16)", "(3, 3, 4)")),
        (us.SetKernel("enc1_conv1", 0, 99, np.zeros((3, 3))), ("0 to 15", "99")),
        (
            us.SetLayerWeights("enc1_conv1", [np.zeros((3, 3, 1, 2))]),
            ("(3, 3, 1, 16), (16,)", "(3, 3, 1, 2)"),
        ),
        (us.SetBias("enc1_relu1", 0, 1.0), ("enc1_relu1", "no kernels")),
        (us.SetKernel("no_such", 0, 0, np.zeros((3, 3))), ("no_such", "layer")),
    ],
)
def test_an_edit_that_does_not_fit_is_refused_in_two_sentences(
    edit: us.Edit, words: tuple[str, str]
) -> None:
    model = us.open_model(us.sample_model())
    before = {layer.name: model.weights(layer.name) for layer in model.layers}

    with pytest.raises(us.UnetscopeError) as refused:
        model.apply(edit)

    said = str(refused.value)
    assert isinstance(refused.value.hint, str)
    assert said.count(". ") <= 1
    for word in words:
        assert word.rstrip(")") in said
    assert model.edits == ()
    for name, weights in before.items():
        for old, new in zip(weights, model.weights(name), strict=True):
            assert np.array_equal(old, new)


def test_trouble_with_files_has_a_sentence_and_a_hint(tmp_path: Path) -> None:
    (tmp_path / "notes.dcm").write_text("not an image")
    (tmp_path / "empty").mkdir()
    cut = tmp_path / "cut.keras"
    cut.write_bytes(us.sample_model().read_bytes()[:100_000])

    cases = (
        (us.open_study, tmp_path / "missing.dcm"),
        (us.open_study, tmp_path / "notes.dcm"),
        (us.open_study, tmp_path / "empty"),
        (us.open_model, tmp_path / "missing.keras"),
        (us.open_model, cut),
    )
    for opener, path in cases:
        with pytest.raises(us.UnetscopeError) as refused:
            opener(path)
        assert path.name in refused.value.what
        assert refused.value.hint


def test_a_model_and_a_study_opened_by_relative_paths_stay_the_same_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(us.sample_model().parent)
    model, study = us.open_model("brain-tissue-unet.keras"), us.open_study("study")
    monkeypatch.chdir(tmp_path)

    assert study.series[0].volume().any()
    model.apply(us.SetBias("head", 0, 9.0))
    with pytest.raises(us.ModelError):
        model.save(us.sample_model())


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_an_image_that_is_not_finite_is_refused(bad: float) -> None:
    model = us.open_model(us.sample_model())
    image = np.zeros((256, 256), np.float32)
    image[3, 4] = bad
    with pytest.raises(us.ModelError, match="not finite"):
        model.run(image)


def test_a_gain_multiplies_the_maps_of_a_depthwise_filter_with_its_biases(tmp_path: Path) -> None:
    layer = keras.layers.DepthwiseConv2D(
        3, depth_multiplier=2, bias_initializer="ones", padding="same", name="depth"
    )
    keras.Sequential([keras.Input((8, 8, 3)), layer]).save(tmp_path / "depth.keras")
    model = us.open_model(tmp_path / "depth.keras")
    model.run(np.random.default_rng(0).normal(size=(8, 8, 3)))
    before = model.activation("depth")

    model.apply(us.ScaleFilter("depth", 1, 3.0))

    after = model.activation("depth")
    np.testing.assert_allclose(after[..., 1::2], before[..., 1::2] * 3, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(after[..., ::2], before[..., ::2])


@pytest.mark.parametrize(
    "edit",
    [
        us.SetKernel("enc1_conv1", 0, 1.0, np.zeros((3, 3))),  # type: ignore[arg-type]
        us.SetKernel("enc1_conv1", 0, "1", np.zeros((3, 3))),  # type: ignore[arg-type]
        us.SetBias("enc1_conv1", 0, [1.0, 2.0]),  # type: ignore[arg-type]
        us.ScaleFilter("enc1_conv1", 0, [1.0, 2.0]),  # type: ignore[arg-type]
    ],
)
def test_an_index_or_a_number_of_the_wrong_kind_is_refused_with_a_hint(edit: us.Edit) -> None:
    with pytest.raises(us.EditError) as refused:
        us.open_model(us.sample_model()).apply(edit)
    assert refused.value.hint


def test_a_network_with_channels_first_takes_images_with_channels_last(tmp_path: Path) -> None:
    image = keras.Input((1, 16, 18))
    layer = keras.layers.Conv2D(2, 3, padding="same", data_format="channels_first", name="conv")
    keras.Model(image, layer(image)).save(tmp_path / "first.keras")

    live = us.open_model(tmp_path / "first.keras").run(np.zeros((16, 18)))

    assert live.activation("conv").shape == (16, 18, 2)
