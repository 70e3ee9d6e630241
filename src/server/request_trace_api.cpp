#include "analysis/request_trace.hpp"
#include "base/json_writer.hpp"
#include "server/api.hpp"
#include "server/query_parameters.hpp"
#include "server/tree_calls.hpp"

namespace steno::server {

namespace {

/// With their payloads, which may be megabytes each.
constexpr std::size_t kMaxCalls = 2'000;

}  // namespace

Result<ApiAnswer> trace_request(Services& services, const ApiRequest& request) {
    STENO_TRY(only_parameters(request, {}));
    const std::string& id = request.captures.front();
    STENO_ASSIGN(const std::vector<Call> calls,
                 calls_with(services, "trace.request_id", id, true, kMaxCalls));
    if (calls.empty()) return fail(Code::NotFound, "there is no call of request " + id);
    const analysis::RequestTrace trace = analysis::trace_of(calls);
    ApiAnswer answer;
    JsonWriter json(answer.body);
    json.begin_object();
    json.member("request_id", id);
    analysis::write_members(json, trace, calls);
    json.member("truncated", calls.size() >= kMaxCalls);
    json.end_object();
    return answer;
}

}  // namespace steno::server
