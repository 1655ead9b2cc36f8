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
    {"plugin list", "[PLUGIN]", "which plugins there are, and why something does not run; or all about one",
     &pluginList},
    {"plugin enable", "PLUGIN", "starts one, now and from now on", &pluginEnable},
    {"plugin disable", "PLUGIN", "stops one, now and from now on; its data stays", &pluginDisable},
    {"plugin replace", "PLUGIN", "puts the file that is there now in the place of what runs, without a gap",
     &pluginReplace},
    {"plugin new", "NAME [--c] [--dir DIR]",
     "begins a plugin in a new folder: DIR/NAME, or NAME; in plain C with --c. Needs no server", &pluginNew},
    {"plugin check", "FILE", "whether a plugin's .so keeps the rules, by talome-check. Needs no server", &pluginCheck},
    {"operations", "", "what can be called", &operations},
    {"call", "OPERATION [JSON]", "calls one, with its input as a JSON object; JSON - reads it from standard input",
     &call},
    {"mcp", "", "speaks the Model Context Protocol on standard input and output, for AI clients", &mcp},
    {"login", "USERNAME", "asks for the password, prints a token for TALOME_TOKEN", &login},
};

} // namespace

std::span<const Command> commands() { return kCommands; }

} // namespace talome::ctl
