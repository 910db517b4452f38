"""What comes back from the process that reads a model is believed no further than it has to be."""

from __future__ import annotations

import json
import multiprocessing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.faults.model_files import archive

from unetscope.domain.errors import ModelError
from unetscope.domain.stand_ins import UnknownLayersError
from unetscope.io import gate_process
from unetscope.io.gate_process import answered
from unetscope.modelfile.content import Content, content_of

LAYER: dict[str, Any] = {
    **{"name": "conv", "kind": "Conv2D", "output_shape": [None, 8, 8, 2], "inputs": []},
    **{"weights": [["kernel", [1, 1, 1, 2]]], "trainable": 2, "config": {"filters": 2}},
}
TOLD: dict[str, Any] = {
    **{"name": "net", "outputs": ["conv"], "layers": [LAYER]},
    "arrays": [["conv", [[1, 1, 1, 2]]]],
}
VALUES = np.array([1.5, -2.0], np.float32).tobytes()


@pytest.fixture
def content(tmp_path: Path) -> Content:
    return content_of(archive(tmp_path / "net.keras"))


def answer_of(content: Content, *messages: bytes) -> Any:
    ours, theirs = multiprocessing.Pipe()
    with ours, theirs:
        for each in messages:
            theirs.send_bytes(each)
        theirs.close()
        return answered(ours, content, ())


def test_what_is_as_agreed_becomes_a_network(content: Content) -> None:
    network = answer_of(content, json.dumps(TOLD).encode(), VALUES)
    assert network.graph["conv"].output_shape == (None, 8, 8, 2)
    assert network.fingerprint == content.fingerprint
    (kernel,) = network.trained["conv"]
    assert kernel.tolist() == [[[[1.5, -2.0]]]]
    assert not kernel.flags.writeable


def test_a_refusal_becomes_the_error_that_it_was(content: Content) -> None:
    told = {"what": "It is bad.", "hint": "Do not.", "unknown": [["a", "Lambda", True]]}
    with pytest.raises(UnknownLayersError, match=r"It is bad. Do not.") as caught:
        answer_of(content, json.dumps(told).encode())
    assert [each.name for each in caught.value.layers] == ["a"]
    with pytest.raises(ModelError, match="It is bad"):
        answer_of(content, json.dumps({**told, "unknown": []}).encode())


def changed(**more: object) -> bytes:
    return json.dumps({**TOLD, **more}).encode()


@pytest.mark.parametrize(
    "messages",
    [
        (),
        (b"\x80\x04cos\nsystem\n",),
        (b"[]",),
        (b"7",),
        (b"[" * 100_000,),
        (changed(layers=3), VALUES),
        (changed(layers=[{"name": "conv"}]), VALUES),
        (changed(layers=[{**LAYER, "output_shape": ["x"]}]), VALUES),
        (changed(layers=[{**LAYER, "inputs": ["nobody"]}]), VALUES),
        (changed(arrays=[["conv", [[2**40]]]]), VALUES),
        (changed(arrays=[["conv", [[-1]]]]), VALUES),
        (changed(arrays=[["conv", [["a"]]]]), VALUES),
        (changed(), VALUES[:4]),
        (changed(), VALUES * 2),
        (changed(),),
    ],
)
def test_anything_else_is_a_process_that_failed(content: Content, messages: Any) -> None:
    with pytest.raises(gate_process.FAILURES):
        answer_of(content, *messages)


def test_a_description_without_end_is_not_taken(
    content: Content, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate_process, "_LONGEST", 10)
    with pytest.raises(OSError, match="message length"):
        answer_of(content, changed(), VALUES)
