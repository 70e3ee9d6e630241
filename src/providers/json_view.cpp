#include "providers/json_view.hpp"

#include "base/byte_search.hpp"
#include "base/text.hpp"
#include "base/thread_scratch.hpp"
#include "providers/utf8_check.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <cstring>

namespace steno::providers {

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

namespace {

using Type = JsonValue::Type;

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

int hex_digit(char c) {
    if (is_digit(c)) return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
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
        : start_(text.data()),
          at_(text.data()),
          end_(text.data() + text.size()),
          nodes_(nodes.data()),
          room_(nodes.size()),
          all_nodes_(nodes) {}

    bool run() {
        if (!value(0)) return false;
        skip_space();
        return at_ == end_;
    }

  private:
    void skip_space() {
        const auto is_space = [](char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; };
        while (at_ < end_ && *at_ <= ' ' && is_space(*at_)) ++at_;
    }
    bool take(char c) {
        skip_space();
        if (at_ == end_ || *at_ != c) return false;
        ++at_;
        return true;
    }
    [[nodiscard]] std::uint32_t offset() const { return static_cast<std::uint32_t>(at_ - start_); }

    /// Makes room for one more node. (A push_back for each costs three times as much.)
    bool reserve() {
        if (count_ < room_) return true;
        if (count_ >= JsonDocument::kMaxValues) return false;
        constexpr std::size_t kFirst = 128;
        all_nodes_.resize(std::max(kFirst, 2 * room_));
        nodes_ = all_nodes_.data();
        room_ = std::min(all_nodes_.size(), JsonDocument::kMaxValues);
        return true;
    }
    bool open(Type type) {
        if (!reserve()) return false;
        nodes_[count_++] = {offset(), 0, 0, 0, static_cast<std::uint8_t>(type) & 7U, 0};
        return true;
    }
    bool close(std::size_t node, std::uint32_t size, std::uint32_t keys = 0) {
        Node& closed = nodes_[node];
        closed.end = offset();
        closed.next = static_cast<std::uint32_t>(count_);
        closed.size = size & 0x1fffffffU;
        closed.keys = keys;
        return true;
    }
    /// A value without others in it, from `begin` to here.
    bool add(const char* begin, std::uint32_t size, Type type) {
        if (!reserve()) return false;
        Node& node = nodes_[count_++];
        node = {static_cast<std::uint32_t>(begin - start_), offset(),
                static_cast<std::uint32_t>(count_),         size,
                static_cast<std::uint8_t>(type) & 7U,       0};
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
                const char* const begin = at_;
                return digits() && add(begin, 0, Type::Number);
            }
        }
    }

    bool object(int depth) {
        const std::size_t node = count_;
        if (!open(Type::Object)) return false;
        ++at_;
        std::uint32_t count = 0;
        std::uint32_t keys = 0;
        if (take('}')) return close(node, 0);
        do {
            skip_space();
            if (at_ == end_ || *at_ != '"' || !string()) return false;
            const Node& key = nodes_[count_ - 1];
            keys |=
                key.size != 0 ? ~0U : JsonValue::key_bit({start_ + key.begin + 1, key.end - key.begin - 2});
            if (!take(':') || !value(depth + 1)) return false;
            ++count;
        } while (take(','));
        return take('}') && close(node, count, keys);
    }

    bool array(int depth) {
        const std::size_t node = count_;
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
        const char* const begin = at_++;
        std::uint32_t escapes = 0;
        while (true) {
            at_ = first_where(at_, end_, [](auto c) { return (c == '"') | (c == '\\') | (c < 0x20); });
            if (at_ == end_) return false;
            if (*at_ == '"') break;
            if (*at_ != '\\' || !escape()) return false;
            escapes = 1;
        }
        ++at_;
        return add(begin, escapes, Type::String);
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
        if (!std::string_view(at_, end_).starts_with(text)) return false;
        const char* const begin = at_;
        at_ += text.size();
        return add(begin, 0, type);
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
    Node* nodes_;
    std::size_t count_ = 0;
    std::size_t room_;
    std::vector<Node>& all_nodes_;
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
    parsed_ = false;
    text_ = {};
    if (text.size() > kMaxBytes / 3) return false;  // a repair may triple it
    if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
    if (!is_utf8(text)) {
        repaired_ = repaired_utf8(text);
        text = repaired_;
    }
    parsed_ = JsonIndexer(text, nodes_).run();
    if (parsed_) text_ = text;
    return parsed_;
}

JsonValue JsonDocument::root() const {
    return parsed_ ? JsonValue(this, 0) : JsonValue();
}

std::size_t JsonValue::size() const {
    return is_array() || is_object() ? document_->nodes_[index_].size : 0;
}

std::string_view JsonValue::raw() const {
    if (document_ == nullptr) return {};
    const JsonDocument::Node& node = document_->nodes_[index_];
    return document_->text_.substr(node.begin, node.end - node.begin);
}

JsonValue JsonValue::find(std::string_view key) const {
    const JsonDocument::Node* const nodes = document_->nodes_.data();
    JsonValue last;  // what a name that stands twice means to those who read it: clients, and upstreams
    for (std::uint32_t at = index_ + 1; at < nodes[index_].next; at = nodes[at + 1].next) {
        const JsonDocument::Node& name = nodes[at];
        const bool escaped = name.size != 0;
        if (!escaped && name.end - name.begin != key.size() + 2) continue;
        if (escaped ? JsonValue(document_, at).is(key)
                    : std::string_view(document_->text_.data() + name.begin + 1, key.size()) == key)
            last = {document_, at + 1};
    }
    return last;
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

std::uint32_t JsonValue::first_half_at_end() const {
    constexpr std::size_t kEscape = 6;  // \\uD83D
    if (!is_string() || document_->nodes_[index_].size == 0 || raw().size() < kEscape + 2) return 0;
    const std::string_view content = raw().substr(1, raw().size() - 2);
    const std::size_t at = content.size() - kEscape;
    std::size_t backslashes = 0;
    while (backslashes <= at && content[at - backslashes] == '\\') ++backslashes;
    if (backslashes % 2 == 0 || content[at + 1] != 'u') return 0;
    const std::uint32_t code = hex4(content.substr(at + 2));
    return code >= 0xd800 && code < 0xdc00 ? code : 0;
}

std::uint32_t JsonValue::second_half_at_begin() const {
    if (!is_string() || document_->nodes_[index_].size == 0) return 0;
    const std::string_view content = raw().substr(1, raw().size() - 2);
    if (!content.starts_with("\\u")) return 0;
    const std::uint32_t code = hex4(content.substr(2));
    return code >= 0xdc00 && code < 0xe000 ? code : 0;
}

std::string JsonValue::string() const {
    std::string out;
    append_string_to(out);
    return out;
}

std::string_view JsonValue::string_in(std::string& decoded) const {
    if (!is_string()) return {};
    if (document_->nodes_[index_].size == 0) return raw().substr(1, raw().size() - 2);
    decoded = string();
    return decoded;
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
    const ThreadScratch<JsonDocument> document;
    return document->parse(text);
}

}  // namespace steno::providers
