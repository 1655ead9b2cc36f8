/* All kinds of wire routes, in plain C: a file, uploads, an event stream, a stream of its own, and WebSockets. */
#define _GNU_SOURCE
#include <talome/events.h>
#include <talome/http.h>
#include <talome/operations.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

typedef struct {
  const talome_host *host;
  const talome_operations *operations;
  const talome_http *http;
  const talome_events *events;
  talome_self *self;
} Wire;

static talome_str text(const char *s) { return (talome_str){s, strlen(s)}; }

/* The value of a text in the host's own JSON, which has no blanks; no escapes are read. */
static int value(talome_bytes json, const char *name, char *to, size_t n) {
  char key[64], whole[4096];
  if (json.n >= sizeof whole) return 0;
  memcpy(whole, json.p, json.n);
  whole[json.n] = 0;
  snprintf(key, sizeof key, "\"%s\":\"", name);
  const char *at = strstr(whole, key);
  if (!at) return 0;
  at += strlen(key);
  const char *end = strchr(at, '"');
  if (!end || (size_t)(end - at) >= n) return 0;
  memcpy(to, at, (size_t)(end - at));
  to[end - at] = 0;
  return 1;
}

static long number(talome_bytes json, const char *name) {
  char key[64], whole[4096];
  if (json.n >= sizeof whole) return 0;
  memcpy(whole, json.p, json.n);
  whole[json.n] = 0;
  snprintf(key, sizeof key, "\"%s\":", name);
  const char *at = strstr(whole, key);
  return at ? atol(at + strlen(key)) : 0;
}

static talome_status file(void *user, talome_call *call, talome_bytes input, talome_exchange *exchange) {
  const Wire *plugin = user;
  char path[1024], name[256] = "";
  (void)call;
  if (!value(input, "path", path, sizeof path)) return plugin->host->fail(plugin->self, TALOME_E_INVALID, text("path: is required"));
  value(input, "name", name, sizeof name);
  const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return plugin->host->fail(plugin->self, TALOME_E_NOT_FOUND, text("there is no such file"));
  const talome_file answer = {.struct_size = sizeof answer, .fd = fd, .name = text(name)};
  const talome_status status = plugin->http->file(exchange, &answer);
  close(fd);
  return status;
}

static talome_status place(void *user, talome_call *call, talome_bytes input, const talome_upload_part *part, talome_upload_target *target) {
  const Wire *plugin = user;
  char path[1024];
  (void)call, (void)part;
  if (!value(input, "dir", path, sizeof path)) return plugin->host->fail(plugin->self, TALOME_E_INVALID, text("dir: is required"));
  const int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return plugin->host->fail(plugin->self, TALOME_E_NOT_FOUND, text("there is no such directory"));
  target->directory = fd;     /* stays open: a test's plugin may leak a few */
  target->max_bytes = (uint64_t)number(input, "most");
  return TALOME_OK;
}

static talome_status uploaded(void *user, talome_call *call, talome_bytes input, const talome_upload *upload, talome_sink out, void *to) {
  const Wire *plugin = user;
  char path[1024], replace[8] = "";
  (void)call;
  if (!value(input, "dir", path, sizeof path)) return TALOME_E_INVALID;
  value(input, "exists", replace, sizeof replace);
  const int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return plugin->host->fail(plugin->self, TALOME_E_NOT_FOUND, text("there is no such directory"));
  out(to, (talome_bytes){"{\"files\":[", 10});
  for (uint32_t i = 0; i < upload->n_files; ++i) {
    const talome_upload_file *one = upload->files[i];
    const talome_str name = one->filename.n ? one->filename : text("body");
    const talome_status status = plugin->http->link(upload, i, fd, name, replace[0] ? TALOME_LINK_REPLACE : 0);
    if (status < 0) return close(fd), status;
    char line[512];
    const int n = snprintf(line, sizeof line, "%s{\"name\":\"%.*s\",\"size\":%llu,\"sha256\":\"%.*s\"}", i ? "," : "", (int)name.n, name.p,
                           (unsigned long long)one->size, (int)one->sha256.n, one->sha256.p);
    out(to, (talome_bytes){line, (size_t)n});
  }
  close(fd);
  char end[64];
  const int n = snprintf(end, sizeof end, "],\"fields\":%u}", upload->n_fields);
  out(to, (talome_bytes){end, (size_t)n});
  return TALOME_OK;
}

/* Publishes {"n":…,"sentNs":…,"text":…} so many times, to all or to one user. */
static talome_status publish(void *user, talome_call *call, talome_bytes input, talome_sink out, void *to) {
  const Wire *plugin = user;
  char said[1024] = "", whom[128] = "";
  (void)call;
  value(input, "text", said, sizeof said);
  value(input, "to", whom, sizeof whom);
  for (long i = 0; i < number(input, "count"); ++i) {
    struct timespec now;
    char json[1280];
    clock_gettime(CLOCK_MONOTONIC, &now);
    const int n = snprintf(json, sizeof json, "{\"n\":%ld,\"sentNs\":%lld,\"text\":\"%s\"}", i,
                           (long long)now.tv_sec * 1000000000 + now.tv_nsec, said);
    const talome_status status =
        plugin->events->publish_to(plugin->self, text("cwire.tick"), (talome_bytes){json, (size_t)n}, text(whom));
    if (status < 0) return status;
  }
  out(to, (talome_bytes){"{\"ok\":true}", 11});
  return TALOME_OK;
}

/* A body of so many bytes, and then its end. */
static talome_status body(void *user, talome_call *call, talome_bytes input, talome_exchange *exchange) {
  const Wire *plugin = user;
  static char block[65536];
  const talome_stream stream = {.struct_size = sizeof stream, .content_type = text("application/octet-stream"), .max_queued = 1 << 20};
  uint64_t opened;
  (void)call;
  memset(block, 'b', sizeof block);
  talome_status status = plugin->http->stream(plugin->self, exchange, &stream, &opened);
  for (long left = number(input, "bytes"); status == TALOME_OK && left > 0; left -= (long)sizeof block)
    status = plugin->http->stream_write(plugin->self, opened, (talome_bytes){block, left < (long)sizeof block ? (size_t)left : sizeof block});
  if (number(input, "open")) return TALOME_OK;
  plugin->http->stream_close(plugin->self, opened);
  return status;
}

static talome_status wait(void *user, talome_call *call, talome_bytes input, talome_sink out, void *to) {
  (void)user, (void)call;
  usleep((unsigned)number(input, "ms") * 1000);
  out(to, (talome_bytes){"{\"ok\":true}", 11});
  return TALOME_OK;
}

static talome_status opened(void *user, talome_call *call, talome_bytes input, talome_bytes first, uint64_t socket) {
  const Wire *plugin = user;
  char word[64];
  (void)call, (void)first;
  if (value(input, "refuse", word, sizeof word)) return plugin->host->fail(plugin->self, TALOME_E_CONFLICT, text("refused by the plugin"));
  if (value(input, "greet", word, sizeof word))
    plugin->http->ws_send(plugin->self, socket, TALOME_WS_TEXT, (talome_bytes){word, strlen(word)});
  return TALOME_OK;
}

static void message(void *user, uint64_t socket, int32_t kind, talome_bytes data) {
  const Wire *plugin = user;
  if (data.n == 5 && memcmp(data.p, "close", 5) == 0) plugin->http->ws_close(plugin->self, socket, 4000, text("as you wish"));
  else plugin->http->ws_send(plugin->self, socket, kind, data);
}

static void closed(void *user, uint64_t socket, int32_t how, int32_t code, talome_str reason) {
  const Wire *plugin = user;
  char line[256];
  const int n = snprintf(line, sizeof line, "closed how=%d code=%d reason=%.*s", how, code, (int)reason.n, reason.p);
  (void)socket;
  plugin->host->log(plugin->self, TALOME_INFO, (talome_str){line, (size_t)n}, (talome_str){0});
}

static void audience(void *user, talome_str topic, int32_t present) {
  const Wire *plugin = user;
  char line[128];
  const int n = snprintf(line, sizeof line, "audience of %.*s: %d", (int)topic.n, topic.p, present);
  plugin->host->log(plugin->self, TALOME_INFO, (talome_str){line, (size_t)n}, (talome_str){0});
}

#define SCHEMA(properties) "{\"type\":\"object\",\"properties\":{" properties "},\"additionalProperties\":false}"
#define STRING(name) "\"" name "\":{\"type\":\"string\"}"
#define INTEGER(name, fallback) "\"" name "\":{\"type\":\"integer\",\"minimum\":0,\"default\":" fallback "}"

static talome_status declare(Wire *plugin) {
  const talome_http *http = plugin->http;
  talome_self *self = plugin->self;
  talome_status status = TALOME_OK;
#define DECLARE(call) if (status >= 0) status = call
  const talome_topic topic = {.struct_size = sizeof topic, .name = "cwire.tick", .summary = "A tick", .audience = "session"};
  DECLARE(plugin->events->declare(self, &topic));
  DECLARE(plugin->events->on_audience(self, "cwire.tick", audience, plugin));
  const talome_event_source tick = {.struct_size = sizeof tick, .pattern = "cwire.tick", .event = "tick"};
  const talome_event_source *const sources[] = {&tick};
  const talome_event_stream plain = {.struct_size = sizeof plain, .id = "cwire.events", .summary = "Ticks as they come", .permission = "session",
                                     .path = "/api/c-wire/events", .n_sources = 1, .replay = 8, .sources = sources};
  const talome_event_stream last = {.struct_size = sizeof last, .flags = TALOME_STREAM_LAST, .id = "cwire.latest", .summary = "The newest tick first",
                                    .permission = "public", .path = "/api/c-wire/latest", .n_sources = 1, .sources = sources};
  DECLARE(http->event_stream(self, &plain));
  DECLARE(http->event_stream(self, &last));

  const talome_raw_route files = {.struct_size = sizeof files, .tier = TALOME_TIER_READ, .id = "cwire.file", .summary = "A file", .permission = "admin",
                                  .method = "GET", .path = "/api/c-wire/file", .input_schema = SCHEMA(STRING("path") "," STRING("name")), .handle = file, .user = plugin};
  const talome_raw_route bodies = {.struct_size = sizeof bodies, .tier = TALOME_TIER_READ, .id = "cwire.body", .summary = "Bytes", .permission = "session",
                                   .method = "GET", .path = "/api/c-wire/body", .input_schema = SCHEMA(INTEGER("bytes", "1000") "," INTEGER("open", "0")), .handle = body, .user = plugin};
  DECLARE(http->route(self, &files));
  DECLARE(http->route(self, &bodies));
  const talome_upload_route upload = {.struct_size = sizeof upload, .flags = TALOME_UPLOAD_SHA256, .tier = TALOME_TIER_MODIFY, .success = 201, .id = "cwire.upload",
                                      .summary = "Files into a directory", .permission = "admin", .method = "POST", .path = "/api/c-wire/upload",
                                      .input_schema = SCHEMA(STRING("dir") "," STRING("exists") "," INTEGER("most", "0")), .max_body = UINT64_C(4) << 30, .max_files = 10, .place = place, .done = uploaded, .user = plugin};
  DECLARE(http->upload(self, &upload));

  const talome_listener port = {.struct_size = sizeof port, .port = 0, .id = "ws", .summary = "WebSockets alone", .host = "127.0.0.1", .port_variable = "C_WIRE_PORT"};
  DECLARE(http->listener(self, &port));
  const talome_place here = {sizeof here, 0, NULL, "/api/c-wire/ws"}, there = {sizeof there, 0, "ws", "/ws"};
  const talome_place deflated = {sizeof deflated, 0, NULL, "/api/c-wire/ws-deflate"}, first = {sizeof first, 0, NULL, "/api/c-wire/ws-first"};
  const talome_place *const both[] = {&here, &there}, *const compressed[] = {&deflated}, *const firsts[] = {&first};
  talome_websocket socket = {.struct_size = sizeof socket, .tier = TALOME_TIER_MODIFY, .n_places = 2, .id = "cwire.echo", .summary = "Says it back", .permission = "session",
                             .input_schema = SCHEMA(STRING("greet") "," STRING("refuse")), .places = both, .protocols = "echo.v2,echo.v1", .max_message = 1 << 20,
                             .open = opened, .message = message, .closed = closed, .user = plugin};
  DECLARE(http->websocket(self, &socket));
  socket.id = "cwire.echoDeflate", socket.places = compressed, socket.n_places = 1, socket.flags = TALOME_WS_DEFLATE;
  DECLARE(http->websocket(self, &socket));
  socket.id = "cwire.echoFirst", socket.places = firsts, socket.flags = TALOME_WS_FIRST_MESSAGE;
  DECLARE(http->websocket(self, &socket));

  const talome_route publishing = {sizeof publishing, 0, "POST", "/api/c-wire/publish", NULL}, waiting = {sizeof waiting, 0, "GET", "/api/c-wire/wait", NULL};
  const talome_route *const publishes[] = {&publishing}, *const waits[] = {&waiting};
  talome_operation operation = {.struct_size = sizeof operation, .tier = TALOME_TIER_MODIFY, .id = "cwire.publish", .summary = "Publishes ticks", .permission = "session",
                                .input_schema = SCHEMA(INTEGER("count", "1") "," STRING("text") "," STRING("to")), .routes = publishes, .n_routes = 1, .invoke = publish, .user = plugin};
  DECLARE(plugin->operations->declare(self, &operation));
  operation.id = "cwire.wait", operation.summary = "Takes its time", operation.tier = TALOME_TIER_READ, operation.routes = waits, operation.invoke = wait;
  operation.input_schema = SCHEMA(INTEGER("ms", "100"));
  DECLARE(plugin->operations->declare(self, &operation));
  return status;
}

static talome_status create(const talome_host *host, talome_self *self, void **out) {
  Wire made = {host, host->extension(self, TALOME_OPERATIONS), host->extension(self, TALOME_HTTP), host->extension(self, TALOME_EVENTS), self};
  if (!TALOME_HAS(made.operations, declare) || !TALOME_HAS(made.http, queued) || !TALOME_HAS(made.events, on_audience))
    return host->fail(self, TALOME_E_UNSUPPORTED, text("needs " TALOME_HTTP " and " TALOME_EVENTS));
  Wire *plugin = malloc(sizeof *plugin);
  if (!plugin) return host->fail(self, TALOME_E_INTERNAL, text("out of memory"));
  *plugin = made;
  const talome_status status = declare(plugin);
  if (status < 0) free(plugin);
  else *out = plugin;
  return status;
}

static talome_status nothing(void *plugin) { return (void)plugin, TALOME_OK; }
static void ignore(void *plugin) { (void)plugin; }

const talome_plugin *talome_plugin_v1(void) {
  static const talome_plugin plugin = {sizeof plugin, TALOME_ABI, "c-wire", "1.0.0", "All kinds of wire routes, in C.", TALOME_CAN_UNLOAD, 0,
                                       create,        nothing,    nothing,  ignore,  ignore,                          free};
  return &plugin;
}
