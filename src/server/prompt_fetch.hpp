#pragma once

#include "base/error.hpp"
#include "base/json_writer.hpp"
#include "experiments/table.hpp"
#include "prompts/registry.hpp"

#include <string>
#include <string_view>

/// What whoever fetches a prompt gets, and what an experiment makes of it.
namespace steno::server {

/// The members of a version; with what it includes, where that is asked for. FailedPrecondition: that is not
/// there.
Result<void> write_fetched(JsonWriter& json, prompts::Registry& registry, const prompts::Version& version,
                           bool included);

/// Puts the unit's variant in the place of the version where its label stands. Gives `experiment` of the
/// answer, which calls carry then; "null": it takes no part.
///
/// An experiment never fails a fetch: while a variant, or what it includes, cannot be had, nobody gets it,
/// and the log says why. So with a plan.
std::string take_part(prompts::Registry& registry, const experiments::Running& running, std::string_view unit,
                      prompts::Version& version, bool included);

/// For who assigns units itself: `experiment`, the plan, null where none runs (`running` null), and beside a
/// plan `variants`, what each of them is, in its order.
void write_plan(JsonWriter& json, prompts::Registry& registry, const experiments::Running* running,
                const prompts::Version& otherwise, bool included);

}  // namespace steno::server
