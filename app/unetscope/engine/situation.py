"""The edits in force, sorted by what they act on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from unetscope.domain.edits import Edit
from unetscope.domain.errors import EditError
from unetscope.domain.history import Edits
from unetscope.domain.interventions import Intervention, SkipEdit
from unetscope.domain.network import Network
from unetscope.engine.program import Nodes, Program

Skip = tuple[int, int]  # node that reads, node that is read


@dataclass(frozen=True, slots=True, eq=False)
class Situation:
    """Edits by layer, by node and by skip connection.

    Attributes
    ----------
    weights : mapping of str to tuple of Edit
        By layer.
    maps : mapping of int to tuple of Intervention
        By node.
    skips : mapping of (int, int) to tuple of SkipEdit
        By who reads whom.
    """

    weights: Mapping[str, Edits] = field(default_factory=dict)
    maps: Mapping[int, tuple[Intervention, ...]] = field(default_factory=dict)
    skips: Mapping[Skip, tuple[SkipEdit, ...]] = field(default_factory=dict)

    @property
    def apart(self) -> Nodes:
        """Nodes that cannot be passed over: something acts on what they give or read."""
        return frozenset(self.maps) | {reader for reader, _ in self.skips}

    def starts(self, other: Situation, program: Program) -> Nodes:
        """Nodes whose own doing differs between two situations."""
        layers = {
            name
            for name in {*self.weights, *other.weights}
            if self.weights.get(name, ()) != other.weights.get(name, ())
        }
        found = {i for name in layers for i in program.calls(name)}
        found |= {i for i in {*self.maps, *other.maps} if self.maps.get(i) != other.maps.get(i)}
        changed = {
            s for s in {*self.skips, *other.skips} if self.skips.get(s) != other.skips.get(s)
        }
        return frozenset(found | {reader for reader, _ in changed})

    def only_weights(self) -> Situation:
        """The same without interventions."""
        return Situation(weights=self.weights)


TRAINED = Situation()


def in_force(edits: Iterable[Edit], program: Program, network: Network) -> Situation:
    """Sort edits by what they act on; layers that they leave as trained are left out.

    Raises
    ------
    EditError
        An edit does not fit the network.
    """
    weights: dict[str, Edits] = {}
    maps: dict[int, tuple[Intervention, ...]] = {}
    skips: dict[Skip, tuple[SkipEdit, ...]] = {}
    for edit in edits:
        if isinstance(edit, SkipEdit):
            skip = (_node(edit.layer, program), _node(edit.source, program))
            edit.check(program.graph.layers[skip[0]])
            skips[skip] = (*skips.get(skip, ()), edit)
        elif isinstance(edit, Intervention):
            node = _node(edit.layer, program)
            edit.check(program.graph.layers[node])
            maps[node] = (*maps.get(node, ()), edit)
        else:
            weights[edit.layer] = (*weights.get(edit.layer, ()), edit)
    for layer in weights:
        if layer not in program.layers and layer not in network.trained:
            _node(layer, program)
            first = layer.split(":")[0]
            raise EditError(f"{layer} is another call of {first}.", f"Edit {first}: they share.")
    weights = {name: mine for name, mine in weights.items() if network.differs(name, mine)}
    return Situation(weights, maps, skips)


def _node(name: str, program: Program) -> int:
    try:
        return program.index[name]
    except KeyError:
        raise EditError(
            f"The network has no layer called {name!r}.", "Choose one of its layers."
        ) from None
