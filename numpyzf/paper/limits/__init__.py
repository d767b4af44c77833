"""Limits: what a deconvnet does not tell you.

How much of a projection is the image and its switches, and how little is what the net has learned?
The paper couldn't know. Later work asked two questions: does the picture change when the net's
weights are replaced by noise (Adebayo et al. 2018), and does it change when another class is asked
for (Mahendran & Vedaldi 2016)? Both are asked here, and more. The images are scenes, whose objects
are known to the pixel.

A projection counts as lost where the similarity that is left is nearer to that of the same unit's
picture for another image than to 1.
"""
