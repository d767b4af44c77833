"""Figure 5: how far do features and answer move when an image is shifted, enlarged or turned?

Source: Zeiler & Fergus section 4.1 (Feature Invariance), Figure 5. The paper follows five images
under three transformations: the distance of their features to those of the untransformed image, low
and high in the net, and the probability of the true class.

How it is measured here: the same, on many images at once. A distance is measured in units of the
mean distance between two different images in the same layer, so that layers can be compared.
"""
