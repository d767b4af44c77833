"""Where compiled kernels are kept: Numba's cache on disk, in a folder for these very sources.

Numba looks for changes only in the file of the kernel that it has stored. But kernels use functions
of other files, which are compiled into them. So the folder is named by a hash of all files here:
after any edit, all kernels are compiled anew. And Numba takes its cache for granted; here, what
can't be read is compiled again, and what can't be stored is said in one line. A folder that may
only be read, as the one of a shared installation, serves too; what it lacks is stored elsewhere.
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
from numba.core.caching import CompileResultCacheImpl, FunctionCache, UserProvidedCacheLocator

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

    cache: whether to keep what is compiled, in FOLDER, and to look for it there and in SHARED.
    options: Numba's.
    """
    def compiled(function):
        kernel = numba.njit(**options)(function)
        if cache and not config.DISABLE_JIT:
            for folder in filter(None, (*SHARED, FOLDER)):
                with contextlib.suppress(RuntimeError):     # Numba can't keep this function: don't
                    kernel._cache = _Cache(function, folder, kernel._cache)
        return kernel
    return compiled


class _Locator(UserProvidedCacheLocator):
    """Numba's, but it takes a folder that can't be written to."""

    def ensure_cache_path(self):
        with contextlib.suppress(OSError):
            os.makedirs(self.get_cache_path(), exist_ok=True)


class _Files(CompileResultCacheImpl):
    _locator_classes = [_Locator]


class _Cache(FunctionCache):
    """Numba's cache of one kernel. It is never the reason that a kernel can't be used.

    function: the kernel's.
    folder: where its files are.
    before: the cache to ask first, one of a folder that can only be read, or Numba's empty one.
    """

    _impl_class = _Files
    told = False

    def __init__(self, function, folder, before):
        # Numba asks this setting once, here
        chosen, config.CACHE_DIR = config.CACHE_DIR, str(folder)
        try:
            super().__init__(function)
        finally:
            config.CACHE_DIR = chosen
        self.before = before

    def load_overload(self, sig, target_context):
        """Called by Numba before it compiles. Returns None for what must be compiled."""
        found = self.before.load_overload(sig, target_context)
        if found is not None:
            return found
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
        if not FOLDER:
            return              # CompileLog says it
        try:
            super().save_overload(sig, data)
        except Exception as error:      # a full disk: OSError; an index that can't be read: any
            if not _Cache.told:
                _Cache.told = True
                reason = getattr(error, "strerror", None) or error
                say(f"compiled kernels can't be stored in {FOLDER} ({reason}), so the next start "
                    "compiles them again; free some space, or set NUMBA_CACHE_DIR to another "
                    "folder")


def find_folders():
    """The folders for compiled kernels: the first that can be written to, and those before it.

    The places are those of Numba: $NUMBA_CACHE_DIR, __pycache__ beside this file, the user's cache.

    Returns a folder or None, and a list of folders that are there but can only be read.
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
    shared = []
    for place in places:
        folder = place.absolute() / f"kernels-{sources.hexdigest()[:16]}"
        try:
            if not folder.is_dir():
                _remove_unused(place)
                folder.mkdir(parents=True, exist_ok=True)
            tempfile.TemporaryFile(dir=folder).close()
            os.utime(folder)
            return folder, shared
        except OSError:
            if os.path.isdir(folder):
                shared.append(folder)
    return None, shared


def _remove_unused(place):
    """Remove the folders of earlier sources that no start has used lately."""
    for old in place.glob("kernels-*"):
        with contextlib.suppress(OSError):      # another process has removed it
            if time.time() - old.stat().st_mtime > UNUSED:
                shutil.rmtree(old)


FOLDER, SHARED = find_folders()
