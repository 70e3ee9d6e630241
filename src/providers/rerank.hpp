#pragma once

#include "providers/openai.hpp"

/// Reranking, which nearly all services spell as Cohere does: POST …/rerank with `query`, `documents` and
/// how many to return; the answer has `results` (Voyage: `data`) of `{index, relevance_score}`, best first.
/// Cohere, Voyage, Jina, Together, vLLM and others; Text Embeddings Inference says `texts`, and its answer is
/// the list itself.
namespace steno::providers {

/// kind Rerank; request.input is `{"query": …, "documents": …}`.
void read_rerank_request(JsonValue body, Call& call);
/// response.output is the list of results, verbatim. Usage in the form of OpenAI (`usage`) or of Cohere
/// (`meta`).
MakeReader make_rerank_reader;

}  // namespace steno::providers
