// Prompts as files, in JSON, and in the form of a program of before: what is read is written in a way that is
// read as the same; and a comparison leads from one text to the other.
#include "fuzz.hpp"
#include "prompts/check.hpp"
#include "prompts/difference.hpp"
#include "prompts/document_registry.hpp"
#include "prompts/prompt_file.hpp"

#include <algorithm>
#include <string>

using namespace steno;
using fuzz::expect;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view input = fuzz::as_text(data, size);
    if (const auto file = prompts::read_prompt_file(input); file && prompts::check(file->version.content)) {
        const std::string written = prompts::write_prompt_file(*file);
        const auto again = prompts::read_prompt_file(written);
        expect(again.has_value());
        expect(again->name == file->name && again->description == file->description &&
               again->tags == file->tags && again->version.notes == file->version.notes);
        expect(prompts::to_json(again->version.content) == prompts::to_json(file->version.content));
    }
    if (const auto content = prompts::content_from_json(input)) {
        const auto again = prompts::content_from_json(prompts::to_json(*content));
        expect(again && *again == *content);
        expect(prompts::compare(*content, *again).none());
    }
    (void)prompts::read_document_registry(input, prompts::Texts::FormatStrings);
    const std::string_view from = input.substr(0, size / 2);
    const std::string_view to = input.substr(size / 2);
    std::size_t removed = 0;
    std::size_t added = 0;
    for (const prompts::Hunk& hunk : prompts::compare_texts(from, to)) {
        removed += hunk.more_removed;
        added += hunk.more_added;
        for (const prompts::DiffLine& line : hunk.lines) {
            removed += line.change == prompts::Change::Removed ? 1 : 0;
            added += line.change == prompts::Change::Added ? 1 : 0;
        }
    }
    const auto lines = [](std::string_view text) {
        return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')) +
               (text.empty() || text.ends_with('\n') ? 0 : 1);
    };
    expect(lines(from) - removed == lines(to) - added);
    return 0;
}
