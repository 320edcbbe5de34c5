"""The machine: its accelerator, memory, disk and what is installed."""
