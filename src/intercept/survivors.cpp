#include "intercept/survivors.hpp"

#include "base/text.hpp"

#include <fmt/format.h>

#include <charconv>
#include <filesystem>
#include <fstream>
#include <unistd.h>

namespace steno::intercept {

namespace {

bool has_line(const std::filesystem::path& environment, std::string_view wanted) {
    std::ifstream file(environment, std::ios::binary);
    for (std::string line; std::getline(file, line, '\0');) {
        if (line == wanted) return true;
    }
    return false;
}

}  // namespace

std::vector<Survivor> processes_with(std::string_view name, std::string_view value) {
    std::vector<Survivor> found;
    const std::string wanted = fmt::format("{}={}", name, value);
    std::error_code error;
    for (std::filesystem::directory_iterator at("/proc", error), end; !error && at != end;
         at.increment(error)) {
        const std::string number = at->path().filename();
        pid_t pid = 0;
        const auto [stop, bad] = std::from_chars(number.data(), number.data() + number.size(), pid);
        if (bad != std::errc() || stop != number.data() + number.size() || pid == ::getpid()) continue;
        if (!has_line(at->path() / "environ", wanted)) continue;
        std::string command;
        std::ifstream(at->path() / "comm") >> command;
        found.push_back({pid, command});
    }
    return found;
}

}  // namespace steno::intercept
