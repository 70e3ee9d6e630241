#include "intercept/peer.hpp"

#include <fmt/format.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>

namespace steno::intercept {

namespace {

namespace fs = std::filesystem;

/// "socket:[12345]" of the connection from one port of 127.0.0.1 to another; "" if there is none.
std::string socket_name(std::uint16_t from, std::uint16_t to) {
    // "sl local_address rem_address st tx:rx tr:when retrnsmt uid timeout inode" (proc(5)).
    std::ifstream table("/proc/net/tcp");
    const std::string local = fmt::format("0100007F:{:04X}", from);
    const std::string remote = fmt::format("0100007F:{:04X}", to);
    for (std::string line; std::getline(table, line);) {
        std::istringstream words(line);
        std::array<std::string, 10> word;
        for (std::string& one : word) words >> one;
        if (word[1] == local && word[2] == remote) return "socket:[" + word[9] + "]";
    }
    return {};
}

bool holds(const fs::path& process, std::string_view socket) {
    std::error_code error;
    for (const auto& descriptor : fs::directory_iterator(process / "fd", error)) {
        if (fs::read_symlink(descriptor.path(), error) == socket) return true;
    }
    return false;
}

bool trusts_its_own(const fs::path& process) {
    std::error_code error;
    const std::string program = fs::read_symlink(process / "exe", error).filename();
    if (program == "java") return true;
    // Interpreters, in which libcurl is one library among others and seldom the one that asks.
    for (const std::string_view name : {"curl", "python", "node", "ruby", "perl", "deno", "bun"}) {
        if (program.starts_with(name)) return false;
    }
    std::ifstream maps(process / "maps");
    for (std::string line; std::getline(maps, line);) {
        if (line.contains("/libcurl") || line.contains("/libjvm.so")) return true;
    }
    return false;
}

}  // namespace

bool has_trust_of_its_own(std::uint16_t its_port, std::uint16_t our_port) {
    const std::string socket = socket_name(its_port, our_port);
    if (socket.empty()) return false;
    std::error_code error;
    for (const auto& process : fs::directory_iterator("/proc", error)) {
        const std::string name = process.path().filename();
        if (name.find_first_not_of("0123456789") != name.npos || !holds(process.path(), socket)) continue;
        return trusts_its_own(process.path());
    }
    return false;
}

}  // namespace steno::intercept
