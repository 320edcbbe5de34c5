"""Build artefacts: keyed by content, written whole or not at all."""
