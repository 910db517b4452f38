"""What the channels of a network are made of: one rule for all, or a choice for each."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFormLayout, QWidget

from unetscope.domain.channels import THIS_SLICE, ChannelSource
from unetscope.domain.preprocess import Preprocessing
from unetscope.ui.widgets.step_fields import ChoiceField

CHANNELS = {
    "repeat": "this slice in each",
    "neighbours": "neighbouring slices",
    "chosen": "chosen for each",
}
NEIGHBOURS = (0, -1, 1, -2, 2)  # slices further on that can be chosen


class ChannelsEditor(QWidget):
    """Shows the channels of a `Preprocessing` and reports every change of them."""

    changed = Signal(dict)
    """Fields of `Preprocessing` that are to be other."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._sources: tuple[ChannelSource, ...] = ()
        self.rule = ChoiceField("input_card.channels")
        self.rule.setToolTip("What the channels of the network are made of")
        self.rule.currentIndexChanged.connect(
            lambda: self.changed.emit({"channels": self.rule.currentData()})
        )
        self._fields: list[ChoiceField] = []
        self._layout = QFormLayout(self)
        self._layout.setContentsMargins(6, 0, 4, 0)
        self._layout.setVerticalSpacing(3)
        self._layout.addRow("Channels", self.rule)

    def show_channels(self, steps: Preprocessing, channels: int, series: Sequence[str]) -> None:
        """Show what the channels are made of, without reporting it.

        Parameters
        ----------
        channels : int
            That the network takes.
        series : sequence of str
            Names of the series that can be laid on the slice shown.
        """
        self.rule.show_choices(CHANNELS, steps.channels)
        self._show_fields(channels if steps.channels == "chosen" else 0)
        left_out = [THIS_SLICE] * (channels - len(steps.sources))
        self._sources = (*steps.sources[:channels], *left_out)
        for field, source in zip(self._fields, self._sources, strict=False):
            choices = {_key(ChannelSource(step=step)): _slice(step) for step in NEIGHBOURS}
            choices |= {_key(ChannelSource(name)): name for name in series}
            if _key(source) not in choices:
                named = f"{source.series} (not here)" if source.series else _slice(source.step)
                choices[_key(source)] = named
            field.show_choices(choices, _key(source))

    def _show_fields(self, count: int) -> None:
        """Have as many lines as there are channels to be chosen for."""
        while len(self._fields) > count:
            self._layout.removeRow(self._fields.pop())
        while len(self._fields) < count:
            number = len(self._fields)
            field = ChoiceField(f"input_card.channel{number}.source")
            field.setToolTip(
                "This slice, one beside it, or another series of the study, laid on this slice "
                "by its place in the patient"
            )
            field.setAccessibleName(f"Source of channel {number}")
            field.currentIndexChanged.connect(lambda _, number=number: self._choose(number))
            self._fields.append(field)
            self._layout.addRow(f"channel {number}", field)

    def _choose(self, number: int) -> None:
        key = str(self._fields[number].currentData())
        step, _, series = key.partition(" ")
        sources = list(self._sources)
        sources[number] = ChannelSource(series, int(step))
        self.changed.emit({"sources": tuple(sources)})


def _key(source: ChannelSource) -> str:
    return f"{source.step} {source.series}"


def _slice(step: int) -> str:
    if abs(step) < 2:
        return {0: "this slice", 1: "the slice after", -1: "the slice before"}[step]
    return f"{abs(step)} slices {'after' if step > 0 else 'before'}"
