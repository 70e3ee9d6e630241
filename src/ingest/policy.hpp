#pragma once

#include "record/call.hpp"

#include <cstddef>

namespace steno::ingest {

/// What is done to each text of a call before it is kept.
struct TextRule {
    std::size_t limit = 0;             ///< bytes that are kept; 0: all
    bool masks_personal_data = false;  ///< before it is cut

    [[nodiscard]] bool changes_nothing() const { return limit == 0 && !masks_personal_data; }
};

/// What people want to be kept of a call. Asked by the recorder for every call, whatever source it is from,
/// before anything of it is written: what is decided stands on the call (privacy), so that whoever reads the
/// journal later has nothing to decide. Any thread, often on an AI call's way: never waits, never throws.
class Policy {
  public:
    virtual ~Policy() = default;
    /// Fills in what the call does not say of itself: privacy.full_data, retention and listed. Where its
    /// texts are not to be kept, its preview goes.
    virtual void admit(Call& call) const noexcept = 0;
    /// What is done to the texts of such a call before they are kept.
    [[nodiscard]] virtual TextRule texts(const Call& call) const noexcept = 0;
};

/// As the rule says: see mask_texts and cut_texts.
void apply(const TextRule& rule, Call& call);
/// Masks personal data (personal_data.hpp) in the call's prompts and answers, and in what an error says; the
/// exact bytes of request and response go, as nobody knows what else they hold. privacy.masked counts what
/// was masked, privacy.truncated has the exact bytes' length and SHA-256. Metadata, attributes and names
/// stay.
void mask_texts(Call& call);

/// Cuts the call's prompts and answers to so many bytes each; the exact bytes of request and response, which
/// hold them too, go. privacy.truncated has the length and the SHA-256 of what was cut, of several at one
/// place the first one's.
void cut_texts(Call& call, std::size_t most);

/// Of a call that does not keep its texts: providers quote prompts in messages of errors.
inline constexpr std::size_t kMostWithheldError = 200;
/// Cuts error.message to kMostWithheldError, and notes it as cut_texts does.
void cut_error(Call& call);

}  // namespace steno::ingest
