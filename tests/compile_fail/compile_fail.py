"""Code that must not compile, and beside it the same without the mistake, which must.

    compile_fail.py CONFIG_HPP DEFAULT_BACKEND BACKEND,BACKEND... LIBRARY COMPILER...

Each case is a file here. It compiles as it is; with -DEVQ_MUST_FAIL it does not, for the reason that
its first line gives: `// error: REGEX`, found in what the compiler says.
"""

import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "support"))
import counted

CONFIG = pathlib.Path()
DEFAULT = LIBRARY = ""
BACKENDS = []
COMPILER = []


def compiler(*arguments, first=()):
    """A compiler run; `first` goes before all other folders of headers."""
    at = next(i for i, flag in enumerate(COMPILER) if flag.startswith("-I"))
    return subprocess.run([*COMPILER[:at], *first, *COMPILER[at:], *map(str, arguments)],
                          capture_output=True, text=True, env=os.environ | {"LC_ALL": "C"})


class Mistakes(unittest.TestCase):
    """One test per case; they are added below."""


def add_cases():
    def add(path):
        def test(self):
            self.assertEqual(compiler("-fsyntax-only", path).stderr, "")
            reason = re.match(r"// error: (.*)\n", path.read_text()).group(1)
            mistaken = compiler("-fsyntax-only", "-DEVQ_MUST_FAIL", path)
            self.assertNotEqual(mistaken.returncode, 0, "it compiles")
            self.assertRegex(mistaken.stderr, reason)
        setattr(Mistakes, f"test_{path.stem}", test)

    for path in sorted(HERE.glob("*.cpp")):
        add(path)


class Linking(unittest.TestCase):
    """Two halves of a program that were built with different defaults do not link."""

    def link(self, default):
        """Links a half with the library's own default and one with `default`."""
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            config = folder / "evq" / "config.hpp"
            config.parent.mkdir()
            ours, other = (f"EVQ_DEFAULT_BACKEND_{backend.upper()} 1"
                           for backend in (DEFAULT, default))
            config.write_text(CONFIG.read_text().replace(ours, other))
            self.assertIn(other, config.read_text())
            half = compiler("-c", HERE / "link" / "half.cpp", "-o", folder / "half.o",
                            first=[f"-I{folder}"])
            self.assertEqual(half.stderr, "")
            return compiler(HERE / "link" / "main.cpp", folder / "half.o", LIBRARY,
                            "-o", folder / "main")

    def test_the_same_default_links(self):
        self.assertEqual(self.link(DEFAULT).stderr, "")

    def test_another_default_does_not(self):
        others = [backend for backend in BACKENDS if backend != DEFAULT]
        if not others:
            self.skipTest(f"only one backend is built: {DEFAULT}")
        for other in others:
            with self.subTest(other=other):
                linked = self.link(other)
                self.assertNotEqual(linked.returncode, 0, "it links")
                self.assertRegex(linked.stderr, r"(?i)undefined (reference|symbol).*take")


if __name__ == "__main__":
    CONFIG, DEFAULT, LIBRARY = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[4]
    BACKENDS, COMPILER = sys.argv[3].split(","), sys.argv[5:]
    del sys.argv[1:]
    add_cases()
    counted.main()
