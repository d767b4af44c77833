"""The command `numpyzf`, which is also `python -m numpyzf`."""
import sys


def main():
    """Run the command of the command line; returns the exit status, see cli.main."""
    try:
        from . import cli       # NumPy and Numba with it, which takes a second or two
    except KeyboardInterrupt:
        print("\ninterrupted", file=sys.stderr)
        return 130
    return cli.main()


if __name__ == "__main__":
    sys.exit(main())
