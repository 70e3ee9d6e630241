#include "daily/files.hpp"

#include "daily/content.hpp"
#include "exports/output.hpp"

#include <algorithm>

namespace steno::daily {

store::Selection calls_of(const Day& day) {
    store::Selection selection;
    selection.from = day.from;
    selection.to = day.to;
    return selection;
}

store::Selection listed_calls_of(const Day& day) {
    store::Selection selection = calls_of(day);
    store::leave_out_unlisted(selection);
    return selection;
}

std::unique_ptr<exports::Pieces> open_file(Record record, Content content, const Day& day,
                                           const Options& options) {
    switch (content) {
        case Content::Calls:
            return calls_content(record, day, options);
        case Content::Requests:
            return requests_content(record, day);
        case Content::Stats:
            break;
    }
    return stats_content(record, day, options);
}

void EntryCount::add(std::string_view piece) {
    lines_ += static_cast<std::uint64_t>(std::ranges::count(piece, '\n'));
}

Result<Size> write_file(exports::Pieces& pieces, const std::string& path, const BeforeNamed& before_named) {
    return write_file(
        [&](const TakePiece& take) -> Result<void> {
            std::string piece;
            for (bool more = true; more;) {
                piece.clear();
                STENO_ASSIGN(more, pieces.next(piece));
                STENO_TRY(take(piece));
            }
            return {};
        },
        path, before_named);
}

Result<Size> write_file(const std::function<Result<void>(const TakePiece&)>& bring, const std::string& path,
                        const BeforeNamed& before_named) {
    Size size;
    STENO_TRY(exports::write_whole(path, "", [&](const std::string& to) -> Result<void> {
        STENO_ASSIGN(exports::Output output, exports::Output::open(to));
        EntryCount count;
        STENO_TRY(bring([&](std::string_view piece) {
            count.add(piece);
            return output.write(piece);
        }));
        STENO_TRY(output.finish());
        size = {count.entries(), output.size()};
        return before_named ? before_named() : Result<void>{};
    }));
    return size;
}

}  // namespace steno::daily
