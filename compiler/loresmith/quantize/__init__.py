"""f16 GGUF in, a smaller GGUF out; what it weighs, whether it fits, and how far it moved from f16."""
