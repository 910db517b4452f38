"""The filter lab in the Network menu."""

from __future__ import annotations

from unetscope.domain.session import Session
from unetscope.ui.commands.command import Command, called, has_kernel


def _can_send(s: Session) -> bool:
    return has_kernel(s) and bool(s.lab.kernels)


LAB: tuple[Command, ...] = (
    Command(
        id="network.filter_lab",
        text=called("Filter lab"),
        ask=lambda w: w.filter_lab_panel.bring_up(),
        shortcut="Ctrl+L",
        tip="Kernels of any size in a real one-layer network, beside what it makes of the slice",
    ),
    Command(
        id="network.try_in_lab",
        text=called("Try kernel in filter lab"),
        ask=lambda w: w.filter_lab_panel.try_kernel_shown(),
        enabled=has_kernel,
        shortcut="Ctrl+Shift+L",
        tip="Add the kernel editor's kernel to the filter lab",
    ),
    Command(
        id="network.send_from_lab",
        text=lambda s: (
            f"Send “{s.lab.kernel.name}” to kernel" if s.lab.kernel else "Send to kernel"
        ),
        ask=lambda w: w.filter_lab_panel.send_kernel(),
        enabled=_can_send,
        shortcut="Ctrl+Shift+K",
        tip="Put the lab's selected kernel where the kernel editor's scope says; one step to undo",
    ),
)
