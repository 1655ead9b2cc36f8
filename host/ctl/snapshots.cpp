// talomectl snapshot, snapshot list, restore: snapshots are taken by the server while it runs, and put back by this
// program while it does not.
#include "host/ctl/commands.hpp"
#include "host/ctl/output.hpp"
#include "host/storage/restore.hpp"

#include <iostream>

namespace json = boost::json;

namespace talome::ctl {

int snapshotCreate(const Context& context, const Arguments&) {
    const auto made = context.client.send("POST", "/api/snapshots", json::object());
    std::cout << (context.json ? json::serialize(made) : asText(made.at("name"))) << '\n';
    return 0;
}

int snapshotList(const Context& context, const Arguments&) {
    const auto snapshots = context.client.get("/api/snapshots");
    if (context.json)
        std::cout << json::serialize(snapshots) << '\n';
    else
        printTable(
            std::cout, snapshots.as_array(),
            {{"name", "NAME"}, {"reason", "REASON"}, {"version", "VERSION"}, {"size", "BYTES"}, {"damaged", "DAMAGE"}});
    return 0;
}

int restore(const Context& context, const Arguments& arguments) {
    const auto done = storage::restore(statePlaces(arguments.option("--state")), arguments.at(0));
    if (context.json) {
        std::cout << json::serialize(json::object{{"snapshot", done.snapshot},
                                                  {"createdAt", done.createdAt},
                                                  {"files", json::value_from(done.files)},
                                                  {"replaced", done.replaced.string()},
                                                  {"secret", done.secret}})
                  << '\n';
        return 0;
    }
    std::cout << "the state is that of " << done.createdAt << " (" << done.files.size() << " files)\n";
    if (!done.replaced.empty()) std::cout << "what was there before lies in " << done.replaced.string() << '\n';
    if (!done.secret) std::cout << "start talomed with the TALOME_SECRET of that time: the snapshot does not hold it\n";
    return 0;
}

} // namespace talome::ctl
