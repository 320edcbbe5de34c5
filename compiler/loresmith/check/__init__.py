"""Checks on what was elaborated: each adds its findings and changes nothing."""
