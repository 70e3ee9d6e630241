#include "intercept/peer.hpp"

#include "base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <netinet/in.h>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <unistd.h>
#include <vector>

namespace steno::intercept {

namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 6> kInterpreters{"python", "node", "ruby", "perl", "deno", "bun"};
constexpr std::size_t kLongestArgument = 4096;
constexpr std::size_t kLongestScript = 80;

struct Socket {
    uid_t owner = 0;
    std::string name;  ///< "socket:[12345]"
};

/// The row of a table that has these two ends, as long as somebody holds the socket.
std::optional<Socket> row_of(const char* table, const std::string& local, const std::string& remote) {
    // "sl local_address rem_address st tx:rx tr:when retrnsmt uid timeout inode" (proc(5)).
    std::ifstream rows(table);
    for (std::string line; std::getline(rows, line);) {
        if (!line.contains(local)) continue;
        std::istringstream words(line);
        std::array<std::string, 10> word;
        for (std::string& one : word) words >> one;
        if (word[1] != local || word[2] != remote) continue;
        uid_t owner = 0;
        const char* const end = word[7].data() + word[7].size();
        const auto [stop, error] = std::from_chars(word[7].data(), end, owner);
        if (error != std::errc() || stop != end || word[9].empty() || word[9] == "0") return std::nullopt;
        return Socket{owner, "socket:[" + word[9] + "]"};
    }
    return std::nullopt;
}

std::optional<Socket> socket_at(const net::Endpoint& from, std::uint16_t to) {
    in_addr address{};
    if (::inet_pton(AF_INET, from.host.c_str(), &address) != 1) return std::nullopt;
    // Addresses stand there as the words of this machine that their bytes are.
    const std::string local = fmt::format("{:08X}:{:04X}", address.s_addr, from.port);
    const std::string remote = fmt::format("{:08X}:{:04X}", htonl(INADDR_LOOPBACK), to);
    // Some speak IPv4 through sockets of IPv6: ::ffff:127.0.0.1 (RFC 4291, section 2.5.5.2).
    const std::string mapped = fmt::format("{:016X}{:08X}", 0, htonl(0xFFFF));
    // Where connections come and go while the table is read, a row may be passed over.
    constexpr int kTries = 3;
    for (int i = 0; i < kTries; ++i) {
        if (auto found = row_of("/proc/net/tcp", local, remote)) return found;
        if (auto found = row_of("/proc/net/tcp6", mapped + local, mapped + remote)) return found;
    }
    return std::nullopt;
}

bool holds(const fs::path& process, std::string_view socket) {
    std::error_code error;
    for (fs::directory_iterator at(process / "fd", error), end; !error && at != end; at.increment(error)) {
        std::error_code closed;
        if (fs::read_symlink(at->path(), closed) == socket) return true;
    }
    return false;
}

/// In which libcurl is one library among others, and seldom the one that asks.
bool is_interpreter(std::string_view executable) {
    return std::ranges::any_of(kInterpreters,
                               [executable](std::string_view name) { return executable.starts_with(name); });
}

Program::Trust trust_of(const fs::path& process, std::string_view executable) {
    if (executable == "java") return Program::Trust::Java;
    if (executable.starts_with("curl") || is_interpreter(executable)) return Program::Trust::Environment;
    std::ifstream maps(process / "maps");
    for (std::string line; std::getline(maps, line);) {
        if (line.contains("/libcurl")) return Program::Trust::Libcurl;
        if (line.contains("/libjvm.so")) return Program::Trust::Java;
    }
    return Program::Trust::Environment;
}

Program program_of(const fs::path& process) {
    std::error_code error;
    const std::string executable = fs::read_symlink(process / "exe", error).filename();
    std::ifstream line(process / "cmdline");
    std::vector<std::string> arguments;
    constexpr std::size_t kMost = 2;
    for (std::string one; arguments.size() < kMost && std::getline(line, one, '\0');)
        arguments.push_back(one.substr(0, kLongestArgument));
    return {program_name(executable, arguments, process / "cwd"), trust_of(process, executable)};
}

/// The folder in /proc of a process that holds the socket; "" if none is seen.
fs::path holder_of(const Socket& socket) {
    std::error_code error;
    for (fs::directory_iterator at("/proc", error), end; !error && at != end; at.increment(error)) {
        const std::string name = at->path().filename();
        if (name.find_first_not_of("0123456789") == name.npos && holds(at->path(), socket.name))
            return at->path();
    }
    return {};
}

/// Whether this process is among those that the process comes from.
bool comes_from_us(fs::path process) {
    constexpr int kGenerations = 64;
    for (int i = 0; i < kGenerations; ++i) {
        // "PID (NAME) STATE PARENT …"; the name may be anything.
        std::ifstream file(process / "stat");
        std::string line;
        std::getline(file, line);
        std::istringstream words(line.substr(std::min(line.rfind(')'), line.size() - 1) + 1));
        std::string state;
        pid_t parent = 0;
        if (line.empty() || !(words >> state >> parent) || parent <= 1) return false;
        if (parent == ::getpid()) return true;
        process = fs::path("/proc") / std::to_string(parent);
    }
    return false;
}

}  // namespace

Peer peer_at(const net::Endpoint& from, std::uint16_t our_port, Look look) {
    Peer peer;
    const auto socket = socket_at(from, our_port);
    if (!socket) return peer;
    peer.may_use_run = socket->owner == 0 || socket->owner == ::geteuid();
    // Only root sees what processes of others hold.
    const bool could_be_ours = !peer.may_use_run && ::geteuid() == 0;
    if (!could_be_ours && (!peer.may_use_run || look == Look::User)) return peer;
    const fs::path process = holder_of(*socket);
    if (process.empty()) return peer;
    if (could_be_ours) peer.may_use_run = comes_from_us(process);
    if (peer.may_use_run && look == Look::Program) peer.program = program_of(process);
    return peer;
}

bool sees_peers() {
    return std::ifstream("/proc/net/tcp").is_open();
}

std::string program_name(std::string_view executable, std::span<const std::string> arguments,
                         const fs::path& folder) {
    std::string name(executable);
    if (!is_interpreter(executable) || arguments.size() < 2 || arguments[1].starts_with('-')) return name;
    const fs::path script = folder / arguments[1];
    std::error_code error;
    if (!fs::is_regular_file(script, error)) return name;
    return name + " " + std::string(utf8_prefix(script.filename().native(), kLongestScript));
}

}  // namespace steno::intercept
