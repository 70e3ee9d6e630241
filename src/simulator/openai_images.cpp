#include "base/json_writer.hpp"
#include "base/text.hpp"
#include "simulator/body.hpp"
#include "simulator/language.hpp"
#include "simulator/openai.hpp"

#include <fmt/format.h>

#include <algorithm>

// /v1/images/generations, /edits and /variations. Models called gpt-image-… report tokens and answer in
// base64; the older ones report nothing and answer with a URL unless asked otherwise.

namespace steno::simulator {

namespace {

/// One grey pixel.
constexpr std::string_view kPng =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg==";

struct Order {
    bool tokens = false;  ///< the model reports tokens
    bool base64 = false;
    bool edit = false;
    std::int64_t count = 1;
    std::int64_t text_tokens = 0;
    std::int64_t image_tokens = 0;  ///< of what was uploaded
    std::int64_t output_tokens = 0;
};

/// By the table of tokens a square image has for each quality (OpenAI's guide to image generation).
std::int64_t tokens_of(std::string_view quality) {
    if (quality == "low") return 272;
    return quality == "medium" ? 1'056 : 4'160;
}

void write_usage(JsonWriter& json, const Order& order) {
    json.begin_object();
    json.member("input_tokens", order.text_tokens + order.image_tokens);
    json.key("input_tokens_details");
    json.begin_object();
    json.member("image_tokens", order.image_tokens);
    json.member("text_tokens", order.text_tokens);
    json.end_object();
    json.member("output_tokens", order.output_tokens);
    json.member("total_tokens", order.text_tokens + order.image_tokens + order.output_tokens);
    json.end_object();
}

std::string event_of(const OpenAiCall& call, const Order& order, std::string_view type,
                     std::int64_t partial) {
    std::string out;
    JsonWriter json(out);
    json.begin_object();
    json.member("type", type);
    json.member("b64_json", kPng);
    json.member("created_at", call.created);
    json.member("size", "1024x1024");
    json.member("quality", "low");
    json.member("background", "opaque");
    json.member("output_format", "png");
    if (partial >= 0) {
        json.member("partial_image_index", partial);
    } else if (call.knobs.usage != "none") {
        json.key("usage");
        write_usage(json, order);
    }
    json.end_object();
    return sse_frame(type, out);
}

Reply stream_of(const OpenAiCall& call, const Order& order) {
    const std::string_view kind = order.edit ? "image_edit" : "image_generation";
    Reply reply;
    reply.stream = reply.sse = true;
    reply.content_type = "text/event-stream; charset=utf-8";
    constexpr std::int64_t kMostPartial = 3;
    const std::int64_t partial =
        std::clamp<std::int64_t>(integer_at(call.body, "partial_images").value_or(0), 0, kMostPartial);
    for (std::int64_t i = 0; i < partial; ++i)
        reply.frames.push_back(event_of(call, order, fmt::format("{}.partial_image", kind), i));
    reply.frames.push_back(event_of(call, order, fmt::format("{}.completed", kind), -1));
    const ErrorShape error =
        shape_of(Vendor::OpenAi, call.knobs.error.empty() ? "server" : call.knobs.error, call.model);
    reply.error_frame = sse_frame("error", error_body(Vendor::OpenAi, error, {}));
    return reply;
}

}  // namespace

Reply answer_images(const OpenAiCall& call, Dice& dice) {
    constexpr std::int64_t kMost = 10;
    constexpr std::int64_t kTokensOfAnUpload = 323;
    Order order;
    order.edit = !call.files.empty();
    order.tokens = call.model.contains("gpt-image");
    order.base64 = order.tokens || string_at(call.body, "response_format") == "b64_json";
    order.count = std::clamp<std::int64_t>(number_at(call.body, "n").value_or(1), 1, kMost);
    order.text_tokens = count_tokens(call.prompt);
    order.image_tokens = kTokensOfAnUpload * static_cast<std::int64_t>(call.files.size());
    order.output_tokens = order.count * tokens_of(string_at(call.body, "quality"));
    if (order.tokens && wants_stream(call.body)) return stream_of(call, order);

    std::string out;
    JsonWriter json(out);
    json.begin_object();
    json.member("created", call.created);
    json.key("data");
    json.begin_array();
    for (std::int64_t i = 0; i < order.count; ++i) {
        json.begin_object();
        if (order.base64) {
            json.member("b64_json", kPng);
        } else {
            json.member("url", fmt::format("https://images.example/{}.png", dice.id(24)));
        }
        if (call.model == "dall-e-3")
            json.member("revised_prompt", fmt::format("In fine detail: {}", call.prompt));
        json.end_object();
    }
    json.end_array();
    if (order.tokens) {
        json.member("background", "opaque");
        json.member("output_format", "png");
        json.member("quality", "low");
        json.member("size", "1024x1024");
        if (call.knobs.usage != "none") {
            json.key("usage");
            write_usage(json, order);
        }
    }
    json.end_object();
    Reply reply;
    reply.frames.push_back(std::move(out));
    return reply;
}

}  // namespace steno::simulator
