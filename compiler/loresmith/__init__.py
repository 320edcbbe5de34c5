"""A compiler from tabletop scenarios in Markdown to on-device language models."""

__version__ = "0.1.0"
