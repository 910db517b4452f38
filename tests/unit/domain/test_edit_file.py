"""Lists of edits as text: exact, and refused when they are damaged."""

from __future__ import annotations

import json

import numpy as np
import pytest
from tests.unit.fakes import kinds_network, unet

from unetscope.domain.edit_file import TYPES, WRITTEN_OUT, read_edits, write_edits
from unetscope.domain.edits import (
    Edit,
    ScaleFilter,
    SetBias,
    SetFilter,
    SetInputChannel,
    SetKernel,
    SetLayerWeights,
    SetValues,
)
from unetscope.domain.errors import EditError
from unetscope.domain.interventions import CutSkip, ForceMap, PatchSkip, ScaleMap, SilenceMap

NETWORK = kinds_network()
RNG = np.random.default_rng(0)
EDITS: tuple[Edit, ...] = (
    SetKernel("conv", 1, 2, RNG.normal(size=(3, 5))),
    SetFilter("conv", 0, RNG.normal(size=(3, 5, 2))),
    SetInputChannel("conv", 1, RNG.normal(size=(3, 5, 4))),
    SetBias("conv", 3, 0.1),
    ScaleFilter("up", 2, -1 / 3),
    SetValues("dense", 0, 4, 1, np.array([[1e-30], [-0.0]], np.float32)),
    SetLayerWeights("dense", [RNG.normal(size=(10, 2)), np.zeros(2)]),
    SilenceMap("conv", 1, "mean"),
    ScaleMap("conv", None, 0.3),
    ForceMap("conv", 2, 1.5, (3, 4)),
    CutSkip("skip", "enc"),
    PatchSkip("skip", "enc", RNG.normal(size=(80, 80)), "slice 40"),
)


def test_every_kind_of_edit_comes_back_bit_for_bit() -> None:
    assert {type(edit) for edit in EDITS} == set(TYPES.values())
    found = read_edits(write_edits(NETWORK, EDITS), "some.edits.json")
    assert found.edits == EDITS
    assert found.was_made_for(NETWORK)
    assert found.model == NETWORK.path.name
    assert not found.was_made_for(unet(fingerprint="sha256:other"))


def test_no_kind_of_edit_is_forgotten() -> None:
    def below(kind: type[Edit]) -> set[type[Edit]]:
        return {kind}.union(*(below(inner) for inner in kind.__subclasses__()))

    # those that are only there to be built upon make no edit of their own, and those of the engine
    # are never in anybody's list
    real = {kind for kind in below(Edit) if kind.__module__.startswith("unetscope.domain.")}
    bases = {base for kind in real for base in kind.__mro__[1:]}
    assert real - bases == set(TYPES.values())


def test_large_arrays_are_packed_and_small_ones_can_be_read() -> None:
    text = write_edits(NETWORK, EDITS)
    entries = {entry["edit"]: entry for entry in json.loads(text)["edits"]}
    assert len(entries["SetKernel"]["values"]["values"]) == 15
    assert "float32" in entries["PatchSkip"]["image"]
    assert WRITTEN_OUT < 80 * 80


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda c: c.update(format=99), "later version"),
        (lambda c: c.update(format="one"), "no list of edits"),
        (lambda c: c.pop("edits"), "no list of edits"),
        (lambda c: c["edits"][0].update(edit="Format"), "no list of edits"),
        (lambda c: c["edits"][0].update(strange=1), "no list of edits"),
        (lambda c: c["edits"][0].pop("values"), "no list of edits"),
        (lambda c: c["edits"][0]["values"].update(shape=[2, 2]), "no list of edits"),
        (lambda c: c["edits"][0]["values"].update(values=["x"] * 15), "no list of edits"),
        (lambda c: c["edits"][-1]["image"].update(float32="&&&"), "no list of edits"),
        (lambda c: c["edits"][0].update(layer=3), "no list of edits"),
    ],
)
def test_a_damaged_list_is_refused_with_a_sentence(change: object, told: str) -> None:
    content = json.loads(write_edits(NETWORK, EDITS))
    change(content)  # type: ignore[operator]
    with pytest.raises(EditError, match=rf"bad\.edits\.json.*{told}"):
        read_edits(json.dumps(content), "bad.edits.json")


@pytest.mark.parametrize("text", ["", "{", "[]", "3", "[" * 5000, '{"format": 1}'])
def test_what_is_no_list_is_refused(text: str) -> None:
    with pytest.raises(EditError, match="no list of edits"):
        read_edits(text, "notes.json")
