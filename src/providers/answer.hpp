#pragma once

#include "providers/json_view.hpp"
#include "record/call.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace steno::providers {

/// An answer being put together, from a whole body or from the pieces of a stream: choices, each with its
/// parts in the order in which they came. Appending is linear; what is kept of one answer is bounded
/// (kMaxKept bytes), and what is left out beyond that is counted and said in privacy.truncated.
class Answer {
  public:
    static constexpr std::size_t kMaxKept = 64 << 20;
    static constexpr std::size_t kMaxChoices = 1024;

    /// The parts that follow belong to this choice. Choices come out in the order of their index.
    void select(std::int64_t choice);
    void set_role(std::string_view role);
    void set_finish_reason(std::string_view reason);

    /// Text or reasoning: continues the last part if that is of the same type, else begins one. "" does
    /// nothing. A character of which two pieces bring a half each is put together.
    void append(PartType type, JsonValue text);
    void append(PartType type, std::string_view text);
    /// A refusal, in one piece or many: kept as {"type": "refusal", "refusal": …}.
    void append_refusal(std::string_view text);
    /// A part of its own; the text that follows begins a new one.
    void add(Part part);
    /// Something that is kept verbatim: a server-side tool, a refusal, whatever is new.
    void add_verbatim(JsonValue value);

    /// A fragment of a tool call of the selected choice. `slot` is the provider's index. A new id, or a new
    /// name once the arguments are complete, under the same index is a new call: some providers use index 0
    /// for all.
    void append_tool_call(std::int64_t slot, std::string_view id, std::string_view name,
                          std::string_view arguments);
    /// A whole one, `arguments` being a JSON value or a string that holds one.
    void add_tool_call(std::string_view id, std::string_view name, JsonValue arguments);

    /// Something has come of which no part is kept.
    void note_output() { has_output_ = true; }

    /// Forgets the parts: the whole answer comes again. has_output() stays.
    void restart();

    /// Anything that a model produced has come.
    [[nodiscard]] bool has_output() const { return has_output_; }
    [[nodiscard]] bool empty() const { return choices_.empty(); }
    /// Every choice has said why it ended, and there is one.
    [[nodiscard]] bool all_finished() const;
    /// Some choice was cut by a limit on its length or by a filter.
    [[nodiscard]] bool cut_short() const;

    /// Writes response.messages, .finish_reasons, .tool_calls, .structured, .output_chars and
    /// modality.output. Once.
    void move_to(Call& call);

  private:
    struct Choice {
        Message message;
        std::string finish_reason;
        /// The last text ended with this half of a UTF-16 pair, which stands in it as U+FFFD.
        std::uint32_t half = 0;
        std::map<std::int64_t, std::size_t> tool_slots;  ///< the provider's index → place in message.parts
    };
    Choice& selected();
    /// Room for that many bytes more? If not, they are counted as left out.
    bool take(std::size_t bytes);
    Part* begin_part(PartType type);

    std::map<std::int64_t, Choice> choices_;
    Choice* selected_ = nullptr;
    bool has_output_ = false;
    std::size_t kept_ = 0;
    std::size_t left_out_ = 0;
};

/// A tool call's arguments as valid JSON: the text itself if it is JSON, {} if it is blank, else the text as
/// a string.
Json tool_arguments(std::string_view text);
/// From a value that is the arguments, or a string that holds them.
Json tool_arguments(JsonValue value);
/// Verbatim; absent for an absent or null value.
Json verbatim(JsonValue value);
/// Adds a name to a set that is kept as a list.
void add_modality(std::vector<std::string>& set, std::string_view name);
/// Does this finish reason mean that there would have been more?
bool is_cut_short(std::string_view finish_reason);

}  // namespace steno::providers
