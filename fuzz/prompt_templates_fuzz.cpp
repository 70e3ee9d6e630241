// Templates, which anybody may write: the input is one, and its first line the variables' JSON. What is read
// is what was written, and filling it in ends within its bounds, also where it includes itself.
#include "fuzz.hpp"
#include "prompts/check.hpp"
#include "prompts/document_registry.hpp"
#include "templates/rendering.hpp"

#include <algorithm>
#include <string>

using namespace steno;
using fuzz::expect;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view input = fuzz::as_text(data, size);
    const std::size_t line = std::min(input.find('\n'), input.size());
    const std::string text(input.substr(std::min(line + 1, input.size())));
    const auto parsed = prompts::Template::parse(text);
    expect(parsed || parsed.error().message.starts_with("line "));
    if (parsed) {
        // In the order of the text, none overlapping another; sections hold what is between them.
        std::size_t done = 0;
        const auto nodes = parsed->nodes();
        for (std::size_t i = 0; i < nodes.size(); ++i) {
            expect(nodes[i].begin >= done && nodes[i].begin + nodes[i].size <= text.size());
            done = nodes[i].begin + nodes[i].size;
            const bool section = nodes[i].kind == prompts::Template::Kind::Section ||
                                 nodes[i].kind == prompts::Template::Kind::Inverted;
            expect(!section || (nodes[i].end > i && nodes[i].end <= nodes.size()));
            if (text.find("{{=") == std::string::npos && nodes[i].kind == prompts::Template::Kind::Text)
                expect(parsed->text_of(nodes[i]).find("{{") == std::string_view::npos);
        }
    }
    prompts::Content content;
    content.text = text;
    const auto good = prompts::check(content);  // of names it asks more
    expect(!good || (parsed.has_value() && !text.empty()));
    expect(good || text.empty() || good.error().message.starts_with("line "));
    (void)prompts::variables_of(content);
    if (const auto variables = prompts::Value::parse(input.substr(0, line))) {
        const auto again = prompts::Value::parse(variables->to_json());
        expect(again && again->to_json() == variables->to_json());
        int includes = 0;
        const auto rendering =
            prompts::render(content, *variables, [&](const prompts::Reference&) -> Result<prompts::Content> {
                prompts::Content included;
                included.text = ++includes % 3 == 0 ? text : "included {{a}}";
                return included;
            });
        expect(!rendering || rendering->text.size() <= prompts::kMaxRendering);
    }
    (void)prompts::template_of_format_string(text);
    return 0;
}
