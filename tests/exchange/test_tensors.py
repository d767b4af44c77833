"""Tensors of every type, and numbers in another file: in the model's folder, and nowhere else."""
import os

import numpy as np
import pytest

from numpyzf.exchange import messages, tensors, wire
from numpyzf.exchange.messages import (BFLOAT16, BOOL, DOUBLE, EXTERNAL, FLOAT, FLOAT16, INT8,
                                       INT32, INT64, UINT8)

NUMBERS = [-2.0, 0.0, 1.5, 100.0, 0.25, -7.0]


def array(folder=None, **fields):
    return tensors.array({"name": "w", **fields}, folder)


def packed(values):
    return b"".join(map(wire.varint, values))


@pytest.mark.small
@pytest.mark.parametrize("kind, dtype", [(FLOAT, "<f4"), (DOUBLE, "<f8"), (FLOAT16, "<f2")])
def test_floats_as_raw_data(kind, dtype):
    raw = np.array(NUMBERS, dtype).tobytes()
    got = array(dims=[2, 3], data_type=kind, raw_data=raw)
    assert got.dtype == dtype and got.tolist() == np.reshape(NUMBERS, (2, 3)).tolist()
    assert np.shares_memory(got, np.frombuffer(raw, np.uint8))       # nothing is copied


@pytest.mark.small
@pytest.mark.parametrize("kind, dtype", [(INT64, "<i8"), (INT32, "<i4"), (INT8, "i1")])
def test_integers_in_both_ways(kind, dtype):
    values = [-3, 0, 127]
    field = "int64_data" if kind == INT64 else "int32_data"
    raw = np.array(values, dtype).tobytes()
    for fields in ({"raw_data": raw}, {field: packed(values)}):
        got = array(dims=[3], data_type=kind, **fields)
        assert got.dtype == dtype and got.tolist() == values


@pytest.mark.small
def test_bytes_and_truth():
    assert array(dims=[2], data_type=UINT8, int32_data=packed([0, 255])).tolist() == [0, 255]
    for fields in ({"raw_data": b"\1\0"}, {"int32_data": packed([1, 0])}):
        got = array(dims=[2], data_type=BOOL, **fields)
        assert got.dtype == bool and got.tolist() == [True, False]


@pytest.mark.small
def test_floats_in_lists_of_their_own():
    assert array(dims=[6], data_type=FLOAT,
                 float_data=np.array(NUMBERS, "<f4").tobytes()).tolist() == NUMBERS
    assert array(dims=[6], data_type=DOUBLE,
                 double_data=np.array(NUMBERS, "<f8").tobytes()).tolist() == NUMBERS


@pytest.mark.small
def test_half_floats_are_bit_patterns_in_a_list_of_integers():
    bits = np.array(NUMBERS, "<f2").view("<u2").tolist()
    got = array(dims=[6], data_type=FLOAT16, int32_data=packed(bits))
    assert got.dtype == np.float16 and got.tolist() == NUMBERS


@pytest.mark.small
def test_bfloat16_is_the_upper_half_of_a_float32():
    upper = (np.array(NUMBERS, "<f4").view("<u4") >> 16).astype("<u2")
    for fields in ({"raw_data": upper.tobytes()}, {"int32_data": packed(upper.tolist())}):
        got = array(dims=[6], data_type=BFLOAT16, **fields)
        assert got.dtype == np.float32 and got.tolist() == NUMBERS


@pytest.mark.small
def test_scalars_and_empty_tensors():
    assert array(data_type=FLOAT, raw_data=np.float32(2).tobytes()).shape == ()
    assert array(dims=[0, 3], data_type=FLOAT).shape == (0, 3)


@pytest.mark.small
@pytest.mark.parametrize("fields, words", [
    (dict(dims=[3], data_type=FLOAT, raw_data=bytes(8)), "needs 12 bytes, but it has 8"),
    (dict(dims=[3], data_type=FLOAT), "needs 12 bytes, but it has 0"),
    (dict(dims=[1 << 40, 1 << 40], data_type=FLOAT, raw_data=bytes(8)), "but it has 8"),
    (dict(dims=[-1, -2], data_type=FLOAT, raw_data=bytes(8)), "its shape is"),
    (dict(dims=[1] * 9, data_type=FLOAT, raw_data=bytes(4)), "its shape is"),
    (dict(dims=[2], data_type=8, raw_data=bytes(8)), "of type 8"),           # strings
    (dict(dims=[2], raw_data=bytes(8)), "of type None"),
    (dict(dims=[2], data_type=FLOAT, int32_data=bytes(2)), "type 1 and numbers as int32_data"),
    (dict(dims=[2], data_type=FLOAT, raw_data=bytes(8), float_data=bytes(8)), "raw_data and float"),
    (dict(dims=[3], data_type=INT64, int64_data=bytes(2)), "needs 3 numbers, but it has 2"),
    (dict(dims=[1], data_type=INT64, int64_data=b"\xff"), "cut short"),
])
def test_damaged_tensors_are_refused(fields, words):
    with pytest.raises(ValueError, match=f"tensor 'w': .*{words}"):
        array(**fields)


# ---- numbers in another file ---------------------------------------------------------------------

@pytest.fixture
def folder(tmp_path):
    """A model's folder with a file of six numbers, and a secret beside the folder."""
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "net.data").write_bytes(bytes(8) + np.array(NUMBERS, "<f4").tobytes())
    (tmp_path / "secret").write_bytes(np.array(NUMBERS, "<f4").tobytes())
    return folder


def outside(folder, count=6, **about):
    pairs = [{"key": key, "value": str(value)} for key, value in about.items()]
    return array(folder, dims=[count], data_type=FLOAT, data_location=EXTERNAL,
                 external_data=pairs)


@pytest.mark.small
def test_numbers_of_a_file_beside_the_model(folder):
    assert outside(folder, location="net.data", offset=8, length=24).tolist() == NUMBERS
    assert outside(folder, location="./net.data", offset=8).tolist() == NUMBERS
    assert outside(folder, 2, location="net.data", length=8).tolist() == [0, 0]
    (folder / "part").mkdir()
    (folder / "part" / "w").write_bytes(np.float32([3]).tobytes())
    assert outside(folder, 1, location="part/w").tolist() == [3]
    (folder / "link").symlink_to("net.data")                # within the folder
    assert outside(folder, location="link", offset=8).tolist() == NUMBERS


@pytest.mark.small
@pytest.mark.parametrize("location", [
    "../secret", "part/../../secret", "{root}/secret", "{root}/model/net.data", "..\\secret",
    "C:\\secret", "C:secret", "\\secret", "", "net\0.data", "..",
])
def test_no_way_leads_out_of_the_folder(folder, location):
    with pytest.raises(ValueError, match="isn't in the model's folder"):
        outside(folder, location=location.format(root=folder.parent))


@pytest.mark.small
def test_no_link_leads_out_of_the_folder(folder):
    (folder / "link").symlink_to(folder.parent / "secret")
    (folder / "up").symlink_to(folder.parent)
    (folder / "again").symlink_to("link")
    for location in ("link", "up/secret", "again"):
        with pytest.raises(ValueError, match="a link out of the model's folder"):
            outside(folder, location=location)


@pytest.mark.small
def test_a_folder_whose_name_begins_alike_is_another(folder):
    other = folder.with_name("model-2")
    other.mkdir()
    (other / "w").write_bytes(bytes(24))
    (folder / "link").symlink_to(other / "w")
    with pytest.raises(ValueError, match="a link out"):
        outside(folder, location="link")


@pytest.mark.small
@pytest.mark.parametrize("about, words", [
    (dict(location="net.data", length=28), "needs 24 bytes, but its length is 28"),
    (dict(location="net.data", offset=12), "bytes 12 to 36 of net.data, which has 32"),
    (dict(location="net.data", offset=10 ** 15), "of net.data, which has 32"),
    (dict(location="net.data", offset=-8), "its offset is '-8'"),
    (dict(location="net.data", offset="٨"), "its offset"),
    (dict(location="net.data", length="1e9"), "its length is '1e9'"),
    (dict(location="net.data", ofset=8), "it says 'location', 'ofset' of another file"),
    (dict(location="other.data"), "'other.data' is missing"),
    (dict(location="."), "no file"),
    (dict(offset=8), "''"),
])
def test_what_does_not_fit_the_other_file_is_refused(folder, about, words):
    with pytest.raises(ValueError, match=words):
        outside(folder, **about)


@pytest.mark.small
def test_a_longer_shape_than_the_other_file(folder):
    with pytest.raises(ValueError, match="which has 32"):
        outside(folder, 1 << 40, location="net.data")


@pytest.mark.small
@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
def test_a_pipe_is_not_waited_for(folder):
    os.mkfifo(folder / "pipe")
    with pytest.raises(ValueError, match="is no file"):
        outside(folder, location="pipe")


@pytest.mark.small
def test_numbers_in_two_places_are_refused(folder):
    with pytest.raises(ValueError, match="here and in another file"):
        array(folder, dims=[1], data_type=FLOAT, raw_data=bytes(4), data_location=EXTERNAL,
              external_data=[{"key": "location", "value": "net.data"}])


def test_messages_know_the_types():
    """The numbers of types are TensorProto's own."""
    onnx = pytest.importorskip("onnx")
    for name in ("FLOAT", "UINT8", "INT8", "INT32", "INT64", "BOOL", "FLOAT16", "DOUBLE",
                 "BFLOAT16"):
        assert getattr(messages, name) == getattr(onnx.TensorProto, name)
