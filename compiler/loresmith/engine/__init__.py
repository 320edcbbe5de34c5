"""The engine that carries out a DM's calls: a game state and a call in, the next state and a result out."""
