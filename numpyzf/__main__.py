"""The command `numpyzf`, which is also `python -m numpyzf`."""
import atexit
import os
import signal
import sys
from contextlib import suppress

# Ctrl-C, kill or a batch system, a closed terminal; Windows has no SIGHUP.
SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP")
           if hasattr(signal, name)]

def main():
    """Run the command of the command line; returns the exit status, see cli.main."""
    before = _take(dict.fromkeys(SIGNALS, _leave))
    try:
        from . import cli       # NumPy and Numba with it, which takes a second or two
    except ValueError as error:
        if os.environ.get("NUMPYZF_TRACEBACK"):
            raise
        text = str(error).rstrip(".")
        settings = [f"{name}={value}" for name, value in os.environ.items() if "NUMBA" in name]
        hint = f"; Numba's settings in the environment are {' '.join(settings)}" if settings else ""
        print(f"numpyzf: could not start: {text}{hint}", file=sys.stderr or sys.stdout)
        return 2
    _take(before)
    # Python's own end takes a moment, too. Then all is done, and a signal comes too late.
    atexit.register(_take, dict.fromkeys(SIGNALS, signal.SIG_IGN))
    try:
        return cli.main()
    except KeyboardInterrupt:   # another Ctrl-C, while cli.main was ending after a first one
        return 130


def _take(handlers):
    """Set what signals do, {number: handler}, unless someone has switched them off.

    Returns what they did before. In a thread of a host program, which may not set it: nothing.
    """
    before = {}
    with suppress(ValueError):
        for number, handler in handlers.items():
            if signal.getsignal(number) not in (signal.SIG_IGN, None):
                before[number] = signal.signal(number, handler)
    return before


def _leave(number, frame):
    """End the process now: nothing has begun that could be left half done.

    A KeyboardInterrupt would not do. An import turns it into other errors, or loses it.
    """
    with suppress(OSError):     # there may be no stderr
        os.write(2, b"\ninterrupted\n")
    os._exit(128 + number)


if __name__ == "__main__":
    sys.exit(main())
