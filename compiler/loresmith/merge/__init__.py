"""Base and adapter folded into one set of weights, and the proof that nothing was lost."""
