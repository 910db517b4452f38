"""Nested models opened: their layers in the graph of the whole, as ``outer/inner``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from unetscope.domain.errors import ModelError
from unetscope.domain.graph import Shape
from unetscope.domain.known_layers import MAX_LAYERS
from unetscope.domain.model_config import (
    Call,
    ModelConfig,
    Read,
    call_name,
    reads_of,
    with_reads,
)


def flattened(model: ModelConfig) -> ModelConfig:
    """Put the layers of nested models in their places, as ``outer/inner``.

    A shared nested model gives its layers once for each call, as a shared layer gives nodes. Layers
    that no output depends on are left out, as Keras leaves them out.

    Raises
    ------
    ModelError
        That would be more layers than any model has.
    """
    whole = _Whole()
    outputs = whole.expand(model, "", 0, {})
    calls = _reaching(whole.calls, outputs)
    listed = tuple(dict.fromkeys(call.layer for call in calls))
    return replace(
        model,
        calls=calls,
        outputs=outputs,
        listed=listed,
        declared=whole.declared,
    )


def _reaching(calls: Sequence[Call], outputs: Sequence[Read]) -> tuple[Call, ...]:
    """Only the calls that an output depends on, and the inputs."""
    needed = {read.call for read in outputs}
    for call in reversed(calls):
        if call.name in needed:
            needed.update(call.inputs)
    return tuple(call for call in calls if call.name in needed or call.kind == "InputLayer")


class _Whole:
    """What has been put in place so far."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.declared: dict[str, Shape] = {}
        self._visited = 0

    def expand(
        self, model: ModelConfig, prefix: str, number: int, given: Mapping[str, Read]
    ) -> tuple[Read, ...]:
        """Append a model's calls, its inputs being the given tensors; gives its outputs."""
        known: dict[Read, Read] = {Read(name): read for name, read in given.items()}
        renamed: dict[str, str] = {}
        counts = Counter(call.layer for call in model.calls)

        def placed(read: Read) -> Read:
            return known.get(read, replace(read, call=renamed.get(read.call, read.call)))

        for call in model.calls:
            self._visited += 1
            if self._visited > 2 * MAX_LAYERS:
                raise ModelError(f"The model holds more than {MAX_LAYERS:,} layers.", "Is it one?")
            if call.name in given:
                continue
            layer, own = prefix + call.layer, number * counts[call.layer] + call.number
            args, kwargs = with_reads(call.args, placed), with_reads(call.kwargs, placed)
            if call.inner is not None:
                inside = zip(call.inner.inputs, reads_of([args, kwargs]), strict=True)
                ends = self.expand(call.inner, f"{layer}/", own, dict(inside))
                known.update({Read(call.name, i): end for i, end in enumerate(ends)})
                continue
            name = renamed[call.name] = call_name(layer, own)
            self.calls.append(
                replace(call, name=name, layer=layer, number=own, args=args, kwargs=kwargs)
            )
            if call.name in model.declared:
                self.declared[name] = model.declared[call.name]
        return tuple(placed(read) for read in model.outputs)
