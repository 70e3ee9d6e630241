#pragma once

#include "net/http.hpp"

#include <cstdint>

/// Who is at the other end of a connection to a port of 127.0.0.1, by what /proc tells: some milliseconds of
/// blocking. `from` is the other end's address and port.
namespace steno::intercept {

/// Whether that is somebody who may use what this run may: root, this process's own user, or a process of any
/// user that this one has started, by itself or through others (which a process of root's can see alone).
/// False for all others, and where it cannot be seen: /proc/net/tcp tells no owner of a connection that was
/// closed meanwhile (proc(5), its uid is 0 then, as root's).
bool may_use_run(const net::Endpoint& from, std::uint16_t our_port);

/// Whether this machine has what `may_use_run` goes by.
bool sees_peers();

/// Whether the process there is one that trusts the certificates of its HTTP library's own list, whatever its
/// environment says: a program over libcurl (but for the curl command, which asks the environment itself) or
/// of Java. False where that cannot be seen.
bool has_trust_of_its_own(const net::Endpoint& from, std::uint16_t our_port);

}  // namespace steno::intercept
