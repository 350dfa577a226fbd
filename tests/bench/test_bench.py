"""evq-bench as a user runs it: every scenario with every contender for a moment, the reports, and
what it says to options that make no sense. Nothing is said of how fast anything was.

    test_bench.py EVQ_BENCH
"""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "support"))
import counted

BENCH = ""
SCENARIOS = ["chain", "echo", "churn", "interest", "wake", "idle", "timers"]
WITHOUT_TIMERS = {"mio", "polling"}
BRIEF = ["--quick", "--rounds", "1", "--warm-up", "0", "--events", "200", "--quiet"]


def bench(*arguments):
    return subprocess.run([BENCH, *arguments], capture_output=True, text=True, timeout=300)


def contenders():
    listed = bench("list").stdout.partition("Contenders\n")[2]
    return re.findall(r"^  (\w[\w-]*) \S+: ", listed, re.MULTILINE)


class Run(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.output = os.path.join(folder.name, "results.json")

    def run_bench(self, *arguments):
        run = bench("run", "--output", self.output, *arguments)
        self.assertEqual((run.returncode, run.stderr), (0, ""))
        with open(self.output, encoding="utf-8") as file:
            return json.load(file)

    def check_scenario(self, name):
        results = self.run_bench(*BRIEF, name)
        expected = [c for c in contenders() if name != "timers" or c not in WITHOUT_TIMERS]
        self.assertGreaterEqual(len(expected), 2)
        self.assertGreaterEqual(len(results["series"]), 2)
        for series in results["series"]:
            self.assertEqual(series["scenario"], name)
            self.assertEqual([r["contender"] for r in series["results"]], expected)
            for result in series["results"]:
                self.assertNotIn("error", result)
                self.assertEqual(len(result["wall_ns"]), 1)
                self.assertGreater(result["wall_ns"][0], 0)
                self.assertGreater(result["cpu_ns"][0], 0)
                if name in ("echo", "wake"):
                    self.assertGreater(result["latency_ns"]["p50"], 0)

    def test_what_is_kept_says_where_it_is_from(self):
        results = self.run_bench(*BRIEF, "chain", "--pairs", "10", "--active", "1,5")
        for key in ("kernel", "compiler", "compiler options", "processor", "evq", "time"):
            self.assertTrue(results["machine"][key], key)
        self.assertIn("chain --pairs 10 --active 1,5", results["command"])
        self.assertEqual([s["point"] for s in results["series"]],
                         [{"active": 1, "pairs": 10}, {"active": 5, "pairs": 10}])
        self.assertEqual([c["name"] for c in results["contenders"]], contenders())

    def test_only_the_contenders_that_were_asked_for(self):
        results = self.run_bench(*BRIEF, "--contenders", "epoll,evq-epoll", "churn")
        self.assertEqual([r["contender"] for r in results["series"][0]["results"]],
                         ["evq-epoll", "epoll"])

    def test_idle_sources_take_no_memory_of_evq(self):
        results = self.run_bench(*BRIEF, "idle", "--idle", "1000")
        heap = {r["contender"]: r["heap_per_source"] for r in results["series"][0]["results"]}
        self.assertEqual(heap["evq-epoll"], 0)

    def test_what_is_stuck_ends_with_a_line(self):
        run = bench("run", "-o", self.output, "-q", "-c", "epoll", "-e", "100000000", "--patience",
                    "1", "chain", "--pairs", "10", "--active", "1")
        self.assertEqual(run.returncode, 1)
        self.assertEqual(run.stderr, "error: stuck for 1 s: epoll, chain active=1 pairs=10\n")

    @unittest.skipUnless(shutil.which("valgrind"), "valgrind is not installed")
    @unittest.skipUnless(os.environ.get("EVQ_SANITIZE", "none") == "none", "not with sanitizers")
    def test_instructions_are_counted_under_valgrind(self):
        results = self.run_bench("--quick", "-r", "1", "--count", "callgrind", "-c",
                                 "epoll,evq-epoll", "-q", "chain", "--pairs", "50")
        for result in results["series"][0]["results"]:
            self.assertGreater(result["instructions"], 20, result)
            self.assertLess(result["instructions"], 2000, result)

    def test_progress_is_a_line_for_each_point(self):
        run = bench("run", "-o", self.output, "--quick", "-r", "1", "-e", "200", "-c", "epoll",
                    "chain")
        self.assertEqual(run.stderr,
                         "0%  chain active=10 pairs=10\n50%  chain active=10 pairs=50\n")


for scenario in SCENARIOS:
    setattr(Run, f"test_every_contender_does_{scenario}",
            lambda self, name=scenario: self.check_scenario(name))


class List(unittest.TestCase):
    def test_everything_is_there(self):
        listed = bench("list")
        self.assertEqual(listed.returncode, 0)
        self.assertEqual(re.findall(r"^  ([a-z]+): ", listed.stdout, re.MULTILINE), SCENARIOS)
        self.assertIn("epoll", contenders())


class Report(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.results = os.path.join(cls.folder.name, "results.json")
        run = bench("run", "-o", cls.results, "--quick", "-r", "3", "-e", "200", "-q")
        assert run.returncode == 0, run.stderr

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def test_the_page_and_its_plots_are_well_formed(self):
        os.mkdir(self.path("plots"))
        run = bench("report", self.results, "--html", self.path("page.html"), "--markdown",
                    self.path("tables.md"), "--plots", self.path("plots"))
        self.assertEqual((run.returncode, run.stderr), (0, ""))
        page = xml.etree.ElementTree.parse(self.path("page.html")).getroot()
        svg, html = "{http://www.w3.org/2000/svg}", "{http://www.w3.org/1999/xhtml}"
        plots = page.findall(f".//{svg}svg")
        panels = page.findall(f".//{html}h3")
        self.assertEqual(len(plots), 2 * len(panels))  # lines, and ratios
        self.assertEqual(len(page.findall(f".//{html}table")), 1 + len(panels))
        # Nothing is fetched from elsewhere.
        text = pathlib.Path(self.path("page.html")).read_text(encoding="utf-8")
        self.assertNotRegex(text, r"(src|href)=")
        files = sorted(os.listdir(self.path("plots")))
        self.assertEqual(len(files), len(panels))
        for file in files:
            plot = xml.etree.ElementTree.parse(os.path.join(self.path("plots"), file)).getroot()
            words = [element.text for element in plot.iter(f"{svg}text")]
            self.assertIn("evq-epoll", words, file)
        tables = pathlib.Path(self.path("tables.md")).read_text(encoding="utf-8")
        self.assertEqual(re.findall(r"^### (\w+)$", tables, re.MULTILINE), SCENARIOS)

    def test_ratios_are_to_the_baseline(self):
        run = bench("compare", self.results, "--baseline", "evq-epoll")
        self.assertEqual((run.returncode, run.stderr), (0, ""))
        rows = [[cell.strip() for cell in line.split("|")] for line in run.stdout.splitlines()]
        own = [row for row in rows if len(row) > 4 and row[2] == "evq-epoll"]
        others = [row for row in rows if len(row) > 4 and row[2] == "epoll"]
        self.assertGreater(len(own), 7)
        self.assertEqual({row[4] for row in own}, {"1"})
        for row in others:
            self.assertRegex(row[4], r"^\d+\.\d{3} \(\d+\.\d{3} to \d+\.\d{3}\)$")

    def test_several_files_make_one_page(self):
        run = bench("report", self.results, self.results, "--html", self.path("two.html"))
        self.assertEqual(run.returncode, 0)
        page = xml.etree.ElementTree.parse(self.path("two.html"))
        self.assertEqual(len(page.findall(".//{http://www.w3.org/1999/xhtml}h2")), 2)

    def test_a_file_that_is_no_result_is_named(self):
        path = self.path("other.json")
        pathlib.Path(path).write_text("{}", encoding="utf-8")
        run = bench("compare", path)
        self.assertEqual(run.returncode, 1)
        self.assertRegex(run.stderr, r"\Aerror: .*other\.json is no result of evq-bench.*\n\Z")

    def test_a_baseline_that_was_not_there_is_refused(self):
        run = bench("compare", self.results, "--baseline", "kqueue")
        self.assertEqual(run.returncode, 2)
        self.assertRegex(run.stderr, r"\Aerror: --baseline: no kqueue in .*\n\Z")


class BadOptions(unittest.TestCase):
    def test_each_gives_one_line_and_exit_code_2(self):
        for arguments in (
            [],
            ["unknown"],
            ["run", "unknown"],
            ["run", "--unknown"],
            ["run", "--rounds", "0"],
            ["run", "--rounds", "many"],
            ["run", "--contenders", "select"],
            ["run", "--count", "guessing"],
            ["run", "chain", "--pairs", "0"],
            ["run", "chain", "--pairs", "10,x"],
            ["run", "chain", "--pairs", "-1"],
            ["run", "chain", "--connections", "1"],
            ["run", "chain", "--pairs", "10", "--active", "20"],
            ["run", "echo", "--size", "65536", "--depth", "2"],
            ["once", "chain"],
            ["once", "--contender", "epoll"],
            ["once", "--contender", "select", "chain"],
            ["compare"],
            ["compare", "no-such-file.json"],
            ["report", "no-such-file.json"],
            ["list", "extra"],
        ):
            with self.subTest(arguments):
                run = bench(*arguments)
                self.assertEqual(run.returncode, 2)
                self.assertRegex(run.stderr, r"\Aerror: .+\n\Z")
                self.assertEqual(run.stdout, "")

    def test_help_is_no_mistake(self):
        for arguments in (["--help"], ["run", "--help"], ["run", "chain", "--help"]):
            run = bench(*arguments)
            self.assertEqual((run.returncode, run.stderr), (0, ""))
            self.assertIn("Usage:", run.stdout)


if __name__ == "__main__":
    BENCH = sys.argv.pop(1)
    counted.main()
