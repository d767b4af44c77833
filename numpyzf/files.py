"""Writing a file so that a kill or a full disk leaves the earlier one whole; and keeping other processes out."""
import os
from contextlib import contextmanager
from pathlib import Path

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
