#include "ingest/folder_secret.hpp"

#include "base/random.hpp"
#include "base/text.hpp"

#include <array>

namespace steno::ingest {

Result<std::string> folder_secret(io::FileSystem& files, const std::string& data_folder,
                                  const std::string& name) {
    constexpr std::size_t kBytes = 32;
    const std::string path = data_folder + "/keys/" + name + ".key";
    if (files.exists(path)) {
        STENO_ASSIGN(const std::string text, io::read_file(files, path, 1024));
        const auto secret = from_hex(trim(std::string_view(text).substr(0, text.find('\n'))));
        if (!secret || secret->size() != kBytes) {
            return fail(
                Code::DataLoss, path + " holds no key",
                "bring it back from a backup; without it, delete it: keys are then known by other names");
        }
        return *secret;
    }
    STENO_TRY(files.make_directories(data_folder + "/keys"));
    std::array<std::uint8_t, kBytes> bytes{};
    system_random().fill(bytes);
    std::string secret(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    STENO_TRY(io::replace_file(files, path, to_hex(secret) + "\n"));
    return secret;
}

}  // namespace steno::ingest
