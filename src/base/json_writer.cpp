#include "base/json_writer.hpp"

#include "base/text.hpp"

#include <charconv>
#include <cmath>
#include <cstring>

namespace steno {

void JsonWriter::separate() {
    if (after_key_) {
        after_key_ = false;
    } else if (!first_) {
        out_.push_back(',');
    }
    first_ = false;
}

void JsonWriter::open(char bracket) {
    separate();
    out_.push_back(bracket);
    first_ = true;
}

void JsonWriter::close(char bracket) {
    out_.push_back(bracket);
    first_ = false;
}

void JsonWriter::key(std::string_view name) {
    separate();
    append_json_string(out_, name);
    out_.push_back(':');
    after_key_ = true;
}

void JsonWriter::string(std::string_view value) {
    separate();
    append_json_string(out_, value);
}

namespace {
template <class T>
void append_number(std::string& out, T value) {
    char digits[32];
    const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
    out.append(digits, end);
}
}  // namespace

void JsonWriter::number(std::int64_t value) {
    separate();
    append_number(out_, value);
}

void JsonWriter::number(std::uint64_t value) {
    separate();
    append_number(out_, value);
}

void JsonWriter::number(double value) {
    separate();
    if (!std::isfinite(value)) {
        out_ += "null";
        return;
    }
    append_number(out_, value);
    // Readers take digits alone for an integer, and refuse one of more than 64 bits.
    if (std::abs(value) >= 0x1p63 && out_.find_last_not_of("-0123456789") + 20 < out_.size()) out_ += ".0";
}

void JsonWriter::boolean(bool value) {
    separate();
    out_ += value ? "true" : "false";
}

void JsonWriter::null() {
    separate();
    out_ += "null";
}

void JsonWriter::raw(std::string_view json) {
    separate();
    out_ += json;
}

namespace {

/// Eight bytes that stand in a JSON string as they are: ASCII, no control characters, no quote, no backslash.
/// A byte is smaller than n if subtracting n sets its highest bit and it was not set; a borrow from a
/// neighbour can only make a plain byte look special, which costs time and nothing else.
bool all_plain(std::uint64_t word) noexcept {
    constexpr std::uint64_t kOnes = 0x0101010101010101;
    constexpr std::uint64_t kHighest = 0x80 * kOnes;
    const std::uint64_t quotes = word ^ ('"' * kOnes);
    const std::uint64_t backslashes = word ^ ('\\' * kOnes);
    const std::uint64_t special = word | ((word - 0x20 * kOnes) & ~word) | ((quotes - kOnes) & ~quotes) |
                                  ((backslashes - kOnes) & ~backslashes);
    return (special & kHighest) == 0;
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
    static constexpr char kHex[] = "0123456789abcdef";
    out.push_back('"');
    std::size_t clean = 0;  // start of the run not yet copied
    std::size_t at = 0;
    const auto flush = [&](std::size_t until) { out.append(text, clean, until - clean); };
    while (at < text.size()) {
        for (std::uint64_t word = 0; text.size() - at >= sizeof word; at += sizeof word) {
            std::memcpy(&word, text.data() + at, sizeof word);
            if (!all_plain(word)) break;
        }
        if (at == text.size()) break;
        const auto c = static_cast<unsigned char>(text[at]);
        if (c >= 0x20 && c < 0x80 && c != '"' && c != '\\') {
            ++at;
            continue;
        }
        if (c >= 0x80) {
            const std::size_t length = utf8_sequence_length(text.substr(at));
            if (length != 0) {
                at += length;
                continue;
            }
            flush(at);
            out += "\xef\xbf\xbd";
            clean = ++at;
            continue;
        }
        flush(at);
        out.push_back('\\');
        switch (c) {
            case '"':
                out.push_back('"');
                break;
            case '\\':
                out.push_back('\\');
                break;
            case '\n':
                out.push_back('n');
                break;
            case '\r':
                out.push_back('r');
                break;
            case '\t':
                out.push_back('t');
                break;
            default:
                out += "u00";
                out.push_back(kHex[c >> 4]);
                out.push_back(kHex[c & 15]);
        }
        clean = ++at;
    }
    flush(at);
    out.push_back('"');
}

}  // namespace steno
