"""Processes of the program's own, for work that must not take the window down."""
