"""The canonical form: scenarios written the one way that section 1 of the language describes."""
