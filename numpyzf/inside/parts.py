"""What is computed for a page, kept in a folder beside it until the page is written.

So a page that was interrupted goes on. Each part is an .npz, which is read only if it was made for
the same page: of the same net, images and settings. Others, and damaged ones, are made anew.
"""
import hashlib
import json
import shutil
from pathlib import Path

import numpy as np

from ..checkpoints import read_npz, write_npz

ORIGIN = "made for"         # the array of a part that says for which page


class Parts:
    """The parts of one page.

    path: the page's file.
    origin: what all parts depend on, see fingerprint.
    """

    def __init__(self, path, origin):
        self.folder, self.origin = folder_of(path), origin

    def read(self, name):
        """A part's arrays by name; None if there is no such part, or it is another page's."""
        try:
            arrays = read_npz(self._file(name))
        except (ValueError, OSError):
            return None
        return arrays if str(arrays.pop(ORIGIN, "")) == self.origin else None

    def write(self, name, arrays):
        """Keep a part; OSError if it can't be written."""
        write_npz(self._file(name), {**arrays, ORIGIN: np.array(self.origin)})

    def remove(self):
        """Delete all parts: the page is written."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def tidy(self):
        """Delete the folder if it holds no part."""
        if not any(self.folder.glob("*.npz")):
            self.remove()

    def _file(self, name):
        return self.folder / f"{name}.npz"


def folder_of(path):
    """Where the parts of a page are."""
    path = Path(path)
    return path.with_name(f"{path.name}.parts")


def fingerprint(settings, arrays):
    """A text that differs where settings or arrays do.

    settings: JSON values.
    arrays: NumPy arrays, in an order.
    """
    found = hashlib.sha256(json.dumps(settings, sort_keys=True).encode())
    for array in arrays:
        array = np.ascontiguousarray(array)
        found.update(f"{array.dtype} {array.shape}".encode())
        found.update(array)
    return found.hexdigest()
