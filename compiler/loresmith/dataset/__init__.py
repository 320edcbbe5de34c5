"""The token dataset: one sample a line, checked against the context."""
