"""The search for better training settings: trials of the recipe's ranges, each a true training."""
