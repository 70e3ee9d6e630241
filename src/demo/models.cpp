#include "demo/models.hpp"

#include <array>

namespace steno::demo {

namespace {

constexpr std::string_view kOpenAi = "api.openai.com";
constexpr std::string_view kChat = "/v1/chat/completions";
constexpr std::string_view kGoogle = "generativelanguage.googleapis.com";
constexpr std::string_view kAzure = "contoso-eu.openai.azure.com";
constexpr std::string_view kBedrock = "bedrock-runtime.us-east-1.amazonaws.com";

// provider, host, path, requested, served, dialect, share, error rate, first token, tokens/s, reasons, caches
constexpr std::array<Model, 34> kModels{{
    {"openai", kOpenAi, kChat, "gpt-4o-mini", "gpt-4o-mini-2024-07-18", Dialect::OpenAi, 9, .017, 420, 95,
     false, true},
    {"openai", kOpenAi, kChat, "gpt-4.1-mini", "gpt-4.1-mini-2025-04-14", Dialect::OpenAi, 6, .014, 400, 90,
     false, true},
    {"openai", kOpenAi, kChat, "gpt-4.1", "gpt-4.1-2025-04-14", Dialect::OpenAi, 3, .019, 520, 70, false,
     true},
    {"openai", kOpenAi, kChat, "gpt-4o", "gpt-4o-2024-08-06", Dialect::OpenAi, 3, .022, 480, 75, false, true},
    {"openai", kOpenAi, kChat, "gpt-5-mini", "gpt-5-mini-2025-08-07", Dialect::OpenAi, 8, .019, 900, 110,
     true, true},
    {"openai", kOpenAi, kChat, "gpt-5-nano", "gpt-5-nano-2025-08-07", Dialect::OpenAi, 3, .017, 700, 140,
     true, true},
    {"openai", kOpenAi, kChat, "gpt-5", "gpt-5-2025-08-07", Dialect::OpenAi, 3, .024, 1800, 80, true, true},
    {"openai", kOpenAi, kChat, "gpt-5.4", "gpt-5.4-2026-03-05", Dialect::OpenAi, 4, .022, 1400, 85, true,
     true},
    {"openai", kOpenAi, kChat, "gpt-5.4-mini", "gpt-5.4-mini-2026-03-17", Dialect::OpenAi, 5, .018, 800, 130,
     true, true},
    {"openai", kOpenAi, kChat, "o4-mini", "o4-mini-2025-04-16", Dialect::OpenAi, 1.5, .026, 2500, 90, true,
     true},
    {"anthropic", "api.anthropic.com", "/v1/messages", "claude-sonnet-4-5", "claude-sonnet-4-5-20250929",
     Dialect::Anthropic, 9, .026, 850, 65, false, true},
    {"anthropic", "api.anthropic.com", "/v1/messages", "claude-haiku-4-5", "claude-haiku-4-5-20251001",
     Dialect::Anthropic, 7, .022, 450, 130, false, true},
    {"anthropic", "api.anthropic.com", "/v1/messages", "claude-sonnet-5", "claude-sonnet-5",
     Dialect::Anthropic, 5, .029, 900, 70, false, true},
    {"anthropic", "api.anthropic.com", "/v1/messages", "claude-opus-4-8", "claude-opus-4-8",
     Dialect::Anthropic, 2, .036, 1300, 50, false, true},
    {"gcp.gemini", kGoogle, "/v1beta/models/gemini-2.5-flash", "gemini-2.5-flash", "gemini-2.5-flash",
     Dialect::Gemini, 6, .024, 380, 160, false, true},
    {"gcp.gemini", kGoogle, "/v1beta/models/gemini-2.5-flash-lite", "gemini-2.5-flash-lite",
     "gemini-2.5-flash-lite", Dialect::Gemini, 3, .022, 300, 220, false, true},
    {"gcp.gemini", kGoogle, "/v1beta/models/gemini-2.5-pro", "gemini-2.5-pro", "gemini-2.5-pro",
     Dialect::Gemini, 3, .034, 2200, 90, true, true},
    {"gcp.gemini", kGoogle, "/v1beta/models/gemini-3-flash-preview", "gemini-3-flash-preview",
     "gemini-3-flash-preview", Dialect::Gemini, 2, .038, 700, 150, true, true},
    {"gcp.vertex_ai", "europe-west4-aiplatform.googleapis.com",
     "/v1/projects/contoso/locations/europe-west4/publishers/google/models/"
     "gemini-2.5-flash",
     "gemini-2.5-flash", "gemini-2.5-flash", Dialect::Gemini, 2, .019, 410, 150, false, true},
    {"azure.ai.openai", kAzure, "/openai/deployments/gpt-4o/chat/completions", "gpt-4o", "gpt-4o-2024-08-06",
     Dialect::OpenAi, 2.5, .024, 560, 70, false, true},
    {"azure.ai.openai", kAzure, "/openai/deployments/gpt-4.1-mini/chat/completions", "gpt-4.1-mini",
     "gpt-4.1-mini-2025-04-14", Dialect::OpenAi, 2, .019, 480, 85, false, true},
    {"aws.bedrock", kBedrock, "/model/us.anthropic.claude-sonnet-4-5-20250929-v1:0/converse",
     "us.anthropic.claude-sonnet-4-5-20250929-v1:0", "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
     Dialect::Bedrock, 1.5, .031, 950, 60, false, false},
    {"aws.bedrock", kBedrock, "/model/amazon.nova-lite-v1:0/converse", "amazon.nova-lite-v1:0",
     "amazon.nova-lite-v1:0", Dialect::Bedrock, 1, .019, 400, 130, false, false},
    {"mistral_ai", "api.mistral.ai", kChat, "mistral-large-2512", "mistral-large-2512", Dialect::OpenAi, 1.3,
     .026, 500, 60, false, false},
    {"mistral_ai", "api.mistral.ai", kChat, "mistral-small-latest", "mistral-small-latest", Dialect::OpenAi,
     1.5, .022, 300, 120, false, false},
    {"deepseek", "api.deepseek.com", "/chat/completions", "deepseek-chat", "deepseek-chat", Dialect::OpenAi,
     1.5, .041, 1100, 45, false, false},
    {"x_ai", "api.x.ai", kChat, "grok-4-1-fast", "grok-4-1-fast", Dialect::OpenAi, 1, .031, 600, 120, false,
     false},
    {"groq", "api.groq.com", "/openai/v1/chat/completions", "llama-3.3-70b-versatile",
     "llama-3.3-70b-versatile", Dialect::OpenAi, 1.5, .048, 180, 300, false, false},
    {"cohere", "api.cohere.com", "/v2/chat", "command-a-03-2025", "command-a-03-2025", Dialect::Cohere, .7,
     .024, 450, 80, false, false},
    {"openai", kOpenAi, "/v1/embeddings", "text-embedding-3-small", "text-embedding-3-small",
     Dialect::Embedding, 7, .006, 120, 0, false, false},
    {"openai", kOpenAi, "/v1/embeddings", "text-embedding-3-large", "text-embedding-3-large",
     Dialect::Embedding, 2, .006, 160, 0, false, false},
    {"mistral_ai", "api.mistral.ai", "/v1/embeddings", "mistral-embed", "mistral-embed", Dialect::Embedding,
     1, .010, 140, 0, false, false},
    {"openai", kOpenAi, "/v1/moderations", "omni-moderation-latest", "omni-moderation-latest",
     Dialect::Moderation, 1, .004, 180, 0, false, false},
    {"cohere", "api.cohere.com", "/v2/rerank", "rerank-v3.5", "rerank-v3.5", Dialect::Rerank, 1, .008, 220, 0,
     false, false},
}};

Kind kind_of(Dialect dialect) {
    switch (dialect) {
        case Dialect::Embedding:
            return Kind::Embedding;
        case Dialect::Moderation:
            return Kind::Moderation;
        case Dialect::Rerank:
            return Kind::Rerank;
        default:
            return Kind::Chat;
    }
}

}  // namespace

std::span<const Model> models() {
    return kModels;
}

const Model& draw_model(Kind kind, Draws& draws) {
    double all = 0;
    for (const Model& model : kModels)
        if (kind_of(model.dialect) == kind) all += model.share;
    double left = draws.unit() * all;
    const Model* last = nullptr;
    for (const Model& model : kModels) {
        if (kind_of(model.dialect) != kind) continue;
        last = &model;
        if ((left -= model.share) < 0) break;
    }
    return *last;
}

}  // namespace steno::demo
