"""unittest with the closing line that every test program here has."""

import sys
import unittest


def main():
    """Runs the tests of the calling script; ends with `N passed, N failed, N skipped`.

    The exit code is 1 if any failed, and 77, a skip to Meson, if all were skipped.
    """
    result = unittest.main(exit=False, verbosity=2).result
    failed = len({test.id() for test, _ in result.failures + result.errors})
    skipped = len(result.skipped)
    print(f"{result.testsRun - failed - skipped} passed, {failed} failed, {skipped} skipped")
    if failed or result.testsRun == 0:
        sys.exit(1)
    sys.exit(77 if skipped == result.testsRun else 0)
