#include "base/json_writer.hpp"
#include "client/prompt_cache.hpp"
#include "client/prompt_data.hpp"
#include "client/tracker.hpp"

#include <utility>

namespace steno {

namespace {

const std::string kEmpty;
const std::string kNoMemory = "there is no memory for it";
const std::vector<std::string> kNoTexts;
const std::vector<PromptMessage> kNoMessages;
const prompts::Content kNoContent;

const FetchedPrompt* fetched(const Prompt& prompt) {
    return prompt.data() ? prompt.data()->fetched.get() : nullptr;
}
const prompts::Content& content(const Prompt& prompt) {
    const FetchedPrompt* const found = fetched(prompt);
    return found != nullptr ? found->content : kNoContent;
}

/// InvalidArgument; ResourceExhausted: a bound of the rendering.
Result<void> fill_in(const FetchedPrompt& from, std::string_view variables, RenderedPrompt::Data& into) {
    auto values = prompts::Value::parse(variables);
    if (!values) return std::unexpected(std::move(values).error().with_context("the variables"));
    STENO_ASSIGN(prompts::Rendering rendering,
                 prompts::render(from.content, *values, prompts::from(from.included)));
    into.name = from.name;
    into.version = from.version;
    if (!values->members.empty()) into.variables = variables;
    into.missing = std::move(rendering.missing);
    into.unused = std::move(rendering.unused);
    into.text = std::move(rendering.text);
    for (prompts::Message& message : rendering.messages)
        into.messages.push_back({std::move(message.role), std::move(message.content)});
    if (into.messages.empty()) into.messages.push_back({"user", into.text});
    return {};
}

}  // namespace

RenderedPrompt::operator bool() const noexcept {
    return data_ != nullptr && data_->error.empty();
}
const std::string& RenderedPrompt::error() const noexcept {
    return data_ ? data_->error : kNoMemory;
}
const std::string& RenderedPrompt::text() const noexcept {
    return data_ ? data_->text : kEmpty;
}
const std::vector<PromptMessage>& RenderedPrompt::messages() const noexcept {
    return data_ ? data_->messages : kNoMessages;
}
const std::vector<std::string>& RenderedPrompt::missing() const noexcept {
    return data_ ? data_->missing : kNoTexts;
}
const std::vector<std::string>& RenderedPrompt::unused() const noexcept {
    return data_ ? data_->unused : kNoTexts;
}

PromptSource Prompt::source() const noexcept {
    return data_ ? data_->source : PromptSource::None;
}
const std::string& Prompt::error() const noexcept {
    return data_ ? data_->error : kNoMemory;
}
bool Prompt::unknown() const noexcept {
    return data_ != nullptr && data_->unknown;
}
const std::string& Prompt::name() const noexcept {
    return fetched(*this) != nullptr ? fetched(*this)->name : kEmpty;
}
const std::string& Prompt::version() const noexcept {
    return fetched(*this) != nullptr ? fetched(*this)->version : kEmpty;
}
const std::vector<std::string>& Prompt::labels() const noexcept {
    return fetched(*this) != nullptr ? fetched(*this)->labels : kNoTexts;
}
const std::string& Prompt::goal() const noexcept {
    return content(*this).goal;
}
const std::string& Prompt::model() const noexcept {
    return content(*this).model;
}
std::optional<double> Prompt::temperature() const noexcept {
    return content(*this).temperature;
}
std::optional<double> Prompt::top_p() const noexcept {
    return content(*this).top_p;
}
std::optional<std::int64_t> Prompt::top_k() const noexcept {
    return content(*this).top_k;
}
std::optional<std::int64_t> Prompt::token_limit() const noexcept {
    return content(*this).token_limit;
}
const std::string& Prompt::parameters() const noexcept {
    return content(*this).parameters;
}
const std::string& Prompt::tools() const noexcept {
    return content(*this).tools;
}
const std::string& Prompt::response_schema() const noexcept {
    return content(*this).response_schema;
}
const std::string& Prompt::text() const noexcept {
    return content(*this).text;
}
std::vector<PromptMessage> Prompt::messages() const noexcept {
    std::vector<PromptMessage> messages;
    client::guarded([&] {
        for (const prompts::Message& message : content(*this).messages)
            messages.push_back({message.role, message.content});
    });
    return messages;
}

RenderedPrompt Prompt::render(const std::map<std::string, std::string>& variables) const noexcept {
    RenderedPrompt rendered;
    client::guarded([&] {
        std::string object;
        JsonWriter json(object);
        json.begin_object();
        for (const auto& [name, value] : variables) json.member(name, std::string_view(value));
        json.end_object();
        rendered = render_json(object);
    });
    return rendered;
}

RenderedPrompt Prompt::render_json(std::string_view variables) const noexcept {
    RenderedPrompt rendered;
    client::guarded([&] {
        auto data = std::make_shared<RenderedPrompt::Data>();
        const FetchedPrompt* const from = fetched(*this);
        if (from == nullptr) {
            data->error = error().empty() ? "there is no prompt" : error();
        } else if (const auto filled = fill_in(*from, variables, *data); !filled) {
            data->error = filled.error().message;
        }
        rendered = RenderedPrompt(std::move(data));
    });
    return rendered;
}

Prompt get_prompt(std::string_view name, const PromptOptions& options) noexcept {
    Prompt prompt;
    const auto began = client::PromptCache::Clock::now();
    client::guarded([&] {
        auto& cache = client::PromptCache::current();
        for (bool is_over = false; !is_over;) {
            auto found = cache.get(name, options, began, std::chrono::hours(24));
            if (found) prompt = std::move(*found);
            is_over = found.has_value();
        }
    });
    return prompt;
}

}  // namespace steno
