#include "providers/anthropic.hpp"

#include "providers/answer_reader.hpp"
#include "providers/http_facts.hpp"
#include "providers/request_edit.hpp"

#include <vector>

namespace steno::providers {

namespace {

constexpr std::string_view kRecordName = "anthropic";

enum class Endpoint : unsigned char { Messages, Complete, CountTokens, BatchResults, Other };

Endpoint endpoint_of(const RequestView& request, const std::vector<std::string>& segments) {
    const std::size_t size = segments.size();
    if (size == 0) return Endpoint::Other;
    const std::string& last = segments.back();
    if (request.method == "GET") {
        const bool results = size >= 3 && last == "results" && segments[size - 3] == "batches";
        return results ? Endpoint::BatchResults : Endpoint::Other;
    }
    if (request.method != "POST") return Endpoint::Other;
    if (last == "messages") return Endpoint::Messages;
    if (last == "count_tokens") return Endpoint::CountTokens;
    return last == "complete" ? Endpoint::Complete : Endpoint::Other;
}

class AnthropicProvider final : public Provider {
  public:
    void read_request(const RequestView& request, Call& call) const override {
        const Endpoint endpoint = endpoint_of(request, path_segments(request.path));
        read_unknown_request(request, kRecordName, call);
        JsonDocument document;
        if (endpoint == Endpoint::Other || endpoint == Endpoint::BatchResults ||
            !document.parse(request.body) || !document.root().is_object()) {
            return;
        }
        const JsonValue body = document.root();
        read_request_head(request, call);
        call.model.requested = body["model"].string();
        if (endpoint == Endpoint::CountTokens) return;
        call.name = call.model.requested;
        call.request.stream = body["stream"].boolean();
        if (endpoint == Endpoint::Messages) {
            read_anthropic_messages(body, call);
        } else {
            read_anthropic_completion(body, call);
        }
    }

    Result<std::string> edit_request(const RequestView& request, const RequestEdit& edit,
                                     std::span<const RequestEdit> others) const override {
        if (endpoint_of(request, path_segments(request.path)) != Endpoint::Messages)
            return Provider::edit_request(request, edit, others);
        return edited_body(request.body, edit, others, edit_anthropic_messages);
    }

    std::unique_ptr<ResponseReader> read_response(const RequestView& request, const ResponseView& response,
                                                  Call& call) const override {
        read_response_head(response, call);
        const std::vector<std::string> segments = path_segments(request.path);
        switch (endpoint_of(request, segments)) {
            case Endpoint::Messages:
            case Endpoint::Complete:
                return make_anthropic_reader(request, response);
            case Endpoint::CountTokens:
                return make_verbatim_reader(request, response);
            case Endpoint::BatchResults:
                return make_anthropic_batch_reader(request, response, segments[segments.size() - 2]);
            case Endpoint::Other:
                break;
        }
        return make_generic_reader(request, response);
    }
};

}  // namespace

const Provider& anthropic_provider() {
    static const auto& provider = *new const AnthropicProvider;  // for ever: table.cpp
    return provider;
}

}  // namespace steno::providers
