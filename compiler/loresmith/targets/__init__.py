"""What a model can be compiled for, as data."""
