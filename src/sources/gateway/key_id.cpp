#include "sources/gateway/key_id.hpp"

#include "base/hash.hpp"
#include "base/text.hpp"
#include "providers/http_facts.hpp"
#include "providers/json_view.hpp"
#include "providers/request_secrets.hpp"

#include <fmt/format.h>

#include <array>

namespace steno::gateway {

namespace {

constexpr std::size_t kHashDigits = 12;
constexpr std::size_t kMaxToken = 16 << 10;  ///< of a JWT; more is hashed as it is

struct KeyClass {
    std::string_view prefix;  ///< as the keys begin
    std::string_view name;
};
/// The longer prefixes first.
constexpr std::array kClasses{
    KeyClass{"sk-ant-api", "sk-ant-api"},  // Anthropic
    KeyClass{"sk-ant-oat", "sk-ant-oat"},
    KeyClass{"sk-ant-", "sk-ant"},
    KeyClass{"sk-proj-", "sk-proj"},  // OpenAI
    KeyClass{"sk-svcacct-", "sk-svcacct"},
    KeyClass{"sk-or-", "sk-or"},  // OpenRouter
    KeyClass{"sk-", "sk"},        // OpenAI, DeepSeek and many others
    KeyClass{"gsk_", "gsk"},      // Groq
    KeyClass{"xai-", "xai"},
    KeyClass{"pplx-", "pplx"},
    KeyClass{"tgp_", "tgp"},   // Together
    KeyClass{"fw_", "fw"},     // Fireworks
    KeyClass{"csk-", "csk"},   // Cerebras
    KeyClass{"hf_", "hf"},     // Hugging Face
    KeyClass{"pa-", "pa"},     // Voyage
    KeyClass{"dapi", "dapi"},  // Databricks
    KeyClass{"AIza", "AIza"},  // Google
    KeyClass{"ABSK", "ABSK"},  // Bedrock
    KeyClass{"AKIA", "AKIA"},  // AWS
    KeyClass{"ASIA", "ASIA"},
};

std::string hashed(std::string_view name, std::string_view secret, std::string_view what) {
    return fmt::format("{}:{}", name, to_hex(as_text(hmac_sha256(secret, what))).substr(0, kHashDigits));
}

/// "AWS4-HMAC-SHA256 Credential=AKIA…/20261120/eu-west-1/bedrock/aws4_request, SignedHeaders=…"
std::string_view access_key_of(std::string_view signature) {
    constexpr std::string_view kCredential = "Credential=";
    const std::size_t begin = signature.find(kCredential);
    if (begin == std::string_view::npos) return {};
    signature.remove_prefix(begin + kCredential.size());
    return signature.substr(0, signature.find_first_of("/, "));
}

/// The middle part of a JWT (RFC 7519), decoded; empty if it is none.
std::string claims_of(std::string_view token) {
    const std::size_t first = token.find('.');
    if (!token.starts_with("eyJ") || token.size() > kMaxToken || first == std::string_view::npos) return {};
    std::string middle(token.substr(first + 1, token.find('.', first + 1) - first - 1));
    for (char& c : middle) c = c == '-' ? '+' : c == '_' ? '/' : c;
    while (middle.size() % 4 != 0) middle += '=';
    return from_base64(middle).value_or("");
}

std::string id_of_token(std::string_view token, std::string_view secret) {
    if (token.starts_with("ya29.")) return "ya29";
    if (const std::string claims = claims_of(token); !claims.empty()) {
        providers::JsonDocument document;
        if (document.parse(claims)) {
            const providers::JsonValue root = document.root();
            std::string who;
            for (const std::string_view name : {"iss", "sub", "azp", "appid", "client_id"})
                who += root[name].string() + '\n';
            if (!root["sub"].string().empty()) return hashed("jwt", secret, who);
        }
    }
    for (const KeyClass& known : kClasses) {
        if (token.starts_with(known.prefix)) return hashed(known.name, secret, token);
    }
    return hashed("key", secret, token);
}

std::string id_of_authorization(std::string_view value, std::string_view secret) {
    const std::size_t space = value.find(' ');
    const std::string_view scheme = value.substr(0, space);
    const std::string_view rest =
        space == std::string_view::npos ? std::string_view() : trim(value.substr(space + 1));
    if (scheme.starts_with("AWS4-")) {
        const std::string_view access_key = access_key_of(rest);
        return access_key.empty() ? std::string() : id_of_token(access_key, secret);
    }
    if (equals_ignoring_case(scheme, "bearer")) return rest.empty() ? "" : id_of_token(rest, secret);
    return hashed(equals_ignoring_case(scheme, "basic") ? "basic" : "key", secret, value);
}

/// The value of `key` in the query, decoded.
std::string key_in_query(std::string_view query) {
    for (const std::string_view pair : split(query, '&')) {
        if (pair.starts_with("key=")) return providers::percent_decoded(pair.substr(4));
    }
    return {};
}

}  // namespace

std::string key_id(const providers::RequestView& request, std::string_view secret) {
    if (secret.empty()) return {};
    if (const auto value = request.header("authorization"); value && !trim(*value).empty())
        return id_of_authorization(trim(*value), secret);
    for (const std::string_view name : {"x-api-key", "api-key", "x-goog-api-key"}) {
        const auto value = request.header(name);
        if (value && !trim(*value).empty()) return id_of_token(trim(*value), secret);
    }
    for (std::string_view protocol : split(request.header("sec-websocket-protocol").value_or(""), ',')) {
        protocol = trim(protocol);
        if (protocol.starts_with(providers::kKeyProtocol))
            return id_of_token(protocol.substr(providers::kKeyProtocol.size()), secret);
    }
    const std::string key = key_in_query(request.query);
    return key.empty() ? key : id_of_token(key, secret);
}

}  // namespace steno::gateway
