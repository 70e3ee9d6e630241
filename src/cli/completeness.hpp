#pragma once

#include "base/error.hpp"
#include "cli/api_client.hpp"

#include <cstdint>

namespace steno::cli {

/// Whether what a command says of the record is all of it. A part that is missing without a word would be a
/// wrong answer.
class Completeness {
  public:
    /// Waits until the store has what earlier processes left (a store that was deleted is fed anew first), as
    /// long as that goes on. Standard error shows the progress. The api must outlive it.
    static Result<Completeness> begin(Api& api);

    /// When all is said: 0; or, with a word on standard error, 11 (data_loss) if places of the journal cannot
    /// be read, or the code of "unavailable" if the store does not get fed.
    Result<int> exit_code();

  private:
    struct State;
    explicit Completeness(Api& api) : api_(&api) {}
    static Result<State> ask(Api& api);

    Api* api_;
    bool fed_ = false;
    std::uint64_t unreadable_payloads_ = 0;
};

}  // namespace steno::cli
