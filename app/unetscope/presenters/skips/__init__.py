"""Skip connections as switches, what each is worth, and the recovery curve."""

from unetscope.presenters.skips.presenter import SkipsPresenter

__all__ = ["SkipsPresenter"]
