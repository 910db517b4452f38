"""Is there memory enough? Asked before a network is opened or run, and answered in figures."""

from __future__ import annotations

from collections.abc import Sequence

from unetscope.domain.errors import ModelError
from unetscope.domain.graph import Graph
from unetscope.domain.kernels import Weights
from unetscope.domain.memory_need import bytes_to_open, bytes_to_run
from unetscope.engine import machine
from unetscope.engine.memory import Memory

SMALL = 256 << 20  # bytes of which nobody is asked


def check_to_open(weights: Sequence[Weights], file: str) -> None:
    """See whether a network of these weights can be opened.

    Raises
    ------
    ModelError
        There is too little memory; the message has the figures.
    """
    needed = bytes_to_open(sum(array.nbytes for arrays in weights for array in arrays))
    _check(needed, 0, f"{file} needs about {{}} to be opened", "Choose a smaller network")


def check_to_run(graph: Graph, size: Sequence[int], memory: Memory) -> None:
    """See whether a network can be run for an image of a size.

    Parameters
    ----------
    graph : Graph
    size : sequence of int
        Rows and columns, and planes if any, of the image.
    memory : Memory
        Of the network: what it keeps can be dropped.

    Raises
    ------
    ModelError
        There is too little memory; the message has the figures.
    """
    needed = bytes_to_run(graph, size, memory.budget)
    shown = " × ".join(map(str, size))
    _check(
        needed,
        memory.used,
        f"An image of {shown} needs about {{}} in this network",
        "Choose a smaller input size on the input card",
    )


def _check(needed: int, held: int, sentence: str, advice: str) -> None:
    free = machine.free()
    if needed < SMALL or free is None or needed <= free + held:
        return
    raise ModelError(
        f"{sentence.format(_gigabytes(needed))}, and {_gigabytes(free + held)} are free.",
        f"{advice}, or close other programs.",
    )


def _gigabytes(size: int) -> str:
    return f"{size / 1e9:.1f} GB"
