#pragma once

#include "sources/gateway/gateway.hpp"

#include <string>
#include <utility>
#include <vector>

namespace steno::gateway {

/// A call that Steno itself makes (a replay): through the same client, read by the same providers, recorded
/// like any other, but not streamed and with nobody waiting at the other end.
struct OwnCall {
    std::string upstream;                                      ///< a name that the gateway knows
    std::string path;                                          ///< below the upstream's base
    std::vector<std::pair<std::string, std::string>> headers;  ///< credentials too; never recorded
    std::string body;
    Call context;  ///< what the record begins with; id and times are filled in
};

/// Blocks until the answer is complete and recorded; not from a loop's thread. An answer with an error
/// status, or none at all, is a Call with `error`. NotFound: no such upstream. ResourceExhausted: a budget
/// does not let it pass; then nothing is recorded.
Result<Call> make_own_call(Gateway& gateway, OwnCall request);

}  // namespace steno::gateway
