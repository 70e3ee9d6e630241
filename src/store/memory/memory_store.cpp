#include "store/memory/memory_store.hpp"

#include "store/call_scan.hpp"
#include "store/cursor.hpp"
#include "store/folding.hpp"
#include "store/memory/evaluate.hpp"
#include "store/number_scan.hpp"
#include "store/values.hpp"

#include <algorithm>
#include <concepts>
#include <limits>
#include <map>
#include <mutex>
#include <shared_mutex>
#include <utility>

namespace steno::store {
namespace {

class MemoryScan final : public CallScan {
  public:
    MemoryScan(std::vector<Call> calls, std::span<const std::size_t> fields)
        : calls_(std::move(calls)), fields_(fields.begin(), fields.end()), scratch_(fields.size()) {}

    Result<std::span<const FieldValue>> next() override {
        values_.clear();
        for (std::size_t i = 0; at_ < calls_.size() && i < fields_.size(); ++i)
            values_.push_back(value_of(calls_[at_], fields_[i], scratch_[i]));
        ++at_;
        return std::span<const FieldValue>(values_);
    }

  private:
    std::vector<Call> calls_;
    std::vector<std::size_t> fields_;
    std::vector<std::string> scratch_;
    std::vector<FieldValue> values_;
    std::size_t at_ = 0;
};

class MemoryStore final : public CallStore, public CallScanner, public NumberScanner {
  public:
    void follow(Follower& follower) override { follower_ = &follower; }

    Result<void> apply(std::span<const Change> changes, std::span<const Watermark> watermarks) override {
        const std::scoped_lock turn(turnstile_);
        const std::unique_lock lock(mutex_);
        for (const Change& change : changes) {
            if (const auto* upsert = std::get_if<Upsert>(&change))
                put(*upsert);
            else
                hear(std::get<Said>(change));
        }
        for (const Watermark& mark : watermarks) watermarks_[mark.stream] = mark.sequence;
        return {};
    }

    Result<void> forget(std::span<const Position> until) override {
        const std::scoped_lock turn(turnstile_);
        const std::unique_lock lock(mutex_);
        for (const Position& last : until) {
            std::erase_if(rows_, [&](const auto& entry) {
                const Position& closed_at = entry.second.closed_at;
                return closed_at.stream == last.stream && closed_at.sequence <= last.sequence;
            });
            std::erase_if(watermarks_, [&](const auto& mark) {
                return mark.first == last.stream && mark.second <= last.sequence;
            });
        }
        if (follower_ != nullptr) follower_->calls_forgotten();
        return {};
    }

    Result<void> forget_payloads(std::span<const LostPayloads> lost) override {
        const std::scoped_lock turn(turnstile_);
        const std::unique_lock lock(mutex_);
        for (const LostPayloads& one : lost) {
            for (auto& [id, row] : rows_) {
                const Position& at = row.closed_at;
                if (at.stream == one.stream && at.sequence >= one.first && at.sequence <= one.last &&
                    row.call.privacy.retention == one.retention_class) {
                    row.call.preview = {};
                }
            }
        }
        return {};
    }

    Result<std::vector<Watermark>> watermarks() override {
        const auto lock = reading();
        std::vector<Watermark> out;
        for (const auto& [stream, sequence] : watermarks_) out.push_back({stream, sequence});
        return out;
    }

    Result<Page> find(const CallQuery& query) override {
        STENO_TRY(check(query));
        STENO_ASSIGN(const auto after, decode_cursor(query));
        const auto lock = reading();
        const std::vector<const Row*> rows = in_order(query, after);
        Page page;
        for (std::size_t i = 0; i < std::min<std::size_t>(rows.size(), query.limit); ++i)
            page.rows.push_back(shown(*rows[i], query));
        if (rows.size() > query.limit) page.next_cursor = encode_cursor(query, page.rows.back().call);
        return page;
    }

    Result<std::vector<CallPositions>> positions(const CallQuery& query) override {
        STENO_TRY(check(query, kMaxPositions));
        STENO_ASSIGN(const auto after, decode_cursor(query));
        const auto lock = reading();
        std::vector<CallPositions> out;
        for (const Row* row : in_order(query, after)) {
            if (out.size() == query.limit) break;
            out.push_back(
                {row->call.id, row->call.project, row->call.started_at, row->closed_at, row->opened_at});
        }
        return out;
    }

    Result<std::optional<Row>> get(const Uuid& id, std::optional<std::string_view> project) override {
        const auto lock = reading();
        const Row* latest = nullptr;
        for (auto at = rows_.lower_bound({id, ""}); at != rows_.end() && at->first.first == id; ++at) {
            if (project && at->first.second != *project) continue;
            if (latest == nullptr || latest->call.started_at <= at->second.call.started_at)
                latest = &at->second;
        }
        return latest == nullptr ? std::nullopt : std::optional(*latest);
    }

    Result<AggregateTable> aggregate(const AggregateQuery& query) override {
        STENO_TRY(check(query));
        const auto lock = reading();
        std::vector<const Call*> calls;
        for (const auto& [key, row] : rows_)
            if (matches(row, query.selection)) calls.push_back(&row.call);
        return memory::aggregate(calls, query);
    }

    Result<std::uint64_t> count(const Selection& selection) override {
        const auto lock = reading();
        return static_cast<std::uint64_t>(std::ranges::count_if(
            rows_, [&](const auto& entry) { return matches(entry.second, selection); }));
    }

    Result<std::unique_ptr<CallScan>> scan(const Selection& selection,
                                           std::span<const std::size_t> fields) override {
        STENO_TRY(check_scanned(fields));
        CallQuery query;
        query.selection = selection;
        query.descending = false;
        const auto lock = reading();
        std::vector<Call> calls;
        for (const Row* row : in_order(query, {})) calls.push_back(row->call);
        return std::make_unique<MemoryScan>(std::move(calls), fields);
    }

    Result<void> scan_numbers(const NumberQuery& query, const NumberSink& take) override {
        STENO_TRY(check(query));
        std::vector<std::uint8_t> groups;
        std::vector<std::vector<double>> columns(query.numbers.size());
        std::vector<std::vector<std::string>> held(query.texts.size());
        {
            const auto lock = reading();
            for (const auto& [key, row] : rows_) {
                const auto by = value_in(row.call, query.by);
                if (!by || !matches(row, query.selection)) continue;
                const auto group = std::ranges::find(query.groups, std::get<std::string>(*by));
                if (group == query.groups.end()) continue;
                groups.push_back(static_cast<std::uint8_t>(group - query.groups.begin()));
                for (std::size_t i = 0; i < columns.size(); ++i)
                    columns[i].push_back(number_of(value_in(row.call, query.numbers[i])));
                for (std::size_t i = 0; i < held.size(); ++i) {
                    const auto text = value_in(row.call, query.texts[i]);
                    held[i].push_back(text ? std::get<std::string>(*text) : std::string());
                }
            }
        }
        const std::vector<std::span<const double>> numbers(columns.begin(), columns.end());
        std::vector<std::vector<std::string_view>> views;
        for (const auto& column : held) views.emplace_back(column.begin(), column.end());
        const std::vector<std::span<const std::string_view>> texts(views.begin(), views.end());
        if (!groups.empty()) take({groups, numbers, texts});
        return {};
    }

    Result<std::unique_ptr<CallQueries>> snapshot(unsigned /*at_once*/) override {
        auto copy = std::make_unique<MemoryStore>();
        const auto lock = reading();
        copy->rows_ = rows_;
        return copy;
    }

    Result<StoreStats> stats() override {
        const auto lock = reading();
        return StoreStats{.rows = rows_.size(), .waiting = waiting_.size(), .bytes = 0};
    }

    Result<void> checkpoint() override { return {}; }

  private:
    using Key = std::pair<Uuid, std::string>;

    static bool matches(const Row& row, const Selection& selection) {
        const auto& until = selection.closed_until;
        if (until && (row.closed_at.stream != until->stream || row.closed_at.sequence > until->sequence))
            return false;
        return memory::matches(row.call, selection);
    }

    /// As NumberBatch has it.
    static double number_of(const std::optional<Value>& value) {
        if (!value) return std::numeric_limits<double>::quiet_NaN();
        return std::visit(
            []<class T>(const T& v) {
                if constexpr (std::same_as<T, double>)
                    return v;
                else if constexpr (std::same_as<T, std::int64_t>)
                    return static_cast<double>(v);
                else if constexpr (std::same_as<T, Duration>)
                    return static_cast<double>(v.nanos) / 1e6;
                else if constexpr (std::same_as<T, Timestamp>)
                    return static_cast<double>(v.unix_nanos) / 1e6;
                else if constexpr (std::same_as<T, bool>)
                    return v ? 1.0 : 0.0;
                else if constexpr (std::same_as<T, Decimal>)
                    return static_cast<double>(v.units()) / 1e12;
                else
                    return std::numeric_limits<double>::quiet_NaN();
            },
            *value);
    }

    static Row shown(const Row& row, const CallQuery& query) {
        if (query.fields.empty()) return row;
        const Shown wanted = shown_by(query);
        Row out{{}, row.closed_at, row.opened_at};
        // What encode wrote, decode reads; a value that came out of a field fits it.
        if (const std::string remainder = encode_remainder(row.call); wanted.remainder && !remainder.empty())
            static_cast<void>(decode(remainder, out.call));
        std::string scratch;
        for (const std::size_t index : wanted.columns)
            static_cast<void>(set_value(out.call, index, value_of(row.call, index, scratch)));
        return out;
    }

    /// What matches, behind the cursor, in the query's order.
    std::vector<const Row*> in_order(const CallQuery& query, const std::optional<Cursor>& after) const {
        std::vector<std::pair<Cursor, const Row*>> places;
        for (const auto& [key, row] : rows_) {
            if (!matches(row, query.selection)) continue;
            Cursor place = memory::place_of(row.call, query);
            if (after && memory::order_of(place, *after, query) <= 0) continue;
            places.emplace_back(std::move(place), &row);
        }
        std::ranges::sort(places, [&](const auto& a, const auto& b) {
            return memory::order_of(a.first, b.first, query) < 0;
        });
        std::vector<const Row*> rows;
        for (const auto& [place, row] : places) rows.push_back(row);
        return rows;
    }

    void put(Upsert upsert) {
        Row& row = upsert.row;
        row.call = as_stored(row.call);
        const Call& newcomer = row.call;
        const auto [at, is_new] = rows_.try_emplace({newcomer.id, newcomer.project});
        Row& stored = at->second;
        std::optional<Call> before;
        if (follower_ != nullptr && !is_new) before = stored.call;
        if (is_new)
            stored = row;
        else
            amend(stored, upsert);
        for (auto [next, end] = waiting_.equal_range(newcomer.id); next != end;) {
            const auto one = next++;
            const Said& said = one->second;
            if (!said.project.empty() && said.project != newcomer.project) continue;
            take(stored, said);
            waiting_.erase(one);
        }
        if (follower_ != nullptr) follower_->call_changed(before ? &*before : nullptr, stored.call);
    }

    void hear(const Said& said) {
        bool found = false;
        for (auto at = rows_.lower_bound({said.call, said.project});
             at != rows_.end() && at->first.first == said.call; ++at) {
            if (!said.project.empty() && at->first.second != said.project) break;
            const std::optional<Call> before =
                follower_ == nullptr ? std::nullopt : std::optional(at->second.call);
            take(at->second, said);
            if (before) follower_->call_changed(&*before, at->second.call);
            found = true;
        }
        if (!found) waiting_.emplace(said.call, said);
    }

    static void take(Row& row, const Said& said) {
        fold(row.call, said);
        row.call = as_stored(row.call);
    }

    std::shared_lock<std::shared_mutex> reading() {
        const std::scoped_lock turn(turnstile_);
        return std::shared_lock(mutex_);
    }

    Follower* follower_ = nullptr;
    std::mutex turnstile_;  ///< a waiting writer holds it, so that new readers cannot keep it out for ever
    std::shared_mutex mutex_;
    std::map<Key, Row> rows_;
    std::multimap<Uuid, Said> waiting_;  // of one call in the order in which they were said
    std::map<Uuid, std::uint64_t> watermarks_;
};

}  // namespace

std::unique_ptr<CallStore> make_memory_store() {
    return std::make_unique<MemoryStore>();
}

}  // namespace steno::store
