#include "journal/segment_draft.hpp"

namespace steno::journal {

Result<SegmentDraft> SegmentDraft::begin(io::FileSystem& files, const std::string& folder,
                                         const SegmentHeader& header) {
    SegmentDraft draft(files, folder + "/" + segment_file_name(header.number), header.number);
    if (files.exists(draft.draft_path_)) STENO_TRY(files.unlink(draft.draft_path_));
    STENO_ASSIGN(draft.file_, files.create(draft.draft_path_));
    STENO_TRY(draft.append(build_segment_header(header)));
    return draft;
}

SegmentDraft::~SegmentDraft() {
    if (file_ && !published_) (void)files_.unlink(draft_path_);
}

Result<void> SegmentDraft::append(std::string_view bytes) {
    STENO_TRY(io::append_all(*file_, bytes));
    size_ += bytes.size();
    return {};
}

Result<void> SegmentDraft::publish() {
    STENO_TRY(files_.rename(draft_path_, path_));
    published_ = true;
    return {};
}

}  // namespace steno::journal
