"""The sandbox alone, without the gate before it: what an attacker in the engine's process can do.

Every attack is made twice: in a child that is as free as the program, where it has to succeed, and
in a confined one, where it must not. What has happened is looked up from outside.
"""

from __future__ import annotations

import multiprocessing
import os
import queue
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pydicom
import pytest

from unetscope import private_folder
from unetscope.domain.ports import EngineState, EngineStatus
from unetscope.engine.process import EngineProcess
from unetscope.io.decoder import Decoder
from unetscope.io.gate import Gate
from unetscope.io.study import open_study
from unetscope.processes import kernel_rules, sandbox
from unetscope.processes.child import ChildProcess
from unetscope.processes.room import Room
from unetscope.processes.sandbox import Guard

PATIENCE = 120.0
SECRET = "-----BEGIN OPENSSH PRIVATE KEY-----"

needs_kernel = pytest.mark.skipif(
    not (kernel_rules.landlock_version() and kernel_rules.has_filter()),
    reason="this system's kernel has no Landlock, or no filter for calls",
)

ATTACKS = '''
import ctypes, os, signal, socket, subprocess, sys, threading
from pathlib import Path


def write(path):
    Path(path).write_text("was here")


def append(path):
    with open(path, "a") as file:
        file.write("was here")


def remove(path):
    os.unlink(path)


def read(path):
    return Path(path).read_text()


def read_by_number(path):
    """Through the table of open files, of a file opened for its name only."""
    return Path(f"/proc/self/fd/{os.open(path, os.O_PATH)}").read_text()


def list_folder(path):
    return os.listdir(path)


def link(pair):
    os.link(*pair)


def symlink(pair):
    target, link = pair
    os.symlink(target, link)
    return Path(link).read_text()


def connect(port):
    socket.create_connection(("127.0.0.1", port), timeout=5).close()


def send_datagram(port):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.sendto(b"was here", ("127.0.0.1", port))


def connect_locally(path):
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(path)


def listen(_):
    with socket.create_server(("127.0.0.1", 0)):
        pass


def start_program(path):
    subprocess.run(["/bin/sh", "-c", f"echo was here > '{path}'"], check=True)


def become_program(path):
    child = os.fork()
    if not child:
        try:
            os.execv("/bin/sh", ["sh", "-c", f"echo was here > '{path}'"])
        finally:
            os._exit(3)
    if os.waitpid(child, 0)[1]:
        raise PermissionError


def trace(_):
    child = os.fork()
    if not child:
        signal.pause()
    try:
        library = ctypes.CDLL(None, use_errno=True)
        if library.ptrace(16, child, None, None):  # attach
            raise OSError(ctypes.get_errno(), "ptrace")
        os.waitpid(child, 0)
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def signal_others(pid):
    os.kill(pid, 0)


def from_another_thread(path):
    thread = threading.Thread(target=write, args=(path,))
    thread.start()
    thread.join()


def call_saved_model(pair):
    import tensorflow as tf

    folder, path = pair
    tf.saved_model.load(folder).write(tf.constant(path))


def load_saved_model(folder):
    import tensorflow as tf

    tf.saved_model.load(folder)


def read_by_saved_model(pair):
    import tensorflow as tf

    folder, path = pair
    return tf.saved_model.load(folder).read(tf.constant(path)).numpy().decode()


def attack(connection, attacks):
    threading.excepthook = lambda _: None
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    for name, given in attacks:
        try:
            found = globals()[name](given)
        except Exception as error:
            connection.send((False, f"{type(error).__name__}: {error}"))
        else:
            connection.send((True, found))
    connection.recv()
'''


@dataclass
class Field:
    """A home with a key, a project, and what listens on this machine."""

    home: Path
    code: Path
    room: Room
    said: dict[str, tuple[bool, object]] = field(default_factory=dict)

    def attack(self, *attacks: tuple[str, object], confined: bool) -> None:
        """Run attacks in a child, one after the other; what each said is in `said`."""
        confinement = None
        if confined:
            confinement = self.room.confinement()
            confinement = sandbox.Confinement(
                confinement.room, (*confinement.read, self.code), confinement.write
            )
        import attacks as module  # type: ignore[import-not-found]

        child = ChildProcess(module.attack, (attacks,), "unetscope-attack", confinement)
        try:
            for name, _ in attacks:
                assert child.connection.poll(PATIENCE), f"{name} hangs"
                self.said[name] = child.connection.recv()
        finally:
            child.end()

    @property
    def succeeded(self) -> set[str]:
        return {name for name, (done, _) in self.said.items() if done}


@pytest.fixture
def ground(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Field]:
    code = tmp_path / "code"
    code.mkdir()
    (code / "attacks.py").write_text(ATTACKS)
    monkeypatch.syspath_prepend(code)
    monkeypatch.delitem(sys.modules, "attacks", raising=False)
    home = tmp_path / "home"
    (home / ".ssh").mkdir(parents=True)
    (home / ".ssh" / "id_ed25519").write_text(SECRET)
    (home / "notes.txt").write_text("mine")
    (home / "old.txt").write_text("mine")
    room = Room("attack", shares_memory=True)
    yield Field(home, code, room)
    room.remove()


@needs_kernel
@pytest.mark.parametrize("confined", [False, True], ids=["free", "confined"])
def test_what_an_attacker_can_do_with_files(ground: Field, tmp_path: Path, confined: bool) -> None:
    home, key = ground.home, str(ground.home / ".ssh" / "id_ed25519")
    shared = private_folder.temporary() / "left_by_an_attacker"
    attacks = {
        "write": str(home / "new.txt"),
        "append": str(home / "notes.txt"),
        "remove": str(home / "old.txt"),
        "read": key,
        "read_by_number": key,
        "list_folder": str(home),
        "link": (key, str(ground.room.home / "linked")),
        "symlink": (key, str(ground.room.home / "pointed")),
        "from_another_thread": str(shared),
    }
    ground.attack(*attacks.items(), confined=confined)
    left = (home / "new.txt").exists(), shared.exists(), not (home / "old.txt").exists()
    shared.unlink(missing_ok=True)

    quietly_done = {"from_another_thread"}  # a thread tells nobody that it failed
    if confined:
        assert ground.succeeded <= quietly_done
        assert left == (False, False, False)
        assert (home / "notes.txt").read_text() == "mine"
    else:
        assert ground.succeeded == set(attacks)
        assert left == (True, True, True)
        assert ground.said["read"][1] == SECRET
        assert (home / "notes.txt").read_text() == "minewas here"


@needs_kernel
@pytest.mark.parametrize("confined", [False, True], ids=["free", "confined"])
def test_what_an_attacker_can_do_with_the_network_and_programs(
    ground: Field, confined: bool
) -> None:
    tcp = socket.create_server(("127.0.0.1", 0))
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    local = socket.socket(socket.AF_UNIX)
    with tcp, udp, local:
        udp.bind(("127.0.0.1", 0))
        udp.setblocking(False)
        local.bind(str(ground.room.home / "line"))
        local.listen()
        # in the room, so that it is the ban on programs that stops them, not the one on files
        first, second = ground.room.home / "by_shell", ground.room.home / "by_exec"
        attacks = {
            "connect": tcp.getsockname()[1],
            "send_datagram": udp.getsockname()[1],
            "connect_locally": str(ground.room.home / "line"),
            "listen": None,
            "start_program": str(first),
            "become_program": str(second),
            "trace": None,
            "signal_others": os.getpid(),
        }
        if kernel_rules.landlock_version() < 6:
            del attacks["signal_others"]  # this kernel cannot keep it from that
        ground.attack(*attacks.items(), confined=confined)
        try:
            came = udp.recv(100)
        except BlockingIOError:
            came = b""

    assert ground.succeeded == (set() if confined else set(attacks)), ground.said
    assert came == (b"" if confined else b"was here")
    assert (first.exists(), second.exists()) == (not confined, not confined)


@pytest.fixture(scope="module")
def hostile_models(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    """Two SavedModels, one that does things when called, one when loaded; and what that leaves."""
    import tensorflow as tf

    folder = tmp_path_factory.mktemp("hostile")
    left = folder / "left_by_loading"

    class Called(tf.Module):  # type: ignore[misc]
        @tf.function(input_signature=[tf.TensorSpec((), tf.string)])  # type: ignore[untyped-decorator]
        def write(self, path: object) -> object:
            tf.io.write_file(path, "was here")
            return tf.constant(0)

        @tf.function(input_signature=[tf.TensorSpec((), tf.string)])  # type: ignore[untyped-decorator]
        def read(self, path: object) -> object:
            return tf.io.read_file(path)

    class Resource(tf.saved_model.experimental.TrackableResource):  # type: ignore[misc]
        def _create_resource(self) -> object:
            return tf.raw_ops.MutableHashTableV2(key_dtype=tf.int64, value_dtype=tf.int64)

        def _initialize(self) -> None:
            tf.io.write_file(str(left), "was here")

    class Loaded(tf.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.resource = Resource()

        @tf.function(input_signature=[])  # type: ignore[untyped-decorator]
        def use(self) -> object:
            return tf.raw_ops.LookupTableSizeV2(table_handle=self.resource.resource_handle)

    tf.saved_model.save(Called(), str(folder / "called"))
    tf.saved_model.save(Loaded(), str(folder / "loaded"))
    left.unlink(missing_ok=True)
    return folder / "called", folder / "loaded", left


@needs_kernel
@pytest.mark.engine
@pytest.mark.parametrize("confined", [False, True], ids=["free", "confined"])
def test_what_a_hostile_saved_model_can_do(
    ground: Field, hostile_models: tuple[Path, Path, Path], confined: bool
) -> None:
    *models, left = hostile_models
    names = [
        Path(model.name, inside.relative_to(model))
        for model in models
        for inside in model.rglob("*")
    ]
    given = ground.room.give(models[0].parent, names)
    called, loaded = (str(given / model.name) for model in models)
    ground.attack(
        ("call_saved_model", (called, str(ground.home / "by_call"))),
        ("load_saved_model", loaded),
        ("read_by_saved_model", (called, str(ground.home / ".ssh" / "id_ed25519"))),
        confined=confined,
    )
    was_left = left.exists()
    left.unlink(missing_ok=True)

    assert len(ground.said) == 3
    assert ground.succeeded == (set() if confined else set(ground.said)), ground.said
    assert was_left is not confined
    assert (ground.home / "by_call").exists() is not confined
    assert (ground.said["read_by_saved_model"][1] == SECRET) is not confined
    if confined:  # and not by some other mishap
        assert all("denied" in str(said) for _, said in ground.said.values()), ground.said


def test_the_room_is_private_and_goes_with_the_child() -> None:
    room = Room("test", shares_memory=True)
    folders = [room.home, room.home.parent, *([room.memory] if room.memory else [])]
    if sys.platform != "win32":
        assert {stat.S_IMODE(folder.stat().st_mode) for folder in folders} == {0o700}
    room.remove()
    assert not any(folder.exists() for folder in folders)


def test_files_are_given_as_they_are_and_never_from_outside_a_models_folder(
    tmp_path: Path,
) -> None:
    model = tmp_path / "model"
    (model / "variables").mkdir(parents=True)
    (model / "saved_model.pb").write_text("graph")
    (tmp_path / "secret").write_text(SECRET)
    (model / "variables" / "variables.index").symlink_to(tmp_path / "secret")
    room = Room("test")
    names = ["saved_model.pb", "variables/variables.index", "not there"]
    given = room.give(tmp_path, [Path("model", name) for name in names])
    assert [each.name for each in (given / "model").iterdir()] == ["saved_model.pb"]
    assert (given / "model" / "saved_model.pb").read_text() == "graph"
    room.take_back(given)
    assert not given.exists()
    room.remove()
    assert (model / "saved_model.pb").read_text() == "graph"


@needs_kernel
@pytest.mark.engine
def test_the_engine_says_that_it_is_sandboxed() -> None:
    calls: queue.Queue[Callable[[], None]] = queue.Queue()
    told: list[EngineStatus] = []
    engine = EngineProcess(calls.put)
    engine.start(told.append)
    try:
        while not told or told[-1].state is not EngineState.READY:
            calls.get(timeout=PATIENCE)()
    finally:
        engine.stop()
    assert told[-1].guard == Guard(files=True, calls=True).sentence


def test_what_is_not_in_force_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    for guard in (Guard(), Guard(files=True), Guard(calls=True), Guard(files=True, calls=True)):
        assert ("Sandboxed" in guard.sentence) == (guard.files and guard.calls)
        assert len(guard.sentence) <= 150
    monkeypatch.setattr(kernel_rules, "landlock_version", lambda: 0)
    assert not sandbox.available().files
    monkeypatch.setenv(sandbox.SWITCH, "off")
    assert sandbox.available() == Guard()
    assert sandbox.SWITCH in Guard().sentence


@needs_kernel
def test_every_process_that_reads_strangers_files_is_confined(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The one that decodes frames and the one that reads models; the engine says so itself."""
    decoder, gate = Decoder(), Gate()
    monkeypatch.setattr("unetscope.io.dicom_series.decoder", decoder)
    before = children()
    try:
        gate.prepare()
        compressed = Path(pydicom.__file__).parent / "data" / "test_files" / "MR_small_RLE.dcm"
        open_study(compressed).series[0].slice(0)
        started = children() - before
        assert len(started) == 2
        assert decoder.pid in started
        until(lambda: all(is_confined(pid) for pid in started))
    finally:
        decoder.close()
        gate.close()


def children() -> set[int]:
    return {child.pid or 0 for child in multiprocessing.active_children()}


def is_confined(pid: int) -> bool:
    """Whether a process can gain no privileges and has a filter for calls, as the kernel says."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    known = dict(line.split(":\t", 1) for line in lines)
    return (known["NoNewPrivs"], known["Seccomp"]) == ("1", "2")


def until(is_so: Callable[[], bool]) -> None:
    patience = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < patience
        time.sleep(0.02)


PROGRAM = """
import queue, sys
from unetscope.domain.ports import EngineState
from unetscope.engine.process import EngineProcess
from unetscope.io.decoder import Decoder
from unetscope.io.gate import Gate
from unetscope.io.study import open_study

calls = queue.Queue()
told = []
engine = EngineProcess(calls.put)
engine.start(told.append)
while not told or told[-1].state is not EngineState.READY:
    calls.get()()
print(engine.pid, engine._supervisor._sent.memory, flush=True)
calls.get()
"""


@needs_kernel
@pytest.mark.engine
def test_after_the_program_was_killed_no_process_and_no_file_stays() -> None:
    program = subprocess.Popen([sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, text=True)
    assert program.stdout is not None
    with program.stdout as said:
        pid, memory = said.readline().split()
    assert Path(memory).is_dir()
    assert stat.S_IMODE(Path(memory).stat().st_mode) == 0o700

    program.kill()
    program.wait()

    until(lambda: not Path(f"/proc/{pid}").exists())
    room = Room("test", shares_memory=True)  # the next start
    room.remove()
    assert not Path(memory).exists()
