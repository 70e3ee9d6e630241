#pragma once

#include "base/error.hpp"
#include "journal/reader.hpp"
#include "record/binary.hpp"

#include <cstddef>
#include <deque>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

namespace steno::repricing {

/// The costs that one re-pricing gave to calls, as the journal has them, also where a call has another one
/// since. Reads the journal once, forward, with constant memory. What is damaged is left out, as in the
/// store. One thread.
class SaidCosts {
  public:
    static Result<SaidCosts> of(journal::Reader& reader, std::string repricing);

    /// Up to so many; none: that was all of them. Cancelled.
    Result<std::vector<Said>> next(std::size_t most, const std::stop_token& stop);

  private:
    SaidCosts(journal::Reader& reader, std::string repricing)
        : reader_(reader), repricing_(std::move(repricing)) {}

    journal::Reader& reader_;
    std::string repricing_;
    std::deque<Uuid> streams_;  ///< not begun yet
    std::unique_ptr<journal::Cursor> cursor_;
};

}  // namespace steno::repricing
