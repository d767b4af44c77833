"""One trained net looked at: how it learned, its filters, what its layers look for, one image.

explain, features and filters have `measure` (numbers) and `draw` (a picture); training_curve only
draws; demo.build puts all on one page.
"""
