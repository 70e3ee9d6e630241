#include "providers/openai.hpp"

#include "base/text.hpp"
#include "providers/http_facts.hpp"
#include "providers/languages.hpp"
#include "providers/request_edit.hpp"
#include "providers/request_facts.hpp"
#include "providers/rerank.hpp"
#include "providers/stream_usage.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <span>

namespace steno::providers {

namespace {

struct Endpoint {
    std::string_view path;                             ///< the last segments of the path; * is any one
    void (*read_request)(JsonValue body, Call& call);  ///< null: it takes forms only
    MakeReader* make_reader;
    void (*read_form)(const Form& form, Call& call) = nullptr;
    EditRequest* edit = nullptr;  ///< null: what is asked there is not edited
};

/// What is asked for with POST.
constexpr Endpoint kEndpoints[] = {
    {"chat/completions", &read_chat_request, &make_chat_reader, nullptr, &edit_chat_request},
    {"v1/chat", &read_chat_request, &make_chat_reader, nullptr, &edit_chat_request},  // Writer
    {"completions", &read_completion_request, &make_completion_reader},
    {"responses", &read_responses_request, &make_responses_reader, nullptr, &edit_responses_request},
    {"responses/compact", &read_responses_request, &make_responses_reader},
    {"embeddings", &read_embeddings_request, &make_embeddings_reader},
    {"multimodalembeddings", &read_embeddings_request, &make_embeddings_reader},      // Voyage
    {"contextualizedembeddings", &read_embeddings_request, &make_embeddings_reader},  // Voyage
    {"rerank", &read_rerank_request, &make_rerank_reader},
    {"images/generations", &read_images_request, &make_images_reader},
    {"images/edits", &read_images_request, &make_images_reader, &read_images_form},
    {"images/variations", nullptr, &make_images_reader, &read_images_form},
    {"audio/speech", &read_speech_request, &make_speech_reader},
    {"audio/transcriptions", nullptr, &make_transcription_reader, &read_transcription_form},
    {"audio/translations", nullptr, &make_transcription_reader, &read_transcription_form},
    {"moderations", &read_moderation_request, &make_moderation_reader},
    {"videos", &read_video_request, &make_video_reader, &read_video_form},
    {"videos/*/remix", &read_video_request, &make_video_reader, &read_video_form},
};

/// What is kept with the provider; these stand somewhere in the path.
constexpr Endpoint kObject{"", &read_object_request, &make_object_reader, &read_object_form};
constexpr std::string_view kObjects[] = {
    "completions", "responses",     "conversations", "files",   "uploads",    "batches", "videos",
    "fine_tuning", "vector_stores", "assistants",    "threads", "containers", "evals",   "generation"};

const Endpoint* find_endpoint(const RequestView& request, std::span<const std::string> segments) {
    if (request.method == "POST") {
        for (const Endpoint& endpoint : kEndpoints) {
            if (ends_with_segments(segments, endpoint.path)) return &endpoint;
        }
    }
    for (const std::string_view object : kObjects) {
        if (std::ranges::find(segments, object) != segments.end()) return &kObject;
    }
    return nullptr;
}

bool is_file_content(const RequestView& request, std::span<const std::string> segments) {
    return request.method == "GET" && ends_with_segments(segments, "files/*/content");
}

/// Azure's classic paths name the deployment: /openai/deployments/{deployment}/chat/completions.
std::string_view deployment_in(std::span<const std::string> segments) {
    for (std::size_t i = 0; i + 1 < segments.size(); ++i) {
        if (segments[i] == "deployments") return segments[i + 1];
    }
    return {};
}

/// A form's "true" or "false".
std::optional<bool> flag(std::string_view text) {
    if (text == "true" || text == "1") return true;
    if (text == "false" || text == "0") return false;
    return std::nullopt;
}

Part media_part(JsonValue part, PartType type, JsonValue source, std::string_view url_member) {
    Part out;
    out.type = type;
    out.url = source.is_string() ? source.string() : source[url_member].string();
    out.mime = mime_of_data_url(out.url);
    out.name = part["filename"].string();
    return out;
}

Part file_part(JsonValue part, JsonValue file) {
    Part out;
    out.type = PartType::Document;
    out.name = file["filename"].string();
    out.url = file["file_data"].string();
    if (out.url.empty()) out.url = file["file_url"].string();
    out.id = file["file_id"].string();
    out.mime = mime_of_data_url(out.url);
    if (out.url.empty() && out.id.empty()) {
        out = {};
        out.type = PartType::Other;
        out.value = verbatim(part);
    }
    return out;
}

/// `all`, told apart where the details do so; what they leave out has no stated duration.
void read_cache_writes(std::optional<std::int64_t> all, JsonValue details, CacheWrites& out) {
    out.minutes_30 = details["ttl_30m_tokens"].count();
    out.hours_12 = details["ttl_12h_tokens"].count();
    const std::int64_t told = out.minutes_30.value_or(0) + out.hours_12.value_or(0);
    const bool detailed = out.minutes_30 || out.hours_12;
    if (!detailed || (all && *all > told)) out.other = detailed ? *all - told : all;
}

}  // namespace

void read_openai_usage(JsonValue usage, const OpenAiDialect& dialect, Usage& out) {
    const auto first = [&](std::initializer_list<JsonValue> values) -> std::optional<std::int64_t> {
        for (const JsonValue value : values) {
            if (const auto number = value.count()) return number;
        }
        return std::nullopt;
    };
    const auto details = [&](std::initializer_list<std::string_view> names) {
        for (const std::string_view name : names) {
            if (usage[name].is_object()) return usage[name];
        }
        return JsonValue();
    };
    const JsonValue input = details(
        {"prompt_tokens_details", "input_tokens_details", "input_token_details", "prompt_token_details"});
    const JsonValue output = details({"completion_tokens_details", "output_tokens_details",
                                      "output_token_details", "completion_token_details"});
    out.input_tokens = first({usage["prompt_tokens"], usage["input_tokens"]});
    out.output_tokens = first({usage["completion_tokens"], usage["output_tokens"]});
    out.cache_read_tokens =
        first({input["cached_tokens"], usage["prompt_cache_hit_tokens"], usage["cached_tokens"],
               usage["num_cached_tokens"], usage["cache_read_input_tokens"]});
    // Databricks and Snowflake have Claude's names beside OpenAI's; their prompt_tokens include both.
    read_cache_writes(first({input["cache_write_tokens"], usage["cache_creation_input_tokens"]}),
                      input["cache_write_tokens_details"], out.cache_write_tokens);
    out.reasoning_tokens = first({output["reasoning_tokens"]});
    out.audio_input_tokens = first({input["audio_tokens"]});
    out.audio_output_tokens = first({output["audio_tokens"]});
    out.image_input_tokens = first({input["image_tokens"]});
    out.image_output_tokens = first({output["image_tokens"]});
    out.cache_read_audio_tokens = first({input["cached_tokens_details"]["audio_tokens"]});
    out.cache_read_image_tokens = first({input["cached_tokens_details"]["image_tokens"]});
    out.searches = first({usage["num_search_queries"]});
    if (const auto seconds = usage["prompt_audio_seconds"].number(); seconds && *seconds >= 0)
        out.seconds = seconds;  // Mistral
    if (dialect.reasoning_beside_output) {
        const auto total = usage["total_tokens"].count();
        const bool already_in = total && out.input_tokens && out.output_tokens &&
                                *out.input_tokens + *out.output_tokens == *total;
        if (!already_in && out.output_tokens && out.reasoning_tokens)
            *out.output_tokens += *out.reasoning_tokens;
        if (out.input_tokens && out.cache_read_tokens && *out.cache_read_tokens > *out.input_tokens) {
            *out.input_tokens += *out.cache_read_tokens;
        }
    }
    out.billed = verbatim(usage);
}

void take_total_as_input(JsonValue usage, Usage& out) {
    if (!out.input_tokens && !out.output_tokens) out.input_tokens = usage["total_tokens"].count();
}

void read_reported_cost(JsonValue usage, const OpenAiDialect& dialect, Cost& out) {
    std::optional<Decimal> total;
    const auto dollars = [](JsonValue value) -> std::optional<Decimal> {
        const auto number = value.number();
        constexpr double kBeyondAnyCall = 1e9;
        if (!number || *number < 0 || *number > kBeyondAnyCall) return std::nullopt;
        const auto exact = Decimal::parse(value.raw());
        return exact ? exact : Decimal::parse(fmt::format("{:.12f}", *number));  // more places than we keep
    };
    switch (dialect.reported_cost) {
        case ReportedCost::None:
            return;
        case ReportedCost::Cost:
            total = dollars(usage["cost"]);
            break;
        case ReportedCost::TotalCost:
            total = dollars(usage["cost"]["total_cost"]);
            break;
        case ReportedCost::Ticks:
            constexpr int kUnitsOfTick = 100;
            if (const auto ticks = usage["cost_in_usd_ticks"].count()) {
                total = Decimal::from_units(static_cast<__int128>(*ticks) * kUnitsOfTick);
            }
    }
    if (!total) return;
    out = {};
    out.total = total;
    out.currency = "USD";
    out.source = "provider";
}

Part read_openai_part(JsonValue source) {
    const JsonValue type = source["type"];
    if (type.is("text") || type.is("input_text") || type.is("output_text")) {
        Part part;
        part.text = source["text"].string();
        return part;
    }
    if (type.is("image_url")) return media_part(source, PartType::Image, source["image_url"], "url");
    if (type.is("input_image") && source["image_url"].is_string()) {
        return media_part(source, PartType::Image, source["image_url"], "url");
    }
    if (type.is("document_url"))  // Mistral
        return media_part(source, PartType::Document, source["document_url"], "url");
    if (type.is("video_url")) return media_part(source, PartType::Video, source["video_url"], "url");
    if (type.is("input_audio")) {
        Part part;
        part.type = PartType::Audio;
        const JsonValue audio = source["input_audio"];
        if (audio["format"].is_string()) part.mime = "audio/" + audio["format"].string();
        if (audio["data"].is_string()) part.url = "data:" + part.mime + ";base64," + audio["data"].string();
        if (audio.is_string()) part.url = audio.string();  // Mistral
        return part;
    }
    if (type.is("thinking")) {  // Mistral, in parts; Cohere, as text
        Part part;
        part.type = PartType::Reasoning;
        part.text = source["thinking"].string();
        for (const JsonValue piece : source["thinking"].elements()) piece["text"].append_string_to(part.text);
        return part;
    }
    if (type.is("file")) return file_part(source, source["file"]);
    if (type.is("input_file")) return file_part(source, source);
    Part part;
    part.type = PartType::Other;
    part.value = verbatim(source);
    return part;
}

void read_openai_content(JsonValue content, Message& message) {
    if (content.is_string() && !content.is("")) message.parts.emplace_back().text = content.string();
    for (const JsonValue part : content.elements()) message.parts.push_back(read_openai_part(part));
}

void OpenAiProvider::read_request(const RequestView& request, Call& call) const {
    const std::vector<std::string> segments = path_segments(request.path);
    if (const Provider* const other = provider_speaking(segments)) {
        const std::string name(dialect_.record_name.empty() ? call.provider.name : dialect_.record_name);
        other->read_request(request, call);
        call.provider.name = name;
        return;
    }
    const Endpoint* const endpoint = find_endpoint(request, segments);
    const std::string_view type = request.header("content-type").value_or("");
    const bool form = is_form(type) && endpoint != nullptr && endpoint->read_form != nullptr;
    JsonDocument document;
    const bool json = !form && endpoint != nullptr && endpoint->read_request != nullptr &&
                      document.parse(request.body) && document.root().is_object();
    if (endpoint == &kObject || (!form && !json)) read_unknown_request(request, dialect_.record_name, call);
    if (!form && !json) return;

    if (!dialect_.record_name.empty()) call.provider.name = dialect_.record_name;
    read_request_head(request, call);
    const JsonValue body = document.root();
    const Form fields = form ? read_form(type, request.body) : Form{};
    const std::string_view deployment = deployment_in(segments);
    call.model.requested = !deployment.empty() ? std::string(deployment)
                           : form              ? std::string(fields.text("model"))
                                               : body["model"].string();
    if (endpoint != &kObject)
        call.name = call.model.requested.empty() ? std::string(endpoint->path) : call.model.requested;
    call.request.stream = form ? flag(fields.text("stream")) : body["stream"].boolean();
    form ? endpoint->read_form(fields, call) : endpoint->read_request(body, call);
    if (!call.request.messages.empty() || !call.request.system.empty()) fill_input_modality(call);
    if (call.kind == Kind::Chat) {
        for (const std::string& modality : call.modality.input) {
            if (modality == "image") call.kind = Kind::Vision;
        }
    }
}

std::optional<std::string> OpenAiProvider::ask_for_usage(const RequestView& request) const {
    if (dialect_.always_tells_usage) return std::nullopt;
    const Endpoint* const endpoint = find_endpoint(request, path_segments(request.path));
    if (endpoint == nullptr || !endpoint->path.ends_with("completions")) return std::nullopt;
    return asking_for_usage(request.body);
}

Result<std::string> OpenAiProvider::edit_request(const RequestView& request, const RequestEdit& edit,
                                                 std::span<const RequestEdit> others) const {
    const std::vector<std::string> segments = path_segments(request.path);
    if (const Provider* const other = provider_speaking(segments))
        return other->edit_request(request, edit, others);
    const Endpoint* const endpoint = find_endpoint(request, segments);
    if (endpoint == nullptr || endpoint->edit == nullptr)
        return Provider::edit_request(request, edit, others);
    const bool model_in_path = !deployment_in(segments).empty();
    const auto change = [&](JsonValue body, const RequestEdit& one, JsonEdits& edits) -> Result<void> {
        if (model_in_path && !one.model.empty())
            return fail(Code::FailedPrecondition,
                        "the model stands in the request's path, which is not edited");
        return endpoint->edit(body, one, dialect_, edits);
    };
    return edited_body(request.body, edit, others, change);
}

std::unique_ptr<ResponseReader> OpenAiProvider::read_response(const RequestView& request,
                                                              const ResponseView& response,
                                                              Call& call) const {
    const std::vector<std::string> segments = path_segments(request.path);
    if (const Provider* const other = provider_speaking(segments)) {
        const std::string name = call.provider.name;
        auto reader = other->read_response(request, response, call);
        call.provider.name = name;
        return reader;
    }
    read_response_head(response, call);
    if (is_file_content(request, segments))
        return make_file_reader(request, response, dialect_, call.provider.name);
    const Endpoint* const endpoint = find_endpoint(request, segments);
    if (endpoint == nullptr) return make_generic_reader(request, response);
    return endpoint->make_reader(request, response, dialect_);
}

}  // namespace steno::providers
