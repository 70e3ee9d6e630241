#include "cli/up_to_now.hpp"

#include <chrono>

namespace steno::cli {

Result<void> up_to_now(ingest::DataFolder& data) {
    constexpr std::chrono::seconds kPatience{5};
    STENO_TRY(data.feeder().catch_up(kPatience));
    const ingest::FeederStats stats = data.feeder().stats();
    if (!stats.healthy) return fail(Code::Unavailable, "the store cannot be fed: " + stats.last_error);
    if (!stats.history_fed)
        return fail(Code::Unavailable, "the store does not have all that was recorded yet");
    return {};
}

}  // namespace steno::cli
