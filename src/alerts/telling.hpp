#pragma once

#include "alerts/judgement.hpp"
#include "alerts/observation.hpp"
#include "alerts/rule.hpp"
#include "notify/message.hpp"

#include <string>
#include <vector>

namespace steno::alerts {

/// All that there is to say of one evaluation of one group.
struct Told {
    const Rule& rule;
    const Standing& standing;
    const Observation& observation;
    const calendar::Period& window;
    Level before = Level::NoData;
    Telling telling = Telling::Nothing;
    std::vector<std::string> samples;  ///< ids of calls
};

/// "failure_rate is 23.1 %, above 20 %"
std::string sentence(const Rule& rule, const Observation& observation, const Standing& standing);

/// Why a group without a level has none: "fewer than 20 calls in 15m", "learning what is usual: …".
std::string why_unknown(const Rule& rule, const Observation& observation);

/// For people and for programs; docs/alerts.md describes its data.
notify::Message message_of(const Told& told, Timestamp now);

/// More of one evaluation than these are told in one message.
inline constexpr std::size_t kMostMessages = 10;

/// Those messages as one: the worst for people, all for programs.
notify::Message digest_of(const Rule& rule, std::vector<notify::Message> messages, Timestamp now);

}  // namespace steno::alerts
