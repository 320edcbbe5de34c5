"""Tools that the scenarios call and no entry declares: found, and proposed as entries."""
