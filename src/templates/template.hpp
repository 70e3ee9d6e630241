#pragma once

#include "base/error.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace steno::prompts {

/// A text with Mustache tags (mustache(5), the specification without lambdas and inheritance):
///
///     {{name}} {{a.b}}   a value's text; {{{name}}} and {{&name}} are the same: prompts are not HTML
///     {{#name}}…{{/name}}   for each item of a list; once for anything else that is not false, with its
///                        members inside
///     {{^name}}…{{/name}}   where there is none, or it is false, null, "" or an empty list
///     {{.}}              the item itself
///     {{! … }}           nothing
///     {{> name}} {{> name@production}} {{> name@1.2}}   another prompt's text
///     {{=<% %>=}}        other marks than {{ and }} from here on
///
/// A line with nothing but a section's tag, a comment, an include or marks on it leaves no empty line.
///
/// There is nothing else: no helper, filter, function, file or clock. Why not a library: the one that Debian
/// has (kainjow's) takes 565 MB for a prompt of 10 MB, overflows the stack on deep nesting, fills includes
/// from the variables' values (so that who gives a value writes template), leaves empty lines, and tells
/// neither names nor columns. Tested with the specification's own cases.
class Template {
  public:
    static constexpr std::size_t kMaxText = 10u << 20;  ///< bytes
    static constexpr std::size_t kMaxDepth = 64;        ///< sections in sections
    static constexpr std::size_t kMaxTags = 100'000;
    static constexpr std::size_t kMaxName = 200;      ///< bytes of a variable's, with its members'
    static constexpr std::size_t kMaxInclude = 1000;  ///< bytes: the longest name, and a label

    enum class Kind : std::uint8_t { Text, Variable, Section, Inverted, Include };
    /// Nodes stand in the order of the text; a section's are between it and `end`.
    struct Node {
        Kind kind = Kind::Text;
        std::uint32_t begin = 0;  ///< of its text or name
        std::uint32_t size = 0;   ///< of that
        /// Of a section: the index behind its last node; of an include: where its indent stands.
        std::uint32_t end = 0;
        std::uint32_t indent = 0;  ///< of an include alone on its line: bytes of space before it
    };

    /// InvalidArgument: "line 3, column 7: …", lines and columns (of characters) from 1. What was parsed is
    /// UTF-8. Of a name beyond ASCII nothing is asked here: which may be made is the registry's to say.
    static Result<Template> parse(std::string text);

    [[nodiscard]] std::span<const Node> nodes() const { return nodes_; }
    /// A text node's text, another's name.
    [[nodiscard]] std::string_view text_of(const Node& node) const {
        return std::string_view(text_).substr(node.begin, node.size);
    }
    [[nodiscard]] std::string_view indent_of(const Node& include) const {
        return std::string_view(text_).substr(include.end, include.indent);
    }
    /// "line 3, column 7", of its name.
    [[nodiscard]] std::string position_of(const Node& node) const;

  private:
    friend class TemplateParser;
    std::string text_;
    std::vector<Node> nodes_;
};

/// What an include names: "tone@production" is the prompt "tone" as its label "production" has it, also with
/// spaces around the "@".
struct Reference {
    std::string_view name;
    std::string_view which;  ///< a version or a label; empty: as a fetch that says neither
};
Reference reference_of(std::string_view include) noexcept;

}  // namespace steno::prompts
