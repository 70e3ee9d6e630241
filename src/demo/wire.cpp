#include "demo/wire.hpp"

#include "base/json_writer.hpp"

#include <array>

namespace steno::demo {

namespace {

/// The members of an object, without its braces.
std::string_view inside(const std::string& object) {
    const std::string_view text = object;
    return text.size() < 2 ? std::string_view() : text.substr(1, text.size() - 2);
}

void parameters(std::string& body, const Call& call) {
    if (const std::string_view members = inside(call.request.parameters.text); !members.empty())
        body.append(",").append(members);
}

void text_member(JsonWriter& json, std::string_view name, const Message& message) {
    std::string_view text;
    for (const Part& part : message.parts)
        if (part.type == PartType::Text || part.type == PartType::ToolResult) text = part.text;
    json.member(name, text);
}

void openai_message(JsonWriter& json, const Message& message) {
    json.begin_object();
    json.member("role", std::string_view(message.role));
    const Part& first = message.parts.front();
    if (first.type == PartType::ToolCall) {
        json.key("tool_calls");
        json.begin_array();
        for (const Part& part : message.parts) {
            json.begin_object();
            json.member("id", std::string_view(part.id));
            json.member("type", "function");
            json.key("function");
            json.begin_object();
            json.member("name", std::string_view(part.name));
            json.member("arguments", std::string_view(part.value.text));
            json.end_object();
            json.end_object();
        }
        json.end_array();
    } else {
        if (first.type == PartType::ToolResult) json.member("tool_call_id", std::string_view(first.id));
        text_member(json, "content", message);
    }
    json.end_object();
}

void anthropic_message(JsonWriter& json, const Message& message) {
    json.begin_object();
    json.member("role", std::string_view(message.role));
    if (message.parts.size() == 1 && message.parts.front().type == PartType::Text) {
        json.member("content", std::string_view(message.parts.front().text));
    } else {
        json.key("content");
        json.begin_array();
        for (const Part& part : message.parts) {
            json.begin_object();
            if (part.type == PartType::ToolCall) {
                json.member("type", "tool_use");
                json.member("id", std::string_view(part.id));
                json.member("name", std::string_view(part.name));
                json.member_raw("input", part.value.text);
            } else if (part.type == PartType::ToolResult) {
                json.member("type", "tool_result");
                json.member("tool_use_id", std::string_view(part.id));
                json.member("content", std::string_view(part.text));
            } else {
                json.member("type", "text");
                json.member("text", std::string_view(part.text));
            }
            json.end_object();
        }
        json.end_array();
    }
    json.end_object();
}

void parts_message(JsonWriter& json, const Message& message, Dialect dialect) {
    const bool gemini = dialect == Dialect::Gemini;
    json.begin_object();
    json.member("role", std::string_view(message.role));
    json.key(gemini ? "parts" : "content");
    json.begin_array();
    for (const Part& part : message.parts) {
        json.begin_object();
        if (part.type == PartType::ToolCall) {
            json.key(gemini ? "functionCall" : "toolUse");
            json.begin_object();
            if (!gemini) json.member("toolUseId", std::string_view(part.id));
            json.member("name", std::string_view(part.name));
            json.member_raw(gemini ? "args" : "input", part.value.text);
            json.end_object();
        } else if (part.type == PartType::ToolResult) {
            json.key(gemini ? "functionResponse" : "toolResult");
            json.begin_object();
            if (gemini) {
                json.member("name", std::string_view(part.name));
                json.member_raw("response", part.value.text);
            } else {
                json.member("toolUseId", std::string_view(part.id));
                json.key("content");
                json.begin_array();
                json.begin_object();
                json.member("text", std::string_view(part.text));
                json.end_object();
                json.end_array();
            }
            json.end_object();
        } else {
            json.member("text", std::string_view(part.text));
        }
        json.end_object();
    }
    json.end_array();
    json.end_object();
}

void messages(JsonWriter& json, const Call& call, Dialect dialect) {
    json.key(dialect == Dialect::Gemini ? "contents" : "messages");
    json.begin_array();
    for (const Message& message : call.request.messages) {
        if (message.parts.empty()) continue;
        if (dialect == Dialect::Anthropic)
            anthropic_message(json, message);
        else if (dialect == Dialect::Gemini || dialect == Dialect::Bedrock)
            parts_message(json, message, dialect);
        else
            openai_message(json, message);
    }
    json.end_array();
}

struct Tool {
    std::string_view name;
    std::string_view description;
    std::string_view schema;
};
constexpr std::array<Tool, 4> kTools{{
    {"search_records", "Searches the records of a customer by words and a period.",
     R"({"type":"object","properties":{"query":{"type":"string","description":"words that must occur"},"from":{"type":"string","format":"date"},"limit":{"type":"integer","minimum":1,"maximum":100}},"required":["query"]})"},
    {"get_order", "One order with its items, payments and shipments.",
     R"({"type":"object","properties":{"order_id":{"type":"string"},"with_history":{"type":"boolean"}},"required":["order_id"]})"},
    {"update_ticket", "Changes the state of a ticket and adds a note.",
     R"({"type":"object","properties":{"ticket_id":{"type":"string"},"state":{"type":"string","enum":["open","waiting","solved"]},"note":{"type":"string"}},"required":["ticket_id","state"]})"},
    {"run_query", "Runs a read-only SQL query on the reporting database.",
     R"({"type":"object","properties":{"sql":{"type":"string"},"timeout_s":{"type":"integer"}},"required":["sql"]})"},
}};

}  // namespace

std::string request_body(const Call& call, const Model& model) {
    std::string body;
    std::size_t size =
        512 + call.request.system.size() + call.request.input.text.size() + call.request.tools.text.size();
    for (const Message& message : call.request.messages)
        for (const Part& part : message.parts) size += part.text.size() * 9 / 8 + part.value.text.size() + 64;
    body.reserve(size);
    JsonWriter json(body);
    json.begin_object();
    const bool model_in_path = model.dialect == Dialect::Gemini || model.dialect == Dialect::Bedrock ||
                               model.provider == "azure.ai.openai";
    if (!model_in_path) json.member("model", model.requested);
    switch (model.dialect) {
        case Dialect::OpenAi:
        case Dialect::Cohere:
            messages(json, call, model.dialect);
            break;
        case Dialect::Anthropic:
            if (!call.request.system.empty()) json.member("system", std::string_view(call.request.system));
            messages(json, call, model.dialect);
            break;
        case Dialect::Gemini:
            messages(json, call, model.dialect);
            if (!call.request.system.empty()) {
                json.key("systemInstruction");
                json.begin_object();
                json.key("parts");
                json.begin_array();
                json.begin_object();
                json.member("text", std::string_view(call.request.system));
                json.end_object();
                json.end_array();
                json.end_object();
            }
            break;
        case Dialect::Bedrock:
            if (!call.request.system.empty()) {
                json.key("system");
                json.begin_array();
                json.begin_object();
                json.member("text", std::string_view(call.request.system));
                json.end_object();
                json.end_array();
            }
            messages(json, call, model.dialect);
            break;
        case Dialect::Embedding:
        case Dialect::Moderation:
            json.member_raw("input", call.request.input.text);
            break;
        case Dialect::Rerank: {
            const std::string_view members = inside(call.request.input.text);
            body.append(",").append(members);
            break;
        }
    }
    if (!call.request.tools.text.empty() && model.dialect == Dialect::Bedrock) {
        json.key("toolConfig");
        json.begin_object();
        json.member_raw("tools", call.request.tools.text);
        json.end_object();
    } else if (!call.request.tools.text.empty()) {
        json.member_raw("tools", call.request.tools.text);
    }
    parameters(body, call);
    if (call.request.stream.value_or(false) && model.dialect != Dialect::Gemini &&
        model.dialect != Dialect::Bedrock)
        body.append(R"(,"stream":true)");
    body.push_back('}');
    return body;
}

std::string billed_usage(const Usage& usage, const Model& model) {
    std::string out;
    JsonWriter json(out);
    const std::int64_t input = usage.input_tokens.value_or(0);
    const std::int64_t output = usage.output_tokens.value_or(0);
    const std::int64_t cached = usage.cache_read_tokens.value_or(0);
    const std::int64_t written = usage.cache_write_tokens.minutes_5.value_or(0);
    const std::int64_t reasoning = usage.reasoning_tokens.value_or(0);
    json.begin_object();
    switch (model.dialect) {
        case Dialect::Anthropic:
            json.member("input_tokens", input - cached - written);
            json.member("cache_creation_input_tokens", written);
            json.member("cache_read_input_tokens", cached);
            json.member("output_tokens", output);
            json.member("service_tier", "standard");
            break;
        case Dialect::Gemini:
            json.member("promptTokenCount", input);
            json.member("candidatesTokenCount", output - reasoning);
            json.member("totalTokenCount", input + output);
            if (cached > 0) json.member("cachedContentTokenCount", cached);
            if (reasoning > 0) json.member("thoughtsTokenCount", reasoning);
            break;
        case Dialect::Bedrock:
            json.member("inputTokens", input);
            json.member("outputTokens", output);
            json.member("totalTokens", input + output);
            break;
        case Dialect::Cohere:
            json.key("billed_units");
            json.begin_object();
            json.member("input_tokens", input);
            json.member("output_tokens", output);
            json.end_object();
            break;
        case Dialect::Rerank:
            json.key("billed_units");
            json.begin_object();
            json.member("search_units", usage.searches.value_or(0));
            json.end_object();
            break;
        case Dialect::Embedding:
        case Dialect::Moderation:
            json.member("prompt_tokens", input);
            json.member("total_tokens", input);
            break;
        case Dialect::OpenAi:
            json.member("prompt_tokens", input);
            json.member("completion_tokens", output);
            json.member("total_tokens", input + output);
            if (model.caches) {
                json.key("prompt_tokens_details");
                json.begin_object();
                json.member("cached_tokens", cached);
                json.member("audio_tokens", 0);
                json.end_object();
                json.key("completion_tokens_details");
                json.begin_object();
                json.member("reasoning_tokens", reasoning);
                json.member("audio_tokens", 0);
                json.end_object();
            }
            break;
    }
    json.end_object();
    return out;
}

std::string request_id(const Model& model, Draws& draws) {
    std::string id;
    switch (model.dialect) {
        case Dialect::Anthropic:
            id = "req_01";
            draws.append_id(id, 22);
            break;
        case Dialect::Gemini:
            break;  // Google names none
        default:
            id = "req_";
            draws.append_hex(id, 32);
    }
    return id;
}

std::string response_id(const Model& model, Draws& draws) {
    std::string id;
    switch (model.dialect) {
        case Dialect::OpenAi:
            id = "chatcmpl-";
            draws.append_id(id, 29);
            break;
        case Dialect::Anthropic:
            id = "msg_01";
            draws.append_id(id, 22);
            break;
        case Dialect::Gemini:
            draws.append_id(id, 22);
            break;
        case Dialect::Cohere:
        case Dialect::Rerank:
            draws.append_hex(id, 32);
            break;
        case Dialect::Moderation:
            id = "modr-";
            draws.append_hex(id, 12);
            break;
        case Dialect::Bedrock:
        case Dialect::Embedding:
            break;
    }
    return id;
}

std::string tool_call_id(const Model& model, Draws& draws) {
    if (model.dialect == Dialect::Gemini) return {};
    std::string id = model.dialect == Dialect::Anthropic ? "toolu_01"
                     : model.dialect == Dialect::Bedrock ? "tooluse_"
                                                         : "call_";
    draws.append_id(id, 22);
    return id;
}

std::string_view finish_reason(const Model& model, bool tools, bool length) {
    switch (model.dialect) {
        case Dialect::Anthropic:
        case Dialect::Bedrock:
            return length ? "max_tokens" : tools ? "tool_use" : "end_turn";
        case Dialect::Gemini:
            return length ? "MAX_TOKENS" : "STOP";
        case Dialect::Cohere:
            return length ? "MAX_TOKENS" : tools ? "TOOL_CALL" : "COMPLETE";
        default:
            return length ? "length" : tools ? "tool_calls" : "stop";
    }
}

std::string_view tool_name(Draws& draws) {
    return draws.pick(kTools).name;
}

std::string tool_definitions(const Model& model) {
    std::string out;
    JsonWriter json(out);
    json.begin_array();
    const bool nested = model.dialect == Dialect::OpenAi || model.dialect == Dialect::Cohere;
    if (model.dialect == Dialect::Gemini) {
        json.begin_object();
        json.key("functionDeclarations");
        json.begin_array();
    }
    for (const Tool& tool : kTools) {
        json.begin_object();
        if (nested) {
            json.member("type", "function");
            json.key("function");
            json.begin_object();
        } else if (model.dialect == Dialect::Bedrock) {
            json.key("toolSpec");
            json.begin_object();
        }
        json.member("name", tool.name);
        json.member("description", tool.description);
        if (model.dialect == Dialect::Bedrock) {
            json.key("inputSchema");
            json.begin_object();
            json.member_raw("json", tool.schema);
            json.end_object();
        } else {
            json.member_raw(model.dialect == Dialect::Anthropic ? "input_schema" : "parameters", tool.schema);
        }
        if (nested || model.dialect == Dialect::Bedrock) json.end_object();
        json.end_object();
    }
    if (model.dialect == Dialect::Gemini) {
        json.end_array();
        json.end_object();
    }
    json.end_array();
    return out;
}

}  // namespace steno::demo
