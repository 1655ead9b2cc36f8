// The table that every plugin is given first, and the list of areas.
#include "host/plugins/areas.hpp"

#include "host/log/log.hpp"
#include "host/plugins/edge.hpp"

namespace talome::plugins {

namespace {

const void* extension(talome_self* self, const char* id) noexcept {
    const void* table = nullptr;
    const auto status = edge([&]() -> talome_status {
        const auto it = areas().find(id);
        if (it == areas().end()) return TALOME_OK;
        if (self->creating) self->asked.emplace(id);
        table = it->second;
        return TALOME_OK;
    });
    return status < 0 ? nullptr : table;
}

void writeLog(talome_self* self, int32_t level, talome_str text, talome_str fields) noexcept {
    const auto known = static_cast<log::Level>(std::clamp<int32_t>(level, TALOME_DEBUG, TALOME_ERROR));
    log::write(known, self->id, view(text), view(fields));
}

talome_status fail(talome_self*, talome_status status, talome_str why) noexcept { return failed(status, view(why)); }
void why(talome_self*, talome_sink out, void* to) noexcept { out(to, bytes(gate::lastWords())); }
int64_t nowMs(talome_self* self) noexcept { return self->services.now(); }

} // namespace

const std::map<std::string, const void*, std::less<>>& areas() {
    static const std::map<std::string, const void*, std::less<>> all = {{TALOME_OPERATIONS, &operationsArea()},
                                                                        {TALOME_HTTP, &httpArea()},
                                                                        {TALOME_SETTINGS, &settingsArea()},
                                                                        {TALOME_DATABASE, &databaseArea()},
                                                                        {TALOME_TASKS, &tasksArea()},
                                                                        {TALOME_EVENTS, &eventsArea()},
                                                                        {TALOME_IO, &ioArea()},
                                                                        {TALOME_FETCH, &fetchArea()},
                                                                        {TALOME_PROCESS, &processArea()},
                                                                        {TALOME_TOOLS, &toolsArea()}};
    return all;
}

const talome_host& hostTable() {
    static const talome_host table{sizeof table, TALOME_ABI, TALOME_VERSION, extension, writeLog, fail, why, nowMs};
    return table;
}

} // namespace talome::plugins
