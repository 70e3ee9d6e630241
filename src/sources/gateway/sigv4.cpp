#include "sources/gateway/sigv4.hpp"

#include "base/hash.hpp"
#include "base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <vector>

namespace steno::gateway {

namespace {

/// RFC 2104.
std::string hmac(std::string_view key, std::string_view message) {
    constexpr std::size_t kBlock = 64;
    std::string padded(key.size() <= kBlock ? key : as_text(sha256(key)));
    padded.resize(kBlock, '\0');
    std::string inner = padded;
    for (char& c : inner) c = static_cast<char>(c ^ 0x36);
    for (char& c : padded) c = static_cast<char>(c ^ 0x5c);
    const Sha256 hash = sha256(inner, message);
    return std::string(as_text(sha256(padded, as_text(hash))));
}

/// RFC 3986's unreserved characters stay, and those of `also`.
std::string uri_encoded(std::string_view text, std::string_view also) {
    std::string coded;
    for (const char c : text) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                           std::string_view("-._~").contains(c) || also.contains(c);
        if (plain) {
            coded.push_back(c);
        } else {
            coded += fmt::format("%{:02X}", static_cast<unsigned char>(c));
        }
    }
    return coded;
}

/// Without empty and dot segments (RFC 3986, section 5.2.4), and coded.
std::string canonical_path(std::string_view path) {
    std::vector<std::string_view> kept;
    for (const std::string_view segment : split(path, '/')) {
        if (segment == ".") continue;
        if (segment != "..") {
            kept.push_back(segment);
        } else if (!kept.empty()) {
            kept.pop_back();
        }
    }
    std::string canonical;
    for (const std::string_view segment : kept) {
        canonical += '/';
        canonical += uri_encoded(segment, {});
    }
    if (path.ends_with('/') || canonical.empty()) canonical += '/';
    return canonical;
}

std::string canonical_query(std::string_view query) {
    std::vector<std::pair<std::string, std::string>> fields;
    for (const std::string_view field : split(query, '&')) {
        const std::size_t equals = field.find('=');
        const std::string_view value = equals == std::string_view::npos ? "" : field.substr(equals + 1);
        fields.emplace_back(uri_encoded(field.substr(0, equals), "%"), uri_encoded(value, "%"));
    }
    std::ranges::sort(fields);
    std::string canonical;
    for (const auto& [name, value] : fields) {
        if (!canonical.empty()) canonical += '&';
        canonical += name;
        canonical += '=';
        canonical += value;
    }
    return canonical;
}

/// Trimmed, runs of spaces as one.
std::string canonical_value(std::string_view value) {
    std::string canonical;
    for (const std::string_view word : split(value, ' ')) {
        if (!canonical.empty()) canonical += ' ';
        canonical += word;
    }
    return canonical;
}

/// "20150830T123600Z"
std::string basic_time(Timestamp now) {
    const std::string text = Timestamp{now.unix_nanos, 0}.to_string();
    std::string basic;
    for (const char c : std::string_view(text).substr(0, std::string_view("2015-08-30T12:36:00").size())) {
        if (c != '-' && c != ':') basic.push_back(c);
    }
    return basic + 'Z';
}

}  // namespace

net::Headers sigv4_headers(SigV4Request request, const AwsCredentials& credentials, std::string_view region,
                           std::string_view service, Timestamp now) {
    const std::string time = basic_time(now);
    net::Headers added;
    added.add("X-Amz-Date", time);
    if (!credentials.session_token.empty()) added.add("X-Amz-Security-Token", credentials.session_token);
    for (const auto& [name, value] : added) request.headers.add(name, value);

    std::map<std::string, std::string> fields;
    for (const auto& [name, value] : request.headers) {
        std::string& joined = fields[lower_case(name)];
        if (!joined.empty()) joined += ',';
        joined += canonical_value(value);
    }
    std::string canonical_fields;
    std::string names;
    for (const auto& [name, value] : fields) {
        canonical_fields += name + ':' + value + '\n';
        names += (names.empty() ? "" : ";") + name;
    }
    const std::size_t question = request.target.find('?');
    const std::string_view query =
        question == std::string_view::npos ? "" : request.target.substr(question + 1);
    const std::string canonical = fmt::format(
        "{}\n{}\n{}\n{}\n{}\n{}", request.method, canonical_path(request.target.substr(0, question)),
        canonical_query(query), canonical_fields, names, to_hex(as_text(sha256(request.body))));

    const std::string day = time.substr(0, 8);
    const std::string scope = fmt::format("{}/{}/{}/aws4_request", day, region, service);
    const std::string to_sign =
        fmt::format("AWS4-HMAC-SHA256\n{}\n{}\n{}", time, scope, to_hex(as_text(sha256(canonical))));
    std::string key = hmac("AWS4" + credentials.secret_access_key, day);
    for (const std::string_view part : {region, service, std::string_view("aws4_request")})
        key = hmac(key, part);
    added.add("Authorization",
              fmt::format("AWS4-HMAC-SHA256 Credential={}/{}, SignedHeaders={}, Signature={}",
                          credentials.access_key_id, scope, names, to_hex(hmac(key, to_sign))));
    return added;
}

}  // namespace steno::gateway
