"""The kernel editor: a page of weights as numbers, what a change applies to, and what it did."""

from unetscope.presenters.kernel_editor.presenter import KernelPresenter as KernelPresenter
from unetscope.presenters.kernel_editor.view import KernelView as KernelView
