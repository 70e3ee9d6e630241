#include "providers/credentials.hpp"

#include "providers/json_view.hpp"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <vector>

namespace steno::providers {

namespace {

constexpr std::string_view kMask = "***";
constexpr std::string_view kQuotedMask = "\"***\"";

// Names in lower case and without '_' and '-'.
constexpr std::array<std::string_view, 17> kCredentialEnds{
    "credentials", "authorization", "authorizationtoken", "apikey",        "accesstoken",    "refreshtoken",
    "authtoken",   "bearertoken",   "sessiontoken",       "securitytoken", "clientsecret",   "secret",
    "secretkey",   "accesskey",     "privatekey",         "password",      "subscriptionkey"};
constexpr std::array<std::string_view, 4> kAllBelow{"headers", "extraheaders", "httpheaders",
                                                    "authentication"};

// Names as the providers write them.
constexpr std::array<std::string_view, 19> kContent{"messages",
                                                    "content",
                                                    "contents",
                                                    "input",
                                                    "inputs",
                                                    "prompt",
                                                    "system",
                                                    "instructions",
                                                    "arguments",
                                                    "system_instruction",
                                                    "systemInstruction",
                                                    "documents",
                                                    "texts",
                                                    "query",
                                                    "message",
                                                    "chat_history",
                                                    "tool_results",
                                                    "prediction",
                                                    "instances"};
/// Maps of a JSON schema, from names of the client's own to schemas.
constexpr std::array<std::string_view, 6> kSchemaMaps{
    "properties", "parameter_definitions", "patternProperties", "$defs", "definitions", "dependentSchemas"};

enum class Name : unsigned char { Plain, Credential, AllBelow };

/// The end of a name in eight bytes, and which of them count.
struct Tail {
    std::uint64_t bytes;
    std::uint64_t counting;
};

constexpr Tail tail_of(std::string_view end) {
    std::array<char, 8> bytes{};
    std::array<char, 8> counting{};
    std::ranges::copy(end, bytes.end() - end.size());
    std::fill(counting.end() - end.size(), counting.end(), '\xff');
    return {std::bit_cast<std::uint64_t>(bytes), std::bit_cast<std::uint64_t>(counting)};
}

/// Every name above ends in one of these, with '_' and '-' between its words too.
constexpr std::array kTails{tail_of("rization"), tail_of("tication"), tail_of("token"),
                            tail_of("key"),      tail_of("secret"),   tail_of("password"),
                            tail_of("headers"),  tail_of("dentials")};

constexpr std::uint32_t letter_bit(char c) {
    return std::uint32_t{1} << (static_cast<unsigned char>(c) & 31);  // of either case
}
constexpr std::uint32_t kLastLetters =
    letter_bit('n') | letter_bit('y') | letter_bit('t') | letter_bit('d') | letter_bit('s');

/// Cheap, since it is asked about every member of every body: do the last eight bytes before a name's closing
/// quote end like that?
bool may_be_telling(const char* eight_bytes) {
    if ((letter_bit(eight_bytes[7]) & kLastLetters) == 0) return false;
    constexpr std::uint64_t kLowerCase = 0x2020202020202020;
    std::uint64_t bytes = 0;
    std::memcpy(&bytes, eight_bytes, sizeof bytes);
    bytes |= kLowerCase;
    return std::ranges::any_of(kTails,
                               [bytes](const Tail& tail) { return (bytes & tail.counting) == tail.bytes; });
}

/// `name` as it is written between its quotes.
Name meaning_of(std::string_view name) {
    constexpr std::size_t kLongest = 64;
    if (name.size() > kLongest) return Name::Plain;
    std::array<char, kLongest> folded;
    std::size_t size = 0;
    for (const char c : name) {
        if (c != '_' && c != '-') folded[size++] = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    }
    const std::string_view text(folded.data(), size);
    if (std::ranges::find(kAllBelow, text) != kAllBelow.end()) return Name::AllBelow;
    const auto ends_so = [text](std::string_view end) { return text.ends_with(end); };
    return std::ranges::any_of(kCredentialEnds, ends_so) ? Name::Credential : Name::Plain;
}

std::string_view as_written(JsonValue key) {
    const std::string_view quoted = key.raw();
    return quoted.substr(1, quoted.size() - 2);
}

/// Looks at what stands before each ':', so that text without them is passed over as fast as memory allows.
bool has_telling_name(std::string_view text) {
    for (std::size_t colon = text.find(':'); colon != std::string_view::npos;
         colon = text.find(':', colon + 1)) {
        std::size_t end = colon;
        while (end > 0 && (text[end - 1] == ' ' || (text[end - 1] >= '\t' && text[end - 1] <= '\r'))) --end;
        if (end < 9 || text[end - 1] != '"' || !may_be_telling(text.data() + end - 9)) continue;
        const std::size_t quote = text.substr(0, end - 1).rfind('"');
        if (quote != std::string_view::npos &&
            meaning_of(text.substr(quote + 1, end - quote - 2)) != Name::Plain)
            return true;
    }
    return false;
}

/// Finds the values to be replaced, in the order in which they stand.
class Finder {
  public:
    explicit Finder(std::vector<std::string_view>& found) : found_(found) {}

    void look_into(JsonValue value) {
        for (const JsonValue element : value.elements()) look_into(element);
        for (const auto [key, member] : value.members()) {
            const std::string_view name = as_written(key);
            if (std::ranges::find(kContent, name) != kContent.end()) continue;
            if (std::ranges::find(kSchemaMaps, name) != kSchemaMaps.end() && member.is_object()) {
                look_into_schemas(member);
                continue;
            }
            switch (meaning_of(name)) {
                case Name::AllBelow:
                    take_all(member);
                    break;
                case Name::Credential:
                    if (member.is_string()) take(member);
                    [[fallthrough]];
                case Name::Plain:
                    look_into(member);
            }
        }
    }

  private:
    /// Names mean nothing here, unless their value is a text, which is no schema.
    void look_into_schemas(JsonValue map) {
        for (const auto [key, schema] : map.members()) {
            if (schema.is_string() && meaning_of(as_written(key)) == Name::Credential) take(schema);
            look_into(schema);
        }
    }

    void take_all(JsonValue value) {
        const bool numbers_only = value.is_array() && value.elements().begin() == value.elements().end();
        if (value.is_string() || value.type() == JsonValue::Type::Number ||
            (numbers_only && value.size() != 0))
            take(value);
        for (const JsonValue element : value.elements()) take_all(element);
        for (const auto [key, member] : value.members()) take_all(member);
    }

    void take(JsonValue value) {
        if (!value.is("") && !value.is(kMask)) found_.push_back(value.raw());
    }

    std::vector<std::string_view>& found_;
};

}  // namespace

std::optional<std::string> hide_credentials(std::string_view json_body, std::int64_t& hidden) {
    hidden = 0;
    if (!has_telling_name(json_body)) return std::nullopt;
    JsonDocument document;
    std::string ascii;
    std::string_view text = json_body;
    if (!simdjson::validate_utf8(
            text.data(),
            text.size())) {  // the document would be of a repaired text, where everything stands elsewhere
        ascii = text;
        std::ranges::replace_if(ascii, [](char c) { return static_cast<unsigned char>(c) >= 0x80; }, '?');
        text = ascii;
    }
    if (!document.parse(text)) return std::nullopt;
    std::vector<std::string_view> found;
    Finder(found).look_into(document.root());
    if (found.empty()) return std::nullopt;

    std::string masked;
    masked.reserve(json_body.size());
    std::size_t copied = 0;
    for (const std::string_view value : found) {
        const auto at = static_cast<std::size_t>(value.data() - text.data());
        masked.append(json_body.substr(copied, at - copied)).append(kQuotedMask);
        copied = at + value.size();
    }
    masked.append(json_body.substr(copied));
    hidden = static_cast<std::int64_t>(found.size());
    return masked;
}

}  // namespace steno::providers
