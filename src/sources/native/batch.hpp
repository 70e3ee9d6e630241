#pragma once

#include "base/error.hpp"
#include "base/random.hpp"
#include "base/time.hpp"
#include "record/call.hpp"

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

/// Calls that programs recorded themselves and deliver, many at a time (docs/ingest.md).
namespace steno::native {

// What one delivery may hold. All of it is in memory at once, several times over.
inline constexpr std::size_t kMaxBody = 64u << 20;  ///< bytes, also once they are decompressed
inline constexpr std::size_t kMaxCalls = 10'000;    ///< an empty one still takes 4 KB of memory
inline constexpr std::size_t kMaxCall = 16u << 20;  ///< bytes of one call
/// Messages, parts, tags and all other entries of lists and maps: of one call, and of a delivery. An empty
/// one takes up to 300 bytes.
inline constexpr std::size_t kMaxItems = 100'000;
inline constexpr std::size_t kMaxDeliveredItems = 500'000;

/// What a delivery says of all of its calls: so many attributes, and so many bytes of them, each of which is
/// there once for every call.
inline constexpr std::size_t kMaxSharedAttributes = 16;
inline constexpr std::size_t kMaxSharedBytes = 64u << 20;
using SharedAttributes = std::map<std::string, AttributeValue>;

/// A call that is not taken, and why.
struct Rejection {
    std::size_t index = 0;  ///< of the call in the delivery, from 0
    Uuid id;                ///< nil: it has none, or it could not be read
    Error error;
};

/// Fields of a call that nobody here knows, by their paths: most likely misspelt.
struct Ignored {
    std::size_t index = 0;
    std::vector<std::string> fields;
};

struct Batch {
    std::vector<Call> calls;           ///< those that can be recorded: each has an id
    std::vector<std::size_t> indexes;  ///< where each of them stood in the delivery
    std::vector<std::size_t> made;     ///< places in `calls`: those whose ids were made here
    std::vector<Rejection> rejected;
    std::vector<Ignored> ignored;
};

/// Reads a delivery: `{"calls":[…]}`, a JSON object a line, or the binary form, by its content type; checks
/// each call, and completes it (admission.hpp). One call that cannot be taken does not harm the others. An
/// error: nothing can be taken. InvalidArgument: the body is not what its type says, and it cannot be said
/// where the next call begins; Unimplemented: a content type, or version of the binary form, that is not
/// known; ResourceExhausted: too many calls, or entries of their lists.
///
/// `shared` goes into the labels.attributes of each call that does not say otherwise, before it is checked.
/// InvalidArgument where these are too many or too long by themselves, ResourceExhausted where they are too
/// much for so many calls.
Result<Batch> read_batch(std::string_view content_type, std::string_view body, Clock& clock, Random& random,
                         const SharedAttributes& shared = {});

}  // namespace steno::native
