#include "cli/prompt_type_rows.hpp"

#include "cli/call_view.hpp"
#include "cli/json_cell.hpp"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <span>
#include <utility>
#include <vector>

namespace steno::cli {

namespace {

namespace dom = simdjson::dom;

/// Where a column of the export stands in the answer.
struct Place {
    const char* name;
    FieldType type;
    const char* pointer;
    bool of_one_currency = false;
};

constexpr std::array kPlaces = {
    Place{"type", FieldType::Text, "/type"},
    Place{"description", FieldType::Text, "/settings/description"},
    Place{"track_full_data", FieldType::Boolean, "/settings/track_full_data"},
    Place{"tracks_full_data", FieldType::Boolean, "/tracks_full_data"},
    Place{"is_active", FieldType::Boolean, "/settings/is_active"},
    Place{"sample_rate", FieldType::Number, "/settings/sample_rate"},
    Place{"text_limit", FieldType::Integer, "/settings/text_limit"},
    Place{"retention", FieldType::Text, "/settings/retention"},
    Place{"masking", FieldType::Text, "/settings/masking"},
    Place{"log_level", FieldType::Text, "/settings/log_level"},
    Place{"disable_over_budget", FieldType::Boolean, "/settings/disable_over_budget"},
    Place{"disable_failure_rate", FieldType::Number, "/settings/disable_failure_rate"},
    Place{"disable_window_minutes", FieldType::Integer, "/settings/disable_window_minutes"},
    Place{"disable_least_calls", FieldType::Integer, "/settings/disable_least_calls"},
    Place{"disable_switches", FieldType::Text, "/settings/disable_switches"},
    Place{"calls", FieldType::Integer, "/totals/calls"},
    Place{"failures", FieldType::Integer, "/totals/failures"},
    Place{"failure_rate", FieldType::Number, "/totals/failure_rate"},
    Place{"cost", FieldType::Decimal, "/totals/cost/0/total", true},
    Place{"currency", FieldType::Text, "/totals/cost/0/currency", true},
    Place{"average_cost", FieldType::Decimal, "/totals/cost/0/average", true},
    Place{"costs", FieldType::Json, "/totals/cost"},
    Place{"unpriced_calls", FieldType::Integer, "/totals/unpriced_calls"},
    Place{"removed_calls", FieldType::Integer, "/totals/removed_calls"},
    Place{"first_called_at", FieldType::Timestamp, "/totals/first_called_at"},
    Place{"last_called_at", FieldType::Timestamp, "/totals/last_called_at"},
    Place{"created_at", FieldType::Timestamp, "/created_at"},
    Place{"changed_at", FieldType::Timestamp, "/changed_at"},
    Place{"changed_by", FieldType::Text, "/changed_by"},
};

class TypeRows final : public exports::Rows {
  public:
    static Result<std::unique_ptr<TypeRows>> of(std::string body) {
        auto rows = std::unique_ptr<TypeRows>(new TypeRows);
        rows->body_ = std::move(body);
        dom::element whole;
        dom::array types;
        if (rows->parser_.parse(rows->body_).get(whole) != simdjson::SUCCESS ||
            whole["prompt_types"].get(types) != simdjson::SUCCESS)
            return fail(Code::Internal, "the answer has no prompt types");
        rows->types_.assign(types.begin(), types.end());
        rows->in_all_ = static_cast<std::size_t>(number_at(whole, "/count"));
        return rows;
    }

    [[nodiscard]] std::size_t count() const { return types_.size(); }
    [[nodiscard]] std::size_t left_out() const { return in_all_ - std::min(in_all_, types_.size()); }
    [[nodiscard]] std::span<const exports::Column> columns() const override { return columns_; }

    Result<std::span<const FieldValue>> next() override {
        if (at_ == types_.size()) return std::span<const FieldValue>();
        const dom::element type = types_[at_++];
        cells_.clear();
        for (std::size_t i = 0; i < columns_.size(); ++i) {
            dom::element value;
            const bool one_currency = has(type, "/totals/cost/0") && !has(type, "/totals/cost/1");
            const bool there = (one_currency || !kPlaces[i].of_one_currency) &&
                               type.at_pointer(kPlaces[i].pointer).get(value) == simdjson::SUCCESS;
            if (!there) {
                cells_.emplace_back();
                continue;
            }
            STENO_ASSIGN(FieldValue cell, readers_[i].read(columns_[i].type, value));
            cells_.push_back(cell);
        }
        return std::span<const FieldValue>(cells_);
    }

  private:
    TypeRows() : readers_(kPlaces.size()) {
        for (const Place& place : kPlaces) columns_.push_back({place.name, place.type});
    }

    std::string body_;
    dom::parser parser_;
    std::vector<dom::element> types_;
    std::size_t in_all_ = 0;
    std::size_t at_ = 0;
    std::vector<exports::Column> columns_;
    std::vector<JsonCell> readers_;
    std::vector<FieldValue> cells_;
};

}  // namespace

Result<PromptTypeRows> prompt_type_rows(std::string body) {
    STENO_ASSIGN(auto rows, TypeRows::of(std::move(body)));
    const std::size_t count = rows->count(), left_out = rows->left_out();
    return PromptTypeRows{std::move(rows), count, left_out};
}

}  // namespace steno::cli
