"""A base model cut down to the tokens that its scenarios' language needs: the same words for a smaller file."""
