"""A picture made larger by a trained network: one's own, or one of the two that come along."""
from typing import NamedTuple

from ... import checks
from .. import apply, learn, pictures
from .train import COME_ALONG, build


class Enlarger(NamedTuple):
    """A network and how it is used: enlarger(picture), uint8 (C, H, W) -> (C, scale·H, scale·W)."""
    name: str           # what pictures and tables call it
    net: object         # a network.Network
    scale: int          # how many times larger a picture becomes on each side
    about: dict         # how it was trained, see train.Plan
    match: bool = False     # whether what it makes gets the histogram of the small picture

    def __call__(self, picture, progress=None):
        """The picture made larger; progress: as in apply.enlarge."""
        large = apply.enlarge(self.net, picture, self.scale, progress=progress)
        return pictures.match_histogram(large, picture) if self.match else large


def open_enlarger(name, *, match=False):
    """A trained network by what the command line calls it.

    name: "pixel" or "feature", which come with numpyzf, whatever folders are here; or the folder of
    a training, or a file: "./pixel".
    match: see Enlarger.
    Returns an Enlarger. Raises FileNotFoundError, or ValueError naming the file.
    """
    ours = name in COME_ALONG
    path = COME_ALONG[name] if ours else checks.path("net", name)
    if not path.exists():
        raise FileNotFoundError(f"{path}: no such network; give the folder of a training or its "
                                f"file, or {' or '.join(COME_ALONG)}, which come along")
    state = learn.load(path, build)
    return Enlarger(str(name) if ours else learn.name_of(path),
                    state.net, state.about["scale"], state.about, match)
