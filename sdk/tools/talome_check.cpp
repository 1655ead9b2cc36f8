// talome-check PLUGIN.so: runs a conformance script over any plugin.
#include "sdk/check/script.hpp"

#include <charconv>
#include <cstdio>
#include <cstring>

namespace {

constexpr const char* kHelp = R"(usage: talome-check [OPTION]... NAME.so

Looks at a plugin as a host does that is not sure of it: the file and its manifest, its life twice over and two
generations beside each other, its operations with inputs made from their schemas, and what it leaves behind. The
plugin is in a process of its own, its host (a whole server, in a temporary directory) in another, with a socket
between them: what could not cross from one process to another is found, such as a pointer that is kept.

  --all              also call what may change or destroy something on this machine, and run its tasks;
                     without it only operations of the tier "read" are called
  --json             one JSON object instead of a line for each check
  --limit SECONDS    for each function of the plugin (8)
  --with NAME.so     a plugin that this one needs; may be repeated
  -h, --help         this text
      --version      the version

Each line is a check: ok, FAILED or skipped, its name, and the reason. Ends with 0 if nothing failed, 1 if something
did, and 2 if the plugin could not be checked. TALOME_TEST_LOG=debug shows the host's log.
)";

struct UsageError : std::runtime_error {
    using std::runtime_error::runtime_error;
};

struct Asked {
    talome::check::Options options;
    bool json = false, answered = false;
};

Asked read(int argc, char** argv) {
    Asked asked;
    for (int i = 1; i < argc; ++i) {
        const std::string_view word = argv[i];
        if (word == "-h" || word == "--help") {
            std::fputs(kHelp, stdout);
            asked.answered = true;
            return asked;
        }
        if (word == "--version") {
            std::puts("talome-check " TALOME_VERSION);
            asked.answered = true;
            return asked;
        }
        if (word == "--all") {
            asked.options.all = true;
        } else if (word == "--json") {
            asked.json = true;
        } else if (word == "--with") {
            if (++i == argc) throw UsageError("--with: name the file of a plugin");
            asked.options.with.emplace_back(argv[i]);
        } else if (word == "--limit") {
            const char* text = ++i < argc ? argv[i] : "";
            int seconds = 0;
            const auto* const end = text + std::strlen(text);
            if (std::from_chars(text, end, seconds).ptr != end || seconds < 1 || seconds > 3600)
                throw UsageError("--limit: expected seconds from 1 to 3600");
            asked.options.limit = std::chrono::seconds(seconds);
        } else if (word.starts_with("-")) {
            throw UsageError("there is no option " + std::string(word));
        } else if (asked.options.plugin.empty()) {
            asked.options.plugin = word;
        } else {
            throw UsageError("one plugin at a time");
        }
    }
    if (asked.options.plugin.empty()) throw UsageError("name the file of a plugin");
    return asked;
}

} // namespace

int main(int argc, char** argv) {
    using namespace talome::check;
    try {
        const auto asked = read(argc, argv);
        if (asked.answered) return 0;
        if (!std::filesystem::is_regular_file(asked.options.plugin))
            throw std::runtime_error(asked.options.plugin.string() + ": there is no such file");
        Report report(asked.json);
        Script(asked.options, findPlaces(), report).run();
        if (asked.json)
            std::puts(report.json(asked.options.plugin.stem().string()).c_str());
        else
            std::printf("\n%zu passed, %zu failed, %zu skipped\n", report.count(Outcome::ok),
                        report.count(Outcome::failed), report.count(Outcome::skipped));
        return report.count(Outcome::failed) ? 1 : 0;
    } catch (const UsageError& wrong) {
        std::fprintf(stderr, "talome-check: %s; --help says how\n", wrong.what());
        return 2;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "talome-check: %s\n", error.what());
        return 2;
    }
}
