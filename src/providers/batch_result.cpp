#include "providers/batch_result.hpp"

#include "providers/errors.hpp"

#include <fmt/format.h>

#include <optional>
#include <string>

namespace steno::providers {

void read_batch_answer(MakeAnswerReader& make_reader, JsonValue answer, Call& call) {
    const HeaderLookup no_headers = [](std::string_view) -> std::optional<std::string_view> {
        return std::nullopt;
    };
    const RequestView request{.method = "POST", .path = {}, .query = {}, .header = no_headers, .body = {}};
    const auto reader = make_reader(request, {.status = 200, .header = no_headers});
    reader->feed(answer.raw());
    reader->end(true, call);
}

void name_batch_result(Call& call, std::string_view batch_id, std::string_view result,
                       std::string_view custom_id) {
    // A space of names for batch results alone, drawn once.
    static const Uuid kSpace = *Uuid::parse("5b0f6c0e-7d1c-4e0a-9a37-2f6d2b8b6a11");
    std::string ids;
    for (const std::string_view id : {batch_id, result, custom_id, std::string_view(call.response.id)})
        ids.append(fmt::format("{}:", id.size())).append(id);  // whatever is in it, none runs into the next
    call.id = Uuid::named(kSpace, ids);
    call.name = call.model.served.empty() ? "batch result" : call.model.served;
    call.provider.batch = true;
    call.labels.attributes["batch.id"] = std::string(batch_id);
    if (!custom_id.empty()) call.labels.attributes["batch.custom_id"] = std::string(custom_id);
    fill_preview(call);
}

void write_batch_summary(Call& fetching, const BatchCounts& counts) {
    if (counts.results == 0) return;
    std::string& output = fetching.response.output.text;
    output = fmt::format(R"({{"batch_results":{},"failed":{})", counts.results, counts.failed);
    if (counts.unreadable != 0) output += fmt::format(R"(,"unreadable":{})", counts.unreadable);
    output += '}';
}

void report_unreadable(Call& fetching, const BatchCounts& counts) {
    if (counts.results == 0 || counts.unreadable == 0) return;
    set_error(fetching, ErrorType::MalformedResponse,
              fmt::format("{} of the lines with the batch's results could not be read", counts.unreadable));
}

}  // namespace steno::providers
