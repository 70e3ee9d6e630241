#pragma once

#include "net/http.hpp"

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

/// Who is at the other end of a connection to a port of 127.0.0.1, by what /proc tells: some milliseconds of
/// blocking. `from` is the other end's address and port.
namespace steno::intercept {

/// A process that is to be looked into, or not.
struct Program {
    /// "wget", "python3 agent.py"; "" where it cannot be seen. Programs of one name are taken for one.
    std::string name;
    /// Whose list of certificates it trusts.
    enum class Trust : std::uint8_t {
        Environment,  ///< most likely the one that its environment names
        Libcurl,      ///< libcurl's own (but for the curl command, which asks the environment itself)
        Java,         ///< the one of its Java
    };
    Trust trust = Trust::Environment;
};

struct Peer {
    /// It is somebody who may use what this run may: root, this process's own user, or a process of any user
    /// that this one has started, by itself or through others (which a process of root's can see alone).
    /// False for all others, and where it cannot be seen: /proc/net/tcp tells no owner of a connection that
    /// was closed meanwhile (proc(5), its uid is 0 then, as root's).
    bool may_use_run = false;
    Program program;
};
enum class Look : std::uint8_t { User, Program };
/// With `Look::User` the program is left empty, which takes the longer part of the time.
Peer peer_at(const net::Endpoint& from, std::uint16_t our_port, Look look);

/// Whether this machine has what `peer_at` goes by.
bool sees_peers();

/// What a program is called by its executable and arguments: an interpreter by its script, too, where its
/// first argument is a file as seen from `folder`, the one that it works in. Of that the file's name alone,
/// at most 80 bytes: arguments may hold whole programs (-c), and keys in them.
std::string program_name(std::string_view executable, std::span<const std::string> arguments,
                         const std::filesystem::path& folder);

}  // namespace steno::intercept
