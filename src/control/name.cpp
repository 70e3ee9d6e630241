#include "control/name.hpp"

#include "base/text.hpp"

#include <fmt/format.h>

#include <glib.h>

namespace steno::control {

namespace {

constexpr gunichar kNonJoiner = 0x200c, kJoiner = 0x200d, kEmojiSelector = 0xfe0f, kKeycap = 0x20e3;

bool is_unseen(gunichar c) {
    switch (g_unichar_type(c)) {
        case G_UNICODE_CONTROL:
        case G_UNICODE_FORMAT:
        case G_UNICODE_LINE_SEPARATOR:
        case G_UNICODE_PARAGRAPH_SEPARATOR:
        case G_UNICODE_PRIVATE_USE:
        case G_UNICODE_SURROGATE:
        case G_UNICODE_UNASSIGNED:
            return true;
        default:
            return c == 0x034f || c == 0x115f || c == 0x1160 || c == 0x17b4 || c == 0x17b5 ||
                   (c >= 0x180b && c <= 0x180f) || c == 0x2800 || c == 0x3164 ||
                   (c >= 0xfe00 && c <= 0xfe0f) || c == 0xffa0 || c == 0x1d159 ||
                   (c >= 0xe0000 && c <= 0xe0fff);
    }
}

/// Its letters are written otherwise where they are joined, or are not.
bool is_of_joining_script(gunichar c) {
    switch (g_unichar_get_script(c)) {
        case G_UNICODE_SCRIPT_ARABIC:
        case G_UNICODE_SCRIPT_SYRIAC:
        case G_UNICODE_SCRIPT_MANDAIC:
        case G_UNICODE_SCRIPT_NKO:
        case G_UNICODE_SCRIPT_MONGOLIAN:
        case G_UNICODE_SCRIPT_PHAGS_PA:
        case G_UNICODE_SCRIPT_DEVANAGARI:
        case G_UNICODE_SCRIPT_BENGALI:
        case G_UNICODE_SCRIPT_GURMUKHI:
        case G_UNICODE_SCRIPT_GUJARATI:
        case G_UNICODE_SCRIPT_ORIYA:
        case G_UNICODE_SCRIPT_TAMIL:
        case G_UNICODE_SCRIPT_TELUGU:
        case G_UNICODE_SCRIPT_KANNADA:
        case G_UNICODE_SCRIPT_MALAYALAM:
        case G_UNICODE_SCRIPT_SINHALA:
        case G_UNICODE_SCRIPT_KHMER:
        case G_UNICODE_SCRIPT_MYANMAR:
        case G_UNICODE_SCRIPT_BALINESE:
            return true;
        default:
            return false;
    }
}

/// Emoji are symbols, but for ℹ, ‼, ⁉ and 〰.
bool is_symbol(gunichar c) {
    switch (g_unichar_type(c)) {
        case G_UNICODE_OTHER_SYMBOL:
        case G_UNICODE_MATH_SYMBOL:
        case G_UNICODE_MODIFIER_SYMBOL:  // a skin's colour
            return true;
        default:
            return c == 0x2139 || c == 0x203c || c == 0x2049 || c == 0x3030;
    }
}

bool is_of_keycap(gunichar c) {
    return (c >= '0' && c <= '9') || c == '#' || c == '*';
}

/// What it does to its neighbours is seen. 0: there is none.
bool shows(gunichar c, gunichar before, gunichar after) {
    if (before == 0) return false;
    if (c == kEmojiSelector)
        return (is_symbol(before) && !is_unseen(before)) || (is_of_keycap(before) && after == kKeycap);
    if (c != kJoiner && c != kNonJoiner) return false;
    if (is_of_joining_script(before) && is_of_joining_script(after)) return true;
    return c == kJoiner && (is_symbol(before) || before == kEmojiSelector) && is_symbol(after);
}

bool is_space(gunichar c) {
    return g_unichar_type(c) == G_UNICODE_SPACE_SEPARATOR;
}

}  // namespace

std::optional<char32_t> unseen_in(std::string_view text) noexcept {
    const char *at = text.data(), *const end = at + text.size();
    for (gunichar before = 0, c = 0; at < end; before = c) {
        c = g_utf8_get_char(at);
        at += utf8_sequence_length({at, static_cast<std::size_t>(end - at)});
        const gunichar after = at < end ? g_utf8_get_char(at) : 0;
        if (is_unseen(c) && !shows(c, before, after)) return c;
    }
    return std::nullopt;
}

std::string wrong_with_name(std::string_view name, std::size_t most_bytes) {
    if (name.empty()) return "is missing";
    if (!is_valid_utf8(name)) return "is no UTF-8";
    if (name.size() > most_bytes) return fmt::format("has more than {} bytes", most_bytes);
    if (const auto unseen = unseen_in(name))
        return fmt::format("has U+{:04X}, which nobody sees", static_cast<std::uint32_t>(*unseen));
    const char* const end = name.data() + name.size();
    if (is_space(g_utf8_get_char(name.data())) || is_space(g_utf8_get_char(g_utf8_prev_char(end))))
        return "begins or ends with a space";
    return {};
}

}  // namespace steno::control
