"""A net as a judge: Gram matrix, style, features, total variation.

A trained net judges pictures: by what its maps say, by which of them fire together, and how rough
the picture is. Each judgment with its gradient, by which a picture then changes itself.
"""
from ..tasks import About

ABOUT = About(section="3.2 of Johnson et al. 2016", minutes=120,
              needs="what a map of a net is; matrix products; gradients", lesson=14)
