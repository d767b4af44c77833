"""The gradients that PyTorch computed, tests/reference/gradients.npz, and how close is equal.

To make them again, or after adding an operation to the script:

    python tests/reference/make_gradients.py
"""
from pathlib import Path

import numpy as np
import pytest

REFERENCE = {}
with np.load(Path(__file__).parent / "reference" / "gradients.npz", allow_pickle=False) as file:
    for entry in set(file.files) - {"versions"}:
        case, name = entry.split("/")
        value = file[entry]
        REFERENCE.setdefault(case, {})[name] = value if value.ndim else value.item()


def cases_of(operation):
    """Run a test for each stored case of an operation, whose name begins with it."""
    cases = sorted(case for case in REFERENCE if case.split()[0] == operation)
    return pytest.mark.parametrize("case", cases)


def assert_equal_to_reference(case, **results):
    """Results by name: what is stored of this case under the same names."""
    for name, actual in results.items():
        assert_close(actual, np.asarray(REFERENCE[case][name]), name)


def assert_close(actual, expected, name):
    """The largest difference is at most 1e-10 of the largest value."""
    assert np.shape(actual) == expected.shape, name
    atol = 1e-10 * np.abs(expected).max()
    np.testing.assert_allclose(actual, expected, rtol=0, atol=atol, err_msg=name)
