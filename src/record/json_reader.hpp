#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace steno {

/// Reads one JSON text (RFC 8259) from front to back, without a tree and without losing anything: numbers
/// come as they were written, whatever their size, and `raw` gives any value back verbatim but for the space
/// between tokens. (A library that turns numbers into doubles or refuses big integers could do neither.)
///
/// Strict: what it passes over is valid, UTF-8 included. The first failure sticks: every further read is
/// false.
class JsonReader {
  public:
    /// Nesting beyond this is refused.
    static constexpr int kMaxDepth = 512;

    enum class Type : std::uint8_t { Object, Array, String, Number, Boolean, Null, Invalid };

    /// `text` must outlive the reader.
    explicit JsonReader(std::string_view text);

    /// The type of the next value.
    Type peek();
    /// Escapes undone; half of a surrogate pair becomes U+FFFD.
    bool string(std::string& out);
    /// The number's own text.
    bool number(std::string_view& token);
    bool boolean(bool& value);
    bool null();
    /// Appends the next value, whatever it is, without the space between its tokens.
    bool raw(std::string& out) { return any(&out); }
    bool skip() { return any(nullptr); }
    /// Calls fn(key) for each member; fn reads the value, or gives false to stop.
    template <class F>
    bool object(F&& fn) {
        std::string key;
        if (!open('{')) return false;
        for (bool first = true; !close('}', first); first = false) {
            key.clear();
            if (failed() || !string(key) || !expect(':') || !fn(std::string_view(key))) return false;
        }
        return !failed();
    }
    /// Calls fn() for each element, likewise.
    template <class F>
    bool array(F&& fn) {
        if (!open('[')) return false;
        for (bool first = true; !close(']', first); first = false) {
            if (failed() || !fn()) return false;
        }
        return !failed();
    }
    /// Nothing but space is left.
    bool at_end();

    [[nodiscard]] bool failed() const { return !problem_.empty(); }
    /// "expected ':' at byte 12"; empty without a failure.
    [[nodiscard]] std::string problem() const;

  private:
    bool fail(std::string_view problem);
    void space();
    bool open(char bracket);
    /// True when the bracket closes here; else takes the comma that must stand before all but the first.
    bool close(char bracket, bool first);
    bool expect(char c);
    bool word(std::string_view word);
    /// Passes over a string and gives what stands between the quotes.
    bool quoted(std::string_view& inner);
    bool any(std::string* out);

    std::string_view text_;
    std::size_t at_ = 0;
    int depth_ = 0;
    std::string_view problem_;
};

}  // namespace steno
