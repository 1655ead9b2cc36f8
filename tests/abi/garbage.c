/* Answers what is not JSON, in pieces, or not at all: the host must stay up, whatever it makes of the answer. */
#include <talome/operations.h>

#include <string.h>

static talome_status answer(void *user, talome_call *call, talome_bytes input, talome_sink out, void *to) {
  (void)call, (void)input;
  const char *pieces = user;
  for (size_t n = strlen(pieces), i = 0; i < n; ++i) out(to, (talome_bytes){pieces + i, 1});
  return TALOME_OK;
}
static talome_status refuse(void *user, talome_call *call, talome_bytes input, talome_sink out, void *to) {
  (void)user, (void)call, (void)input, (void)out, (void)to;
  return -4711; /* no status that exists, and no words */
}

static talome_status declare(const talome_operations *operations, talome_self *self, const char *id, const char *path,
                             talome_invoke invoke, void *user) {
  const talome_route route = {sizeof route, 0, "GET", path, NULL};
  const talome_route *const routes[] = {&route};
  const talome_operation operation = {.struct_size = sizeof operation,
                                      .id = id,
                                      .summary = "Answers garbage",
                                      .permission = "session",
                                      .input_schema = "{\"type\":\"object\",\"additionalProperties\":false}",
                                      .routes = routes,
                                      .n_routes = 1,
                                      .invoke = invoke,
                                      .user = user};
  return operations->declare(self, &operation);
}

static talome_status create(const talome_host *host, talome_self *self, void **out) {
  static char words[] = "]{ not \xff JSON", none[] = "", pieces[] = "{\"ok\":true}";
  const talome_operations *operations = host->extension(self, TALOME_OPERATIONS);
  if (!operations) return TALOME_E_UNSUPPORTED;
  talome_status status = declare(operations, self, "garbage.words", "/api/garbage/words", answer, words);
  if (status >= 0) status = declare(operations, self, "garbage.nothing", "/api/garbage/nothing", answer, none);
  if (status >= 0) status = declare(operations, self, "garbage.pieces", "/api/garbage/pieces", answer, pieces);
  if (status >= 0) status = declare(operations, self, "garbage.status", "/api/garbage/status", refuse, NULL);
  *out = words;
  return status;
}
static talome_status nothing(void *plugin) { return (void)plugin, TALOME_OK; }
static void ignore(void *plugin) { (void)plugin; }

const talome_plugin *talome_plugin_v1(void) {
  static const talome_plugin plugin = {sizeof plugin, TALOME_ABI, "garbage", "1.0.0", "Answers what is not JSON.",
                                       TALOME_CAN_UNLOAD, 0, create, nothing, nothing, ignore, ignore, ignore};
  return &plugin;
}
