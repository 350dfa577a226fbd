"""What the tests of the example programs share: programs are started, watched and stopped, and the
test cases are counted.

Times are checked from below only: a loaded machine may be late, never early."""

import os
import re
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import unittest

PATIENCE = 30  # seconds after which something is stuck
WRAPPER = os.environ.get("MESON_EXE_WRAPPER", "").split()  # what runs programs of another system
IN_CONSOLE = os.environ.get("EVQ_IN_CONSOLE")  # and what is asked to end them: in_console.cpp
socket.setdefaulttimeout(PATIENCE)


def is_foreign(command):
    """Whether the program is of another system."""
    return bool(WRAPPER) and str(command[0]).endswith(".exe")


def runnable(command):
    """The command as this system can run it."""
    return [*WRAPPER, *command] if is_foreign(command) else [*command]


def needs_native(what):
    if WRAPPER:
        raise unittest.SkipTest(f"{what}: not of a program that {WRAPPER[0]} runs")


class Server:
    """A running server. It has to end with exit code 0 when it is asked to."""

    def __init__(self, *command, limit_files=None):
        if limit_files:
            needs_native("a limit of descriptors")
        def limit():
            import resource
            resource.setrlimit(resource.RLIMIT_NOFILE, (limit_files, limit_files))

        # Never by SIGKILL while it has sockets: an event of one of them, seen by Wine's server before
        # the end of the program is, ends the server too (8.0: a write to the program fails in the
        # middle of the event, and the socket is freed there and then).
        if is_foreign(command):
            command = [IN_CONSOLE, *command]
        # A file, since what Wine starts in the background would keep a pipe from ending.
        self.stderr = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(
            [*runnable(command), "--listen", "127.0.0.1:0"], stdout=subprocess.PIPE, stderr=self.stderr,
            stdin=subprocess.PIPE if is_foreign(command) else None, text=True,
            preexec_fn=limit if limit_files else None)
        self.keyboard = self.process.stdin
        self.limit_files = limit_files
        line = self.process.stdout.readline()
        match = re.fullmatch(r"listening on (127\.0\.0\.1):(\d+)\n", line)
        if not match:
            self._kill()
            raise AssertionError(f"{command}: {line!r} {self._errors()}")
        self.address = match[1], int(match[2])
        self.name = "%s:%d" % self.address

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is None and self.process.poll() is None:
            code, errors = self.stop(signal.SIGTERM)
            assert code == 0, f"exit code {code}: {errors}"
        self._kill()
        self.process.stdout.close()
        self.stderr.close()

    def _kill(self):
        if self.keyboard:
            self.keyboard.close()
        else:
            self.process.kill()
        self.process.wait(PATIENCE)

    def _errors(self):
        self.stderr.seek(0)
        return self.stderr.read()

    def _type(self, letter):
        self.keyboard.write(letter)
        self.keyboard.flush()

    def stop(self, number):
        """Exit code and stderr after a signal. A foreign program gets Ctrl-C, whichever it is: Wine
        has no other."""
        if self.keyboard:
            self._type("c")
        else:
            self.process.send_signal(number)
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._kill()
            raise
        return self.process.returncode, self._errors()

    def suspend(self):
        if self.keyboard:
            self._type("s")
            assert self.process.stdout.readline() == "suspended\n"
        else:
            self.process.send_signal(signal.SIGSTOP)

    def resume(self):
        if self.keyboard:
            self._type("r")
        else:
            self.process.send_signal(signal.SIGCONT)

    def connect(self):
        stream = socket.create_connection(self.address)
        stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return stream

    def status(self, field):
        """A number from /proc/PID/status; sizes are in KiB."""
        needs_native("memory and threads")
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as status:
            return int(re.search(rf"^{field}:\s*(\d+)", status.read(), re.MULTILINE)[1])

    def open_files(self):
        needs_native("descriptors")
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def connect_more_than_fit(self, count):
        """Connections to a server that has descriptors for fewer."""
        # It has to see an error while it still has some: -fsanitize=vptr opens a pipe when it meets
        # a class for the first time, and takes its failure for a bad class.
        idle = self.open_files()
        first = self.connect()
        assert wait_until(lambda: self.open_files() > idle)
        reset(first)
        assert wait_until(lambda: self.open_files() == idle)
        streams = [self.connect() for _ in range(count)]
        assert wait_until(lambda: self.open_files() == self.limit_files)
        return streams

    def processor_time(self):
        """Seconds of processor time that it has used."""
        needs_native("processor time")
        with open(f"/proc/{self.process.pid}/stat", encoding="ascii") as stat:
            fields = stat.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Peer:
    """A server of the test's own: calls handle(stream) on a thread for each connection."""

    def __init__(self, handle, host="127.0.0.1"):
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.listener = socket.create_server((host, 0), family=family, backlog=512)
        self.address = self.listener.getsockname()
        self.name = "%s:%d" % self.address[:2]
        self.handle = handle

    def __enter__(self):
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)  # ends the accept
        self.listener.close()

    def _accept(self):
        while True:
            try:
                stream, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=[stream], daemon=True).start()

    def _serve(self, stream):
        with stream:
            try:
                self.handle(stream)
            except ConnectionError:
                pass


def run(*command):
    """Runs a program to its end."""
    return subprocess.run(runnable(command), capture_output=True, text=True, timeout=PATIENCE, check=False)


def read_all(stream):
    """What comes until the end of the stream."""
    parts = []
    while part := stream.recv(1 << 16):
        parts.append(part)
    return b"".join(parts)


def read_exactly(stream, size):
    parts = []
    while size:
        part = stream.recv(min(size, 1 << 16))
        if not part:
            raise EOFError(f"{size} bytes are missing")
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def reset(stream):
    """Closes a TCP connection with a reset."""
    stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    stream.close()


def is_closed(stream):
    """Waits until the other end is gone, whichever way; false if data comes instead."""
    try:
        return stream.recv(1) == b""
    except ConnectionError:
        return True


def wait_until(condition):
    """Returns whether it came true while there was patience."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def raise_file_limit():
    """As many descriptors as may be had, here and in the programs started; returns how many."""
    import resource
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


class TestCase(unittest.TestCase):
    def check_command_line(self, program, *good):
        """What all programs have in common: --help, and what a wrong option leads to."""
        shown = run(program, "--help")
        self.assertEqual((shown.returncode, shown.stderr), (0, ""))
        self.assertIn("Usage", shown.stdout)
        for wrong in (["--no-such-option"], ["surplus"]):
            refused = run(program, *good, *wrong)
            self.assertEqual(refused.returncode, 2, refused)
            self.assertIn(wrong[0], refused.stderr)
            self.assertEqual(refused.stdout, "")

    def check_fails(self, done):
        """Exit code 1 and one line that says why."""
        self.assertEqual(done.returncode, 1, done)
        self.assertRegex(done.stderr, r"\Aerror: .+\n\Z")

    def check_address_in_use(self, program, *options):
        with socket.create_server(("127.0.0.1", 0)) as other:
            name = "%s:%d" % other.getsockname()
            self.check_fails(run(program, *options, "--listen", name))

    def check_stops(self, *command):
        """Both signals end a server, and its connections with it."""
        for number in (signal.SIGINT, signal.SIGTERM):
            with Server(*command) as server, server.connect() as stream:
                code, errors = server.stop(number)
                self.assertEqual((code, errors), (0, ""))
                self.assertTrue(is_closed(stream))


def main():
    """Runs the test cases of the calling script and ends with a line that counts them."""
    program = unittest.main(argv=sys.argv[:1], exit=False, verbosity=2)
    result = program.result
    # A failed subtest is a failure of its test case.
    failed = len({getattr(case, "test_case", case).id()
                  for case, _ in result.failures + result.errors})
    skipped = len(result.skipped)
    passed = max(result.testsRun - failed - skipped, 0)
    print(f"{passed} passed, {failed} failed, {skipped} skipped", flush=True)
    sys.exit(1 if failed else 77 if skipped and not passed else 0)
