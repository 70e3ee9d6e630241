#pragma once

#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Reading untrusted JSON while keeping it verbatim. A parsed document is an index of spans into its text:
/// any value can be looked up in any order, and `raw()` is the value exactly as it came, with its digits and
/// escapes. (The library parsers that we link convert numbers while they parse, which refuses integers beyond
/// 64 bits, and forget where a value stood.)
///
/// Strict RFC 8259 with four mercies, since what is recorded was sent by others: bytes that are no UTF-8 and
/// lone surrogates read as U+FFFD, numbers may have any size, of members with the same key the last one
/// counts, and a byte order mark before it all is passed over (section 8.1).
namespace steno::providers {

class JsonDocument;

/// One value of a document, or none ("absent"): every question to an absent value has an empty answer, so
/// that paths can be walked without checks: `root["usage"]["prompt_tokens"].integer()`. Valid as long as its
/// document.
class JsonValue {
  public:
    enum class Type : std::uint8_t { Absent, Null, Boolean, Number, String, Array, Object };
    struct Member;
    class MemberRange;
    class ElementRange;

    JsonValue() = default;

    [[nodiscard]] inline Type type() const;
    [[nodiscard]] bool is_object() const { return type() == Type::Object; }
    [[nodiscard]] bool is_array() const { return type() == Type::Array; }
    [[nodiscard]] bool is_string() const { return type() == Type::String; }
    /// Neither absent nor null.
    [[nodiscard]] bool has_value() const { return type() > Type::Null; }

    /// The member of an object; absent if there is none.
    inline JsonValue operator[](std::string_view key) const;
    [[nodiscard]] MemberRange members() const;
    /// The elements of an array. An array of nothing but numbers (an embedding) is not indexed: it has a size
    /// and a raw(), and no elements here.
    [[nodiscard]] ElementRange elements() const;
    /// Number of elements or members.
    [[nodiscard]] std::size_t size() const;

    /// The decoded string; "" for anything else.
    [[nodiscard]] std::string string() const;
    /// The same without a copy if it has no escapes; else it is put into `decoded`. Valid as long as both.
    [[nodiscard]] std::string_view string_in(std::string& decoded) const;
    void append_string_to(std::string& out) const;
    /// The half of a UTF-16 pair that stands, escaped, at the end or the beginning of a string and has no
    /// other half in it: the first of a pair (D800 to DBFF) or the second (DC00 to DFFF); 0 if there is none.
    /// Servers that cut texts between two UTF-16 units send such halves in messages that follow each other.
    [[nodiscard]] std::uint32_t first_half_at_end() const;
    [[nodiscard]] std::uint32_t second_half_at_begin() const;
    /// Is it this very string?
    [[nodiscard]] bool is(std::string_view text) const;
    /// An integer, also one written as 10.0; nullopt beyond 64 bits.
    [[nodiscard]] std::optional<std::int64_t> integer() const;
    /// An integer from 0 to kMaxCount: tokens and such. Sums of a few counts stay within 64 bits.
    [[nodiscard]] std::optional<std::int64_t> count() const;
    static constexpr std::int64_t kMaxCount = 1'000'000'000'000'000;
    [[nodiscard]] std::optional<double> number() const;
    [[nodiscard]] std::optional<bool> boolean() const;
    /// A string decoded, a number or boolean as written, else "".
    [[nodiscard]] std::string scalar_text() const;
    /// As it came; "" when absent.
    [[nodiscard]] std::string_view raw() const;

  private:
    friend class JsonDocument;
    friend class JsonIndexer;
    JsonValue(const JsonDocument* document, std::uint32_t index) : document_(document), index_(index) {}
    /// The bit of an object's `keys` that stands for such a key.
    static constexpr std::uint32_t key_bit(std::string_view key) {
        const std::size_t first = key.empty() ? 0 : static_cast<unsigned char>(key.front());
        return std::uint32_t{1} << ((7 * key.size() + first) & 31);
    }
    [[nodiscard]] JsonValue find(std::string_view key) const;

    const JsonDocument* document_ = nullptr;
    std::uint32_t index_ = 0;
};

/// Owns the index; may be used again and again, which saves allocations. Not to be moved while values are in
/// use.
class JsonDocument {
  public:
    static constexpr std::size_t kMaxBytes = 256 << 20;
    static constexpr std::size_t kMaxValues = 4 << 20;
    static constexpr int kMaxDepth = 512;

    /// False if the text is not one JSON value, or beyond the limits; then root() is absent. The text must
    /// stay where it is while values are in use.
    bool parse(std::string_view text);
    [[nodiscard]] JsonValue root() const;

  private:
    friend class JsonValue;
    friend class JsonIndexer;
    struct Node {
        std::uint32_t begin;
        std::uint32_t end;
        std::uint32_t next;       ///< index after this value and all within it
        std::uint32_t size : 29;  ///< elements or members; of a string: 1 if it has escapes
        std::uint32_t type : 3;
        /// Of an object: a bit for each of its keys, so that it is mostly known at once that one is not
        /// there. Readers ask each message of a stream for dozens of members that few messages have.
        std::uint32_t keys;
    };
    std::string_view text_;
    std::string repaired_;     ///< the text, if it had to be made UTF-8
    std::vector<Node> nodes_;  ///< as many as there ever were
    bool parsed_ = false;
};

JsonValue::Type JsonValue::type() const {
    return document_ == nullptr ? Type::Absent : static_cast<Type>(document_->nodes_[index_].type);
}

JsonValue JsonValue::operator[](std::string_view key) const {
    if (document_ == nullptr || (document_->nodes_[index_].keys & key_bit(key)) == 0) return {};
    return find(key);
}

class JsonValue::ElementRange {
  public:
    class Iterator {
      public:
        JsonValue operator*() const { return at_; }
        Iterator& operator++();
        bool operator==(const Iterator& other) const { return at_.index_ == other.at_.index_; }

      private:
        friend class JsonValue;
        explicit Iterator(JsonValue at) : at_(at) {}
        JsonValue at_;
    };
    [[nodiscard]] Iterator begin() const { return begin_; }
    [[nodiscard]] Iterator end() const { return end_; }

  private:
    friend class JsonValue;
    ElementRange(Iterator begin, Iterator end) : begin_(begin), end_(end) {}
    Iterator begin_;
    Iterator end_;
};

struct JsonValue::Member {
    JsonValue key;
    JsonValue value;
};

class JsonValue::MemberRange {
  public:
    class Iterator {
      public:
        Member operator*() const;
        Iterator& operator++();
        bool operator==(const Iterator& other) const { return key_.index_ == other.key_.index_; }

      private:
        friend class JsonValue;
        explicit Iterator(JsonValue key) : key_(key) {}
        JsonValue key_;
    };
    [[nodiscard]] Iterator begin() const { return begin_; }
    [[nodiscard]] Iterator end() const { return end_; }

  private:
    friend class JsonValue;
    MemberRange(Iterator begin, Iterator end) : begin_(begin), end_(end) {}
    Iterator begin_;
    Iterator end_;
};

/// Appends a character, from its number, as UTF-8.
void append_utf8(std::string& out, std::uint32_t code);
/// True if the text is one JSON value.
bool is_json(std::string_view text);
/// The text with every byte that is no UTF-8 replaced by U+FFFD.
std::string repaired_utf8(std::string_view text);

}  // namespace steno::providers
