#pragma once

#include "base/error.hpp"
#include "base/time.hpp"
#include "control/database.hpp"
#include "custody/heir.hpp"
#include "custody/latest_calls.hpp"
#include "record/call.hpp"

#include <cstddef>
#include <optional>
#include <string>

/// The latest call of a kind of prompt where retention removes it from the record: a row of the control
/// database.
namespace steno::prompt_types {

/// A row of prompt_type_latest.
struct Carried {
    std::optional<Timestamp> began;
    Uuid id;
    std::string retention;
    bool has_texts = false;
    std::string json;
};
/// Without `raw`. With its texts, where it has some: beyond 4 MB they are cut, or left out.
Carried carried(Call call, bool with_texts);

/// From the columns started_at, id on. DataLoss.
Result<custody::LatestCall> place_of(const control::Row& row, std::size_t from, Timestamp now);

/// Whether the rules of retention let such a call keep its texts.
bool keeps_texts(const custody::Heir::Terms& terms, const std::string& retention,
                 const custody::LatestCall& place);

}  // namespace steno::prompt_types
