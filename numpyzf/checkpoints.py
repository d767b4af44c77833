"""Checkpoints, and files that are written whole or not at all: .npz without pickles, atomic replacing, a lock between processes."""
import json
import os
import zipfile
import zlib
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from .training import State

try:
    import fcntl
except ImportError:         # Windows
    fcntl = None
    import msvcrt


@contextmanager
def replacing(path):
    """Open a binary file to write that takes the name `path` when the block ends, and only if it ends without an error.

    Raises OSError naming `path` if it can't be written; what was there before is then unchanged.
    """
    path = Path(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with open(temporary, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        raise OSError(f"{path} could not be written ({error.strerror or error}); an earlier one is unchanged. "
                      "Free some space or choose another folder") from error
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def locked(path):
    """Wait until no other process is in such a block with the same path, an empty file made for it. It is free again when its process ends, however."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    with open(path, "ab") as file:
        if fcntl:
            fcntl.flock(file, fcntl.LOCK_EX)
        else:
            while True:
                try:
                    msvcrt.locking(file.fileno(), msvcrt.LK_LOCK, 1)        # gives up after ten seconds
                    break
                except OSError:
                    pass
        yield


def save_checkpoint(path, state, about):
    """Write parameters, momentum, random state, rate and history, and `about` (a dictionary of arrays and JSON values).

    Written beside `path` and renamed, so that a kill or a full disk leaves the earlier file whole. Raises OSError naming the file.
    """
    arrays = {f"parameter/{name}": value for name, value in state.net.parameters.items()}
    arrays |= {f"velocity/{name}": value for name, value in state.velocity.items()}
    arrays |= {f"about/{name}": value for name, value in about.items() if isinstance(value, np.ndarray)}
    info = {"rng": state.rng.bit_generator.state, "rate": state.rate, "history": state.history,
            "about": {name: value for name, value in about.items() if not isinstance(value, np.ndarray)}}
    write_npz(path, arrays | {"info": np.array(json.dumps(info, default=lambda value: value.item()))})


def write_npz(path, arrays):
    """Write a dictionary of arrays as .npz, in place of an earlier one only when complete. Raises OSError naming the file."""
    with replacing(path) as file:
        np.savez(file, **arrays)


def read_npz(path):
    """The arrays of an .npz as a dictionary; ValueError naming the file if it is damaged or holds Python objects (pickles)."""
    if os.path.isfile(path) and not zipfile.is_zipfile(path):
        raise ValueError(f"{path} can't be read as .npz, it is cut short or a file of another kind; move it away and make it anew")
    try:
        with open(path, "rb") as file, np.load(file, allow_pickle=False) as npz:    # np.load itself leaves a damaged file open
            return {name: npz[name] for name in npz.files}
    except (ValueError, TypeError, AttributeError, KeyError, EOFError, OSError, RuntimeError, MemoryError, OverflowError,
            zipfile.BadZipFile, zlib.error) as error:
        if isinstance(error, FileNotFoundError):
            raise FileNotFoundError(f"no file {path}") from None
        if isinstance(error, (IsADirectoryError, PermissionError)):     # nothing is wrong with what is in it
            raise
        if "pickle" in str(error).lower():
            raise ValueError(f"{path} holds pickled Python objects, which are never read; save plain arrays only") from None
        raise ValueError(f"{path} can't be read as .npz, it is damaged ({error}); move it away and make it anew") from None


def load_checkpoint(path, build):
    """Read what save_checkpoint wrote: returns (state, about). build(about) makes the network that the parameters go into.

    Raises ValueError naming the file if it is damaged, no checkpoint, or of another architecture than build's network.
    """
    arrays = read_npz(path)
    try:
        info = json.loads(str(arrays["info"]))
        about = info["about"] | {name[6:]: value for name, value in arrays.items() if name.startswith("about/")}
        net = build(about)
        rng = np.random.default_rng()
        rng.bit_generator.state = info["rng"]
        parameters, velocity = ({name.partition("/")[2]: value for name, value in arrays.items() if name.startswith(kind)}
                                for kind in ("parameter/", "velocity/"))
        for name, value in arrays.items():
            if value.dtype.kind == "f" and not np.isfinite(value).all():
                raise ValueError(f"{name} holds NaN or infinite values")
        net.load_parameters(parameters)
        kinds = [{name: (value.shape, value.dtype) for name, value in values.items()} for values in (velocity, net.parameters)]
        if kinds[0] != kinds[1]:
            raise ValueError("its momentum doesn't match the network's parameters")
        if not (isinstance(info["rate"], (int, float)) and isinstance(info["history"], list)):
            raise ValueError("its rate or its history is damaged")
        return State(net, rng, info["rate"], velocity, info["history"]), about
    except KeyError as error:
        raise ValueError(f"{path} is no checkpoint of numpyzf: it has no {error}") from None
    except (ValueError, TypeError, AttributeError, IndexError, OverflowError, RecursionError) as error:
        raise ValueError(f"{path}: {error}") from None
