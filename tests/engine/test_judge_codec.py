"""Plain data pass between the judge and a submission as they are, and hostile messages end at decoding."""

from __future__ import annotations

import collections
import datetime
import decimal
import fractions
import json
import pathlib
import random
import socket
import string
import struct
import sys

import numpy as np
import pandas as pd
import pytest

from autograder.judge.codec import DEPTH, Decoder, Encoder
from autograder.judge.errors import NotData, Undecodable
from autograder.judge.fingerprint import fingerprint
from autograder.judge.link import Link, LinkLost


class Nothing:
    """Knows of nothing but data."""

    def refer(self, value, encoder, depth):
        raise NotData(type(value).__name__)

    def resolve(self, packed, decoder, depth):
        raise Undecodable(str(packed))

    def module(self, name):
        return sys.modules[name]

    def named_tuple(self, name, fields):
        return collections.namedtuple(name, fields)


def passed(value):
    """Return a value as it arrives."""
    packet = Encoder(Nothing()).packet(value)
    return Decoder(Nothing(), packet.blobs).decode(json.loads(json.dumps(packet.json)))


VALUES = [
    None, True, 0, -7, 2**70, -(2**53), 0.1, -0.0, float("inf"), 3 + 4j, "", "ä\ud800", b"\x00\xff", bytearray(b"x"),
    [], [1, [2, (3,)]], (), (1, "a"), {}, {1: "a", (2, 3): [4]}, {1, 2}, frozenset({"a"}), range(0, 10**18, 3),
    slice(1, None, 2), ..., int, ValueError, type(None), collections.Counter("aab"), collections.OrderedDict(b=1, a=2),
    collections.deque([1, 2], 5), datetime.datetime(2024, 2, 29, 12, 30, tzinfo=datetime.UTC),
    datetime.date(2024, 2, 29), datetime.time(1, 2, 3), datetime.timedelta(1, 2, 3), decimal.Decimal("1.10"),
    fractions.Fraction(1, 3), pathlib.Path("a/b"), math := __import__("math"), np.float32(0.1), np.int8(-3),
    np.datetime64("2024-02-29"), np.dtype("<f8"), pd.Timestamp("2024-02-29", tz="Europe/Berlin"), pd.Timedelta("1h"),
    pd.NaT, pd.NA,
]  # fmt: skip


@pytest.mark.parametrize("value", VALUES, ids=lambda value: f"{type(value).__name__}-{str(value)[:20]!a}")
@pytest.mark.promise("values")
def test_data_arrive_as_they_are(value):
    arrived = passed(value)
    assert type(arrived) is type(value)
    assert arrived is value or arrived == value
    assert repr(arrived) == repr(value)


def test_nan_arrives_as_nan():
    assert repr(passed([float("nan"), np.float64("nan")])) == repr([float("nan"), np.float64("nan")])


def test_a_defaultdict_keeps_its_factory():
    arrived = passed(collections.defaultdict(list, a=[1]))
    arrived["b"].append(2)
    assert arrived == {"a": [1], "b": [2]}


ARRAYS = [
    np.arange(6).reshape(2, 3), np.array([]), np.array(3.5), np.zeros((0, 3)), np.array(["a", "bc"]),
    np.array([True, False]), np.array([1 + 2j]), np.array(["2024-01-01"], dtype="datetime64[D]"),
    np.array([1, "a", None], dtype=object), np.asfortranarray(np.arange(6).reshape(2, 3)), np.array([b"x"]),
]  # fmt: skip


@pytest.mark.parametrize("array", ARRAYS, ids=lambda array: f"{array.dtype}{array.shape}")
def test_arrays_arrive_as_they_are(array):
    arrived = passed(array)
    assert (arrived.dtype, arrived.shape) == (array.dtype, array.shape)
    assert np.array_equal(arrived, array)
    assert arrived.flags.writeable


FRAME = pd.DataFrame(
    {
        "n": [1, 2, 3],
        "x": [0.5, np.nan, 2.0],
        "s": ["u", None, "w"],
        "t": pd.to_datetime(["2024-01-01", "2024-01-02", "NaT"]),
        "o": [[1], {"a": 2}, None],
    }
)


@pytest.mark.parametrize(
    "frame", [FRAME, FRAME.set_index("s"), FRAME.set_index(["n", "x"]), FRAME.iloc[:0], FRAME[["n", "n"]], FRAME.T],
    ids=["plain", "index", "levels", "empty", "twice", "turned"],
)  # fmt: skip
def test_frames_arrive_as_they_are(frame):
    pd.testing.assert_frame_equal(passed(frame), frame)


def test_series_and_indexes_arrive_as_they_are():
    pd.testing.assert_series_equal(passed(FRAME["x"]), FRAME["x"])
    pd.testing.assert_index_equal(passed(pd.RangeIndex(2, 9, 3, name="r")), pd.RangeIndex(2, 9, 3, name="r"))


def test_one_object_stays_one_object():
    inner = [1]
    first, second = passed([inner, inner])
    assert first is second
    circle = [1]
    circle.append(circle)
    arrived = passed(circle)
    assert arrived[1] is arrived


class Sly(int):
    """Equals everything."""

    def __eq__(self, other):
        return True

    __hash__ = int.__hash__


@pytest.mark.parametrize(
    "value",
    [
        Sly(3),
        np.ma.array([1], mask=[True]),
        __import__("unittest.mock").mock.ANY,
        pytest.approx(1),
        lambda: 1,
        object(),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_is_more_than_data_does_not_pass_as_data(value):
    for wrapped in (value, [value], {"a": value}):
        with pytest.raises(NotData):
            passed(wrapped)


def test_deep_nests_do_not_pass():
    nest = []
    for _ in range(DEPTH + 2):
        nest = [nest]
    with pytest.raises(NotData, match="too deeply"):
        passed(nest)


HOSTILE = {
    "unknown": {"t": "function", "h": 1},
    "no kind": {"x": 1},
    "bare list": [1],
    "decimal bomb": {"t": "Decimal", "v": "1E999999999"},
    "long integer": {"t": "int", "v": "0x" + "f" * 200_000},
    "foreign module": {"t": "module", "v": "antigravity"},
    "code as a type": {"t": "type", "v": "eval"},
    "object array of bytes": {"t": "array", "d": "|O", "s": [1], "b": 0},
    "wrong shape": {"t": "array", "d": "<f8", "s": [10**12], "b": 0},
    "negative shape": {"t": "array", "d": "<f8", "s": [-1, -1], "b": 0},
    "no such blob": {"t": "bytes", "b": 7},
    "unhashable key": {"t": "dict", "v": [[{"t": "list", "v": []}, 1]]},
    "pair of three": {"t": "dict", "v": [[1, 2, 3]]},
    "no such object": {"t": "same", "n": 5},
    "void scalar": {"t": "scalar", "d": "V8", "b": 0},
    "bad date": {"t": "date", "v": "never"},
    "exception that is none": {"t": "exception", "c": "int", "v": [[]]},
}  # fmt: skip


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.promise("values")
def test_hostile_data_are_refused(data):
    with pytest.raises(Undecodable):
        Decoder(Nothing(), [bytes(8)]).decode(data)


@pytest.mark.promise("values")
def test_noise_raises_nothing_else():
    """Whatever is changed in a message, it is decoded or refused."""
    noise = random.Random(1)
    text = json.dumps(Encoder(Nothing()).packet([VALUES[:20], FRAME[["n", "x", "s"]], ARRAYS[0]]).json)
    blobs = Encoder(Nothing()).packet(FRAME[["n", "x"]]).blobs
    refused = 0
    for _ in range(2000):
        place = noise.randrange(len(text))
        changed = text[:place] + noise.choice(string.printable) + text[place + noise.randrange(3) :]
        try:
            data = json.loads(changed)
        except ValueError:
            continue
        try:
            Decoder(Nothing(), blobs).decode(data)
        except Undecodable:
            refused += 1
    assert refused > 100


@pytest.mark.parametrize(
    "message",
    [struct.pack("!QI", 2**40, 0), struct.pack("!QI", 2, 2**31), struct.pack("!QIQ", 2, 1, 2**60),
     struct.pack("!QI", 3, 0) + b"{]}", struct.pack("!QI", 200_000, 0) + b"[" * 200_000],
    ids=["long", "many", "large", "no-json", "deep"],
)  # fmt: skip
def test_a_message_that_is_none_is_refused(message):
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(message)
        with pytest.raises(Undecodable):
            Link(ours).receive()


def test_a_message_that_breaks_off_is_lost():
    ours, theirs = socket.socketpair()
    with ours:
        with theirs:
            theirs.sendall(struct.pack("!QI", 100, 0) + b"{")
        with pytest.raises(LinkLost):
            Link(ours).receive()


def test_fingerprints_tell_changed_data_code_and_methods():
    def make(body: str) -> dict:
        names: dict = {}
        exec(body, names)
        return names

    sources = ["f = [1, 2]", "f = [1, 3]", "def f(): return 1", "def f(): return 2", "def f(a=1): return 1",
               "class f:\n def m(self): return 1", "class f:\n def m(self): return 2", "class f:\n pass"]  # fmt: skip
    prints = [fingerprint(make(source)["f"]) for source in sources]
    assert len(set(prints)) == len(sources)
    assert prints == [fingerprint(make(source)["f"]) for source in sources]
