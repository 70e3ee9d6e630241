#pragma once

#include "base/json_writer.hpp"
#include "base/time.hpp"
#include "calendar/zone.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace steno::analysis {

/// A version, as its calls were.
struct VersionUse {
    std::string version;
    std::int64_t calls = 0;
    std::optional<Timestamp> first, last;
    std::map<std::string, std::int64_t> models, environments;  ///< calls of each; "": not said
    std::map<std::int64_t, std::int64_t> days;                 ///< by unix_nanos of their beginning
};

/// Sentences about what was not the same when two versions were used: other days, models or environments, or
/// too few calls to say. Days are shown as in the zone.
std::vector<std::string> differences_in_use(const VersionUse& a, const VersionUse& b,
                                            const calendar::Zone& zone);

/// The members of a version's use; models and environments where they are known.
void write_use(JsonWriter& json, const VersionUse& use);

}  // namespace steno::analysis
