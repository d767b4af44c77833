"""Super-resolution: pictures made larger by a trained network (section 4.2)."""
