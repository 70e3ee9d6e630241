#include "net/proxy.hpp"

#include "base/text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace steno::net {

std::optional<Proxy> Proxy::parse(std::string_view url, std::string_view exempt) {
    Proxy proxy;
    if (const std::size_t scheme = url.find("://"); scheme != std::string_view::npos) {
        if (!equals_ignoring_case(url.substr(0, scheme), "http")) return std::nullopt;
        url.remove_prefix(scheme + 3);
    }
    if (const std::size_t at = url.rfind('@'); at != std::string_view::npos) {
        std::string who = percent_decode(url.substr(0, at));
        if (!who.contains(':')) who += ':';
        proxy.authorization = "Basic " + to_base64(who);
        url.remove_prefix(at + 1);
    }
    const auto base = BaseUrl::parse("http://" + std::string(url));
    if (!base || !base->path.empty()) return std::nullopt;
    proxy.at = base->endpoint;
    for (const std::string_view list : split(exempt, ',')) {
        for (std::string_view one : split(list, ' ')) {
            if (one.starts_with("*.")) one.remove_prefix(1);
            if (!one.empty()) proxy.exempt.push_back(lower_case(one));
        }
    }
    return proxy;
}

bool Proxy::is_for(const Endpoint& to) const {
    if (to.is_loopback()) return false;
    const std::string host = lower_case(to.host);
    return std::ranges::none_of(exempt, [&](std::string_view one) {
        if (one == "*") return true;
        if (const auto with_port = Endpoint::parse(one)) {
            if (with_port->port != to.port) return false;
            one = one.substr(0, one.rfind(':'));
        }
        if (one.starts_with('[') && one.ends_with(']')) one = one.substr(1, one.size() - 2);
        if (one.starts_with('.')) one.remove_prefix(1);
        return host == one || (host.ends_with(one) && host[host.size() - one.size() - 1] == '.');
    });
}

std::string Proxy::request_for(const Endpoint& to) const {
    std::string request = fmt::format("CONNECT {0} HTTP/1.1\r\nHost: {0}\r\n", to.to_string());
    if (!authorization.empty()) request += "Proxy-Authorization: " + authorization + "\r\n";
    return request + "\r\n";
}

}  // namespace steno::net
