"""Protocol buffers, by hand: how messages are written as bytes.

A message is a list of fields. A field is a key, (number << 3) | type, and then its value:

    type 0      a varint: seven bits a byte, the lowest first; the top bit says that more follow.
                A negative int64 is its two's complement: ten bytes
    type 1      eight bytes, little-endian
    type 2      a varint, the length, and so many bytes: text, a message, or packed numbers
    type 5      four bytes, little-endian

What a number means stands in no file: messages.py has it, as dictionaries {number: (name, kind)}.
A kind is a word, or [word] or [dictionary] for a field that may come many times, or a dictionary,
which is a message inside the message:

    word        read as                                     written from
    "int"       int                                         int
    "float"     float                                       float
    "text"      str                                         str
    "bytes"     memoryview into the file, nothing copied    bytes, memoryview, a C-contiguous array
    ["int"]     list of int; packed in the file, or not     list of int, written packed
    "four"      4-byte numbers   ) all values behind one
    "eight"     8-byte numbers   ) another, as if packed:   bytes, as read
    "varints"   varints          ) memoryview or bytearray
    dictionary  {name: value} of what is there              the same

Source: https://protobuf.dev/programming-guides/encoding/.
"""
import struct

import numpy as np

VARINT, EIGHT, BYTES, FOUR = 0, 1, 2, 5
TYPES = {"int": VARINT, "float": FOUR, "text": BYTES, "bytes": BYTES,
         "four": FOUR, "eight": EIGHT, "varints": VARINT}
# Fields that are read from one file, all messages together; PyTorch's largest nets have some tens
# of thousands. It keeps a damaged file from becoming far more objects than it has bytes.
MOST_FIELDS = 300_000
MOST_BYTES = (1 << 31) - 1      # of one message; no reader takes more
BLOCK = 1 << 16                 # bytes of varints that are decoded at a time


# ---- reading -------------------------------------------------------------------------------------

def read(view, fields):
    """Read one message. Fields that `fields` doesn't have are skipped.

    view: memoryview of its bytes.
    fields: {number: (name, kind)}, see above.
    Returns {name: value}. Of a value given twice the last one counts; of a message given twice both
    are merged. Raises ValueError for damaged bytes.
    """
    return _read(view, fields, {}, [MOST_FIELDS])


def _read(view, fields, found, left):
    """Read a message into the dictionary `found`. left: a list of one number, fields to go."""
    at = 0
    while at < len(view):
        key, at = _varint(view, at)
        number, type_ = key >> 3, key & 7
        value, at = _value(view, at, number, type_)
        if number in fields:
            left[0] -= 1
            if left[0] < 0:
                raise ValueError(f"more than {MOST_FIELDS:,} fields, which no model needs")
            name, kind = fields[number]
            found[name] = _understood(name, kind, type_, value, found.get(name), left)
    return found


def _varint(view, at):
    """The varint that begins at `at`, unsigned, and where it ends."""
    value = 0
    for i, byte in enumerate(view[at:at + 10]):
        value |= (byte & 127) << 7 * i
        if byte < 128:
            if value >> 64:
                break
            return value, at + i + 1
    raise ValueError("a number that is longer than its ten bytes" if len(view) - at >= 10
                     else "cut short within a number")


def _value(view, at, number, type_):
    """The value of a field, an int or a piece of the view, and where it ends."""
    if number == 0 or type_ not in (VARINT, EIGHT, BYTES, FOUR):
        raise ValueError(f"no field has the number {number} and the type {type_}")
    if type_ == VARINT:
        return _varint(view, at)
    if type_ == BYTES:
        size, at = _varint(view, at)
    else:
        size = 8 if type_ == EIGHT else 4
    if size > len(view) - at:
        raise ValueError(f"a field of {size:,} bytes where {len(view) - at:,} are left")
    return view[at:at + size], at + size


def _understood(name, kind, type_, value, before, left):
    """What a field's value means. before: what the same field said earlier, or None."""
    many = isinstance(kind, list)
    word = kind[0] if many else kind
    if isinstance(word, dict):
        _check_type(name, type_, BYTES)
        if many:
            return _added(before, _read(value, word, {}, left))
        return _read(value, word, {} if before is None else before, left)
    if word in ("four", "eight", "varints"):
        return _joined(name, word, type_, value, before)
    if word == "int" and many and type_ == BYTES:       # packed
        left[0] -= len(value)
        if left[0] < 0:
            raise ValueError(f"{name} has {len(value):,} bytes, which no model needs")
        before = [] if before is None else before
        before += varints(value).tolist()
        return before
    _check_type(name, type_, TYPES[word])
    value = _simple(name, word, value)
    return _added(before, value) if many else value


def _added(before, value):
    """The list `before`, or a new one, with one more value."""
    if before is None:
        before = []
    before.append(value)
    return before


def _check_type(name, type_, expected):
    if type_ != expected:
        raise ValueError(f"{name} has type {type_} in place of {expected}")


def _simple(name, word, value):
    if word == "int":
        return value - (1 << 64) if value >> 63 else value
    if word == "float":
        return struct.unpack("<f", value)[0]
    if word == "text":
        try:
            return str(value, "utf-8")
        except UnicodeDecodeError:
            raise ValueError(f"{name} is no text: {bytes(value[:20])!r}") from None
    return value


def _joined(name, word, type_, value, before):
    """Numbers as if all were packed: one piece stays where it is, more go into a bytearray."""
    if type_ == VARINT and word == "varints":
        value = varint(value)
    elif type_ != BYTES:
        _check_type(name, type_, TYPES[word])
    elif word != "varints" and len(value) % (4 if word == "four" else 8):
        raise ValueError(f"{name} has {len(value):,} bytes, no whole number of values")
    if before is None:
        return value
    before = before if isinstance(before, bytearray) else bytearray(before)
    before += value
    return before


def count_varints(data):
    """How many varints packed bytes hold; ValueError if the last one is cut short."""
    data = np.frombuffer(data, np.uint8)
    if len(data) and data[-1] > 127:
        raise ValueError("cut short within a number")
    return sum(int(np.count_nonzero(data[i:i + BLOCK] < 128)) for i in range(0, len(data), BLOCK))


def varints(data, dtype=np.int64):
    """Decode packed varints.

    data: bytes, memoryview or bytearray.
    dtype: integers, the low bits of each number.
    Returns an array. Raises ValueError for a number that is cut short or too long.
    """
    out = np.empty(count_varints(data), dtype)
    data, at, done = np.frombuffer(data, np.uint8), 0, 0
    while at < len(data):
        block = data[at:at + BLOCK]
        ends = np.flatnonzero(block < 128)              # each number's last byte
        if not len(ends):
            raise ValueError("a number that is longer than its ten bytes")
        block = block[:ends[-1] + 1]
        starts = np.concatenate([[0], ends[:-1] + 1])
        lengths = ends - starts + 1
        if lengths.max() > 10 or (block[ends[lengths == 10]] > 1).any():
            raise ValueError("a number that is longer than its ten bytes")
        values = np.zeros(len(ends), np.uint64)
        for i in range(lengths.max()):                  # the i-th byte of all that have one
            those = lengths > i
            digits = (block[starts[those] + i] & 127).astype(np.uint64)
            values[those] |= digits << np.uint64(7 * i)
        out[done:done + len(ends)] = values.astype(np.int64).astype(dtype)
        at, done = at + len(block), done + len(ends)
    return out


# ---- writing -------------------------------------------------------------------------------------

def write(values, fields):
    """Make the bytes of one message.

    values: {name: value}, see above; None and [] are left out.
    fields: {number: (name, kind)}; they are written in this order.
    Returns a list of bytes and memoryviews, which one behind another are the message: a file's
    writelines takes it, and no weight is copied. Raises ValueError for a name that `fields` doesn't
    have, or a message of more than 2 GB, which no reader takes.

    >>> b"".join(write({"op_type": "Relu"}, {4: ("op_type", "text")}))
    b'"\\x04Relu'
    """
    unknown = set(values) - {name for name, _ in fields.values()}
    if unknown:
        raise ValueError(f"a message that has no {', '.join(sorted(unknown))}")
    pieces = []
    for number, (name, kind) in fields.items():
        value = values.get(name)
        if isinstance(kind, list) and kind != ["int"]:
            for one in [] if value is None else value:
                pieces += _field(number, kind[0], one)
        elif value is not None and (kind != ["int"] or len(value)):
            pieces += _field(number, kind, value)
    return pieces


def _field(number, kind, value):
    """The pieces of one field."""
    if kind == "int":
        return [varint(number << 3 | VARINT), varint(value)]
    if kind == "float":
        return [varint(number << 3 | FOUR), struct.pack("<f", value)]
    if kind == ["int"]:
        pieces = [b"".join(map(varint, value))]
    elif kind == "text":
        pieces = [value.encode()]
    elif isinstance(kind, dict):
        pieces = write(value, kind)
    else:
        view = memoryview(value)
        pieces = [view.cast("B") if view.nbytes else b""]
    size = sum(map(len, pieces))
    if size > MOST_BYTES:
        raise ValueError(f"a message of {size:,} bytes; a reader takes {MOST_BYTES:,} at most")
    return [varint(number << 3 | BYTES), varint(size), *pieces]


def varint(value):
    """The bytes of one varint.

    >>> varint(300), len(varint(-1))
    (b'\\xac\\x02', 10)
    """
    value = int(value) & (1 << 64) - 1          # two's complement
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)
