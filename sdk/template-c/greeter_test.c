/* The plugin in a real host, in the test's own process: its route, its input check and its setting. */
#include <talome/plain_c.h>
#include <talome/testing.h>

#include <stdio.h>

typedef struct {
  int32_t status;
  char body[512];
} Answer;

static void answered(void *to, int32_t status, const talome_pair *headers, uint32_t n, talome_bytes body) {
  Answer *answer = to;
  (void)headers, (void)n;
  answer->status = status;
  snprintf(answer->body, sizeof answer->body, "%.*s", (int)body.n, (const char *)body.p);
}

static void print(void *to, talome_bytes piece) { fwrite(piece.p, 1, piece.n, to); }

/* 1, with words, if the answer is another one. */
static int wrong(talome_testing *host, int32_t caller, const char *target, int32_t status, const char *part) {
  Answer answer = {0, ""};
  const talome_bytes nothing = {NULL, 0};
  if (talome_testing_request(host, caller, "GET", target, NULL, 0, nothing, answered, &answer) < 0) talome_testing_why(print, stderr);
  if (answer.status == status && strstr(answer.body, part)) return 0;
  fprintf(stderr, "%s: expected %d and %s, got %d: %s\n", target, status, part, answer.status, answer.body);
  return 1;
}

int main(void) {
  const char *plugins[] = {TALOME_TEST_PLUGIN};
  const talome_testing_options options = {.struct_size = sizeof options, .n_plugins = 1, .plugins = plugins};
  talome_testing *host = talome_testing_open(&options);
  if (!host) return talome_testing_why(print, stderr), 1;
  const int32_t stranger = talome_testing_caller(host, "", NULL);
  const talome_bytes hi = {"\"Hi\"", 4};
  int failed = wrong(host, 0, "/api/greeter/hello?name=Ann", 200, "{\"text\":\"Hello, Ann\",\"count\":1}");
  failed += talome_testing_set_setting(host, talome_text("greeter_word"), hi) < 0;
  failed += wrong(host, 0, "/api/greeter/hello?name=%22Bob%22", 200, "{\"text\":\"Hi, \\u0022Bob\\u0022\",\"count\":2}");
  failed += wrong(host, 0, "/api/greeter/hello", 400, "name");
  failed += wrong(host, stranger, "/api/greeter/hello?name=Ann", 401, "error");
  failed += talome_testing_advance(host, 3660000) < 0; /* the task has run */
  talome_testing_close(host);
  return failed;
}
