#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace steno::log {

/// Keeps one message from filling the log: of those that are alike but for words with digits in them (ids,
/// sizes, positions), kMost are let through in kWindow; the others are counted, and the count is told. Not
/// thread-safe.
class Repeats {
  public:
    static constexpr std::uint64_t kMost = 20;
    static constexpr std::int64_t kWindowNanos = 10'000'000'000;
    static constexpr std::size_t kMaxKinds = 500;  ///< beyond that, new kinds are let through uncounted

    struct Verdict {
        bool write = true;
        std::vector<std::string>
            told;  ///< lines to write before it: what was left out, of windows that are over
    };
    Verdict judge(std::string_view message, std::int64_t now_nanos);

  private:
    struct Kind {
        std::int64_t since = 0;
        std::uint64_t seen = 0;
        std::string first;
    };
    void close_windows(std::int64_t now_nanos, std::vector<std::string>& told);

    std::map<std::string, Kind, std::less<>> kinds_;
    std::int64_t looked_ = 0;
};

}  // namespace steno::log
