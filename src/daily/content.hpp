#pragma once

#include "daily/files.hpp"

/// The three contents: one file each.
namespace steno::daily {

std::unique_ptr<exports::Pieces> calls_content(Record record, const Day& day, const Options& options);
std::unique_ptr<exports::Pieces> requests_content(Record record, const Day& day);
std::unique_ptr<exports::Pieces> stats_content(Record record, const Day& day, const Options& options);

store::Selection calls_of(const Day& day);
/// Without those that are not to be listed (privacy.listed: false), which sums have.
store::Selection listed_calls_of(const Day& day);

/// What stands around the entries of an array, a line each.
class ArrayFrame {
  public:
    /// Before each entry.
    void next(std::string& out) { out += std::exchange(any_, true) ? ",\n" : "[\n"; }
    void end(std::string& out) const { out += any_ ? "\n]\n" : "[]\n"; }

  private:
    bool any_ = false;
};

}  // namespace steno::daily
