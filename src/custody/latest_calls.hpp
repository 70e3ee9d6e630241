#pragma once

#include "base/error.hpp"
#include "base/time.hpp"
#include "base/uuid.hpp"
#include "store/call_store.hpp"

#include <compare>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// Which call of a kind of prompt is the latest: asked here, and nowhere else. It is an AI call, and the one
/// that began last; of several that began in the same moment the one with the greatest id. A call that does
/// not say when it began, or says that it will more than a day from now, is the latest only where all of its
/// kind are such.
namespace steno::custody {

/// A call's place in the order in which those of its kind are the latest.
struct LatestCall {
    static constexpr std::int64_t kUnknown = std::numeric_limits<std::int64_t>::min();
    std::int64_t began = kUnknown;  ///< unix nanoseconds
    Uuid id;

    static LatestCall of(const std::optional<Timestamp>& began, const Uuid& id, Timestamp now);
    friend auto operator<=>(const LatestCall&, const LatestCall&) = default;
};

/// One for each kind of prompt.
using LatestByType = std::map<std::string, LatestCall, std::less<>>;

/// Kinds that are asked for at once. With few kinds one question is enough; any number of them is asked for
/// with bounded memory.
inline constexpr std::size_t kTypesAtOnce = 300;

/// The kinds of these AI calls behind `after` in the order of their names, kTypesAtOnce at most; none: that
/// was all.
Result<std::vector<std::string>> types_behind(store::CallStore& store, const store::Selection& among,
                                              std::string_view after);

/// Of these kinds, kTypesAtOnce at most, the latest among these calls.
Result<LatestByType> latest_among(store::CallStore& store, const store::Selection& among,
                                  std::span<const std::string> types, Timestamp now);

/// At one moment, of all kinds of which the settings withhold a call's texts: whose texts are kept all the
/// same.
class LatestCalls {
  public:
    /// Of kinds beyond so many it knows none.
    static constexpr std::size_t kMostTypes = 100'000;
    static Result<LatestCalls> read(store::CallStore& store, Timestamp now);

    [[nodiscard]] bool has(const Uuid& id) const { return ids_.contains(id); }
    /// Another call of the kind is later than this one.
    [[nodiscard]] bool is_superseded(std::string_view type, const std::optional<Timestamp>& began,
                                     const Uuid& id) const;

  private:
    explicit LatestCalls(Timestamp now) : now_(now) {}

    Timestamp now_;
    LatestByType by_type_;
    std::set<Uuid> ids_;
};

}  // namespace steno::custody
