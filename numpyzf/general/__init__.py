"""Layers and operations of nets that come from elsewhere: any window, branches, normalization."""
