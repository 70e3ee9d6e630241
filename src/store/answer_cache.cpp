#include "store/answer_cache.hpp"

#include "store/values.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace steno::store {
namespace {

std::int64_t hour_of(std::int64_t nanos) {
    return nanos / kHour - (nanos % kHour < 0 ? 1 : 0);
}

std::size_t cells_of(const AggregateTable& table) {
    std::size_t cells = 1;
    for (const auto& group : table.groups) cells += 1 + group.key.size() + group.cells.size();
    return cells;
}

}  // namespace

void Hours::add(const std::optional<Timestamp>& started_at) {
    if (started_at)
        hours.insert(hour_of(started_at->unix_nanos));
    else
        undated = true;
}

AnswerCache::Range AnswerCache::Range::of(const Selection& selection) {
    Range range;
    if (selection.from) range.first = hour_of(selection.from->unix_nanos);
    if (selection.to) range.last = hour_of(selection.to->unix_nanos);
    return range;
}

AnswerCache::Range AnswerCache::Range::of(const Stretch& stretch) {
    return {.first = hour_of(stretch.begin), .last = hour_of(stretch.end - 1)};
}

void AnswerCache::changed(const Hours& hours) {
    const std::scoped_lock lock(mutex_);
    ++clock_;
    if (hours.undated) undated_ = clock_;
    for (const std::int64_t hour : hours.hours) hours_[hour] = clock_;
    if (hours_.size() <= kMaxHours) return;
    hours_.clear();
    all_ = clock_;
}

void AnswerCache::everything_changed() {
    const std::scoped_lock lock(mutex_);
    all_ = ++clock_;
    hours_.clear();
}

std::uint64_t AnswerCache::now() const {
    const std::scoped_lock lock(mutex_);
    return clock_;
}

std::uint64_t AnswerCache::changed_within(const Range& hours) const {
    std::uint64_t version = all_;
    if (!hours.first && !hours.last) version = std::max(version, undated_);  // such calls lie in no range
    if (hours.first && hours.last && *hours.last < *hours.first) return version;
    auto at = hours.first ? hours_.lower_bound(*hours.first) : hours_.begin();
    const auto end = hours.last ? hours_.upper_bound(*hours.last) : hours_.end();
    for (; at != end; ++at) version = std::max(version, at->second);
    return version;
}

std::uint64_t AnswerCache::version(const Selection& selection) const {
    const std::scoped_lock lock(mutex_);
    return changed_within(Range::of(selection));
}

std::uint64_t AnswerCache::version(const Selection& selection, std::uint64_t then) const {
    const std::uint64_t version = this->version(selection);
    return version > then ? kUnsettled : version;
}

std::vector<std::uint64_t> AnswerCache::versions(std::span<const Stretch> stretches,
                                                 std::uint64_t then) const {
    const std::scoped_lock lock(mutex_);
    std::vector<std::uint64_t> versions;
    for (const Stretch& stretch : stretches) {
        const std::uint64_t version = changed_within(Range::of(stretch));
        versions.push_back(version > then ? kUnsettled : version);
    }
    return versions;
}

std::string AnswerCache::key(const AggregateQuery& query, const sql::Statement& statement) {
    std::string key = statement.text;
    if (query.bucket) fmt::format_to(std::back_inserter(key), ",{}", query.bucket->zone.name());
    for (const Measure& measure : query.measures)
        fmt::format_to(std::back_inserter(key), ",{}", static_cast<int>(measure.function));
    for (const Value& value : statement.parameters) {
        const std::string text = exact_text(value);
        fmt::format_to(std::back_inserter(key), "\n{}:{}:{}", value.index(), text.size(), text);
    }
    return key;
}

std::shared_ptr<const AggregateTable> AnswerCache::find(const std::string& key, std::uint64_t version) {
    const std::scoped_lock lock(mutex_);
    const auto found = by_key_.find(key);
    if (found == by_key_.end() || found->second->version != version) return nullptr;
    entries_.splice(entries_.begin(), entries_, found->second);
    return found->second->answer;
}

void AnswerCache::keep(std::string key, std::uint64_t version, std::shared_ptr<const AggregateTable> answer) {
    const std::size_t cells = cells_of(*answer);
    if (cells > kMaxCells / 8) return;
    const std::scoped_lock lock(mutex_);
    if (const auto found = by_key_.find(key); found != by_key_.end()) {
        if (found->second->version > version) return;
        drop(found->second);
    }
    entries_.push_front({key, version, std::move(answer), cells});
    by_key_.emplace(std::move(key), entries_.begin());
    cells_ += cells;
    while (cells_ > kMaxCells || entries_.size() > kMaxAnswers) drop(std::prev(entries_.end()));
}

void AnswerCache::drop(std::list<Entry>::iterator entry) {
    cells_ -= entry->cells;
    by_key_.erase(entry->key);
    entries_.erase(entry);
}

}  // namespace steno::store
