"""Figure 6: choosing the architecture by looking at the first two layers.

Source: Zeiler & Fergus section 4.2 (Architecture Selection), Figure 6. The paper compares
first-layer filters with and without renormalization, and 11×11 filters with a stride of 4 against
7×7 with a stride of 2. It also shows aliasing in the second layer.

How it is measured here: what can be seen in the pictures is also counted. How far does one filter
dominate, and how many are dead? Which frequencies do the filters cover? How much of their responses
is too fine for the stride, and how many different things do they tell?
"""
