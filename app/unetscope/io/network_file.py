"""Read a Keras model file into a `Network` without Keras or TensorFlow, in a tenth of a second."""

from __future__ import annotations

from pathlib import Path

from unetscope.domain.graph import Graph, Layer, WeightSpec
from unetscope.domain.layer_weights import slots_of
from unetscope.domain.network import Network
from unetscope.domain.stand_ins import Replacements, fingerprint_with
from unetscope.modelfile.content import Content, content_of
from unetscope.modelfile.reading import ReadModel, read_content


def read_network(path: Path | str) -> Network:
    """Read a ``.keras`` or ``.h5`` file: its layers, shapes and trained weights.

    It is read in this process, with all checks, but without the limits of `gate`.

    Parameters
    ----------
    path : Path
        The file. What counts is its content, not what its name ends in.

    Returns
    -------
    network : Network
        With read-only float32 weights in Keras order (``get_weights``); the layers of nested
        models are called ``outer/inner``.

    Raises
    ------
    ModelError
        The file is missing, damaged, no whole model, or holds layers that are not known.
    """
    return network_of(content_of(Path(path)))


def network_of(content: Content, replaced: Replacements = ()) -> Network:
    """Give the network that a model's bytes describe; see `read_network`.

    Parameters
    ----------
    replaced : tuple of Replacement
        What stands in for layers that are not known.
    """
    read = read_content(content, replaced=replaced)
    outputs = (output.call for output in read.flat.outputs)
    return Network(
        path=content.path,
        fingerprint=fingerprint_with(content.fingerprint, replaced),
        name=read.model.name,
        graph=Graph(_layers(read), outputs),
        trained=read.weights,
        replaced=replaced,
        stored=content.fingerprint if replaced else "",
    )


def _layers(read: ReadModel) -> list[Layer]:
    layers = []
    for call in read.flat.calls:
        arrays = read.weights.get(call.layer, ()) if call.is_first else ()
        slots = slots_of(call) if arrays else ()
        pairs = list(zip(slots, arrays, strict=True))
        layers.append(
            Layer(
                name=call.name,
                kind=call.kind,
                output_shape=read.shapes[call.name],
                inputs=call.inputs,
                weights=tuple(WeightSpec(slot.name, array.shape) for slot, array in pairs),
                trainable=sum(array.size for slot, array in pairs if slot.trains),
                config=call.config,
            )
        )
    return layers
