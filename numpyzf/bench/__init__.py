"""How fast: the ladder from seven loops to the machine's limit."""
