"""One window for one person: a second start hands its files to the first and leaves."""

from __future__ import annotations

import getpass
import hashlib
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtNetwork import QLocalServer, QLocalSocket

CONNECTING = 300  # ms; a server of one's own answers in one
ANSWERING = 5000  # ms; the window may be drawing
_ANSWER = b"taken\n"
_MOST_BYTES = 2**20  # of a message: what is longer was not sent by this program


@dataclass(frozen=True, slots=True)
class Asked:
    """What a start of the program was asked for.

    Attributes
    ----------
    paths : tuple of Path
        Absolute; what is to be opened.
    sample : bool
        The sample is to be opened too.
    slice : int or None
        Where to go in the study, from 1.
    layer : str or None
        Which layer of the network to look at.
    """

    paths: tuple[Path, ...] = ()
    sample: bool = False
    slice: int | None = None
    layer: str | None = None


def line_name() -> str:
    """Name of the line to the running window: one for each user and each screen."""
    screen = os.environ.get("WAYLAND_DISPLAY") or os.environ.get("DISPLAY") or ""
    here = f"{getpass.getuser()}\0{screen}\0{Path.home()}"
    return f"unetscope-{hashlib.sha256(here.encode()).hexdigest()[:16]}"


def hand_over(asked: Asked, *, name: str | None = None) -> bool:
    """Give what was asked for to a window that runs already.

    Parameters
    ----------
    asked : Asked
        Asking for nothing has the window come to the front.
    name : str, optional
        Of the line; left out, `line_name`.

    Returns
    -------
    bool
        Whether one has taken it. If not, the caller is the first and does it itself.
    """
    line = QLocalSocket()
    line.connectToServer(name or line_name())
    if not line.waitForConnected(CONNECTING):
        return False
    message = {**asdict(asked), "paths": [str(path) for path in asked.paths]}
    line.write(json.dumps(message).encode() + b"\n")
    while not line.canReadLine():
        if not line.waitForReadyRead(ANSWERING):
            return False
    return line.readLine().data() == _ANSWER


class SingleInstance(QObject):
    """The running window's end of the line.

    Emits `asked` with what another start was asked for.
    """

    asked = Signal(Asked)

    def __init__(self, parent: QObject, name: str | None = None) -> None:
        super().__init__(parent)
        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.newConnection.connect(self._connected)
        name = name or line_name()
        self.listening = self._server.listen(name)
        if not self.listening and not hand_over(Asked(), name=name):  # left by one that was killed
            QLocalServer.removeServer(name)
            self.listening = self._server.listen(name)

    def _connected(self) -> None:
        while (line := self._server.nextPendingConnection()) is not None:
            line.readyRead.connect(lambda line=line: self._read(line))
            line.disconnected.connect(line.deleteLater)
            if line.canReadLine():
                self._read(line)

    def _read(self, line: QLocalSocket) -> None:
        if not line.canReadLine():
            if line.bytesAvailable() > _MOST_BYTES:
                line.abort()
            return
        asked = _understood(bytes(line.readLine().data()))
        if asked is None:
            line.abort()
            return
        line.write(_ANSWER)
        line.flush()
        self.asked.emit(asked)


def _understood(message: bytes) -> Asked | None:
    """What a message asks for; None if it is none of ours."""
    try:
        said = json.loads(message)
        paths = tuple(Path(path) for path in said["paths"])
    except (ValueError, TypeError, KeyError):
        return None
    if not all(path.is_absolute() for path in paths):
        return None
    index, layer = said.get("slice"), said.get("layer")
    return Asked(
        paths,
        said.get("sample") is True,
        index if isinstance(index, int) else None,
        layer if isinstance(layer, str) else None,
    )
