"""Syntax tree to IR: what was written becomes what was meant; findings about the writing are made here."""
