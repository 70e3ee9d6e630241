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

/// provider.batch, name, labels.attributes (batch.id, batch.custom_id) and the id, which is made from the
/// provider's name and the ids of batch, result and answer, so that results which are fetched again are the
/// same calls. Where results do not name their batch, `batch_id` is the id of the file that they stand in.
void name_batch_result(Call& call, std::string_view batch_id, std::string_view custom_id);
/// response.output of the call that fetched them: how many there were, and how many of these failed. Nothing
/// if there were none.
void write_batch_summary(Call& fetching, std::int64_t results, std::int64_t failed);

}  // namespace steno::providers
