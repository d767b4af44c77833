"""What all tests of the data share: a cache of their own, and a check of error messages."""
from contextlib import contextmanager

import pytest

from numpyzf.data import fashion


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """An empty cache folder that is not there yet, and no Debian package."""
    monkeypatch.setenv("NUMPYZF_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(fashion, "DEBIAN", tmp_path / "no-such-package")
    return tmp_path / "cache"


@pytest.fixture
def refuses():
    """refuses(kind, *words): the block must raise just this kind of error.

    Its message must be one line and have all the words.
    """
    @contextmanager
    def check(kind, *words):
        with pytest.raises(kind) as caught:
            yield
        assert type(caught.value) is kind
        message = str(caught.value)
        assert "\n" not in message
        for word in words:
            assert str(word) in message
    return check
