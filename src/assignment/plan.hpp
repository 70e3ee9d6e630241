#pragma once

#include "base/error.hpp"
#include "base/json_writer.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace steno::assignment {

/// What keeps its variant: all that it does in the experiment is done with the same one.
enum class UnitKind : std::uint8_t {
    User,     ///< who asks (user_id)
    Session,  ///< a conversation (session_id)
    Request,  ///< a piece of work of the program (request_id); of a call that is part of none, the call
              ///< itself
};
std::string_view to_string(UnitKind kind);  ///< "user", "session", "request"
std::optional<UnitKind> parse_unit_kind(std::string_view text);

inline constexpr std::size_t kLeastVariants = 2;
inline constexpr std::size_t kMostVariants = 20;
inline constexpr std::size_t kMaxName = 64;    ///< bytes
inline constexpr std::size_t kMaxUnit = 1000;  ///< bytes: more than any field of a call may have

struct WeightedVariant {
    std::string name;
    double weight = 1;  ///< against the others'
    /// Those that would get it get the control instead, and nobody else moves. When the weights are set anew,
    /// its own is 0. Never the control.
    bool stopped = false;
    bool operator==(const WeightedVariant&) const = default;
};

/// All that decides who gets what. Two experiments divide the same units independently of each other: their
/// ids are part of what is hashed.
struct Plan {
    std::string id;    ///< of the experiment, for ever
    std::string name;  ///< for people
    UnitKind unit = UnitKind::User;
    double share = 1;                       ///< of units that take part, above 0 and up to 1
    std::int64_t revision = 0;              ///< of the experiment, when the plan was made
    std::vector<WeightedVariant> variants;  ///< the first is the control
    bool operator==(const Plan&) const = default;
};

/// Of an experiment or a variant: small letters, digits and "._-", beginning with a letter or a digit.
bool is_name(std::string_view name) noexcept;
/// InvalidArgument says what to change.
Result<void> check(const Plan& plan);

/// An object.
void write(JsonWriter& json, const Plan& plan);
/// Of what `write` wrote, this or another version: members that are not known are passed over. What it gives
/// is checked.
Result<Plan> plan_from_json(std::string_view object);

}  // namespace steno::assignment
