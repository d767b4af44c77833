"""Memory that is kept from call to call, for what a call needs only while it runs.

For each thread and name it is the most that was needed so far; it goes when the thread ends.
"""
import threading

import numpy as np

_own = threading.local()


def scratch(name, shape, dtype):
    """An array of this shape, not cleared, that this thread keeps and reuses under `name`: it lasts until the next call with the name."""
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    buffer = getattr(_own, name, None)
    if buffer is None or buffer.size < size:
        setattr(_own, name, None)               # the old one goes before the new one comes
        buffer = np.empty(size, np.uint8)
        setattr(_own, name, buffer)
    return buffer[:size].view(dtype).reshape(shape)


def blocks(count, size, limit):
    """Slices of a batch of `count` items: as few as there can be with at most `limit` bytes each, at `size` bytes an item.

    One item at least is in each, however large. All have one length but the last, which may be shorter.
    """
    number = max(1, -(-count // max(1, limit // size)))
    step = max(1, -(-count // number))
    return [slice(n, min(n + step, count)) for n in range(0, count, step)]
