#pragma once

#include "templates/content.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace steno::prompts {

enum class Change : std::uint8_t { Same, Removed, Added };
std::string_view to_string(Change change) noexcept;

struct Piece {
    std::string text;
    bool changed = false;  ///< not in the other text
};
struct DiffLine {
    Change change = Change::Same;
    std::vector<Piece> pieces;  ///< of the line without its end
};
/// Lines that changed, with up to three before and behind that did not.
struct Hunk {
    std::size_t from_line = 0;  ///< where it begins in the former text, from 1
    std::size_t to_line = 0;    ///< and in the later one
    std::vector<DiffLine> lines;
    /// Lines that changed here and behind, beyond kMaxLinesShown of the whole comparison: the last hunk's.
    std::size_t more_removed = 0;
    std::size_t more_added = 0;
};
inline constexpr std::size_t kMaxLinesShown = 100'000;

/// By lines, and within those by words (E. W. Myers, An O(ND) Difference Algorithm, 1986). Texts of which
/// more than a thousand lines changed, and those that are too much work, are told as replaced from the first
/// of these to the last. Time (half a second) and memory (some 200 MB) are bounded also where two texts of 10
/// MB have nothing in common. Empty: they are the same.
std::vector<Hunk> compare_texts(std::string_view from, std::string_view to);

struct FieldChange {
    std::string field;                ///< "model", "parameters.stop", "messages[1].role"
    std::optional<std::string> from;  ///< JSON; absent: it was not there
    std::optional<std::string> to;    ///< JSON; absent: it is not there
};
struct TextChange {
    std::string field;  ///< "goal", "text", "messages[0]", "tools", "response_schema"
    std::vector<Hunk> hunks;
};
struct VariableChange {
    std::string name;
    std::optional<Variable> from;
    std::optional<Variable> to;
};

/// What one version of a prompt says and another does not.
struct Difference {
    std::vector<FieldChange> fields;
    std::vector<TextChange> texts;
    std::vector<VariableChange> variables;  ///< those that are declared
    [[nodiscard]] bool none() const { return fields.empty() && texts.empty() && variables.empty(); }
};
Difference compare(const Content& from, const Content& to);

}  // namespace steno::prompts
