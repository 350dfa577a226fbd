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

    def setUp(self):
        self.environment = dict(self.environment)

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
        # Of backends those that are built, and of one system's own headers those of this one.
        everywhere = {name for name in ours
                      if not name.startswith(("evq/backends/", "evq/windows/"))}
        self.assertLessEqual(everywhere, installed)
        self.assertLessEqual(installed - {"evq/config.hpp"}, ours)

    def test_pkg_config_and_the_shared_library(self):
        program = self.work / "with_pkg_config"
        run(*COMPILER, "-std=c++23", HERE / "consumer.cpp", "-o", program,
            *self.pkg_config("--cflags", "--libs"))
        self.check(program)
        self.assertIn("libevq.so", run("ldd", program, env=self.environment))

    def test_pkg_config_and_the_static_library(self):
        program = self.work / "with_archive"
        needed = [flag for flag in self.pkg_config("--static", "--libs-only-l") if flag != "-levq"]
        run(*COMPILER, "-std=c++23", HERE / "consumer.cpp", "-o", program,
            *self.pkg_config("--cflags"), self.libraries / "libevq.a", *needed)
        self.check(program)
        self.assertNotIn("libevq.so", run("ldd", program))

    def test_pkg_config_knows_the_version(self):
        version = self.pkg_config("--modversion")[0]
        self.assertIn(f'EVQ_VERSION "{version}"',
                      (self.prefix / "include" / "evq" / "config.hpp").read_text())

    def with_cmake(self, name, *options, prefix=None):
        """The folder of a program built with CMake; what refuses it is raised."""
        if not shutil.which("cmake"):
            self.skipTest("cmake is not installed")
        source, build = self.work / name, self.work / f"{name}-build"
        source.mkdir()
        for file in ("CMakeLists.txt", "consumer.cpp"):
            shutil.copy(HERE / file, source)
        run("cmake", "-S", source, "-B", build, f"-DCMAKE_PREFIX_PATH={prefix or self.prefix}",
            *options, env=self.environment)
        run("cmake", "--build", build)
        return build

    def test_cmake(self):
        build = self.with_cmake("cmake")
        self.check(build / "consumer")
        self.assertIn("libevq.so", run("ldd", build / "consumer"))
        self.check(build / "consumer_static")
        self.assertNotIn("libevq.so", run("ldd", build / "consumer_static"))

    def test_cmake_takes_the_archive_where_there_is_no_other_library(self):
        archive = self.work / "archive"
        shutil.copytree(self.prefix, archive, symlinks=True)
        for shared in archive.glob("**/libevq.so*"):
            shared.unlink()
        build = self.with_cmake("cmake-archive", prefix=archive)
        self.check(build / "consumer")
        self.assertNotIn("libevq.so", run("ldd", build / "consumer"))

    def test_cmake_looks_at_the_version(self):
        build = self.with_cmake("cmake-version")
        version = self.pkg_config("--modversion")[0]
        major, minor, patch = map(int, version.split("."))
        next_patch = f"{major}.{minor}.{patch + 1}"
        accepted = [version, f"{version};EXACT", f"{major}.{minor}", f"{version}...{major + 1}",
                    f"0.0.1...{version}", f"0.0.1...<{next_patch}"]
        refused = [next_patch, f"{next_patch};EXACT", f"{major}.{minor + 1}", f"{major + 1}.0",
                   f"{next_patch}...{major + 1}", f"0.0.1...<{version}"]
        # Before 1.0 a minor version may break what worked.
        refused += [f"0.{minor - 1}"] if major == 0 and minor > 0 else []
        for wanted in accepted:
            run("cmake", f"-DEVQ_WANTED={wanted}", build, env=self.environment)
        for wanted in refused:
            with self.assertRaisesRegex(AssertionError, "considered but not accepted", msg=wanted):
                run("cmake", f"-DEVQ_WANTED={wanted}", build, env=self.environment)

    def test_meson_subproject(self):
        source = self.work / "meson"
        (source / "subprojects").mkdir(parents=True)
        shutil.copy(HERE / "consumer.cpp", source)
        shutil.copy(HERE / "subproject.build", source / "meson.build")
        shutil.copytree(SOURCE, source / "subprojects" / "evq",
                        ignore=shutil.ignore_patterns("build*", ".git", "subprojects"))
        output = run("meson", "setup", "--wrap-mode=forcefallback", source / "build", source,
                     env=self.environment)
        self.assertNotIn("catch2", output.lower())  # a user does not build our tests
        run("meson", "compile", "-C", source / "build")
        # With its own library, not an installed one.
        self.environment.pop("LD_LIBRARY_PATH")
        self.check(source / "build" / "consumer")


if __name__ == "__main__":
    BUILD, SOURCE = (pathlib.Path(sys.argv.pop(1)) for _ in range(2))
    COMPILER = sys.argv[1:]
    del sys.argv[1:]
    counted.main()
