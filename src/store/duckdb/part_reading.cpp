#include "store/duckdb/part_reading.hpp"

#include "store/duckdb/columns.hpp"
#include "store/duckdb/dialect.hpp"
#include "store/duckdb/groups.hpp"

#include <algorithm>
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
    return {prints + offset, prints + offset + length};
}

}  // namespace

struct PartReading::Inquiry {
    const AggregateQuery& query;
    const PartQuery parts;
    const std::string key;
};

/// What of the range can be cut into whole hours, and what has to be read besides. Nothing: it is not to be.
Result<CutTime> PartReading::pieces(const Selection& selection) {
    Stretch time;
    if (selection.from) time.begin = selection.from->unix_nanos;
    if (selection.to) time.end = selection.to->unix_nanos;
    const bool open = !selection.from || !selection.to;
    if (open || time.end / kDay - time.begin / kDay > kMostDaysAsAsked) {
        // Cut is where there are calls. The ends stay open: what comes meanwhile may lie beyond.
        STENO_ASSIGN(Answer answer, ask_({R"(SELECT min("started_at"), max("started_at") FROM calls)", {}}));
        const Chunk chunk = answer.next();
        if (!chunk || is_null(duckdb_data_chunk_get_vector(chunk.get(), 0), 0)) return CutTime{};
        const auto first = cell<std::int64_t>(duckdb_data_chunk_get_vector(chunk.get(), 0), 0);
        const auto last = cell<std::int64_t>(duckdb_data_chunk_get_vector(chunk.get(), 1), 0);
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
    STENO_ASSIGN(Answer answer, ask_(statement));
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

Result<std::optional<AggregateTable>> PartReading::answer(const AggregateQuery& query) {
    std::optional<PartQuery> as_parts = PartQuery::of(query);
    if (!as_parts) return std::nullopt;
    STENO_ASSIGN(const CutTime pieces, this->pieces(query.selection));
    if (pieces.whole.empty()) return std::nullopt;

    // The question, whatever range it is asked of.
    AggregateQuery timeless = query;
    timeless.selection.from = timeless.selection.to = std::nullopt;
    timeless.order.clear();
    STENO_ASSIGN(const sql::Statement statement, sql::select_groups(dialect(), timeless));
    const Inquiry inquiry{query, *std::move(as_parts), AnswerCache::key(timeless, statement)};
    if (!kept_.worthwhile(inquiry.key)) return std::nullopt;

    const std::vector<std::uint64_t> versions = answers_.versions(pieces.whole);
    std::vector<KeptParts<Part>::Pointer> parts = kept_.find(inquiry.key, pieces.whole, versions);
    std::vector<Stretch> missing;
    for (std::size_t i = 0; i < parts.size(); ++i)
        if (parts[i] == nullptr) missing.push_back(pieces.whole[i]);
    missing.insert(missing.end(), pieces.rest.begin(), pieces.rest.end());
    std::ranges::sort(missing);
    if (!query.selection.from && !query.selection.to) missing.push_back(sql::kUndated);

    // Read, and joined with what is there. Then the parts of which other numbers are needed than they kept
    // are read, too: once, for after that all numbers are there.
    std::map<Stretch, std::shared_ptr<Part>> fresh;
    std::optional<AggregateTable> table;
    while (!table) {
        if (!missing.empty()) {
            STENO_ASSIGN(auto read, this->read(inquiry, missing));
            if (!read) {
                kept_.not_worthwhile(inquiry.key);
                return std::nullopt;
            }
            for (Part& part : *read) {
                const Stretch stretch = part.time;
                fresh[stretch] = std::make_shared<Part>(std::move(part));
            }
        }
        missing.clear();
        Joining joining(query, inquiry.parts);
        for (std::size_t i = 0; i < parts.size(); ++i)
            if (!fresh.contains(pieces.whole[i])) joining.add(*parts[i]);
        for (const auto& [stretch, part] : fresh) joining.add(*part);
        if (!joining.adds_up()) {
            kept_.not_worthwhile(inquiry.key);
            return std::nullopt;
        }
        for (const auto& [stretch, part] : fresh)
            for (Part::Group& group : part->groups)
                for (std::size_t i = 0; i < group.ranked.size(); ++i)
                    group.ranked[i].keep((*joining.wanted(group.id))[i]);
        for (std::size_t i = 0; i < parts.size(); ++i)
            if (!fresh.contains(pieces.whole[i]) && !joining.has_numbers(*parts[i]))
                missing.push_back(pieces.whole[i]);
        if (missing.empty()) table = joining.answer();
        // What is read later than the rest may be of a later state.
        if (!missing.empty() && std::ranges::find(versions, AnswerCache::kUnsettled) != versions.end())
            return std::nullopt;
    }
    const std::vector<std::uint64_t> after = answers_.versions(pieces.whole);
    for (std::size_t i = 0; i < versions.size(); ++i)
        if (versions[i] != AnswerCache::kUnsettled && after[i] != versions[i]) return std::nullopt;
    bool any = false;
    for (std::size_t i = 0; i < parts.size(); ++i) {
        const auto read = fresh.find(pieces.whole[i]);
        if (read == fresh.end() || versions[i] == AnswerCache::kUnsettled) continue;
        Part& part = *read->second;
        part.version = versions[i];
        if (parts[i] != nullptr) {
            for (Part::Group& group : part.groups) {
                const auto before = std::ranges::find(parts[i]->groups, group.id, &Part::Group::id);
                if (before == parts[i]->groups.end()) continue;
                for (std::size_t n = 0; n < group.ranked.size(); ++n)
                    group.ranked[n].take_kept(before->ranked[n]);
            }
        }
        part.bytes = bytes_of(part);
        parts[i] = read->second;
        any = true;
    }
    std::erase(parts, nullptr);
    if (any) kept_.keep(inquiry.key, parts);
    return table;
}

}  // namespace steno::store::duckdb
