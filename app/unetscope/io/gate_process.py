"""What runs in the process that reads one model file, and what goes over the line to it.

The program sends the file's bytes; nothing else of the disk is looked at. What comes back is plain
JSON and numbers, never objects, so that a process which a file has taken over can only lie.
"""

from __future__ import annotations

import json
import math
import os
import signal
import sys
from collections.abc import Iterator, Mapping
from multiprocessing import BufferTooShort
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any

from unetscope.domain.errors import ModelError
from unetscope.domain.stand_ins import (
    Replacements,
    UnknownLayer,
    UnknownLayersError,
    fingerprint_with,
    from_json,
    to_json,
)

if TYPE_CHECKING:  # imported when the process has nothing to do, for they take a while
    from unetscope.domain.network import Network
    from unetscope.modelfile.content import Content

READY = b"ready"
FAILURES = (  # of the process at the other end: it is gone, or does not do as agreed
    *(EOFError, OSError, ValueError, TypeError, LookupError),
    *(AttributeError, RecursionError, MemoryError, OverflowError, BufferTooShort),
)
_LONGEST = 64 << 20  # bytes of a description that is believed
_MOST_VALUES = 1 << 31  # of all weights together
PIECE = 4 << 20  # bytes that go over the line at once
SECONDS = 15.0  # that reading may take, and for big files somewhat more
_SECONDS_PER_BYTE = 2e-8
_NICENESS = 10  # the window goes first
_MEMORY, _MEMORY_PER_BYTE = 1 << 30, 8  # that reading may take beyond what the libraries do


def seconds_for(size: int) -> float:
    """How long reading a file of so many bytes may take."""
    return SECONDS + size * _SECONDS_PER_BYTE


def serve(connection: Connection, patience: float) -> None:
    """Get ready within some seconds, or as soon as there is something to do; read one model.

    Parameters
    ----------
    connection : Connection
        The line to the program.
    patience : float
        Seconds to leave the processor to others before the libraries are imported.
    """
    _keep_to_itself()
    try:
        connection.poll(patience)
        from unetscope.io import network_file

        connection.send_bytes(READY)
        asked = json.loads(connection.recv_bytes())
        _limit(sum(size for _, size in asked["files"]))
        content = _content(connection, asked)
        try:
            network = network_file.network_of(content, from_json(asked["replaced"]))
        except MemoryError:
            connection.send_bytes(_refusal(_too_big(content.name)))
        except Exception as error:
            connection.send_bytes(_refusal(_told(error, content.name)))
        else:
            _send(connection, network)
    except (EOFError, OSError):
        pass


def _keep_to_itself() -> None:
    """Leave Ctrl+C and the terminal to the parent, and the processor when it wants it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (1, 2):
        os.dup2(nowhere, stream)
    if sys.platform != "win32":
        os.nice(_NICENESS)


def _limit(size: int) -> None:
    """Have the system end this process where reading takes more than a file of its size can need.

    On Windows there is no such thing: there the parent's clock is all.
    """
    if sys.platform == "win32":
        return
    import resource

    used = resource.getrusage(resource.RUSAGE_SELF)
    seconds = math.ceil(used.ru_utime + used.ru_stime + seconds_for(size))
    limits = {
        resource.RLIMIT_CPU: seconds,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_FSIZE: 0,
    }
    if sys.platform == "linux":  # elsewhere addresses are not counted, or none are known
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        taken = pages * os.sysconf("SC_PAGE_SIZE")
        limits[resource.RLIMIT_AS] = taken + _MEMORY + _MEMORY_PER_BYTE * size
    for which, wanted in limits.items():
        _, most = resource.getrlimit(which)
        limit = wanted if most == resource.RLIM_INFINITY else min(wanted, most)
        resource.setrlimit(which, (limit, limit))


# --------------------------------------------------------------------- what is asked


def ask(connection: Connection, content: Content, replaced: Replacements) -> None:
    """Send a model's bytes, and what stands in for layers of it; OSError when nobody listens."""
    parts = [(within, data) for within, data in content.files.items()]
    parts += [(within, data) for within, data in content.beside.items()]
    head = {
        "path": os.fspath(content.path),
        "fingerprint": content.fingerprint,
        "files": [(within, len(data)) for within, data in parts],
        "beside": len(content.beside),
        "replaced": to_json(replaced),
    }
    connection.send_bytes(json.dumps(head).encode())
    for _, data in parts:
        _send_all(connection, memoryview(data))


def _content(connection: Connection, asked: Mapping[str, Any]) -> Content:
    from unetscope.modelfile.content import Content

    parts = [(within, bytes(_received(connection, size))) for within, size in asked["files"]]
    own = len(parts) - asked["beside"]
    path = Path(asked["path"])
    return Content(path, dict(parts[:own]), asked["fingerprint"], dict(parts[own:]))


# ------------------------------------------------------------------- what is answered


def _refusal(error: ModelError) -> bytes:
    unknown = error.layers if isinstance(error, UnknownLayersError) else ()
    layers = [(each.name, each.kind, each.replaceable) for each in unknown]
    return json.dumps({"what": error.what, "hint": error.hint, "unknown": layers}).encode()


def _refused(told: Mapping[str, Any]) -> ModelError:
    what, hint = str(told["what"]), str(told["hint"])
    unknown = [UnknownLayer(str(name), str(kind), bool(can)) for name, kind, can in told["unknown"]]
    return UnknownLayersError(what, hint, unknown) if unknown else ModelError(what, hint)


def _told(error: Exception, name: str) -> ModelError:
    """What is the matter with a file, in the words of the reader if it has any."""
    if isinstance(error, ModelError):
        return error
    return ModelError(
        f"{name} cannot be read: something in it is not as in any model.",
        "Save the model again with model.save('name.keras').",
    )


def _too_big(name: str) -> ModelError:
    return ModelError(
        f"{name} asks for more memory than a model of its size needs.",
        "It is damaged or made to harm; have it saved again by who trained it.",
    )


def _send(connection: Connection, network: Network) -> None:
    described = {
        "name": network.name,
        "outputs": network.graph.outputs,
        "layers": [
            {
                "name": layer.name,
                "kind": layer.kind,
                "output_shape": layer.output_shape,
                "inputs": layer.inputs,
                "weights": [(spec.name, spec.shape) for spec in layer.weights],
                "trainable": layer.trainable,
                "config": dict(layer.config),
            }
            for layer in network.graph.layers
        ],
        "arrays": [
            (layer, [array.shape for array in arrays]) for layer, arrays in network.trained.items()
        ],
    }
    connection.send_bytes(json.dumps(described).encode())
    for arrays in network.trained.values():
        for array in arrays:
            if array.size:
                _send_all(connection, array.reshape(-1).view("u1").data)


def answered(connection: Connection, content: Content, replaced: Replacements) -> Network:
    """Give the network that the process has sent; what it sends is believed no further than that.

    Raises
    ------
    ModelError
        The file was refused.
    FAILURES
        The process has died, or did not keep to what was agreed.
    """
    import numpy as np

    from unetscope.domain.graph import Graph, Layer, WeightSpec
    from unetscope.domain.network import Network

    told = json.loads(connection.recv_bytes(_LONGEST))
    if "what" in told:
        raise _refused(told)
    layers = [
        Layer(
            name=str(each["name"]),
            kind=str(each["kind"]),
            output_shape=tuple(None if n is None else int(n) for n in each["output_shape"]),
            inputs=tuple(map(str, each["inputs"])),
            weights=tuple(WeightSpec(str(n), tuple(map(int, s))) for n, s in each["weights"]),
            trainable=int(each["trainable"]),
            config=dict(each["config"]),
        )
        for each in told["layers"]
    ]
    if sum(math.prod(shape) for _, shapes in told["arrays"] for shape in shapes) > _MOST_VALUES:
        raise ValueError("more numbers than any file holds")
    trained = {}
    for layer, shapes in told["arrays"]:
        arrays = []
        for shape in shapes:
            array = np.frombuffer(_received(connection, 4 * math.prod(shape)), np.float32)
            array = array.reshape(shape)
            array.flags.writeable = False
            arrays.append(array)
        trained[str(layer)] = tuple(arrays)
    return Network(
        path=content.path,
        fingerprint=fingerprint_with(content.fingerprint, replaced),
        name=str(told["name"]),
        graph=Graph(layers, tuple(map(str, told["outputs"]))),
        trained=trained,
        replaced=replaced,
        stored=content.fingerprint if replaced else "",
    )


# ------------------------------------------------------------------------- the line


def _send_all(connection: Connection, data: memoryview) -> None:
    for piece in _pieces(len(data)):
        connection.send_bytes(data[piece])


def _received(connection: Connection, size: int) -> bytearray:
    data = bytearray(size)
    for piece in _pieces(size):
        if connection.recv_bytes_into(data, piece.start) != piece.stop - piece.start:
            raise ValueError("another piece than was announced")
    return data


def _pieces(size: int) -> Iterator[slice]:
    for start in range(0, size, PIECE):
        yield slice(start, min(start + PIECE, size))
