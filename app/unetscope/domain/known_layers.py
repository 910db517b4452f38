"""Which layers are let through: a model file is a stranger, and nothing of it is run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from unetscope.domain.errors import ModelError
from unetscope.domain.known_values import check_values
from unetscope.domain.stand_ins import (
    Replacements,
    UnknownLayer,
    UnknownLayersError,
    is_replaceable,
    named,
    replace_layer,
)

MAX_LAYERS = 5000
MAX_DEPTH = 64

NESTED = frozenset({"Functional", "Sequential"})
_RANKED = ("Conv1D", "Conv2D", "Conv3D", "Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose")
_PER_RANK = (
    *("MaxPooling", "AveragePooling", "UpSampling", "ZeroPadding", "Cropping"),
    *("SpatialDropout", "GlobalMaxPooling", "GlobalAveragePooling"),
)
# At inference these leave everything as it is.
AUGMENTING = frozenset(
    {"RandomFlip", "RandomRotation", "RandomTranslation", "RandomZoom", "RandomContrast"}
    | {"RandomBrightness"}
)
KNOWN = frozenset(
    (
        *_RANKED,
        *(f"{kind}{rank}D" for kind in _PER_RANK for rank in (1, 2, 3)),
        *("DepthwiseConv1D", "DepthwiseConv2D", "SeparableConv1D", "SeparableConv2D"),
        *("InputLayer", "Dense", "Identity", "Activation", "ActivityRegularization", "Masking"),
        *("ReLU", "LeakyReLU", "PReLU", "ELU", "Softmax", "BatchNormalization"),
        *("LayerNormalization", "GroupNormalization", "UnitNormalization", "Rescaling"),
        *("RMSNormalization", "Normalization", "Attention", "AdditiveAttention"),
        *("MultiHeadAttention", "Dropout", "AlphaDropout", "GaussianDropout", "GaussianNoise"),
        *("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum", "Concatenate", "Dot"),
        *("Reshape", "Flatten", "Permute", "RepeatVector", "Resizing", "CenterCrop"),
        *AUGMENTING,
        *NESTED,
    )
)
# Plain Keras operations, such as the ``x * 2`` of a functional model, by their module.
ELEMENTWISE = {
    "numpy": frozenset(
        {"Absolute", "Negative", "Square", "Sqrt", "Exp", "Log", "Clip", "Tanh", "Sin", "Cos"}
        | {"Round", "Floor", "Ceil", "Sign", "Reciprocal"}
    ),
    "nn": frozenset(
        {"Relu", "Relu6", "Sigmoid", "Softplus", "Softsign", "Silu", "LeakyRelu", "HardSigmoid"}
        | {"HardSilu", "Elu", "Selu", "Gelu", "LogSigmoid"}
    ),
    "core": frozenset({"Cast", "StopGradient"}),
}
BROADCAST = frozenset(
    {"Add", "Subtract", "Multiply", "Divide", "TrueDivide", "Power", "Maximum", "Minimum"}
)
REDUCTIONS = frozenset({"Mean", "Sum", "Max", "Min", "Prod", "Amax", "Amin"})
_OPERATIONS = {
    "numpy": ELEMENTWISE["numpy"]
    | BROADCAST
    | REDUCTIONS
    | {"Concatenate", "Stack", "Reshape", "Transpose", "ExpandDims", "Squeeze", "Pad", "GetItem"}
    | {"Matmul", "Repeat", "Flip", "Swapaxes", "Moveaxis"},
    "nn": ELEMENTWISE["nn"] | {"Softmax", "LogSoftmax", "DepthToSpace", "SpaceToDepth"},
    "image": frozenset({"Resize"}),
    "core": ELEMENTWISE["core"],
}
_BUILT_IN = ("keras", "tf_keras", "tensorflow.keras", "tensorflow.python.keras")


def check(config: object, file: str, replaced: Replacements = ()) -> None:
    """Refuse what is unknown, too big, or could run code; ModelError names the layers.

    Parameters
    ----------
    config : object
        The configuration in the words of Keras 3.
    file : str
        The file's name, for errors.
    replaced : tuple of Replacement
        What stands in for layers that are not known; it is put into the configuration.
    """
    if not isinstance(config, Mapping) or not isinstance(config.get("config"), Mapping):
        raise ModelError(f"{file} does not hold a Keras model.", "Choose a .keras or .h5 file.")
    kind, inside = config.get("class_name"), config["config"]
    if kind not in NESTED or not isinstance(inside.get("layers"), Sequence):
        raise ModelError(
            f"{file} holds a model of the class {str(kind)[:60]}, whose layers the file does not "
            "list.",
            "It has its own code: rebuild it as a functional model, set its weights and save that.",
        )
    chosen = {each.layer: each for each in replaced}
    unknown: list[UnknownLayer] = []
    for count, (name, entry) in enumerate(_entries(config)):
        if count >= MAX_LAYERS:
            raise ModelError(f"{file} holds more than {MAX_LAYERS:,} layers.", "Is it a model?")
        if not _is_known(entry):
            replacement, replaceable = chosen.get(name), is_replaceable(entry)
            if replacement is None or not replaceable or not isinstance(entry, dict):
                unknown.append(UnknownLayer(name, _kind(entry), replaceable))
                continue
            replace_layer(entry, replacement, _rank(config))
        if entry.get("class_name") not in NESTED:
            check_values(entry, name, file)
    if unknown:
        raise UnknownLayersError(
            f"{file} holds layers that Unetscope does not open: {named(unknown)}.",
            "Code is never run from a file; put other layers in their place, and save again.",
            unknown,
        )


def _rank(model: Mapping[str, Any]) -> int:
    """Axes of the image, batch and channels included; of an ordinary one where nobody says."""
    for _, entry in _entries(model):
        shape = entry["config"].get("batch_shape") if entry.get("config") else None
        if entry.get("class_name") == "InputLayer" and isinstance(shape, list):
            return len(shape)
    return 4


def own_name(entry: Mapping[str, Any]) -> str:
    """The name of a layer's entry."""
    config = entry.get("config")
    inside = config.get("name") if isinstance(config, Mapping) else None
    return str(entry.get("name") or inside or str(entry.get("class_name", "?")).lower())


def is_built_in(entry: Mapping[str, Any]) -> bool:
    """Whether an entry's class is said to be one of Keras's own."""
    module, registered = entry.get("module"), entry.get("registered_name")
    mine = module is None or any(f"{module}.".startswith(f"{name}.") for name in _BUILT_IN)
    return mine and registered in (None, entry.get("class_name"))


def is_operation(entry: Mapping[str, Any]) -> bool:
    """Whether an entry is a plain operation such as ``x * 2``, which is no layer to Keras."""
    return str(entry.get("module")).startswith("keras.src.ops.")


def _kind(entry: Mapping[str, Any]) -> str:
    """What to call the class of a refused layer."""
    kind, config = str(entry.get("class_name")), entry.get("config")
    function = config.get("function") if isinstance(config, Mapping) else None
    if kind == "TFOpLambda" and isinstance(function, str):
        return f"tf.{function}"
    registered = entry.get("registered_name")
    if kind not in KNOWN or is_built_in(entry):
        return kind
    return str(registered) if registered not in (None, kind) else f"{entry.get('module')}.{kind}"


def _entries(
    model: Mapping[str, Any], prefix: str = "", depth: int = 0
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The layers of a model by their names, ``outer/inner`` in nested models."""
    if depth > MAX_DEPTH:
        raise ModelError("The model's models are nested too deeply.", "Is it a model?")
    for entry in model["config"]["layers"]:
        if not isinstance(entry, Mapping) or not isinstance(entry.get("config"), Mapping):
            yield f"{prefix}?", {"class_name": "?", "name": "?"}
            continue
        name = prefix + plain_name(own_name(entry))
        yield name, entry
        if entry.get("class_name") in NESTED and isinstance(entry["config"].get("layers"), list):
            yield from _entries(entry, f"{name}/", depth + 1)


def plain_name(name: str) -> str:
    """A layer's name without what has a meaning in the names of nodes."""
    return name.replace("/", "_").replace(":", "_")


def _is_known(entry: Mapping[str, Any]) -> bool:
    if is_operation(entry):
        module = str(entry["module"]).removeprefix("keras.src.ops.")
        return entry.get("class_name") in _OPERATIONS.get(module, ())
    kind = entry.get("class_name")
    if kind in NESTED and not isinstance(entry["config"].get("layers"), list):
        return False
    return kind in KNOWN and is_built_in(entry)
