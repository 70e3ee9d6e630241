#include "providers/request_secrets.hpp"

#include "base/json_writer.hpp"
#include "base/text.hpp"
#include "providers/http_facts.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

namespace steno::providers {

namespace {

constexpr std::string_view kMask = "***";
constexpr std::array<std::string_view, 9> kTellingWords{"auth",  "cookie", "credential", "jwt",  "key",
                                                        "passw", "secret", "signature",  "token"};
/// For who gives a look-up only.
constexpr std::array<std::string_view, 12> kWellKnown{"authorization",
                                                      "proxy-authorization",
                                                      "cookie",
                                                      "x-api-key",
                                                      "api-key",
                                                      "x-goog-api-key",
                                                      "ocp-apim-subscription-key",
                                                      "x-litellm-api-key",
                                                      "x-auth-token",
                                                      "x-access-token",
                                                      "x-amz-security-token",
                                                      "sec-websocket-protocol"};

bool tells_of_credential(std::string_view lower_name) {
    return std::ranges::any_of(kTellingWords, [&](std::string_view word) {
        return lower_name.find(word) != std::string_view::npos;
    });
}

std::string_view unquoted(std::string_view value) {
    const bool quoted = value.size() >= 2 && value.front() == '"' && value.back() == '"';
    return quoted ? value.substr(1, value.size() - 2) : value;
}

}  // namespace

RequestSecrets::RequestSecrets(const RequestView& request) {
    if (request.each_header) {
        request.each_header(
            [this](std::string_view name, std::string_view value) { add_field(name, value); });
    } else if (request.header) {
        for (const std::string_view name : kWellKnown) {
            if (const auto value = request.header(name)) add_field(name, *value);
        }
    }
    add_query(request.query);
    std::ranges::sort(secrets_, [](const std::string& a, const std::string& b) {
        return a.size() != b.size() ? a.size() > b.size() : a < b;
    });
    const auto repeated = std::ranges::unique(secrets_);
    secrets_.erase(repeated.begin(), repeated.end());
    for (const std::string& secret : secrets_) begins_.set(bucket_of(secret.data()));
}

void RequestSecrets::add_field(std::string_view name, std::string_view value) {
    const std::string lower_name = lower_case(name);
    if (lower_name == "sec-websocket-protocol") {  // browsers have no other place for a key
        for (std::string_view protocol : split(value, ',')) {
            protocol = trim(protocol);
            if (protocol.starts_with(kKeyProtocol)) add(protocol.substr(kKeyProtocol.size()));
        }
        return;
    }
    if (lower_name.starts_with("x-steno-") || !tells_of_credential(lower_name)) return;
    const bool cookie = lower_name.find("cookie") != std::string::npos;
    if (!cookie && trim(value).find(' ') == std::string_view::npos)
        add(trim(value));  // one with a comma in it
    for (std::string_view element : split(value, cookie ? ';' : ',')) {
        const std::size_t space = element.find(' ');
        if (!cookie && space != std::string_view::npos) {  // "Bearer …"
            if (equals_ignoring_case(element.substr(0, space), "basic")) {
                const auto user_and_password = from_base64(trim(element.substr(space)));
                if (user_and_password) {
                    add(*user_and_password);
                    add(std::string_view(*user_and_password).substr(user_and_password->find(':') + 1));
                }
            }
            element = trim(element.substr(space));
        }
        if (!cookie) add(element);
        if (const std::size_t sign = element.find('='); sign != std::string_view::npos)
            add(unquoted(trim(element.substr(sign + 1))));
    }
}

void RequestSecrets::add_query(std::string_view query) {
    for (const std::string_view pair : split(query, '&')) {
        const std::size_t sign = pair.find('=');
        if (sign == std::string_view::npos) continue;
        const std::string name = lower_case(percent_decoded(pair.substr(0, sign)));
        if (name == "sig" || tells_of_credential(name)) add(pair.substr(sign + 1));
    }
}

void RequestSecrets::add(std::string_view secret) {
    add_spellings(secret);
    if (secret.find('%') != std::string_view::npos) add_spellings(percent_decoded(secret));
}

void RequestSecrets::add_spellings(std::string_view secret) {
    keep(std::string(secret));
    std::string json;
    append_json_string(json, secret);
    json = json.substr(1, json.size() - 2);
    if (json != secret) keep(json);
    if (secret.find('/') == std::string_view::npos) return;
    std::string slashed;  // as PHP writes it
    for (const char c : json) {
        if (c == '/') slashed.push_back('\\');
        slashed.push_back(c);
    }
    keep(std::move(slashed));
}

void RequestSecrets::keep(std::string secret) {
    if (secret.size() >= kMinSecret) secrets_.push_back(std::move(secret));
}

std::size_t RequestSecrets::bucket_of(const char* eight_bytes) {
    static_assert(kMinSecret == sizeof(std::uint64_t));
    std::uint64_t word = 0;
    std::memcpy(&word, eight_bytes, sizeof word);
    constexpr std::uint64_t kGolden = 0x9e3779b97f4a7c15;
    return (word * kGolden) >> 52;
}

std::size_t RequestSecrets::length_at(std::string_view text) const {
    if (!begins_.test(bucket_of(text.data()))) return 0;
    for (const std::string& secret : secrets_) {
        if (text.starts_with(secret)) return secret.size();
    }
    return 0;
}

std::string RequestSecrets::without_secrets(std::string text) const {
    if (secrets_.empty()) return text;
    const std::string_view all = text;
    std::string masked;
    std::size_t copied = 0;
    for (std::size_t at = 0; at + kMinSecret <= all.size();) {
        const std::size_t length = length_at(all.substr(at));
        if (length == 0) {
            ++at;
            continue;
        }
        masked.append(all.substr(copied, at - copied)).append(kMask);
        at += length;
        copied = at;
    }
    if (copied == 0) return text;
    masked.append(all.substr(copied));
    return masked;
}

}  // namespace steno::providers
