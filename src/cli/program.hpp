#pragma once

namespace steno::cli {

/// The whole program: parses, runs the command, prints errors. Returns the exit code.
int run_program(int argc, char** argv);

}  // namespace steno::cli
