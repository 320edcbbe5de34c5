"""Base models: fetched, verified and laid out as one Hugging Face folder, whatever they came from."""
