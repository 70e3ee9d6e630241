#pragma once

#include <cstdint>
#include <string_view>

/// Which members of JSON hold a credential, by their names and, where the name alone says too little, by what
/// the value looks like.
namespace steno::providers {

enum class NameMeaning : std::uint8_t {
    Plain,
    Credential,     ///< whatever stands there, lists and objects too
    IfToken,        ///< "token": a text without spaces
    IfKnownOrLong,  ///< "key": a text that looks like a key
    IfKnown,        ///< "value": a text that begins as the keys of a service known for it do
};

/// `name` as it is written between its quotes. Of ASCII letters and digits only, in any case, after undoing
/// \uXXXX: apiKey, API-KEY, "api key" and "api\u005fkey" are one name.
NameMeaning meaning_of(std::string_view name);

/// Is a text, as it is written between its quotes, a credential under a name of that meaning?
bool is_credential(NameMeaning meaning, std::string_view text);

/// Is there a member in the text, JSON or not, that may hold a credential by what is above? One pass as fast
/// as memory allows where there is none; allocates nothing.
bool has_telling_name(std::string_view text);

/// Calls `found(meaning, at)` for each such name, `at` being where what stands behind its colon begins, and
/// goes on where `found` says: at a position that is not before `at`.
template <class Found>
void each_telling_name(std::string_view text, Found found);

/// For the two above: the first such name whose colon is not before `from`.
struct TellingName {
    NameMeaning meaning = NameMeaning::Plain;
    std::size_t value = 0;  ///< where its value begins, spaces skipped; at most the text's size
};
/// `escapes`: whether names may be written with escapes, so that their last letters do not tell.
TellingName next_telling_name(std::string_view text, std::size_t from, bool escapes);
bool may_have_escaped_names(std::string_view text);

template <class Found>
void each_telling_name(std::string_view text, Found found) {
    const bool escapes = may_have_escaped_names(text);
    for (std::size_t at = 0;;) {
        const TellingName name = next_telling_name(text, at, escapes);
        if (name.meaning == NameMeaning::Plain) return;
        at = found(name.meaning, name.value);
    }
}

}  // namespace steno::providers
