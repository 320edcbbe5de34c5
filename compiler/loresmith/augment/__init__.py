"""More to learn from: scenarios derived from written ones, truthfully, and weights that balance them."""
