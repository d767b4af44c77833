"""Figure 2: what the layers look for, and how far the pictures can be believed.

Source: Zeiler & Fergus section 4.1 (Feature Visualization), Figure 2. The paper shows some maps of
each layer: the nine strongest activations projected to pixels, beside the image patches they come
from.

How it is measured here: the nine of every map are searched among the test images. On rendered
scenes it is known which pixels are the object's and where its parts are. So a projection can be
scored: is it on the object, and do the nine of one map show the same part? The same scores of a net
that has not been trained say how much of a picture comes from learning.
"""
