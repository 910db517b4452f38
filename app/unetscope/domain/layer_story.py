"""What a layer does, told with its own numbers to somebody who has never seen Keras."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from unetscope.domain.diagram import Family, family_of
from unetscope.domain.graph import Graph, Layer
from unetscope.domain.kernels import KernelLayout, layout_of, times
from unetscope.domain.layer_cost import multiply_adds
from unetscope.domain.receptive_field import receptive_field
from unetscope.domain.weight_axes import ArrayWords, arrays_in_words


@dataclass(frozen=True, slots=True)
class Story:
    """A layer in words.

    Attributes
    ----------
    arrays : tuple of ArrayWords
        Its weights, axis by axis.
    counted : str
        How many parameters they make together; empty without any.
    sentences : tuple of str
        What the numbers mean, why they are what they are, and what the layer sees.
    """

    arrays: tuple[ArrayWords, ...]
    counted: str
    sentences: tuple[str, ...]


def tell(
    graph: Graph,
    layer: Layer,
    *,
    shown: tuple[int, int] | None = None,
    millimetres: Sequence[float] | None = None,
    image_size: Sequence[int] | None = None,
) -> Story:
    """Tell about a layer.

    Parameters
    ----------
    shown : (int, int), optional
        Input channel and filter of the kernel on screen.
    millimetres : sequence of float, optional
        How far apart the pixels of the network's input are, along rows and columns.
    image_size : sequence of int, optional
        Rows and columns of the input, where the network takes any.
    """
    arrays = arrays_in_words(layer)
    sentences = [
        *_what_it_does(layer),
        *_why_so_many(graph, layer),
        *_on_screen(layer, shown),
        *_sees(graph, layer, millimetres, image_size),
        *_costs(graph, layer),
    ]
    return Story(arrays, _counted(layer, arrays), tuple(sentences))


def _counted(layer: Layer, arrays: Sequence[ArrayWords]) -> str:
    if not arrays:
        return "This layer has no weights: there is nothing in it to train or edit."
    parts = [f"{array.product} {_called(array)}" for array in arrays]
    together = f"{', '.join(parts[:-1])} and {parts[-1]}" if len(parts) > 1 else parts[0]
    return f"{together}: {layer.parameters:,} parameters."


def _called(array: ArrayWords) -> str:
    if array.name != "bias":
        return f"in {array.name}"
    return "bias" if array.size == 1 else "biases"


def _what_it_does(layer: Layer) -> list[str]:
    layout = layout_of(layer)
    if layout is not None:
        return _convolution(layer, layout)
    kind, channels = layer.kind, layer.channels
    if kind == "Dense":
        return ["Each unit weighs every input, adds them up with its bias, and gives one number."]
    if kind == "BatchNormalization":
        return [
            "Each channel is shifted and scaled by four numbers of its own: the mean and the "
            "variance it had in training are taken out (moving_mean, moving_variance), then it is "
            "multiplied by gamma and beta is added."
        ]
    if kind.endswith("Normalization"):
        return ["The values are brought to mean 0 and spread 1, then scaled and shifted."]
    if kind == "InputLayer":
        has = "1 channel" if channels == 1 else f"{channels} channels"
        return [f"Here the prepared slice comes in: {times(layer.output_shape[1:])}, {has}."]
    return _without_weights(layer)


def _without_weights(layer: Layer) -> list[str]:
    family, config = family_of(layer), layer.config
    if family is Family.POOLING:
        if layer.kind.startswith("Global"):
            return ["Each feature map becomes one number."]
        window = config.get("pool_size")
        size = times(list(window)) if isinstance(window, list | tuple) else str(window or "some")
        how = "largest value" if "Max" in layer.kind else "mean"
        return [
            f"Of every {size} positions the {how} is kept: the maps get smaller, and what follows "
            "sees more of the image."
        ]
    if layer.kind == "Concatenate":
        return ["The feature maps of the layers it reads are put behind each other, unchanged."]
    if family is Family.MERGE:
        return [f"The layers it reads are joined value by value ({layer.kind.lower()})."]
    if family is Family.UPSAMPLING:
        return ["Every position becomes several: the maps get larger, with nothing new in them."]
    if "Dropout" in layer.kind:
        return ["It only acts in training; here it passes everything on unchanged."]
    if family is Family.ACTIVATION:
        return [f"Every value goes through the same function, {layer.activation}, by itself."]
    return []


def _convolution(layer: Layer, layout: KernelLayout) -> list[str]:
    window, count, filters = times(layout.window), layout.in_channels, layout.filters
    shift = "" if layout.bias is None else ", with the filter's bias,"
    if layout.depthwise:
        each = "one kernel" if filters == 1 else f"{filters} kernels"
        return [
            f"Each of the {count} input channels has {each} of {window} of its own and is not "
            f"mixed with the others: {layer.channels} feature maps."
        ]
    if layout.separable:
        return [
            f"In two steps: each of the {count} input channels goes through its own {window} "
            f"kernels, then 1×1 kernels mix what came out into {layer.channels} feature maps."
        ]
    maps = "1 feature map" if filters == 1 else f"{filters} feature maps"
    reads = "the one channel it reads" if count == 1 else f"each of the {count} channels it reads"
    kernels = "one kernel" if count == 1 else f"a stack of {count} kernels"
    said = [
        f"A filter is {kernels} of {window}, one for {reads}. What they find at one place is added "
        f"up{shift} to one number of one feature map: {filters} filters, {maps}."
        if count > 1
        else f"A filter is {kernels} of {window} that slides over {reads}. What it finds at one "
        f"place{shift} is one number of one feature map: {filters} filters, {maps}."
    ]
    if layout.filter_axis < layout.in_axis:
        said.append(
            "Keras writes a transposed convolution's filters before its input channels. Every "
            "input value is spread over a window of the output, so the maps get larger."
        )
    groups = layer.config.get("groups", 1)
    if isinstance(groups, int) and groups > 1:
        said.append(f"The channels come in {groups} groups; a filter reads those of one group.")
    dilation = layer.config.get("dilation_rate", 1)
    wide = dilation if isinstance(dilation, list | tuple) else (dilation,)
    if any(isinstance(step, int) and step > 1 for step in wide):
        said.append(f"Its kernels are spread out: {times(list(wide))} pixels from value to value.")
    return said


def _why_so_many(graph: Graph, layer: Layer) -> list[str]:
    """Why a layer reads other numbers of channels than the image has, and who made them."""
    layout = layout_of(layer)
    first = next((one for one in graph.layers if one.kind == "InputLayer"), None)
    if layout is None or first is None or not first.channels or not layer.inputs:
        return []
    source = layer.inputs[0]
    image = f"{first.channels} channel" + ("" if first.channels == 1 else "s")
    if source == first.name:
        return [f"It reads the image itself, which has {image}."]
    makers = _makers(graph, source)
    readers = [name for name in graph.consumers(first.name) if layout_of(graph[name])]
    only = f" only {readers[0]} reads it." if len(readers) == 1 else " only the first layers do."
    shares = [f"{graph[name].channels} by {name}" for name in makers]
    made = f"made by {makers[0]}" if len(makers) == 1 else f"made: {', '.join(shares)}"
    over = "" if makers == [source] else f", which reach it through {source}"
    return [
        f"Why {layout.in_channels} input channels, when the image has {image}? The image is not "
        f"what this layer sees:{only} {layer.name} reads the {graph[source].channels} feature maps "
        f"{made}{over}."
    ]


def _makers(graph: Graph, name: str) -> list[str]:
    """The layers that made the feature maps which a layer passes on, each once, in order."""
    layer = graph[name]
    if layer.kind == "Concatenate":
        found = [maker for source in layer.inputs for maker in _makers(graph, source)]
        return list(dict.fromkeys(found))
    passes_on = family_of(layer) not in (Family.CONVOLUTION, Family.DENSE, Family.MERGE)
    is_made = layout_of(layer) is not None or len(layer.inputs) != 1
    if passes_on and not is_made and graph[layer.inputs[0]].channels == layer.channels:
        return _makers(graph, layer.inputs[0])
    return [name]


def _on_screen(layer: Layer, shown: tuple[int, int] | None) -> list[str]:
    layout = layout_of(layer)
    if layout is None or shown is None:
        return []
    in_channel, index = shown
    places = [
        str(part) if isinstance(part, int) else ":" for part in layout.index(in_channel, index)
    ]
    size = 1
    for length in layout.window:
        size *= length
    return [
        f"On screen: the kernel of filter {index} for input channel {in_channel}, "
        f"{layer.weights[0].name}[{', '.join(places)}]: {size} of these numbers."
    ]


def _sees(
    graph: Graph,
    layer: Layer,
    millimetres: Sequence[float] | None,
    image_size: Sequence[int] | None,
) -> list[str]:
    field = receptive_field(graph, layer.name, image_size) if len(layer.spatial) > 0 else None
    if field is None or layer.kind == "InputLayer":
        return []
    said = f"Receptive field: one position of a map sees {times(field.size)} pixels of the image"
    if millimetres is not None and len(millimetres) == len(field.size):
        sides = [f"{n * mm:.3g}" for n, mm in zip(field.size, millimetres, strict=True)]
        said += f", {' × '.join(sides)} mm here"
    steps = {round(step, 3) for step in field.stride}
    if steps != {1.0}:
        apart = " × ".join(f"{step:g}" for step in sorted(steps))
        said += f"; positions next to each other are {apart} pixels apart"
    return [f"{said}."]


def _costs(graph: Graph, layer: Layer) -> list[str]:
    count = multiply_adds(graph, layer)
    if not count:
        return []
    return [f"For one image it takes {_millions(count)} multiply-adds."]


def _millions(count: int) -> str:
    for size, word in ((10**9, "billion"), (10**6, "million")):
        if count >= size:
            return f"{count / size:.3g} {word}"
    return f"{count:,}"
