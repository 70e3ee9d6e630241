#pragma once

#include "cli/command.hpp"

#include <cstdint>
#include <string>

namespace steno::cli {

struct DemoFolderFlags {
    std::string data;
    std::uint64_t calls = 0;
    std::uint64_t seed = 1;
    double days = 90;
    std::string until;  ///< RFC 3339; empty: now
};

/// Records a demo (demo/demo_record.hpp) straight into a data folder, without a server, and ends when the
/// store has all of it. An interrupt ends it early and leaves a valid folder. FailedPrecondition: a server
/// has the folder, or it holds a record already, which demo calls must not be mixed into.
Result<int> fill_demo_folder(const Program& program, const DemoFolderFlags& flags);

}  // namespace steno::cli
