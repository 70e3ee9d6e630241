#pragma once

#include "base/decimal.hpp"
#include "base/error.hpp"
#include "base/time.hpp"
#include "calendar/zone.hpp"
#include "record/call.hpp"
#include "store/query.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What people allow themselves to spend on AI calls, and how much of it is left.
namespace steno::budgets {

/// Whose AI calls count. Empty: everybody's; several together: the calls that fit all of them.
struct Scope {
    std::string project;
    std::string user;           ///< who.user_id
    std::string api_key;        ///< who.api_key_id: the provider's key that was used, as the record names it
    std::string agent;          ///< trace.agent: in whose name the call was made
    std::string agent_subtree;  ///< that agent, or one of those around it
    std::string prompt_type;
    std::string model;  ///< model.requested: as it was asked for

    [[nodiscard]] bool holds(const Call& call) const;
    friend bool operator==(const Scope&, const Scope&) = default;
};

/// A part of a scope: its name in API and command line, where it stands in Scope, and the record's field.
struct ScopePart {
    std::string_view name;
    std::string Scope::* member;
    std::string_view field;
};
inline constexpr ScopePart kScopeParts[] = {
    {"project", &Scope::project, "project"},
    {"user", &Scope::user, "who.user_id"},
    {"api_key", &Scope::api_key, "who.api_key_id"},
    {"agent", &Scope::agent, "trace.agent"},
    {"agent_subtree", &Scope::agent_subtree, "trace.agent_subtree"},
    {"prompt_type", &Scope::prompt_type, "prompt.type"},
    {"model", &Scope::model, "model.requested"},
};

enum class Per : std::uint8_t { Day, Week, Month };
std::string_view to_string(Per per) noexcept;
std::optional<Per> parse_per(std::string_view name) noexcept;

/// What the gateway answers to calls that a hard budget does not let pass.
enum class Refusing : std::uint16_t {
    PaymentRequired = 402,  ///< client libraries do not try again
    TooManyRequests = 429,  ///< they do, after Retry-After: at the period's end
};

struct Budget {
    std::string name;  ///< of letters, digits and "._-"; unique
    Scope scope;
    Per per = Per::Month;
    calendar::Zone zone;                    ///< whose days, weeks (from Monday on) and months
    Decimal limit;                          ///< for each period
    std::string currency = "USD";           ///< ISO 4217; costs in others are counted apart
    std::vector<int> soft = {50, 80, 100};  ///< percentages to speak up at, ascending
    bool hard = false;                      ///< the gateway refuses what goes beyond
    Refusing answer = Refusing::PaymentRequired;
    Timestamp changed_at;  ///< when somebody last set it
};

inline constexpr std::size_t kMaxBudgets = 1000;
inline constexpr std::size_t kMaxName = 100;       ///< bytes
inline constexpr std::size_t kMaxScopeText = 500;  ///< bytes
inline constexpr std::size_t kMaxSoft = 10;
inline constexpr int kMaxPercent = 1000;

/// InvalidArgument says what is wrong with it and what it takes.
Result<void> check(const Budget& budget);
/// "50, 80": sorted, each once. InvalidArgument.
Result<std::vector<int>> parse_soft(std::string_view text);

/// A period: [begin, end), nanoseconds since 1970.
struct Span {
    std::int64_t begin = 0;
    std::int64_t end = 0;
    [[nodiscard]] bool holds(std::int64_t moment) const { return moment >= begin && moment < end; }
    friend bool operator==(const Span&, const Span&) = default;
};
/// The day, week or month that the moment is in, by the budget's zone: 23 or 25 hours where clocks change.
Span period_at(const Budget& budget, std::int64_t unix_nanos);

/// The calls that count in a span: AI calls that began in it.
store::Selection selection_of(const Budget& budget, const Span& span);

}  // namespace steno::budgets
