"""What the filter lab says: the line of code with its numbers, and why it is written so."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from unetscope.domain.kernels import times
from unetscope.domain.lab import LabLayer, Size, Steps, steps_of

Floats = NDArray[np.float32]
Spacing = tuple[float, float]


def number(value: float) -> str:
    """The shortest decimal that is the same 32-bit number: ``-1``, ``0.1``."""
    text = np.format_float_positional(np.float32(value), unique=True, trim="-")
    return "0" if text == "-0" else text


def shape_text(shape: tuple[int, ...]) -> str:
    """A shape as Python prints it."""
    return repr(tuple(shape))


def array_lines(kernel: Floats) -> list[str]:
    """The rows of a kernel as Python lists, in columns."""
    texts = [[number(float(value)) for value in row] for row in kernel]
    width = max(len(text) for row in texts for text in row)
    return ["[" + ", ".join(text.rjust(width) for text in row) + "]" for row in texts]


def kernel_code(kernel: Floats) -> str:
    """The statement that makes the kernel."""
    rows = "".join(f"    {line},\n" for line in array_lines(kernel))
    return f"kernel = np.array([\n{rows}])"


def set_weights_code(size: Size, layer: LabLayer) -> str:
    """The statement that puts the kernel into the layer."""
    rows, columns = size
    bias = repr(float(layer.bias))
    return f"layer.set_weights([kernel.reshape({rows}, {columns}, 1, 1), np.array([{bias}])])"


def script(kernel: Floats, layer: LabLayer, picture: str, shape: Size) -> str:
    """A script for plain Keras that makes the same map.

    Parameters
    ----------
    kernel : (kh, kw) ndarray of float32
        As it is put in.
    picture : str
        Name of the ``.npy`` file that holds the picture, beside the script.
    shape : (int, int)
        Of the picture.
    """
    size = (kernel.shape[0], kernel.shape[1])
    activation = '"relu"' if layer.relu else "None"
    return f'''"""One kernel in a one-layer Keras network, as in Unetscope's filter lab."""

from pathlib import Path

import keras
import numpy as np

here = Path(__file__).parent
image = np.load(here / {picture!r})  # {shape_text(shape)}, rows and columns

{kernel_code(kernel)}

layer = keras.layers.Conv2D(
    1, {size!r}, strides={layer.stride}, padding={layer.padding!r}, activation={activation},
    data_format="channels_last",
)
layer.build((1, *image.shape, 1))
{set_weights_code(size, layer)}

activation_map = np.asarray(layer(image.reshape(1, *image.shape, 1)))[0, :, :, 0]
np.save(here / {picture.removesuffix(".npy") + "-map.npy"!r}, activation_map)
print(activation_map.shape, activation_map.min(), "to", activation_map.max())
'''


def answer(size: Size, channels: int = 1, filters: int = 1) -> tuple[str, ...]:
    """Why weights are assigned, and why the kernel gets two more axes."""
    rows, columns = size
    held = rows * columns * channels * filters
    first = (
        "A Conv2D layer computes with the two arrays it holds: its kernels and its biases. "
        "set_weights replaces both, so the layer no longer does what training or chance gave it "
        "but what your kernel says."
    )
    second = (
        f"Keras keeps all filters of a layer in one array with four axes: height {rows}, width "
        f"{columns}, input channels {channels}, filters {filters}. "
    )
    if (channels, filters) == (1, 1):
        second += (
            f"An MR slice has one channel and the layer one filter, so {times(size)} becomes "
            f"{times((*size, 1, 1))}: the reshape adds two axes of length 1 and changes no number."
        )
    else:
        second += (
            f"That is {channels * filters} kernels of {times(size)}, one for each input channel of "
            f"each filter: {times((*size, channels, filters))} = {held:,} numbers, and {filters} "
            f"bias{'es' if filters > 1 else ''}. One {times(size)} kernel alone can no longer fill "
            "it."
        )
    third = (
        "The image gets two axes as well: (1, height, width, 1) for one picture in the batch and "
        "one channel."
        if channels == 1
        else f"The image is then (1, height, width, {channels}): one picture in the batch, "
        f"{channels} channels."
    )
    return first, second, third


def refusal(size: Size) -> str:
    """What the error of Keras without the reshape means."""
    return (
        f"Without the reshape the array has the axes {shape_text(size)}, and the layer cannot know "
        "which of its axes they are, so it refuses and keeps the weights it has. "
        "layer.get_weights()[0].shape tells the shape it wants."
    )


def together(size: Size, count: int) -> str:
    """How many kernels of one size share a layer here."""
    if count < 2:
        return ""
    return (
        f"The {count} kernels of {times(size)} in the list are the filters of one layer here: each "
        f"is reshaped to {times((*size, 1, 1))}, and side by side they make "
        f"{times((*size, 1, count))}."
    )


@dataclass(frozen=True, slots=True)
class Note:
    """One thing to know about the layer, for the kernel at hand.

    Attributes
    ----------
    topic : str
        ``flip``, ``shift``, ``border``, ``stride`` or ``relu``: which picture goes with it.
    """

    topic: str
    title: str
    text: str


def notes(
    kernel: Floats,
    shape: Size,
    layer: LabLayer,
    *,
    flip: bool,
    spacing: Spacing | None,
    negative: float | None,
) -> tuple[Note, ...]:
    """All there is to know about a kernel's map.

    Parameters
    ----------
    kernel : (kh, kw) ndarray
        As it is written in the list.
    shape : (int, int)
        Of the picture.
    spacing : (float, float), or None
        Height and width of a pixel in mm.
    negative : float or None
        Share of the map below 0, where it is known.
    """
    size = (kernel.shape[0], kernel.shape[1])
    steps = steps_of(shape, size, layer)
    return (
        _flip(kernel, flip),
        _shift(size, steps, layer, spacing),
        _border(size, shape, steps, layer),
        _stride(shape, steps, layer, spacing),
        _relu(layer, negative),
    )


def _flip(kernel: Floats, flip: bool) -> Note:
    turned = kernel[::-1, ::-1]
    if np.array_equal(kernel, turned):
        effect = "This kernel is the same upside down, so both give the same map."
    elif np.array_equal(kernel, -turned):
        effect = "This kernel changes its sign upside down, so bright and dark edges trade places."
    else:
        effect = "This kernel is not the same upside down, so the two maps differ."
    now = (
        "The kernel is turned before it is put in: the map is a true convolution."
        if flip
        else "Keras lays the kernel on the picture as it is written: a cross-correlation. "
        "A convolution in the sense of mathematics would turn it by 180° first."
    )
    return Note("flip", "Convolution or correlation?", f"{now} {effect}")


def _shift(
    size: Size, steps: tuple[Steps, Steps], layer: LabLayer, spacing: Spacing | None
) -> Note:
    down, across = (each.shift for each in steps)
    title = "Where the map lies"
    if down == 0 and across == 0:
        return Note("shift", title, "The middle of the window lies on the pixel it answers for.")
    moved = _distance(down, across, spacing)
    if not layer.same:
        return Note(
            "shift",
            title,
            f"With padding “valid” the first value of the map belongs to the middle of the first "
            f"window, {moved} of the first pixel.",
        )
    zeros = " and ".join(
        f"{each.before} {before} and {each.after} {after}"
        for each, before, after in zip(
            steps, ("above", "at the left"), ("below", "at the right"), strict=True
        )
        if each.shift
    )
    even = " and ".join(str(n) for n in sorted({n for n in size if n % 2 == 0}))
    because = f"A window of {even} has no middle pixel" if even else "The strides do not fit evenly"
    larger = (size[0] + 1 - size[0] % 2, size[1] + 1 - size[1] % 2)
    shape = (steps[0].size, steps[1].size)
    stays = larger != size and not any(each.shift for each in steps_of(shape, larger, layer))
    return Note(
        "shift",
        title,
        f"{because}: “same” adds zeros, {zeros}, and a pixel of the map answers for what lies "
        f"{moved}. So edges seem to move up and left"
        + (f"; centred at {times(larger)} the kernel leaves them in place." if stays else "."),
    )


def _distance(down: float, across: float, spacing: Spacing | None) -> str:
    parts = []
    for amount, way, mm in (
        (down, "down", spacing[0] if spacing else None),
        (across, "right", spacing[1] if spacing else None),
    ):
        if amount:
            millimetres = f" ({abs(amount) * mm:.2f} mm)" if mm else ""
            parts.append(f"{amount:g} px{millimetres} {way}")
    return " and ".join(parts)


def _border(size: Size, shape: Size, steps: tuple[Steps, Steps], layer: LabLayer) -> Note:
    out = (steps[0].out, steps[1].out)
    sizes = f"{times(shape)} becomes {times(out)}"
    if 0 in out:
        return Note("border", "The border", f"{times(size)} does not fit into {times(shape)}.")
    if layer.same:
        text = (
            f"{sizes}: zeros around the picture let the window reach the border. Where it covers "
            "them the map shows an edge that the picture does not have, unless the picture is 0 "
            "there too."
        )
    else:
        text = f"{sizes}: “valid” uses only windows that lie wholly inside, so the rim is lost."
    return Note("border", "The border", text)


def _stride(
    shape: Size, steps: tuple[Steps, Steps], layer: LabLayer, spacing: Spacing | None
) -> Note:
    stride = layer.stride
    if stride == 1:
        return Note(
            "stride", "The stride", "1: the window moves by one pixel and leaves no place out."
        )
    apart = f"; one value every {spacing[0] * stride:.2f} mm" if spacing else ""
    return Note(
        "stride",
        "The stride",
        f"{stride}: the window moves by {stride} pixels, so one place in {stride**2} is looked at "
        f"and {times(shape)} becomes {times((steps[0].out, steps[1].out))}{apart}.",
    )


def _relu(layer: LabLayer, negative: float | None) -> Note:
    share = "" if negative is None else f" {negative:.0%} of this map"
    if layer.relu:
        text = (
            "On: what is negative becomes 0. An edge that goes the other way gives a negative "
            "answer and vanishes: to see both ways takes two filters of opposite signs, as in the "
            "tutorial."
        )
    else:
        lies = (
            f"{share} lies below 0; ReLU would drop it." if share else "ReLU drops what is below 0."
        )
        text = f"Off: dark is negative, grey is 0, bright is positive.{' ' + lies.strip()}"
    return Note("relu", "ReLU", text)
