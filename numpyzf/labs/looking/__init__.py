"""Looking: top nine, occlusion, invariance, correspondence.

Four ways to ask a trained net what it sees, without changing it: which images fire a map most, what
happens if a part is covered or the image is shifted, and whether an eye is an eye in every face.
"""
from ..tasks import About

ABOUT = About(section="4.1 to 4.4", minutes=120, needs="NumPy's argsort and slices; what a map is",
              lesson=9)
