"""What is explained: a network as it is in force, an image, and how its output is read."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from unetscope.domain.edits import Edit
from unetscope.domain.explaining.question import Steps
from unetscope.domain.history import Edits
from unetscope.engine.context import Context, Tensor
from unetscope.engine.forward import Forward
from unetscope.engine.passes import Passes
from unetscope.engine.program import Program
from unetscope.engine.segmentation import Segmentation
from unetscope.engine.situation import in_force


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """A network, an image and edits, held as they were when the question came.

    Attributes
    ----------
    base : Forward
        The pass with the edits in force; what it holds is at hand, the rest is run when asked for.
    edits : tuple of Edit
        The edits in force.
    """

    base: Forward
    edits: Edits
    segmentation: Segmentation

    @property
    def context(self) -> Context:
        """What all passes through the network share."""
        return self.base.context

    @property
    def program(self) -> Program:
        """The network as nodes."""
        return self.base.program

    @property
    def inputs(self) -> tuple[Tensor, ...]:
        """The image, in the order of the network's inputs."""
        return tuple(self.base.inputs[i] for i in self.program.inputs)

    @property
    def output(self) -> int:
        """The node that the mask is made of; ModelError where there is none."""
        return self.program.index[self.segmentation.output]

    def node(self, layer: str) -> int:
        """The node of a layer; ModelError where there is none."""
        self.program.graph[layer]
        return self.program.index[layer]

    @contextmanager
    def passes(
        self, inputs: Sequence[Tensor] | None = None, edits: Iterable[Edit] | None = None
    ) -> Generator[Passes, None, None]:
        """Passes for another image or other edits, which are forgotten at the end, come what may.

        Parameters
        ----------
        inputs : sequence of tensor, optional
            The image shown when left out.
        edits : iterable of Edit, optional
            Those in force when left out. They leave the network's own weights as they are.
        """
        made = Passes(self.context)
        situation = self.base.situation
        if edits is not None:
            situation = in_force(edits, self.program, self.context.network)
        try:
            made.set_image(self.inputs if inputs is None else inputs, situation)
            yield made
        finally:
            made.forget()
            self.context.variables.restore(self.base.situation.weights)


def last_of(steps: Steps) -> Any:
    """Take all steps, and give the complete answer."""
    return deque(steps, maxlen=1)[0][2]
