"""Libraries that two threads need at the same time."""

from __future__ import annotations

import subprocess
import sys

import pytest

TRY = """
import sys, threading, time
from unetscope.disk_files import DiskFiles
from unetscope.domain.errors import StudyError
from pathlib import Path

trouble = []

def ask(wait, work):
    time.sleep(wait)
    try:
        work()
    except StudyError:
        pass  # there is no such file
    except BaseException as error:
        trouble.append(error)

files, path = DiskFiles(), Path("nothing-here")
study = lambda: files.open_study(path, lambda *_: None, lambda: False, lambda _: None)
masks = lambda: files.is_reference(path) or files.read_reference(path, None, lambda: False)
threads = [
    threading.Thread(target=ask, args=each) for each in ((0, study), (float(sys.argv[1]), masks))
]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
sys.exit(str(trouble) if trouble else 0)
"""


@pytest.mark.parametrize("wait", [0.03, 0.12, 0.2])
def test_a_study_and_a_reference_can_be_the_first_files_together(wait: float) -> None:
    done = subprocess.run(
        [sys.executable, "-c", TRY, str(wait)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
