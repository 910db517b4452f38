"""What is done with the feature maps that are selected: saved, copied, silenced, brought back."""

from __future__ import annotations

from pathlib import Path

from unetscope.domain.errors import EditError
from unetscope.domain.feature_maps import Version
from unetscope.domain.map_edits import Make, bring_back, intervene, marks_of
from unetscope.domain.ports import Floats, Notice
from unetscope.state.desk import Desk
from unetscope.state.map_files import MapFiles
from unetscope.state.shown_maps import Maps, ShownMaps
from unetscope.state.store import Store


class MapActions:
    """Acts on the maps that are selected in the layer shown; trouble is a notice."""

    def __init__(self, store: Store, desk: Desk, shown: ShownMaps, files: MapFiles) -> None:
        self._store = store
        self._desk = desk
        self._shown = shown
        self._files = files

    @property
    def chosen(self) -> tuple[int, ...]:
        """The maps that are selected, by their number."""
        session = self._store.session
        count = session.map_count
        return tuple(i for i in sorted({session.filter, *session.maps.also}) if i < count)

    @property
    def named(self) -> str:
        """What they are called in a menu."""
        chosen = self.chosen
        return f"map {chosen[0]}" if len(chosen) == 1 else f"{len(chosen)} maps"

    @property
    def changed(self) -> bool:
        """Whether anything acts on one of them."""
        session = self._store.session
        marks = marks_of(session.edits, session.layer or "", session.map_count)
        return any(index in marks for index in self.chosen)

    def intervene(self, make: Make) -> None:
        """Silence, force or scale them, as one step."""
        try:
            self._store.update(lambda s: intervene(s, self.chosen, make))
        except EditError as error:
            self._desk.notice.emit(Notice(error.what, error.hint))

    def bring_back(self) -> None:
        """Take back what acts on them, as one step."""
        if self.changed:
            self._store.update(lambda s: bring_back(s, self.chosen))
        else:
            self._tell("Nothing acts on these maps, so there is nothing to bring back.")

    def proposed(self, kind: str) -> str:
        """A name for a file, as ``enc1_conv1_map_3.npy``."""
        layer, chosen = (self._store.session.layer or "layer").replace("/", "_"), self.chosen
        if kind == ".csv":
            return f"{layer}_maps.csv"
        version = self._store.session.maps.version
        which = f"map_{chosen[0]}" if len(chosen) == 1 else f"{len(chosen)}_maps"
        mark = "" if version is Version.EDITED else f"_{version.value}"
        return f"{layer}_{which}{mark}{kind}"

    def save_arrays(self, path: Path) -> None:
        """Write the values of the selected maps as ``.npy``."""
        maps = self._maps()
        if maps is not None:
            chosen = list(self.chosen)
            values: Floats = maps.pictures[chosen[0] if len(chosen) == 1 else chosen]
            self._files.save_arrays(path, values)

    def save_picture(self, path: Path, content: bytes) -> None:
        """Write a picture of them."""
        self._files.save_bytes(path, content)

    def save_numbers(self, path: Path) -> None:
        """Write the numbers of all maps of the layer as CSV."""
        maps = self._maps()
        if maps is not None:
            self._files.save_numbers(path, maps)

    def _maps(self) -> Maps | None:
        """What is shown; where there is nothing, that is said."""
        maps = self._shown.now()
        if isinstance(maps, str):
            self._tell("There is no feature map to save.", maps)
            return None
        return maps

    def _tell(self, what: str, hint: str = "") -> None:
        self._desk.notice.emit(Notice(what, hint, trouble=False))
