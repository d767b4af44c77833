"""Table 1 and Figure 8: does the net know that an eye is an eye?

Source: Zeiler & Fergus, section 4.4 (Correspondence Analysis), Table 1 and Figure 8.

Nobody tells the net which parts an object has. If it has a notion of an eye all the same, then an
eye that disappears should change its features in the same way in every face. So the same part is
covered by a gray square in several faces. Δ says how differently the features change: the lower,
the more alike. The same is done at random places, to compare with. The faces are rendered scenes,
whose eyes and noses are known to the pixel.
"""
