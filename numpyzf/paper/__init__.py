"""The first paper: every figure and table."""
