"""Recipes: what to build, declared in YAML."""
