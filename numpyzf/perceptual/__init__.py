"""The second paper (Johnson, Alahi & Fei-Fei 2016): a trained convnet as a judge of pictures.

Pictures are arrays (N, C, H, W), RGB or gray, of values 0 … 1, in float32, or float64 for checks.
"""
