"""The language server: what editors ask about scenarios, recipes and tools.yaml while they are written."""
