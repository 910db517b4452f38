# ruff: noqa: E501  (a row of the table is one line)
"""Models that are damaged, made to harm, or no models: a choice of `hostile_models`."""

from __future__ import annotations

from tests.faults.fault import Fault
from tests.faults.hostile_models import HOSTILE

SAID: dict[str, str] = {
    "an empty .keras": "net.keras is not a Keras model. Choose a .keras or .h5 file.",
    "a pickle called .h5": "net.h5 is not a Keras model. Choose a .keras or .h5 file.",
    ".keras with a byte of a weight changed": "net.keras is damaged or cut short. Copy it again from where it came from.",
    "a member above the archive": "net.keras holds a member that no model has: '../../evil.py'. Save the model again with model.save('name.keras').",
    "a description 100,000 deep": "net.keras is damaged: its description is nested too deeply. Copy it again from where it came from.",
    "20,000 layers": "net.keras holds more than 5,000 layers. Is it a model?",
    "layers in a circle": "net.keras does not describe its network the way Keras does. Save the model again with model.save('name.keras').",
    "a convolution of 200 million filters": "net.keras asks for 205 GB for the output of layer middle. Is it a model?",
    "a Lambda with marshalled code": "net.keras holds layers that Unetscope does not open: norm (Lambda). Code is never run from a file; put other layers in their place, and save again.",
    "a layer that reads words from a file": "net.keras holds layers that Unetscope does not open: norm (StringLookup). Code is never run from a file; put other layers in their place, and save again.",
    "weights in another file": "net.keras points to other files or places for its weights, at layers/conv2d_1/vars/0. Save the model again, whole, with model.save('name.keras').",
    "a weight that is not a number": "net.keras holds weights of middle that are not finite numbers. The training went wrong: take an earlier state of it.",
    "3.6 GB of weights that are not stored": "net.keras holds a weight of middle that is too big: 3 GB. Is it a model?",
}

MODELS: tuple[Fault, ...] = tuple(
    Fault(f"a model: {name}", HOSTILE[name], said) for name, said in SAID.items()
)
