"""check_cases finds what is planted, and nothing else."""

import tempfile
import unittest
from pathlib import Path

from check_cases import missing

PAGE = """`cases::test_case_1`, `test_more::test_gone`, `Suite.Here`, `Suite.Gone`, `Kind/Suite.Here`, `response.completed`,
`tools/install.sh`, `CMakeLists.txt`"""


class CheckCases(unittest.TestCase):
    def test_finds_names_without_a_test(self):
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            for name, text in {
                "docs/gateway-cases.md": PAGE,
                "tests/gateway/test_cases.py": "def test_case_1(gateway):\n    pass\n",
                "tests/gateway/test_more.py": "def test_here():\n    test_gone()\n",
                "src/x/x_test.cpp": "TEST_P(Suite, Here) {}\nTEST(Other, Gone) {}\n",
            }.items():
                path = root / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
            self.assertEqual(list(missing(root)), ["test_more::test_gone", "Suite.Gone"])


if __name__ == "__main__":
    unittest.main()
