#pragma once

#include "base/error.hpp"

#include <cstddef>
#include <string_view>

/// What prompts, their labels and variables may be called.
namespace steno::prompts {

inline constexpr std::size_t kMaxLabel = 100;  ///< bytes
inline constexpr std::size_t kMaxWord = 200;   ///< bytes
/// The label of the highest version; nobody moves it.
inline constexpr std::string_view kLatest = "latest";
/// The label of what is fetched where nobody says which version.
inline constexpr std::string_view kProduction = "production";

/// Any Unicode in its composed form (NFC: two names that look the same are the same), without what nobody
/// sees (control/name.hpp), and without "@", which divides a name from a label; "/" as in folders. As many
/// bytes as a call carries of it (kLongestId).
Result<void> check_name(std::string_view name);
/// Small letters, digits and "._-"; not "latest", and not what could be a version.
Result<void> check_label(std::string_view label);
/// Of a template's variable: letters, digits, "_" and "-", and what is seen of all beyond ASCII.
bool is_variable_name(std::string_view name) noexcept;

/// A model, a role, an author, a tag: short, on one line. InvalidArgument begins with `what`.
Result<void> check_word(std::string_view what, std::string_view text);
/// Of several lines. InvalidArgument: longer than `most` bytes, no UTF-8, or with other control characters.
Result<void> check_text(std::string_view what, std::string_view text, std::size_t most);

}  // namespace steno::prompts
