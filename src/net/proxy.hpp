#pragma once

#include "net/http.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace steno::net {

/// An HTTP proxy that stands between this machine and others, passed by CONNECT (RFC 9110, section 9.3.6).
struct Proxy {
    Endpoint at;
    std::string authorization;        ///< "Basic …", or empty. A secret.
    std::vector<std::string> exempt;  ///< as in NO_PROXY

    /// `url` as in HTTPS_PROXY: "http://[NAME:PASSWORD@]HOST[:PORT]", also without the scheme. Nothing for
    /// others (SOCKS, a proxy that is itself reached by TLS). `exempt` as in NO_PROXY: "*", or hosts, with
    /// all names below them, separated by commas; each may have a port.
    static std::optional<Proxy> parse(std::string_view url, std::string_view exempt);

    /// Not for this machine and what is exempt.
    [[nodiscard]] bool is_for(const Endpoint& to) const;
    /// What it is asked so that it connects to `to`.
    [[nodiscard]] std::string request_for(const Endpoint& to) const;
};

}  // namespace steno::net
