"""Hugging Face folders written as GGUF files by llama.cpp's own converter."""
