#include "providers/credential_names.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <bitset>
#include <cstring>
#include <string>

namespace steno::providers {

namespace {

// Names in lower case, letters and digits alone.
constexpr std::array<std::string_view, 32> kEnds{"credentials",   "authorization",    "authorizationtoken",
                                                 "apikey",        "accesstoken",      "refreshtoken",
                                                 "authtoken",     "bearertoken",      "sessiontoken",
                                                 "securitytoken", "apitoken",         "idtoken",
                                                 "hftoken",       "bearer",           "jwt",
                                                 "clientsecret",  "secret",           "secretkey",
                                                 "accesskey",     "privatekey",       "accountkey",
                                                 "signingkey",    "encryptionkey",    "masterkey",
                                                 "password",      "passwd",           "passphrase",
                                                 "cookie",        "connectionstring", "subscriptionkey",
                                                 "cookies",       "secrets"};
constexpr std::array<std::string_view, 4> kWhole{"headers", "extraheaders", "httpheaders", "authentication"};

/// How keys begin that well-known services give out.
constexpr std::array<std::string_view, 28> kBegins{
    "sk-",   "sk_",    "rk_",   "pk-",   "ek_",   "ghp_", "gho_",    "ghs_",  "github_pat_", "glpat-",
    "xoxb-", "xoxp-",  "xapp-", "AKIA",  "ASIA",  "AIza", "ya29.",   "eyJ",   "hf_",         "gsk_",
    "r8_",   "nvapi-", "xai-",  "pplx-", "tvly-", "fw_",  "Bearer ", "Basic "};

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

/// Every name that means something ends in one of these, with other characters between its words too.
constexpr std::array<std::string_view, 17> kTailWords{
    "rization", "tication", "token", "key",    "secret", "secrets", "word",   "wd",   "headers",
    "dentials", "bearer",   "jwt",   "phrase", "cookie", "cookies", "string", "value"};
constexpr auto kTails = [] {
    std::array<Tail, kTailWords.size()> tails{};
    std::ranges::transform(kTailWords, tails.begin(), tail_of);
    return tails;
}();

constexpr std::size_t pair_of(char last_but_one, char last) {  // of either case
    return static_cast<std::size_t>(static_cast<unsigned char>(last_but_one) & 31) << 5 |
           (static_cast<unsigned char>(last) & 31);
}
/// The last two letters of these: most names are told apart by them alone.
const std::bitset<1024> kLastLetters = [] {
    std::bitset<1024> pairs;
    for (const std::string_view word : kTailWords) pairs.set(pair_of(word[word.size() - 2], word.back()));
    return pairs;
}();

/// Cheap, since it is asked about every member of every body: do the last eight bytes before a name's closing
/// quote end like that?
bool may_be_telling(const char* eight_bytes) {
    if (!kLastLetters[pair_of(eight_bytes[6], eight_bytes[7])]) return false;
    constexpr std::uint64_t kLowerCase = 0x2020202020202020;
    std::uint64_t bytes = 0;
    std::memcpy(&bytes, eight_bytes, sizeof bytes);
    bytes |= kLowerCase;
    return std::ranges::any_of(kTails,
                               [bytes](const Tail& tail) { return (bytes & tail.counting) == tail.bytes; });
}

bool is_space(char c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/// The ASCII character that \uXXXX at the text's beginning stands for; 0 if it stands for none.
char escaped_ascii(std::string_view text) {
    if (!text.starts_with("\\u00") || text.size() < 6) return 0;
    int code = 0;
    for (const char c : text.substr(4, 2)) {
        const char lower = static_cast<char>(c | 0x20);
        if (!is_digit(c) && (lower < 'a' || lower > 'f')) return 0;
        code = code * 16 + (is_digit(c) ? c - '0' : lower - 'a' + 10);
    }
    return code < 0x80 ? static_cast<char>(code) : '\0';
}

/// Could be a key: none of the characters that texts have and keys have not.
bool is_one_word(std::string_view text) {
    return std::ranges::all_of(text, [](char c) {
        return is_letter(c) || is_digit(c) ||
               std::string_view("-_.+/=~:|\\").find(c) != std::string_view::npos;
    });
}

}  // namespace

NameMeaning meaning_of(std::string_view name) {
    constexpr std::size_t kLongest = 192;  // as written; only the end counts
    if (name.size() > kLongest) name.remove_prefix(name.size() - kLongest);
    std::array<char, kLongest> folded;
    std::size_t size = 0;
    for (std::size_t i = 0; i < name.size(); ++i) {
        char c = name[i];
        if (c == '\\') {
            c = escaped_ascii(name.substr(i));
            i += name.substr(i).starts_with("\\u") ? 5 : 1;
        }
        if (is_letter(c)) folded[size++] = static_cast<char>(c | 0x20);
        if (is_digit(c)) folded[size++] = c;
    }
    const std::string_view text(folded.data(), size);
    if (text == "token") return NameMeaning::IfToken;
    if (text == "key") return NameMeaning::IfKnownOrLong;
    if (text == "value") return NameMeaning::IfKnown;
    const auto ends_so = [text](std::string_view end) { return text.ends_with(end); };
    const bool credential =
        std::ranges::find(kWhole, text) != kWhole.end() || std::ranges::any_of(kEnds, ends_so);
    return credential ? NameMeaning::Credential : NameMeaning::Plain;
}

bool is_credential(NameMeaning meaning, std::string_view text) {
    constexpr std::size_t kShortToken = 8;
    constexpr std::size_t kShortKey = 16;
    constexpr std::size_t kLongKey = 32;
    const bool known =
        text.size() >= kShortKey &&
        std::ranges::any_of(kBegins, [text](std::string_view begin) { return text.starts_with(begin); });
    switch (meaning) {
        case NameMeaning::Plain:
            return false;
        case NameMeaning::Credential:
            return true;
        case NameMeaning::IfToken:
            return known || (text.size() >= kShortToken && is_one_word(text));
        case NameMeaning::IfKnownOrLong:
            return known || (text.size() >= kLongKey && is_one_word(text) &&
                             std::ranges::any_of(text, is_letter) && std::ranges::any_of(text, is_digit));
        case NameMeaning::IfKnown:
            return known;
    }
    return false;
}

bool may_have_escaped_names(std::string_view text) {
    return memmem(text.data(), text.size(), "\\u00", 4) != nullptr;
}

TellingName next_telling_name(std::string_view text, std::size_t from, bool escapes) {
    constexpr std::size_t kEight = 8;
    constexpr std::size_t kEscape = 6;
    // Looks at what stands before each ':', so that text without them is passed over quickly.
    for (std::size_t colon = text.find(':', from); colon != std::string_view::npos;
         colon = text.find(':', colon + 1)) {
        std::size_t end = colon;
        while (end > 0 && is_space(text[end - 1])) --end;
        if (end < 2 || text[end - 1] != '"' || text[end - 2] == '\\') continue;
        --end;  // the closing quote
        if (end >= kEight && !may_be_telling(text.data() + end - kEight)) {
            if (!escapes) continue;
            const std::size_t looked_at = std::min(end, kEight + kEscape);
            if (text.substr(end - looked_at, looked_at).find('\\') == std::string_view::npos) continue;
        }
        const std::size_t quote = text.substr(0, end).rfind('"');
        if (quote == std::string_view::npos) continue;
        const NameMeaning meaning = meaning_of(text.substr(quote + 1, end - quote - 1));
        if (meaning == NameMeaning::Plain) continue;
        std::size_t value = colon + 1;
        while (value < text.size() && is_space(text[value])) ++value;
        if (meaning != NameMeaning::Credential) {  // decided by the text that stands there, if it is one
            if (value == text.size() || text[value] != '"') continue;
            if (!is_credential(meaning, text.substr(value + 1, text.find('"', value + 1) - value - 1)))
                continue;
        }
        return {meaning, value};
    }
    return {.meaning = NameMeaning::Plain, .value = text.size()};
}

bool has_telling_name(std::string_view text) {
    return next_telling_name(text, 0, may_have_escaped_names(text)).meaning != NameMeaning::Plain;
}

}  // namespace steno::providers
