"""The documents say what is there: the README's example is the example, and links lead somewhere.

    docs.py SOURCE_ROOT
"""

import pathlib
import re
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "support"))
import counted

ROOT = pathlib.Path()


class Documents(unittest.TestCase):
    def test_the_example_in_the_readme_is_the_one_that_is_built(self):
        blocks = re.findall(r"```cpp\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
        self.assertEqual(len(blocks), 1)
        self.assertEqual(blocks[0], (ROOT / "examples" / "printer.cpp").read_text())

    def test_links_lead_to_files_that_exist(self):
        pages = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]
        self.assertGreater(len(pages), 4)
        for page in pages:
            for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text()):
                if not target.startswith(("http:", "https:")):
                    self.assertTrue((page.parent / target).exists(), f"{page.name}: {target}")

    def test_the_commands_in_the_readme_exist(self):
        for command in re.findall(r"^scripts/\S+", (ROOT / "README.md").read_text(), re.MULTILINE):
            path = ROOT / command
            self.assertTrue(path.exists() and path.stat().st_mode & 0o100, command)


if __name__ == "__main__":
    ROOT = pathlib.Path(sys.argv.pop(1))
    counted.main()
