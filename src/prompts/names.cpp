#include "prompts/names.hpp"

#include "base/text.hpp"
#include "control/name.hpp"
#include "prompts/version_number.hpp"
#include "record/bounded.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <glib.h>
#include <memory>
#include <string>

namespace steno::prompts {

namespace {

bool has_space(std::string_view valid_utf8) {
    for (std::size_t at = 0; at < valid_utf8.size(); at += utf8_sequence_length(valid_utf8.substr(at)))
        if (g_unichar_type(g_utf8_get_char(valid_utf8.data() + at)) == G_UNICODE_SPACE_SEPARATOR) return true;
    return false;
}

std::string composed(std::string_view valid_utf8) {
    const std::unique_ptr<char, decltype(&g_free)> text(
        g_utf8_normalize(valid_utf8.data(), static_cast<gssize>(valid_utf8.size()), G_NORMALIZE_NFC), g_free);
    return text == nullptr ? std::string() : text.get();
}

}  // namespace

Result<void> check_name(std::string_view name) {
    const auto wrong = [](std::string_view why) {
        return fail(Code::InvalidArgument, fmt::format("the name of a prompt {}", why),
                    "such as coaching_system, or support/answer to put it into a folder");
    };
    if (const std::string why = control::wrong_with_name(name, kLongestId); !why.empty()) return wrong(why);
    if (std::string written = composed(name); written != name)
        return fail(Code::InvalidArgument,
                    "the name of a prompt has letters that are put together of several characters",
                    fmt::format("in the composed form (Unicode NFC), it looks the same: \"{}\"", written));
    if (name.find('@') != std::string_view::npos)
        return wrong("has an \"@\", which divides a name from a label");
    if (name.front() == '/' || name.back() == '/' || name.find("//") != std::string_view::npos)
        return wrong("has a folder without a name");
    // What clients take out of a path before they send it.
    const std::string path = fmt::format("/{}/", name);
    if (path.find("/./") != std::string::npos || path.find("/../") != std::string::npos)
        return wrong("has \".\" or \"..\" as a folder");
    return {};
}

Result<void> check_label(std::string_view label) {
    const bool good = !label.empty() && label.size() <= kMaxLabel && std::ranges::all_of(label, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
    });
    if (!good)
        return fail(Code::InvalidArgument, fmt::format("\"{}\" is no label", utf8_prefix(label, kMaxLabel)),
                    "small letters, digits and \"._-\", such as production");
    if (label == kLatest)
        return fail(Code::InvalidArgument, "\"latest\" is always the highest version: nobody moves it",
                    "take a label of your own, such as production or staging");
    if (VersionNumber::parse(label))
        return fail(Code::InvalidArgument, fmt::format("the label \"{}\" could be a version", label),
                    "take a word, such as production");
    return {};
}

bool is_variable_name(std::string_view name) noexcept {
    const bool good = std::ranges::all_of(name, [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
               c == '-' || static_cast<unsigned char>(c) >= 0x80;
    });
    if (!good || name.empty()) return false;
    if (std::ranges::all_of(name, [](char c) { return static_cast<unsigned char>(c) < 0x80; })) return true;
    return is_valid_utf8(name) && !control::unseen_in(name) && !has_space(name);
}

Result<void> check_word(std::string_view what, std::string_view text) {
    STENO_TRY(check_text(what, text, kMaxWord));
    const auto unseen = control::unseen_in(text);
    if (!unseen) return {};
    return fail(Code::InvalidArgument,
                fmt::format("{}: ends of lines and what nobody sees are not part of it, such as U+{:04X}",
                            what, static_cast<std::uint32_t>(*unseen)),
                "leave it out");
}

Result<void> check_text(std::string_view what, std::string_view text, std::size_t most) {
    const auto wrong = [&](std::string_view why) {
        return fail(Code::InvalidArgument, fmt::format("{}: {}", what, why));
    };
    if (text.size() > most) return wrong(fmt::format("longer than {} bytes", most));
    if (!is_valid_utf8(text)) return wrong("no UTF-8");
    const bool control = std::ranges::any_of(text, [](char c) {
        return (static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t' && c != '\r') || c == 0x7f;
    });
    return control ? wrong("control characters are not part of it") : Result<void>();
}

}  // namespace steno::prompts
