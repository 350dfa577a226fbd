"""What the two threads say, and when."""

import re
import sys

from programs import TestCase, main, run

PROGRAM = sys.argv[1]


class RegisterFromThread(TestCase):
    def test_each_registration_ends_the_wait(self):
        count = 4
        done = run(PROGRAM, "-n", str(count), "--interval", "200ms")
        self.assertEqual((done.returncode, done.stderr), (0, ""), done)
        lines = re.findall(r"^ *(\d+\.\d{3}) s  (.+)$", done.stdout, re.MULTILINE)
        self.assertEqual(len(lines), done.stdout.count("\n"))
        times = [float(time) for time, _ in lines]
        texts = [text for _, text in lines]
        self.assertEqual(times, sorted(times))
        self.assertEqual(texts[0], "main: blocks in poll")

        for i in range(count):
            ready = texts.index(f'main: connection {i} is ready: "hello from {i}"')
            written = texts.index(f"worker: writes to connection {i}")
            registered = texts.index(f"worker: registers connection {i}")
            # It takes both, and by turns one or the other is the last.
            self.assertLess(max(written, registered), ready)
            self.assertEqual(written < registered, i % 2 == 0)
            self.assertGreaterEqual(abs(times[written] - times[registered]), 0.199)
            # The first thread was blocked when the second one did it.
            said_before = [text for text in texts[:max(written, registered)] if "main" in text]
            self.assertEqual(said_before[-1], "main: blocks in poll")
        self.assertEqual(texts[-1], "main: the worker has finished")

    def test_without_pauses(self):
        done = run(PROGRAM, "-n", "200", "--interval", "0")
        self.assertEqual((done.returncode, done.stderr), (0, ""), done)
        self.assertEqual(len(re.findall(r"is ready", done.stdout)), 200)

    def test_command_line(self):
        self.check_command_line(PROGRAM)
        for wrong in (["-n", "0"], ["--interval", "-1"]):
            self.assertEqual(run(PROGRAM, *wrong).returncode, 2, wrong)


if __name__ == "__main__":
    main()
