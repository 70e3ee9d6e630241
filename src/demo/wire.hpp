#pragma once

#include "demo/models.hpp"
#include "record/call.hpp"

#include <string>
#include <string_view>

/// What stands on the wire to a model, made from what the record says of the call.
namespace steno::demo {

/// The request's body in the model's own form, from request and model of the call.
std::string request_body(const Call& call, const Model& model);
/// The provider's own usage object.
std::string billed_usage(const Usage& usage, const Model& model);
/// Ids as the provider makes them.
std::string request_id(const Model& model, Draws& draws);
std::string response_id(const Model& model, Draws& draws);
std::string tool_call_id(const Model& model, Draws& draws);
std::string_view finish_reason(const Model& model, bool tools, bool length);
/// One of the tools that agents have.
std::string_view tool_name(Draws& draws);
/// The definitions of all of them, in the model's form.
std::string tool_definitions(const Model& model);

}  // namespace steno::demo
