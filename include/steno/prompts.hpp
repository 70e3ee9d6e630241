#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Prompts of the registry, fetched by name and filled in here.
///
///     steno::Prompt prompt = steno::get_prompt("answer");            // the version in production
///     steno::RenderedPrompt filled = prompt.render({{"question", "Why?"}});
///     steno::ContextScope scope(steno::Context::current().with_prompt(filled));
///     ask_your_model(filled.text());                                  // recorded with name, version,
///     variables
namespace steno {

struct PromptOptions {
    /// Which version: where this label stands, or this number. Neither: `production`, and where that stands
    /// nowhere, the latest.
    std::string label = {};
    std::string version = {};
    /// For so long after the server was asked, the answer is taken from memory. Up to ten times as long it is
    /// so, too, and the server is asked meanwhile; after that it is waited for. 0: it is waited for each
    /// time.
    std::chrono::milliseconds max_age{60'000};
    /// How long the server is waited for.
    std::chrono::milliseconds patience{2'000};
    /// A text (a template) that stands in where there is no version to be had. It includes nothing.
    std::optional<std::string> fallback = {};
    /// Whose variant it is to be, where an experiment runs for the prompt: the user, session or request, as
    /// the experiment divides; the first 200 bytes count. Absent: the one of the current Context. Who asks
    /// for a version by its number gets that one.
    std::optional<std::string> unit = {};
};

/// Where a prompt comes from.
enum class PromptSource : unsigned char {
    None,      ///< there is none: see Prompt::error
    Server,    ///< now, or before, by this process
    File,      ///< by a process before, while the server cannot be asked
    Fallback,  ///< of PromptOptions
};

struct PromptMessage {
    std::string role;
    std::string content;
};

/// A prompt with its variables filled in: what goes to the model, and what calls made with it carry
/// (Context::with_prompt). A value, cheap to copy; any thread.
class RenderedPrompt {
  public:
    RenderedPrompt() noexcept = default;

    /// False: it could not be filled in, `error` says why.
    explicit operator bool() const noexcept;
    [[nodiscard]] const std::string& error() const noexcept;

    /// Of a text prompt; empty of a chat prompt.
    [[nodiscard]] const std::string& text() const noexcept;
    /// Of a text prompt one of the user's.
    [[nodiscard]] const std::vector<PromptMessage>& messages() const noexcept;
    /// Asked for, without a value and without a default: they are empty in the text.
    [[nodiscard]] const std::vector<std::string>& missing() const noexcept;
    /// Given, and asked for nowhere.
    [[nodiscard]] const std::vector<std::string>& unused() const noexcept;

    /// Implementation.
    struct Data;
    explicit RenderedPrompt(std::shared_ptr<const Data> data) noexcept : data_(std::move(data)) {}
    [[nodiscard]] const std::shared_ptr<const Data>& data() const noexcept { return data_; }

  private:
    std::shared_ptr<const Data> data_;
};

/// A version of a prompt. A value, cheap to copy; any thread. Nothing here throws.
class Prompt {
  public:
    Prompt() noexcept = default;

    /// False: there is none to be had, `error` says why.
    explicit operator bool() const noexcept { return source() != PromptSource::None; }
    [[nodiscard]] PromptSource source() const noexcept;
    /// Why there is none, or why it may not be what the server has now. Empty: it is.
    [[nodiscard]] const std::string& error() const noexcept;
    /// The server does not know the prompt, the label or the version.
    [[nodiscard]] bool unknown() const noexcept;

    [[nodiscard]] const std::string& name() const noexcept;
    [[nodiscard]] const std::string& version() const noexcept;  ///< empty of a fallback
    [[nodiscard]] const std::vector<std::string>& labels() const noexcept;
    [[nodiscard]] const std::string& goal() const noexcept;
    [[nodiscard]] const std::string& model() const noexcept;
    [[nodiscard]] std::optional<double> temperature() const noexcept;
    [[nodiscard]] std::optional<double> top_p() const noexcept;
    [[nodiscard]] std::optional<std::int64_t> top_k() const noexcept;
    [[nodiscard]] std::optional<std::int64_t> token_limit() const noexcept;
    /// JSON, empty where there are none.
    [[nodiscard]] const std::string& parameters() const noexcept;
    [[nodiscard]] const std::string& tools() const noexcept;
    [[nodiscard]] const std::string& response_schema() const noexcept;
    /// The templates, as they were written: a text, or messages.
    [[nodiscard]] const std::string& text() const noexcept;
    [[nodiscard]] std::vector<PromptMessage> messages() const noexcept;

    /// Fills in the variables, by the rules of the registry (docs/prompts.md), here in the program.
    [[nodiscard]] RenderedPrompt render(
        const std::map<std::string, std::string>& variables = {}) const noexcept;
    /// A JSON object, where they are more than texts.
    [[nodiscard]] RenderedPrompt render_json(std::string_view variables) const noexcept;

    /// Of the experiment by which this version was chosen: its name, and the variant's. Calls that are made
    /// with the prompt carry it. Empty: it was chosen by label or version.
    [[nodiscard]] const std::string& experiment() const noexcept;
    [[nodiscard]] const std::string& variant() const noexcept;

    /// Implementation.
    struct Data;
    explicit Prompt(std::shared_ptr<const Data> data) noexcept : data_(std::move(data)) {}
    [[nodiscard]] const std::shared_ptr<const Data>& data() const noexcept { return data_; }

  private:
    std::shared_ptr<const Data> data_;
};

/// The version of a prompt to be used now, from the server that recording goes to (TrackingOptions::server),
/// whether recording is on or off. From memory while it is fresh: less than a microsecond. Never throws, and
/// waits no longer than PromptOptions::patience. What was fetched once is served on while the server is away,
/// and kept in the spool folder for the next process. Where an experiment runs for the prompt, its unit's
/// variant is chosen here, too, by the plan that came with it (PromptOptions::unit). Any thread.
[[nodiscard]] Prompt get_prompt(std::string_view name, const PromptOptions& options = {}) noexcept;

}  // namespace steno
