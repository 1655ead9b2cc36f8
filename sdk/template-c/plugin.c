/* Greets people, counts how often, and says so in the log once an hour. */
#include <talome/operations.h>
#include <talome/plain_c.h>
#include <talome/settings.h>
#include <talome/tasks.h>

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct {
  const talome_host *host;
  const talome_settings *settings;
  talome_self *self;
  atomic_long greeted; /* handlers run on several threads at once */
} Greeter;

/* The host has checked the input against the schema below. */
static talome_status hello(void *user, talome_call *call, talome_bytes input, talome_sink out, void *to) {
  Greeter *plugin = user;
  char name[321], word[161], text[500];
  if (talome_json_text(talome_json_member(input, "name"), name, sizeof name) < 0)
    return plugin->host->fail(plugin->self, TALOME_E_INVALID, talome_text("name: expected a text"));
  const talome_status status = talome_setting_text(plugin->settings, plugin->self, "greeter_word", word, sizeof word);
  if (status < 0) return (void)call, status;
  snprintf(text, sizeof text, "%s, %s", word, name);
  talome_put(out, to, "{\"text\":");
  talome_put_text(out, to, text);
  snprintf(text, sizeof text, ",\"count\":%ld}", atomic_fetch_add(&plugin->greeted, 1) + 1);
  talome_put(out, to, text);
  return TALOME_OK;
}

static talome_status report(void *user, talome_call *call) {
  Greeter *plugin = user;
  char text[64];
  snprintf(text, sizeof text, "greeted %ld times", atomic_load(&plugin->greeted));
  plugin->host->log(plugin->self, TALOME_INFO, talome_text(text), talome_text(""));
  return (void)call, TALOME_OK;
}

static talome_status create(const talome_host *host, talome_self *self, void **out) {
  const talome_operations *operations = host->extension(self, TALOME_OPERATIONS);
  const talome_settings *settings = host->extension(self, TALOME_SETTINGS);
  const talome_tasks *tasks = host->extension(self, TALOME_TASKS);
  if (!operations || !settings || !tasks) return host->fail(self, TALOME_E_UNSUPPORTED, talome_text("the host is too old"));
  Greeter *plugin = calloc(1, sizeof *plugin);
  if (!plugin) return host->fail(self, TALOME_E_INTERNAL, talome_text("out of memory"));
  *plugin = (Greeter){host, settings, self, 0};

  const talome_route route = {.struct_size = sizeof route, .method = "GET", .path = "/api/greeter/hello"};
  const talome_route *const routes[] = {&route};
  const talome_operation operation = {
      .struct_size = sizeof operation, .tier = TALOME_TIER_READ, .id = "greeter.hello", .summary = "Greets a person by name",
      .permission = "session", .routes = routes, .n_routes = 1, .invoke = hello, .user = plugin,
      .input_schema = "{\"type\":\"object\",\"properties\":{\"name\":{\"type\":\"string\",\"minLength\":1,\"maxLength\":80}},"
                      "\"required\":[\"name\"],\"additionalProperties\":false}",
      .output_schema = "{\"type\":\"object\",\"properties\":{\"text\":{\"type\":\"string\"},\"count\":{\"type\":\"integer\"}},"
                       "\"required\":[\"text\",\"count\"]}"};
  const talome_setting setting = {
      .struct_size = sizeof setting, .key = "greeter_word", .summary = "The word to greet with", .fallback = "\"Hello\"",
      .schema = "{\"type\":\"string\",\"minLength\":1,\"maxLength\":40}"};
  const talome_task task = {.struct_size = sizeof task, .id = "greeter.report", .period_ms = 3600000, .run = report, .user = plugin};
  talome_status status = operations->declare(self, &operation);
  if (status >= 0) status = settings->declare(self, &setting);
  if (status >= 0) status = tasks->declare(self, &task);
  if (status < 0) free(plugin);
  else *out = plugin;
  return status;
}

const talome_plugin *talome_plugin_v1(void) {
  static const talome_plugin plugin = {
      .struct_size = sizeof plugin, .abi = TALOME_ABI, .id = "greeter", .version = "1.0.0", .summary = "Greets people by name.",
      .flags = TALOME_CAN_UNLOAD, .create = create, .start = talome_nothing, .activate = talome_nothing,
      .quiesce = talome_ignore, .stop = talome_ignore, .destroy = free};
  return &plugin;
}
