"""One window for one person: a second start hands its files to the first and leaves."""

from __future__ import annotations

import getpass
import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtNetwork import QLocalServer, QLocalSocket

CONNECTING = 300  # ms; a server of one's own answers in one
ANSWERING = 5000  # ms; the window may be drawing
_ANSWER = b"taken\n"
_MOST_BYTES = 2**20  # of a message: what is longer was not sent by this program


def line_name() -> str:
    """Name of the line to the running window: one for each user and each screen."""
    screen = os.environ.get("WAYLAND_DISPLAY") or os.environ.get("DISPLAY") or ""
    here = f"{getpass.getuser()}\0{screen}\0{Path.home()}"
    return f"unetscope-{hashlib.sha256(here.encode()).hexdigest()[:16]}"


def hand_over(paths: Sequence[Path], *, sample: bool = False, name: str | None = None) -> bool:
    """Give files to a window that runs already.

    Parameters
    ----------
    paths : sequence of Path
        Absolute; may be none, which asks the window only to come to the front.
    sample : bool
        The sample is to be opened.
    name : str, optional
        Of the line; left out, `line_name`.

    Returns
    -------
    bool
        Whether one has taken them. If not, the caller is the first and opens them itself.
    """
    line = QLocalSocket()
    line.connectToServer(name or line_name())
    if not line.waitForConnected(CONNECTING):
        return False
    message = {"paths": [str(path) for path in paths], "sample": sample}
    line.write(json.dumps(message).encode() + b"\n")
    while not line.canReadLine():
        if not line.waitForReadyRead(ANSWERING):
            return False
    return line.readLine().data() == _ANSWER


class SingleInstance(QObject):
    """The running window's end of the line.

    Emits `asked` with the paths that another start was given, and whether it asked for the sample.
    """

    asked = Signal(list, bool)

    def __init__(self, parent: QObject, name: str | None = None) -> None:
        super().__init__(parent)
        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.newConnection.connect(self._connected)
        name = name or line_name()
        self.listening = self._server.listen(name)
        if not self.listening and not hand_over(
            [], name=name
        ):  # left behind by one that was killed
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
        self.asked.emit(*asked)


def _understood(message: bytes) -> tuple[list[Path], bool] | None:
    """The paths of a message and whether it asks for the sample; None if it is none of ours."""
    try:
        said = json.loads(message)
        paths = [Path(path) for path in said["paths"]]
    except (ValueError, TypeError, KeyError):
        return None
    if not all(path.is_absolute() for path in paths):
        return None
    return paths, said.get("sample") is True
