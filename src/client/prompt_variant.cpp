#include "client/prompt_variant.hpp"

#include "base/random.hpp"
#include "base/time.hpp"
#include "base/uuid.hpp"
#include "client/context_node.hpp"
#include "client/prompt_data.hpp"

#include <utility>

namespace steno::client {

namespace {

using assignment::UnitKind;

std::string unit_in(const Context& context, UnitKind kind) {
    switch (kind) {
        case UnitKind::User:
            return context.user();
        case UnitKind::Session:
            return context.session();
        case UnitKind::Request:
            break;
    }
    std::string request = context.request();
    // Outside of any request each fetch is one.
    if (request.empty()) request = Uuid::at(system_clock().now().unix_nanos, system_random()).to_string();
    return request;
}

}  // namespace

Prompt variant_of(const Prompt& prompt, const std::optional<std::string>& unit, const Context& context) {
    if (!prompt.data() || !prompt.data()->experiment) return prompt;
    const auto& experiment = prompt.data()->experiment;
    const UnitKind kind = experiment->plan.unit;
    ExperimentPart part{experiment, {}, unit ? shortened(*unit) : unit_in(context, kind), {}};
    const FetchedPrompt* other = nullptr;
    if (part.unit.empty()) {
        part.left_out = "the program says no ";
        part.left_out.append(to_string(kind)).append(", by which the experiment divides");
    } else {
        part.assigned = experiment->assigner.assign(part.unit);
        if (!part.assigned) return prompt;
        other = experiment->prompts[part.assigned->variant].get();
    }
    auto data = std::make_shared<Prompt::Data>(*prompt.data());
    if (other != nullptr) data->fetched = experiment->prompts[part.assigned->variant];
    data->part = std::move(part);
    return Prompt(std::move(data));
}

}  // namespace steno::client
