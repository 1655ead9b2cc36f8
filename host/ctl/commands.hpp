// What talomectl can do: one table says it, one file a group of commands does it.
#pragma once

#include "host/ctl/arguments.hpp"
#include "host/ctl/client.hpp"

#include <span>

namespace talome::ctl {

struct Context {
    const Client& client; ///< connects when it is first used: commands that work on files never do
    bool json = false;    ///< output for programs
};

struct Command {
    const char* name;      ///< one word or two
    const char* arguments; ///< see Arguments
    const char* help;
    int (*run)(const Context&, const Arguments&); ///< the exit code; throws std::exception with words
};

std::span<const Command> commands();

// status.cpp
int status(const Context&, const Arguments&);
int login(const Context&, const Arguments&);
// users.cpp
int usersList(const Context&, const Arguments&);
int usersAdd(const Context&, const Arguments&);
int usersResetPassword(const Context&, const Arguments&);
// settings.cpp
int settingsGet(const Context&, const Arguments&);
int settingsSet(const Context&, const Arguments&);
int settingsReset(const Context&, const Arguments&);
// audit.cpp
int auditVerify(const Context&, const Arguments&);
// snapshots.cpp
int snapshotCreate(const Context&, const Arguments&);
int snapshotList(const Context&, const Arguments&);
int restore(const Context&, const Arguments&);
// plugins.cpp
int pluginList(const Context&, const Arguments&);
int pluginEnable(const Context&, const Arguments&);
int pluginDisable(const Context&, const Arguments&);
int pluginReplace(const Context&, const Arguments&);
int pluginNew(const Context&, const Arguments&);
int pluginCheck(const Context&, const Arguments&);
// mcp.cpp
int mcp(const Context&, const Arguments&);
// operations.cpp
int operations(const Context&, const Arguments&);
int call(const Context&, const Arguments&);

} // namespace talome::ctl
