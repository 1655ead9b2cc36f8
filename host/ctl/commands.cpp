// The table of all commands, in the order in which the help shows them.
#include "host/ctl/commands.hpp"

namespace talome::ctl {

namespace {

constexpr Command kCommands[] = {
    {"status", "", "whether the server and what it depends on are well", &status},
    {"users list", "", "all accounts", &usersList},
    {"users add", "NAME [--role ROLE]",
     "makes an account: admin or member (the first one: admin); asks for its password", &usersAdd},
    {"users reset-password", "NAME", "asks for a new password; ends the sessions of that account", &usersResetPassword},
    {"settings get", "[KEY]", "all settings, or the value of one; secrets are never shown", &settingsGet},
    {"settings set", "KEY VALUE", "changes one; VALUE - reads it from standard input, for secrets", &settingsSet},
    {"settings reset", "KEY", "gives one its default back", &settingsReset},
    {"audit verify", "[--state DIR]",
     "whether the audit log is as it was written; with --state of a server that does not run", &auditVerify},
    {"snapshot", "", "takes a snapshot of all databases", &snapshotCreate},
    {"snapshot list", "", "which snapshots there are", &snapshotList},
    {"restore", "NAME [--state DIR]", "puts a snapshot in the place of the state of a server that does not run",
     &restore},
    {"plugin list", "", "what is loaded, and why something is not", &pluginList},
    {"operations", "", "what can be called", &operations},
    {"call", "OPERATION [JSON]", "calls one, with its input as a JSON object; JSON - reads it from standard input",
     &call},
    {"login", "USERNAME", "asks for the password, prints a token for TALOME_TOKEN", &login},
};

} // namespace

std::span<const Command> commands() { return kCommands; }

} // namespace talome::ctl
