"""Training in unsloth: an environment of its own, a process in it, and unsloth's model in our loop."""
