"""The demo, against its own delay server, the delay server program, one that is not ours, and some
that do not behave."""

import re
import socket
import sys
import time

from programs import Peer, Server, TestCase, main, read_all, run

PROGRAM, DELAY_SERVER, FOREIGN_SERVER = sys.argv[1:4]


def read_request(stream):
    request = b""
    while not request.endswith(b"\r\n\r\n"):
        request += stream.recv(1)
    return request.decode()


class DelayedRequests(TestCase):
    def check_order(self, done, unit_ms, count):
        """All answers, the shortest delay first, and none before its time."""
        self.assertEqual((done.returncode, done.stderr), (0, ""), done)
        answers = re.findall(r'^ *(\d+\.\d+) s  (request-\d+): 200, "(.*)"$', done.stdout, re.M)
        names = [f"request-{i}" for i in reversed(range(count))]
        self.assertEqual([name for _, name, _ in answers], names)
        self.assertEqual([body for _, _, body in answers], names)
        for i, (elapsed, _, _) in enumerate(answers):
            # One millisecond for rounding, and asyncio's clock has its own.
            self.assertGreaterEqual(float(elapsed) + 0.002, (i + 1) * unit_ms / 1000)

    def test_with_its_own_server(self):
        self.check_order(run(PROGRAM, "--unit", "200ms"), 200, 5)

    def test_with_the_delay_server(self):
        with Server(DELAY_SERVER) as server:
            self.check_order(run(PROGRAM, "--unit", "0.2", "--server", server.name), 200, 5)

    def test_with_a_server_that_is_not_ours(self):
        with Server(sys.executable, FOREIGN_SERVER) as server:
            self.check_order(run(PROGRAM, "--unit", "200ms", "--server", server.name), 200, 5)

    def test_with_a_name(self):
        with Server(DELAY_SERVER) as server:
            name = f"localhost:{server.address[1]}"
            done = run(PROGRAM, "--unit", "200ms", "-n", "2", "--server", name)
            self.check_order(done, 200, 2)

    def test_tries_every_address_of_a_name(self):
        found = socket.getaddrinfo("localhost", 0, type=socket.SOCK_STREAM)
        hosts = list(dict.fromkeys(address[0] for *_, address in found))
        if len(hosts) < 2:
            self.skipTest("localhost has one address only")

        def handle(stream):
            read_request(stream)
            stream.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

        for host in hosts:
            with Peer(handle, host) as peer:
                name = f"localhost:{peer.address[1]}"
                done = run(PROGRAM, "-n", "2", "--unit", "1ms", "--server", name)
                self.assertEqual(done.returncode, 0, done)

    def test_many(self):
        done = run(PROGRAM, "--unit", "1ms", "-n", "400")
        self.assertEqual(done.returncode, 0, done)
        self.assertEqual(len(set(re.findall(r'"(request-\d+)"', done.stdout))), 400)

    def test_what_it_sends(self):
        requests = []

        def handle(stream):
            requests.append(read_request(stream))
            stream.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

        with Peer(handle) as peer:
            done = run(PROGRAM, "-n", "2", "--unit", "3ms", "--server", peer.name)
            self.assertEqual(done.returncode, 0, done)
            fields = f"Host: {peer.name}\r\nConnection: close\r\n\r\n"
            self.assertEqual(sorted(requests), [f"GET /3/request-1 HTTP/1.1\r\n{fields}",
                                                f"GET /6/request-0 HTTP/1.1\r\n{fields}"])

    def check_answer(self, *parts):
        """How the demo takes an answer that comes in parts."""
        def handle(stream):
            read_request(stream)
            for part in parts:
                stream.sendall(part)
                time.sleep(0.02)

        with Peer(handle) as peer:
            return run(PROGRAM, "-n", "1", "--unit", "1ms", "--server", peer.name)

    def test_takes_answers_in_pieces(self):
        text = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
        done = self.check_answer(*(bytes([byte]) for byte in text))
        self.assertEqual(done.returncode, 0, done)
        self.assertIn('"hello"', done.stdout)

    def test_takes_large_answers(self):
        body = 3_000_000 * b"x"
        done = self.check_answer(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body), body)
        self.assertEqual(done.returncode, 0)
        self.assertEqual(done.stdout.count("x"), len(body))

    def test_takes_answers_without_a_length(self):
        self.assertEqual(self.check_answer(b"HTTP/1.1 200 OK\r\n\r\nhello").returncode, 0)

    def test_fails_without_a_good_answer(self):
        for answer in (b"", b"HTTP/1.1 200 OK\r\n", b"nonsense\r\n\r\n",
                       b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
                       b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello",
                       b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\nhello",
                       b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"):
            with self.subTest(answer=answer):
                done = self.check_answer(answer)
                self.check_fails(done)
                self.assertIn("request-0 failed", done.stdout)

    def test_fails_if_one_fails(self):
        def handle(stream):
            status = b"500 Oops" if "request-1" in read_request(stream) else b"200 OK"
            stream.sendall(b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\n\r\n")

        with Peer(handle) as peer:
            done = run(PROGRAM, "-n", "3", "--unit", "1ms", "--server", peer.name)
            self.check_fails(done)
            self.assertIn("request-1 failed: 500 Oops", done.stdout)
            self.assertEqual(done.stdout.count(": 200"), 2)

    def test_fails_where_nobody_listens(self):
        with socket.socket() as nobody:
            nobody.bind(("127.0.0.1", 0))
            self.check_fails(run(PROGRAM, "--server", "%s:%d" % nobody.getsockname()))

    def test_fails_for_an_unknown_name(self):
        self.check_fails(run(PROGRAM, "--server", "no-such-host.invalid:80"))

    def test_loses_patience(self):
        with Peer(read_all) as peer:
            done = run(PROGRAM, "-n", "1", "--unit", "1ms", "--patience", "300ms",
                       "--server", peer.name)
            self.check_fails(done)
            self.assertIn("gave up", done.stdout)

    def test_command_line(self):
        self.check_command_line(PROGRAM)
        for wrong in (["-n", "0"], ["--unit", "0"], ["--unit", "1x"], ["--server", "nowhere"]):
            self.assertEqual(run(PROGRAM, *wrong).returncode, 2, wrong)


if __name__ == "__main__":
    main()
