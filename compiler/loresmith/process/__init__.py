"""Work that runs in a process of its own, because it may end that process."""
