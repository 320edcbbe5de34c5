"""A model file that answers, piece by piece, in a process of its own that stays between two answers."""
