#include "daily/content.hpp"
#include "daily/entries.hpp"

namespace steno::daily {

namespace {

class CallsContent final : public exports::Pieces {
  public:
    CallsContent(ingest::CallReader& calls, const Day& day, std::size_t max_text)
        : calls_(calls), max_text_(max_text) {
        query_.selection = listed_calls_of(day);
        query_.order = store::make_field("started_at").value();
        query_.descending = false;
        query_.limit = store::kMaxPage;
    }

    Result<bool> next(std::string& out) override {
        const std::size_t begun = out.size();
        while (out.size() - begun < exports::kPiece) {
            STENO_ASSIGN(const auto page, calls_.find(query_, true));
            for (const Call& call : page.calls) {
                frame_.next(out);
                append_entry(out, call, max_text_);
            }
            if (!page.next_cursor) {
                frame_.end(out);
                return false;
            }
            query_.cursor = *page.next_cursor;
        }
        return true;
    }

  private:
    ingest::CallReader& calls_;
    std::size_t max_text_;
    store::CallQuery query_;
    ArrayFrame frame_;
};

}  // namespace

std::unique_ptr<exports::Pieces> calls_content(Record record, const Day& day, const Options& options) {
    return std::make_unique<CallsContent>(record.calls, day, options.max_text);
}

}  // namespace steno::daily
