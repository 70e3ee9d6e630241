#include "analysis/compared_calls.hpp"

#include "inference/draws.hpp"
#include "store/number_scan.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace steno::analysis {

namespace {

class Reading {
  public:
    Reading(std::vector<ComparedSide>& sides, std::size_t columns, std::uint64_t most)
        : sides_(sides), most_(most) {
        for (ComparedSide& side : sides_) {
            side.columns.resize(columns);
            side.seen.resize(columns);
            side.sorted.resize(columns);
        }
    }

    /// Scores are kept apart from all else, and few calls have one: only these are read for them.
    Result<void> read(store::CallQueries& store, const store::Selection& executions,
                      const std::vector<std::string>& versions, const std::vector<store::Field>& columns) {
        std::vector<std::size_t> scores, others;
        for (std::size_t i = 0; i < columns.size(); ++i)
            (columns[i].index == store::Field::kScores ? scores : others).push_back(i);
        STENO_TRY(read(store, executions, versions, columns, others));
        store::Selection scored = executions;
        STENO_ASSIGN(store::Filter exists, store::make_filter("scores", store::Op::Exists, "true"));
        scored.filters.push_back(std::move(exists));
        return read(store, scored, versions, columns, scores);
    }

  private:
    Result<void> read(store::CallQueries& store, const store::Selection& selection,
                      const std::vector<std::string>& versions, const std::vector<store::Field>& columns,
                      const std::vector<std::size_t>& which) {
        if (which.empty()) return {};
        store::NumberQuery query{selection, store::make_field("prompt.version").value(), versions, {}};
        for (const std::size_t column : which) query.numbers.push_back(columns[column]);
        STENO_ASSIGN(store::NumberScanner* const scanner, store::number_scanner_of(store));
        return scanner->scan_numbers(query, [&](const store::NumberBatch& batch) {
            for (std::size_t i = 0; i < which.size(); ++i)
                for (std::size_t row = 0; row < batch.group.size(); ++row)
                    keep(sides_[batch.group[row]], which[i], batch.numbers[i][row]);
        });
    }

    void keep(ComparedSide& side, std::size_t column, double value) {
        if (std::isnan(value)) return;
        std::vector<double>& held = side.columns[column];
        const std::uint64_t seen = ++side.seen[column];
        if (held.size() < most_) {
            held.push_back(value);
        } else if (const std::uint64_t at = draws_.below(seen); at < most_) {
            held[at] = value;
        }
    }

    std::vector<ComparedSide>& sides_;
    std::uint64_t most_;
    inference::Draws draws_{1};
};

}  // namespace

ComparedColumns::ComparedColumns(std::vector<PromptMetric> all) {
    for (PromptMetric& metric : all) {
        ComparedColumn& asked = metrics.emplace_back(std::move(metric), 0);
        if (!asked.metric.is_of_numbers()) continue;
        const auto found = std::ranges::find(columns, asked.metric.field);
        asked.column = static_cast<std::size_t>(found - columns.begin());
        if (found == columns.end()) columns.push_back(asked.metric.field);
    }
}

Result<void> read_numbers(std::vector<ComparedSide>& sides, store::CallQueries& store,
                          const store::Selection& executions, const std::vector<std::string>& versions,
                          const std::vector<store::Field>& columns, std::uint64_t most) {
    return Reading(sides, columns.size(), most).read(store, executions, versions, columns);
}

}  // namespace steno::analysis
