"""Read a Keras model file into a `Network` without Keras or TensorFlow, in a tenth of a second."""

from __future__ import annotations

from pathlib import Path

from unetscope.domain.fingerprint import fingerprint_of
from unetscope.domain.graph import Graph, Layer, WeightSpec
from unetscope.domain.layer_weights import slots_of
from unetscope.domain.network import Network
from unetscope.modelfile.reading import ReadModel, read_model


def read_network(path: Path | str) -> Network:
    """Read a ``.keras`` or ``.h5`` file: its layers, shapes and trained weights.

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
    path = Path(path)
    read = read_model(path)
    outputs = (output.call for output in read.flat.outputs)
    graph = Graph(_layers(read), outputs)
    return Network(path, fingerprint_of(path), read.model.name, graph, read.weights)


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
