"""What the user prefers: kept choices, and the dialog in which they are made."""
