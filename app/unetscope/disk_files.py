"""The real files behind the `Files` port, for the window and for the command line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from unetscope import resources
from unetscope.domain.card import ModelCard
from unetscope.domain.network import Network
from unetscope.domain.reference import Reference
from unetscope.domain.sources import Arrays, SeriesSource, StudySource
from unetscope.domain.stand_ins import Replacements
from unetscope.io.libraries import load_pydicom


class DiskFiles:
    """The real `Files` port; pydicom and h5py are imported when a file is first opened."""

    def prepare(self) -> None:
        """Start the process that will read the first model, while the window is put together."""
        from unetscope.io.gate import gate

        gate.prepare()

    def open_study(
        self,
        path: Path,
        progress: Callable[[int, int], None],
        cancelled: Callable[[], bool],
        so_far: Callable[[StudySource], None],
    ) -> StudySource:
        """See `Files.open_study`."""
        load_pydicom()
        from unetscope.io.study import open_study

        return open_study(path, progress=progress, cancelled=cancelled, so_far=so_far)

    def is_reference(self, path: Path) -> bool:
        """See `Files.is_reference`."""
        load_pydicom()
        from unetscope.io.references.reading import is_reference

        return is_reference(path)

    def read_reference(
        self,
        path: Path,
        series: SeriesSource,
        cancelled: Callable[[], bool],
        *,
        other_patient: bool = False,
    ) -> Reference:
        """See `Files.read_reference`."""
        load_pydicom()
        from unetscope.io.references.reading import read_reference

        return read_reference(path, series, cancelled, other_patient=other_patient)

    def read_network(self, path: Path, cancelled: Callable[[], bool] = lambda: False) -> Network:
        """See `Files.read_network`."""
        from unetscope.io.gate import gate
        from unetscope.io.stand_in_file import remembered

        return gate.read(path, remembered, cancelled)

    def remember_replacements(self, path: Path, replaced: Replacements) -> None:
        """See `Files.remember_replacements`."""
        from unetscope.io.stand_in_file import remember
        from unetscope.modelfile.content import content_of

        remember(content_of(path).fingerprint, replaced)

    def read_card(self, path: Path) -> ModelCard | None:
        """See `Files.read_card`."""
        from unetscope.io.model_card import read_card

        return read_card(path)

    def write_card(self, path: Path, card: ModelCard) -> Path:
        """See `Files.write_card`."""
        from unetscope.io.model_card import write_card

        return write_card(path, card, shipped=resources.folder())

    def write_arrays(self, path: Path, arrays: Arrays) -> None:
        """See `Files.write_arrays`."""
        from unetscope.io.array_file import write_arrays

        write_arrays(path, arrays)

    def write_bytes(self, path: Path, content: bytes) -> None:
        """See `Files.write_bytes`."""
        from unetscope.io.replacing import write_bytes

        write_bytes(path, content)
