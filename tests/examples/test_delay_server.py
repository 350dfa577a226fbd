"""The delay server, asked by clients that are not ours: http.client, curl, bare sockets."""

import http.client
import selectors
import shutil
import signal
import socket
import sys
import time
import unittest

from programs import (PATIENCE, Server, TestCase, is_closed, main, raise_file_limit, read_all,
                      read_exactly, run, wait_until)

PROGRAM = sys.argv[1]
IS_LINUX = sys.platform.startswith("linux")
NO_PROC = "needs /proc"
TOO_MUCH = 10_000_000  # bytes: more than the system's buffers take


def get(path, *fields, method="GET", version="1.1"):
    return "\r\n".join([f"{method} {path} HTTP/{version}", "Host: test", *fields, "", ""]).encode()


class Answer:
    """One answer of several on a connection, taken apart as RFC 9112 says."""

    def __init__(self, stream):
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += read_exactly(stream, 1)
        lines = head.decode().split("\r\n")
        self.status = int(lines[0].split()[1])
        self.fields = dict(line.lower().split(": ", 1) for line in lines[1:-2])
        self.body = read_exactly(stream, int(self.fields["content-length"]))


class Served(TestCase):
    """With the default options."""

    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(Server(PROGRAM))

    def ask(self, request):
        """The only answer to what is sent, after which the server closes the connection."""
        with self.server.connect() as stream:
            stream.sendall(request)
            answer = Answer(stream)
            self.assertEqual(answer.fields["connection"], "close")
            self.assertEqual(read_all(stream), b"")
            return answer

    def test_answers_with_the_message_after_the_delay(self):
        client = http.client.HTTPConnection(*self.server.address)
        start = time.monotonic()
        client.request("GET", "/200/hello")
        response = client.getresponse()
        self.assertEqual((response.status, response.reason), (200, "OK"))
        self.assertEqual(response.getheader("Content-Type"), "text/plain; charset=utf-8")
        self.assertEqual(response.getheader("Content-Length"), "5")
        self.assertEqual(response.read(), b"hello")
        self.assertGreaterEqual(time.monotonic() - start, 0.2)
        client.close()

    def test_any_message(self):
        for path, body in (("/0/", b""), ("/0/a/b?c=d", b"a/b?c=d"),
                           ("/0/a%20b%2f%C3%a9", b"a b/\xc3\xa9"),
                           ("/0/" + 8000 * "x", 8000 * b"x")):
            with self.subTest(path=path[:20]):
                answer = self.ask(get(path, "Connection: close"))
                self.assertEqual((answer.status, answer.body), (200, body))

    def test_keeps_the_connection(self):
        client = http.client.HTTPConnection(*self.server.address)
        client.request("GET", "/1/first")
        self.assertEqual(client.getresponse().read(), b"first")
        stream = client.sock
        client.request("GET", "/1/second")
        self.assertEqual(client.getresponse().read(), b"second")
        self.assertIs(client.sock, stream)
        client.close()

    def test_answers_pipelined_requests_in_their_order(self):
        with self.server.connect() as stream:
            stream.sendall(get("/150/a") + get("/0/b") + get("/50/c") +
                           get("/0/d", "Connection: close"))
            start = time.monotonic()
            answers = [Answer(stream) for _ in range(4)]
            self.assertGreaterEqual(time.monotonic() - start, 0.2)
            self.assertEqual([answer.body for answer in answers], [b"a", b"b", b"c", b"d"])
            self.assertEqual(read_all(stream), b"")

    def test_answers_more_pipelined_requests_than_it_buffers(self):
        with self.server.connect() as stream:
            count = 2000  # about 70 KB
            stream.sendall((count - 1) * get("/0/again") + get("/0/last", "Connection: close"))
            self.assertEqual(read_all(stream).count(b"HTTP/1.1 200 OK"), count)

    def test_takes_a_request_byte_by_byte(self):
        with self.server.connect() as stream:
            for byte in b"\r\n" + get("/0/slow"):
                stream.sendall(bytes([byte]))
            self.assertEqual(Answer(stream).body, b"slow")

    def test_http_1_0(self):
        answer = self.ask(b"GET /0/old HTTP/1.0\r\n\r\n")
        self.assertEqual((answer.status, answer.body), (200, b"old"))
        with self.server.connect() as stream:
            for _ in range(2):
                stream.sendall(get("/0/old", "Connection: Keep-Alive", version="1.0"))
                self.assertEqual(Answer(stream).fields["connection"], "keep-alive")

    def test_head(self):
        with self.server.connect() as stream:
            stream.sendall(get("/1/hello", method="HEAD") + get("/1/hello", "Connection: close"))
            answers = read_all(stream)
            self.assertEqual(answers.count(b"HTTP/1.1 200 OK\r\n"), 2)
            self.assertEqual(answers.count(b"\r\nContent-Length: 5\r\n"), 2)
            self.assertEqual(answers.count(b"hello"), 1)
            self.assertTrue(answers.endswith(b"\r\n\r\nhello"))

    def test_refuses_bad_requests(self):
        day = 24 * 3600 * 1000
        for request in (b"nonsense\r\n\r\n", b"GET\r\n\r\n", b"GET /0/x\r\n\r\n", get("/0/x "),
                        get("/0/x y"), get("0/x"), get("/0"), get("/"),
                        get("//x"), get("/-1/x"), get("/+1/x"), get("/1.5/x"), get("/x/1"),
                        get(f"/{day}/x"), get("/99999999999999999999999/x"), get("/0/%"),
                        get("/0/%1"), get("/0/%xy"), get("/0/\x01"), get("/0/x", version="2.0"),
                        get("/0/x", "no colon"), get("/0/x", "Name : value"),
                        get("/0/x", "Host: another"), b"GET /0/x HTTP/1.1\r\n\r\n",
                        get("/0/x", "Content-Length: 4") + b"body",
                        get("/0/x", "Transfer-Encoding: chunked") + b"0\r\n\r\n"):
            with self.subTest(request=request):
                answer = self.ask(request)
                self.assertEqual(answer.status, 400)
                self.assertTrue(answer.body)

    def test_refuses_a_long_header(self):
        for request in (get("/0/" + TOO_MUCH * "x"), get("/0/x", "Field: " + TOO_MUCH * "x"),
                        TOO_MUCH * b"x"):
            self.assertEqual(self.ask(request).status, 400)

    def test_refuses_other_methods(self):
        for request in (get("/0/x", f"Content-Length: {TOO_MUCH}", method="POST") +
                        TOO_MUCH * b"x",
                        get("/0/x", method="DELETE"), get("/0/x", method="get")):
            answer = self.ask(request)
            self.assertEqual((answer.status, answer.fields["allow"]), (405, "get, head"))

    @unittest.skipUnless(IS_LINUX, NO_PROC)
    def test_two_thousand_wait_on_one_thread(self):
        count = 2000
        if raise_file_limit() < count + 100:
            self.skipTest("too few descriptors")
        with Server(PROGRAM) as server, selectors.DefaultSelector() as selector:
            start = time.monotonic()
            for number in range(count):
                stream = server.connect()
                self.addCleanup(stream.close)
                stream.sendall(get(f"/2000/{number}", "Connection: close"))
                selector.register(stream, selectors.EVENT_READ, b"%d" % number)
            # They all wait: none was answered, and each has a descriptor there.
            self.assertTrue(wait_until(lambda: server.open_files() >= count))
            self.assertEqual(server.status("Threads"), 1)
            answered = 0
            while answered < count:
                ready = selector.select(PATIENCE)
                self.assertTrue(ready)
                for key, _ in ready:
                    self.assertTrue(read_all(key.fileobj).endswith(b"\r\n\r\n" + key.data))
                    selector.unregister(key.fileobj)
                    answered += 1
            self.assertGreaterEqual(time.monotonic() - start, 2)

    @unittest.skipUnless(IS_LINUX, NO_PROC)
    def test_lets_the_client_close_first(self):
        with Server(PROGRAM) as server:
            idle = server.open_files()
            for request in (get("/0/x", "Connection: close"), get("/x/0")):
                with server.connect() as stream:
                    stream.sendall(request)
                    self.assertTrue(read_all(stream))
                    self.assertEqual(server.open_files(), idle + 1)
                self.assertTrue(wait_until(lambda: server.open_files() == idle))

    @unittest.skipUnless(hasattr(signal, "SIGSTOP"), "needs a signal that stops a process")
    def test_goes_on_after_others_had_their_turn(self):
        with self.server.connect() as stream:
            stream.sendall(get("/0/first"))
            self.assertEqual(Answer(stream).body, b"first")
            # More at once than the server reads at a time, and no event follows.
            self.server.suspend()
            stream.sendall(30_000 * b"\r\n" + get("/0/second"))
            self.server.resume()
            self.assertEqual(Answer(stream).body, b"second")

    @unittest.skipUnless(IS_LINUX, NO_PROC)
    def test_forgets_who_leaves(self):
        with Server(PROGRAM) as server:
            idle = server.open_files()
            for delay in (60_000, 200):
                streams = [server.connect() for _ in range(20)]
                for stream in streams:
                    stream.sendall(get(f"/{delay}/x"))
                self.assertTrue(wait_until(lambda: server.open_files() == idle + 20))
                for stream in streams:
                    stream.close()
                self.assertTrue(wait_until(lambda: server.open_files() == idle))
            time.sleep(0.3)  # timers that were left behind would expire now
            with server.connect() as stream:
                stream.sendall(get("/0/alive"))
                self.assertEqual(Answer(stream).body, b"alive")

    @unittest.skipUnless(IS_LINUX, NO_PROC)
    def test_rests_while_out_of_descriptors(self):
        with Server(PROGRAM, limit_files=20) as server:
            streams = server.connect_more_than_fit(30)
            for stream in streams:
                stream.sendall(get("/600/x", "Connection: close"))
            before = server.processor_time()
            time.sleep(0.5)
            self.assertLess(server.processor_time() - before, 0.25)
            for stream in streams:
                self.assertTrue(read_all(stream).endswith(b"\r\n\r\nx"))
                stream.close()
            code, errors = server.stop(signal.SIGTERM)
            self.assertEqual(code, 0)
            self.assertRegex(errors, r"\A(error: cannot accept for now: .+\n)+\Z")

    def test_serves_curl(self):
        curl = shutil.which("curl")
        if not curl:
            self.skipTest("curl is not installed")
        url = f"http://{self.server.name}"
        done = run(curl, "-sS", "--noproxy", "*", "-w", " %{http_code} %{num_connects}\n",
                   url + "/10/one", url + "/10/two", url + "/x/three")
        self.assertEqual(done.returncode, 0, done)
        self.assertEqual(done.stdout.splitlines()[:2], ["one 200 1", "two 200 0"])
        self.assertEqual(done.stdout.splitlines()[-1], " 400 0")


class Impatient(TestCase):
    """With a short time-out."""

    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(Server(PROGRAM, "--request-timeout", "300ms"))

    def test_times_out_slow_senders(self):
        for sent in (b"", b"GET /0/x HTTP/1.1\r\n"):
            with self.subTest(sent=sent), self.server.connect() as stream:
                start = time.monotonic()
                stream.sendall(sent)
                self.assertEqual(Answer(stream).status, 408)
                self.assertGreaterEqual(time.monotonic() - start, 0.3)
                self.assertEqual(read_all(stream), b"")

    def test_is_not_fooled_by_a_trickle(self):
        with self.server.connect() as stream:
            stream.settimeout(0.05)
            received = b""
            for _ in range(200):
                stream.sendall(b"x")
                try:
                    received = stream.recv(1000)
                    break
                except TimeoutError:
                    pass
            self.assertTrue(received.startswith(b"HTTP/1.1 408 "), received)

    def test_closes_idle_connections_without_a_word(self):
        with self.server.connect() as stream:
            stream.sendall(get("/0/x"))
            self.assertEqual(Answer(stream).status, 200)
            self.assertEqual(read_all(stream), b"")

    def test_does_not_count_the_delay(self):
        with self.server.connect() as stream:
            start = time.monotonic()
            stream.sendall(get("/700/x", "Connection: close"))
            self.assertEqual(Answer(stream).status, 200)
            self.assertGreaterEqual(time.monotonic() - start, 0.7)

    @unittest.skipUnless(IS_LINUX, NO_PROC)
    def test_times_out_who_does_not_take_answers(self):
        with Server(PROGRAM, "--request-timeout", "300ms") as server:
            idle = server.open_files()
            stream = socket.socket()
            stream.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            stream.settimeout(0.2)
            stream.connect(server.address)
            requests = 100 * get("/0/" + 7000 * "x")
            with stream:
                with self.assertRaises((TimeoutError, ConnectionError)):
                    while True:
                        stream.sendall(requests)
                self.assertTrue(wait_until(lambda: server.open_files() == idle))
            self.assertLess(server.status("VmRSS"), 64 * 1024)


class Program(TestCase):
    def test_command_line(self):
        self.check_command_line(PROGRAM)
        for wrong in (["--listen", "nowhere"], ["--listen", "127.0.0.1"],
                      ["--request-timeout", "soon"], ["--request-timeout", "0"],
                      ["--max-delay", "-1"]):
            self.assertEqual(run(PROGRAM, *wrong).returncode, 2, wrong)

    def test_address_in_use(self):
        self.check_address_in_use(PROGRAM)

    def test_max_delay(self):
        with Server(PROGRAM, "--max-delay", "10ms") as server:
            for delay, status in ((10, b"200"), (11, b"400")):
                with server.connect() as stream:
                    stream.sendall(get(f"/{delay}/x", "Connection: close"))
                    self.assertEqual(read_all(stream).split()[1], status)

    def test_signals_end_it(self):
        self.check_stops(PROGRAM)

    def test_signal_ends_it_while_requests_wait(self):
        with Server(PROGRAM) as server:
            streams = [server.connect() for _ in range(10)]
            for stream in streams:
                stream.sendall(get("/60000/x"))
            self.assertEqual(server.stop(signal.SIGINT), (0, ""))
            for stream in streams:
                self.assertTrue(is_closed(stream))
                stream.close()


if __name__ == "__main__":
    main()
