#include "python/relayed.hpp"

#include "base/json_writer.hpp"
#include "base/text.hpp"
#include "client/context_node.hpp"
#include "client/draft.hpp"
#include "client/record_writer.hpp"
#include "client/request_totals.hpp"
#include "client/tracker.hpp"
#include "python/context.hpp"
#include "python/vocabulary.hpp"
#include "record/binary.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace steno::python {

namespace {

using Headers = std::vector<std::pair<std::string, std::string>>;

// A server takes 64 KB of head; the program's own come first.
constexpr std::size_t kLongestHeader = 8u << 10;
constexpr std::size_t kMostBytes = 24u << 10;

/// The call as it would be recorded if it ended now.
Call as_recorded(CallScope::Draft& draft) {
    CallScope::Draft::Parts parts;
    draft.end();
    draft.encode(parts);
    Call call;
    (void)decode(parts.header, call);
    if (!parts.request.empty()) (void)decode(parts.request, call);
    return call;
}

std::string json_of(const std::map<std::string, AttributeValue>& attributes) {
    std::string text;
    JsonWriter json(text);
    json.begin_object();
    for (const auto& [name, value] : attributes) {
        json.key(name);
        if (const auto* const words = std::get_if<std::string>(&value)) {
            json.string(*words);
        } else if (const auto* const number = std::get_if<double>(&value)) {
            json.number(*number);
        } else {
            json.boolean(std::get<bool>(value));
        }
    }
    json.end_object();
    return text;
}

/// By what the program has chosen the prompt, or why by nothing: the gateway is not to choose again.
std::string json_of(const Experiment& experiment) {
    std::string text;
    JsonWriter json(text);
    json.begin_object();
    json.member("id", experiment.id);
    if (!experiment.left_out.empty()) json.member("left_out", experiment.left_out);
    if (!experiment.variant.empty()) json.member("variant", experiment.variant);
    if (!experiment.unit.empty()) json.member("unit", experiment.unit);
    if (experiment.probability) json.member("probability", *experiment.probability);
    if (experiment.revision) json.member("revision", *experiment.revision);
    json.end_object();
    return text;
}

/// The inverse of the gateway's reading (sources/gateway/context_headers.cpp). What a header cannot hold is
/// left out.
Headers headers_of(CallScope::Draft draft, bool is_ai_call) {
    const bool keeps_texts = draft.keeps_texts();
    const Call call = as_recorded(draft);
    Headers headers;
    std::size_t bytes = 0;
    const auto add = [&](const char* name, std::string_view value) {
        value =
            trim(value);  // RFC 9110, section 5.5: blanks around it are none of it, and clients refuse them
        const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
        if (value.empty() || value.size() > kLongestHeader || bytes + value.size() > kMostBytes ||
            std::ranges::any_of(value, is_control) || !is_valid_utf8(value))
            return;
        bytes += value.size();
        headers.emplace_back(name, value);
    };
    add("x-steno-session", call.trace.session_id);
    add("x-steno-request", call.trace.request_id);
    add("x-steno-parent", call.trace.parent_id);
    add("x-steno-trace", call.trace.trace_id);
    add("x-steno-agent", call.trace.agent);
    add("x-steno-function", call.trace.function);
    add("x-steno-operation", call.trace.operation);
    add("x-steno-user", call.who.user_id);
    add("x-steno-project", call.project);
    add("x-steno-environment", call.environment);
    add("x-steno-prompt-type", call.prompt.type);
    add("x-steno-prompt-name", call.prompt.name);
    add("x-steno-prompt-version", call.prompt.version);
    if (!call.prompt.experiment.id.empty()) add("x-steno-experiment", json_of(call.prompt.experiment));
    if (is_ai_call) {
        add("x-steno-name", call.name);
        if (call.kind != Kind::Chat) add("x-steno-kind", to_string(call.kind));
    }
    if (!keeps_texts) add("x-steno-store-full-data", "false");
    const auto add_words = [&](const char* name, const std::vector<std::string>& given,
                               bool even_none = false) {
        if (given.empty() && !even_none) return;
        std::string words;
        JsonWriter json(words);
        json.begin_array();
        for (const std::string& text : given) json.string(text);
        json.end_array();
        add(name, words);
    };
    add_words("x-steno-outer-agents", call.trace.outer_agents);
    add_words("x-steno-outer-functions", call.trace.outer_functions);
    add_words("x-steno-tags", call.labels.tags);
    add_words("x-steno-missing-variables", call.prompt.missing_variables,
              call.prompt.all_variables_present.has_value());
    if (!call.labels.attributes.empty()) add("x-steno-attributes", json_of(call.labels.attributes));
    if (call.labels.metadata.text.starts_with('{')) add("x-steno-metadata", call.labels.metadata.text);
    if (call.prompt.variables.text.starts_with('{')) add("x-steno-variables", call.prompt.variables.text);
    return headers;
}

/// The tracked AI call that a request made here may be; nothing if there is none.
Ref call_of(const Context& context) {
    Ref call = innermost_call();
    if (call && !may_take(*reinterpret_cast<CallObject*>(call.get()), context)) return {};
    return call;
}

/// Is the call that a request made here would be one whose level is off?
bool is_off(const Context& context) {
    const Ref call = innermost_call();
    return call && reinterpret_cast<const CallObject*>(call.get())->is_off &&
           context.request() == reinterpret_cast<const CallObject*>(call.get())->context.request();
}

/// What is known of a call that is not recorded here: whose it is, and that its texts are not to be kept.
Headers headers_of_unrecorded(const Context& context) {
    CallScope::Draft draft;
    draft.set_level(LogLevel::Off);
    draft.context = context;
    if (const client::Tracker* const tracker = client::Tracker::current())
        draft.header = tracker->common_fields();
    if (context.node()) draft.header += context.node()->header;
    return headers_of(std::move(draft), false);
}

PyObject* relay_headers(PyObject*, PyObject*) {
    Headers headers;
    guarded([&] {
        const Context context = current_context();
        if (const Ref found = call_of(context)) {
            const auto* const call = reinterpret_cast<const CallObject*>(found.get());
            CallScope::Draft draft = *call->scope.draft();
            if (current_object().get() != found.get()) take_context(draft, *call, context);
            headers = headers_of(std::move(draft), true);
            return;
        }
        if (is_off(context)) {
            headers = headers_of_unrecorded(context);
            return;
        }
        CallScope unsaid(CallKind::Chat, {}, context);
        if (const CallScope::Draft* const draft = unsaid.draft()) {
            headers = headers_of(*draft, false);
        } else {
            headers = headers_of_unrecorded(context);
        }
        unsaid.level(LogLevel::Off);
    });
    Ref list(PyList_New(0));
    for (const auto& [name, value] : headers) {
        const Ref pair(
            Py_BuildValue("(ss#)", name.c_str(), value.data(), static_cast<Py_ssize_t>(value.size())));
        if (!list || !pair || PyList_Append(list.get(), pair.get()) != 0) return nullptr;
    }
    return list.release();
}

PyObject* relayed(PyObject*, PyObject* status_given) {
    const std::int64_t status = integer_of(status_given).value_or(0);
    if (status > 0) client::note_relayed(current_context());
    if (const Ref found = call_of(current_context())) {
        Relay& relay = reinterpret_cast<CallObject*>(found.get())->relay;
        if (status > 0) {
            relay = status < 400 ? Relay::Answered : Relay::Refused;
        } else if (status == 0) {
            relay = Relay::Unanswered;
        } else if (relay ==
                   Relay::Answered) {  // else another call asked, whose answer is read within this one
            relay = Relay::Refused;
        }
    }
    Py_RETURN_NONE;
}

PyObject* server(PyObject*, PyObject*) {
    const client::Tracker* const tracker = client::Tracker::current();
    return PyUnicode_FromString(tracker != nullptr ? tracker->server().c_str()
                                                   : client::Tracker::server_while_off());
}

PyMethodDef functions[] = {
    {"relay_headers", relay_headers, METH_NOARGS, nullptr},
    {"relayed", relayed, METH_O, nullptr},
    {"server", server, METH_NOARGS, nullptr},
    {nullptr, nullptr, 0, nullptr},
};

}  // namespace

void settle_relayed(CallObject* call) noexcept {
    if (call->relay == Relay::None || !call->scope.recorded()) return;
    // What failed besides the request, or has no answer, is to be found with its error.
    const bool is_told =
        call->relay == Relay::Refused || (call->relay == Relay::Answered && !call->scope.draft()->failed);
    if (is_told && !call->has_children && !call->has_calls && call->exchange == nullptr) {
        call->scope.level(LogLevel::Off);
        return;
    }
    guarded([&] {
        client::RecordWriter(call->scope.draft()->header)
            .name(client::number<steno::Call, "kind">(), static_cast<std::uint64_t>(Kind::Function));
    });
}

bool add_relayed(PyObject* module) {
    return PyModule_AddFunctions(module, functions) == 0;
}

}  // namespace steno::python
