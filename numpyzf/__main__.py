"""`python -m numpyzf` is the command `numpyzf`."""
import sys

from .cli import main

sys.exit(main())
