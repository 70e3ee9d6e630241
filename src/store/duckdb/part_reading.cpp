#include "store/duckdb/part_reading.hpp"

#include "store/duckdb/columns.hpp"
#include "store/duckdb/dialect.hpp"
#include "store/duckdb/groups.hpp"

#include <algorithm>
#include <chrono>
#include <limits>
#include <map>
#include <memory>
#include <utility>

namespace steno::store::duckdb {
namespace {

/// Beyond, parts cost more than they save.
constexpr std::int64_t kMostDays = 4000;
/// Of longer ranges it is looked up where there are calls at all.
constexpr std::int64_t kMostDaysAsAsked = 400;
constexpr std::int64_t kFarAway = std::int64_t{1} << 62;
constexpr std::uint64_t kMostGroups = 300'000;  ///< of all parts that are read at once
constexpr std::size_t kMostBytes = 64U << 20;   ///< of the parts of one answer
constexpr std::size_t kMostKnown = 200;         ///< questions of which it is known how many values differ
constexpr std::int64_t kReadAtOnce = 8 * kDay;  ///< bounds what the engine and we hold of numbers

std::vector<std::int64_t> numbers_in(duckdb_vector vector, std::size_t row) {
    if (is_null(vector, row)) return {};
    const auto [offset, length] = cell<duckdb_list_entry>(vector, row);
    const auto* numbers =
        static_cast<const std::int64_t*>(duckdb_vector_get_data(duckdb_list_vector_get_child(vector)));
    return {numbers + offset, numbers + offset + length};
}

std::vector<Fingerprint> fingerprints_in(duckdb_vector vector, std::size_t row) {
    if (is_null(vector, row)) return {};
    const auto [offset, length] = cell<duckdb_list_entry>(vector, row);
    const auto* prints =
        static_cast<const Fingerprint*>(duckdb_vector_get_data(duckdb_list_vector_get_child(vector)));
    std::vector<Fingerprint> ascending(prints + offset, prints + offset + length);
    std::ranges::sort(ascending);
    return ascending;
}

}  // namespace

Result<std::optional<Stretch>> FirstAndLast::find(const State& state) {
    const std::uint64_t version = answers_.version({}, state.moment);
    if (version != AnswerCache::kUnsettled) {
        const std::scoped_lock lock(mutex_);
        if (version_ == version) return found_;
    }
    STENO_ASSIGN(Answer answer, state.ask({R"(SELECT min("started_at"), max("started_at") FROM calls)", {}}));
    const Chunk chunk = answer.next();
    std::optional<Stretch> found;
    if (chunk && !is_null(duckdb_data_chunk_get_vector(chunk.get(), 0), 0))
        found = Stretch{cell<std::int64_t>(duckdb_data_chunk_get_vector(chunk.get(), 0), 0),
                        cell<std::int64_t>(duckdb_data_chunk_get_vector(chunk.get(), 1), 0)};
    if (version == AnswerCache::kUnsettled) return found;
    const std::scoped_lock lock(mutex_);
    version_ = version;
    found_ = found;
    return found;
}

struct PartReading::Inquiry {
    const AggregateQuery& query;
    const PartQuery parts;
    const std::string key;
    const State& state;
};

/// What of the range can be cut into whole hours, and what has to be read besides. Nothing: it is not to be.
Result<CutTime> PartReading::pieces(const Selection& selection, const State& state) {
    Stretch time;
    if (selection.from) time.begin = selection.from->unix_nanos;
    if (selection.to) time.end = selection.to->unix_nanos;
    const bool open = !selection.from || !selection.to;
    if (open || time.end / kDay - time.begin / kDay > kMostDaysAsAsked) {
        // Cut is where there are calls.
        STENO_ASSIGN(const std::optional<Stretch> ends, ends_.find(state));
        if (!ends) return CutTime{};
        const auto [first, last] = *ends;
        if (first < -kFarAway || last > kFarAway) return CutTime{};
        if (!selection.from || time.begin < first) time.begin = first;
        if (!selection.to || time.end > last) time.end = last + 1;
    }
    if (time.end <= time.begin || time.end / kDay - time.begin / kDay > kMostDays) return CutTime{};
    CutTime pieces = cut(time);
    if (pieces.whole.empty() || pieces.whole.back().end - pieces.whole.front().begin < least_ * kHour)
        return CutTime{};
    pieces.rest.clear();
    const Stretch before{selection.from ? selection.from->unix_nanos : sql::kUndated.begin + 1,
                         pieces.whole.front().begin},
        after{pieces.whole.back().end,
              selection.to ? selection.to->unix_nanos : std::numeric_limits<std::int64_t>::max()};
    if (before.begin < before.end) pieces.rest.push_back(before);
    if (after.begin < after.end) pieces.rest.push_back(after);
    return pieces;
}

Result<std::optional<std::vector<Part>>> PartReading::read(const Inquiry& inquiry,
                                                           std::span<const Stretch> stretches) {
    STENO_ASSIGN(const sql::Statement statement,
                 sql::select_parts(dialect(), inquiry.query, inquiry.parts, stretches, kMostGroups));
    STENO_ASSIGN(Answer answer, inquiry.state.ask(statement));
    std::vector<Part> parts;
    std::map<std::int64_t, std::size_t> places;
    for (const Stretch& stretch : stretches) {
        places.emplace(stretch.begin, parts.size());
        parts.push_back({.time = stretch, .groups = {}});
    }
    std::uint64_t groups = 0;
    for (Chunk chunk = answer.next(); chunk; chunk = answer.next()) {
        const auto vector = [&](std::size_t i) { return duckdb_data_chunk_get_vector(chunk.get(), i); };
        for (std::size_t row = 0; row < duckdb_data_chunk_get_size(chunk.get()); ++row) {
            if (++groups > kMostGroups) return std::nullopt;
            const auto part =
                is_null(vector(0), row) ? sql::kUndated.begin : cell<std::int64_t>(vector(0), row);
            Part::Group group;
            std::size_t column = 1;
            read_key(inquiry.query, chunk.get(), row, column, group.key, group.bucket);
            group.id = group_id(group.key, group.bucket);
            group.cells = read_cells(inquiry.parts.measures, chunk.get(), row, column);
            for (std::size_t i = 0; i < inquiry.parts.ranked.size(); ++i) {
                std::vector<std::int64_t> numbers = numbers_in(vector(column++), row);
                if (std::ranges::find(numbers, kBeyond) != numbers.end()) return std::nullopt;
                group.ranked.emplace_back(std::move(numbers));
            }
            for (std::size_t i = 0; i < inquiry.parts.told_apart.size(); ++i)
                group.told_apart.push_back(fingerprints_in(vector(column++), row));
            parts[places.at(part)].groups.push_back(std::move(group));
        }
    }
    return parts;
}

Result<std::optional<AggregateTable>> PartReading::answer(const AggregateQuery& query, const State& state) {
    std::optional<PartQuery> as_parts = PartQuery::of(query);
    if (!as_parts) return std::nullopt;
    STENO_ASSIGN(const CutTime pieces, this->pieces(query.selection, state));
    if (pieces.whole.empty()) return std::nullopt;

    // The question, whatever range it is asked of.
    AggregateQuery timeless = query;
    timeless.selection.from = timeless.selection.to = std::nullopt;
    timeless.order.clear();
    STENO_ASSIGN(const sql::Statement statement, sql::select_groups(dialect(), timeless));
    const Inquiry inquiry{query, *std::move(as_parts), AnswerCache::key(timeless, statement), state};
    if (!kept_.worthwhile(inquiry.key)) return std::nullopt;

    const std::vector<std::uint64_t> versions = answers_.versions(pieces.whole, state.moment);
    std::vector<KeptParts<Part>::Pointer> parts = kept_.find(inquiry.key, pieces.whole, versions);

    // What is left over at the ends, and what nobody else can use, because it has changed since.
    std::vector<Stretch> own = pieces.rest;
    std::int64_t unsettled = 0;
    Settled of;
    for (std::size_t i = 0; i < parts.size(); ++i) {
        if (versions[i] != AnswerCache::kUnsettled) {
            of.emplace_back(pieces.whole[i], versions[i]);
            continue;
        }
        own.push_back(pieces.whole[i]);
        unsettled += pieces.whole[i].end - pieces.whole[i].begin;
    }
    if (unsettled > kReadAtOnce) return std::nullopt;
    std::ranges::sort(own);
    if (!query.selection.from && !query.selection.to) own.push_back(sql::kUndated);
    std::vector<Part> moving;
    if (!own.empty()) {
        STENO_ASSIGN(auto read, this->read(inquiry, own));
        if (!read) return std::nullopt;
        moving = *std::move(read);
    }
    Different different = known(inquiry, of);
    auto table = join(inquiry, pieces.whole, versions, parts, moving, different);
    // What was read stays, whatever became of the answer.
    std::erase(parts, nullptr);
    if (kept_.worthwhile(inquiry.key)) kept_.keep(inquiry.key, parts);
    // Without memory for it, it may be answered at once.
    if (!table && table.error().code == Code::ResourceExhausted) return std::nullopt;
    if (table && *table) remember(inquiry, std::move(of), std::move(different));
    return table;
}

Different PartReading::known(const Inquiry& inquiry, const Settled& of) {
    const std::scoped_lock lock(known_mutex_);
    const auto found = known_.find(inquiry.key);
    return found != known_.end() && found->second.first == of ? found->second.second : Different();
}

void PartReading::remember(const Inquiry& inquiry, Settled of, Different different) {
    if (inquiry.parts.told_apart.empty() || different.size() > kMostGroups / 100) return;
    const std::scoped_lock lock(known_mutex_);
    if (known_.size() >= kMostKnown) known_.clear();
    known_.insert_or_assign(inquiry.key, std::pair(std::move(of), std::move(different)));
}

// A few days at a time, the newest first: which numbers are needed of a part follows from all of them, and
// what is known so far mostly tells.
Result<std::optional<AggregateTable>> PartReading::join(const Inquiry& inquiry,
                                                        std::span<const Stretch> whole,
                                                        std::span<const std::uint64_t> versions,
                                                        std::span<KeptParts<Part>::Pointer> parts,
                                                        std::vector<Part>& moving, Different& different) {
    const auto wanted_still = until(std::chrono::steady_clock::now() + timeout_);
    for (std::size_t rounds = 2 * parts.size() + 1; rounds > 0; --rounds) {
        STENO_TRY(wanted_still());
        Joining joining(inquiry.query, inquiry.parts);
        std::size_t bytes = 0;
        for (const Part& part : moving) joining.add_moving(part);
        for (const auto& part : parts) {
            if (part == nullptr) continue;
            joining.add(*part);
            bytes += part->bytes;
        }
        if (!joining.adds_up() || bytes > kMostBytes) return give_up(inquiry);
        std::vector<std::size_t> wanted;
        std::int64_t time = 0;
        const auto want = [&](std::size_t i) {
            wanted.push_back(i);
            time += whole[i].end - whole[i].begin;
        };
        for (std::size_t i = parts.size(); i-- > 0 && time < kReadAtOnce;)
            if (parts[i] == nullptr && versions[i] != AnswerCache::kUnsettled) want(i);
        if (wanted.empty())
            for (std::size_t i = parts.size(); i-- > 0 && time < kReadAtOnce;)
                if (parts[i] != nullptr && !joining.has_numbers(*parts[i])) want(i);
        if (wanted.empty()) {
            for (Part& part : moving) joining.keep_wanted(part);
            AggregateTable table = joining.answer(different);
            if (!joining.adds_up()) return std::nullopt;
            return table;
        }
        std::ranges::reverse(wanted);
        std::vector<Stretch> stretches;
        for (const std::size_t i : wanted) stretches.push_back(whole[i]);
        STENO_ASSIGN(auto read, this->read(inquiry, stretches));
        if (!read) return give_up(inquiry);
        for (std::size_t n = 0; n < wanted.size(); ++n)
            if (parts[wanted[n]] == nullptr) joining.add((*read)[n]);
        for (std::size_t n = 0; n < wanted.size(); ++n) {
            auto part = std::make_shared<Part>(std::move((*read)[n]));
            KeptParts<Part>::Pointer& place = parts[wanted[n]];
            joining.keep_wanted(*part);
            if (place != nullptr) part->take_kept(*place);
            part->version = versions[wanted[n]];
            part->bytes = bytes_of(*part);
            place = std::move(part);
        }
    }
    return std::nullopt;
}

std::nullopt_t PartReading::give_up(const Inquiry& inquiry) {
    kept_.not_worthwhile(inquiry.key);
    return std::nullopt;
}

}  // namespace steno::store::duckdb
