/* A plugin with one operation that misbehaves in the way that the build says: each must be found by talome-check. Built
 * once for each way, with NAME as its id, and as good-manners without any. */
#define _GNU_SOURCE
#include <talome/operations.h>

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

static const talome_host *host;
static const talome_operations *operations;
static talome_self *self;

static const char *kept_text;
static talome_call *kept_call;

static talome_status use(void *user, talome_call *call, talome_bytes input, talome_sink out, void *to) {
  static const char answer[] = "{\"text\":\"well\"}";
  (void)user, (void)input, (void)call;
#if defined(KEEPS)
  static volatile char seen;
  if (kept_text) seen = *kept_text;
  kept_text = input.n ? input.p : NULL;
  (void)seen;
#elif defined(KEEPS_CALL)
  if (kept_call) operations->set_status(kept_call, 200);
  kept_call = call;
#elif defined(WRITES)
  if (input.n) memset((char *)(size_t)input.p, ' ', 1);
#elif defined(READS_BEYOND)
  if (strlen(input.p) == 4711) return TALOME_E_INVALID; /* as if it were terminated */
#elif defined(DECLARES)
  operations->uses(self, "other.operation");
#elif defined(BLOCKS)
  for (;;) pause();
#elif defined(CRASHES)
  raise(SIGSEGV);
#elif defined(WRONG_ANSWER)
  out(to, (talome_bytes){"{\"text\":7}", 10});
  return TALOME_OK;
#elif defined(WRONG_STATUS)
  return -4711;
#endif
  out(to, (talome_bytes){answer, sizeof answer - 1});
  return TALOME_OK;
}

static talome_status create(const talome_host *given, talome_self *me, void **plugin) {
  static int instance;
  host = given;
  self = me;
  operations = host->extension(self, TALOME_OPERATIONS);
#ifdef NO_WORDS
  if (!operations) return TALOME_E_UNSUPPORTED;
#else
  static const char words[] = "needs " TALOME_OPERATIONS;
  if (!operations) return host->fail(self, TALOME_E_UNSUPPORTED, (talome_str){words, sizeof words - 1});
#endif
  const talome_route route = {sizeof route, 0, "GET", "/api/" NAME, NULL};
  const talome_route *const routes[] = {&route};
  const talome_operation operation = {
      .struct_size = sizeof operation,
      .tier = TALOME_TIER_READ,
      .id = "misbehaves.use",
      .summary = "Misbehaves",
      .permission = "session",
      .input_schema = "{\"type\":\"object\",\"properties\":{\"name\":{\"type\":\"string\",\"minLength\":1}},"
                      "\"required\":[\"name\"],\"additionalProperties\":false}",
      .output_schema = "{\"type\":\"object\",\"properties\":{\"text\":{\"type\":\"string\"}},\"required\":[\"text\"]}",
      .routes = routes,
      .n_routes = 1,
      .invoke = use,
  };
  *plugin = &instance;
  return operations->declare(self, &operation);
}

#ifdef LEAKS_THREAD
static void *forever(void *nothing) {
  for (;;) pause();
  return nothing;
}
#endif
#ifdef OWN_THREAD_CALLS
static void *declare_elsewhere(void *nothing) {
  operations->uses(self, "other.operation");
  return nothing;
}
#endif

static talome_status start(void *plugin) {
  (void)plugin;
#if defined(LEAKS_THREAD)
  pthread_t thread;
  if (pthread_create(&thread, NULL, forever, NULL) == 0) pthread_detach(thread);
#elif defined(OWN_THREAD_CALLS)
  pthread_t thread;
  if (pthread_create(&thread, NULL, declare_elsewhere, NULL) == 0) pthread_join(thread, NULL);
#elif defined(LEAKS_DESCRIPTOR)
  (void)!open("/dev/null", O_RDONLY | O_CLOEXEC);
#elif defined(START_FAILS)
  static const char words[] = "the moon is in the wrong phase";
  return host->fail(self, TALOME_E_UNAVAILABLE, (talome_str){words, sizeof words - 1});
#endif
  return TALOME_OK;
}
static talome_status nothing(void *plugin) { return (void)plugin, TALOME_OK; }
static void ignore(void *plugin) { (void)plugin; }

const talome_plugin *talome_plugin_v1(void) {
#if defined(LEAKS_THREAD)
  enum { FLAGS = 0 };
#else
  enum { FLAGS = TALOME_CAN_UNLOAD };
#endif
  static const talome_plugin plugin = {sizeof plugin, TALOME_ABI, NAME,    "1.0.0", "Misbehaves.", FLAGS, 0,
                                       create,        start,      nothing, ignore,  ignore,        ignore};
  return &plugin;
}

#ifdef TWO_SYMBOLS
TALOME_EXPORT int one_more_symbol(void) { return (int)(size_t)kept_text + (kept_call != NULL); }
#endif
