"""How files are written: whole or not at all, and by one process at a time."""
import os
import secrets
from contextlib import contextmanager, suppress
from pathlib import Path

from . import checks

try:
    import fcntl
except ImportError:         # Windows
    fcntl = None
    import msvcrt


@contextmanager
def replacing(path):
    """Write a file whole or not at all: `with replacing(path) as file: …`, a binary file.

    It has a temporary name beside `path` until the block ends. Then it takes the place of an
    earlier file in one step. If the block raises an error, the earlier file stays. What writers
    that were killed have left of `path` is deleted.

    Raises OSError naming `path` if it can't be written; what the block raises about other files
    stays as it is.
    """
    path = checks.path("path", path)
    start = str(path.with_name(f".{path.name[:40]}."))      # short, as names have a limit
    _sweep(path.parent, start)
    try:
        file, temporary = _open_temporary(start)
        try:
            with file:
                yield file
                file.flush()
                os.fsync(file.fileno())
                if fcntl:               # still locked: no one sweeps it away
                    os.replace(temporary, path)
            if not fcntl:               # Windows renames closed files only
                os.replace(temporary, path)
        finally:
            with suppress(OSError):     # the error that led here says more
                temporary.unlink(missing_ok=True)
    except OSError as error:
        # One of the block's own, about another file, goes on as it is. The system's error when a
        # write fails names no file; an error that was put into words has no number.
        other = error.filename is not None and not str(error.filename).startswith(start)
        if error.errno is None or other:
            raise
        raise OSError(f"{path} could not be written ({error.strerror}); an earlier one is "
                      "unchanged. Free some space or choose another folder") from error


def _open_temporary(start):
    """A new file whose name begins so, open and locked until it is closed, and its Path."""
    while True:
        temporary = Path(f"{start}{secrets.token_hex(8)}.part")
        file = open(temporary, "xb")
        try:
            # Another writer may sweep it away before it is locked: then try again.
            if not fcntl or (_lock(file, wait=False) and temporary.exists()):
                return file, temporary
        except OSError:                 # in a file system without locks no one sweeps either
            return file, temporary
        file.close()


def _sweep(folder, start):
    """Delete temporary files whose names begin so and that no one has locked: the writer died."""
    with suppress(OSError):
        for left in list(folder.iterdir()):
            if str(left).startswith(start) and left.suffix == ".part" and left.is_file():
                with suppress(OSError):
                    if not fcntl:       # Windows keeps what is open
                        left.unlink()
                        continue
                    with open(left, "r+b") as file:
                        if _lock(file, wait=False):
                            left.unlink()


def to_write(name, path, what="a file"):
    """The Path of a file that can be written, to know now and not when all is computed.

    name: of the argument or option, for errors.
    path: the file; ~ is the home folder.
    what: it is, for errors.
    Raises OSError for a folder, for what is no file, and for a folder that can't be written to.
    """
    path = checks.path(name, path)
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder; {name} takes the name of {what}")
    if path.exists() and not path.is_file():    # /dev/null, in whose place a file would be put
        raise OSError(f"{path} is no file; {name} takes the name of {what}")
    if not (path.parent.is_dir() and os.access(path.parent, os.W_OK)):
        raise OSError(f"{path} can't be written: {path.parent} is no folder that can be written "
                      f"to; {name} takes the name of {what} in a folder that is there")
    return path


# ---- locks --------------------------------------------------------------------------------------

@contextmanager
def locked(path, waiting=None):
    """Hold an exclusive lock on `path` during the block: `with locked(path): …`.

    Where another process or thread holds it, wait. `path` is an empty file, made if it isn't there.
    The system releases the lock when the process ends, however that happens.
    waiting: a function that is called once, before a wait, to say so.
    """
    path = checks.path("path", path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "ab") as file:
        if not _lock(file, wait=False):
            if waiting:
                waiting()
            while not _lock(file, wait=True):
                pass
        yield


def _lock(file, wait):
    """Lock an open file. False if another holds it."""
    try:
        if fcntl:
            fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        else:                   # Windows waits ten seconds, then gives up
            msvcrt.locking(file.fileno(), msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)
        return True
    except BlockingIOError:
        return False
    except OSError:
        if fcntl:
            raise
        return False


@contextmanager
def one_at_a_time(folder, report):
    """Keep a run's folder for one training during the block; another one waits, and says so.

    The lock is on a file in the folder, .lock, which is gone afterwards. The system releases the
    lock of a process that is killed, and the next training takes the file away. A new folder in
    which nothing was written goes, too.
    """
    path, is_new = folder / ".lock", not folder.exists()
    if not fcntl:
        with locked(path):
            yield
        return
    file = _lock_folder(path, report)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
        file.close()
        if is_new:
            with suppress(OSError):     # it isn't empty
                folder.rmdir()


def _lock_folder(path, report):
    """Open and lock the file `path`; the lock ends when the file is closed."""
    said = False
    while True:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = open(path, "ab")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if not said:
                report(f"another training uses {path.parent}; this one waits until it has ended")
                said = True
            fcntl.flock(file, fcntl.LOCK_EX)
        except OSError:
            return file     # a file system without locks: as if there were one training
        try:
            if os.path.samestat(os.fstat(file.fileno()), path.stat()):
                return file
        except FileNotFoundError:
            pass
        file.close()        # the training before has taken this file away: lock the next one
