"""The layers of each preset, in the form a model file describes them: built and read like any."""

from __future__ import annotations

from typing import Any

from unetscope.domain.presets import DECODER, ENCODER, NewModel

Length = int | None
Grid = tuple[int, int]


def description_of(new: NewModel) -> dict[str, Any]:
    """Describe a preset as it was chosen, as ``model.to_json()`` of Keras would."""
    if new.preset == "unet_encoder":
        return encoder_description(new.image_shape)
    if new.preset == "mirrored_unet":
        return mirrored_description(new.image_shape, new.classes)
    return unet_description(new.image_shape, new.classes, new.filters, new.depth)


class _Described:
    """A functional model that grows layer by layer."""

    def __init__(self, name: str, image: str, image_shape: tuple[Length, Length, int]) -> None:
        self._name, self._image = name, image
        self._layers: list[dict[str, Any]] = []
        self._add("InputLayer", image, batch_shape=[None, *image_shape])

    def _add(self, kind: str, name: str, *sources: str, **attributes: Any) -> str:
        reads = [[[source, 0, 0, {}] for source in sources]] if sources else []
        entry = {"class_name": kind, "name": name, "config": {"name": name, **attributes}}
        self._layers.append({**entry, "inbound_nodes": reads})
        return name

    def convolve(self, source: str, name: str, filters: int, window: int, **more: Any) -> str:
        size: dict[str, Any] = {"filters": filters, "kernel_size": [window, window]}
        padding = "valid" if window == 1 else "same"
        places = {"strides": [1, 1], "padding": padding, "dilation_rate": [1, 1]}
        return self._add("Conv2D", name, source, **size, **places, **more)

    def normalise(self, source: str, name: str) -> str:
        return self._add(
            "BatchNormalization", name, source, axis=-1, momentum=0.97, scale=True, center=True
        )

    def rectify(self, source: str, name: str) -> str:
        return self._add("Activation", name, source, activation="relu")

    def pool(self, source: str, name: str) -> str:
        size: dict[str, Any] = {"pool_size": [2, 2], "strides": [2, 2], "padding": "valid"}
        return self._add("MaxPooling2D", name, source, **size)

    def enlarge(self, source: str, name: str) -> str:
        return self._add("UpSampling2D", name, source, size=[2, 2], interpolation="nearest")

    def join(self, source: str, skip: str, name: str) -> str:
        return self._add("Concatenate", name, source, skip, axis=-1)

    def crop(self, source: str, name: str, sides: list[list[int]]) -> str:
        return self._add("Cropping2D", name, source, cropping=sides)

    def pad(self, source: str, name: str, sides: list[list[int]]) -> str:
        return self._add("ZeroPadding2D", name, source, padding=sides)

    def ending_with(self, output: str) -> dict[str, Any]:
        ends = {"input_layers": [[self._image, 0, 0]], "output_layers": [[output, 0, 0]]}
        config = {"name": self._name, "layers": self._layers, **ends}
        return {"class_name": "Functional", "config": config}


def encoder_description(
    image_shape: tuple[Length, Length, int], **initializers: str
) -> dict[str, Any]:
    """Describe five levels of two ReLU convolutions, each level half as fine."""
    network = _Described("encoder", "input_1", image_shape)
    return network.ending_with(_encoder(network, **initializers)[-1])


def mirrored_description(image_shape: tuple[int, int, int], classes: int) -> dict[str, Any]:
    """Describe the encoder with a decoder that mirrors it; skips are cropped to its grids."""
    network = _Described("mirrored_unet", "input_1", image_shape)
    *skips, x = _encoder(network)
    whole = (image_shape[0], image_shape[1])
    grids = [_halved(whole, level) for level in range(len(ENCODER))]
    grid = grids.pop()
    for level, filters in enumerate(DECODER, start=6):
        x = network.enlarge(x, f"up{level}")
        grid, skip = (2 * grid[0], 2 * grid[1]), skips.pop()
        if sides := _spare(grids.pop(), grid):
            skip = network.crop(skip, f"crop{level}", sides)
        x = network.join(x, skip, f"concat{level}")
        for number in (1, 2):
            x = network.convolve(x, f"conv{level}_{number}", filters, 3, activation="relu")
    if sides := _spare(whole, grid):
        x = network.pad(x, "pad9", sides)
    x = network.convolve(x, "conv10_1", classes, 1, activation=_meaning(classes))
    return network.ending_with(x)


def unet_description(
    image_shape: tuple[Length, Length, int], classes: int, filters: int, depth: int
) -> dict[str, Any]:
    """Describe a plain U-Net with batch normalisation, as the network of the sample is."""
    network = _Described("unet", "image", image_shape)
    x, skips = "image", []
    for level in range(1, depth):
        skips.append(_block(network, x, filters * 2 ** (level - 1), f"enc{level}"))
        x = network.pool(skips[-1], f"enc{level}_pool")
    x = _block(network, x, filters * 2 ** (depth - 1), "mid")
    for level in range(depth - 1, 0, -1):
        x = network.enlarge(x, f"dec{level}_up")
        x = network.join(x, skips.pop(), f"dec{level}_concat")
        x = _block(network, x, filters * 2 ** (level - 1), f"dec{level}")
    return network.ending_with(
        network.convolve(x, "head", classes, 1, activation=_meaning(classes))
    )


def _encoder(network: _Described, **initializers: str) -> list[str]:
    """Name of the last layer of each level, the finest first."""
    x, levels = "input_1", []
    for level, convolutions in enumerate(ENCODER, start=1):
        if level > 1:
            x = network.pool(x, f"pool{level - 1}")
        for number, (filters, window) in enumerate(convolutions, start=1):
            name = f"conv{level}_{number}"
            x = network.convolve(x, name, filters, window, activation="relu", **initializers)
        levels.append(x)
    return levels


def _block(network: _Described, x: str, filters: int, name: str) -> str:
    """Convolve, normalise and rectify, twice."""
    for number in (1, 2):
        x = network.convolve(x, f"{name}_conv{number}", filters, 3, activation="linear")
        x = network.normalise(x, f"{name}_bn{number}")
        x = network.rectify(x, f"{name}_relu{number}")
    return x


def _halved(grid: Grid, times: int) -> Grid:
    return grid[0] >> times, grid[1] >> times


def _spare(bigger: Grid, smaller: Grid) -> list[list[int]]:
    """Rows and columns that one grid has more than another, on either side; empty without any."""
    extra = [b - s for b, s in zip(bigger, smaller, strict=True)]
    return [[n // 2, n - n // 2] for n in extra] if any(extra) else []


def _meaning(classes: int) -> str:
    return "sigmoid" if classes == 1 else "softmax"
