/* What freeze.py freezes as the plugin in C: every step of its life, an operation, a setting, the database, a task and
 * events, so that a host that breaks one of them for plugins of this age is found. */
#include <talome/database.h>
#include <talome/events.h>
#include <talome/operations.h>
#include <talome/plain_c.h>
#include <talome/settings.h>
#include <talome/tasks.h>

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct {
  const talome_host *host;
  const talome_operations *operations;
  const talome_settings *settings;
  const talome_database *database;
  const talome_tasks *tasks;
  const talome_events *events;
  talome_self *self;
  const char *life; /* [lifecycle] writes it before calls can come */
  atomic_long heard, runs;
} Frozen;

static talome_status failed(const Frozen *frozen, talome_status status, const char *why) {
  return frozen->host->fail(frozen->self, status, talome_text(why));
}
static void say(Frozen *frozen, const char *what) { frozen->host->log(frozen->self, TALOME_INFO, talome_text(what), talome_text("")); }

static int32_t take_integer(void *to, const talome_value *columns, uint32_t n) {
  if (n == 1 && columns[0].type == TALOME_INTEGER) *(int64_t *)to = columns[0].as.integer;
  return 0;
}

/* Two statements that count together or not at all. */
typedef struct { const Frozen *frozen; const char *word; } Adding;
static talome_status add_both(void *user, talome_transaction *transaction) {
  const Adding *adding = user;
  const talome_database *database = adding->frozen->database;
  talome_self *self = adding->frozen->self;
  const talome_value value = {.type = TALOME_TEXT, .as.text = talome_text(adding->word)};
  const talome_status status = database->execute(self, transaction, talome_text("INSERT INTO words VALUES (?)"), &value, 1, NULL, NULL, NULL);
  if (status < 0) return status;
  if (strcmp(adding->word, "rollback") == 0) return failed(adding->frozen, TALOME_E_CONFLICT, "rolled back");
  return database->execute(self, transaction, talome_text("UPDATE total SET n = n + 1"), NULL, 0, NULL, NULL, NULL);
}

static talome_status add(void *user, talome_call *call, talome_bytes input, talome_sink out, void *to) {
  Frozen *frozen = user;
  char word[64], json[256];
  if (talome_json_text(talome_json_member(input, "word"), word, sizeof word) < 0) return failed(frozen, TALOME_E_INVALID, "word: too long");
  const Adding adding = {frozen, word};
  talome_status status = frozen->database->transaction(frozen->self, add_both, (void *)&adding);
  if (status < 0) return status;
  talome_principal caller = {.struct_size = sizeof caller};
  if ((status = frozen->operations->principal(call, &caller)) < 0) return status;
  const int n = snprintf(json, sizeof json, "{\"by\":\"%.*s\"}", (int)caller.username.n, caller.username.p);
  const talome_bytes event = {json, (size_t)n};
  if ((status = frozen->events->publish(frozen->self, talome_text("frozenc.added"), event)) < 0) return status;
  if ((status = frozen->tasks->wake(frozen->self, talome_text("frozen-c.count"), 0)) < 0) return status;
  frozen->operations->set_status(call, 201);
  talome_put(out, to, "{\"by\":");
  out(to, (talome_bytes){json + 6, (size_t)n - 7});
  talome_put(out, to, "}");
  return TALOME_OK;
}

static talome_status state(void *user, talome_call *call, talome_bytes input, talome_sink out, void *to) {
  Frozen *frozen = user;
  char word[64], json[256];
  int64_t words = -1, total = -1;
  (void)input;
  talome_status status = talome_setting_text(frozen->settings, frozen->self, "frozen_c_word", word, sizeof word);
  if (status >= 0) status = frozen->database->execute(frozen->self, NULL, talome_text("SELECT count(*) FROM words"), NULL, 0, take_integer, &words, NULL);
  if (status >= 0) status = frozen->database->execute(frozen->self, NULL, talome_text("SELECT n FROM total"), NULL, 0, take_integer, &total, NULL);
  if (status < 0) return status;
  snprintf(json, sizeof json, "{\"life\":\"%s\",\"word\":\"%s\",\"words\":%lld,\"total\":%lld,\"heard\":%ld,\"runs\":%ld,\"admin\":%s}", frozen->life,
           word, (long long)words, (long long)total, atomic_load(&frozen->heard), atomic_load(&frozen->runs),
           frozen->operations->granted(call, talome_text("admin")) ? "true" : "false");
  talome_put(out, to, json);
  return TALOME_OK;
}

static talome_status count(void *user, talome_call *call) {
  atomic_fetch_add(&((Frozen *)user)->runs, 1);
  return (void)call, TALOME_OK;
}
static void hear(void *user, talome_str topic, talome_bytes json) {
  (void)topic, (void)json;
  atomic_fetch_add(&((Frozen *)user)->heard, 1);
}
static talome_status changing(void *user, talome_str key, talome_bytes json) {
  char word[64];
  (void)key;
  if (talome_json_text(json, word, sizeof word) == 0 && strcmp(word, "never") == 0) return failed(user, TALOME_E_INVALID, "never say never");
  return TALOME_OK;
}

static talome_status declare(Frozen *frozen) {
  talome_self *self = frozen->self;
  const talome_route get = {.struct_size = sizeof get, .method = "GET", .path = "/api/frozen-c/state"};
  const talome_route post = {.struct_size = sizeof post, .success = 200, .method = "POST", .path = "/api/frozen-c/words/{word}"};
  const talome_route *const gets[] = {&get}, *const posts[] = {&post};
  const talome_operation reading = {.struct_size = sizeof reading, .tier = TALOME_TIER_READ, .id = "frozenc.state", .summary = "What it has seen",
                                    .permission = "session", .input_schema = "{\"type\":\"object\",\"additionalProperties\":false}",
                                    .routes = gets, .n_routes = 1, .invoke = state, .user = frozen};
  const talome_operation adding = {.struct_size = sizeof adding, .tier = TALOME_TIER_MODIFY, .id = "frozenc.add", .summary = "Keeps a word",
                                   .permission = "admin",
                                   .input_schema = "{\"type\":\"object\",\"properties\":{\"word\":{\"type\":\"string\",\"pattern\":\"^[a-z]+$\"}},"
                                                   "\"required\":[\"word\"],\"additionalProperties\":false}",
                                   .routes = posts, .n_routes = 1, .invoke = add, .user = frozen};
  const talome_setting setting = {.struct_size = sizeof setting, .key = "frozen_c_word", .summary = "A word", .fallback = "\"ice\"",
                                  .schema = "{\"type\":\"string\",\"maxLength\":40}"};
  const talome_task task = {.struct_size = sizeof task, .id = "frozen-c.count", .summary = "Counts its runs", .run = count, .user = frozen};
  const talome_topic topic = {.struct_size = sizeof topic, .name = "frozenc.added", .summary = "A word was added", .audience = "session"};
  talome_status status = frozen->operations->declare(self, &reading);
  if (status >= 0) status = frozen->operations->declare(self, &adding);
  if (status >= 0) status = frozen->settings->declare(self, &setting);
  if (status >= 0) status = frozen->settings->on_change(self, changing, frozen);
  if (status >= 0) status = frozen->database->migration(self, 1, 0, "CREATE TABLE words (word TEXT); CREATE TABLE total (n INTEGER); INSERT INTO total VALUES (0)");
  if (status >= 0) status = frozen->tasks->declare(self, &task);
  if (status >= 0) status = frozen->events->declare(self, &topic);
  if (status >= 0) status = frozen->events->subscribe(self, "frozenc.*", hear, frozen);
  return status;
}

static talome_status create(const talome_host *host, talome_self *self, void **out) {
  Frozen *frozen = calloc(1, sizeof *frozen);
  if (!frozen) return host->fail(self, TALOME_E_INTERNAL, talome_text("out of memory"));
  frozen->host = host;
  frozen->self = self;
  frozen->operations = host->extension(self, TALOME_OPERATIONS);
  frozen->settings = host->extension(self, TALOME_SETTINGS);
  frozen->database = host->extension(self, TALOME_DATABASE);
  frozen->tasks = host->extension(self, TALOME_TASKS);
  frozen->events = host->extension(self, TALOME_EVENTS);
  talome_status status = TALOME_E_UNSUPPORTED;
  if (TALOME_HAS(frozen->operations, set_status) && TALOME_HAS(frozen->settings, get) && TALOME_HAS(frozen->database, transaction) &&
      TALOME_HAS(frozen->tasks, wake) && TALOME_HAS(frozen->events, publish))
    status = declare(frozen);
  else
    failed(frozen, status, "this host lacks what a plugin of its age needs");
  if (status < 0) free(frozen);
  else *out = frozen;
  return status;
}
static talome_status start(void *plugin) { return ((Frozen *)plugin)->life = "started", TALOME_OK; }
static talome_status activate(void *plugin) { return ((Frozen *)plugin)->life = "active", TALOME_OK; }
static void quiesce(void *plugin) { say(plugin, "frozen: quiesce"); }
static void stop(void *plugin) { say(plugin, "frozen: stop"); }
static void destroy(void *plugin) { say(plugin, "frozen: destroy"), free(plugin); }

const talome_plugin *talome_plugin_v1(void) {
  static const talome_plugin plugin = {.struct_size = sizeof plugin, .abi = TALOME_ABI, .id = "frozen-c", .version = "1.0.0",
                                       .summary = "A plugin in C of another age.", .flags = TALOME_CAN_UNLOAD, .create = create, .start = start,
                                       .activate = activate, .quiesce = quiesce, .stop = stop, .destroy = destroy};
  return &plugin;
}
