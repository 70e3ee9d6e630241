"""Plants one violation at a time into a small tree that is in order, and expects check_arrows to name exactly that."""

import tempfile
import unittest
from pathlib import Path

from check_arrows import Tree

IN_ORDER = {
    "src/arrows.txt": "# comment\nbase:\nnet: base\njournal: base\nserver: base net journal\n",
    "src/base/README.md": "base",
    "src/base/CMakeLists.txt": "steno_module(base SOURCES a.cpp)\nsteno_test(base_test SOURCES a_test.cpp)\n",
    "src/base/a.hpp": "#pragma once\n#include <string>\n",
    "src/base/a.cpp": '#include "base/a.hpp"\n',
    "src/base/a_test.cpp": '#include "base/a.hpp"\n',
    "src/net/README.md": "net",
    "src/net/CMakeLists.txt": "steno_module(net SOURCES loop.cpp)\n",
    "src/net/task.hpp": "#include <boost/asio/awaitable.hpp>\n",
    "src/net/detail.hpp": "#include <boost/beast/http.hpp>\n",
    "src/net/loop.cpp": '#include "net/task.hpp"\n#include "net/detail.hpp"\n#include <boost/asio.hpp>\n',
    "src/journal/README.md": "journal",
    "src/server/README.md": "server",
    "src/server/CMakeLists.txt": "steno_module(server SOURCES routes/s.cpp)\n",
    "src/server/routes/s.cpp": '#include "net/task.hpp"\n#include "journal/j.hpp"\n',
    "src/journal/j.hpp": '#include "base/a.hpp"\n',
    "include/steno/steno.hpp": '#include <cstdint>\n#include "steno/call.hpp"\n',
    "include/steno/call.hpp": "#include <string_view>\n",
}


class Planted(unittest.TestCase):
    def violations(self, planted):
        with tempfile.TemporaryDirectory() as folder:
            for name, text in {**IN_ORDER, **planted}.items():
                if text is not None:
                    path = Path(folder, name)
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_text(text)
            return Tree(folder).check()

    def expect(self, planted, *said):
        violations = self.violations(planted)
        self.assertEqual(len(violations), 1, violations)
        for part in said:
            self.assertIn(part, violations[0])

    def test_in_order(self):
        self.assertEqual(self.violations({}), [])

    def test_arrow_that_the_table_does_not_allow(self):
        self.expect({"src/journal/j.hpp": '\n#include "net/task.hpp"\n'}, "src/journal/j.hpp:2:", "journal may not include net")

    def test_arrow_in_angle_brackets_or_upward(self):
        self.expect({"src/base/a.hpp": "#include <journal/j.hpp>\n"}, "base may not include journal")

    def test_arrow_out_of_a_subfolder(self):
        self.expect({"src/journal/x/y.hpp": '#include "server/s.hpp"\n'}, "journal may not include server")

    def test_a_test_may_look_up_the_table_only(self):
        lists = {"src/journal/CMakeLists.txt": "steno_test(t SOURCES j_test.cpp)"}
        self.assertEqual(self.violations({**lists, "src/journal/j_test.cpp": '#include "net/task.hpp"\n'}), [])
        self.expect({**lists, "src/journal/j_test.cpp": '#include "server/s.hpp"\n'}, "journal may not include server")

    def test_the_public_interface_is_the_clients(self):
        table = "base:\nrecord: base\nnet: base\nclient: base record\njournal: base\nserver: base net journal client\n"
        more = {"src/arrows.txt": table, "src/client/README.md": "client", "src/record/README.md": "record",
                "src/record/kinds.hpp": '#include "steno/kinds.hpp"\n', "src/client/c.hpp": '#include "steno/call.hpp"\n',
                "src/server/s.hpp": '#include "steno/call.hpp"\n'}
        self.assertEqual(self.violations(more), [])
        self.expect({**more, "src/journal/j.hpp": '#include "steno/kinds.hpp"\n'}, "journal may not include steno/kinds.hpp")
        self.expect({**more, "src/record/kinds.hpp": '#include "steno/call.hpp"\n'}, "record may not include steno/call.hpp")

    def test_row_that_names_a_folder_below(self):
        table = "base:\nnet: base journal\njournal: base net\nserver: base net journal\n"
        self.expect({"src/arrows.txt": table}, "arrows.txt:2:", "net names journal")

    def test_row_that_names_itself(self):
        table = "base: base\nnet: base\njournal: base\nserver: base net journal\n"
        self.expect({"src/arrows.txt": table}, "base names base")

    def test_rows_that_cannot_be_read(self):
        self.expect({"src/arrows.txt": IN_ORDER["src/arrows.txt"] + "other = base\n"}, "arrows.txt:6:")
        self.expect({"src/arrows.txt": IN_ORDER["src/arrows.txt"] + "net:\n"}, "two rows")

    def test_folder_without_a_row(self):
        self.expect({"src/extra/README.md": "extra"}, "src/extra has no row")

    def test_short_include_path(self):
        self.expect({"src/base/a.cpp": '#include "a.hpp"\n'}, "full path")
        self.expect({"src/base/a.cpp": '#include "../base/a.hpp"\n'}, "full path")

    def test_asio_outside_net(self):
        for header in ("boost/asio.hpp", "boost/asio/io_context.hpp", "boost/beast/core.hpp", "boost/asio/awaitable.hpp"):
            self.expect({"src/base/a.cpp": f"#include <{header}>\n"}, header, "outside src/net")

    def test_asio_shown_by_a_header_of_net(self):
        self.expect({"src/net/task.hpp": '#include "net/detail.hpp"\n'}, "src/net/detail.hpp:1:", "routes/s.cpp")

    def test_file_that_nothing_builds(self):
        self.expect({"src/base/b_test.cpp": ""}, "src/base/b_test.cpp", "never built")
        self.expect({"src/base/CMakeLists.txt": "steno_module(base SOURCES a.cpp)\n# a_test.cpp\n"}, "src/base/a_test.cpp")
        self.expect({"fuzz/json_fuzz.cpp": ""}, "fuzz/json_fuzz.cpp")
        self.expect({"src/main.cpp": ""}, "src/main.cpp")

    def test_file_that_another_folder_builds(self):
        lists = IN_ORDER["src/server/CMakeLists.txt"] + "add_executable(steno ${CMAKE_SOURCE_DIR}/src/main.cpp)\n"
        self.assertEqual(self.violations({"src/main.cpp": '#include "server/s.hpp"\n', "src/server/CMakeLists.txt": lists}), [])

    def test_lengths(self):
        self.assertEqual(self.violations({"src/base/a.cpp": "\n" * 800, "src/base/a.hpp": "\n" * 400}), [])
        self.expect({"src/base/a.cpp": "\n" * 801}, "801 lines")
        self.expect({"include/steno/call.hpp": "\n" * 401}, "401 lines")

    def test_readmes(self):
        self.expect({"src/base/README.md": None}, "src/base", "README.md")
        self.expect({"src/base/README.md": "\n" * 31}, "longer than")

    def test_public_header_with_more_than_std(self):
        for included in ("<fmt/core.h>", '"base/a.hpp"', "<sys/socket.h>", '"other.hpp"'):
            self.expect({"include/steno/call.hpp": f"#include {included}\n"}, "include/steno/call.hpp:1:")


if __name__ == "__main__":
    unittest.main()
