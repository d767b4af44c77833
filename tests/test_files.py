"""A file is replaced whole, or not at all."""
import os

import pytest

from numpyzf.files import replacing


def test_the_new_file_takes_the_name_when_it_is_complete(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("earlier")
    with replacing(path) as file:
        file.write(b"later")
        file.flush()
        assert path.read_text() == "earlier"
    assert path.read_text() == "later" and os.listdir(tmp_path) == ["a.txt"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_an_error_leaves_the_earlier_one_and_nothing_beside_it(tmp_path, error):
    path = tmp_path / "a.txt"
    path.write_text("earlier")
    with pytest.raises(error), replacing(path) as file:
        file.write(b"half")
        raise error
    assert path.read_text() == "earlier" and os.listdir(tmp_path) == ["a.txt"]


def test_what_can_not_be_written_is_named(tmp_path):
    path = tmp_path / "nowhere" / "a.txt"
    with pytest.raises(OSError, match=f"^{path} could not be written .No such file or directory.; an earlier one is unchanged"):
        with replacing(path):
            pass
