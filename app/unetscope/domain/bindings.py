"""Which keys and mouse gestures do what: presets, and what the user made different.

Only the differences from the preset are kept, so that what a later version adds has its keys. No
key ever does two things: what the user binds is taken from the preset.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

Keys = tuple[str, ...]
"""Key sequences as ``Ctrl+Shift+P``; the first one is the one that is told."""

DRAGS = MappingProxyType({"window": "Window", "pan": "Pan", "zoom": "Zoom", "scroll": "Slice"})
WHEELS = MappingProxyType({"scroll": "Slice", "zoom": "Zoom"})


@dataclass(frozen=True, slots=True)
class Gesture:
    """Something a hand does with the mouse over the slice, and what it can be bound to."""

    name: str
    choices: Mapping[str, str]


GESTURES = MappingProxyType(
    {
        "left": Gesture("Left drag", DRAGS),
        "middle": Gesture("Middle drag", DRAGS),
        "right": Gesture("Right drag", DRAGS),
        "wheel": Gesture("Wheel", WHEELS),
        "ctrl_wheel": Gesture("Ctrl and wheel", WHEELS),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class BindingsPreset:
    """What hands know from another program.

    Attributes
    ----------
    keys : dict of str to Keys
        Of the commands that differ from what the commands themselves propose.
    mouse : dict of str to str
        From each gesture to what it does.
    """

    name: str
    keys: Mapping[str, Keys] = field(default_factory=dict)
    mouse: Mapping[str, str] = field(default_factory=dict)


WEASIS = BindingsPreset(
    name="IHE Basic Image Review (Weasis)",
    mouse={
        "left": "window",
        "middle": "pan",
        "right": "zoom",
        "wheel": "scroll",
        "ctrl_wheel": "scroll",
    },
)
OHIF = BindingsPreset(
    name="OHIF",
    keys={
        "slice.preset_3": ("1",),  # soft tissue, lung, liver, bone, brain
        "slice.preset_5": ("2",),
        "slice.preset_2": ("3",),
        "slice.preset_4": ("4",),
        "slice.preset_1": ("5",),
        "slice.preset_6": ("6",),
        "view.auto_window": ("9",),
        "slice.file_window": ("0",),
        "view.reset": ("Space", "Esc"),
        "slice.annotations": ("Shift+Space",),
        "slice.flip_horizontally": ("H",),
        "slice.flip_vertically": ("V",),
        "tool.crosshair": ("Shift+H",),
        "slice.rotate_right": ("R",),
        "slice.rotate_left": ("L",),
        "tool.rectangle": ("Shift+R",),
        "slice.fit": ("=",),
        "tool.delete": ("Backspace", "Del"),
        "go.next_series": ("PgDown", "Right"),
        "go.previous_series": ("PgUp", "Left"),
        "go.ten_slices_on": ("Shift+Down",),
        "go.ten_slices_back": ("Shift+Up",),
    },
    mouse=WEASIS.mouse,
)
SLICER = BindingsPreset(
    name="3D Slicer",
    keys={
        "go.next_slice": ("F", "Right", "Down"),
        "go.previous_slice": ("B", "Left", "Up"),
        "go.next_series": ("Ctrl+Right",),
        "go.previous_series": ("Ctrl+Left",),
        "slice.fit": ("R",),
        "tool.rectangle": ("Shift+E",),
        "view.hold_trained": ("Q",),
    },
    mouse={**WEASIS.mouse, "ctrl_wheel": "zoom"},
)
PRESETS: Mapping[str, BindingsPreset] = MappingProxyType(
    {"weasis": WEASIS, "ohif": OHIF, "slicer": SLICER}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bindings:
    """The keys and gestures in force.

    Attributes
    ----------
    proposed : dict of str to Keys
        The keys that every command proposes, by its id.
    preset : str
        One of `PRESETS`.
    changed_keys, changed_mouse : dict
        What the user made different from the preset.
    """

    proposed: Mapping[str, Keys]
    preset: str = "weasis"
    changed_keys: Mapping[str, Keys] = field(default_factory=dict)
    changed_mouse: Mapping[str, str] = field(default_factory=dict)

    def keys(self, command: str) -> Keys:
        """The keys of a command: the user's, else those of the preset that the user left free."""
        if command in self.changed_keys:
            return self.changed_keys[command]
        claimed = {key for keys in self.changed_keys.values() for key in keys}
        return tuple(key for key in self._preset_keys(command) if key not in claimed)

    def action(self, gesture: str) -> str:
        """What a gesture does: a key of its choices."""
        return self.changed_mouse.get(gesture, PRESETS[self.preset].mouse[gesture])

    def is_changed(self, command: str) -> bool:
        """Whether a command has other keys than the preset gives it."""
        return command in self.changed_keys

    def choose_preset(self, preset: str) -> Bindings:
        """Take another preset, and drop what was different from the former one."""
        return Bindings(proposed=self.proposed, preset=preset)

    def with_keys(self, command: str, keys: Keys) -> Bindings:
        """Give a command these keys, and take them from whichever other command has them.

        With the keys of the preset a command is no longer different; nor is one that had but the
        keys which it loses.
        """
        kept: dict[str, Keys] = {}
        for other, held in self.changed_keys.items():
            left = tuple(key for key in held if key not in keys)
            if other != command and (left or not held):
                kept[other] = left
        if keys != self._preset_keys(command):
            kept[command] = keys
        return replace(self, changed_keys=kept)

    def reset_keys(self, command: str) -> Bindings:
        """Give a command the keys of the preset again."""
        return self.with_keys(command, self._preset_keys(command))

    def with_action(self, gesture: str, action: str) -> Bindings:
        """Have a gesture do something else."""
        kept = {name: value for name, value in self.changed_mouse.items() if name != gesture}
        if action != PRESETS[self.preset].mouse[gesture]:
            kept[gesture] = action
        return replace(self, changed_mouse=kept)

    def holders(self, key: str, *, besides: str = "") -> tuple[str, ...]:
        """The commands that have a key."""
        return tuple(c for c in self.proposed if c != besides and key in self.keys(c))

    @property
    def conflicts(self) -> Mapping[str, tuple[str, ...]]:
        """The keys that several commands of a preset have, with those commands."""
        held: dict[str, list[str]] = {}
        for command in self.proposed:
            for key in dict.fromkeys(self.keys(command)):
                held.setdefault(key, []).append(command)
        return {key: tuple(commands) for key, commands in held.items() if len(commands) > 1}

    def _preset_keys(self, command: str) -> Keys:
        return PRESETS[self.preset].keys.get(command, self.proposed.get(command, ()))

    # ------------------------------------------------------------------ saved

    def differences(self) -> dict[str, Any]:
        """What is to be kept, in the types of JSON."""
        return {
            "preset": self.preset,
            "keys": {command: list(keys) for command, keys in self.changed_keys.items()},
            "mouse": dict(self.changed_mouse),
        }


def restored(proposed: Mapping[str, Keys], saved: object) -> Bindings:
    """Bindings from what `Bindings.differences` gave; what makes no sense is left out.

    Commands that no longer exist are forgotten.
    """
    held = saved if isinstance(saved, Mapping) else {}
    preset = held.get("preset")
    made = Bindings(proposed=proposed, preset=preset if preset in tuple(PRESETS) else "weasis")
    for command, keys in _entries(held.get("keys")):
        if command in proposed and isinstance(keys, list):
            made = made.with_keys(command, tuple(key for key in keys if isinstance(key, str)))
    for gesture, action in _entries(held.get("mouse")):
        if gesture in GESTURES and action in tuple(GESTURES[gesture].choices):
            made = made.with_action(gesture, str(action))
    return made


def _entries(value: object) -> tuple[tuple[str, object], ...]:
    pairs = value.items() if isinstance(value, Mapping) else ()
    return tuple((name, held) for name, held in pairs if isinstance(name, str))
