"""Scenarios as conversations: system text and alternating messages, results on the user's side."""
