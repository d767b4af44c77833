"""Messages as bytes: what is written by hand is read, and what is damaged is refused."""
import numpy as np
import pytest

from numpyzf.exchange import messages, wire

FIELDS = {1: ("number", "int"), 2: ("name", "text"), 3: ("ints", ["int"]), 4: ("half", "float"),
          5: ("floats", "four"), 6: ("longs", "varints"), 7: ("doubles", "eight"),
          8: ("inner", {1: ("a", "int"), 2: ("b", "int")}), 9: ("many", [{1: ("a", "int")}]),
          10: ("raw", "bytes"), 11: ("names", ["text"])}


def read(text):
    """Read bytes that are given in hexadecimal."""
    return wire.read(memoryview(bytes.fromhex(text)), FIELDS)


@pytest.mark.small
@pytest.mark.parametrize("text, expected", [
    ("", {}),
    ("08 96 01", {"number": 150}),                              # the encoding guide's own example
    ("08 ff ff ff ff ff ff ff ff ff 01", {"number": -1}),       # two's complement, ten bytes
    ("08 01 08 02", {"number": 2}),                             # of two the last counts
    ("12 07 74 65 73 74 69 6e 67", {"name": "testing"}),
    ("1a 03 01 96 01", {"ints": [1, 150]}),                     # packed
    ("18 01 18 96 01", {"ints": [1, 150]}),                     # not packed
    ("18 01 1a 02 02 03 18 04", {"ints": [1, 2, 3, 4]}),        # both
    ("25 00 00 00 3f", {"half": 0.5}),
    ("f8 7f 05 08 01", {"number": 1}),                          # field 2047 is skipped
    ("92 7d 02 ff ff 95 7d 00 00 00 00 91 7d 00 00 00 00 00 00 00 00 08 01", {"number": 1}),
    ("42 02 08 01 42 02 10 02", {"inner": {"a": 1, "b": 2}}),   # one message, in two parts
    ("4a 02 08 01 4a 00", {"many": [{"a": 1}, {}]}),
    ("5a 01 61 5a 00", {"names": ["a", ""]}),
])
def test_bytes_written_by_hand(text, expected):
    assert read(text) == expected


@pytest.mark.small
def test_numbers_come_as_if_packed():
    assert bytes(read("2a 04 00 00 00 3f")["floats"]) == np.float32([0.5]).tobytes()
    assert bytes(read("2d 00 00 00 3f 2d 00 00 80 3f")["floats"]) == np.float32([.5, 1]).tobytes()
    assert bytes(read("39 00 00 00 00 00 00 e0 3f")["doubles"]) == np.float64([0.5]).tobytes()
    assert wire.varints(read("32 02 05 06 30 96 01")["longs"]).tolist() == [5, 6, 150]
    assert read("32 01 ff 30 05")["longs"] == bytearray(b"\xff\x05")     # as they stand there


@pytest.mark.small
def test_weights_are_not_copied():
    data = bytes.fromhex("52 04 01 02 03 04")
    raw = wire.read(memoryview(data), FIELDS)["raw"]
    assert raw.obj is data and bytes(raw) == data[2:]


@pytest.mark.small
@pytest.mark.parametrize("text, words", [
    ("08", "cut short within a number"),
    ("08 80 80", "cut short within a number"),
    ("08 ff ff ff ff ff ff ff ff ff ff 01", "longer than its ten bytes"),
    ("08 ff ff ff ff ff ff ff ff ff 02", "longer than its ten bytes"),      # 2⁶⁴ and more
    ("12 05 61", "5 bytes where 1 are left"),
    ("12 ff ff ff ff ff ff ff ff ff 01", "bytes where 0 are left"),
    ("25 00 00", "4 bytes where 2 are left"),
    ("39 00", "8 bytes where 1 are left"),
    ("0b 08 01 0c", "type 3"),                                  # a group, which ONNX never had
    ("0f", "type 7"),
    ("02 00", "number 0"),
    ("0a 01 00", "number has type 2 in place of 0"),
    ("10 05", "name has type 0 in place of 2"),
    ("12 02 ff fe", "name is no text"),
    ("2a 03 00 00 00", "no whole number of values"),
    ("1a 01 80", "cut short"),
    ("1a 0b 80 80 80 80 80 80 80 80 80 80 01", "longer than its ten bytes"),
    ("42 02 08", "2 bytes where 1 are left"),
    ("42 01 08", "cut short within a number"),                  # in the message inside
])
def test_damaged_bytes_are_refused(text, words):
    with pytest.raises(ValueError, match=words):
        read(text)


@pytest.mark.small
def test_a_file_of_nothing_but_fields_is_refused():
    """Two bytes of a file would become a dictionary of 64 and more, five million times."""
    with pytest.raises(ValueError, match="more than 300,000 fields"):
        wire.read(memoryview(b"\x4a\x00" * 400_000), FIELDS)
    with pytest.raises(ValueError, match="no model needs"):
        wire.read(memoryview(b"\x1a" + wire.varint(400_000) + bytes(400_000)), FIELDS)


@pytest.mark.small
def test_many_varints_at_once():
    rng = np.random.default_rng(0)
    numbers = rng.integers(-2 ** 63, 2 ** 63 - 1, 70_000) >> rng.integers(0, 63, 70_000)
    data = b"".join(map(wire.varint, numbers))
    assert len(data) > 3 * wire.BLOCK       # numbers lie across the blocks' edges
    assert (wire.varints(data) == numbers).all()
    assert wire.count_varints(data) == len(numbers)
    with pytest.raises(ValueError, match="cut short"):
        wire.varints(data + b"\x80")
    with pytest.raises(ValueError, match="longer than its ten bytes"):
        wire.varints(b"\x80" * wire.BLOCK + b"\x01")


@pytest.mark.small
def test_what_is_written_is_read_again():
    values = {"number": -5, "name": "é", "ints": [1, -1, 300], "half": 0.25, "inner": {"a": 7},
              "many": [{"a": 1}, {}], "names": ["a", ""]}
    data = b"".join(wire.write(values, FIELDS))
    assert wire.read(memoryview(data), FIELDS) == values
    few = wire.write({"name": None, "ints": [], "number": 150}, FIELDS)
    assert b"".join(few) == b"\x08\x96\x01"
    with pytest.raises(ValueError, match="has no nombre"):
        wire.write({"nombre": 1}, FIELDS)


@pytest.mark.small
def test_a_weight_is_written_from_where_it_is():
    w = np.arange(6, dtype=np.float32).reshape(2, 3)
    pieces = wire.write({"raw_data": w, "dims": [2, 3]}, messages.TENSOR)
    w[0, 0] = 9
    assert w.tobytes() in b"".join(pieces)
    assert b"".join(wire.write({"raw_data": w[:0]}, messages.TENSOR)) == b"\x4a\x00"
