"""One dock per file. A panel draws a value and reports clicks; it remembers nothing."""
