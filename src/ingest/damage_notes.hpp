#pragma once

#include "io/file_system.hpp"

#include <cstddef>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace steno::ingest {

/// Which places of the journal could not be read. Feeding passes each place once and goes on behind it; so
/// that later answers can say that they are not complete, it is written to a file beside the store, which
/// goes when the store goes: feeding anew finds what is still unreadable. Any thread.
class DamageNotes {
  public:
    /// Empty.
    DamageNotes(io::FileSystem& files, std::string path) : files_(files), path_(std::move(path)) {}

    /// Takes what was noted before, too; a file that is missing holds nothing.
    void read();
    /// True if the place was not known. At most kMaxPlaces are kept.
    bool add(const std::string& place);
    [[nodiscard]] std::size_t count() const;
    /// The first `most`, in alphabetical order.
    [[nodiscard]] std::vector<std::string> places(std::size_t most) const;

    static constexpr std::size_t kMaxPlaces = 1000;

  private:
    io::FileSystem& files_;
    const std::string path_;
    mutable std::mutex mutex_;
    std::set<std::string> places_;
};

}  // namespace steno::ingest
