#include "repricing/said_costs.hpp"

#include "ingest/entry.hpp"

#include <utility>

namespace steno::repricing {

Result<SaidCosts> SaidCosts::of(journal::Reader& reader, std::string repricing) {
    SaidCosts said(reader, std::move(repricing));
    STENO_ASSIGN(const auto streams, reader.streams());
    for (const journal::StreamInfo& stream : streams)
        if (stream.durable > 0) said.streams_.push_back(stream.id);
    return said;
}

Result<std::vector<Said>> SaidCosts::next(std::size_t most, const std::stop_token& stop) {
    std::vector<Said> found;
    while (found.size() < most) {
        if (stop.stop_requested())
            return fail(Code::Cancelled, "it was cancelled", "what was done stays; repeat it for the rest");
        if (!cursor_) {
            if (streams_.empty()) return found;
            STENO_ASSIGN(cursor_, reader_.scan(streams_.front()));
            streams_.pop_front();
        }
        auto record = cursor_->next();
        if (!record && record.error().code == Code::DataLoss) {
            STENO_ASSIGN(const bool more, cursor_->skip_damage());
            if (!more) cursor_.reset();
            continue;
        }
        if (!record) return std::unexpected(std::move(record).error());
        if (!*record) {
            cursor_.reset();
            continue;
        }
        if ((*record)->kind != static_cast<std::uint8_t>(ingest::EntryKind::Said)) continue;
        const auto header = ingest::read_entry_header((*record)->header);
        if (!header) continue;
        auto said = decode_said(header->call);
        if (said && said->cost && said->cost->repricing == repricing_) found.push_back(*std::move(said));
    }
    return found;
}

}  // namespace steno::repricing
