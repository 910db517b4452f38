"""Look inside a U-Net while it segments a DICOM MRI slice, and edit its kernels live.

The window does its work through the names below, and a script can do the same::

    import unetscope as us

    series = us.open_study(us.sample_study()).series[0]
    model = us.open_model(us.sample_model())
    image = model.preprocessing.apply(series.volume()[90], series.spacing[1:])
    model.run(image)
    before = model.mask()
    model.apply(us.ScaleFilter("enc1_conv1", filter=3, gain=0.0))
    print((model.mask() != before).sum(), "pixels changed;", model.last_update)

Importing the package is light: TensorFlow is imported by `open_model`, pydicom by `open_study`.
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from unetscope.domain.card import ModelCard
    from unetscope.domain.edits import (
        Edit,
        ScaleFilter,
        SetBias,
        SetFilter,
        SetInputChannel,
        SetKernel,
        SetLayerWeights,
        SetValues,
    )
    from unetscope.domain.effects import Effects
    from unetscope.domain.errors import (
        EditError,
        EngineError,
        ModelError,
        StudyError,
        UnetscopeError,
    )
    from unetscope.domain.explaining.attribution import Attribution
    from unetscope.domain.explaining.augmenting import Augmentation
    from unetscope.domain.explaining.choice import Method
    from unetscope.domain.explaining.dissection import Dissection
    from unetscope.domain.explaining.effective_field import EffectiveField, Ellipse
    from unetscope.domain.explaining.grouping import GroupEffect
    from unetscope.domain.explaining.honesty import Honesty
    from unetscope.domain.explaining.inquiry import Inquiry
    from unetscope.domain.explaining.ranking import RankBy, Ranking, RankKind, rank
    from unetscope.domain.explaining.ranking_words import ranking_csv
    from unetscope.domain.explaining.recovery import Recovery, RecoveryMeasure, recovery_csv
    from unetscope.domain.explaining.switches import SkipEffects, skip_effects_csv
    from unetscope.domain.explaining.target import Target
    from unetscope.domain.explaining.uncertainty import Repeated, Uncertainty
    from unetscope.domain.graph import Layer
    from unetscope.domain.input_check import slice_orientation
    from unetscope.domain.intensity import Clahe, ReferenceHistogram
    from unetscope.domain.interventions import (
        CutSkip,
        ForceMap,
        PatchSkip,
        ScaleMap,
        SilenceMap,
        skips,
    )
    from unetscope.domain.label_matching import propose_matching
    from unetscope.domain.preprocess import Preprocessing
    from unetscope.domain.recipes import RECIPES, Recipe
    from unetscope.domain.reference import Reference, Segment
    from unetscope.domain.window import Window
    from unetscope.engine.filter_lab import filter_lab
    from unetscope.engine.live_model import LiveModel
    from unetscope.engine.presets import unet_encoder
    from unetscope.io.series import Series
    from unetscope.io.study import Study, open_study
    from unetscope.resources import sample_model, sample_study
    from unetscope.scripting import (
        apply_edits,
        deidentify,
        evaluate,
        new_model,
        open_model,
        open_reference,
        save_card,
        save_edits,
        save_segmentation,
    )

_HOMES = {
    "domain.card": ("ModelCard",),
    "domain.edits": (
        "Edit",
        "ScaleFilter",
        "SetBias",
        "SetFilter",
        "SetInputChannel",
        "SetKernel",
        "SetLayerWeights",
        "SetValues",
    ),
    "domain.effects": ("Effects",),
    "domain.errors": ("EditError", "EngineError", "ModelError", "StudyError", "UnetscopeError"),
    "domain.explaining.attribution": ("Attribution",),
    "domain.explaining.augmenting": ("Augmentation",),
    "domain.explaining.choice": ("Method",),
    "domain.explaining.dissection": ("Dissection",),
    "domain.explaining.effective_field": ("EffectiveField", "Ellipse"),
    "domain.explaining.grouping": ("GroupEffect",),
    "domain.explaining.honesty": ("Honesty",),
    "domain.explaining.inquiry": ("Inquiry",),
    "domain.explaining.ranking": ("RankBy", "RankKind", "Ranking", "rank"),
    "domain.explaining.ranking_words": ("ranking_csv",),
    "domain.explaining.recovery": ("Recovery", "RecoveryMeasure", "recovery_csv"),
    "domain.explaining.switches": ("SkipEffects", "skip_effects_csv"),
    "domain.explaining.target": ("Target",),
    "domain.explaining.uncertainty": ("Repeated", "Uncertainty"),
    "domain.graph": ("Layer",),
    "domain.input_check": ("slice_orientation",),
    "domain.intensity": ("Clahe", "ReferenceHistogram"),
    "domain.interventions": (
        "CutSkip",
        "ForceMap",
        "PatchSkip",
        "ScaleMap",
        "SilenceMap",
        "skips",
    ),
    "domain.label_matching": ("propose_matching",),
    "domain.preprocess": ("Preprocessing",),
    "domain.recipes": ("RECIPES", "Recipe"),
    "domain.reference": ("Reference", "Segment"),
    "domain.window": ("Window",),
    "engine.filter_lab": ("filter_lab",),
    "engine.live_model": ("LiveModel",),
    "engine.presets": ("unet_encoder",),
    "io.series": ("Series",),
    "io.study": ("Study", "open_study"),
    "resources": ("sample_model", "sample_study"),
    "scripting": (
        "apply_edits",
        "deidentify",
        "evaluate",
        "new_model",
        "open_model",
        "open_reference",
        "save_card",
        "save_edits",
        "save_segmentation",
    ),
}
_HOME = {name: module for module, names in _HOMES.items() for name in names}

try:
    __version__ = version("unetscope")
except PackageNotFoundError:  # run from a folder that was never installed
    __version__ = "0"

__all__ = [
    "RECIPES",
    "Attribution",
    "Augmentation",
    "Clahe",
    "CutSkip",
    "Dissection",
    "Edit",
    "EditError",
    "EffectiveField",
    "Effects",
    "Ellipse",
    "EngineError",
    "ForceMap",
    "GroupEffect",
    "Honesty",
    "Inquiry",
    "Layer",
    "LiveModel",
    "Method",
    "ModelCard",
    "ModelError",
    "PatchSkip",
    "Preprocessing",
    "RankBy",
    "RankKind",
    "Ranking",
    "Recipe",
    "Recovery",
    "RecoveryMeasure",
    "Reference",
    "ReferenceHistogram",
    "Repeated",
    "ScaleFilter",
    "ScaleMap",
    "Segment",
    "Series",
    "SetBias",
    "SetFilter",
    "SetInputChannel",
    "SetKernel",
    "SetLayerWeights",
    "SetValues",
    "SilenceMap",
    "SkipEffects",
    "Study",
    "StudyError",
    "Target",
    "Uncertainty",
    "UnetscopeError",
    "Window",
    "apply_edits",
    "deidentify",
    "evaluate",
    "filter_lab",
    "new_model",
    "open_model",
    "open_reference",
    "open_study",
    "propose_matching",
    "rank",
    "ranking_csv",
    "recovery_csv",
    "sample_model",
    "sample_study",
    "save_card",
    "save_edits",
    "save_segmentation",
    "skip_effects_csv",
    "skips",
    "slice_orientation",
    "unet_encoder",
]


def __getattr__(name: str) -> object:
    """Import a public name when it is first used."""
    if name not in _HOME:
        raise AttributeError(f"module 'unetscope' has no attribute {name!r}")
    value = getattr(import_module(f"unetscope.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
