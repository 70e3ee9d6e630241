#pragma once

#include "prompts/prompt.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

namespace steno::prompts {

/// Versions as they were found, until something changes: who fetches what was fetched before waits for no
/// database. Bounded in bytes: when it is full, it begins anew. Any thread.
class VersionCache {
  public:
    static constexpr std::size_t kMaxBytes = 64u << 20;

    /// `state` is that of the database as others have left it: another one than before empties the cache.
    void heed(std::int64_t state);
    /// Something was changed here.
    void clear();
    /// Null: it is to be read.
    [[nodiscard]] std::shared_ptr<const Version> find(std::string_view name, std::string_view which) const;

    /// Counts how often it was emptied: take it before reading, for `keep`.
    [[nodiscard]] std::uint64_t epoch() const;
    /// Not if it was emptied since: then what was read may be of before.
    void keep(std::uint64_t epoch, std::string_view name, std::string_view which, const Version& version);

  private:
    void empty();

    mutable std::mutex mutex_;
    std::int64_t state_ = 0;
    std::uint64_t epoch_ = 0;
    std::size_t bytes_ = 0;
    std::map<std::string, std::shared_ptr<const Version>, std::less<>> versions_;  ///< by name, "@" and which
};

}  // namespace steno::prompts
