"""A page to look inside a net: every unit, what fires it, and what of that came down to pixels."""
