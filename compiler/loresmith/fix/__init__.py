"""Safe fixes: what `lint --fix` and the editors' actions write."""
