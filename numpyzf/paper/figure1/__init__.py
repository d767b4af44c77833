"""Figure 1 (section 2.1): a deconvnet layer beside its convnet layer, and unpooling, magnified.

The paper draws a diagram. Here the arrays of a trained net flow through it. Going up, a stage
filters, rectifies, pools and keeps the switches. Going down, it unpools by the switches, rectifies
and filters with the transposed filters. All arrays come from one pass up, `net.forward`, and from
the layers' own way down, `deconvnet.descend`. What the diagram claims is then measured on them.
"""
