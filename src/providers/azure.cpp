#include "providers/azure.hpp"

#include "base/text.hpp"
#include "providers/anthropic.hpp"
#include "providers/http_facts.hpp"
#include "providers/openai.hpp"

#include <algorithm>
#include <utility>

namespace steno::providers {

namespace {

constexpr std::string_view kOpenAi = "azure.ai.openai";
constexpr std::string_view kInference = "azure.ai.inference";

/// What answers below a resource's URL.
enum class Service : unsigned char { OpenAi, Inference, Anthropic };

Service service_of(const RequestView& request) {
    const std::vector<std::string> segments = path_segments(request.path);
    if (segments.empty()) return Service::OpenAi;
    if (segments.front() == "anthropic") return Service::Anthropic;
    return segments.front() == "models" ? Service::Inference : Service::OpenAi;
}

const Provider& provider_of(Service service) {
    // Old versions of the API may refuse to be asked for a stream's usage, so nothing is said of that here.
    static const auto& openai = *new const OpenAiProvider({.record_name = kOpenAi});
    static const auto& inference = *new const OpenAiProvider(
        {.record_name = kInference, .reported_cost = ReportedCost::Ticks});  // of Grok
    switch (service) {
        case Service::Anthropic:
            return anthropic_provider();
        case Service::Inference:
            return inference;
        case Service::OpenAi:
            break;
    }
    return openai;
}

/// "api-version=2024-10-21". Nothing else of a query may be kept.
std::string api_version_in(std::string_view query) {
    for (const std::string_view parameter : split(query, '&')) {
        constexpr std::string_view kName = "api-version=";
        if (!parameter.starts_with(kName)) continue;
        constexpr std::size_t kLongest = 40;
        const std::string_view version = parameter.substr(kName.size(), kLongest);
        const bool plain = std::ranges::all_of(version, [](char c) {
            return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
        });
        return plain ? std::string(version) : std::string();
    }
    return {};
}

/// Reads as the service's own reader does; bodies that name no model leave it to the head.
class AzureReader final : public ResponseReader {
  public:
    AzureReader(std::unique_ptr<ResponseReader> reader, std::string served)
        : reader_(std::move(reader)), served_(std::move(served)) {}

    void feed(std::string_view bytes) override { reader_->feed(bytes); }
    [[nodiscard]] bool first_token_seen() const override { return reader_->first_token_seen(); }
    [[nodiscard]] bool finished() const override { return reader_->finished(); }
    void end(bool complete, Call& call) override {
        reader_->end(complete, call);
        if (call.model.served.empty()) call.model.served = served_;
    }
    std::vector<Call> further_calls() override { return reader_->further_calls(); }

  private:
    std::unique_ptr<ResponseReader> reader_;
    std::string served_;
};

class AzureProvider final : public Provider {
  public:
    void read_request(const RequestView& request, Call& call) const override {
        const Service service = service_of(request);
        provider_of(service).read_request(request, call);
        if (service == Service::Anthropic) call.provider.name = kInference;
        if (std::string version = api_version_in(request.query); !version.empty())
            call.provider.api_version = std::move(version);
    }

    std::unique_ptr<ResponseReader> read_response(const RequestView& request, const ResponseView& response,
                                                  Call& call) const override {
        auto reader = provider_of(service_of(request)).read_response(request, response, call);
        constexpr std::size_t kLongest = 200;
        const auto served = response.header("x-ms-served-model").value_or("");
        return std::make_unique<AzureReader>(std::move(reader),
                                             std::string(utf8_prefix(trim(served), kLongest)));
    }

    std::optional<std::string> ask_for_usage(const RequestView& request) const override {
        return provider_of(service_of(request)).ask_for_usage(request);
    }

    Result<std::string> edit_request(const RequestView& request, const RequestEdit& edit,
                                     std::span<const RequestEdit> others) const override {
        return provider_of(service_of(request)).edit_request(request, edit, others);
    }
};

}  // namespace

const Provider& azure_provider() {
    static const auto& provider = *new const AzureProvider;  // for ever: table.cpp
    return provider;
}

}  // namespace steno::providers
