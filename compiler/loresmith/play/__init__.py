"""A person plays with a model: the game's course, and how the terminal shows it."""
