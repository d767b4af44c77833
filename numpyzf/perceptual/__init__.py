"""Perceptual losses: a trained convnet as a judge of pictures (Johnson et al. 2016)."""
