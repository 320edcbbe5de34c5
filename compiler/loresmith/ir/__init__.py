"""The typed intermediate representation: scenarios and the tool vocabulary."""
