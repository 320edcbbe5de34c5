"""The stages in their order: what each needs, what its key is made of, and what it runs."""
