"""The language server, driven over standard input and output by a real client."""
