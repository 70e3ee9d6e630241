#include "cli/program.hpp"

int main(int argc, char** argv) {
    return steno::cli::run_program(argc, argv);
}
