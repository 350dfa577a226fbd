"""What evq costs beside a hand-written epoll loop, by counts that noise does not touch.

    cost.py CHAIN_PROGRAM BACKEND...

Instructions in user space are counted by callgrind, as the difference of a long and a short run, so
that starting up does not count; system calls by strace.
"""

import collections
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "support"))
import counted

CHAIN = ""
BACKENDS = []
PAIRS, ACTIVE = 100, 10
SHORT, LONG = 2000, 12000


def instructions(contender, writes, idle):
    with tempfile.NamedTemporaryFile() as out:
        run = subprocess.run(
            ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out.name}", CHAIN, contender,
             str(PAIRS), str(ACTIVE), str(writes), str(idle)],
            capture_output=True, text=True, check=True)
    return int(re.search(r"Collected : (\d+)", run.stderr).group(1))


def per_event(contender, idle=0):
    longer, shorter = (instructions(contender, writes, idle) for writes in (LONG, SHORT))
    return (longer - shorter) / (LONG - SHORT)


def system_calls(contender, writes):
    """Calls by name; those of starting up are the same for every contender."""
    with tempfile.NamedTemporaryFile(mode="r") as out:
        subprocess.run(
            ["strace", "-f", "-o", out.name, CHAIN, contender, str(PAIRS), str(ACTIVE),
             str(writes)],
            capture_output=True, check=True)
        names = re.findall(r"^\d+ +(\w+)\(", out.read(), re.MULTILINE)
    return collections.Counter(names)


@unittest.skipUnless(shutil.which("valgrind"), "valgrind is not installed")
class Instructions(unittest.TestCase):
    def test_poll_costs_what_a_loop_by_hand_does(self):
        by_hand, evq = per_event("by_hand"), per_event("evq")
        print(f"instructions per event: by hand {by_hand:.1f}, evq {evq:.1f}")
        self.assertGreater(by_hand, 20)
        # One or two per event to test a wider mask of flags, and some ten per poll for ten events.
        self.assertLessEqual(evq, by_hand + 2.5)

    def test_net_types_cost_little_more_than_their_system_calls(self):
        by_hand, net = per_event("by_hand"), per_event("evq_net")
        print(f"instructions per event: by hand {by_hand:.1f}, evq with net types {net:.1f}")
        self.assertLessEqual(net, by_hand + 25)

    def test_idle_sources_cost_nothing(self):
        alone, beside = per_event("evq"), per_event("evq", idle=1000)
        self.assertAlmostEqual(alone, beside, delta=0.5)


    def test_io_uring_costs_some_lines_more_than_a_loop_by_hand(self):
        if "io_uring" not in BACKENDS:
            self.skipTest("io_uring is not built, or not usable here")
        by_hand, evq = per_event("io_uring_by_hand"), per_event("evq_io_uring")
        print(f"instructions per event: io_uring by hand {by_hand:.1f}, evq {evq:.1f}")
        # A completion is looked up, as it may be of a registration that has changed since, and made
        # one event with others of its source; and a lock is taken once in a poll.
        self.assertLessEqual(evq, by_hand + 85)


class SystemCalls(unittest.TestCase):
    def setUp(self):
        if not shutil.which("strace"):
            self.skipTest("strace is not installed")
        if subprocess.run(["strace", "-o", "/dev/null", "true"], capture_output=True).returncode:
            self.skipTest("strace may not trace here")

    def test_a_loop_makes_the_calls_of_a_hand_written_one(self):
        def of_the_loop(contender):
            longer, shorter = (system_calls(contender, writes) for writes in (LONG, SHORT))
            return longer - shorter
        by_hand = of_the_loop("by_hand")
        self.assertGreaterEqual(by_hand["epoll_wait"], (LONG - SHORT) // ACTIVE)
        self.assertEqual(by_hand["recvfrom"], LONG - SHORT)
        self.assertEqual(of_the_loop("evq"), by_hand)
        self.assertEqual(of_the_loop("evq_net"), by_hand)

    def test_a_registration_is_one_call(self):
        for contender in ("by_hand", "evq"):
            calls = system_calls(contender, SHORT)
            self.assertEqual(calls["epoll_create1"], 1)
            self.assertEqual(calls["epoll_ctl"], PAIRS)


    def test_io_uring_makes_one_call_a_wait_and_none_to_register(self):
        if "io_uring" not in BACKENDS:
            self.skipTest("io_uring is not built, or not usable here")
        by_hand, evq = (system_calls(contender, SHORT)
                        for contender in ("io_uring_by_hand", "evq_io_uring"))
        self.assertGreaterEqual(by_hand["io_uring_enter"], SHORT // ACTIVE)
        self.assertEqual(evq["io_uring_enter"], by_hand["io_uring_enter"])
        self.assertEqual(evq["epoll_ctl"], 0)


if __name__ == "__main__":
    CHAIN = sys.argv.pop(1)
    BACKENDS = sys.argv[1:]
    del sys.argv[1:]
    if "io_uring" in BACKENDS and subprocess.run([CHAIN, "evq_io_uring", "2", "1", "1"],
                                                 capture_output=True).returncode != 0:
        BACKENDS.remove("io_uring")
    counted.main()
