"""Until figure 4 imports figure2.measure: its old name."""
from .figure2.measure import aligned  # noqa: F401
