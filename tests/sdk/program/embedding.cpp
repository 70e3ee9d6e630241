// Records three calls into the data folder that it is given ("embedding FOLDER [durable]"), and prints what has become of
// them.

#include <steno/steno.hpp>

#include <chrono>
#include <iostream>
#include <string>

int main(int argc, char** argv) {
    steno::TrackingOptions options;
    options.data_folder = argv[1];
    options.durable = argc > 2;
    steno::start_tracking(options);
    for (int i = 0; i < 3; ++i) {
        steno::AiCall call("openai", "gpt-4o-mini");
        call.message("user", "question").output("answer").usage({.input_tokens = 1000, .output_tokens = 500});
        call.end();
    }
    const bool delivered = steno::flush(std::chrono::seconds{2});
    const steno::TrackingStats stats = steno::tracking_stats();
    std::cout << "delivered " << delivered << " " << stats.delivered << " of " << stats.ended << "\n"
              << steno::last_tracking_error() << std::endl;
    return 0;
}
