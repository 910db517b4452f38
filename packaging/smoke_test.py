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
KEPT = ROOT / "build" / "clean-root.tar"
MIRROR = os.environ.get("DEBIAN_MIRROR", "http://deb.debian.org/debian")
SUITE = "bookworm"
TOOLS = (
    "xvfb xauth openbox xdotool xclip imagemagick pcmanfm libgtk-3-bin libglib2.0-bin dbus-x11 "
    "procps shared-mime-info desktop-file-utils appstream fonts-dejavu-core locales-all"
)
USER, HOME = "zoe", "/home/Zoë Müller"
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

    def make(self) -> None:
        """Unpack a fresh system that holds what the test needs; the first time it is made."""
        if str(CLEAN) in Path("/proc/mounts").read_text():  # of a run that was killed
            raise Failed(f"Something is still mounted below {CLEAN}: umount it first.")
        shutil.rmtree(CLEAN, ignore_errors=True)
        CLEAN.mkdir(parents=True)
        if not KEPT.exists():
            self._make_kept()
        host("tar", "-C", CLEAN, "-xpf", KEPT)
        self._mount()

    def _make_kept(self) -> None:
        host("debootstrap", "--variant=minbase", SUITE, CLEAN, MIRROR)
        shutil.copyfile("/etc/resolv.conf", CLEAN / "etc" / "resolv.conf")
        for own in Path("/etc/apt/apt.conf.d").glob("*"):
            if "proxy" in own.read_text(errors="replace").lower():
                shutil.copyfile(own, CLEAN / "etc" / "apt" / "apt.conf.d" / own.name)
        self._mount()
        try:
            install = "apt-get install -y -qq --no-install-recommends"
            self.root(f"apt-get -qq update && {install} {TOOLS} && apt-get clean")
            self.root(f"useradd -s /bin/bash --home-dir {shlex.quote(HOME)} --create-home {USER}")
        finally:
            self.close()
        host("tar", "-C", CLEAN, "-cf", f"{KEPT}.part", ".")
        Path(f"{KEPT}.part").rename(KEPT)
        shutil.rmtree(CLEAN)
        CLEAN.mkdir()

    def _mount(self) -> None:
        for name, kind in MOUNTS.items():
            (CLEAN / name).mkdir(exist_ok=True)
            host("mount", "-t", kind, kind, CLEAN / name)
            self._mounted.append(CLEAN / name)

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

    def picture(self, name: str, *, again: bool = False) -> Path:
        """Take a picture of the screen; `again` puts it in the place of the last of that name."""
        self._number += not (again and any(self._pictures.glob(f"*-{name}.png")))
        inside = "/tmp/screen.png"
        self._clean.user(f"import -window root {inside}")
        path = self._pictures / f"{self._number:02d}-{name}.png"
        shutil.copyfile(CLEAN / inside.lstrip("/"), path)
        return path

    def changed(self, before: Path, after: Path) -> int:
        """Pixels of the slice that differ between two pictures."""
        width, height = SCREEN
        part = f"{width // 5}x{height // 5}+{width * 2 // 5}+{height // 4}"
        found = subprocess.run(
            [*("compare", "-metric", "AE", "-extract", part), before, after, "null:"],
            capture_output=True,
            text=True,
        )
        return int(float(found.stderr.split()[0]))


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


def live(clean: CleanRoot, package: Path, pictures: Path) -> None:
    """The first day."""
    desk = Desk(clean, pictures)
    shutil.copyfile(package, CLEAN / "tmp" / package.name)
    with step("Install"):
        before = host("du", "-sk", CLEAN / "usr").split()[0]
        clean.root(f"apt-get install -y -qq --no-install-recommends /tmp/{package.name}")
        own = host("du", "-sk", CLEAN / "opt" / "unetscope").split()[0]
        print(
            f"  /opt/unetscope {int(own) // 1024} MB; libraries it brought along "
            f"{(int(host('du', '-sk', CLEAN / 'usr').split()[0]) - int(before)) // 1024} MB"
        )
        clean.root(f"desktop-file-validate /usr/share/applications/{APP}.desktop")
        told = clean.root(
            "find /opt/unetscope -name '*.so*' -exec ldd {} + 2>&1 | grep 'not found' | sort -u"
        )
        missed = sorted({line.split()[0] for line in told.splitlines()})
        bundled = {path.name for path in (CLEAN / "opt" / "unetscope").rglob("*.so*")}
        if lacking := [name for name in missed if name not in bundled]:
            raise Failed(f"Libraries that are nowhere: {', '.join(lacking)}")
    with step("Without a home folder, a display or a network"):
        told = clean.user(
            "HOME=/nonexistent QT_QPA_PLATFORM=offscreen unetscope --sample --report"
            " --screenshot /tmp/report.png"
        )
        print("  " + told.strip().replace("\n", "\n  "))
        if "mask, to trained" not in told:
            raise Failed("The edit changed nothing.")
    clean.root("mkdir -p /run/user/77 && chown zoe /run/user/77 && chmod 700 /run/user/77")
    screen = clean.start(f"Xvfb :77 -screen 0 {SCREEN[0]}x{SCREEN[1]}x24 -nolisten tcp")
    running = [screen]
    try:
        until("the screen", lambda: bool(desk.screen()))
        running.append(clean.start("openbox"))
        with step("Start from the menu"):
            start = time.monotonic()
            running.append(clean.start(f"dbus-run-session gtk-launch {APP}; sleep 1"))
            until("the window", lambda: "Unetscope" in desk.title())
            print(f"  window after {time.monotonic() - start:.1f} s")
            time.sleep(3)
            desk.picture("welcome")
        with step("Open the sample"):
            desk.command("sample study")
            until(
                "both names in the title", lambda: "T1" in desk.title() and "brain" in desk.title()
            )
            until("the mask", lambda: _has_colour(desk.picture("opening", again=True)), 60)
            trained = desk.picture("sample")
        with step("Edit a kernel"):
            clean.user(
                r"printf '9\t0\t-9\n9\t0\t-9\n9\t0\t-9' | xclip -selection clipboard"
                " >/dev/null 2>&1"
            )
            desk.keys("ctrl+shift+v")
            until("the mark of an edit in the title", lambda: "edited" in desk.title())
            time.sleep(2)
            edited = desk.picture("edited")
            print(f"  {desk.changed(trained, edited)} pixels of the slice changed")
            if desk.changed(trained, edited) < 300:
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
            one = sorted((CLEAN / "tmp/study").glob("*"))[0].name
            clean.root(
                f"mkdir -p /tmp/one && cp /tmp/study/{one} /tmp/one/head.dcm"
                " && chmod -R a+rX /tmp/one"
            )
            begun = time.monotonic()
            clean.user("unetscope /tmp/one/head.dcm")
            print(f"  it left after {time.monotonic() - begun:.1f} s")
            count = clean.user("pgrep -cf '^/opt/unetscope/unetscope' || true").strip()
            time.sleep(2)
            desk.picture("handed-over")
            print(f"  processes of the program: {count}")
        with step("Quit"):
            desk.keys("ctrl+q")
            time.sleep(1)
            if desk.title():  # it asks about the edits
                desk.picture("asks")
                desk.keys("alt+d")
            until("the end", lambda: not _running(clean), 20)
        with step("Double click in a file manager"):
            running.append(clean.start("dbus-run-session pcmanfm /tmp/one"))
            time.sleep(3)
            desk.picture("file-manager")
            clean.user(
                "window=$(xdotool search --onlyvisible --class pcmanfm | tail -1)"
                "; xdotool mousemove --window $window 203 110"  # the first icon of its folder
                "; sleep 0.3; xdotool click --repeat 2 --delay 60 1"
            )
            until("the study in the title", lambda: desk.title() not in ("", "Unetscope"), 30)
            time.sleep(4)
            desk.picture("double-click")
            desk.keys("ctrl+q")
            until("the end", lambda: not _running(clean), 20)
    finally:
        for process in reversed(running):
            process.terminate()
        clean.root("pkill -u zoe || true")
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


def _has_colour(picture: Path) -> bool:
    """Whether a mask is over the slice, which is grey without one."""
    width, height = SCREEN
    part = f"{width // 5}x{height // 5}+{width * 2 // 5}+{height // 4}"
    told = host(
        *("convert", picture, "-crop", part, "+repage", "-colorspace", "HSL"),
        *("-channel", "g", "-separate", "-format", "%[fx:mean]", "info:"),
    )
    return float(told) > 0.1


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
        clean.make()
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
