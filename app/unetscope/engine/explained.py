"""Where a mask comes from, for scripts: heat maps of a target, and whether to believe them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from unetscope.domain.errors import ModelError
from unetscope.domain.explaining.attribution import Attribution, AttributionQuestion
from unetscope.domain.explaining.choice import Method
from unetscope.domain.explaining.honesty import Honesty
from unetscope.domain.explaining.question import Question, Steps
from unetscope.domain.explaining.target import Target
from unetscope.engine.answers import Answers
from unetscope.engine.explaining.scene import Scene, last_of
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

    def target(
        self, label: int, region: ArrayLike | None = None, against: ArrayLike | None = None
    ) -> Target:
        """What is to be explained: a label of the mask, and where.

        Parameters
        ----------
        label : int
            As the mask shows it.
        region : (H, W) array_like of bool, optional
            On the output's grid; where the mask shows the label when left out.
        against : (H, W) array_like of int, optional
            Labels that stand there in its place: the margin over them is explained then, as suits
            errors.

        Returns
        -------
        Target

        Raises
        ------
        ModelError
            The mask cannot show such a label, or the region is empty.

        Examples
        --------
        >>> mask = live.mask()  # doctest: +SKIP
        >>> extra = live.target(2, (mask == 2) & (reference != 2), reference)  # doctest: +SKIP
        >>> live.saliency(extra)  # doctest: +SKIP
        """
        channels = self.graph[self.segmentation_output].channels or 1
        first = int(self._segmentation.has_background or channels == 1)
        if not first <= label < channels + first:
            raise ModelError(
                f"The mask shows labels {first} to {channels + first - 1}, but found {label!r}.",
                "Choose one of them.",
            )
        shown = self.mask() == label if region is None else np.asarray(region, bool)
        others = None if against is None else np.asarray(against, np.intp) - first
        if others is not None and others.shape != shown.shape:
            raise ModelError(
                f"The labels to compare with have {others.shape} pixels, but the region "
                f"{shown.shape}.",
                "Give both on the grid of the network's output.",
            )
        return Target(label - first, shown, against=others)

    def attribute(
        self,
        target: Target,
        method: Method | str = Method.SEG_GRAD_CAM,
        layer: str | None = None,
        **options: Any,
    ) -> Attribution:
        """Tell where a target's score comes from, with the edits in force.

        Parameters
        ----------
        target : Target
            See `target`.
        method : Method or str
            ``"Seg-Grad-CAM"``, ``"Saliency"``, ``"Integrated gradients"``, ``"SmoothGrad"`` or
            ``"Occlusion"``.
        layer : str, optional
            Where to go back to; see `AttributionQuestion`.
        **options
            Of the method: ``signed``, ``randomised``, ``seed``, ``steps``, ``baseline``,
            ``samples``, ``noise``, ``patch``, ``stride``, ``fill``; see `AttributionQuestion`.

        Returns
        -------
        Attribution
            Its ``heat.values`` lie on the grid of its ``layer``.

        Raises
        ------
        ModelError
            The target, the layer or an option does not fit, or there is no image yet.
        """
        known = {each.value.lower(): each for each in Method}
        chosen = method if isinstance(method, Method) else known.get(method.lower())
        if chosen is None:
            raise ModelError(
                f"There is no method called {method!r}.",
                f"Take one of {', '.join(each.value for each in Method)}.",
            )
        question = AttributionQuestion(
            model=self.network.ref,
            image=np.zeros((0, 0), np.float32),
            image_key="",
            edits=self._history.edits,
            target=target,
            method=chosen,
            layer=layer,
            **options,
        )
        found: Attribution = self._guarded(last_of, self.answer_to(question))
        return found

    def saliency(self, target: Target, layer: str | None = None, **options: Any) -> Attribution:
        """Magnitudes of the score's gradient (Simonyan et al. 2014); see `attribute`."""
        return self.attribute(target, Method.SALIENCY, layer, **options)

    def integrated_gradients(self, target: Target, **options: Any) -> Attribution:
        """Gradients along the way from a baseline (Sundararajan et al. 2017); see `attribute`."""
        return self.attribute(target, Method.INTEGRATED_GRADIENTS, **options)

    def smooth_grad(self, target: Target, **options: Any) -> Attribution:
        """Mean gradients of noisy images (Smilkov et al. 2017); see `attribute`."""
        return self.attribute(target, Method.SMOOTH_GRAD, **options)

    def occlusion(self, target: Target, **options: Any) -> Attribution:
        """Fall of the score where the image is covered (Zeiler, Fergus 2014); see `attribute`."""
        return self.attribute(target, Method.OCCLUSION, **options)

    def honesty(
        self,
        target: Target,
        method: Method | str = Method.SEG_GRAD_CAM,
        layer: str | None = None,
        **options: Any,
    ) -> Honesty:
        """Tell whether a map depends on the weights (Adebayo et al. 2018); see `attribute`."""
        found = self.attribute(target, method, layer, **options, randomised=True)
        assert found.honesty is not None
        return found.honesty
