#!/usr/bin/env python3
"""Install the .deb in a clean Debian and live a first day with it: menu, sample, edit, save, purge.

    sudo python3 packaging/smoke_test.py [dist/unetscope_0.1.0_amd64.deb] [--pictures FOLDER]

Needs root, debootstrap and the network for the clean system and its packages; the program itself
is run without any network, by a user with a name and a home folder that are not ASCII, under a
virtual screen. Nothing of the machine is touched but `build/clean-root`.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CLEAN = ROOT / "build" / "clean-root"
KEPT = {True: ROOT / "build" / "clean-root.tar", False: ROOT / "build" / "bare-root.tar"}
MIRROR = os.environ.get("DEBIAN_MIRROR", "http://deb.debian.org/debian")
SUITE = "bookworm"
TOOLS = (
    "xvfb xauth openbox xdotool xclip imagemagick pcmanfm libgtk-3-bin libglib2.0-bin dbus-x11 "
    "procps shared-mime-info desktop-file-utils appstream fonts-dejavu-core locales-all"
)
USER, HOME = "zoë", "/home/Zoë Müller"
SCREEN = (1400, 850)
MOUNTS = {"proc": "proc", "sys": "sysfs", "dev/pts": "devpts", "dev/shm": "tmpfs"}
APP = "org.unetscope.unetscope"


class Failed(Exception):  # noqa: N818  (what the test says)
    """Something did not hold."""


def host(*command: str | Path) -> str:
    """Run a command here; gives what it prints."""
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if done.returncode:
        raise Failed(f"{shlex.join(map(str, command))}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.stdout


class CleanRoot:
    """A Debian of its own in a folder."""

    def __init__(self) -> None:
        self._mounted: list[Path] = []

    def make(self, *, tools: bool) -> None:
        """Unpack a fresh system, which is made the first time.

        Parameters
        ----------
        tools : bool
            With a screen and a desktop on it; without them it is as debootstrap leaves it.
        """
        self.close()
        if str(CLEAN) in Path("/proc/mounts").read_text():  # of a run that was killed
            raise Failed(f"Something is still mounted below {CLEAN}: umount it first.")
        self._empty()
        if not KEPT[tools].exists():
            self._make_kept(tools=tools)
        host("tar", "-C", CLEAN, "-xpf", KEPT[tools])
        self._mount()
        self.root(
            f"useradd --badname -s /bin/bash --home-dir {shlex.quote(HOME)} --create-home {USER}"
        )

    def _make_kept(self, *, tools: bool) -> None:
        host("debootstrap", "--variant=minbase", SUITE, CLEAN, MIRROR)
        shutil.copyfile("/etc/resolv.conf", CLEAN / "etc" / "resolv.conf")
        for own in Path("/etc/apt/apt.conf.d").glob("*"):
            if "proxy" in own.read_text(errors="replace").lower():
                shutil.copyfile(own, CLEAN / "etc" / "apt" / "apt.conf.d" / own.name)
        self._mount()
        try:
            self.root("apt-get -qq update")
            if tools:
                self.root(f"apt-get install -y -qq --no-install-recommends {TOOLS}")
            self.root("apt-get clean")
        finally:
            self.close()
        part = KEPT[tools].with_suffix(".part")
        host("tar", "-C", CLEAN, "-cf", part, ".")
        part.rename(KEPT[tools])
        self._empty()

    def _empty(self) -> None:
        shutil.rmtree(CLEAN, ignore_errors=True)
        CLEAN.mkdir(parents=True)

    def _mount(self) -> None:
        for name, kind in MOUNTS.items():
            (CLEAN / name).mkdir(exist_ok=True)
            host("mount", "-t", kind, kind, CLEAN / name)
            self._mounted.append(CLEAN / name)

    @contextlib.contextmanager
    def read_only(self, folder: Path) -> Iterator[None]:
        """Nobody can write below a folder, not even root."""
        host("mount", "--bind", folder, folder)
        self._mounted.append(folder)
        host("mount", "-o", "remount,bind,ro", folder)
        try:
            yield
        finally:
            host("umount", "-l", folder)
            self._mounted.remove(folder)

    def close(self) -> None:
        """Take the mounts away again."""
        for path in reversed(self._mounted):
            subprocess.run(["umount", "-l", path], check=False)
        self._mounted.clear()

    def root(self, command: str) -> str:
        """Run a shell command inside, as its root, with the network."""
        return host(
            "chroot",
            CLEAN,
            "env",
            "DEBIAN_FRONTEND=noninteractive",
            "LC_ALL=C.UTF-8",
            "sh",
            "-c",
            command,
        )

    def user_command(self, command: str) -> list[str]:
        """The command that runs a shell command inside, as the user, without a network."""
        environ = {
            "HOME": HOME,
            "USER": USER,
            "LANG": "de_DE.UTF-8",
            "PATH": "/usr/bin:/bin",
            "DISPLAY": ":77",
            "XDG_RUNTIME_DIR": "/run/user/77",
        }
        words = [f"{name}={value}" for name, value in environ.items()]
        inside = ["env", "-i", *words, "sh", "-c", f"cd; {command}"]
        ids = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--init-groups"]
        return ["unshare", "--net", "chroot", str(CLEAN), *ids, *inside]

    def user(self, command: str) -> str:
        """Run a shell command inside, as the user."""
        return host(*self.user_command(command))

    def start(self, command: str) -> subprocess.Popen[bytes]:
        """Start a shell command inside, as the user."""
        log = (ROOT / "build" / "clean-root.log").open("ab")
        return subprocess.Popen(self.user_command(command), stdout=log, stderr=log)


class Desk:
    """What a person does before the screen inside."""

    def __init__(self, clean: CleanRoot, pictures: Path) -> None:
        self._clean = clean
        self._pictures = pictures
        self._number = 0

    def title(self) -> str:
        """Title of the window; empty without one."""
        with contextlib.suppress(Failed):
            return self._clean.user(
                "xdotool search --onlyvisible --class unetscope getwindowname %@ | head -1"
            ).strip()
        return ""

    def widest(self) -> int:
        """Width of the program's widest window, in pixels: the splash is no window yet."""
        found = "xdotool search --onlyvisible --class unetscope getwindowgeometry --shell %@"
        with contextlib.suppress(Failed):
            told = self._clean.user(found).splitlines()
            return max((int(line[6:]) for line in told if line.startswith("WIDTH=")), default=0)
        return 0

    def screen(self) -> str:
        """Width and height of the screen; empty before there is one."""
        with contextlib.suppress(Failed):
            return self._clean.user("xdotool getdisplaygeometry").strip()
        return ""

    def keys(self, *keys: str) -> None:
        """Press keys, one after the other."""
        self._clean.user("xdotool key --delay 60 " + " ".join(keys))

    def type(self, text: str) -> None:
        """Type a text."""
        self._clean.user(f"xdotool type --delay 20 {shlex.quote(text)}")

    def command(self, name: str) -> None:
        """Run a command of the program by the palette."""
        self.keys("ctrl+shift+p")
        time.sleep(0.6)
        self.type(name)
        time.sleep(0.4)
        self.keys("Return")

    def quit(self) -> None:
        """Quit; what is edited is discarded."""
        self.keys("ctrl+q")
        time.sleep(1)
        if self.title():  # it asks about the edits
            self.picture("asks")
            self.keys("alt+d")
        until("the end", lambda: not _running(self._clean), 20)

    def picture(self, name: str, *, again: bool = False) -> Path:
        """Take a picture of the screen; `again` puts it in the place of the last of that name."""
        self._number += not (again and any(self._pictures.glob(f"*-{name}.png")))
        inside = "/tmp/screen.png"
        self._clean.user(f"import -window root {inside}")
        path = self._pictures / f"{self._number:02d}-{name}.png"
        shutil.copyfile(CLEAN / inside.lstrip("/"), path)
        return path


def until(what: str, holds: Callable[[], bool], seconds: float = 60) -> float:
    """Wait until something holds; gives the seconds it took."""
    start = time.monotonic()
    while not holds():
        if time.monotonic() - start > seconds:
            raise Failed(f"Waited {seconds:.0f} s in vain: {what}")
        time.sleep(0.05)
    return time.monotonic() - start


@contextlib.contextmanager
def step(what: str) -> Iterator[None]:
    """Say what is tried, and that it held."""
    print(f"{what} ...", flush=True)
    start = time.monotonic()
    yield
    print(f"  held ({time.monotonic() - start:.1f} s)", flush=True)


def install(clean: CleanRoot, package: Path) -> None:
    """Install the package, and see that no library is missing that it needs."""
    shutil.copyfile(package, CLEAN / "tmp" / package.name)
    before = host("du", "-sk", CLEAN / "usr").split()[0]
    clean.root(f"apt-get install -y -qq --no-install-recommends /tmp/{package.name}")
    own = host("du", "-sk", CLEAN / "opt" / "unetscope").split()[0]
    brought = int(host("du", "-sk", CLEAN / "usr").split()[0]) - int(before)
    print(f"  /opt/unetscope {int(own) // 1024} MB; libraries brought along {brought // 1024} MB")
    told = clean.root(
        "find /opt/unetscope -name '*.so*' -exec ldd {} + 2>&1 | grep 'not found' | sort -u"
    )
    missed = sorted({line.split()[0] for line in told.splitlines()})
    bundled = {path.name for path in (CLEAN / "opt" / "unetscope").rglob("*.so*")}
    if lacking := [name for name in missed if name not in bundled]:
        raise Failed(f"Libraries that are nowhere: {', '.join(lacking)}")


def described(clean: CleanRoot) -> None:
    """The desktop knows what the program is and what it opens."""
    clean.root(f"desktop-file-validate /usr/share/applications/{APP}.desktop")
    clean.root(f"appstreamcli validate --pedantic --no-net /usr/share/metainfo/{APP}.metainfo.xml")
    own = ("x-unetscope-edits+json", "x-unetscope-session+json")
    for kind in (f"application/{name}" for name in ("dicom", "x-keras", *own)):
        if f"{APP}.desktop" not in clean.user(f"gio mime {kind}"):
            raise Failed(f"{kind} is not opened with it.")


def off_screen(clean: CleanRoot) -> None:
    """The main job without a home folder, a display or a network."""
    told = clean.user(
        "HOME=/nonexistent QT_QPA_PLATFORM=offscreen unetscope --sample --report"
        " --screenshot /tmp/report.png"
    )
    print("  " + told.strip().replace("\n", "\n  "))
    if "mask, to trained" not in told:
        raise Failed("The edit changed nothing.")


def first_day(clean: CleanRoot, desk: Desk, running: list[subprocess.Popen[bytes]]) -> None:
    """What a person does with it on a screen."""
    with step("Start from the menu"):
        start = time.monotonic()
        running.append(clean.start(f"dbus-run-session gtk-launch {APP}; sleep 1"))
        until("the splash", lambda: desk.widest() > 0)
        print(f"  splash after {time.monotonic() - start:.1f} s")
        until("the window", lambda: desk.widest() > SCREEN[0] // 2)
        print(f"  window after {time.monotonic() - start:.1f} s")
        time.sleep(3)
        desk.picture("welcome")
    with step("Open the sample"):
        desk.command("sample study")
        start = time.monotonic()
        until("both names in the title", lambda: "T1" in desk.title() and "brain" in desk.title())
        until("the mask", lambda: _warm(desk.picture("opening", again=True)) > 0.05, 60)
        print(f"  mask after {time.monotonic() - start:.1f} s")
        trained = desk.picture("sample")
    with step("Edit a kernel"):
        clean.user(
            r"printf '9\t0\t-9\n9\t0\t-9\n9\t0\t-9' | xclip -selection clipboard >/dev/null 2>&1"
        )
        desk.keys("ctrl+shift+v")
        until("the mark of an edit in the title", lambda: "edited" in desk.title())
        time.sleep(2)
        edited = desk.picture("edited")
        before, after = _warm(trained), _warm(edited)
        print(f"  mask over {before:.0%} of the middle of the slice, then over {after:.0%}")
        if abs(before - after) < 0.05:
            raise Failed("The mask did not follow.")
    with step("Save"):
        desk.keys("ctrl+shift+s")
        time.sleep(1.5)
        desk.keys("ctrl+a")
        desk.type("/tmp/mine.keras")
        desk.keys("Return")
        until("the file", lambda: (CLEAN / "tmp/mine.keras").exists(), 20)
        desk.picture("saved")
    with step("A second start hands its file over"):
        clean.user("cp -r /opt/unetscope/lib/resources/sample/study /tmp/study")
        clean.user('mkdir /tmp/one && cp "$(ls -d /tmp/study/* | head -1)" /tmp/one/head.dcm')
        begun = time.monotonic()
        clean.user("unetscope /tmp/one/head.dcm")
        print(f"  it left after {time.monotonic() - begun:.1f} s")
        time.sleep(2)
        desk.picture("handed-over")
    with step("Quit"):
        desk.quit()
    with step("Double click in a file manager"):
        running.append(clean.start("dbus-run-session pcmanfm /tmp/one"))
        time.sleep(3)
        desk.picture("file-manager")
        clean.user(
            "window=$(xdotool search --onlyvisible --class pcmanfm | tail -1)"
            "; xdotool mousemove --window $window 203 110"  # the first icon of its folder
            "; sleep 0.3; xdotool click --repeat 2 --delay 60 1"
        )
        until("the study in the title", lambda: "T1" in desk.title(), 30)
        time.sleep(4)
        desk.picture("double-click")
    with step("A model and a folder join it as a desktop hands them over"):
        clean.user("dbus-run-session gio open /tmp/mine.keras")
        until("the model in the title", lambda: "mine" in desk.title(), 30)
        clean.user(f"dbus-run-session gtk-launch {APP} /tmp/study")
        time.sleep(6)
        desk.picture("folder")
        desk.quit()


def live(clean: CleanRoot, package: Path, pictures: Path) -> None:
    """The first day, and what comes before and after it."""
    desk = Desk(clean, pictures)
    clean.make(tools=False)
    with step("Install on a bare system"):
        install(clean, package)
    with step("Without a home folder, a display or a network"):
        off_screen(clean)
    clean.make(tools=True)
    with step("Install on a desktop"):
        install(clean, package)
        described(clean)
    clean.root(f"mkdir -p /run/user/77 && chown {USER} /run/user/77 && chmod 700 /run/user/77")
    with clean.read_only(CLEAN / "opt"):
        size = f"{SCREEN[0]}x{SCREEN[1]}x24"
        running = [clean.start(f"Xvfb :77 -screen 0 {size} -nolisten tcp")]
        try:
            until("the screen", lambda: bool(desk.screen()))
            running.append(clean.start("openbox"))
            first_day(clean, desk, running)
        finally:
            for process in reversed(running):
                process.terminate()
            clean.root(f"pkill -u {USER} || true")
    with step("Upgrade"):
        clean.root(
            f"cd /tmp && dpkg-deb -R {package.name} newer"
            " && sed -i 's/^Version:.*/&+1/' newer/DEBIAN/control"
            " && dpkg-deb -Znone -b newer newer.deb >/dev/null && dpkg -i newer.deb >/dev/null"
            " && rm -rf newer newer.deb && unetscope --version"
        )
    with step("Purge leaves nothing"):
        clean.root("apt-get purge -y -qq unetscope")
        left = clean.root(
            "find / -xdev -iname '*unetscope*' -not -path '/tmp/*' -not -path '/home/*'"
        )
        if left.strip():
            raise Failed(f"Left behind: {left}")


def _running(clean: CleanRoot) -> bool:
    with contextlib.suppress(Failed):
        return bool(clean.user("pgrep -f '^/opt/unetscope/unetscope'").strip())
    return False


def _warm(picture: Path) -> float:
    """Share of the middle of the slice that has the warm colours of a mask; grey has none."""
    width, height = SCREEN
    part = f"{width // 5}x{height // 5}+{width * 2 // 5}+{height // 4}"
    told = host(
        *("convert", picture, "-crop", part, "+repage"),
        *("-fx", "u.r > u.b + 0.1", "-format", "%[fx:mean]", "info:"),
    )
    return float(told)


def main() -> int:
    """Do it all, and say whether it held."""
    parser = argparse.ArgumentParser()
    parser.add_argument("package", nargs="?", type=Path)
    parser.add_argument("--pictures", type=Path, default=ROOT / "build" / "smoke")
    options = parser.parse_args()
    package = options.package or max((ROOT / "dist").glob("*.deb"), default=None)
    if package is None or os.geteuid() or not shutil.which("debootstrap"):
        print("It needs a .deb (packaging/dev.py package), root, and debootstrap.", file=sys.stderr)
        return 2
    shutil.rmtree(options.pictures, ignore_errors=True)
    options.pictures.mkdir(parents=True)
    clean = CleanRoot()
    try:
        live(clean, package.resolve(), options.pictures)
    except Failed as error:
        print(f"FAILED: {error}")
        return 1
    finally:
        clean.close()
    print(f"All held. Pictures: {options.pictures}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
