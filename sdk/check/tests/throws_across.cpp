// Throws in a handler that has no edge: the exception meets the host's function type, which lets none through.
#include <talome/operations.h>

#include <stdexcept>

namespace {

int instance;

[[noreturn]] void fail() { throw std::runtime_error("nobody catches this"); }

talome_status use(void*, talome_call*, talome_bytes, talome_sink, void*) noexcept { fail(); }

talome_status create(const talome_host* host, talome_self* self, void** plugin) noexcept {
    const auto* operations = static_cast<const talome_operations*>(host->extension(self, TALOME_OPERATIONS));
    if (!operations) return host->fail(self, TALOME_E_UNSUPPORTED, {"needs operations", 16});
    talome_operation operation{};
    operation.struct_size = sizeof operation;
    operation.id = "throws.across";
    operation.summary = "Throws";
    operation.permission = "session";
    operation.input_schema = R"({"type":"object","additionalProperties":false})";
    operation.invoke = &use;
    *plugin = &instance;
    return operations->declare(self, &operation);
}
talome_status nothing(void*) noexcept { return TALOME_OK; }
void ignore(void*) noexcept {}

} // namespace

extern "C" const talome_plugin* talome_plugin_v1(void) {
    static constexpr talome_plugin plugin{sizeof plugin,     TALOME_ABI, "throws-across", "1.0.0",  "Throws.",
                                          TALOME_CAN_UNLOAD, 0,          &create,         &nothing, &nothing,
                                          &ignore,           &ignore,    &ignore};
    return &plugin;
}
