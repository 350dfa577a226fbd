"""The TCP and the UDP echo server."""

import asyncio
import hashlib
import random
import select
import signal
import socket
import sys
import threading
import unittest

from programs import (PATIENCE, Server, TestCase, is_closed, main, read_all, read_exactly, run,
                      wait_until)

TCP_ECHO, UDP_ECHO = sys.argv[1:3]
IS_LINUX = sys.platform.startswith("linux")


def write_until_blocked(stream, limit):
    """What it takes while nobody reads, at most `limit` bytes."""
    chunk = 1 << 16
    sent = 0
    while sent < limit and select.select([], [stream], [], 0.3)[1]:
        sent += stream.send(bytes(min(chunk, limit - sent)))
    return sent


class Tcp(TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(Server(TCP_ECHO))

    def test_echoes(self):
        with self.server.connect() as stream:
            for text in (b"a", b"hello", 1000 * b"x"):
                stream.sendall(text)
                self.assertEqual(read_exactly(stream, len(text)), text)

    def test_echoes_much(self):
        data = random.Random(1).randbytes(20_000_000)
        with self.server.connect() as stream:
            sender = threading.Thread(target=stream.sendall, args=[data])
            sender.start()
            received = read_exactly(stream, len(data))
            sender.join()
        self.assertEqual(hashlib.sha256(received).digest(), hashlib.sha256(data).digest())

    def test_echoes_what_came_before_the_end(self):
        def send(stream, size):
            stream.sendall(bytes(size))
            stream.shutdown(socket.SHUT_WR)

        # By turns of less than its buffer's size, so that with one of them the end arrives when it
        # has a full socket before it and still something to write.
        for size in (1, 300_000, *range(2_000_000, 4_500_000, 50_000)):
            with socket.socket() as stream:
                stream.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                stream.connect(self.server.address)
                sender = threading.Thread(target=send, args=[stream, size])
                sender.start()
                sender.join(0.02)
                self.assertEqual(len(read_all(stream)), size)
                sender.join()

    def test_does_not_read_what_is_not_taken(self):
        with Server(TCP_ECHO) as server, server.connect() as stream:
            limit = 50_000_000
            before = server.status("VmRSS") if IS_LINUX else 0
            sent = write_until_blocked(stream, limit)
            self.assertLess(sent, limit)
            if IS_LINUX:
                self.assertLess(server.status("VmRSS") - before, 8 * 1024)
            # Other clients are served meanwhile, and nothing is lost.
            with server.connect() as other:
                other.sendall(b"hello")
                self.assertEqual(read_exactly(other, 5), b"hello")
            self.assertEqual(read_exactly(stream, sent), bytes(sent))

    def test_many_clients(self):
        async def client(number):
            reader, writer = await asyncio.open_connection(*self.server.address)
            for turn in range(5):
                text = b"%d: %d\n" % (number, turn)
                writer.write(text)
                if await reader.readline() != text:
                    return False
            writer.close()
            return True

        async def all_clients():
            return await asyncio.wait_for(
                asyncio.gather(*(client(number) for number in range(300))), PATIENCE)

        self.assertTrue(all(asyncio.run(all_clients())))

    def test_survives_resets(self):
        for _ in range(20):
            with self.server.connect() as stream:
                # Closed with a reset, since there is an echo that was not read.
                stream.sendall(100_000 * b"x")
        self.test_echoes()

    @unittest.skipUnless(IS_LINUX, "needs /proc")
    def test_rests_while_out_of_descriptors(self):
        with Server(TCP_ECHO, limit_files=20) as server:
            streams = server.connect_more_than_fit(30)
            for stream in streams:
                stream.sendall(b"x")
                self.assertEqual(stream.recv(1), b"x")
                stream.close()

    def test_command_line(self):
        self.check_command_line(TCP_ECHO)
        self.assertEqual(run(TCP_ECHO, "--listen", "nowhere").returncode, 2)

    def test_address_in_use(self):
        self.check_address_in_use(TCP_ECHO)

    def test_signals_end_it(self):
        self.check_stops(TCP_ECHO)

    def test_closes_after_the_end(self):
        with self.server.connect() as stream:
            stream.shutdown(socket.SHUT_WR)
            self.assertTrue(is_closed(stream))


class Udp(TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(Server(UDP_ECHO))

    def socket(self):
        peer = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(peer.close)
        return peer

    def test_echoes_messages_of_any_size(self):
        peer = self.socket()
        for size in (0, 1, 1400, 9000, 65507):
            message = random.Random(size).randbytes(size)
            peer.sendto(message, self.server.address)
            self.assertEqual(peer.recvfrom(65536), (message, self.server.address))

    def test_answers_who_has_asked(self):
        peers = [self.socket() for _ in range(20)]
        for number, peer in enumerate(peers):
            for turn in range(5):
                peer.sendto(b"%d: %d" % (number, turn), self.server.address)
        for number, peer in enumerate(peers):
            for turn in range(5):
                self.assertEqual(peer.recv(100), b"%d: %d" % (number, turn))

    def test_survives_who_does_not_wait(self):
        for _ in range(20):
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
                peer.sendto(b"gone", self.server.address)
        self.test_echoes_messages_of_any_size()

    def test_survives_a_flood(self):
        peer = self.socket()
        for _ in range(20_000):  # more than its buffer holds: some are lost
            peer.sendto(100 * b"x", self.server.address)
        peer.setblocking(False)

        def is_served():
            peer.sendto(b"last", self.server.address)
            try:
                while peer.recv(100) != b"last":
                    pass
                return True
            except BlockingIOError:
                return False

        self.assertTrue(wait_until(is_served))

    @unittest.skipUnless(hasattr(signal, "SIGSTOP"), "needs a signal that stops a process")
    def test_goes_on_after_others_had_their_turn(self):
        peer = self.socket()
        # More at once than it answers at a time, and no event follows.
        self.server.suspend()
        for number in range(200):
            peer.sendto(b"%d" % number, self.server.address)
        self.server.resume()
        for number in range(200):
            self.assertEqual(peer.recv(100), b"%d" % number)

    def test_command_line(self):
        self.check_command_line(UDP_ECHO)
        self.assertEqual(run(UDP_ECHO, "--listen", "nowhere").returncode, 2)

    def test_address_in_use(self):
        with self.socket() as other:
            other.bind(("127.0.0.1", 0))
            self.check_fails(run(UDP_ECHO, "--listen", "%s:%d" % other.getsockname()))

    def test_signals_end_it(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            with Server(UDP_ECHO) as server:
                self.assertEqual(server.stop(number), (0, ""))


if __name__ == "__main__":
    main()
