"""The evaluation against a reference."""

from unetscope.presenters.evaluation.presenter import EvaluationPresenter

__all__ = ["EvaluationPresenter"]
