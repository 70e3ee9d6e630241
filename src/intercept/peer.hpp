#pragma once

#include <cstdint>

namespace steno::intercept {

/// Whether the process at the other end of a connection on 127.0.0.1 is one that trusts the certificates of
/// its HTTP library's own list, whatever its environment says: a program over libcurl (but for the curl
/// command, which asks the environment itself) or of Java. False where that cannot be seen. Reads /proc: some
/// milliseconds of blocking.
bool has_trust_of_its_own(std::uint16_t its_port, std::uint16_t our_port);

}  // namespace steno::intercept
