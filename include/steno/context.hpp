#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// What is known around a call: whose session it belongs to, which request, agent and function it serves,
/// which prompt it uses. A call takes the context that is current on its thread where it begins.
namespace steno {

class RenderedPrompt;

using Attribute = std::variant<std::string, double, bool>;

/// An immutable value, cheap to copy and to hand to other threads and coroutines. Each `with_…` gives a new
/// one. Out of memory, it is the one that it was made from. Never throws.
class Context {
  public:
    Context() noexcept = default;

    /// The innermost ContextScope of this thread, or the empty one.
    [[nodiscard]] static Context current() noexcept;

    [[nodiscard]] Context with_session(std::string_view id) const noexcept;
    /// All calls below carry this id and are numbered in the order in which they begin. Empty: a new id.
    /// Begins a trace, too, unless one came in (with_traceparent).
    [[nodiscard]] Context with_request(std::string_view id = {}) const noexcept;
    [[nodiscard]] Context with_user(std::string_view id) const noexcept;
    [[nodiscard]] Context with_agent(std::string_view name) const noexcept;
    [[nodiscard]] Context with_function(std::string_view name,
                                        std::string_view operation = {}) const noexcept;
    [[nodiscard]] Context with_project(std::string_view name) const noexcept;
    [[nodiscard]] Context with_environment(std::string_view name) const noexcept;
    [[nodiscard]] Context with_tag(std::string_view tag) const noexcept;
    [[nodiscard]] Context with_attribute(std::string_view name, Attribute value) const noexcept;

    struct Prompt {
        std::string type = {};  ///< what it is for: "summary"
        std::string name = {};  ///< in a registry
        std::string version = {};
        /// With placeholders {name}, {{name}} or ${name}. Those without a variable are recorded as missing.
        /// Empty: it is not known which there should be.
        std::string text = {};
        std::map<std::string, std::string> variables = {};
    };
    [[nodiscard]] Context with_prompt(const Prompt& prompt) const noexcept;
    /// One of the registry (steno/prompts.hpp): name, version, variables and those that are missing. The type
    /// stays what it is. Of what could not be rendered no name and version: what is asked is not the prompt
    /// around it.
    [[nodiscard]] Context with_prompt(const RenderedPrompt& prompt) const noexcept;

    /// From another process: a W3C traceparent header, "00-<trace>-<span>-<flags>". Calls that are within no
    /// other have that span as their parent. What is none changes nothing. Source: w3.org/TR/trace-context,
    /// section 3.2.
    [[nodiscard]] Context with_traceparent(std::string_view header) const noexcept;
    /// For the next process: its span is that of the innermost call that this is within. Empty without a
    /// trace, that is outside of a request.
    [[nodiscard]] std::string traceparent() const noexcept;

    [[nodiscard]] std::string session() const noexcept;
    [[nodiscard]] std::string request() const noexcept;
    [[nodiscard]] std::string user() const noexcept;
    [[nodiscard]] std::string agent() const noexcept;

    /// Implementation.
    struct Node;
    explicit Context(std::shared_ptr<const Node> node) noexcept : node_(std::move(node)) {}
    [[nodiscard]] const std::shared_ptr<const Node>& node() const noexcept { return node_; }

  private:
    std::shared_ptr<const Node> node_;
};

/// Makes a context current on this thread until it is destroyed. In a coroutine that may be resumed by
/// another thread, use it only between two suspensions, and hand the Context itself across them.
class ContextScope {
  public:
    explicit ContextScope(Context context) noexcept;
    ~ContextScope();
    ContextScope(const ContextScope&) = delete;
    ContextScope& operator=(const ContextScope&) = delete;

  private:
    struct Entry;
    friend class Context;
    std::shared_ptr<Entry> entry_;
};

}  // namespace steno
