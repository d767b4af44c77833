"""Style transfer: the content of one picture in the style of another (Johnson et al. 2016)."""
