#include "net/http.hpp"

#include "base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>

namespace steno::net {
namespace {

int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

bool is_unreserved(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

/// What may stand in a host name or a bare address; keeps spaces, quotes and control bytes out of Host
/// headers.
bool is_host(std::string_view host) {
    return !host.empty() && host.size() <= 255 &&
           std::ranges::all_of(host, [](char c) { return is_unreserved(c) || c == '%' || c == ':'; });
}

bool is_path(std::string_view path) {
    return std::ranges::all_of(path, [](char c) {
        return c > ' ' && c != 0x7f && c != '?' && c != '#' && c != '"' && c != '<' && c != '>' && c != '\\';
    });
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return port;
}

std::string bracketed(const std::string& host) {
    return host.find(':') == std::string::npos ? host : "[" + host + "]";
}

}  // namespace

void Headers::set(std::string_view name, std::string value) {
    const auto first = std::ranges::find_if(
        fields_, [&](const Field& field) { return equals_ignoring_case(field.first, name); });
    if (first == fields_.end()) return add(std::string(name), std::move(value));
    first->second = std::move(value);
    fields_.erase(std::remove_if(std::next(first), fields_.end(),
                                 [&](const Field& field) { return equals_ignoring_case(field.first, name); }),
                  fields_.end());
}

void Headers::remove(std::string_view name) {
    std::erase_if(fields_, [&](const Field& field) { return equals_ignoring_case(field.first, name); });
}

std::optional<std::string_view> Headers::get(std::string_view name) const {
    for (const auto& [key, value] : fields_) {
        if (equals_ignoring_case(key, name)) return value;
    }
    return std::nullopt;
}

void remove_hop_by_hop(Headers& headers) {
    std::string named;  // a copy: the fields that hold the names go away too
    for (const auto& [name, value] : headers) {
        if (equals_ignoring_case(name, "connection")) named.append(value).push_back(',');
    }
    const std::vector<std::string_view> also = split(named, ',');
    headers.remove_if([&](const Headers::Field& field) {
        const std::string_view name = field.first;
        // Every name below begins with one of these letters; most headers leave here.
        if (also.empty() &&
            std::string_view("ckptuCKPTU").find(name.empty() ? '\0' : name.front()) == std::string::npos)
            return false;
        for (const std::string_view hop :
             {"connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"}) {
            if (equals_ignoring_case(name, hop)) return true;
        }
        if (name.size() >= 6 && equals_ignoring_case(name.substr(0, 6), "proxy-")) return true;
        return std::ranges::any_of(also,
                                   [&](std::string_view hop) { return equals_ignoring_case(name, hop); });
    });
}

std::string_view RequestHead::path() const {
    return std::string_view(target).substr(0, target.find('?'));
}

std::string_view RequestHead::query() const {
    const std::size_t mark = target.find('?');
    return mark == std::string::npos ? std::string_view{} : std::string_view(target).substr(mark + 1);
}

std::string percent_decode(std::string_view text, bool plus_is_space) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '%' && i + 2 < text.size()) {
            const int high = hex_value(text[i + 1]);
            const int low = hex_value(text[i + 2]);
            if (high >= 0 && low >= 0) {
                out.push_back(static_cast<char>(high * 16 + low));
                i += 2;
                continue;
            }
        }
        out.push_back(plus_is_space && text[i] == '+' ? ' ' : text[i]);
    }
    return out;
}

std::string percent_encode(std::string_view text) {
    constexpr std::string_view kHex = "0123456789ABCDEF";
    std::string out;
    out.reserve(text.size());
    for (const char c : text) {
        if (is_unreserved(c)) {
            out.push_back(c);
        } else {
            const auto byte = static_cast<unsigned char>(c);
            out.push_back('%');
            out.push_back(kHex[byte >> 4]);
            out.push_back(kHex[byte & 15]);
        }
    }
    return out;
}

std::vector<std::pair<std::string, std::string>> parse_query(std::string_view query) {
    std::vector<std::pair<std::string, std::string>> out;
    while (!query.empty()) {
        const std::string_view pair = query.substr(0, query.find('&'));
        query.remove_prefix(std::min(pair.size() + 1, query.size()));
        if (pair.empty()) continue;
        const std::size_t equals = pair.find('=');
        const std::string_view value =
            equals == std::string_view::npos ? std::string_view{} : pair.substr(equals + 1);
        out.emplace_back(percent_decode(pair.substr(0, equals), true), percent_decode(value, true));
    }
    return out;
}

std::string http_date(std::int64_t seconds) {
    // Names of its own: strftime's are the locale's.
    static constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                              "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const std::chrono::sys_seconds moment{std::chrono::seconds(seconds)};
    const auto day = std::chrono::floor<std::chrono::days>(moment);
    const std::chrono::year_month_day date(day);
    const std::chrono::hh_mm_ss time(moment - day);
    return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT",
                       kDays[std::chrono::weekday(day).c_encoding()], unsigned(date.day()),
                       kMonths[unsigned(date.month()) - 1], int(date.year()), time.hours().count(),
                       time.minutes().count(), time.seconds().count());
}

std::optional<Endpoint> Endpoint::parse(std::string_view text) {
    Endpoint endpoint;
    std::string_view port;
    if (text.starts_with('[')) {
        const std::size_t close = text.find("]:");
        if (close == std::string_view::npos) return std::nullopt;
        endpoint.host = text.substr(1, close - 1);
        port = text.substr(close + 2);
    } else {
        const std::size_t colon = text.find(':');
        if (colon == std::string_view::npos) return std::nullopt;
        endpoint.host = text.substr(0, colon);
        port = text.substr(colon + 1);
    }
    const auto number = parse_port(port);
    if (!number || !is_host(endpoint.host)) return std::nullopt;
    endpoint.port = *number;
    return endpoint;
}

std::string Endpoint::to_string() const {
    if (is_unix()) return "unix:" + host;
    return bracketed(host) + ":" + std::to_string(port);
}

bool Endpoint::is_loopback() const {
    if (is_unix() || host == "::1" || equals_ignoring_case(host, "localhost")) return true;
    // Only a literal: "127.example.com" is somebody's name.
    return host.starts_with("127.") && std::ranges::count(host, '.') == 3 &&
           std::ranges::all_of(host, [](char c) { return c == '.' || (c >= '0' && c <= '9'); });
}

std::optional<BaseUrl> BaseUrl::parse(std::string_view text) {
    BaseUrl url;
    const std::size_t scheme_end = text.find("://");
    if (scheme_end == std::string_view::npos) return std::nullopt;
    const std::string_view scheme = text.substr(0, scheme_end);
    if (equals_ignoring_case(scheme, "https")) {
        url.tls = true;
    } else if (!equals_ignoring_case(scheme, "http")) {
        return std::nullopt;
    }
    text.remove_prefix(scheme_end + 3);
    const std::string_view authority = text.substr(0, text.find('/'));
    text.remove_prefix(authority.size());
    while (text.ends_with('/')) text.remove_suffix(1);
    if (!is_path(text)) return std::nullopt;
    url.path = text;

    const bool has_port = authority.starts_with('[') ? authority.find("]:") != std::string_view::npos
                                                     : authority.find(':') != std::string_view::npos;
    std::string with_port(authority);
    if (!has_port) with_port += url.tls ? ":443" : ":80";
    const auto endpoint = Endpoint::parse(with_port);
    if (!endpoint || endpoint->port == 0) return std::nullopt;
    url.endpoint = *endpoint;
    return url;
}

std::optional<BaseUrl> BaseUrl::parse_server(std::string_view text) {
    if (!text.starts_with("unix:")) return parse(text);
    text.remove_prefix(5);
    if (text.starts_with("//")) text.remove_prefix(2);  // unix:///PATH
    if (!text.starts_with('/') || text.contains('\0')) return std::nullopt;
    return BaseUrl{.tls = false, .endpoint = {std::string(text), 0}, .path = {}};
}

std::string BaseUrl::to_string() const {
    if (endpoint.is_unix()) return endpoint.to_string();
    return (tls ? "https://" : "http://") + host_header() + path;
}

std::string BaseUrl::host_header() const {
    if (endpoint.is_unix()) return "localhost";
    return endpoint.port == (tls ? 443 : 80) ? bracketed(endpoint.host) : endpoint.to_string();
}

}  // namespace steno::net
