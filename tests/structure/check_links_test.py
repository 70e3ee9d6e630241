"""check_links on a small tree of pages: what leads somewhere passes, each kind of dead end is named."""

import tempfile
import unittest
from pathlib import Path

from check_links import check


class Links(unittest.TestCase):
    def broken(self, text):
        with tempfile.TemporaryDirectory() as folder:
            for name, content in {
                "docs/page.md": text,
                "docs/other.md": "# One heading, `with code`\n\n## Twice\n\n## Twice\n",
                "picture.svg": "<svg/>",
                "build/ignored.md": "[dead](nowhere.md)",
            }.items():
                path = Path(folder, name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(content)
            return check(folder)

    def test_links_that_lead_somewhere(self):
        for text in (
            "[a](other.md) and ![b](../picture.svg \"title\")",
            "[a](other.md#one-heading-with-code) [b](other.md#twice-1)",
            "# Here\n\n[a](#here) [b](/picture.svg) [c](../docs)",
            "<img alt=\"x\" src=\"../picture.svg\">",
            "[![badge](../picture.svg)](other.md)",
            "[a](https://example.com/x) <mailto:a@example.com> [b](mailto:a@example.com)",
            "[ref]\n\n[ref]: other.md",
            "```\n[a](nowhere.md)\n```\nand `[a](nowhere.md)`",
        ):
            self.assertEqual(self.broken(text), [], text)

    def test_dead_ends(self):
        for text, said in (
            ("\n[a](nowhere.md)", "docs/page.md:2: nowhere.md: there is no such file"),
            ("![a](pictures/x.png)", "there is no such file"),
            ("[![badge](nowhere.svg)](other.md)", "nowhere.svg"),
            ("<img src=\"nowhere.png\">", "nowhere.png"),
            ("[a](other.md#three)", "there is no such heading"),
            ("[a](#there)", "there is no such heading"),
            ("[ref]\n\n[ref]: nowhere.md", "nowhere.md"),
            ("[a](../../)", "leads out of the project"),
        ):
            broken = self.broken(text)
            self.assertEqual(len(broken), 1, (text, broken))
            self.assertIn(said, broken[0])


if __name__ == "__main__":
    unittest.main()
