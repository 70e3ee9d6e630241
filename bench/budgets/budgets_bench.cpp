// What budgets cost a call at the gateway: setting aside, the end, and the store's word of it; by the number
// of budgets, of which every tenth counts the call, and by the length of the prompt.

#include "base/random.hpp"
#include "budgets/ledger.hpp"

#include <benchmark/benchmark.h>

#include <string>
#include <vector>

namespace steno::budgets {
namespace {

Call chat(std::size_t bytes) {
    Call call;
    call.kind = Kind::Chat;
    call.project = "shop";
    call.trace.agent = "planner";
    call.provider.name = "openai";
    call.provider.endpoint.host = "api.openai.com";
    call.model.requested = "gpt-4o-mini";
    call.started_at = system_clock().now();
    call.request.parameters.text = R"({"temperature":0.2,"max_tokens":256,"user":"u-17"})";
    for (int n = 0; n < 4; ++n) {
        Message message;
        message.role = n % 2 == 0 ? "user" : "assistant";
        message.parts.emplace_back();
        message.parts.back().text = std::string(bytes / 4, 'x');
        call.request.messages.push_back(message);
    }
    return call;
}

void a_call(benchmark::State& state) {
    Ledger ledger;
    const auto prices = pricing::Catalogue::built_in();
    ledger.set_prices([&] { return prices; });
    std::vector<Budget> budgets(static_cast<std::size_t>(state.range(0)));
    for (std::size_t n = 0; n < budgets.size(); ++n) {
        budgets[n].name = "b" + std::to_string(n);
        budgets[n].limit = *Decimal::parse("1000000");
        budgets[n].hard = true;
        budgets[n].scope.project = n % 10 == 0 ? "shop" : "project-" + std::to_string(n);
    }
    ledger.define(budgets);
    Call call = chat(static_cast<std::size_t>(state.range(1)));
    call.cost.total = *Decimal::parse("0.0001");
    call.cost.currency = "USD";
    std::uint64_t n = 0;
    for (auto _ : state) {
        call.id = Uuid::at(static_cast<std::int64_t>(++n), system_random());
        if (!ledger.idle()) benchmark::DoNotOptimize(ledger.reserve(call));
        ledger.call_ended(call);
        ledger.call_changed(nullptr, call);
    }
}
BENCHMARK(a_call)->ArgsProduct({{0, 1, 10, 100, 1000}, {1000, 100'000}});

}  // namespace
}  // namespace steno::budgets
