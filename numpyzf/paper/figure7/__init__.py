"""Figure 7: a gray square slides over an image; what do the net's maps and its answer do?

Source: Zeiler & Fergus section 4.3 (Occlusion Sensitivity), Figure 7. At each place of the square
the paper shows the activity of the strongest map of layer 5, the probability of the true class, and
the most probable class. Without a square it shows the projection of that map.

How it is measured here: the same, on rendered scenes. There the object's pixels and its parts are
known, so that the maps are scored: how much more does it matter to cover the object?
"""
