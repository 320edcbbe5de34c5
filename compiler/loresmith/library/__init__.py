"""The scenarios as a whole: what there is of what, its versions, and its clean form."""
