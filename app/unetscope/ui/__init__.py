"""The window: the only package (with bootstrap) that imports PySide6 and pyqtgraph."""
