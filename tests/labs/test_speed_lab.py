"""What the speed lab measures is the student's, whatever else the process does."""
import threading

import numpy as np

from numpyzf.labs.speed import checks


class Disturbed:
    """A judge in whose first call another thread takes a megabyte; the function itself takes more.

    own: bytes that the function takes.
    """

    def __init__(self, own):
        self.own, self.taken = own, []

    def call(self, *arguments):
        """The function."""
        if not self.taken:
            thread = threading.Thread(target=lambda: self.taken.append(bytearray(1 << 20)))
            thread.start()
            thread.join()
        return len(bytearray(self.own))


def test_memory_is_that_of_the_call_alone():
    x = np.zeros(1000)
    for own in (0, 300_000):
        most = checks.most_memory(Disturbed(own), x) + x.nbytes
        assert own <= most < own + 50_000
