#!/usr/bin/env python3
"""Sums up what the last `meson test` ran, and ends with `N passed, N failed, N skipped`.

    count_tests.py BUILD_DIR [--strict]

A test program that ends with such a line of its own counts as that many; any other as one. A program
that failed counts at least one failure, whatever it says, and so does one that ran nothing. The exit
code is 1 if anything failed, or if there were no tests. With --strict a program without a line of its
own has failed: under Wine one that crashes may exit with 0.
"""

import json
import pathlib
import re
import sys

LINE = re.compile(r"(\d+) passed, (\d+) failed, (\d+) skipped")


def count(result, output, strict=False):
    """(passed, failed, skipped) of one program, from Meson's word for its result and its output."""
    lines = output.strip().splitlines()
    own = LINE.fullmatch(lines[-1].strip()) if lines else None
    good = result in ("OK", "SKIP", "EXPECTEDFAIL")
    if own is None and strict and result != "SKIP":
        return 0, 1, 0
    if own is None:
        return (0, 0, 1) if result == "SKIP" else (1, 0, 0) if good else (0, 1, 0)
    passed, failed, skipped = map(int, own.groups())
    if failed == 0 and (not good or passed + skipped == 0):
        failed = 1
    return passed, failed, skipped


def count_all(log, strict=False):
    """The sum over the lines of Meson's testlog.json."""
    tests = [json.loads(line) for line in log.splitlines()]
    counts = [count(test["result"], test.get("stdout", ""), strict) for test in tests]
    return tuple(map(sum, zip(*counts))) if counts else (0, 1, 0)


def main():
    log = pathlib.Path(sys.argv[1]) / "meson-logs" / "testlog.json"
    passed, failed, skipped = count_all(log.read_text() if log.exists() else "", "--strict" in sys.argv)
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
