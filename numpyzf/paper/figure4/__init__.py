"""Figure 4 (section 4.1): how features come about.

The same maps are looked at after more and more epochs. Each is shown by the training image that
fires it most, projected down to pixels. Beside each projection stands the patch of its image: where
a picture jumps from one epoch to the next, it can be seen whether the map has changed, or only
another image has become the strongest.
"""
