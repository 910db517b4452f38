"""What is inside, for scripts: voxels, receptive fields, labels in maps, skips, uncertainty."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from numpy.typing import ArrayLike

from unetscope.domain.effects import How
from unetscope.domain.explaining.augmenting import HARMLESS, Augmentation
from unetscope.domain.explaining.dissection import Dissection
from unetscope.domain.explaining.effective_field import EffectiveField
from unetscope.domain.explaining.grouping import DRAWS, GroupEffect, random_groups
from unetscope.domain.explaining.inquiry import Inquiry
from unetscope.domain.explaining.ranking import FIRST_RANK, RankBy, Ranking, rank
from unetscope.domain.explaining.recovery import Recovery
from unetscope.domain.explaining.switches import Skip, SkipEffects
from unetscope.domain.explaining.uncertainty import Uncertainty, UncertaintyKind
from unetscope.domain.metrics import Labels
from unetscope.domain.ports import Floats
from unetscope.engine.effects import group_sweep
from unetscope.engine.explained import Explained
from unetscope.engine.explaining.dissection import dissect
from unetscope.engine.explaining.effective_field import effective_field
from unetscope.engine.explaining.inquiry import inquire
from unetscope.engine.explaining.recovery import recovery
from unetscope.engine.explaining.scene import Scene, last_of
from unetscope.engine.explaining.skip_effects import skip_effects
from unetscope.engine.explaining.uncertainty import uncertainty
from unetscope.engine.forward import Forward
from unetscope.engine.images import Images


class Examined(Explained):
    """Examinations of the network and the image; the network stays as it is."""

    def ranking(
        self,
        layer: str,
        by: RankBy = FIRST_RANK,
        *,
        labels: Sequence[int] | None = None,
        **options: Any,
    ) -> Ranking:
        """Silence each feature map of a layer in turn, those first that the mask needs most.

        Parameters
        ----------
        layer, **options
            As for `sweep`: ``how``, ``reference``, ``channels``.
        by : RankBy
            Dice of a class or of all, changed pixels, or the change of probability.
        labels : sequence of int, optional
            The classes that a mean is taken over; all but the background when left out.
        """
        return rank(self.effects(layer, **options), by, labels)

    def group_effect(
        self,
        layer: str,
        maps: Iterable[int],
        *,
        draws: int = DRAWS,
        seed: int = 0,
        **options: Any,
    ) -> GroupEffect:
        """Silence several feature maps together, and beside them as many others at random.

        Parameters
        ----------
        layer : str
        maps : iterable of int
            The group; repeated numbers count once.
        draws, seed : int
            How many groups are taken at random, all different; the same seed takes the same.
        **options
            As for `sweep`: ``how``, ``reference``.

        Raises
        ------
        ModelError, EditError
            There is no image yet, no segmentation, or no such layer or map.
        """
        chosen = tuple(sorted(set(maps)))
        drawn = random_groups(chosen, self.layer(layer).channels or 0, draws, seed)
        scene = self.scene()
        steps = group_sweep(scene.base, scene.segmentation, layer, (chosen, *drawn), **options)
        return GroupEffect(chosen, drawn, last_of(steps))

    def skip_effects(
        self,
        how: Sequence[How] = ("zero", "mean"),
        *,
        skips: Sequence[Skip] | None = None,
        reference: Labels | None = None,
    ) -> SkipEffects:
        """Cut each skip connection alone, all others on, and tell what that does to the mask.

        Parameters
        ----------
        how : sequence of str
            What a cut skip becomes: ``"zero"``, ``"mean"``, or one after the other.
        skips : sequence of (str, str), optional
            (layer that reads, its source); all when left out.
        reference : (H, W) ndarray of uint8, optional
            Labels on the output's grid to compare with.

        Raises
        ------
        ModelError
            There is no image yet, no segmentation, or the reference is of another size.
        """
        steps = skip_effects(self.scene(), how=how, chosen=skips, reference=reference)
        found: SkipEffects = last_of(steps)
        return found

    def recovery(self, donor: ArrayLike | None = None, **options: Any) -> Recovery:
        """Take one layer after the other from another run, and tell how far the mask follows.

        Parameters
        ----------
        donor : (H, W) or (H, W, C) array_like of float32, optional
            Another image, preprocessed, of the same size; the network runs on it with the edits in
            force. Left out, activations are those of the trained network for the same image.
        measure : RecoveryMeasure, optional
            What is measured: agreement with the donor's mask, unless a `reference` or a `target`
            is to be compared with.
        with_skips : bool, optional
            Patch also what later layers read past the patched one.
        donor_name, labels, reference, target, layers : optional
            As in `RecoveryQuestion`.

        Raises
        ------
        ModelError
            There is no image yet, no segmentation or no such layer, or something does not fit.

        References
        ----------
        Meng et al., NeurIPS 2022: causal tracing.
        """
        name = "the trained network" if donor is None else "another image"
        steps = recovery(self.scene(), donor, **{"donor_name": name, **options})
        found: Recovery = last_of(steps)
        return found

    def dissect(
        self, layer: str, images: Iterable[Images], labels: Iterable[Labels] | None = None
    ) -> Dissection:
        """Tell which label each feature map of a layer follows over a series: network dissection.

        The image shown stays the one that is shown.

        Parameters
        ----------
        layer : str
        images : iterable
            Each as for `run`; the slices of a series in their order, for thresholds are chosen on
            every other one and judged on those between.
        labels : iterable of (H, W) ndarray of uint8, optional
            For each image, on the grid of the network's output, or of its input where the output
            has none; any structures, not only what the network was trained for. Left out, the
            network's own mask of each image.

        Returns
        -------
        Dissection
            With the edits in force; ``found.ranked()[0]`` is the map that follows a label best.

        Raises
        ------
        ModelError
            There is no such layer, its maps are no pictures, or images or labels do not fit.
        """
        self._index(layer, need_image=False)
        scenes = [self._scene_of(image) for image in images]
        return dissect(scenes, layer, None if labels is None else list(labels))

    def _scene_of(self, image: Images) -> Scene:
        """The network and the edits as they are now, with another image."""
        inputs = dict(zip(self._program.inputs, self._fitted(image)[1], strict=True))
        base = Forward(self._context, inputs, self._situation)
        return Scene(base, self._history.edits, self._segmentation)

    def inquire(self, row: int, column: int, label: int | None = None, *, top: int = 5) -> Inquiry:
        """What the network says about one pixel, and which maps at each scale made it say so.

        Parameters
        ----------
        row, column : int
            On the grid of the network's output.
        label : int, optional
            The class to explain; the one that the mask shows there when left out.
        top : int
            How many maps are told of at each scale, in either direction.

        Raises
        ------
        ModelError
            There is no image yet, no segmentation, or no such pixel or class.
        """
        return inquire(self.scene(), (row, column), label, top)

    def effective_field(
        self, layer: str, position: tuple[int, int], channel: int | None = None
    ) -> EffectiveField:
        """Where in the image one value of a layer comes from, of all that it can see.

        Parameters
        ----------
        layer : str
        position : (int, int)
            Row and column on the layer's own grid.
        channel : int, optional
            Which feature map; the sum of all when left out.

        Returns
        -------
        EffectiveField
            Its ``energy`` is the squared slope at each pixel of the input, and
            ``field.ellipse(0.95)`` holds 95 % of it.

        Raises
        ------
        ModelError
            There is no image yet, or no such layer, position or feature map.

        References
        ----------
        Luo et al., NeurIPS 2016.
        """
        return effective_field(self.scene(), layer, position, channel)

    def entropy(self) -> Floats:
        """How undecided the probabilities of each pixel are; not calibrated.

        Returns
        -------
        entropy : (H, W) ndarray of float32
            In bits, on the output's grid: up to log2 of the classes of a softmax; of sigmoid
            channels the sum of their binary entropies, up to their number.

        Raises
        ------
        ModelError
            There is no image yet, or no segmentation.
        """
        return self.uncertainty("entropy").entropy

    def uncertainty(
        self,
        kind: str | UncertaintyKind = "augmentations",
        *,
        repeats: int = 16,
        augmentations: Sequence[str | Augmentation] = HARMLESS,
        seed: int = 0,
    ) -> Uncertainty:
        """How sure the network is of its mask; nothing of it is calibrated.

        Parameters
        ----------
        kind : str
            ``"entropy"`` of the plain pass; spread over ``"augmentations"`` of the image, or over
            ``"dropout"`` at work as in training, with normalisations as they always are.
        repeats : int
            Runs of the network.
        augmentations : sequence of str
            Of which each run draws a change: ``"small shifts"``, ``"contrast"``, and others of
            `Augmentation`. Mirrors and turns are left out at first: organs do not change sides.
        seed : int
            Of all that is drawn.

        Raises
        ------
        ModelError
            There is no image yet, no segmentation or no dropout, or an augmentation does not fit.
        """
        steps = uncertainty(
            self.scene(),
            UncertaintyKind(kind),
            repeats=repeats,
            seed=seed,
            augmentations=tuple(map(Augmentation, augmentations)),
        )
        found: Uncertainty = last_of(steps)
        return found
