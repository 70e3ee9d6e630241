#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace steno {

/// Writes JSON (RFC 8259) straight into a string, without building a tree: records are written far more often
/// than they are looked at. Commas are its business, balance is the caller's. Text is expected to be UTF-8;
/// bytes that are not are written as U+FFFD, so the output is always valid.
class JsonWriter {
  public:
    explicit JsonWriter(std::string& out) : out_(out) {}

    void begin_object() { open('{'); }
    void end_object() { close('}'); }
    void begin_array() { open('['); }
    void end_array() { close(']'); }
    void key(std::string_view name);

    void string(std::string_view value);
    void number(std::int64_t value);
    void number(std::uint64_t value);
    /// Shortest form that reads back to the same double; NaN and infinities are written as null.
    void number(double value);
    void boolean(bool value);
    void null();
    /// A value that is valid JSON already.
    void raw(std::string_view json);

    void member(std::string_view name, std::string_view value) { key(name), string(value); }
    void member(std::string_view name, const char* value) { key(name), string(value); }
    void member(std::string_view name, std::int64_t value) { key(name), number(value); }
    void member(std::string_view name, std::uint64_t value) { key(name), number(value); }
    void member(std::string_view name, int value) { key(name), number(std::int64_t{value}); }
    void member(std::string_view name, double value) { key(name), number(value); }
    void member(std::string_view name, bool value) { key(name), boolean(value); }
    void member_raw(std::string_view name, std::string_view json) { key(name), raw(json); }

  private:
    void open(char bracket);
    void close(char bracket);
    void separate();

    std::string& out_;
    bool first_ = true;  ///< nothing written yet at this depth
    bool after_key_ = false;
};

/// Appends `text` as a JSON string, quotes included.
void append_json_string(std::string& out, std::string_view text);

}  // namespace steno
