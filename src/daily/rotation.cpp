#include "daily/rotation.hpp"

#include "daily/day.hpp"
#include "exports/output.hpp"

#include <fmt/format.h>
#include <zlib.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <system_error>
#include <vector>

namespace steno::daily {

namespace {

namespace fs = std::filesystem;

std::unexpected<Error> failed(const std::string& what) {
    return fail(errno == ENOSPC || errno == EDQUOT ? Code::ResourceExhausted : Code::Unavailable,
                fmt::format("{}: {}", what, std::strerror(errno)));
}

/// RFC 1952, by zlib.
class Gzip {
  public:
    explicit Gzip(exports::Output& output) : output_(output) {
        constexpr int kWithGzipHead = 16;
        deflateInit2(&stream_, Z_DEFAULT_COMPRESSION, Z_DEFLATED, MAX_WBITS + kWithGzipHead, 8,
                     Z_DEFAULT_STRATEGY);
    }
    ~Gzip() { deflateEnd(&stream_); }
    Gzip(const Gzip&) = delete;
    Gzip& operator=(const Gzip&) = delete;

    Result<void> write(std::string_view bytes, bool last) {
        stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
        stream_.avail_in = static_cast<uInt>(bytes.size());
        do {
            stream_.next_out = reinterpret_cast<Bytef*>(buffer_.data());
            stream_.avail_out = static_cast<uInt>(buffer_.size());
            ::deflate(&stream_, last ? Z_FINISH : Z_NO_FLUSH);
            STENO_TRY(output_.write({buffer_.data(), buffer_.size() - stream_.avail_out}));
        } while (stream_.avail_out == 0);
        return {};
    }

  private:
    exports::Output& output_;
    z_stream stream_{};
    std::array<char, 64 << 10> buffer_;
};

Result<void> compress(const std::string& from, const std::string& to) {
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(from.c_str(), "rbe"), std::fclose);
    if (!file) return failed("opening " + from);
    STENO_ASSIGN(exports::Output output, exports::Output::open(to));
    const auto gzip = std::make_unique<Gzip>(output);
    std::vector<char> piece(256 << 10);
    for (bool last = false; !last;) {
        const std::size_t got = std::fread(piece.data(), 1, piece.size(), file.get());
        if (std::ferror(file.get()) != 0) return failed("reading " + from);
        last = got < piece.size();
        STENO_TRY(gzip->write({piece.data(), got}, last));
    }
    return output.finish();
}

Result<std::vector<std::string>> names_in(const std::string& folder) {
    std::vector<std::string> names;
    std::error_code error;
    for (fs::directory_iterator at(folder, error); !error && at != fs::directory_iterator();
         at.increment(error))
        names.push_back(at->path().filename());
    if (error) return fail(Code::Unavailable, fmt::format("reading {}: {}", folder, error.message()));
    return names;
}

}  // namespace

Result<std::uint64_t> rotate(const std::string& folder, std::string_view first_kept, bool archive) {
    STENO_ASSIGN(const std::vector<std::string> names, names_in(folder));
    const std::string into = fmt::format("{}/{}", folder, kArchive);
    std::uint64_t gone = 0;
    for (const std::string& name : names) {
        const auto file = parse_file_name(name);
        if (!file || file->date >= first_kept) continue;
        const std::string path = folder + "/" + name;
        if (archive) {
            std::error_code error;
            fs::create_directories(into, error);
            if (error) return fail(Code::Unavailable, fmt::format("making {}: {}", into, error.message()));
            STENO_TRY(exports::write_whole(fmt::format("{}/{}.gz", into, name), "",
                                           [&](const std::string& to) { return compress(path, to); }));
        }
        if (std::remove(path.c_str()) != 0) return failed("removing " + path);
        ++gone;
    }
    return gone;
}

void remove_parts(const std::string& folder) {
    constexpr std::string_view kPart = ".part", kPacked = ".gz";
    for (const std::string& in : {folder, fmt::format("{}/{}", folder, kArchive)}) {
        const auto names = names_in(in);
        if (!names) continue;
        for (const std::string& name : *names) {
            if (!name.ends_with(kPart)) continue;
            std::string_view of = std::string_view(name).substr(0, name.size() - kPart.size());
            if (of.ends_with(kPacked)) of.remove_suffix(kPacked.size());
            if (parse_file_name(of)) std::remove((in + "/" + name).c_str());
        }
    }
}

}  // namespace steno::daily
