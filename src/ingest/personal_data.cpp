#include "ingest/personal_data.hpp"

#include "base/json_writer.hpp"
#include "record/json_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

namespace steno::ingest {

namespace {

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_word(char c) {
    return is_digit(c) || is_letter(c) || c == '_';
}
/// A letter beyond ASCII, most likely.
bool is_wide(char c) {
    return static_cast<unsigned char>(c) >= 0x80;
}
bool is_hex(char c) {
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

struct Found {
    std::string_view what;
    std::size_t begin = 0;
    std::size_t end = 0;
};
using Maybe = std::optional<Found>;

/// Beyond the text's ends stands a space.
class Text {
  public:
    explicit Text(std::string_view text) : text_(text) {}
    char operator[](std::size_t at) const { return at < text_.size() ? text_[at] : ' '; }
    [[nodiscard]] char before(std::size_t at) const { return at == 0 ? ' ' : text_[at - 1]; }
    [[nodiscard]] std::string_view part(std::size_t begin, std::size_t end) const {
        return text_.substr(begin, end - begin);
    }

  private:
    std::string_view text_;
};

constexpr std::size_t kMostLocal = 64;  // RFC 5321
constexpr std::size_t kMostHost = 255;

/// Around the @ at `at`; nothing before `from` belongs to it.
Maybe email(const Text& text, std::size_t at, std::size_t from) {
    const auto in_local = [](char c) {
        return is_word(c) || is_wide(c) || std::string_view(".%+-").contains(c);
    };
    std::size_t begin = at;
    while (begin > from && at - begin < kMostLocal && in_local(text[begin - 1])) --begin;
    std::size_t end = at + 1;
    std::size_t top = 0;  // where the last label begins
    for (; end - at <= kMostHost; ++end) {
        const char c = text[end];
        if (c == '.' && text[end + 1] != '.')
            top = end + 1;
        else if (!is_letter(c) && !is_digit(c) && !is_wide(c) && c != '-')
            break;
    }
    if (top == end) {  // the sentence's full stop
        --end;
        top = end;
        while (top > at + 1 && text[top - 1] != '.') --top;
        if (top == at + 1) return std::nullopt;
    }
    if (begin == at || top == 0 || end - top < 2 || is_digit(text[top])) return std::nullopt;
    return Found{"email", begin, end};
}

/// A run of digits with separators between them.
struct Digits {
    static constexpr std::size_t kMost = 20;
    std::array<char, kMost> digits{};
    std::array<std::size_t, kMost> ends{};  ///< behind each of them
    std::size_t count = 0;
};

/// At most `most` digits, and Digits::kMost. `most_between`: of the separators, one after the other.
Digits digits_at(const Text& text, std::size_t at, std::string_view separators, std::size_t most_between,
                 std::size_t most) {
    Digits found;
    std::size_t between = 0;
    for (; found.count < most; ++at) {
        const char c = text[at];
        if (is_digit(c)) {
            found.digits[found.count] = c;
            found.ends[found.count++] = at + 1;
            between = 0;
        } else if (!separators.contains(c) || ++between > most_between) {
            break;
        }
    }
    return found;
}

bool luhn(std::string_view digits) {
    int sum = 0;
    for (std::size_t i = 0; i < digits.size(); ++i) {
        int value = digits[digits.size() - 1 - i] - '0';
        if (i % 2 == 1) value = value > 4 ? 2 * value - 9 : 2 * value;
        sum += value;
    }
    return sum % 10 == 0;
}

Maybe card(const Text& text, std::size_t at) {
    if (text[at] < '2' || text[at] > '6') return std::nullopt;
    const Digits found = digits_at(text, at, " -", 1, 20);
    for (std::size_t count = std::min<std::size_t>(found.count, 19); count >= 13; --count) {
        const std::size_t end = found.ends[count - 1];
        if (!is_word(text[end]) && luhn(std::string_view(found.digits.data(), count)))
            return Found{"card", at, end};
    }
    return std::nullopt;
}

Maybe iban(const Text& text, std::size_t at) {
    if (!is_letter(text[at + 1]) || !is_digit(text[at + 2]) || !is_digit(text[at + 3])) return std::nullopt;
    constexpr std::size_t kFewest = 15;
    constexpr std::size_t kMost = 34;
    std::string account;
    std::vector<std::size_t> ends;
    for (std::size_t i = at; account.size() < kMost; ++i) {
        const char c = text[i];
        if (is_digit(c) || is_letter(c)) {
            account.push_back(is_letter(c) ? static_cast<char>(c & ~0x20) : c);
            ends.push_back(i + 1);
        } else if (c != ' ' || account.size() % 4 != 0 || text.before(i) == ' ') {
            break;
        }
    }
    const auto is_right = [&](std::size_t count) {
        int rest = 0;
        for (std::size_t i = 0; i < count; ++i) {
            const char c = account[(i + 4) % count];
            rest = is_digit(c) ? (rest * 10 + (c - '0')) % 97 : (rest * 100 + (c - 'A' + 10)) % 97;
        }
        return rest == 1;
    };
    for (std::size_t count = account.size(); count >= kFewest; --count)
        if (!is_word(text[ends[count - 1]]) && is_right(count)) return Found{"iban", at, ends[count - 1]};
    return std::nullopt;
}

Maybe ip4(const Text& text, std::size_t at) {
    if (text.before(at) == '.') return std::nullopt;
    std::size_t end = at;
    for (int part = 0; part < 4; ++part) {
        if (part > 0 && text[end++] != '.') return std::nullopt;
        int value = 0;
        std::size_t digits = 0;
        for (; is_digit(text[end]); ++end, ++digits) {
            if (digits == 3) return std::nullopt;
            value = value * 10 + (text[end] - '0');
        }
        if (digits == 0 || value > 255) return std::nullopt;
    }
    if (is_word(text[end]) || (text[end] == '.' && is_digit(text[end + 1]))) return std::nullopt;
    return Found{"ip", at, end};
}

Maybe ip6(const Text& text, std::size_t at) {
    constexpr std::size_t kMost = 45;
    std::size_t end = at;
    int colons = 0;
    bool has_digit = false;  // else it may be a name of a program: face::add
    while (end - at < kMost && (is_hex(text[end]) || text[end] == ':' || text[end] == '.')) {
        colons += text[end] == ':';
        has_digit = has_digit || is_digit(text[end]);
        ++end;
    }
    while (end > at && (text[end - 1] == '.' || (text[end - 1] == ':' && text.before(end - 1) != ':'))) --end;
    if (colons < 2 || !has_digit || is_word(text[end])) return std::nullopt;
    const std::string address(text.part(at, end));
    in6_addr parsed{};
    if (::inet_pton(AF_INET6, address.c_str(), &parsed) != 1) return std::nullopt;
    return Found{"ip", at, end};
}

/// The longest of fewest to most digits behind which no word goes on.
Maybe phone_of(const Text& text, std::size_t begin, const Digits& found, std::size_t fewest,
               std::size_t most) {
    for (std::size_t count = std::min(found.count, most); count >= fewest; --count)
        if (!is_word(text[found.ends[count - 1]])) return Found{"phone", begin, found.ends[count - 1]};
    return std::nullopt;
}

Maybe phone(const Text& text, std::size_t at) {
    constexpr std::size_t kMost = 15;  // E.164
    if (text[at] == '+') {
        if (text[at + 1] < '1' || text[at + 1] > '9') return std::nullopt;
        return phone_of(text, at, digits_at(text, at + 1, " -./()", 2, kMost + 1), 8, kMost);
    }
    if (text[at] == '(') {
        std::size_t close = at + 1;
        while (is_digit(text[close])) {
            if (++close - at > 6) return std::nullopt;
        }
        if (text[close] != ')' || close - at < 3) return std::nullopt;
        return phone_of(text, at, digits_at(text, at + 1, ") -./", 2, kMost + 1), 9, kMost);
    }
    if (text[at] == '0' && text[at + 1] == '0' && text[at + 2] >= '1' && text[at + 2] <= '9')
        return phone_of(text, at, digits_at(text, at, " -/", 1, kMost + 3), 10, kMost + 2);
    std::size_t area = at;
    while (is_digit(text[area]) && area - at < 14) ++area;
    if (text[at] == '0') {
        if (text[at + 1] < '1' || text[at + 1] > '9') return std::nullopt;
        if (area - at >= 10 && area - at <= 12 && !is_word(text[area])) return Found{"phone", at, area};
        if (area - at < 3 || area - at > 5 || !std::string_view(" -/").contains(text[area]))
            return std::nullopt;
        return phone_of(text, at, digits_at(text, at, " -/", 1, kMost), 9, 13);
    }
    // 555-123-4567
    const char separator = text[area];
    if (area - at != 3 || text[at] < '2' || !std::string_view("-. ").contains(separator)) return std::nullopt;
    for (std::size_t i = 0; i < 8; ++i)
        if (i == 3 ? text[area + 1 + i] != separator : !is_digit(text[area + 1 + i])) return std::nullopt;
    if (is_word(text[area + 9])) return std::nullopt;
    return Found{"phone", at, area + 9};
}

/// What stands at `at`; nothing before `from` belongs to it.
Maybe found_at(const Text& text, std::size_t at, std::size_t from) {
    const char c = text[at];
    if (c == '@') return email(text, at, from);
    if (is_word(text.before(at))) return std::nullopt;
    if (is_digit(c)) {
        for (const auto& kind : {ip4, ip6, card, phone})
            if (const Maybe found = kind(text, at)) return found;
        return std::nullopt;
    }
    if (c == '+' || c == '(') return phone(text, at);
    if (c == ':' && text[at + 1] == ':' && text.before(at) != ':') return ip6(text, at);
    if (!is_letter(c)) return std::nullopt;
    if (const Maybe found = iban(text, at)) return found;
    return is_hex(c) ? ip6(text, at) : std::nullopt;
}

}  // namespace

void mask_personal_data(std::string& text, Masked& masked) {
    std::string out;
    std::size_t copied = 0;
    const Text view{text};
    for (std::size_t at = 0; at < text.size(); ++at) {
        const Maybe found = found_at(view, at, copied);
        if (!found) continue;
        out.append(text, copied, found->begin - copied);
        out += fmt::format("[{}]", found->what);
        ++masked[std::string(found->what)];
        copied = found->end;
        at = copied - 1;
    }
    if (copied == 0) return;
    out.append(text, copied);
    text = std::move(out);
}

void mask_personal_data_in_json(std::string& json, Masked& masked) {
    std::string out;
    std::string inner;
    out.reserve(json.size());
    const Text view{json};
    for (std::size_t at = 0; at < json.size();) {
        const std::size_t begin = at;
        if (is_digit(json[at])) {
            while (is_digit(view[at])) ++at;
            const Maybe found = card(view, begin);
            if (found && found->end == at && !std::string_view(".eE-").contains(view[at]) &&
                view.before(begin) != '-' && view.before(begin) != '.') {
                out += "\"[card]\"";
                ++masked["card"];
            } else {
                out.append(json, begin, at - begin);
            }
            continue;
        }
        ++at;
        if (json[begin] != '"') {
            out.push_back(json[begin]);
            continue;
        }
        while (at < json.size() && json[at] != '"') at += json[at] == '\\' ? 2 : 1;
        at = std::min(at + 1, json.size());
        const std::string_view whole = view.part(begin, at);
        inner.clear();
        Masked found;
        if (JsonReader reader(whole); reader.string(inner)) mask_personal_data(inner, found);
        if (found.empty())
            out += whole;
        else
            append_json_string(out, inner);
        for (const auto& [what, count] : found) masked[what] += count;
    }
    json = std::move(out);
}

}  // namespace steno::ingest
