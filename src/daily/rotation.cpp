#include "daily/rotation.hpp"

#include "base/cancellation.hpp"
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

std::unexpected<Error> cancelled() {
    return fail(Code::Cancelled, "nobody waits for the archive");
}

using File = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;

Result<File> open_to_read(const std::string& path) {
    File file(std::fopen(path.c_str(), "rbe"), std::fclose);
    if (!file) return failed("opening " + path);
    return file;
}

/// Fewer than there is room for: it was the last piece.
Result<std::size_t> read(std::FILE& file, std::vector<char>& piece, const std::string& path) {
    if (Cancellation::asked()) return cancelled();
    const std::size_t got = std::fread(piece.data(), 1, piece.size(), &file);
    if (std::ferror(&file) != 0) return failed("reading " + path);
    return got;
}

constexpr std::size_t kPieceRead = 256u << 10;

/// RFC 1952, by zlib.
class Gzip {
  public:
    explicit Gzip(exports::Output& output) : output_(output) {}
    ~Gzip() { deflateEnd(&stream_); }
    Gzip(const Gzip&) = delete;
    Gzip& operator=(const Gzip&) = delete;

    /// Before the first bytes.
    Result<void> begin() {
        constexpr int kWithGzipHead = 16;
        const int begun = deflateInit2(&stream_, Z_DEFAULT_COMPRESSION, Z_DEFLATED, MAX_WBITS + kWithGzipHead,
                                       8, Z_DEFAULT_STRATEGY);
        return begun == Z_OK ? Result<void>{} : not_compressed(begun);
    }

    Result<void> write(std::string_view bytes, bool last) {
        stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
        stream_.avail_in = static_cast<uInt>(bytes.size());
        int done = Z_OK;
        do {
            stream_.next_out = reinterpret_cast<Bytef*>(buffer_.data());
            stream_.avail_out = static_cast<uInt>(buffer_.size());
            done = ::deflate(&stream_, last ? Z_FINISH : Z_NO_FLUSH);
            if (done != Z_OK && done != Z_BUF_ERROR && done != Z_STREAM_END) return not_compressed(done);
            STENO_TRY(output_.write({buffer_.data(), buffer_.size() - stream_.avail_out}));
        } while (done != Z_STREAM_END && stream_.avail_out == 0);
        if (last && done != Z_STREAM_END) return not_compressed(done);
        return {};
    }

  private:
    static std::unexpected<Error> not_compressed(int why) {
        return fail(why == Z_MEM_ERROR ? Code::ResourceExhausted : Code::Internal,
                    fmt::format("compressing: {}", zError(why)));
    }

    exports::Output& output_;
    z_stream stream_{};
    std::array<char, 64 << 10> buffer_;
};

Result<void> compress(const std::string& from, const std::string& to) {
    STENO_ASSIGN(const File file, open_to_read(from));
    STENO_ASSIGN(exports::Output output, exports::Output::open(to));
    const auto gzip = std::make_unique<Gzip>(output);
    STENO_TRY(gzip->begin());
    std::vector<char> piece(kPieceRead);
    for (bool last = false; !last;) {
        STENO_ASSIGN(const std::size_t got, read(*file, piece, from));
        last = got < piece.size();
        STENO_TRY(gzip->write({piece.data(), got}, last));
    }
    return output.finish();
}

/// Is this what is packed there, all of it and with the right checksum?
Result<bool> is_content_of(const std::string& path, const std::string& packed) {
    STENO_ASSIGN(const File file, open_to_read(path));
    const std::unique_ptr<gzFile_s, int (*)(gzFile)> unpacked(gzopen(packed.c_str(), "rbe"), gzclose);
    if (!unpacked) return failed("opening " + packed);
    std::vector<char> piece(kPieceRead), other(kPieceRead);
    for (;;) {
        STENO_ASSIGN(const std::size_t got, read(*file, piece, path));
        const int told = gzread(unpacked.get(), other.data(), static_cast<unsigned>(other.size()));
        if (told < 0 || static_cast<std::size_t>(told) != got ||
            std::memcmp(piece.data(), other.data(), got) != 0)
            return false;
        if (got == piece.size()) continue;
        // gzread() passes over an end that is cut off behind the last byte: only this tells.
        int error = Z_OK;
        (void)gzerror(unpacked.get(), &error);
        return error == Z_OK && gzeof(unpacked.get()) != 0;
    }
}

Result<void> pack(const std::string& path, const std::string& into, const std::string& name) {
    std::error_code error;
    fs::create_directories(into, error);
    if (error) return fail(Code::Unavailable, fmt::format("making {}: {}", into, error.message()));
    const std::string packed = fmt::format("{}/{}.gz", into, name);
    const fs::file_status there = fs::symlink_status(packed, error);
    if (!fs::exists(there)) {
        return exports::write_whole(packed, "", [&](const std::string& to) -> Result<void> {
            STENO_TRY(compress(path, to));
            STENO_ASSIGN(const bool whole, is_content_of(path, to));
            return whole ? Result<void>{} : fail(Code::DataLoss, to + " reads otherwise than it was written");
        });
    }
    // So a process leaves it that was killed before it removed the file.
    bool same = false;
    if (fs::is_regular_file(there)) {
        STENO_ASSIGN(same, is_content_of(path, packed));
    }
    if (same) return {};
    return fail(Code::FailedPrecondition,
                fmt::format("{} is in the archive already, with other content", name),
                "look at both, and remove or rename one");
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

Rotation rotate(const std::string& folder, std::string_view first_kept, bool archive) {
    Rotation done;
    const auto names = names_in(folder);
    if (!names) {
        done.trouble = std::unexpected(names.error());
        return done;
    }
    const auto take_out = [&](const std::string& name) -> Result<void> {
        const std::string path = folder + "/" + name;
        if (archive) STENO_TRY(pack(path, fmt::format("{}/{}", folder, kArchive), name));
        if (std::remove(path.c_str()) != 0) return failed("removing " + path);
        return {};
    };
    for (const std::string& name : *names) {
        const auto file = parse_file_name(name);
        std::error_code ignored;
        if (!file || file->date >= first_kept ||
            !fs::is_regular_file(fs::symlink_status(folder + "/" + name, ignored)))
            continue;
        Result<void> gone = Cancellation::asked() ? Result<void>(cancelled()) : take_out(name);
        if (gone)
            ++done.gone;
        else
            done.trouble = std::move(gone);
        if (!done.trouble && done.trouble.error().code == Code::Cancelled) return done;
    }
    return done;
}

void remove_parts(const std::string& folder) {
    for (const std::string& in : {folder, fmt::format("{}/{}", folder, kArchive)}) {
        exports::remove_parts(in, [](std::string_view of) {
            constexpr std::string_view kPacked = ".gz";
            if (of.ends_with(kPacked)) of.remove_suffix(kPacked.size());
            return parse_file_name(of).has_value();
        });
    }
}

}  // namespace steno::daily
