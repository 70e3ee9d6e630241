#include "record/json_reader.hpp"

#include "base/text.hpp"

namespace steno {

namespace {

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

int hex_digit(char c) {
    if (is_digit(c)) return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

/// The value of four hexadecimal digits, -1 where they are not.
int hex4(std::string_view text, std::size_t at) {
    if (at + 4 > text.size()) return -1;
    int value = 0;
    for (std::size_t i = at; i < at + 4; ++i) {
        const int digit = hex_digit(text[i]);
        if (digit < 0) return -1;
        value = value << 4 | digit;
    }
    return value;
}

void append_utf8(std::string& out, std::uint32_t code) {
    if (code < 0x80) {
        out.push_back(static_cast<char>(code));
    } else if (code < 0x800) {
        out.push_back(static_cast<char>(0xc0 | code >> 6));
        out.push_back(static_cast<char>(0x80 | (code & 0x3f)));
    } else if (code < 0x10000) {
        out.push_back(static_cast<char>(0xe0 | code >> 12));
        out.push_back(static_cast<char>(0x80 | (code >> 6 & 0x3f)));
        out.push_back(static_cast<char>(0x80 | (code & 0x3f)));
    } else {
        out.push_back(static_cast<char>(0xf0 | code >> 18));
        out.push_back(static_cast<char>(0x80 | (code >> 12 & 0x3f)));
        out.push_back(static_cast<char>(0x80 | (code >> 6 & 0x3f)));
        out.push_back(static_cast<char>(0x80 | (code & 0x3f)));
    }
}

constexpr std::string_view kPlainEscapes = "\"\\/bfnrt";
constexpr std::string_view kPlainValues = "\"\\/\b\f\n\r\t";

}  // namespace

JsonReader::JsonReader(std::string_view text) : text_(text) {
    if (!is_valid_utf8(text_)) fail("not UTF-8");
}

bool JsonReader::fail(std::string_view problem) {
    if (problem_.empty()) problem_ = problem;
    return false;
}

std::string JsonReader::problem() const {
    if (!failed()) return {};
    return std::string(problem_) + " at byte " + std::to_string(at_);
}

void JsonReader::space() {
    while (at_ < text_.size() &&
           (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\r' || text_[at_] == '\t')) {
        ++at_;
    }
}

JsonReader::Type JsonReader::peek() {
    if (failed()) return Type::Invalid;
    space();
    if (at_ >= text_.size()) return fail("the text ends too early"), Type::Invalid;
    switch (text_[at_]) {
        case '{':
            return Type::Object;
        case '[':
            return Type::Array;
        case '"':
            return Type::String;
        case 't':
        case 'f':
            return Type::Boolean;
        case 'n':
            return Type::Null;
        default:
            break;
    }
    if (text_[at_] == '-' || is_digit(text_[at_])) return Type::Number;
    return fail("expected a value"), Type::Invalid;
}

bool JsonReader::expect(char c) {
    if (failed()) return false;
    space();
    if (at_ < text_.size() && text_[at_] == c) return ++at_, true;
    switch (c) {
        case ':':
            return fail("expected ':'");
        case ',':
            return fail("expected ',' or the closing bracket");
        case '"':
            return fail("expected a string");
        case '{':
            return fail("expected '{'");
        default:
            return fail("expected '['");
    }
}

bool JsonReader::open(char bracket) {
    if (!expect(bracket)) return false;
    if (++depth_ > kMaxDepth) return fail("nested too deeply");
    return true;
}

bool JsonReader::close(char bracket, bool first) {
    if (failed()) return false;
    space();
    if (at_ < text_.size() && text_[at_] == bracket) {
        ++at_;
        --depth_;
        return true;
    }
    if (!first) expect(',');
    return false;
}

bool JsonReader::word(std::string_view word) {
    if (text_.substr(at_, word.size()) != word) return fail("expected a value");
    at_ += word.size();
    return true;
}

bool JsonReader::boolean(bool& value) {
    if (peek() != Type::Boolean) return fail("expected true or false");
    value = text_[at_] == 't';
    return word(value ? "true" : "false");
}

bool JsonReader::null() {
    if (peek() != Type::Null) return fail("expected null");
    return word("null");
}

bool JsonReader::number(std::string_view& token) {
    if (peek() != Type::Number) return fail("expected a number");
    const std::size_t begin = at_;
    const auto digits = [this] {
        const std::size_t from = at_;
        while (at_ < text_.size() && is_digit(text_[at_])) ++at_;
        return at_ - from;
    };
    if (text_[at_] == '-') ++at_;
    const bool zero = at_ < text_.size() && text_[at_] == '0';
    const std::size_t whole = digits();
    if (whole == 0 || (zero && whole > 1)) return fail("malformed number");
    if (at_ < text_.size() && text_[at_] == '.') {
        ++at_;
        if (digits() == 0) return fail("malformed number");
    }
    if (at_ < text_.size() && (text_[at_] == 'e' || text_[at_] == 'E')) {
        ++at_;
        if (at_ < text_.size() && (text_[at_] == '+' || text_[at_] == '-')) ++at_;
        if (digits() == 0) return fail("malformed number");
    }
    token = text_.substr(begin, at_ - begin);
    return true;
}

bool JsonReader::quoted(std::string_view& inner) {
    if (!expect('"')) return false;
    const std::size_t begin = at_;
    for (; at_ < text_.size(); ++at_) {
        const auto c = static_cast<unsigned char>(text_[at_]);
        if (c == '"') {
            inner = text_.substr(begin, at_ - begin);
            ++at_;
            return true;
        }
        if (c < 0x20) return fail("control character in a string");
        if (c != '\\') continue;
        ++at_;
        if (at_ >= text_.size()) break;
        if (text_[at_] == 'u') {
            if (hex4(text_, at_ + 1) < 0) return fail("malformed escape");
        } else if (kPlainEscapes.find(text_[at_]) == std::string_view::npos) {
            return fail("malformed escape");
        }
    }
    return fail("the text ends inside a string");
}

bool JsonReader::string(std::string& out) {
    std::string_view inner;
    if (!quoted(inner)) return false;
    out.clear();
    out.reserve(inner.size());
    std::size_t at = 0;
    while (at < inner.size()) {
        const std::size_t escape = inner.find('\\', at);
        out.append(inner.substr(at, escape == std::string_view::npos ? escape : escape - at));
        if (escape == std::string_view::npos) break;
        const char c = inner[escape + 1];
        at = escape + 2;
        if (c != 'u') {
            out.push_back(kPlainValues[kPlainEscapes.find(c)]);
            continue;
        }
        auto code = static_cast<std::uint32_t>(hex4(inner, at));
        at += 4;
        if (code >= 0xd800 && code < 0xe000) {
            const bool pair = code < 0xdc00 && inner.substr(at, 2) == "\\u";
            const auto low = pair ? static_cast<std::uint32_t>(hex4(inner, at + 2)) : 0;
            if (low >= 0xdc00 && low < 0xe000) {
                code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
                at += 6;
            } else {
                code = 0xfffd;
            }
        }
        append_utf8(out, code);
    }
    return true;
}

bool JsonReader::any(std::string* out) {
    const Type type = peek();
    const std::size_t begin = at_;
    const auto token = [&](bool read) {
        if (read && out != nullptr) out->append(text_, begin, at_ - begin);
        return read;
    };
    std::string_view ignored;
    bool flag = false;
    bool first = true;
    const auto separate = [&] {
        if (out != nullptr && !first) out->push_back(',');
        first = false;
    };
    switch (type) {
        case Type::String:
            return token(quoted(ignored));
        case Type::Number:
            return token(number(ignored));
        case Type::Boolean:
            return token(boolean(flag));
        case Type::Null:
            return token(null());
        case Type::Array: {
            if (out != nullptr) out->push_back('[');
            if (!array([&] { return separate(), any(out); })) return false;
            if (out != nullptr) out->push_back(']');
            return true;
        }
        case Type::Object:
            break;
        case Type::Invalid:
            return false;
    }
    if (!open('{')) return false;
    if (out != nullptr) out->push_back('{');
    for (; !close('}', first);) {
        if (failed()) return false;
        separate();
        space();
        const std::size_t key = at_;
        if (!quoted(ignored)) return false;
        if (out != nullptr) out->append(text_, key, at_ - key).push_back(':');
        if (!expect(':') || !any(out)) return false;
    }
    if (out != nullptr) out->push_back('}');
    return !failed();
}

bool JsonReader::at_end() {
    if (failed()) return false;
    space();
    return at_ == text_.size() || fail("more after the end of the value");
}

}  // namespace steno
