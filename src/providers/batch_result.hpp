#pragma once

#include "providers/json_view.hpp"
#include "providers/provider.hpp"

#include <cstdint>
#include <memory>
#include <string_view>

/// One answer out of the results of a batch, as a call of its own. Only what the result tells is in it: its
/// request went with the batch, so neither messages nor times are known.
namespace steno::providers {

/// Fills what the answer says to the reader of an endpoint that answers one such request, not streamed.
using MakeAnswerReader = std::unique_ptr<ResponseReader>(const RequestView&, const ResponseView&);
void read_batch_answer(MakeAnswerReader& make_reader, JsonValue answer, Call& call);

/// provider.batch, name, labels.attributes (batch.id, and batch.custom_id if the caller gave one) and the id.
///
/// The id is made from what the batch is, so that results which are fetched again, by whatever upstream's
/// name, are the same calls: from `batch_id`, from `result`, which is the provider's own name for one result
/// or its place where the order does not change, from `custom_id` and from the answer's id. Ids of batches,
/// files and answers are unique with each provider, and long enough not to meet those of another. Where
/// results do not name their batch, `batch_id` is the id of the file that they stand in.
void name_batch_result(Call& call, std::string_view batch_id, std::string_view result,
                       std::string_view custom_id);

/// What became of the results that one answer brought.
struct BatchCounts {
    std::int64_t results = 0;
    std::int64_t failed = 0;      ///< of these
    std::int64_t unreadable = 0;  ///< lines that are no results, and on the record nowhere else
};
/// response.output of the call that fetched them: {"batch_results", "failed", "unreadable" if there are any}.
/// Nothing if there were no results.
void write_batch_summary(Call& fetching, const BatchCounts& counts);
/// Makes the fetching call a malformed_response that says how many were unreadable, if there are any.
void report_unreadable(Call& fetching, const BatchCounts& counts);

}  // namespace steno::providers
