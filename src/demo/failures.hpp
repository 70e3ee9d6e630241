#pragma once

#include "demo/models.hpp"
#include "record/call.hpp"

/// How calls fail: what each provider answers then.
namespace steno::demo {

/// The kind of a failure without an incident.
ErrorType draw_error(Draws& draws);
/// Fills error, status, provider.http_status of a call that was refused.
void refuse(Call& call, const Model& model, ErrorType type, Draws& draws);
/// The stream broke: what came until then stands in the record.
void cut(Call& call);

}  // namespace steno::demo
