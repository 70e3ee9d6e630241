#include "client/request_totals.hpp"

#include "base/money.hpp"
#include "base/shell_word.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "client/context_node.hpp"
#include "client/draft.hpp"
#include "client/standard_error.hpp"
#include "client/tracker.hpp"
#include "record/call.hpp"
#include "steno/request.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <unistd.h>

namespace steno::client {

namespace {

constexpr std::size_t kKeptNames = 100;    ///< of agents, functions, models, that are kept apart
constexpr std::size_t kShownNames = 8;     ///< of them
constexpr std::size_t kLongestShown = 60;  ///< bytes of a name

std::atomic<bool> wanted_by_options{false};

/// Names are the program's.
std::string shown(std::string_view name) {
    return printable(name, kLongestShown);
}

std::string grouped(std::int64_t number) {
    std::string digits = std::to_string(number);
    for (std::size_t at = digits.size(); at > 3;) digits.insert(at -= 3, ",");
    return digits;
}

std::string counted(std::int64_t number, std::string_view what) {
    return fmt::format("{} {}{}", grouped(number), what, number == 1 ? "" : "s");
}

std::string time_of(std::int64_t nanos) {
    const double ms = static_cast<double>(nanos) / 1e6;
    if (ms >= 60'000) return fmt::format("{:.1f} min", ms / 60'000);
    if (ms >= 1000) return fmt::format("{:.1f} s", ms / 1000);
    return fmt::format("{:.{}f} ms", ms, ms < 10 ? 1 : 0);
}

void add_known(std::optional<std::int64_t>& sum, std::optional<std::int64_t> more) {
    if (more) sum = sum.value_or(0) + *more;
}

}  // namespace

RequestTotals::RequestTotals() : process_(::getpid()), began_(system_clock().steady_nanos()) {}

RequestTotals::Named* RequestTotals::named(ByName& names, std::string_view name) {
    if (name.empty()) return nullptr;
    const auto found = names.find(std::string(name));
    if (found != names.end()) return &found->second;
    return names.size() == kKeptNames ? nullptr : &names[std::string(name)];
}

void RequestTotals::note(ByName& names, std::string_view name, std::int64_t calls, std::int64_t nanos) {
    if (Named* const one = named(names, name)) {
        one->calls += calls;
        one->nanos += nanos;
    }
}

void RequestTotals::use(ByName& names, const std::string& own, const std::vector<std::string>& outer,
                        std::optional<std::int64_t> tokens) {
    if (Named* const one = named(names, own)) {
        add_known(one->own_tokens, tokens);
        add_known(one->tokens, tokens);
    }
    for (const std::string& name : outer)  // each once, and never `own` (Context::with_agent)
        if (Named* const one = named(names, name)) add_known(one->tokens, tokens);
}

void RequestTotals::add(const CallScope::Draft& draft) {
    Call call;
    if (::getpid() != process_ || !draft.read_header(call)) return;
    const std::int64_t nanos = std::max<std::int64_t>(system_clock().steady_nanos() - draft.began_steady, 0);
    const std::lock_guard lock(mutex_);
    if (taken_) return;
    ++calls_;
    named(agents_, call.trace.agent);
    named(functions_, call.trace.function);
    if (call.kind == Kind::Agent) note(agents_, shortened(call.name), 1, nanos);
    if (call.kind == Kind::Function) note(functions_, shortened(call.name), 1, nanos);
    if (!reaches_a_model(call.kind)) return;
    ++ai_calls_;
    if (draft.failed) ++failed_;
    note(models_, call.model.requested.empty() ? call.provider.name : call.model.requested, 1, nanos);
    std::optional<std::int64_t> tokens;
    add_known(tokens, call.usage.input_tokens);
    add_known(tokens, call.usage.output_tokens);
    use(agents_, call.trace.agent, call.trace.outer_agents, tokens);
    use(functions_, call.trace.function, call.trace.outer_functions, tokens);
    add_known(input_, call.usage.input_tokens);
    add_known(output_, call.usage.output_tokens);
    if (!tokens) ++without_usage_;
    if (call.cost.total) {
        ++with_cost_;
        cost_[call.cost.currency] += *call.cost.total;
    }
}

void RequestTotals::add_relayed() {
    if (::getpid() != process_) return;
    const std::lock_guard lock(mutex_);
    ++relayed_;
}

std::string RequestTotals::tokens() const {
    if (!input_ && !output_) return ai_calls_ == 0 ? "" : " · tokens unknown";
    const auto or_dash = [](std::optional<std::int64_t> count) { return count ? grouped(*count) : "–"; };
    std::string text =
        fmt::format(" · {} tokens ({} in, {} out)", grouped(input_.value_or(0) + output_.value_or(0)),
                    or_dash(input_), or_dash(output_));
    if (without_usage_ != 0) text += fmt::format(", unknown of {}", counted(without_usage_, "call"));
    return text;
}

std::string RequestTotals::list(std::string_view head, const ByName& names) {
    if (names.empty()) return {};
    std::vector<const ByName::value_type*> rows;
    for (const auto& row : names) rows.push_back(&row);
    std::ranges::sort(rows, {}, [](const auto* row) {
        return std::pair<std::int64_t, std::string_view>(-row->second.nanos, row->first);
    });
    std::string line = fmt::format("  {:<10}", head);
    for (std::size_t i = 0; i < rows.size(); ++i) {
        if (i == kShownNames) {
            line += fmt::format(", {} more", rows.size() - i);
            break;
        }
        const auto& [name, one] = *rows[i];
        line += (i == 0 ? "" : ", ") + shown(name);
        std::string told;
        if (one.calls != 0) told = fmt::format("{}, {}", counted(one.calls, "call"), time_of(one.nanos));
        if (one.tokens) told += fmt::format("{}{} tokens", told.empty() ? "" : ", ", grouped(*one.tokens));
        if (one.tokens && one.tokens != one.own_tokens)
            told += fmt::format(", {} in it itself", grouped(one.own_tokens.value_or(0)));
        if (!told.empty()) line += " (" + told + ")";
    }
    return line + "\n";
}

std::string RequestTotals::take_text(std::string_view request_id, std::string_view record) {
    if (::getpid() != process_) return {};
    const std::lock_guard lock(mutex_);
    if (std::exchange(taken_, true) || calls_ + relayed_ == 0) return {};
    const std::string id = shown(request_id);
    std::string text =
        fmt::format("steno: request {} · {}, {} failed{} · {}\n", id, counted(ai_calls_, "AI call"),
                    grouped(failed_), tokens(), time_of(system_clock().steady_nanos() - began_));
    const std::string on_the_server = fmt::format("steno calls tree {} {}", shell_word(id), record);
    if (relayed_ != 0) {
        text += fmt::format("  {:<10}{} more, counted by the server: {}\n", "gateway",
                            counted(relayed_, "AI call"), on_the_server);
    }
    text += list("agents", agents_) + list("functions", functions_) + list("models", models_);
    std::string cost;
    for (const auto& [currency, total] : cost_) {
        cost += cost.empty() ? "" : " + ";
        cost += money_text(total, shown(currency));
    }
    if (with_cost_ != 0)
        cost += fmt::format(" told for {} of {}; ", with_cost_, counted(ai_calls_, "AI call"));
    // The prices are the server's.
    if (with_cost_ < ai_calls_ || with_cost_ == 0) cost += "at the server's prices: " + on_the_server;
    if (cost.ends_with("; ")) cost.resize(cost.size() - 2);
    if (ai_calls_ != 0) text += fmt::format("  {:<10}{}\n", "cost", cost);
    if (text.size() > kLongest) text = std::string(utf8_prefix(text, kLongest - 1)) + "\n";
    return text;
}

bool summaries_wanted() noexcept {
    static const bool by_environment = [] {
        const char* const value = std::getenv("STENO_PRINT_SUMMARY");
        return value != nullptr && std::string_view(value) == "1";
    }();
    return by_environment || wanted_by_options.load(std::memory_order_relaxed);
}

void set_summaries_wanted(bool wanted) noexcept {
    wanted_by_options = wanted;
}

void note_relayed(const Context& context) noexcept {
    if (context.node() && context.node()->totals) guarded([&] { context.node()->totals->add_relayed(); });
}

void end_request(const Context& context) noexcept {
    const Context::Node* const node = context.node().get();
    if (node == nullptr || !node->totals) return;
    guarded([&] {
        const Tracker* const tracker = Tracker::current();
        const std::string text =
            node->totals->take_text(node->request_id, tracker == nullptr ? std::string() : tracker->record());
        if (!text.empty()) print_to_standard_error(text);
    });
}

}  // namespace steno::client

namespace steno {

Request::Request(std::string_view id) noexcept : Request(id, Context::current()) {}

Request::Request(std::string_view id, const Context& context) noexcept {
    if (!tracking()) return;
    context_ = context.with_request(id);
    scope_.emplace(context_);
}

Request::~Request() {
    end();
}

void Request::end() noexcept {
    scope_.reset();
    client::end_request(context_);
}

}  // namespace steno
