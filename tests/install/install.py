"""Installs evq into a prefix of its own and builds a program with it in each way that is promised.

    install.py BUILD_ROOT SOURCE_ROOT COMPILER...
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "support"))
import counted

BUILD = SOURCE = pathlib.Path()
COMPILER = []


def run(*command, **options):
    done = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, **options)
    if done.returncode:
        raise AssertionError(f"{' '.join(map(str, command))}\n{done.stdout}")
    return done.stdout


class Install(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.work = pathlib.Path(cls.folder.name)
        # Installed as a package would be, and then found at another place.
        run("meson", "install", "-C", BUILD, "--no-rebuild", "--destdir", cls.work / "stage")
        prefix = next((cls.work / "stage").glob("**/include/evq")).parent.parent
        cls.prefix = cls.work / "moved"
        prefix.rename(cls.prefix)
        cls.libraries = next(cls.prefix.glob("**/libevq.so")).parent
        cls.environment = os.environ | {
            "LD_LIBRARY_PATH": str(cls.libraries),
            "PKG_CONFIG_PATH": str(cls.libraries / "pkgconfig"),
            "CXX": " ".join(COMPILER),
        }
        # A sanitizer of the build would be missing from a plain program.
        cls.environment.pop("LD_PRELOAD", None)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def check(self, program):
        self.assertRegex(run(program, env=self.environment), r"^evq [\d.]+ on \w+\n$")

    def pkg_config(self, *arguments):
        return run("pkg-config", f"--define-variable=prefix={self.prefix}", *arguments, "evq",
                   env=self.environment).split()

    def test_headers_are_all_there_and_no_others(self):
        installed = {str(path.relative_to(self.prefix / "include"))
                     for path in (self.prefix / "include").rglob("*.hpp")}
        ours = {str(path.relative_to(SOURCE / "include"))
                for path in (SOURCE / "include").rglob("*.hpp")}
        self.assertEqual(installed - {"evq/config.hpp"}, ours)

    def test_pkg_config_and_the_shared_library(self):
        program = self.work / "with_pkg_config"
        run(*COMPILER, "-std=c++23", HERE / "consumer.cpp", "-o", program,
            *self.pkg_config("--cflags", "--libs"))
        self.check(program)
        self.assertIn("libevq.so", run("ldd", program, env=self.environment))

    def test_pkg_config_and_the_static_library(self):
        program = self.work / "with_archive"
        run(*COMPILER, "-std=c++23", HERE / "consumer.cpp", "-o", program,
            *self.pkg_config("--cflags"), self.libraries / "libevq.a")
        self.check(program)
        self.assertNotIn("libevq.so", run("ldd", program))

    def test_pkg_config_knows_the_version(self):
        version = self.pkg_config("--modversion")[0]
        self.assertIn(f'EVQ_VERSION "{version}"',
                      (self.prefix / "include" / "evq" / "config.hpp").read_text())

    @unittest.skipUnless(shutil.which("cmake"), "cmake is not installed")
    def test_cmake(self):
        source, build = self.work / "cmake", self.work / "cmake-build"
        source.mkdir()
        for name in ("CMakeLists.txt", "consumer.cpp"):
            shutil.copy(HERE / name, source)
        run("cmake", "-S", source, "-B", build, f"-DCMAKE_PREFIX_PATH={self.prefix}",
            env=self.environment)
        run("cmake", "--build", build)
        self.check(build / "consumer")
        self.check(build / "consumer_static")

    @unittest.skipUnless(shutil.which("cmake"), "cmake is not installed")
    def test_cmake_refuses_another_version(self):
        source = self.work / "cmake-version"
        source.mkdir()
        text = (HERE / "CMakeLists.txt").read_text()
        (source / "CMakeLists.txt").write_text(text.replace("evq 0.1", "evq 7.0"))
        shutil.copy(HERE / "consumer.cpp", source)
        with self.assertRaisesRegex(AssertionError, "version"):
            run("cmake", "-S", source, "-B", self.work / "cmake-version-build",
                f"-DCMAKE_PREFIX_PATH={self.prefix}", env=self.environment)

    def test_meson_subproject(self):
        source = self.work / "meson"
        (source / "subprojects").mkdir(parents=True)
        shutil.copy(HERE / "consumer.cpp", source)
        shutil.copy(HERE / "subproject.build", source / "meson.build")
        shutil.copytree(SOURCE, source / "subprojects" / "evq",
                        ignore=shutil.ignore_patterns("build*", ".git", "subprojects"))
        (source / "subprojects" / "evq.wrap").write_text("[wrap-file]\ndirectory = evq\n\n"
                                                         "[provide]\nevq = evq_dep\n")
        output = run("meson", "setup", "--wrap-mode=forcefallback", source / "build", source,
                     env=self.environment)
        self.assertNotIn("catch2", output.lower())  # a user does not build our tests
        run("meson", "compile", "-C", source / "build")
        self.check(source / "build" / "consumer")


if __name__ == "__main__":
    BUILD, SOURCE = (pathlib.Path(sys.argv.pop(1)) for _ in range(2))
    COMPILER = sys.argv[1:]
    del sys.argv[1:]
    counted.main()
