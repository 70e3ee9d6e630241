#pragma once

#include "base/error.hpp"
#include "daily/day.hpp"
#include "exports/pieces.hpp"
#include "ingest/call_reader.hpp"
#include "record/call.hpp"
#include "store/call_store.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace steno::daily {

/// Where the calls are. Both outlive what is made of them.
struct Record {
    store::CallStore& store;
    ingest::CallReader& calls;
};

struct Options {
    std::size_t max_text = 1000;   ///< characters of a text; 0: all of it
    Duration slow{5'000'000'000};  ///< calls that took so long or longer are slow
};

/// A day's file, as docs/daily-files.md says it: an array with a line for each call or request, or the one
/// object of its statistics. Calls are read as they are written, a page at a time, and requests are summed up
/// as many at a time as fit into some megabytes: memory does not grow with the day. Blocking; ends with
/// Cancelled where the thread's Cancellation asks for it.
std::unique_ptr<exports::Pieces> open_file(Record record, Content content, const Day& day,
                                           const Options& options);

/// How large a file is.
struct Size {
    std::uint64_t entries = 0;  ///< of an array
    std::uint64_t bytes = 0;
};
/// Does what must be done before a file that is whole and on disk gets its name. If that fails, it gets none.
using BeforeNamed = std::function<Result<void>()>;
/// Writes it; it appears under its name when it is whole and on disk.
Result<Size> write_file(exports::Pieces& pieces, const std::string& path,
                        const BeforeNamed& before_named = nullptr);
/// The same for one that others make: `bring` gives each piece of it to its argument.
using TakePiece = std::function<Result<void>(std::string_view)>;
Result<Size> write_file(const std::function<Result<void>(const TakePiece&)>& bring, const std::string& path,
                        const BeforeNamed& before_named = nullptr);

/// Of a text of a day's file, as it passes: how many entries it has.
class EntryCount {
  public:
    void add(std::string_view piece);
    [[nodiscard]] std::uint64_t entries() const { return lines_ - std::min(lines_, kAround); }

  private:
    static constexpr std::uint64_t kAround = 2;  ///< lines of the brackets
    std::uint64_t lines_ = 0;
};

}  // namespace steno::daily
