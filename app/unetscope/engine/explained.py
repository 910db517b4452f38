"""Where a mask comes from, for scripts: heat maps of a target, and whether to believe them."""

from __future__ import annotations

from unetscope.domain.explaining.question import Question, Steps
from unetscope.engine.answers import Answers
from unetscope.engine.explaining.scene import Scene
from unetscope.engine.explaining.tools import steps_of


class Explained(Answers):
    """Attribution of the mask to the image and to layers; the network stays as it is."""

    def scene(self) -> Scene:
        """The network, image and edits as they are now, for the tools of `engine.explaining`.

        Raises
        ------
        ModelError
            There is no image yet.
        """
        return Scene(self._need_image().current, self._history.edits, self._segmentation)

    def answer_to(self, question: Question) -> Steps:
        """Answer a question of the window about the image shown, in small pieces."""
        return steps_of(self.scene(), question)
