#pragma once

#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

namespace steno::intercept {

/// A process that goes on.
struct Survivor {
    pid_t pid = 0;
    std::string name;
};

/// The processes of this user, but for this one, whose environment has the variable `name` with this value
/// since they began: what a program has started, however far it has gone from it (setsid, daemons). One that
/// was given another environment is not found. Reads /proc: some milliseconds of blocking.
std::vector<Survivor> processes_with(std::string_view name, std::string_view value);

}  // namespace steno::intercept
