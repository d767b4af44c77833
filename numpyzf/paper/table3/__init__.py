"""Table 3: what is each part of the net worth?

Source: Zeiler & Fergus, section 5.1 (Varying ImageNet Model Sizes), Table 3.

The net is trained without its middle layers, without its fully connected ones, without both, and
with wider ones. Every variant is trained from the beginning, from the same seeds and with the same
recipe as the whole net. What the test error then rises by is what the missing part was worth.
"""
