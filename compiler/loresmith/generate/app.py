"""How the app loads a model and asks it. The command line reads it at every start: nothing heavy is imported here."""

from __future__ import annotations

APP_CONTEXT = 2048
"""The context in tokens with which the app loads a model."""
APP_NEW_TOKENS = 256
"""The longest answer that the app asks for, in tokens."""
APP_STOPS = ("[END]", "\n\nPlayer:", "\n\nDM:", "Human:", "Assistant:")
"""The stop strings that the app sends."""
