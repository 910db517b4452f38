"""The errands of the command line: what the window does, without one."""

COMMANDS = ("segment", "evaluate", "report")
