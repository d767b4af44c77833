"""Feature inversion: how much of a picture each layer of a net still knows (Figure 3)."""
