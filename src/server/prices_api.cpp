#include "base/json_writer.hpp"
#include "server/api.hpp"
#include "server/query_parameters.hpp"

namespace steno::server {

Result<ApiAnswer> list_prices(Services& services, const ApiRequest& request) {
    STENO_TRY(only_parameters(request, {"provider", "model"}));
    const auto prices = services.data.recorder().prices()->list(request.parameter("provider").value_or(""),
                                                                request.parameter("model").value_or(""));
    ApiAnswer answer;
    answer.body = "{\"prices\":" + pricing::prices_to_json(prices) + "}";
    return answer;
}

Result<ApiAnswer> explain_price(Services& services, const ApiRequest& request) {
    STENO_TRY(only_parameters(request, {"project"}));
    STENO_ASSIGN(const Uuid id, services.data.calls().id_of(request.captures.front()));
    STENO_ASSIGN(const Call call, services.data.calls().get(id, request.parameter("project")));
    const pricing::Explanation explanation = services.data.recorder().prices()->explain(call);
    ApiAnswer answer;
    JsonWriter json(answer.body);
    json.begin_object();
    json.member("call_id", id.to_string());
    if (explanation.price) {
        const std::string list = pricing::prices_to_json({*explanation.price});
        const std::size_t begin = list.find('{');
        json.member("price_id", explanation.price->id());
        json.member_raw("price", std::string_view(list).substr(begin, list.rfind('}') - begin + 1));
    }
    if (!explanation.rule.empty()) json.member("rule", explanation.rule);
    json.key("lines");
    json.begin_array();
    Decimal total;
    for (const pricing::CostLine& line : explanation.lines) {
        json.begin_object();
        json.member("thing", line.thing);
        json.member("count", line.count);
        json.member("price", line.price.to_string());
        json.member("per", line.per);
        json.member("amount", line.amount.to_string());
        json.end_object();
        total += line.amount;
    }
    json.end_array();
    if (explanation.missing.empty()) {
        json.member("total", total.to_string());
    } else {
        json.member("missing", explanation.missing);
    }
    if (call.usage.estimated.value_or(false)) json.member("estimated", true);
    if (call.cost.total) {
        json.member("recorded_total", call.cost.total->to_string());
        json.member("recorded_price_id", call.cost.price_id);
        json.member("recorded_source", call.cost.source);
    }
    json.end_object();
    return answer;
}

}  // namespace steno::server
