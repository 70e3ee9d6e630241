// AWS event streams, and what Bedrock says in them. Input: a byte for the size of the pieces, one for the
// request, then messages: a byte for what it is (an event, an exception, a wrapped message of the model, raw
// bytes), one for the length of its name, name, two for the length of the payload, payload. The checksums are
// put in here, or nothing would ever pass them.
#include "fuzz.hpp"
#include "providers/event_stream.hpp"
#include "providers/event_stream_for_test.hpp"
#include "providers/provider.hpp"
#include "record/json.hpp"

#include <array>
#include <optional>

using namespace steno;
using fuzz::expect;

namespace {

struct Request {
    std::string_view path;
    std::string_view body;
};

constexpr std::string_view kConverse = R"({"messages":[{"role":"user","content":[{"text":"hi"}]}]})";
constexpr std::array kRequests = {
    Request{"/model/amazon.nova-lite-v1%3A0/converse-stream", kConverse},
    Request{"/model/amazon.nova-lite-v1%3A0/invoke-with-response-stream", kConverse},
    Request{"/model/anthropic.claude/invoke-with-response-stream",
            R"({"anthropic_version":"bedrock-2023-05-31","messages":[{"role":"user","content":"hi"}]})"},
    Request{"/model/openai.gpt-oss/invoke-with-response-stream",
            R"({"messages":[{"role":"user","content":"hi"}]})"},
    Request{"/model/meta.llama/invoke-with-response-stream", R"({"prompt":"hi"})"},
    Request{"/model/cohere.command-r/invoke-with-response-stream", R"({"message":"hi"})"},
};

std::string_view taken(std::string_view& bytes, std::size_t count) {
    const std::string_view front = bytes.substr(0, count);
    bytes.remove_prefix(front.size());
    return front;
}

std::size_t number(std::string_view& bytes, std::size_t width) {
    std::size_t value = 0;
    for (const char c : taken(bytes, width)) value = value << 8 | static_cast<std::uint8_t>(c);
    return value;
}

std::string frames_of(std::string_view bytes) {
    std::string frames;
    while (!bytes.empty()) {
        const std::size_t kind = number(bytes, 1) % 5;
        const std::string_view name = taken(bytes, number(bytes, 1));
        const std::string_view payload = taken(bytes, number(bytes, 2));
        switch (kind) {
            case 0:
                frames += providers::event(name, payload);
                break;
            case 1:
                frames += providers::exception(name, payload);
                break;
            case 2:
                frames += providers::chunk(payload);
                break;
            case 3:
                frames += providers::frame(name, payload);
                break;
            default:
                frames += payload;
        }
    }
    return frames;
}

std::string read(const Request& given, std::string_view answer, std::size_t step) {
    const auto header = [](std::string_view name) -> std::optional<std::string_view> {
        if (name == "content-type") return "application/vnd.amazon.eventstream";
        return std::nullopt;
    };
    const auto& provider = providers::find_provider("bedrock").provider();
    const providers::RequestView request{"POST", given.path, "", header, given.body};
    Call call;
    provider.read_request(request, call);
    const auto reader = provider.read_response(request, {200, header}, call);
    for (std::size_t at = 0; at < answer.size(); at += step) reader->feed(answer.substr(at, step));
    reader->end(answer.size() % 2 == 0, call);
    providers::fill_preview(call);
    return to_json(call, {.preview = true});
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) return 0;
    const std::size_t step = data[0] % 32 + 1;
    const Request& request = kRequests[data[1] % kRequests.size()];
    const std::string_view rest = fuzz::as_text(data + 2, size - 2);
    for (const std::string& answer : {frames_of(rest), std::string(rest)})
        expect(read(request, answer, step) == read(request, answer, answer.size() + 1));
    return 0;
}
