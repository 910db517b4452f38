"""Start the window, or do one errand without a person; the heavy world is imported last."""

from __future__ import annotations

import argparse
import faulthandler
import multiprocessing
import os
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from unetscope.command_line import COMMANDS

REPORT_PICTURE = Path("unetscope-report.png")


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(
        prog="unetscope",
        description="Look inside a U-Net while it segments a DICOM MRI slice, and edit its kernels "
        "live. Research use only.",
        epilog="Without a window: unetscope segment, unetscope evaluate, unetscope report; each "
        "has a --help of its own. unetscope show is the same as unetscope.",
    )
    made.add_argument(
        "paths",
        nargs="*",
        type=Path,
        metavar="PATH",
        help="DICOM files or folders, zip, NIfTI; .keras, .h5, .hdf5 models, SavedModel folders; "
        ".unetscope sessions",
    )
    made.add_argument("--sample", action="store_true", help="open the sample study and network")
    made.add_argument("--slice", type=int, metavar="N", help="go to this slice, from 1")
    made.add_argument("--layer", metavar="NAME", help="look at this layer of the network")
    made.add_argument(
        "--screenshot",
        type=Path,
        metavar="FILE.png",
        help="wait for the mask, write a picture of the window, and leave",
    )
    made.add_argument(
        "--report",
        action="store_true",
        help="wait for the mask, apply one edit, print what changed, write a picture, and leave",
    )
    made.add_argument("--theme", choices=("dark", "light"), help="default: as last time")
    made.add_argument(
        "--size", metavar="WIDTHxHEIGHT", type=_size, help="size of the window, in pixels"
    )
    made.add_argument(
        "--new-window",
        action="store_true",
        help="start another window even if one is open; without it that one is given the files",
    )
    for name, what in (("--install-desktop", "put"), ("--uninstall-desktop", "take")):
        made.add_argument(
            name,
            action="store_true",
            help=f"{what} the program {'into' if what == 'put' else 'out of'} this user's menu, "
            "with its file types (Linux), and leave",
        )
    made.add_argument("--version", action="store_true", help="print the version and leave")
    return made


def _size(text: str) -> tuple[int, int]:
    width, _, height = text.partition("x")
    try:
        return int(width), int(height)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not like 1400x850") from None


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program; gives the exit code."""
    multiprocessing.freeze_support()
    if sys.stderr is not None:
        faulthandler.enable()
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    if arguments[:1] == ["show"]:
        del arguments[0]
    elif arguments and arguments[0] in COMMANDS:
        from unetscope.command_line.main import run

        return run(arguments)
    options = parser().parse_args(arguments)
    if options.version:
        from unetscope import __version__
        from unetscope.processes import sandbox

        _say(f"unetscope {__version__}\nThe engine: {sandbox.available().sentence}")
        return 0
    if options.install_desktop or options.uninstall_desktop:
        from unetscope import desktop_entry

        return desktop_entry.for_this_user(wanted=options.install_desktop, say=_say)
    if sys.platform == "linux" and not (
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    ):
        if not (options.screenshot or options.report or os.environ.get("QT_QPA_PLATFORM")):
            _say("There is no display for a window. Ask for --report or --screenshot FILE.png.")
            return 2
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    return _run_window(options)


def _say(line: str) -> None:
    if sys.stdout is not None:  # without a console on Windows there is none
        sys.stdout.write(line + "\n")
        sys.stdout.flush()


def _run_window(options: argparse.Namespace) -> int:
    from PySide6.QtCore import QSettings, QSize, QTimer
    from PySide6.QtWidgets import QApplication

    from unetscope import __version__, private_folder, resources
    from unetscope.run_log import RunLog
    from unetscope.ui import qt_messages
    from unetscope.ui.single_instance import Asked, SingleInstance, hand_over
    from unetscope.ui.splash import make_splash

    has_errand = bool(options.screenshot or options.report)
    paths = [path.absolute() for path in options.paths]
    alone = has_errand or options.new_window
    asked = Asked(tuple(paths), options.sample, options.slice, options.layer)
    if not alone and hand_over(asked):
        return 0
    log = RunLog(in_files=not has_errand)
    log.begin()
    qt_messages.log_them()
    app = QApplication([sys.argv[0]])
    app.setApplicationName("Unetscope")
    app.setDesktopFileName("org.unetscope.unetscope")
    splash = None
    if not has_errand:
        icon = resources.folder() / "icons" / "app.svg"
        splash = make_splash(icon, __version__, app.primaryScreen().devicePixelRatio())
        splash.show()
        app.processEvents()

    from unetscope import bootstrap  # what takes its time to import, once the splash is shown
    from unetscope.ui.errand import Errand, Plan
    from unetscope.ui.watchdog import Watchdog

    settings = QSettings("Unetscope", "Unetscope")
    if has_errand:  # an errand neither sees nor leaves a trace of how the window was left
        passing = private_folder.temporary() / "errand.ini"
        settings = QSettings(str(passing), QSettings.Format.IniFormat)
    elif sys.platform == "linux":  # it has the list of recent files
        private_folder.make_private(Path(settings.fileName()).parent)
    bootstrap.dress(app, settings, options.theme or ("dark" if has_errand else None))
    journals = None if has_errand else bootstrap.disk_journals()
    program = bootstrap.build(settings=settings, journals=journals)
    window = program.window
    window.trouble.install()
    watchdog = Watchdog(window)
    watchdog.stalled.connect(window.trouble.stood_still)
    if options.size:
        window.places.ask_size(QSize(*options.size))
    if has_errand:
        Errand(
            Plan(
                picture=options.screenshot or REPORT_PICTURE.absolute(),
                recipe="sobel_x" if options.report else None,
            ),
            window,
            program.store,
            program.desk,
            program.live,
            program.presenters.kernel,
            _say,
            app.exit,
        )
    window.show()
    if splash is not None:
        splash.finish(window)
    if not alone:
        SingleInstance(window).asked.connect(window.open_from_outside)

    def begin() -> None:
        """After the first paint: start the engine and open what was asked for."""
        watchdog.start()
        if log.last_crash:
            window.trouble.last_run_crashed(log.last_crash)
        threading.Thread(target=private_folder.tidy, name="unetscope-tidy", daemon=True).start()
        program.desk.start_engine()
        window.take(asked)
        if program.recovery is not None:
            program.recovery.look()

    QTimer.singleShot(0, window, begin)
    try:
        return app.exec()
    finally:
        watchdog.stop()
        program.stop()
        qt_messages.leave_them()
        log.end()


if __name__ == "__main__":
    sys.exit(main())
