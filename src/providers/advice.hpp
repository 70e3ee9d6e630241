#pragma once

#include "providers/errors.hpp"
#include "providers/prose.hpp"

#include <string>

namespace steno::providers {

/// What a person can do about the call's error (call.error is filled but for the advice): which key, by its
/// fingerprint, which limit, how long to wait, where to raise or pay it, what to change in the request. Full
/// sentences in English, at most kMaxAdvice bytes. Holds nothing of the provider's message but numbers, the
/// names of parameters and of filter categories.
std::string advice_on(const Call& call, const ProviderError& error, const LimitHit& hit);
/// The same for an error that no provider told.
std::string advice_on(const Call& call);

inline constexpr std::size_t kMaxAdvice = 1000;

}  // namespace steno::providers
