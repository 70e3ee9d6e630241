#include "prompts/version_cache.hpp"

#include <fmt/format.h>

namespace steno::prompts {

namespace {

/// No name has an "@".
std::string key_of(std::string_view name, std::string_view which) {
    return fmt::format("{}@{}", name, which);
}

/// About: what is long of it.
std::size_t size_of(const Version& version) {
    return sizeof version + 1000 + static_cast<std::size_t>(version.facts.size) + version.facts.notes.size();
}

}  // namespace

void VersionCache::heed(std::int64_t state) {
    const std::scoped_lock lock(mutex_);
    if (state == state_) return;
    state_ = state;
    empty();
}

void VersionCache::clear() {
    const std::scoped_lock lock(mutex_);
    empty();
}

std::shared_ptr<const Version> VersionCache::find(std::string_view name, std::string_view which) const {
    const std::string key = key_of(name, which);
    const std::scoped_lock lock(mutex_);
    const auto found = versions_.find(key);
    return found == versions_.end() ? nullptr : found->second;
}

std::uint64_t VersionCache::epoch() const {
    const std::scoped_lock lock(mutex_);
    return epoch_;
}

void VersionCache::keep(std::uint64_t epoch, std::string_view name, std::string_view which,
                        const Version& version) {
    const std::size_t size = size_of(version);
    auto kept = std::make_shared<const Version>(version);
    const std::scoped_lock lock(mutex_);
    if (epoch != epoch_ || size > kMaxBytes) return;
    if (bytes_ + size > kMaxBytes) empty();
    if (versions_.emplace(key_of(name, which), std::move(kept)).second) bytes_ += size;
}

void VersionCache::empty() {
    ++epoch_;
    bytes_ = 0;
    versions_.clear();
}

}  // namespace steno::prompts
