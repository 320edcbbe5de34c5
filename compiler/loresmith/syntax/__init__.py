"""Source text to syntax tree: our own frozen dataclasses, positions as offsets into the source."""
