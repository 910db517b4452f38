"""What a layer may say of itself: functions that are Keras's own, and numbers that count something.

Everything else in a description is a plain value, or left out because only training needs it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from unetscope.domain.errors import ModelError

_SAVE_AGAIN = "Save the model again with model.save('name.keras')."

ACTIVATIONS = frozenset(
    {"celu", "elu", "exponential", "gelu", "glu", "hard_shrink", "hard_sigmoid", "hard_silu"}
    | {"hard_swish", "hard_tanh", "leaky_relu", "linear", "log_sigmoid", "log_softmax", "mish"}
    | {"relu", "relu6", "selu", "sigmoid", "silu", "soft_shrink", "softmax", "softplus"}
    | {"softsign", "sparse_plus", "sparse_sigmoid", "sparsemax", "squareplus", "swish", "tanh"}
    | {"tanh_shrink", "threshold"}
)
ACTIVATING = frozenset({"Activation", "ReLU", "LeakyReLU", "ELU", "Softmax"})

TRAINING_ONLY = ("_initializer", "_regularizer", "_constraint")
_TRAINING = frozenset(
    {"constant", "glorotnormal", "glorotuniform", "henormal", "heuniform", "identity"}
    | {"identityinitializer", "lecunnormal", "lecununiform", "ones", "one", "orthogonal"}
    | {"orthogonalinitializer", "randomnormal", "randomuniform", "truncatednormal", "normal"}
    | {"uniform", "variancescaling", "zeros", "zero", "l1", "l2", "l1l2", "orthogonalregularizer"}
    | {"maxnorm", "nonneg", "unitnorm", "minmaxnorm"}
)
_OWN_MODULES = ("keras.initializers", "keras.regularizers", "keras.constraints")

MAX_NUMBER = 2**31
_FREE = frozenset({"seed", "shared_object_id"})  # numbers that count nothing
_LIMITS = {  # least and most of what a size may be
    **dict.fromkeys(("kernel_size", "pool_size", "strides", "size", "dilation_rate"), (1, 4096)),
    **dict.fromkeys(("padding", "cropping", "output_padding"), (0, 65_536)),
    **dict.fromkeys(("filters", "units", "n", "height", "width", "batch_shape"), (1, MAX_NUMBER)),
}
_PLAIN = frozenset({"__slice__", "__ellipsis__", "__tuple__", "__keras_tensor__", "TensorShape"})


def check_values(entry: Mapping[str, Any], name: str, file: str) -> None:
    """Refuse a layer that is not known because of what it says of itself.

    Parameters
    ----------
    entry : mapping
        The layer in the words of Keras 3; it is of a known class, and no model.
    name : str
        The layer's, for errors.
    file : str
        The file's name, for errors.

    Raises
    ------
    ModelError
        A function is not one of Keras's, something is an object, or a number cannot be.
    """
    for key, value in entry["config"].items():
        if key.endswith(TRAINING_ONLY) or key in ("name", "dtype", "build_config"):
            continue
        if key == "activation":
            if not is_activation(value):
                raise ModelError(
                    f"Layer {name} in {file} has the activation {_shown(value)}, which is not "
                    "one of Keras's.",
                    "No code is run from a file: use a built-in activation, and save again.",
                )
        elif _holds_object(value):
            raise ModelError(
                f"Layer {name} in {file} holds an object or code as its {key}.",
                "No code is run from a file: use plain values, and save again.",
            )
        elif key not in _FREE:
            least, most = _LIMITS.get(key, (-MAX_NUMBER, MAX_NUMBER))
            for number in _numbers(value):
                if not least <= number <= most:
                    raise ModelError(
                        f"Layer {name} in {file} states {number:.10g} as its {key}.",
                        "No network has that: it is damaged, or no model. Save it again.",
                    )


def is_activation(value: object) -> bool:
    """Whether an activation is one of Keras's own, by its name or as a layer that activates."""
    if isinstance(value, Mapping):
        kind, module = value.get("class_name"), value.get("module")
        own = module is None or str(module).split(".")[0] in ("keras", "builtins")
        if kind == "function":
            return own and is_activation(value.get("config"))
        inside = value.get("config")
        plain = not isinstance(inside, Mapping) or not _holds_object(
            {key: each for key, each in inside.items() if key not in ("activation", "dtype")}
        )
        nested = not isinstance(inside, Mapping) or is_activation(inside.get("activation"))
        return own and kind in ACTIVATING and plain and nested
    return value is None or (isinstance(value, str) and value.lower() in ACTIVATIONS)


def is_for_training(value: object) -> bool:
    """Whether an initialiser, regulariser or constraint is one of Keras's own, and plain."""
    if isinstance(value, Mapping):
        module, inside = value.get("module"), value.get("config")
        own = module is None or module in _OWN_MODULES
        known = is_for_training(value.get("class_name"))
        return own and known and isinstance(inside, Mapping) and not _holds_object(inside)
    return value is None or (isinstance(value, str) and value.lower().replace("_", "") in _TRAINING)


def _holds_object(value: object) -> bool:
    """Whether anything in a value is to be made an object of."""
    if isinstance(value, Mapping):
        kind = value.get("class_name")
        if kind is not None and kind not in _PLAIN:
            return True
        return any(_holds_object(each) for each in value.values())
    return isinstance(value, list) and any(_holds_object(each) for each in value)


def _numbers(value: object) -> Iterator[float]:
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from _numbers(each)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield value


def _shown(value: object) -> str:
    if isinstance(value, Mapping):
        value = value.get("config") if value.get("class_name") == "function" else value
    if isinstance(value, Mapping):
        value = value.get("class_name")
    return repr(str(value)[:40])
