"""Jupyter's messages over a socket pair: whole, from several processes at once, and whatever nonsense comes."""

from __future__ import annotations

import os
import resource
import socket
import struct
import threading

import pytest

from autograder.kernels.packets import ConnectionEnded, PacketSocket, TooMuchTraffic, can_be_read


@pytest.fixture
def ends():
    one, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with one, other:
        yield one, other


def receive(packets: PacketSocket) -> list[bytes]:
    while (message := packets.receive()) is None:
        pass
    return message


@pytest.mark.parametrize(
    "frames", [[], [b""], [b"<IDS|MSG>", b"", b"{}"], [b"x" * 65536], [bytes(range(256)) * 1000, b"", b"end"]]
)
def test_a_message_arrives_as_it_was_sent(ends, frames):
    sender = threading.Thread(target=PacketSocket(ends[0]).send, args=(frames,))
    sender.start()
    assert receive(PacketSocket(ends[1])) == frames
    sender.join()


def test_open_files_may_have_large_numbers(ends):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4096), hard))
    try:
        with socket.socket(fileno=os.dup2(ends[0].fileno(), 2000)) as high:
            assert not can_be_read(high, 0.01)
            ends[1].send(b"x")
            assert can_be_read(high, None)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_what_was_sent_before_the_other_end_closed_arrives_also_if_that_has_not_read_everything(ends):
    mine, theirs = map(PacketSocket, ends)
    mine.send([b"a question"])
    theirs.send([b"the last words"])
    theirs.close()
    assert receive(mine) == [b"the last words"]
    with pytest.raises(ConnectionEnded):
        mine.receive()


def test_long_messages_of_several_processes_and_threads_do_not_mix(ends):
    packets = PacketSocket(ends[0])
    texts = [letter.encode() * 300_000 for letter in "abcdef"]
    children = []
    for text in texts[:3]:
        if (pid := os.fork()) == 0:
            packets.send([text])
            os._exit(0)
        children.append(pid)
    threads = [threading.Thread(target=packets.send, args=([text],)) for text in texts[3:]]
    for thread in threads:
        thread.start()
    reader = PacketSocket(ends[1])
    found = sorted(receive(reader) for _ in texts)
    assert found == [[text] for text in texts]
    for thread in threads:
        thread.join()
    assert [os.waitpid(pid, 0)[1] for pid in children] == [0, 0, 0]


@pytest.mark.parametrize(
    "packet",
    [
        b"x",
        struct.pack("!I??", 1, True, True),
        struct.pack("!I??I", 1, True, True, 2**31),
        struct.pack("!I??IQ", 1, True, True, 1, 2**62),
        struct.pack("!I??IQ", 1, True, True, 1, 1) + b"ab",
        struct.pack("!I??IQ", 1, True, True, 2, 1) + b"a",
    ],
    ids=["no head", "nothing", "too many frames", "too large a frame", "more than its frames", "less than its frames"],
)
def test_nonsense_is_an_error_and_the_next_message_is_read(ends, packet):
    ends[0].send(packet)
    reader = PacketSocket(ends[1])
    with pytest.raises(ValueError, match="message|head"):
        reader.receive()
    PacketSocket(ends[0]).send([b"good"])
    assert reader.receive() == [b"good"]


def test_no_more_is_received_than_allowed(ends):
    PacketSocket(ends[0]).send([b"x" * 2000])
    with pytest.raises(TooMuchTraffic, match="more than 0.002 MB"):
        PacketSocket(ends[1], limit=2000).receive()


def test_many_small_packets_are_not_kept(ends):
    reader = PacketSocket(ends[1], limit=3000)
    for sender in range(3):
        ends[0].send(struct.pack("!I??", sender, True, False))
        assert reader.receive() is None
    ends[0].send(struct.pack("!I??", 3, True, False))
    with pytest.raises(TooMuchTraffic):
        reader.receive()


def test_a_message_that_was_interrupted_spoils_no_other(ends):
    class Interrupted(PacketSocket):
        def send(self, parts):
            cut = struct.pack("!I??", os.getpid(), True, False) + b"half of a message"
            self._socket.send(cut)

    Interrupted(ends[0]).send([])
    PacketSocket(ends[0]).send([b"whole"])
    assert receive(PacketSocket(ends[1])) == [b"whole"]


def test_the_end_of_the_other_side_is_noticed(ends):
    PacketSocket(ends[0]).close()
    with pytest.raises(ConnectionEnded):
        PacketSocket(ends[1]).receive()
    with pytest.raises(BrokenPipeError):
        PacketSocket(ends[1]).send([b"x"])
