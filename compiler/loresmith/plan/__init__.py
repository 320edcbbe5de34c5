"""What would run: the recipe resolved against this machine and the build folder, without heavy imports."""
