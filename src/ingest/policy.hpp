#pragma once

#include "record/call.hpp"

#include <cstddef>

namespace steno::ingest {

/// What people want to be kept of a call. Asked by the recorder for every call, whatever source it is from,
/// before anything of it is written: what is decided stands on the call (privacy), so that whoever reads the
/// journal later has nothing to decide. Any thread, often on an AI call's way: never waits, never throws.
class Policy {
  public:
    virtual ~Policy() = default;
    /// Fills in what the call does not say of itself: privacy.full_data, retention and listed. Where its
    /// texts are not to be kept, its preview goes.
    virtual void admit(Call& call) const noexcept = 0;
    /// How many bytes are kept of each text of such a call; 0: all.
    [[nodiscard]] virtual std::size_t text_limit(const Call& call) const noexcept = 0;
};

/// Cuts the call's prompts and answers to so many bytes each; the exact bytes of request and response, which
/// hold them too, go. privacy.truncated has the length and the SHA-256 of what was cut, of several at one
/// place the first one's.
void cut_texts(Call& call, std::size_t most);

/// Of a call that does not keep its texts: providers quote prompts in messages of errors.
inline constexpr std::size_t kMostWithheldError = 200;
/// Cuts error.message to kMostWithheldError, and notes it as cut_texts does.
void cut_error(Call& call);

}  // namespace steno::ingest
