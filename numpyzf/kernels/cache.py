"""Where compiled kernels are kept: Numba's cache on disk, in a folder for these very sources.

Numba looks for changes only in the file of the kernel that it has stored. But kernels use functions
of other files, which are compiled into them. So the folder is named by a hash of all files here:
after any edit, all kernels are compiled anew. And Numba takes its cache for granted; here, what
can't be read is compiled again, and what can't be stored is said in one line.
"""
import contextlib
import hashlib
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

import numba
from numba import config
from numba.core.caching import FunctionCache

UNUSED = 30 * 24 * 3600     # seconds: a folder that no start has used for so long is removed


def say(text):
    """Print a line on stderr, if it can be: a windowed program has none."""
    try:
        if sys.stderr is not None:
            print(f"numpyzf: {text}", file=sys.stderr, flush=True)
    except (OSError, ValueError):       # closed: no reason to stop
        pass


def njit(cache=False, **options):
    """Numba's njit, used in the same way: as a decorator, njit(nogil=True, cache=True).

    cache: whether to keep what is compiled in FOLDER.
    options: Numba's.
    """
    def compiled(function):
        kernel = numba.njit(**options)(function)
        if cache and FOLDER and not config.DISABLE_JIT:
            # a FunctionCache asks this setting once, when it is made
            chosen, config.CACHE_DIR = config.CACHE_DIR, str(FOLDER)
            try:
                kernel._cache = _Cache(function)
            except RuntimeError:            # Numba finds no way to keep this function: don't
                pass
            finally:
                config.CACHE_DIR = chosen
        return kernel
    return compiled


class _Cache(FunctionCache):
    """Numba's cache of one kernel. It is never the reason that a kernel can't be used."""

    told = False

    def load_overload(self, sig, target_context):
        """Called by Numba before it compiles. Returns None for what must be compiled."""
        try:
            return super().load_overload(sig, target_context)
        except Exception:       # a file cut short: EOFError; a damaged one: any error
            try:
                self.flush()    # begin anew
            except OSError:
                pass            # save_overload will say so
            return None

    def save_overload(self, sig, data):
        """Called by Numba when it has compiled."""
        try:
            super().save_overload(sig, data)
        except Exception as error:      # a full disk: OSError; an index that can't be read: any
            if not _Cache.told:
                _Cache.told = True
                reason = getattr(error, "strerror", None) or error
                say(f"compiled kernels can't be stored in {FOLDER} ({reason}), so the next start "
                    "compiles them again; free some space, or set NUMBA_CACHE_DIR to another "
                    "folder")


def find_folder():
    """The folder for compiled kernels: the first one that can be written to, or None.

    The places are those of Numba: $NUMBA_CACHE_DIR, __pycache__ beside this file, the user's cache.
    """
    here = Path(__file__).parent
    sources = hashlib.sha256()
    for path in sorted(here.glob("*.py")):
        sources.update(path.name.encode() + path.read_bytes())
    places = [here / "__pycache__"]
    if config.CACHE_DIR:
        places.insert(0, Path(config.CACHE_DIR))
    home = os.path.expanduser("~")
    user = os.environ.get("XDG_CACHE_HOME") or os.path.join(home, ".cache")
    if os.path.isabs(user):             # "~" stays as it is where a user has no home
        places.append(Path(user, "numpyzf"))
    for place in places:
        folder = place.absolute() / f"kernels-{sources.hexdigest()[:16]}"
        try:
            if not folder.is_dir():
                _remove_unused(place)
                folder.mkdir(parents=True, exist_ok=True)
            tempfile.TemporaryFile(dir=folder).close()
            os.utime(folder)
            return folder
        except OSError:
            pass
    return None


def _remove_unused(place):
    """Remove the folders of earlier sources that no start has used lately."""
    for old in place.glob("kernels-*"):
        with contextlib.suppress(OSError):      # another process has removed it
            if time.time() - old.stat().st_mtime > UNUSED:
                shutil.rmtree(old)


FOLDER = find_folder()
