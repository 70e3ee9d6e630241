// What a provider's traffic means: any bytes as request and answer give some call, and the same one however
// the answer was cut. Input: a byte for the endpoint, one for the size of the pieces, the request body, a
// zero byte, the answer.
#include "fuzz.hpp"
#include "providers/provider.hpp"
#include "record/json.hpp"

#include <array>
#include <optional>

using namespace steno;
using fuzz::expect;

namespace {

struct Endpoint {
    std::string_view upstream;
    std::string_view path;
    std::string_view query;
    std::string_view content_type;  ///< of the answer
    int status;
    std::string_view request_type = "application/json";
    std::string_view method = "POST";
};

constexpr std::string_view kJson = "application/json";
constexpr std::string_view kSse = "text/event-stream";
constexpr std::string_view kJsonLines = "application/stream+json";
constexpr std::string_view kForm = "multipart/form-data; boundary=B";
constexpr std::array kEndpoints = {
    Endpoint{"openai", "/v1/chat/completions", "", kJson, 200},
    Endpoint{"openai", "/v1/chat/completions", "", kSse, 200},
    Endpoint{"openai", "/v1/responses", "", kJson, 200},
    Endpoint{"openai", "/v1/responses", "", kSse, 200},
    Endpoint{"openai", "/v1/embeddings", "", kJson, 200},
    Endpoint{"openai", "/v1/chat/completions", "", kJson, 429},
    Endpoint{"anthropic", "/v1/messages", "", kJson, 200},
    Endpoint{"anthropic", "/v1/messages", "", kSse, 200},
    Endpoint{"anthropic", "/v1/messages", "", kJson, 529},
    Endpoint{"gemini", "/v1beta/models/gemini-2.5-flash:generateContent", "", kJson, 200},
    Endpoint{"gemini", "/v1beta/models/gemini-2.5-flash:streamGenerateContent", "alt=sse", kSse, 200},
    Endpoint{"gemini", "/v1beta/models/gemini-2.5-flash:streamGenerateContent", "", kJson, 200},
    Endpoint{"gemini", "/v1beta/models/text-embedding-004:embedContent", "", kJson, 200},
    Endpoint{"gemini", "/v1beta/models/gemini-2.5-flash:generateContent", "", kJson, 400},
    Endpoint{"cohere", "/v2/chat", "", kJson, 200},
    Endpoint{"cohere", "/v2/chat", "", kSse, 200},
    Endpoint{"cohere", "/v1/chat", "", kJsonLines, 200},
    Endpoint{"cohere", "/v1/generate", "", kJsonLines, 200},
    Endpoint{"cohere", "/v2/embed", "", kJson, 200},
    Endpoint{"cohere", "/v2/rerank", "", kJson, 200},
    Endpoint{"cohere", "/v2/chat", "", kJson, 429},
    Endpoint{"mistral", "/v1/conversations", "", kSse, 200},
    Endpoint{"mistral", "/v1/conversations", "", kJson, 200},
    Endpoint{"mistral", "/v1/ocr", "", kJson, 200},
    Endpoint{"mistral", "/v1/fim/completions", "", kSse, 200},
    Endpoint{"mistral", "/v1/audio/transcriptions", "", kSse, 200},
    Endpoint{"ollama", "/api/chat", "", kJsonLines, 200},
    Endpoint{"ollama", "/api/generate", "", kJson, 200},
    Endpoint{"ollama", "/api/embed", "", kJson, 200},
    Endpoint{"openai", "/v1/images/generations", "", kJson, 200},
    Endpoint{"openai", "/v1/images/edits", "", kSse, 200, kForm},
    Endpoint{"openai", "/v1/audio/speech", "", "audio/mpeg", 200},
    Endpoint{"openai", "/v1/audio/speech", "", kSse, 200},
    Endpoint{"openai", "/v1/audio/transcriptions", "", kJson, 200, kForm},
    Endpoint{"openai", "/v1/audio/transcriptions", "", kSse, 200, kForm},
    Endpoint{"openai", "/v1/audio/transcriptions", "", "text/plain", 200, kForm},
    Endpoint{"openai", "/v1/moderations", "", kJson, 200},
    Endpoint{"openai", "/v1/videos", "", kJson, 200, kForm},
    Endpoint{"openai", "/v1/files", "", kJson, 200, kForm},
    Endpoint{"openai", "/v1/batches", "", kJson, 200},
    Endpoint{"openai", "/v1/files/file-1/content", "", "application/octet-stream", 200, kJson, "GET"},
    Endpoint{"bedrock", "/model/amazon.nova-lite-v1%3A0/converse", "", kJson, 200},
    Endpoint{"bedrock", "/model/m/invoke", "", kJson, 200},
    Endpoint{"anthropic", "/v1/complete", "", kSse, 200},
    Endpoint{"anthropic", "/v1/messages/count_tokens", "", kJson, 200},
    Endpoint{"anthropic", "/v1/messages/batches/b/results", "", "application/x-jsonl", 200, kJson, "GET"},
    Endpoint{"azure", "/openai/deployments/d/chat/completions", "api-version=1", kSse, 200},
    Endpoint{"azure", "/models/chat/completions", "", kJson, 400},
    Endpoint{"gemini", "/v1beta/interactions", "", kSse, 200},
    Endpoint{"gemini", "/v1beta/interactions", "", kJson, 200},
    Endpoint{"gemini", "/v1beta/batches/b", "", kJson, 200, kJson, "GET"},
    Endpoint{"gemini", "/v1beta/models/veo-3:predictLongRunning", "", kJson, 200},
    Endpoint{"vertex", "/v1/projects/p/locations/l/publishers/google/models/m:predict", "", kJson, 200},
    Endpoint{"vertex", "/v1/projects/p/locations/l/publishers/anthropic/models/m:streamRawPredict", "", kSse,
             200},
    Endpoint{"vertex", "/v1/projects/p/locations/l/publishers/mistralai/models/m:rawPredict", "", kJson, 200},
};

std::string read(const Endpoint& endpoint, std::string_view request_body, std::string_view answer,
                 std::size_t step) {
    const auto typed = [](std::string_view type) {
        return [type](std::string_view name) {
            return name == "content-type" ? std::optional(type) : std::nullopt;
        };
    };
    const auto& provider = providers::find_provider(endpoint.upstream).provider();
    const providers::RequestView request{endpoint.method, endpoint.path, endpoint.query,
                                         typed(endpoint.request_type), request_body};
    Call call;
    provider.read_request(request, call);
    const auto reader =
        provider.read_response(request, {endpoint.status, typed(endpoint.content_type)}, call);
    std::vector<Call> further;
    const auto take_further = [&] {
        for (Call& one : reader->further_calls()) further.push_back(std::move(one));
    };
    for (std::size_t at = 0; at < answer.size(); at += step) {
        reader->feed(answer.substr(at, step));
        take_further();
    }
    const bool complete = answer.size() % 2 == 0;
    reader->end(complete, call);
    take_further();
    providers::fill_preview(call);
    std::string all = to_json(call, {.preview = true});
    for (const Call& one : further) all += to_json(one, {.preview = true});
    return all;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) return 0;
    const Endpoint& endpoint = kEndpoints[data[0] % kEndpoints.size()];
    const std::size_t step = data[1] % 32 + 1;
    const std::string_view rest = fuzz::as_text(data + 2, size - 2);
    const std::size_t cut = std::min(rest.find('\0'), rest.size());
    const std::string_view body = rest.substr(0, cut);
    const std::string_view answer = cut < rest.size() ? rest.substr(cut + 1) : std::string_view{};
    expect(read(endpoint, body, answer, step) == read(endpoint, body, answer, rest.size() + 1));
    return 0;
}
