#include "providers/json_view.hpp"

#include "base/text.hpp"

#include <simdjson.h>

#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>

namespace steno::providers {

namespace {

using Type = JsonValue::Type;

constexpr auto kPlainInString = [] {
    std::array<bool, 256> plain{};
    for (std::size_t c = 0x20; c < 256; ++c) plain[c] = c != '"' && c != '\\';
    return plain;
}();

/// Where the first of the eight bytes stands that is not plain; 8 if all are. ("Bit Twiddling Hacks",
/// "Determine if a word has a byte equal to n" and "less than n": the lowest bit that is set is right.)
std::ptrdiff_t plain_bytes(const char* eight_bytes) {
    static_assert(std::endian::native == std::endian::little);
    constexpr std::uint64_t kOnes = 0x0101010101010101;
    constexpr std::uint64_t kHighBits = 0x8080808080808080;
    std::uint64_t word = 0;
    std::memcpy(&word, eight_bytes, sizeof word);
    const auto zero_in = [](std::uint64_t w) { return (w - kOnes) & ~w; };
    const std::uint64_t special =
        (zero_in(word ^ kOnes * '"') | zero_in(word ^ kOnes * '\\') | ((word - kOnes * 0x20) & ~word)) &
        kHighBits;
    return std::countr_zero(special) / 8;
}

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

int hex_digit(char c) {
    if (is_digit(c)) return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

void append_utf8(std::string& out, std::uint32_t code) {
    const auto put = [&](std::uint32_t byte) { out.push_back(static_cast<char>(byte)); };
    if (code < 0x80) {
        put(code);
    } else if (code < 0x800) {
        put(0xc0 | code >> 6), put(0x80 | (code & 0x3f));
    } else if (code < 0x10000) {
        put(0xe0 | code >> 12), put(0x80 | (code >> 6 & 0x3f)), put(0x80 | (code & 0x3f));
    } else {
        put(0xf0 | code >> 18), put(0x80 | (code >> 12 & 0x3f)), put(0x80 | (code >> 6 & 0x3f));
        put(0x80 | (code & 0x3f));
    }
}

std::uint32_t hex4(std::string_view digits) {
    std::uint32_t code = 0;
    for (const char c : digits.substr(0, 4)) code = code << 4 | static_cast<std::uint32_t>(hex_digit(c));
    return code;
}

/// `escaped` is what stands between the quotes of a string that was checked.
void append_unescaped(std::string& out, std::string_view escaped) {
    constexpr std::uint32_t kReplacement = 0xfffd;
    while (!escaped.empty()) {
        const std::size_t backslash = escaped.find('\\');
        out.append(escaped.substr(0, backslash));
        if (backslash == std::string_view::npos) return;
        const char kind = escaped[backslash + 1];
        escaped.remove_prefix(backslash + 2);
        switch (kind) {
            case 'b':
                out.push_back('\b');
                break;
            case 'f':
                out.push_back('\f');
                break;
            case 'n':
                out.push_back('\n');
                break;
            case 'r':
                out.push_back('\r');
                break;
            case 't':
                out.push_back('\t');
                break;
            case 'u': {
                std::uint32_t code = hex4(escaped);
                escaped.remove_prefix(4);
                if (code >= 0xd800 && code < 0xe000) {
                    const bool pair = code < 0xdc00 && escaped.starts_with("\\u");
                    const std::uint32_t low = pair ? hex4(escaped.substr(2)) : 0;
                    if (low >= 0xdc00 && low < 0xe000) {
                        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
                        escaped.remove_prefix(6);
                    } else {
                        code = kReplacement;
                    }
                }
                append_utf8(out, code);
                break;
            }
            default:
                out.push_back(kind);
        }
    }
}

}  // namespace

/// Checks the text and writes the index, in one pass.
class JsonIndexer {
  public:
    using Node = JsonDocument::Node;
    JsonIndexer(std::string_view text, std::vector<Node>& nodes)
        : start_(text.data()), at_(text.data()), end_(text.data() + text.size()), nodes_(nodes) {}

    bool run() {
        if (!value(0)) return false;
        skip_space();
        return at_ == end_;
    }

  private:
    void skip_space() {
        while (at_ < end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t')) ++at_;
    }
    bool take(char c) {
        skip_space();
        if (at_ == end_ || *at_ != c) return false;
        ++at_;
        return true;
    }
    [[nodiscard]] std::uint32_t offset() const { return static_cast<std::uint32_t>(at_ - start_); }

    bool open(Type type) {
        if (nodes_.size() >= JsonDocument::kMaxValues) return false;
        nodes_.push_back({offset(), 0, 0, 0, static_cast<std::uint8_t>(type) & 7U});
        return true;
    }
    bool close(std::size_t node, std::uint32_t size) {
        nodes_[node].end = offset();
        nodes_[node].next = static_cast<std::uint32_t>(nodes_.size());
        nodes_[node].size = size & 0x1fffffffU;
        return true;
    }

    bool value(int depth) {
        skip_space();
        if (at_ == end_ || depth > JsonDocument::kMaxDepth) return false;
        switch (*at_) {
            case '{':
                return object(depth);
            case '[':
                return array(depth);
            case '"':
                return string();
            case 't':
                return word("true", Type::Boolean);
            case 'f':
                return word("false", Type::Boolean);
            case 'n':
                return word("null", Type::Null);
            default: {
                const std::size_t node = nodes_.size();
                return open(Type::Number) && digits() && close(node, 0);
            }
        }
    }

    bool object(int depth) {
        const std::size_t node = nodes_.size();
        if (!open(Type::Object)) return false;
        ++at_;
        std::uint32_t count = 0;
        if (take('}')) return close(node, 0);
        do {
            skip_space();
            if (at_ == end_ || *at_ != '"' || !string() || !take(':') || !value(depth + 1)) return false;
            ++count;
        } while (take(','));
        return take('}') && close(node, count);
    }

    bool array(int depth) {
        const std::size_t node = nodes_.size();
        if (!open(Type::Array)) return false;
        const char* const content = ++at_;
        if (take(']')) return close(node, 0);
        if (const std::uint32_t count = only_numbers(); count != 0) return close(node, count);
        at_ = content;
        std::uint32_t count = 0;
        do {
            if (!value(depth + 1)) return false;
            ++count;
        } while (take(','));
        return take(']') && close(node, count);
    }

    /// The number of numbers up to the closing bracket; 0 if anything else is among them.
    std::uint32_t only_numbers() {
        std::uint32_t count = 0;
        do {
            skip_space();
            if (!digits()) return 0;
            ++count;
        } while (take(','));
        return take(']') ? count : 0;
    }

    bool string() {
        const std::size_t node = nodes_.size();
        if (!open(Type::String)) return false;
        ++at_;
        std::uint32_t escapes = 0;
        while (true) {
            for (std::ptrdiff_t plain = 8; plain == 8 && end_ - at_ >= 8; at_ += plain)
                plain = plain_bytes(at_);
            while (at_ < end_ && kPlainInString[static_cast<unsigned char>(*at_)]) ++at_;
            if (at_ == end_) return false;
            if (*at_ == '"') break;
            if (*at_ != '\\' || !escape()) return false;
            escapes = 1;
        }
        ++at_;
        return close(node, escapes);
    }

    bool escape() {
        if (end_ - at_ < 2) return false;
        const char kind = at_[1];
        at_ += 2;
        if (kind != 'u') return std::string_view("\"\\/bfnrt").find(kind) != std::string_view::npos;
        if (end_ - at_ < 4) return false;
        for (int i = 0; i < 4; ++i) {
            if (hex_digit(*at_++) < 0) return false;
        }
        return true;
    }

    bool word(std::string_view text, Type type) {
        const std::size_t node = nodes_.size();
        if (!std::string_view(at_, end_).starts_with(text) || !open(type)) return false;
        at_ += text.size();
        return close(node, 0);
    }

    bool run_of_digits() {
        const char* const first = at_;
        while (at_ < end_ && is_digit(*at_)) ++at_;
        return at_ != first;
    }

    bool digits() {
        if (at_ < end_ && *at_ == '-') ++at_;
        if (at_ < end_ && *at_ == '0') {
            ++at_;
        } else if (!run_of_digits()) {
            return false;
        }
        if (at_ < end_ && *at_ == '.') {
            ++at_;
            if (!run_of_digits()) return false;
        }
        if (at_ < end_ && (*at_ == 'e' || *at_ == 'E')) {
            ++at_;
            if (at_ < end_ && (*at_ == '+' || *at_ == '-')) ++at_;
            if (!run_of_digits()) return false;
        }
        return true;
    }

    const char* start_;
    const char* at_;
    const char* end_;
    std::vector<Node>& nodes_;
};

std::string repaired_utf8(std::string_view text) {
    std::string out;
    out.reserve(text.size() + 16);
    while (!text.empty()) {
        const std::size_t length = utf8_sequence_length(text);
        if (length == 0) {
            out += "\xef\xbf\xbd";
            text.remove_prefix(1);
        } else {
            out.append(text.substr(0, length));
            text.remove_prefix(length);
        }
    }
    return out;
}

bool JsonDocument::parse(std::string_view text) {
    nodes_.clear();
    text_ = {};
    if (text.size() > kMaxBytes / 3) return false;  // a repair may triple it
    if (!simdjson::validate_utf8(text.data(), text.size())) {
        repaired_ = repaired_utf8(text);
        text = repaired_;
    }
    constexpr std::size_t kFirstNodes = 128;
    if (nodes_.capacity() == 0) nodes_.reserve(std::min(kFirstNodes, text.size() / 8 + 1));
    if (!JsonIndexer(text, nodes_).run()) {
        nodes_.clear();
        return false;
    }
    text_ = text;
    return true;
}

JsonValue JsonDocument::root() const {
    return nodes_.empty() ? JsonValue() : JsonValue(this, 0);
}

JsonValue::Type JsonValue::type() const {
    return document_ == nullptr ? Type::Absent : static_cast<Type>(document_->nodes_[index_].type);
}

std::size_t JsonValue::size() const {
    return is_array() || is_object() ? document_->nodes_[index_].size : 0;
}

std::string_view JsonValue::raw() const {
    if (document_ == nullptr) return {};
    const JsonDocument::Node& node = document_->nodes_[index_];
    return document_->text_.substr(node.begin, node.end - node.begin);
}

JsonValue JsonValue::operator[](std::string_view key) const {
    if (!is_object()) return {};
    const std::vector<JsonDocument::Node>& nodes = document_->nodes_;
    for (std::uint32_t at = index_ + 1; at < nodes[index_].next; at = nodes[at + 1].next) {
        const JsonDocument::Node& name = nodes[at];
        const bool escaped = name.size != 0;
        if (!escaped && name.end - name.begin != key.size() + 2) continue;
        if (escaped ? JsonValue(document_, at).is(key)
                    : document_->text_.substr(name.begin + 1, key.size()) == key)
            return {document_, at + 1};
    }
    return {};
}

JsonValue::MemberRange JsonValue::members() const {
    if (!is_object()) return {MemberRange::Iterator(JsonValue()), MemberRange::Iterator(JsonValue())};
    return {MemberRange::Iterator(JsonValue(document_, index_ + 1)),
            MemberRange::Iterator(JsonValue(document_, document_->nodes_[index_].next))};
}

JsonValue::ElementRange JsonValue::elements() const {
    if (!is_array()) return {ElementRange::Iterator(JsonValue()), ElementRange::Iterator(JsonValue())};
    return {ElementRange::Iterator(JsonValue(document_, index_ + 1)),
            ElementRange::Iterator(JsonValue(document_, document_->nodes_[index_].next))};
}

JsonValue::ElementRange::Iterator& JsonValue::ElementRange::Iterator::operator++() {
    at_.index_ = at_.document_->nodes_[at_.index_].next;
    return *this;
}

JsonValue::Member JsonValue::MemberRange::Iterator::operator*() const {
    return {key_, JsonValue(key_.document_, key_.index_ + 1)};
}

JsonValue::MemberRange::Iterator& JsonValue::MemberRange::Iterator::operator++() {
    key_.index_ = key_.document_->nodes_[key_.index_ + 1].next;
    return *this;
}

void JsonValue::append_string_to(std::string& out) const {
    if (!is_string()) return;
    const std::string_view quoted = raw();
    const std::string_view content = quoted.substr(1, quoted.size() - 2);
    if (document_->nodes_[index_].size == 0) {
        out.append(content);
    } else {
        append_unescaped(out, content);
    }
}

std::string JsonValue::string() const {
    std::string out;
    append_string_to(out);
    return out;
}

bool JsonValue::is(std::string_view text) const {
    if (!is_string()) return false;
    if (document_->nodes_[index_].size != 0) return string() == text;
    const std::string_view quoted = raw();
    return quoted.substr(1, quoted.size() - 2) == text;
}

std::optional<std::int64_t> JsonValue::integer() const {
    if (type() != Type::Number) return std::nullopt;
    const std::string_view text = raw();
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error == std::errc{} && end == text.data() + text.size()) return value;
    constexpr double kExactDoubles = 9007199254740992.0;
    const std::optional<double> real = number();
    if (!real || std::abs(*real) > kExactDoubles || *real != std::floor(*real)) return std::nullopt;
    return static_cast<std::int64_t>(*real);
}

std::optional<std::int64_t> JsonValue::count() const {
    const std::optional<std::int64_t> value = integer();
    return value && *value >= 0 && *value <= kMaxCount ? value : std::nullopt;
}

std::optional<double> JsonValue::number() const {
    if (type() != Type::Number) return std::nullopt;
    const std::string_view text = raw();
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{}) return std::nullopt;
    return value;
}

std::optional<bool> JsonValue::boolean() const {
    if (type() != Type::Boolean) return std::nullopt;
    return raw() == "true";
}

std::string JsonValue::scalar_text() const {
    if (is_string()) return string();
    return type() == Type::Number || type() == Type::Boolean ? std::string(raw()) : std::string();
}

bool is_json(std::string_view text) {
    thread_local JsonDocument document;
    return document.parse(text);
}

}  // namespace steno::providers
