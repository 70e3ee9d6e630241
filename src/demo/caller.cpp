#include "demo/caller.hpp"

#include "base/json_writer.hpp"
#include "base/text.hpp"
#include "demo/failures.hpp"
#include "demo/wire.hpp"
#include "providers/provider.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace steno::demo {

namespace {

constexpr std::int64_t kMillisecond = 1'000'000;
/// So many of 120 answers with code are cut by their token limit, of others one: the company has set it too
/// low, and a record of it has something to suggest.
constexpr std::uint32_t kCodeCutOf120 = 8;

std::size_t index_of(const Application& application) {
    return static_cast<std::size_t>(&application - applications().data());
}

std::string_view key_class(std::string_view provider) {
    if (provider == "openai") return "sk-proj";
    if (provider == "anthropic") return "sk-ant-api03";
    if (provider == "gcp.gemini") return "AIza";
    if (provider == "gcp.vertex_ai") return "ya29";
    if (provider == "groq") return "gsk";
    if (provider == "x_ai") return "xai";
    return "key";
}

std::string parameters_of(const Setting& setting, bool structured) {
    const Model& model = *setting.model;
    const int limit = setting.application->answer_bytes > 900 ? 2000 : 800;
    switch (model.dialect) {
        case Dialect::Anthropic:
            return fmt::format(R"({{"max_tokens":{},"temperature":0.2}})", limit);
        case Dialect::Gemini:
            return fmt::format(R"({{"generationConfig":{{"temperature":0.4,"maxOutputTokens":{}{}}}}})",
                               limit, structured ? R"(,"responseMimeType":"application/json")" : "");
        case Dialect::Bedrock:
            return fmt::format(R"({{"inferenceConfig":{{"maxTokens":{},"temperature":0.2}}}})", limit);
        case Dialect::Embedding:
            return R"({"encoding_format":"base64"})";
        case Dialect::Moderation:
        case Dialect::Rerank:
            return {};
        default:
            return fmt::format(R"({{{}"max_completion_tokens":{}{}}})",
                               model.reasons ? "" : R"("temperature":0.2,)", limit,
                               structured ? R"(,"response_format":{"type":"json_object"})" : "");
    }
}

}  // namespace

std::size_t text_bytes(const std::vector<Message>& messages) {
    std::size_t bytes = 0;
    for (const Message& message : messages)
        for (const Part& part : message.parts) bytes += part.text.size() + part.value.text.size();
    return bytes;
}

std::size_t prompt_bytes(const Call& call) {
    return text_bytes(call.request.messages) + call.request.system.size() + call.request.input.text.size() +
           call.request.tools.text.size();
}

Message message_of(std::string_view role, std::string text) {
    Message message;
    message.role = role;
    message.parts.emplace_back().text = std::move(text);
    return message;
}

std::string_view role_of_model(const Model& model) {
    return model.dialect == Dialect::Gemini ? "model" : "assistant";
}

std::string json_string(std::string_view text) {
    std::string out;
    append_json_string(out, text);
    return out;
}

Caller::Caller(Draws& draws, TextMaker& text, const Rhythm& rhythm, bool keep_raw)
    : draws_(draws), text_(text), rhythm_(rhythm), keep_raw_(keep_raw) {
    for (const Application& application : applications()) {
        auto& versions = system_prompts_.emplace_back();
        const std::size_t bytes = application.work == Work::AgentTree    ? 1000
                                  : application.work == Work::CodeReview ? 600
                                                                         : 300;
        text_.system_prompt(versions[0], bytes, Language::English, static_cast<Topic>(index_of(application)));
        for (std::size_t i = 1; i < kVersions; ++i) {
            // A new version says more, and some of it otherwise.
            versions[i] = versions[i - 1].substr(0, versions[i - 1].rfind('\n') + 1);
            text_.system_prompt(versions[i], 150, Language::English,
                                static_cast<Topic>(index_of(application)));
        }
    }
}

Setting Caller::setting(const Application& application, const User& user) {
    Setting setting;
    setting.application = &application;
    setting.model = &draw_model(kind_of(application.work), draws_);
    setting.user = user;
    const bool speaks = application.work != Work::CodeReview && application.work != Work::Logs &&
                        application.work != Work::Extraction;
    if (speaks) setting.language = user.language;
    setting.topic = draws_.bits16();
    const std::uint32_t of_100 = draws_.below(100);
    setting.environment = of_100 < 86 ? "prod" : of_100 < 96 ? "staging" : "dev";
    if (application.calls_a_story > 1 || application.streams > .5) {
        setting.session_id = "s-";
        draws_.append_hex(setting.session_id, 12);
    }
    if (application.work == Work::AgentTree) {
        setting.request_id = "r-";
        draws_.append_hex(setting.request_id, 12);
        setting.trace_id = draws_.hex(32);
    }
    return setting;
}

std::int64_t Caller::tokens_of(std::size_t bytes, Language language) {
    constexpr std::array<double, kLanguages> kBytesAToken{4.3, 3.9, 3.8, 3.8, 3.8, 4.6, 4.0, 4.2, 4.4, 5.0};
    return 4 + static_cast<std::int64_t>(static_cast<double>(bytes) /
                                         kBytesAToken[static_cast<std::size_t>(language)]);
}

std::size_t Caller::version_of(const Application& application, double progress) const {
    if (!application.keeps_versions) return 0;
    return std::min(kVersions - 1, static_cast<std::size_t>(progress * kVersions));
}

const std::string& Caller::system_prompt(const Application& application, std::int64_t now) const {
    return system_prompts_[index_of(application)][version_of(application, rhythm_.progress(now))];
}

void Caller::add_system(Call& call, const Setting& setting, std::int64_t now) const {
    const std::string& text = system_prompt(*setting.application, now);
    const Dialect dialect = setting.model->dialect;
    if (dialect == Dialect::Anthropic || dialect == Dialect::Gemini || dialect == Dialect::Bedrock) {
        call.request.system = text;
        return;
    }
    Message& message = call.request.messages.emplace_back();
    message.role = "system";
    message.parts.emplace_back().text = text;
}

std::unique_ptr<Call> Caller::begin(const Setting& setting, std::int64_t now, Kind kind) {
    auto call = std::make_unique<Call>();
    Call& c = *call;
    const Application& application = *setting.application;
    c.id = Uuid::at(now, draws_);
    c.kind = kind;
    c.source = reaches_a_model(kind) ? Source::Gateway : Source::Python;
    c.started_at = Timestamp{now, 0};
    c.project = application.project;
    c.environment = setting.environment;
    const double progress = rhythm_.progress(now);
    c.release = fmt::format("{}.{}.{}", 2 + index_of(application) % 3, static_cast<int>(progress * 13),
                            draws_.bits16() % 16 == 0 ? 1 : 0);
    c.tenant = setting.user.tenant;
    c.trace.session_id = setting.session_id;
    c.trace.request_id = setting.request_id;
    c.trace.trace_id = setting.trace_id;
    if (!setting.trace_id.empty()) c.trace.span_id = draws_.hex(16);
    c.trace.agent = application.agent;
    c.who.user_id = setting.user.id;
    if (setting.user.hash % 3 == 0) c.who.subject = setting.user.id;
    label(c, setting, progress);
    if (reaches_a_model(kind)) place(c, setting);
    return call;
}

void Caller::place(Call& c, const Setting& setting) {
    const Model& model = *setting.model;
    const Application& application = *setting.application;
    c.name = model.requested;
    c.provider.name = model.provider;
    c.provider.endpoint = {"POST", std::string(model.host), std::string(model.path), {}};
    if (model.dialect == Dialect::Anthropic) c.provider.api_version = "2023-06-01";
    if (model.provider == "azure.ai.openai") c.provider.api_version = "2024-10-21";
    if (model.provider == "aws.bedrock") c.provider.region = "us-east-1";
    if (model.provider == "gcp.vertex_ai") c.provider.region = "europe-west4";
    c.model.requested = model.requested;
    const std::uint64_t key =
        scatter(index_of(application) * 64 + model.host.size() * 7 + setting.environment.size());
    c.who.api_key_id = fmt::format("{}:{:012x}", key_class(model.provider), key >> 16);
    c.prompt.type = application.prompt_type;
    c.prompt.name = application.prompt_name;
    if (!application.prompt_name.empty()) {
        const std::size_t version = version_of(application, rhythm_.progress(c.started_at->unix_nanos));
        c.prompt.version = fmt::to_string(version + 1);
        if (application.keeps_versions && version + 1 == kVersions) {
            c.prompt.experiment.id = fmt::format("{}-tone", application.prompt_name);
            c.prompt.experiment.variant = setting.user.hash % 2 == 0 ? "plain" : "friendly";
            c.prompt.experiment.unit = "user";
            c.prompt.experiment.probability = 0.5;
        }
    }
}

void Caller::label(Call& c, const Setting& setting, double progress) {
    const Application& application = *setting.application;
    for (const std::string_view tag : split(application.tags, ',')) c.labels.tags.emplace_back(tag);
    if (draws_.bits16() % 12 == 0) c.labels.tags.emplace_back("canary");

    auto& all = c.labels.attributes;
    const auto text = [&](const char* key, std::string_view value) { all.emplace(key, std::string(value)); };
    const User& user = setting.user;
    text("feature", application.feature);
    text("plan", user.plan);
    text("region", user.region);
    text("client_version", fmt::format("{}.{}", 4 + static_cast<int>(progress * 3), user.hash >> 40 & 15));
    if (draws_.bits16() % 10 == 0) all.emplace("beta", true);
    const bool customers = application.tags.find("customer") != std::string_view::npos;
    if (customers) {
        constexpr std::array<std::string_view, 5> kChannels{"web", "web", "ios", "android", "api"};
        text("channel", kChannels[(user.hash >> 32) % kChannels.size()]);
        text("locale", locale_of(setting.language));
        text("account_id", fmt::format("acc_{:010x}", user.hash & 0xffffffffff));
    }
    const std::string_view project = application.project;
    if (project == "support-desk") {
        text("ticket_id", fmt::format("T-{:07}", setting.topic * 97 + draws_.below(97)));
        all.emplace("priority", static_cast<double>(1 + draws_.skewed(4)));
        constexpr std::array<std::string_view, 3> kTones{"friendly", "plain", "formal"};
        text("tone", kTones[(user.hash >> 34) % kTones.size()]);
    } else if (project == "web-shop") {
        text("order_id", fmt::format("ORD-{:08}", draws_.below_any(100'000'000)));
    } else if (project == "marketing") {
        constexpr std::array<std::string_view, 4> kAudiences{"retail", "trade", "press", "partners"};
        text("audience", kAudiences[setting.topic & 3]);
        constexpr std::array<std::string_view, 4> kTones{"playful", "plain", "formal", "warm"};
        text("tone", kTones[setting.topic >> 2 & 3]);
    } else if (project == "code-assistant") {
        text("git_commit", draws_.hex(12));
        text("team", fmt::format("team-{:02}", user.hash >> 16 & 15));
    } else {
        text("cost_center", fmt::format("CC-{}", 100 + (user.hash >> 20) % 30));
        text("team", fmt::format("team-{:02}", user.hash >> 16 & 15));
    }
    if (application.work == Work::Retrieval || application.work == Work::Rerank) {
        all.emplace("retrieved_chunks", static_cast<double>(3 + draws_.skewed(18)));
        all.emplace("top_similarity", static_cast<double>(5000 + draws_.below(4900)) / 10000.0);
    }
    if (application.work == Work::Document || application.work == Work::Retrieval) {
        text("document_id", draws_.hex(16));
        all.emplace("document_pages", static_cast<double>(1 + draws_.skewed(120)));
    }
}

Reply Caller::reply(const Setting& setting) {
    const Application& application = *setting.application;
    Reply reply;
    if (application.answer_bytes > 0) {
        const auto bytes = static_cast<std::size_t>(
            std::clamp(draws_.lognormal(application.answer_bytes, .8), 20.0, 24'000.0));
        if (application.work == Work::CodeReview) {
            text_.answer(reply.text, bytes / 3, setting.language, setting.topic);
            reply.text += "\n\n```python\n";
            text_.code(reply.text, bytes * 2 / 3, setting.topic);
            reply.text += "```";
        } else {
            text_.answer(reply.text, bytes, setting.language, setting.topic);
        }
    }
    reply.stream = draws_.chance(application.streams);
    return reply;
}

void Caller::limits(Call& call, const Model& model) {
    if (model.dialect != Dialect::Anthropic && model.provider != "openai" && model.provider != "groq") return;
    const std::int64_t requests = model.provider == "groq" ? 1'000 : 10'000;
    const std::int64_t tokens = model.provider == "groq" ? 300'000 : 2'000'000;
    call.provider.rate_limit.requests = {requests, requests - draws_.skewed(400), draws_.skewed(2000), {}};
    call.provider.rate_limit.tokens = {tokens, tokens - draws_.skewed(60'000), draws_.skewed(3000), {}};
}

void Caller::measure(Call& call, const Setting& setting, const Reply& reply, std::size_t answer_bytes) {
    const Model& model = *setting.model;
    Usage& usage = call.usage;
    if (model.dialect == Dialect::Moderation) return;  // reports none
    if (model.dialect == Dialect::Rerank) {
        usage.searches = 1;
        usage.billed.text = billed_usage(usage, model);
        return;
    }
    usage.input_tokens = tokens_of(prompt_bytes(call), setting.language);
    if (model.dialect != Dialect::Embedding) {
        usage.output_tokens = tokens_of(answer_bytes, setting.language);
        if (model.reasons) {
            usage.reasoning_tokens = static_cast<std::int64_t>(draws_.lognormal(250, 1)) / 64 * 64;
            *usage.output_tokens += *usage.reasoning_tokens;
        } else if (model.caches && model.dialect == Dialect::OpenAi) {
            usage.reasoning_tokens = 0;
        }
        if (model.caches && (model.dialect != Dialect::Gemini || reply.cached_tokens > 0)) {
            usage.cache_read_tokens = std::min(reply.cached_tokens, *usage.input_tokens) / 128 * 128;
            if (model.dialect == Dialect::Anthropic) {
                const std::int64_t rest = *usage.input_tokens - *usage.cache_read_tokens;
                usage.cache_write_tokens.minutes_5 = rest > 1024 ? rest - 32 : 0;
            }
        }
    }
    usage.billed.text = billed_usage(usage, model);
}

void Caller::finish(Call& call, const Setting& setting, Reply reply, std::int64_t longest) {
    const Model& model = *setting.model;
    if (call.kind == Kind::Chat) {
        // Where the path says it, it always does; where the body does, streams alone are named.
        std::string& path = call.provider.endpoint.path;
        if (model.dialect == Dialect::Gemini)
            path += reply.stream ? ":streamGenerateContent" : ":generateContent";
        if (model.dialect == Dialect::Bedrock && reply.stream) path += "-stream";
        if (reply.stream || model.dialect == Dialect::Gemini || model.dialect == Dialect::Bedrock)
            call.request.stream = reply.stream;
    }
    call.request.parameters.text = parameters_of(setting, !reply.structured.text.empty());
    call.modality.input = {"text"};
    if (keep_raw_) call.raw.request = request_body(call, model);
    limits(call, model);
    call.provider.request_id = request_id(model, draws_);

    const Rhythm::Incident* incident = rhythm_.incident(call.started_at->unix_nanos, model.provider);
    std::optional<ErrorType> error;
    if (incident != nullptr && draws_.chance(incident->rate))
        error = incident->error;
    else if (draws_.chance(model.error_rate))
        error = draw_error(draws_);

    double ms = 0;
    if (error && !(reply.stream && *error == ErrorType::Server && incident == nullptr)) {
        refuse(call, model, *error, draws_);
        ms = *error == ErrorType::Timeout ? 60'000 + draws_.below(40)
                                          : draws_.lognormal(*error == ErrorType::Server ? 1'500 : 110, .6);
    } else {
        const bool is_cut = error.has_value();
        if (is_cut) reply.text = utf8_prefix(reply.text, 1 + reply.text.size() * draws_.below(90) / 100);
        call.status = Status::Success;
        call.provider.http_status = 200;
        call.model.served = model.served;
        if (model.dialect == Dialect::OpenAi && model.provider == "openai")
            call.provider.service_tier = "default";
        if (model.dialect == Dialect::Anthropic || model.dialect == Dialect::Gemini)
            call.provider.service_tier = "standard";
        call.response.id = response_id(model, draws_);
        const std::uint32_t cut_of_120 = setting.application->work == Work::CodeReview ? kCodeCutOf120 : 1;
        const bool length =
            call.kind == Kind::Chat && reply.tool_calls.empty() && draws_.below(120) < cut_of_120;
        if (length) call.status = Status::Partial;
        if (call.kind == Kind::Chat) {
            call.response.finish_reasons.emplace_back(
                finish_reason(model, !reply.tool_calls.empty(), length));
            call.response.output_chars = static_cast<std::int64_t>(utf8_length(reply.text));
            Message& message = call.response.messages.emplace_back();
            message.role = role_of_model(model);
            if (!reply.text.empty()) message.parts.emplace_back().text = reply.text;
            for (const ToolCall& tool : reply.tool_calls) {
                Part& part = message.parts.emplace_back();
                part.type = PartType::ToolCall;
                part.id = tool.id;
                part.name = tool.name;
                part.value = tool.arguments;
            }
            call.modality.output = {"text"};
            if (!reply.structured.text.empty()) call.modality.output.emplace_back("json");
        }
        std::size_t answer_bytes = reply.text.size();
        for (const ToolCall& tool : reply.tool_calls)
            answer_bytes += tool.name.size() + tool.arguments.text.size();
        measure(call, setting, reply, answer_bytes);
        if (is_cut) cut(call);
        if (!is_cut) call.response.structured = std::move(reply.structured);
        call.response.tool_calls = std::move(reply.tool_calls);
        call.response.output = std::move(reply.output);

        const double first_token = draws_.lognormal(model.first_token_ms, .45) +
                                   static_cast<double>(call.usage.input_tokens.value_or(0)) / 40.0;
        ms = first_token;
        if (call.usage.output_tokens) {
            const auto out = static_cast<double>(*call.usage.output_tokens);
            ms += out / (model.tokens_per_second * draws_.lognormal(1, .2)) * 1000;
            if (reply.stream) {
                call.time.time_to_first_token = Duration{static_cast<std::int64_t>(first_token * 1e6)};
                call.response.chunks = 1 + static_cast<std::int64_t>(out / 1.3);
            }
        }
        if (model.provider == "openai")
            call.time.phases["provider_processing"] =
                Duration{static_cast<std::int64_t>(first_token * .9) * kMillisecond};
    }

    const std::int64_t nanos = std::min(static_cast<std::int64_t>(ms * 1e6), longest);
    if (call.time.time_to_first_token && call.time.time_to_first_token->nanos > nanos)
        call.time.time_to_first_token->nanos = nanos;
    call.time.duration = Duration{nanos};
    call.ended_at = Timestamp{call.started_at->unix_nanos + nanos, 0};
    providers::fill_preview(call);
}

void Caller::finish_own(Call& call, std::int64_t duration) const {
    call.time.duration = Duration{duration};
    call.ended_at = Timestamp{call.started_at->unix_nanos + duration, 0};
    providers::fill_preview(call);
}

}  // namespace steno::demo
