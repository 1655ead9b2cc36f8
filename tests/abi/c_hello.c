/* A plugin without C++: the contract is the C headers alone. It keeps nothing but the host's table. */
#include <talome/operations.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
  const talome_host *host;
  const talome_operations *operations;
  talome_self *self;
} Hello;

static talome_str text(const char *s) { return (talome_str){s, strlen(s)}; }

/* The host has checked the input against the schema below and writes it without blanks: {"name":"Ann","times":2}. */
static talome_status hello(void *user, talome_call *call, talome_bytes input, talome_sink out, void *to) {
  const Hello *plugin = user;
  char json[512], answer[640], name[65] = "";
  const char *at;
  int times = 0;
  if (input.n >= sizeof json) return plugin->host->fail(plugin->self, TALOME_E_TOO_LARGE, text("the input is too long"));
  memcpy(json, input.p, input.n);
  json[input.n] = 0;
  if (!(at = strstr(json, "\"name\":\"")) || sscanf(at + 8, "%64[A-Za-z]", name) != 1)
    return plugin->host->fail(plugin->self, TALOME_E_INVALID, text("name: expected letters"));
  if (!(at = strstr(json, "\"times\":")) || sscanf(at + 8, "%d", &times) != 1)
    return plugin->host->fail(plugin->self, TALOME_E_INVALID, text("times: is required"));
  if (strcmp(name, "nobody") == 0) return plugin->host->fail(plugin->self, TALOME_E_NOT_FOUND, text("nobody is not here"));

  talome_principal caller = {.struct_size = sizeof caller};
  plugin->operations->principal(call, &caller);
  const int n = snprintf(answer, sizeof answer, "{\"text\":\"Hello, %s\",\"times\":%d,\"authenticated\":%s}", name, times,
                         caller.authenticated ? "true" : "false");
  out(to, (talome_bytes){answer, (size_t)n});
  return TALOME_OK;
}

static talome_status create(const talome_host *host, talome_self *self, void **out) {
  const talome_operations *operations = host->extension(self, TALOME_OPERATIONS);
  if (!TALOME_HAS(operations, declare)) return host->fail(self, TALOME_E_UNSUPPORTED, text("needs " TALOME_OPERATIONS));
  Hello *plugin = malloc(sizeof *plugin);
  if (!plugin) return host->fail(self, TALOME_E_INTERNAL, text("out of memory"));
  *plugin = (Hello){host, operations, self};

  const talome_route route = {sizeof route, 0, "GET", "/api/c-hello/{name}", NULL};
  const talome_route post = {sizeof post, 201, "POST", "/api/c-hello", NULL};
  const talome_route *const routes[] = {&route, &post};
  const talome_operation operation = {
      .struct_size = sizeof operation,
      .tier = TALOME_TIER_READ,
      .id = "chello.greet",
      .summary = "Greets a person from C",
      .permission = "session",
      .input_schema = "{\"type\":\"object\",\"properties\":{\"name\":{\"type\":\"string\",\"pattern\":\"^[A-Za-z]{1,64}$\"},"
                      "\"times\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":9,\"default\":1}},"
                      "\"required\":[\"name\"],\"additionalProperties\":false}",
      .output_schema = "{\"type\":\"object\",\"properties\":{\"text\":{\"type\":\"string\"},\"times\":{\"type\":\"integer\"},"
                       "\"authenticated\":{\"type\":\"boolean\"}},\"required\":[\"text\",\"times\",\"authenticated\"]}",
      .routes = routes,
      .n_routes = 2,
      .invoke = hello,
      .user = plugin,
  };
  const talome_status status = operations->declare(self, &operation);
  if (status < 0) free(plugin);
  else *out = plugin;
  return status;
}

static talome_status nothing(void *plugin) { return (void)plugin, TALOME_OK; }
static void ignore(void *plugin) { (void)plugin; }

const talome_plugin *talome_plugin_v1(void) {
  static const talome_plugin plugin = {sizeof plugin, TALOME_ABI, "c-hello", "1.0.0", "Greets people, in C.", TALOME_CAN_UNLOAD,
                                       0,             create,     nothing,   nothing, ignore,                 ignore,
                                       free};
  return &plugin;
}
