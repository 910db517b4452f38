"""The filter lab: kernels beside what a real layer makes of them, and what that means."""

from unetscope.presenters.filter_lab.presenter import FilterLabPresenter as FilterLabPresenter
from unetscope.presenters.filter_lab.view import LabRow as LabRow
from unetscope.presenters.filter_lab.view import LabView as LabView
