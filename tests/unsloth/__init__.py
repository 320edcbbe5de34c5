"""The unsloth engine: what it refuses, its environment, its process, and the engine itself where there is one."""
