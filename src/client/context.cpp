#include "base/json_writer.hpp"
#include "base/random.hpp"
#include "base/text.hpp"
#include "base/uuid.hpp"
#include "client/context_node.hpp"
#include "client/prompt_data.hpp"
#include "client/record_writer.hpp"
#include "client/request_totals.hpp"
#include "record/call.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <exception>
#include <utility>

namespace steno {

namespace {

using client::number;
using client::RecordWriter;

// Flags of W3C trace context; others are to be zero in what is sent on.
constexpr std::uint8_t kSampled = 1;
constexpr std::uint8_t kKnownFlags = 3;  ///< and that the trace's id is random (level 2)

bool is_hex(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

/// A copy of the context's node that `change` has changed; the context itself if there is no memory for it.
template <class Change>
Context changed(const Context& context, Change&& change) noexcept {
    try {
        auto node = context.node() ? std::make_shared<Context::Node>(*context.node())
                                   : std::make_shared<Context::Node>();
        change(*node);
        node->encode();
        return Context(std::move(node));
    } catch (...) {
        return context;
    }
}

template <class Read>
std::string read(const Context& context, Read&& what) noexcept {
    try {
        return context.node() ? what(*context.node()) : std::string();
    } catch (...) {
        return {};
    }
}

std::string texts(const std::vector<std::string>& list) {
    std::string items;
    ByteWriter out(items);
    for (const std::string& text : list) out.text(text);
    return items;
}

/// Of prompt.experiment.
std::string fields_of(const ExperimentPart& part) {
    std::string fields;
    RecordWriter out(fields);
    out.text(number<Experiment, "id">(), part.experiment->plan.id);
    if (part.assigned) {
        out.text(number<Experiment, "variant">(), part.variant());
        out.text(number<Experiment, "unit">(), part.unit);
        out.real(number<Experiment, "probability">(), part.assigned->probability);
        out.integer(number<Experiment, "revision">(), part.experiment->plan.revision);
    }
    out.text(number<Experiment, "left_out">(), part.left_out);
    return fields;
}

/// `name` is the innermost from now on; what was so is around it. Without a name there is none, nor around.
void enter(std::string& innermost, std::vector<std::string>& outer, std::string_view name) {
    std::string entered = client::shortened(name);
    if (entered.empty()) {
        outer.clear();
    } else if (entered != innermost) {
        if (!innermost.empty()) {
            if (outer.size() == client::kMostOuter) outer.pop_back();
            outer.push_back(innermost);
        }
        std::erase(outer, entered);  // an agent that calls itself by way of another
    }
    innermost = std::move(entered);
}

}  // namespace

void Context::Node::encode() {
    header.clear();
    labels.clear();
    request.clear();
    RecordWriter out(header);
    out.text(number<Call, "project">(), project);
    out.text(number<Call, "environment">(), environment);
    out.group(number<Call, "trace">(), [&](RecordWriter& trace) {
        trace.text(number<Trace, "session_id">(), session_id);
        trace.text(number<Trace, "request_id">(), request_id);
        trace.text(number<Trace, "parent_id">(), parent_id.empty() ? caller_span : parent_id);
        trace.text(number<Trace, "trace_id">(), trace_id);
        trace.text(number<Trace, "agent">(), agent);
        trace.text(number<Trace, "function">(), function);
        trace.text(number<Trace, "operation">(), operation);
        trace.items(number<Trace, "outer_agents">(), texts(outer_agents));
        trace.items(number<Trace, "outer_functions">(), texts(outer_functions));
    });
    out.group(number<Call, "who">(), [&](RecordWriter& who) { who.text(number<Who, "user_id">(), user_id); });
    out.group(number<Call, "prompt">(), [&](RecordWriter& prompt) {
        prompt.text(number<PromptFacts, "type">(), prompt_type);
        prompt.text(number<PromptFacts, "name">(), prompt_name);
        prompt.text(number<PromptFacts, "version">(), prompt_version);
        prompt.items(number<PromptFacts, "missing_variables">(), texts(missing_variables));
        if (variables_checked)
            prompt.boolean(number<PromptFacts, "all_variables_present">(), missing_variables.empty());
        prompt.group(number<PromptFacts, "experiment">(),
                     [&](RecordWriter& fields) { fields.raw(experiment); });
    });
    RecordWriter(request).group(number<Call, "prompt">(), [&](RecordWriter& prompt) {
        prompt.text(number<PromptFacts, "variables">(), variables);
    });
    client::write_labels(labels, tags, attributes);
}

Context Context::with_session(std::string_view id) const noexcept {
    return changed(*this, [&](Node& node) { node.session_id = client::shortened(id); });
}

Context Context::with_request(std::string_view id) const noexcept {
    return changed(*this, [&](Node& node) {
        const Uuid made = Uuid::at(system_clock().now().unix_nanos, system_random());
        node.request_id = id.empty() ? made.to_string() : client::shortened(id);
        node.parent_id.clear();
        if (node.caller_span.empty()) {  // else it goes on with the trace that came in
            node.trace_id = to_hex({reinterpret_cast<const char*>(made.bytes.data()), made.bytes.size()});
            node.trace_flags = kSampled;
        }
        node.sequence = std::make_shared<std::atomic<std::int64_t>>(0);
        node.totals = client::summaries_wanted() ? std::make_shared<client::RequestTotals>() : nullptr;
    });
}

Context Context::with_user(std::string_view id) const noexcept {
    return changed(*this, [&](Node& node) { node.user_id = client::shortened(id); });
}

Context Context::with_agent(std::string_view name) const noexcept {
    return changed(*this, [&](Node& node) { enter(node.agent, node.outer_agents, name); });
}

Context Context::with_function(std::string_view name, std::string_view operation) const noexcept {
    return changed(*this, [&](Node& node) {
        enter(node.function, node.outer_functions, name);
        node.operation = client::shortened(operation);
    });
}

Context Context::with_project(std::string_view name) const noexcept {
    return changed(*this, [&](Node& node) { node.project = client::shortened(name); });
}

Context Context::with_environment(std::string_view name) const noexcept {
    return changed(*this, [&](Node& node) { node.environment = client::shortened(name); });
}

Context Context::with_tag(std::string_view tag) const noexcept {
    return changed(*this, [&](Node& node) {
        std::string kept = client::shortened(tag);
        if (node.tags.size() < client::kMostLabels && std::ranges::find(node.tags, kept) == node.tags.end())
            node.tags.push_back(std::move(kept));
    });
}

Context Context::with_attribute(std::string_view name, Attribute value) const noexcept {
    return changed(*this,
                   [&](Node& node) { client::add_attribute(node.attributes, name, std::move(value)); });
}

Context Context::with_prompt(const Prompt& prompt) const noexcept {
    return changed(*this, [&](Node& node) {
        node.prompt_type = client::shortened(prompt.type);
        node.prompt_name = client::shortened(prompt.name);
        node.prompt_version = client::shortened(prompt.version);
        node.experiment.clear();
        node.variables.clear();
        if (!prompt.variables.empty()) {
            JsonWriter json(node.variables);
            json.begin_object();
            for (const auto& [name, value] : prompt.variables) json.member(name, std::string_view(value));
            json.end_object();
        }
        node.variables_checked = !prompt.text.empty();
        node.missing_variables.clear();
        for (std::string& name : client::placeholders(prompt.text)) {
            if (prompt.variables.contains(name)) continue;
            if (node.missing_variables.size() == client::kMostNames) break;
            name.resize(utf8_prefix(name, kLongestId).size());
            node.missing_variables.push_back(std::move(name));
        }
    });
}

Context Context::with_prompt(const RenderedPrompt& prompt) const noexcept {
    return changed(*this, [&](Node& node) {
        if (!prompt) {  // whatever is asked now, it is not the prompt around it
            node.prompt_name.clear();
            node.prompt_version.clear();
            node.experiment.clear();
            node.variables.clear();
            node.variables_checked = false;
            node.missing_variables.clear();
            return;
        }
        const RenderedPrompt::Data& rendered = *prompt.data();
        node.prompt_name = client::shortened(rendered.name);
        node.prompt_version = client::shortened(rendered.version);
        node.experiment = rendered.part ? fields_of(*rendered.part) : std::string();
        node.variables = rendered.variables;
        node.variables_checked = true;
        node.missing_variables.clear();
        for (const std::string& name : rendered.missing) {
            if (node.missing_variables.size() == client::kMostNames) break;
            node.missing_variables.push_back(client::shortened(name));
        }
    });
}

Context Context::with_traceparent(std::string_view header) const noexcept {
    constexpr std::size_t kLength = 55;  // 2 + 1 + 32 + 1 + 16 + 1 + 2
    const bool longer = header.size() > kLength && header[kLength] == '-' && !header.starts_with("00");
    if ((header.size() != kLength && !longer) || header.starts_with("ff")) return *this;
    const std::string_view trace = header.substr(3, 32);
    const std::string_view span = header.substr(36, 16);
    const bool dashes = header[2] == '-' && header[35] == '-' && header[52] == '-';
    if (!dashes || !is_hex(header.substr(0, 2)) || !is_hex(trace) || !is_hex(span) ||
        !is_hex(header.substr(53, 2)) || trace.find_first_not_of('0') == std::string_view::npos ||
        span.find_first_not_of('0') == std::string_view::npos)
        return *this;
    return changed(*this, [&](Node& node) {
        node.trace_id = trace;
        node.caller_span = span;
        const char digit = header[54];
        node.trace_flags =
            static_cast<std::uint8_t>(digit <= '9' ? digit - '0' : digit - 'a' + 10) & kKnownFlags;
    });
}

std::string Context::traceparent() const noexcept {
    return read(*this, [](const Node& node) {
        if (node.trace_id.empty()) return std::string();
        std::string header = "00-" + node.trace_id + "-";
        if (const auto around = Uuid::parse(node.parent_id)) {
            const auto span = client::span_id(*around);
            header.append(span.data(), span.size());
        } else if (!node.caller_span.empty()) {
            header += node.caller_span;
        } else {
            header += std::string_view(node.trace_id).substr(16);  // the request's own, which is no call
        }
        return (header += "-0") += static_cast<char>('0' + node.trace_flags);
    });
}

std::string Context::session() const noexcept {
    return read(*this, [](const Node& node) { return node.session_id; });
}
std::string Context::request() const noexcept {
    return read(*this, [](const Node& node) { return node.request_id; });
}
std::string Context::user() const noexcept {
    return read(*this, [](const Node& node) { return node.user_id; });
}
std::string Context::agent() const noexcept {
    return read(*this, [](const Node& node) { return node.agent; });
}

/// One that is open, on the stack of the thread that opened it. It may be closed by any thread.
struct ContextScope::Entry {
    Context context;
    std::atomic<bool> open{true};
};

namespace {

/// Trivially destructible access for threads that are ending: then there is no current context.
thread_local bool stack_gone = false;
struct Stack {
    std::vector<std::shared_ptr<void>> entries;
    ~Stack() { stack_gone = true; }
};
Stack& stack() {
    thread_local Stack mine;
    return mine;
}

}  // namespace

ContextScope::ContextScope(Context context) noexcept {
    if (stack_gone) return;
    try {
        auto entry = std::make_shared<Entry>();
        entry->context = std::move(context);
        stack().entries.push_back(entry);
        entry_ = std::move(entry);
    } catch (...) {
        entry_ = nullptr;
    }
}

ContextScope::~ContextScope() {
    if (entry_) entry_->open.store(false, std::memory_order_relaxed);
    if (stack_gone) return;
    // Those that were closed out of their order, or by another thread, go when they come to the top.
    auto& entries = stack().entries;
    while (!entries.empty() &&
           !std::static_pointer_cast<Entry>(entries.back())->open.load(std::memory_order_relaxed))
        entries.pop_back();
}

Context Context::current() noexcept {
    if (stack_gone) return {};
    auto& entries = stack().entries;
    while (!entries.empty()) {
        const auto* const entry = static_cast<const ContextScope::Entry*>(entries.back().get());
        if (entry->open.load(std::memory_order_relaxed)) return entry->context;
        entries.pop_back();
    }
    return {};
}

namespace client {

std::string shortened(std::string_view name) {
    return std::string(utf8_prefix(name, kLongestId));
}

void add_attribute(std::map<std::string, Attribute>& attributes, std::string_view name, Attribute value) {
    if (const auto* const number = std::get_if<double>(&value); number != nullptr && !std::isfinite(*number))
        return;
    if (auto* const text = std::get_if<std::string>(&value))
        text->resize(utf8_prefix(*text, kLongestAttribute).size());
    std::string key = shortened(name);
    if (attributes.size() < kMostLabels || attributes.contains(key))
        attributes.insert_or_assign(std::move(key), std::move(value));
}

Context below(const Context& context, std::string_view parent_id) noexcept {
    return changed(context, [&](Context::Node& node) { node.parent_id = parent_id; });
}

std::array<char, 16> span_id(const Uuid& call) noexcept {
    constexpr char kDigits[] = "0123456789abcdef";
    std::array<char, 16> digits{};
    for (std::size_t i = 0; i < 8; ++i) {
        const std::uint8_t byte = call.bytes[8 + i];
        digits[2 * i] = kDigits[byte >> 4];
        digits[2 * i + 1] = kDigits[byte & 0xf];
    }
    return digits;
}

void write_labels(std::string& out, const std::vector<std::string>& tags,
                  const std::map<std::string, Attribute>& attributes) {
    RecordWriter(out).group(number<Call, "labels">(), [&](RecordWriter& labels) {
        labels.items(number<Labels, "tags">(), texts(tags));
        std::string items;
        ByteWriter item(items);
        for (const auto& [name, value] : attributes) {
            item.text(name);
            item.varint(value.index());
            if (const auto* const text = std::get_if<std::string>(&value)) {
                item.text(*text);
            } else if (const auto* const number = std::get_if<double>(&value)) {
                item.fixed(std::bit_cast<std::uint64_t>(*number));
            } else {
                item.varint(std::get<bool>(value) ? 1 : 0);
            }
        }
        labels.items(number<Labels, "attributes">(), items);
    });
}

std::vector<std::string> placeholders(std::string_view text) {
    const auto begins = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
    const auto goes_on = [&](char c) { return begins(c) || (c >= '0' && c <= '9') || c == '.' || c == '-'; };
    std::vector<std::string> found;
    constexpr std::size_t kMost = 1000;  // beyond it this is no template, and would take its time
    for (std::size_t at = text.find('{'); at != std::string_view::npos && found.size() < kMost;
         at = text.find('{', at + 1)) {
        std::size_t begin = at + 1;
        while (begin < text.size() && text[begin] == ' ') ++begin;  // "{{ name }}"
        std::size_t end = begin;
        while (end < text.size() && goes_on(text[end])) ++end;
        if (end == begin || !begins(text[begin])) continue;
        const std::string name(text.substr(begin, end - begin));
        while (end < text.size() && text[end] == ' ') ++end;
        if (end == text.size() || text[end] != '}') continue;
        if (std::ranges::find(found, name) == found.end()) found.push_back(name);
    }
    return found;
}

}  // namespace client
}  // namespace steno
