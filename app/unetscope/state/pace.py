"""How soon the views follow: at once, or by turns while a gesture floods them with changes."""

from __future__ import annotations

from collections.abc import Callable

from psygnal import Signal

Draw = Callable[[], None]


class Pace:
    """Decides when each view is made anew.

    Nothing is lost by waiting: a view is made of what is in force when its turn comes, and when
    the gesture ends every view that waits is made at once.
    """

    held_changed = Signal(bool)

    def __init__(self) -> None:
        self._holders: set[str] = set()
        self._drawn: set[Draw] = set()  # in this frame
        self._next: dict[Draw, None] = {}  # for the next frame, in order
        self._waiting: dict[Draw, None] = {}  # for their turn, in order

    @property
    def held(self) -> bool:
        """Whether a gesture goes on; `frame` is then called once for every picture on screen."""
        return bool(self._holders)

    def each_frame(self, draw: Draw) -> None:
        """Draw what the hand is on: at once, but in a gesture no more than once a frame."""
        if self.held and draw in self._drawn:
            self._next[draw] = None
        else:
            if self.held:
                self._drawn.add(draw)
            draw()

    def in_turn(self, draw: Draw) -> None:
        """Draw what only follows: at once, but in a gesture one such view a frame."""
        if self.held:
            self._waiting[draw] = None
        else:
            draw()

    def hold(self, gesture: str = "drag") -> None:
        """A gesture begins."""
        if not self.held:
            self._holders.add(gesture)
            self.held_changed.emit(True)
        self._holders.add(gesture)

    def release(self, gesture: str = "drag") -> None:
        """A gesture is over; after the last one all that waits is drawn."""
        if gesture in self._holders:
            self._holders.remove(gesture)
            if self._holders:
                return
            self.held_changed.emit(False)
            waiting = {**self._next, **self._waiting}
            self._drawn.clear()
            self._next.clear()
            self._waiting.clear()
            for draw in waiting:
                draw()

    def frame(self) -> None:
        """A frame is over: draw what waited for the next one, and the view whose turn it is."""
        drawn, self._next = self._next, {}
        self._drawn = set(drawn)
        for draw in drawn:
            draw()
        if self._waiting:
            draw = next(iter(self._waiting))
            del self._waiting[draw]
            draw()
