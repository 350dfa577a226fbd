"""The proxy, between sockets and servers that are not ours."""

import hashlib
import random
import signal
import socket
import sys
import threading
import time
import unittest

from programs import (PATIENCE, Peer, Server, TestCase, is_closed, main, needs_native, read_all,
                      read_exactly, reset, run, wait_until)

PROGRAM, DELAY_SERVER, DELAYED_REQUESTS = sys.argv[1:4]
IS_LINUX = sys.platform.startswith("linux")

MUCH = random.Random(1).randbytes(1_000_000)
TIMES = 50  # 50 MB


def send_much(stream, progress):
    for _ in range(TIMES):
        stream.sendall(MUCH)
        progress.append(len(MUCH))
    stream.shutdown(socket.SHUT_WR)


def receive_slowly(stream):
    """Digest and size of what comes, with pauses now and then."""
    digest = hashlib.sha256()
    size = 0
    while part := stream.recv(1 << 20):
        digest.update(part)
        if size // 10_000_000 != (size + len(part)) // 10_000_000:
            time.sleep(0.05)
        size += len(part)
    return digest.hexdigest(), size


def digest_of_much():
    digest = hashlib.sha256()
    for _ in range(TIMES):
        digest.update(MUCH)
    return digest.hexdigest(), TIMES * len(MUCH)


def echo(stream):
    while data := stream.recv(1 << 16):
        stream.sendall(data)


class Proxy(TestCase):
    def start(self, handle=echo, *options):
        """A proxy to a server of the test's own."""
        peer = self.enterContext(Peer(handle))
        return self.enterContext(Server(PROGRAM, "--to", peer.name, *options))

    def check_back_pressure(self, proxy, sender, receiver):
        """50 MB from one end to another that begins late and pauses."""
        before = proxy.status("VmRSS") if IS_LINUX else 0
        progress = []
        thread = threading.Thread(target=send_much, args=[sender, progress])
        thread.start()
        time.sleep(0.5)
        # What the system buffers, and no more: the rest waits in the sender.
        self.assertLess(sum(progress), TIMES * len(MUCH) // 2)
        if IS_LINUX:
            self.assertLess(proxy.status("VmRSS") - before, 8 * 1024)
        self.assertEqual(receive_slowly(receiver), digest_of_much())
        thread.join()
        if IS_LINUX:
            self.assertLess(proxy.status("VmRSS") - before, 8 * 1024)

    def test_back_pressure_upwards(self):
        arrived = []
        done = threading.Event()

        def handle(stream):
            arrived.append(stream)
            done.wait(PATIENCE)

        proxy = self.start(handle)
        with proxy.connect() as client:
            client.sendall(b"x")
            self.assertTrue(wait_until(lambda: arrived))
            read_exactly(arrived[0], 1)
            self.check_back_pressure(proxy, client, arrived[0])
        done.set()

    def test_back_pressure_downwards(self):
        arrived = []
        done = threading.Event()

        def handle(stream):
            arrived.append(stream)
            done.wait(PATIENCE)

        proxy = self.start(handle)
        with proxy.connect() as client:
            client.sendall(b"x")
            self.assertTrue(wait_until(lambda: arrived))
            self.check_back_pressure(proxy, arrived[0], client)
        done.set()

    def test_both_ways_at_once(self):
        proxy = self.start()
        data = 5 * MUCH
        with proxy.connect() as client:
            sender = threading.Thread(target=client.sendall, args=[data])
            sender.start()
            self.assertEqual(read_exactly(client, len(data)), data)
            sender.join()

    def test_passes_the_clients_end_on(self):
        def handle(stream):
            stream.sendall(b"got " + read_all(stream))

        proxy = self.start(handle)
        with proxy.connect() as client:
            client.sendall(b"question")
            client.shutdown(socket.SHUT_WR)
            self.assertEqual(read_all(client), b"got question")

    def test_passes_the_servers_end_on(self):
        received = []

        def handle(stream):
            stream.sendall(b"greeting")
            stream.shutdown(socket.SHUT_WR)
            received.append(read_all(stream))

        proxy = self.start(handle)
        with proxy.connect() as client:
            self.assertEqual(read_all(client), b"greeting")
            time.sleep(0.1)
            client.sendall(b"still here")
            client.shutdown(socket.SHUT_WR)
            self.assertEqual(client.recv(1), b"")
        self.assertTrue(wait_until(lambda: received))
        self.assertEqual(received, [b"still here"])

    def test_closes_both_when_one_is_reset(self):
        needs_native("a reset, which Wine's recv takes for an end")
        ended = threading.Event()

        def handle(stream):
            try:
                read_all(stream)
            finally:
                ended.set()

        proxy = self.start(handle)
        with proxy.connect() as client:
            client.sendall(b"x")
            reset(client)
        self.assertTrue(ended.wait(PATIENCE))

    def test_survives_refusal(self):
        with socket.socket() as target:
            target.bind(("127.0.0.1", 0))
            with Server(PROGRAM, "--to", "%s:%d" % target.getsockname()) as proxy:
                for _ in range(3):
                    with proxy.connect() as client:
                        self.assertTrue(is_closed(client))
                target.listen()
                with proxy.connect() as client:
                    server, _ = target.accept()
                    with server:
                        server.sendall(b"here")
                        self.assertEqual(read_exactly(client, 4), b"here")
                        client.close()
                        self.assertEqual(read_all(server), b"")
                code, errors = proxy.stop(signal.SIGTERM)
                self.assertEqual(code, 0)
                self.assertRegex(errors, r"\A(error: no connection to .+\n){3}\Z")

    @unittest.skipUnless(IS_LINUX, "needs a listener that does not answer when it is full")
    def test_survives_time_out(self):
        with socket.create_server(("127.0.0.1", 0), backlog=0) as target:
            name = "%s:%d" % target.getsockname()
            with Server(PROGRAM, "--to", name, "--connect-timeout", "300ms") as proxy:
                blockers = [socket.create_connection(target.getsockname())]
                start = time.monotonic()
                with proxy.connect() as client:
                    self.assertTrue(is_closed(client))
                self.assertGreaterEqual(time.monotonic() - start, 0.3)
                while blockers:
                    blockers.pop().close()
                    target.accept()[0].close()
                with proxy.connect() as client:
                    with target.accept()[0] as server:
                        server.sendall(b"here")
                        self.assertEqual(read_exactly(client, 4), b"here")

    def test_many_connections(self):
        proxy = self.start()
        clients = [self.enterContext(proxy.connect()) for _ in range(200)]
        for number, client in enumerate(clients):
            client.sendall(b"%04d" % number)
        for number, client in enumerate(clients):
            self.assertEqual(read_exactly(client, 4), b"%04d" % number)
        if IS_LINUX:
            idle = proxy.open_files() - 2 * len(clients)
            for client in clients:
                client.close()
            self.assertTrue(wait_until(lambda: proxy.open_files() == idle))

    def test_between_the_demo_and_the_delay_server(self):
        with Server(DELAY_SERVER) as server:
            target = f"localhost:{server.address[1]}"
            with Server(PROGRAM, "--to", target) as proxy:
                done = run(DELAYED_REQUESTS, "--unit", "50ms", "--server", proxy.name)
                self.assertEqual(done.returncode, 0, done)

    def test_command_line(self):
        self.check_command_line(PROGRAM, "--to", "127.0.0.1:1")
        for wrong in ([], ["--to", "nowhere"], ["--to", "a:1", "--listen", "nowhere"],
                      ["--to", "a:1", "--connect-timeout", "0"]):
            self.assertEqual(run(PROGRAM, *wrong).returncode, 2, wrong)

    def test_errors(self):
        self.check_address_in_use(PROGRAM, "--to", "127.0.0.1:1")
        self.check_fails(run(PROGRAM, "--to", "no-such-host.invalid:80"))

    def test_signals_end_it(self):
        with Peer(echo) as peer:
            self.check_stops(PROGRAM, "--to", peer.name)


if __name__ == "__main__":
    main()
