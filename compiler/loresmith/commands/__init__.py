"""The command line: one module a command, none of them knows how a stage works."""
