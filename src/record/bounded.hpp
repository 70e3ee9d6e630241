#pragma once

#include "base/text.hpp"
#include "record/call.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// Reading calls that strangers send.
namespace steno {

/// How many entries the lists and maps of a call may still have: an entry of one byte takes hundreds of them
/// in memory.
struct ItemBudget {
    std::size_t left = 0;
    bool exceeded = false;

    /// To be asked before an entry is made. False: there may be no more.
    bool take() {
        if (left > 0) {
            --left;
            return true;
        }
        exceeded = true;
        return false;
    }
};

/// As decode of record/binary.hpp, and takes the entries of lists and maps off the budget. ResourceExhausted
/// beyond it.
Result<void> decode(std::string_view bytes, Call& call, ItemBudget& items);

/// As call_from_json of record/json.hpp, and appends to `ignored` the paths of unknown keys, the first
/// kMostIgnored of them. ResourceExhausted beyond the budget of entries.
Result<Call> call_from_json(std::string_view text, std::vector<std::string>& ignored, ItemBudget& items);
inline constexpr std::size_t kMostIgnored = 16;

/// No call has more tokens, characters, … than this, costs more in any currency, or takes longer: who says so
/// is mistaken, and would drown what all others say.
inline constexpr std::int64_t kMostCounted = 1'000'000'000'000;
inline constexpr Duration kLongestCall{366LL * 86'400 * 1'000'000'000};

/// Bytes of an id, a label and most names of a call.
inline constexpr std::size_t kLongestId = 200;
/// What counts of a unit of an experiment, for whoever assigns it: of a longer one the beginning, to the
/// border of a character.
inline std::string_view counted_unit(std::string_view unit) {
    return utf8_prefix(unit, kLongestId);
}

/// The least probability with which a unit got its variant that is believed: the results of an experiment
/// weigh calls by one over it, and one that nobody can have meant would outweigh all others.
inline constexpr double kLeastProbability = 1e-9;

}  // namespace steno
