#include "analysis/request_trace.hpp"

#include "analysis/call_tree.hpp"
#include "analysis/json_rows.hpp"
#include "analysis/same_request.hpp"
#include "base/hash.hpp"

#include <algorithm>

namespace steno::analysis {

namespace {

struct Span {
    std::int64_t begin = 0;
    std::int64_t end = 0;
};

/// Absent: the record does not tell when the call ran.
std::optional<Span> span_of(const Call& call) {
    if (!call.started_at) return std::nullopt;
    const std::int64_t begin = call.started_at->unix_nanos;
    std::int64_t end = begin;
    if (call.ended_at)
        end = call.ended_at->unix_nanos;
    else if (call.time.duration)
        end = begin + call.time.duration->nanos;
    return Span{begin, std::max(begin, end)};
}

/// Walks back from the end: what ended last is what was waited for.
class CriticalPath {
  public:
    CriticalPath(std::span<const Call> calls, const CallTree& tree) : tree_(tree) {
        for (const Call& call : calls) spans_.push_back(span_of(call));
    }

    /// Steps from the last to the first.
    std::vector<RequestTrace::Step> walk(Span whole) {
        std::vector<Frame> stack;
        stack.push_back(frame(std::nullopt, whole, tree_.roots));
        while (!stack.empty()) {
            Frame& top = stack.back();
            while (top.next < top.children.size() && !waited_for(top, top.children[top.next])) ++top.next;
            if (top.next == top.children.size()) {
                step(top.call, top.within.begin, top.cursor);
                stack.pop_back();
                continue;
            }
            const std::size_t child = top.children[top.next++];
            Span within = *spans_[child];
            within.begin = std::max(within.begin, top.within.begin);
            within.end = std::min(within.end, top.cursor);
            step(top.call, within.end, top.cursor);
            top.cursor = within.begin;
            stack.push_back(frame(child, within, tree_.children[child]));
        }
        return std::move(steps_);
    }

  private:
    struct Frame {
        std::optional<std::size_t> call;
        Span within;
        std::int64_t cursor = 0;            ///< all behind it is told
        std::vector<std::size_t> children;  ///< the last to end first
        std::size_t next = 0;
    };

    Frame frame(std::optional<std::size_t> call, Span within, const std::vector<std::size_t>& children) {
        Frame made{call, within, within.end, {}, 0};
        for (const std::size_t child : children)
            if (spans_[child]) made.children.push_back(child);
        std::ranges::sort(made.children, [&](std::size_t a, std::size_t b) {
            return spans_[a]->end != spans_[b]->end ? spans_[a]->end > spans_[b]->end : a > b;
        });
        return made;
    }
    bool waited_for(const Frame& frame, std::size_t child) const {
        return spans_[child]->begin < frame.cursor && spans_[child]->end > frame.within.begin;
    }
    void step(std::optional<std::size_t> call, std::int64_t from, std::int64_t to) {
        if (to > from) steps_.push_back({call, Timestamp{from, 0}, Duration{to - from}});
    }

    const CallTree& tree_;
    std::vector<std::optional<Span>> spans_;
    std::vector<RequestTrace::Step> steps_;
};

/// The tree as it was in time. A function that a model asked for is the child of the model's call, and begins
/// when that has ended: it is part of the next one above that ran on.
CallTree in_time(const CallTree& tree, std::span<const Call> calls) {
    CallTree lifted;
    lifted.parent = tree.parent;
    lifted.children.resize(calls.size());
    for (std::size_t i = 0; i < calls.size(); ++i) {
        std::optional<std::size_t> parent = tree.parent[i];
        if (const auto ran = span_of(calls[i])) {
            while (parent) {
                const auto around = span_of(calls[*parent]);
                if (!around || around->end > ran->begin) break;
                parent = tree.parent[*parent];
            }
        }
        lifted.parent[i] = parent;
        (parent ? lifted.children[*parent] : lifted.roots).push_back(i);
    }
    return lifted;
}

/// The call's time in which none of its children ran.
Duration own_time(const Span& span, const std::vector<std::size_t>& children, std::span<const Call> calls) {
    std::vector<Span> inner;
    for (const std::size_t child : children)
        if (const auto ran = span_of(calls[child]))
            if (ran->end > span.begin && ran->begin < span.end)
                inner.push_back({std::max(ran->begin, span.begin), std::min(ran->end, span.end)});
    std::ranges::sort(inner, {}, &Span::begin);
    std::int64_t own = span.end - span.begin, covered = span.begin;
    for (const Span& part : inner) {
        if (part.end <= covered) continue;
        own -= part.end - std::max(part.begin, covered);
        covered = part.end;
    }
    return {own};
}

/// The texts that a call brought which are long enough to be found again.
std::vector<std::string> brought_by(const Call& call) {
    constexpr std::size_t kTelling = 8;
    std::vector<std::string> texts;
    const auto add = [&](const std::string& text) {
        if (text.size() >= kTelling) texts.push_back(text.substr(0, 256));
    };
    for (const Message& message : call.response.messages)
        for (const Part& part : message.parts) {
            add(part.text);
            add(part.id);
        }
    for (const ToolCall& tool : call.response.tool_calls) add(tool.id);
    add(call.response.output.text);
    return texts;
}

bool holds_any(const Call& later, const std::vector<std::string>& texts) {
    const auto in = [&](const std::string& text) {
        return std::ranges::any_of(
            texts, [&](const std::string& part) { return text.find(part) != std::string::npos; });
    };
    if (in(later.request.system) || in(later.request.input.text)) return true;
    for (const Message& message : later.request.messages)
        for (const Part& part : message.parts)
            if (in(part.text) || in(part.id) || in(part.value.text)) return true;
    return false;
}

bool can_be_told(const Call& call) {
    return reaches_a_model(call.kind) || call.kind == Kind::Function;
}

void add_repeats(RequestTrace& trace, std::span<const Call> calls) {
    std::map<std::string, std::vector<std::size_t>> asked;
    for (std::size_t i = 0; i < calls.size(); ++i) {
        if (!can_be_told(calls[i])) continue;
        const std::optional<Sha256> digest = request_digest(calls[i]);
        if (!digest) {
            ++trace.without_payload;
            continue;
        }
        // Functions may be asked again on purpose: what they do is not only what they answer.
        if (reaches_a_model(calls[i].kind)) asked[std::string(as_text(*digest))].push_back(i);
    }
    for (auto& [digest, places] : asked) {
        if (places.size() < 2) continue;
        std::ranges::sort(places, {},
                          [&](std::size_t i) { return calls[i].started_at.value_or(Timestamp{}); });
        RequestTrace::Repeat repeat{places, {}, {}};
        for (std::size_t i = 1; i < places.size(); ++i) {
            const Call& again = calls[places[i]];
            repeat.took.nanos += again.time.duration.value_or(Duration{}).nanos;
            if (again.cost.total) repeat.cost[again.cost.currency] += *again.cost.total;
        }
        trace.repeats.push_back(std::move(repeat));
    }
    std::ranges::sort(trace.repeats, [](const auto& a, const auto& b) {
        return a.took != b.took ? a.took > b.took : a.calls < b.calls;
    });
}

void add_side_by_side(RequestTrace& trace, std::span<const Call> calls, std::vector<std::size_t> siblings) {
    std::erase_if(siblings, [&](std::size_t i) { return !can_be_told(calls[i]) || !span_of(calls[i]); });
    std::ranges::sort(siblings, {}, [&](std::size_t i) { return std::pair(*calls[i].started_at, i); });
    for (std::size_t i = 1; i < siblings.size(); ++i) {
        const Call &first = calls[siblings[i - 1]], &second = calls[siblings[i]];
        if (reaches_a_model(first.kind) != reaches_a_model(second.kind)) continue;
        const Span a = *span_of(first), b = *span_of(second);
        const std::vector<std::string> brought = brought_by(first);
        if (a.end > b.begin || brought.empty() || !request_digest(second) || holds_any(second, brought))
            continue;
        trace.side_by_side.push_back(
            {siblings[i - 1], siblings[i], {std::min(a.end - a.begin, b.end - b.begin)}});
    }
}

}  // namespace

RequestTrace trace_of(std::span<const Call> calls) {
    RequestTrace trace;
    const CallTree tree = tree_of(calls), ran_in = in_time(tree, calls);
    std::optional<Span> whole;
    for (const Call& call : calls)
        if (const auto ran = span_of(call))
            whole = whole ? Span{std::min(whole->begin, ran->begin), std::max(whole->end, ran->end)} : *ran;
    std::map<std::size_t, Duration> shares;
    if (whole) {
        trace.whole = Duration{whole->end - whole->begin};
        trace.critical_path = CriticalPath(calls, ran_in).walk(*whole);
        std::ranges::reverse(trace.critical_path);
        for (const RequestTrace::Step& step : trace.critical_path)
            if (step.call) shares[*step.call].nanos += step.took.nanos;
    }
    for (const auto& [call, on_path] : shares) trace.bottlenecks.push_back({call, on_path});
    std::ranges::sort(trace.bottlenecks, [](const auto& a, const auto& b) {
        return a.on_path != b.on_path ? a.on_path > b.on_path : a.call < b.call;
    });

    std::map<std::string, RequestTrace::Level> levels;
    for (std::size_t i = 0; i < calls.size(); ++i) {
        RequestTrace::Level& level = levels[std::string(to_string(calls[i].kind))];
        level.kind = to_string(calls[i].kind);
        ++level.calls;
        if (const auto ran = span_of(calls[i]))
            level.own.nanos += own_time(*ran, ran_in.children[i], calls).nanos;
        if (const auto share = shares.find(i); share != shares.end())
            level.on_path.nanos += share->second.nanos;
        if (!reaches_a_model(calls[i].kind)) continue;
        const Usage& usage = calls[i].usage;
        if (usage.input_tokens || usage.output_tokens)
            level.tokens =
                level.tokens.value_or(0) + usage.input_tokens.value_or(0) + usage.output_tokens.value_or(0);
        if (calls[i].cost.total) level.cost[calls[i].cost.currency] += *calls[i].cost.total;
    }
    for (auto& [kind, level] : levels) trace.levels.push_back(std::move(level));
    std::ranges::sort(trace.levels, [](const auto& a, const auto& b) {
        return a.on_path != b.on_path ? a.on_path > b.on_path : a.kind < b.kind;
    });

    add_repeats(trace, calls);
    add_side_by_side(trace, calls, tree.roots);
    for (const auto& siblings : tree.children) add_side_by_side(trace, calls, siblings);
    std::ranges::sort(trace.side_by_side, [](const auto& a, const auto& b) {
        return a.saved != b.saved ? a.saved > b.saved : a.first < b.first;
    });
    return trace;
}

namespace {

void write_duration(JsonWriter& json, std::string_view key, Duration duration) {
    json.member(key, static_cast<double>(duration.nanos) / 1e6);
}

void write_cost(JsonWriter& json, const std::map<std::string, Decimal>& cost) {
    json.key("cost");
    json.begin_object();
    for (const auto& [currency, total] : cost) json.member(currency, total.to_string());
    json.end_object();
}

}  // namespace

void write_members(JsonWriter& json, const RequestTrace& trace, std::span<const Call> calls) {
    const auto id = [&](std::string_view key, std::size_t call) {
        json.member(key, calls[call].id.to_string());
    };
    write_duration(json, "duration_ms", trace.whole);
    write_rows(json, "critical_path", trace.critical_path, [&](const auto& step) {
        json.key("call_id");
        if (step.call)
            json.string(calls[*step.call].id.to_string());
        else
            json.null();
        json.member("from", step.from.to_string());
        write_duration(json, "took_ms", step.took);
    });
    write_rows(json, "bottlenecks", trace.bottlenecks, [&](const auto& share) {
        id("call_id", share.call);
        write_duration(json, "on_path_ms", share.on_path);
        json.member("share", trace.whole.nanos > 0 ? static_cast<double>(share.on_path.nanos) /
                                                         static_cast<double>(trace.whole.nanos)
                                                   : 0.0);
    });
    write_rows(json, "levels", trace.levels, [&](const auto& level) {
        json.member("kind", level.kind);
        json.member("calls", level.calls);
        write_duration(json, "own_ms", level.own);
        write_duration(json, "on_path_ms", level.on_path);
        json.key("tokens");
        if (level.tokens)
            json.number(*level.tokens);
        else
            json.null();
        write_cost(json, level.cost);
    });
    write_rows(json, "repeated", trace.repeats, [&](const auto& repeat) {
        json.key("call_ids");
        json.begin_array();
        for (const std::size_t call : repeat.calls) json.string(calls[call].id.to_string());
        json.end_array();
        write_duration(json, "wasted_ms", repeat.took);
        write_cost(json, repeat.cost);
    });
    write_rows(json, "could_run_side_by_side", trace.side_by_side, [&](const auto& pair) {
        id("first", pair.first);
        id("second", pair.second);
        write_duration(json, "saved_ms", pair.saved);
    });
    json.member("calls_without_payload", trace.without_payload);
}

}  // namespace steno::analysis
