#include "cli/stats_rows.hpp"

#include "base/text.hpp"
#include "cli/json_cell.hpp"
#include "store/query.hpp"

#include <simdjson.h>

#include <vector>

namespace steno::cli {

namespace {

namespace dom = simdjson::dom;
using exports::Column;

/// Where a column's value stands in a group of the answer.
struct Place {
    std::string outer, inner;  ///< "key", "model.requested"; a measure has no inner
};

FieldType type_of(const store::Measure& measure) {
    using Function = store::Measure::Function;
    switch (measure.function) {
        case Function::Calls:
        case Function::Errors:
        case Function::Count:
        case Function::Distinct:
            return FieldType::Integer;
        case Function::ErrorRate:
            return FieldType::Number;
        case Function::Cost:
            return FieldType::Decimal;
        case Function::Average:
            if (measure.field.type() == FieldType::Integer) return FieldType::Number;
            break;
        default:
            break;
    }
    return measure.field.type() == FieldType::Attributes ? FieldType::Text : measure.field.type();
}

class GroupRows final : public exports::Rows {
  public:
    void add(std::string name, FieldType type, Place place) {
        columns_.push_back({std::move(name), type});
        places_.push_back(std::move(place));
    }
    Result<void> read(std::string body, StatsRows& facts) {
        body_ = std::move(body);
        dom::element answer;
        if (parser_.parse(body_).get(answer) != simdjson::SUCCESS ||
            answer["groups"].get(groups_) != simdjson::SUCCESS)
            return fail(Code::Internal, "the answer has no groups");
        facts.count = groups_.size();
        if (answer["truncated"].get(facts.truncated) != simdjson::SUCCESS) facts.truncated = false;
        at_ = groups_.begin();
        cells_.resize(columns_.size());
        row_.resize(columns_.size());
        return {};
    }

    std::span<const Column> columns() const override { return columns_; }
    Result<std::span<const FieldValue>> next() override {
        if (!(at_ != groups_.end())) return std::span<const FieldValue>{};
        const dom::element group = *at_;
        ++at_;
        for (std::size_t i = 0; i < columns_.size(); ++i) {
            row_[i] = {};
            dom::element value;
            if (group[places_[i].outer].get(value) != simdjson::SUCCESS) continue;
            if (!places_[i].inner.empty() && value[places_[i].inner].get(value) != simdjson::SUCCESS)
                continue;
            STENO_ASSIGN(row_[i], cells_[i].read(columns_[i].type, value));
        }
        return std::span<const FieldValue>(row_);
    }

  private:
    std::string body_;
    dom::parser parser_;
    dom::array groups_;
    dom::array::iterator at_;
    std::vector<Column> columns_;
    std::vector<Place> places_;
    std::vector<JsonCell> cells_;
    std::vector<FieldValue> row_;
};

}  // namespace

Result<StatsRows> stats_rows(std::string body, std::string_view bucket, std::string_view by,
                             std::string_view measures) {
    auto rows = std::make_unique<GroupRows>();
    if (!bucket.empty()) rows->add("bucket", FieldType::Timestamp, {"bucket", ""});
    for (const std::string_view path : split(by, ',')) {
        STENO_ASSIGN(const store::Field field, store::make_field(path));
        const bool varies = field.type() == FieldType::TextList || field.type() == FieldType::Attributes;
        rows->add(std::string(path), varies ? FieldType::Text : field.type(), {"key", field.path()});
    }
    for (const std::string_view name : split(measures, ',')) {
        STENO_ASSIGN(const store::Measure measure, store::make_measure(name));
        const std::string key(name);
        if (measure.function != store::Measure::Function::Cost) {
            rows->add(key, type_of(measure), {key, ""});
            continue;
        }
        rows->add(key, FieldType::Decimal, {key, "total"});
        rows->add(key + ".currency", FieldType::Text, {key, "currency"});
        rows->add(key + ".unpriced_calls", FieldType::Integer, {key, "unpriced_calls"});
        rows->add(key + ".estimated_calls", FieldType::Integer, {key, "estimated_calls"});
    }
    StatsRows out;
    STENO_TRY(rows->read(std::move(body), out));
    out.rows = std::move(rows);
    return out;
}

}  // namespace steno::cli
