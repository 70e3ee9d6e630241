#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace steno::net {

/// Header fields in the order and spelling in which they came. Names compare without case (RFC 9110).
class Headers {
  public:
    using Field = std::pair<std::string, std::string>;

    void add(std::string name, std::string value) {
        if (fields_.capacity() == 0) fields_.reserve(16);  // as many as most heads have
        fields_.emplace_back(std::move(name), std::move(value));
    }
    /// Replaces every field of that name by one.
    void set(std::string_view name, std::string value);
    void remove(std::string_view name);
    /// The first of that name.
    [[nodiscard]] std::optional<std::string_view> get(std::string_view name) const;
    [[nodiscard]] bool has(std::string_view name) const { return get(name).has_value(); }

    [[nodiscard]] auto begin() const { return fields_.begin(); }
    [[nodiscard]] auto end() const { return fields_.end(); }
    [[nodiscard]] std::size_t size() const { return fields_.size(); }
    /// Removes every field that the predicate (of a Field) names.
    template <class Predicate>
    void remove_if(Predicate&& predicate) {
        std::erase_if(fields_, predicate);
    }

  private:
    std::vector<Field> fields_;
};

/// Removes what belongs to one connection and not to the message: Connection and what it names, Keep-Alive,
/// Proxy-*, TE, Trailer, Transfer-Encoding, Upgrade (RFC 9110, section 7.6.1).
void remove_hop_by_hop(Headers& headers);

struct RequestHead {
    std::string method = "GET";
    std::string target = "/";  ///< origin form: path and query, as sent
    Headers headers;

    [[nodiscard]] std::string_view path() const;   ///< target up to '?'
    [[nodiscard]] std::string_view query() const;  ///< behind '?', without it
};

struct ResponseHead {
    int status = 200;
    std::string reason;  ///< empty: the standard phrase
    Headers headers;
};

/// Percent-decoding (RFC 3986); '+' is a space only where `plus_is_space`. Bad escapes stay as they are.
std::string percent_decode(std::string_view text, bool plus_is_space = false);
std::string percent_encode(std::string_view text);
/// The decoded name=value pairs of a query string, in order.
std::vector<std::pair<std::string, std::string>> parse_query(std::string_view query);

/// "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110, section 5.6.7), of seconds since the Unix epoch.
std::string http_date(std::int64_t seconds);

/// "host:port", "[::1]:8787".
struct Endpoint {
    std::string host;  ///< or the path of a Unix socket, which begins with '/'; there is no port then
    std::uint16_t port = 0;
    /// A host and a port. Never a path, which would let strangers name files.
    static std::optional<Endpoint> parse(std::string_view text);
    [[nodiscard]] std::string to_string() const;  ///< of a Unix socket "unix:/PATH"
    [[nodiscard]] bool is_unix() const { return host.starts_with('/'); }
    [[nodiscard]] bool is_loopback() const;  ///< 127.0.0.0/8, ::1, localhost, a Unix socket
};

/// An upstream's base: "https://api.openai.com/v1" and the like.
struct BaseUrl {
    bool tls = false;
    Endpoint endpoint;
    std::string path;  ///< without a trailing slash; "" for the root
    static std::optional<BaseUrl> parse(std::string_view text);
    /// The same, or "unix:/PATH": a Steno server, which may listen there too.
    static std::optional<BaseUrl> parse_server(std::string_view text);
    [[nodiscard]] std::string to_string() const;
    [[nodiscard]] std::string host_header() const;  ///< without the scheme's default port
};

}  // namespace steno::net
