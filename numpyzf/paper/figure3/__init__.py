"""Figure 3 (sections 3 and 4): the network, drawn from the shapes that the code has.

The paper's figure shows the stages of the net as volumes. Nothing is trained here, and nothing is
drawn by hand: sizes, receptive fields, parameters and multiply-adds are all read off a net. So the
small nets of this study can stand beside the paper's.
"""
