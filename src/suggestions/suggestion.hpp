#pragma once

#include "base/decimal.hpp"
#include "base/error.hpp"
#include "base/json_writer.hpp"
#include "base/time.hpp"
#include "base/uuid.hpp"
#include "suggestions/task.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace steno::suggestions {

enum class Kind : std::uint8_t {
    CheaperModel,      ///< another model does the same work no worse, for less
    UncachedPrefix,    ///< many calls begin with the same text, which the provider would cache
    RepeatedRequest,   ///< a model was asked again what it had answered
    PaidFailure,       ///< calls that were paid for and brought no whole answer
    CutAnswer,         ///< answers that end because the token limit was reached
    HighLimit,         ///< a token limit far above what answers need
    Temperature,       ///< two temperatures that do equally well
    MissingVariables,  ///< prompts that are often sent without some of their variables
};
inline constexpr std::size_t kKinds = 8;
std::string_view to_string(Kind kind);  ///< "cheaper_model", …
/// InvalidArgument names them.
Result<Kind> parse_kind(std::string_view name);

/// How a saving is known.
enum class Basis : std::uint8_t {
    Spent,      ///< it was spent, on exactly the calls that would not be needed
    Computed,   ///< from each call's usage and the price table, under an assumption that `how` names
    Estimated,  ///< from averages of samples; has an interval
};
std::string_view to_string(Basis basis);  ///< "spent", "computed", "estimated"

/// Money that would not be spent.
struct Saving {
    std::string currency;
    Decimal amount;  ///< on the calls that were looked at
    /// The same for 30 days: amount * 30 days / the time looked at. Absent where that is less than a day.
    std::optional<Decimal> month;
    std::optional<Decimal> month_low, month_high;  ///< between which it is, by `how`
    Basis basis = Basis::Spent;
    std::string how;
};

enum class Confidence : std::uint8_t { Low, Medium, High };
std::string_view to_string(Confidence confidence);

/// One number of the evidence, by its name in the answer. Money as a decimal in the saving's currency.
using Fact = std::pair<std::string, std::variant<std::int64_t, double, Decimal, std::string>>;

struct Suggestion {
    Kind kind = Kind::CheaperModel;
    Task task;
    Model model;
    std::string sentence;
    std::vector<Fact> evidence;
    std::vector<Uuid> calls;  ///< some to look at
    Timestamp from, to;       ///< what was looked at
    std::optional<Saving> saving;
    Confidence confidence = Confidence::High;
    std::vector<std::string> caveats;  ///< why the confidence is not high, and what the record does not show
    std::string command;               ///< to see for oneself, or to do it
    std::int64_t affected = 0;         ///< calls
};
inline constexpr std::size_t kToldCalls = 3;

/// What was looked at for a kind, also where there is nothing to suggest.
struct Looked {
    Kind kind = Kind::CheaperModel;
    std::int64_t calls = 0;
    std::string words;
    bool truncated =
        false;  ///< there is more: of so many tasks and models, or suggestions, only the greatest
};

/// A stretch of time that was looked at.
struct Span {
    Timestamp from, to;

    /// What was spent in it, for 30 days at the same rate; absent for less than a day.
    [[nodiscard]] std::optional<Decimal> month_of(Decimal amount) const;
};

/// Money in a few places, for sentences: "$12.40", "$0.0031".
std::string about(Decimal amount, std::string_view currency);
/// "1,234".
std::string grouped(std::int64_t number);

void write(JsonWriter& json, const Suggestion& suggestion);

}  // namespace steno::suggestions
