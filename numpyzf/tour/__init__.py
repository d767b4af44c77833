"""One trained net looked at: how it learned, its filters, what its layers look for, one image.

Each module has `measure` (numbers) and `draw` (a picture); demo.build puts all on one page.
"""
