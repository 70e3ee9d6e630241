#include "steno/wrap.hpp"

#include "base/json_writer.hpp"

#include <charconv>
#include <cmath>

namespace steno::wrapping {

void append_json(std::string& out, std::string_view text) {
    append_json_string(out, text);
}

void append_json(std::string& out, double number) {
    if (!std::isfinite(number)) {
        out += "null";  // JSON has no such numbers
        return;
    }
    char digits[32];
    out.append(digits, std::to_chars(digits, digits + sizeof digits, number).ptr);
}

}  // namespace steno::wrapping
