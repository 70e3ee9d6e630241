#pragma once

#include "base/error.hpp"
#include "templates/content.hpp"
#include "templates/template.hpp"
#include "templates/value.hpp"

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace steno::prompts {

/// A prompt with its variables filled in.
struct Rendering {
    std::string text;               ///< of a text prompt
    std::vector<Message> messages;  ///< of a chat prompt
    /// Asked for, without a value and without a default: they are empty in the text. By name.
    std::vector<std::string> missing;
    std::vector<std::string> unused;  ///< given, and no template asks for them
    std::vector<std::string> used;    ///< asked for, and given or of a default
};

inline constexpr std::size_t kMaxRendering = 10u << 20;  ///< bytes of all its texts
inline constexpr std::size_t kMaxIncludeDepth = 8;
inline constexpr std::size_t kMaxIncludedText = 10u << 20;  ///< bytes of all that is included
/// Tags that are filled in and names that are looked for: what ends a template that would run for hours.
inline constexpr std::size_t kMaxSteps = 10'000'000;

/// Of one rendering, for who has less time or memory than that.
struct RenderingBounds {
    std::size_t bytes = kMaxRendering;
    std::size_t steps = kMaxSteps;
};

/// The prompt that an include names. An error of it becomes that of the rendering.
using Includes = std::function<Result<Content>(const Reference& reference)>;

/// Fills in `variables`, a JSON object; null is as if nothing were given. InvalidArgument: a value is not of
/// its variable's type, or an include includes itself or a chat prompt; ResourceExhausted: one of the bounds
/// above.
Result<Rendering> render(const Content& content, const Value& variables, const Includes& includes,
                         const RenderingBounds& bounds = {});

/// Prompts by how they are included: "tone", "tone@production".
using Included = std::map<std::string, Content, std::less<>>;
/// All that it includes, directly or not, for who is to render it elsewhere: text and declarations alone. The
/// errors are those that `render` would have.
Result<Included> included_in(const Content& content, const Includes& includes);
/// Looks there. NotFound: it is none of them.
Includes from(const Included& included);

}  // namespace steno::prompts
