"""Each public header compiles alone, and brings no system header to its user.

    headers.py SOURCE_INCLUDE BUILD_INCLUDE HEADER,... COMPILER...
"""

import pathlib
import re
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "support"))
import counted

SOURCE = BUILD = pathlib.Path()
HEADERS = []
COMPILER = []


# The headers of the standard library that ours may include. Each costs every user time, and some
# (<iostream>, <thread>, <regex>) a lot: longer only with a reason.
STANDARD = {
    "algorithm", "array", "atomic", "chrono", "compare", "concepts", "cstddef", "cstdint", "expected",
    "filesystem", "functional", "limits", "memory", "mutex", "new", "optional", "span", "string",
    "string_view", "system_error", "type_traits", "utility", "vector",
}
# What would give a backend or a system away, whoever brought it.
SYSTEM = re.compile(
    r"/(sys/(epoll|event|eventfd|ioctl|socket|uio|un)|netinet/.*|arpa/inet|netdb|poll|fcntl|signal"
    r"|liburing|linux/io_uring|winsock2?|ws2tcpip|windows)\.h$")


def compile_text(text, *flags):
    return subprocess.run([*COMPILER, *flags, "-x", "c++", "-"], input=text, capture_output=True,
                          text=True)


def dependencies(text):
    """Every file that a translation unit reads."""
    made = compile_text(text, "-M")
    assert made.returncode == 0, made.stderr
    return {str(pathlib.Path(path)) for path in made.stdout.replace("\\\n", " ").split()[1:]}


def path_of(header):
    return next(root / header for root in (SOURCE, BUILD) if (root / header).exists())


def source_headers():
    """All there are, also those of other systems."""
    return {str(path.relative_to(SOURCE)) for path in SOURCE.rglob("*.hpp")}


class Headers(unittest.TestCase):
    def test_every_header_is_listed(self):
        found = source_headers()
        # Of backends and of one system's own, those that are built.
        optional = {name for name in found if name.startswith(("evq/backends/", "evq/windows/"))}
        self.assertLessEqual(found - optional, set(HEADERS))
        self.assertLessEqual(set(HEADERS) - {"evq/config.hpp"}, found)
        self.assertTrue(optional & set(HEADERS))

    def test_each_compiles_alone_and_twice(self):
        for header in HEADERS:
            with self.subTest(header):
                text = f"#include <{header}>\n#include <{header}>\n"
                made = compile_text(text, "-fsyntax-only")
                self.assertEqual((made.returncode, made.stderr), (0, ""))

    def test_each_compiles_without_exceptions_and_rtti(self):
        for header in HEADERS:
            with self.subTest(header):
                made = compile_text(f"#include <{header}>\n", "-fsyntax-only", "-fno-exceptions",
                                    "-fno-rtti")
                self.assertEqual((made.returncode, made.stderr), (0, ""))

    def test_each_includes_only_ours_and_the_standard_library(self):
        for header in HEADERS:
            for name in re.findall(r'^ *# *include *[<"](.*)[>"]', path_of(header).read_text(),
                                   re.MULTILINE):
                with self.subTest(header, name=name):
                    self.assertIn(name, {*source_headers(), *HEADERS, *STANDARD})

    def test_nothing_reaches_a_user_but_what_the_standard_library_brings(self):
        for header in HEADERS:
            with self.subTest(header):
                ours = dependencies(f"#include <{header}>\n")
                own = {path for path in ours
                       if path.startswith((str(SOURCE), str(BUILD)))}
                standard = set()
                for path in own:
                    standard |= set(re.findall(r"^#include <([a-z_]+)>",
                                               pathlib.Path(path).read_text(), re.MULTILINE))
                baseline = dependencies("".join(f"#include <{name}>\n" for name in standard))
                self.assertEqual(ours - own - baseline, set())
                # mingw-w64's <memory> brings the signal.h of its threads.
                brought = ours - dependencies("#include <memory>\n")
                self.assertEqual([path for path in brought if SYSTEM.search(path)], [])


if __name__ == "__main__":
    SOURCE, BUILD = (pathlib.Path(sys.argv.pop(1)).resolve() for _ in range(2))
    HEADERS = sys.argv.pop(1).split(",")
    COMPILER = sys.argv[1:]
    del sys.argv[1:]
    counted.main()
