/* A test without C++: talome/testing.h is all that it needs. */
#include <talome/testing.h>

#include <stdio.h>
#include <string.h>

typedef struct { int32_t status; char body[512]; } Answer;

static void answered(void *to, int32_t status, const talome_pair *headers, uint32_t n, talome_bytes body) {
  Answer *answer = to;
  (void)headers, (void)n;
  answer->status = status;
  snprintf(answer->body, sizeof answer->body, "%.*s", (int)body.n, (const char *)body.p);
}
static void print(void *to, talome_bytes piece) { fwrite(piece.p, 1, piece.n, to); }

static int expect(talome_testing *host, const char *target, int32_t status, const char *part) {
  Answer answer = {0, ""};
  if (talome_testing_request(host, 0, "GET", target, NULL, 0, (talome_bytes){NULL, 0}, answered, &answer) < 0)
    talome_testing_why(print, stderr);
  if (answer.status == status && strstr(answer.body, part)) return 0;
  fprintf(stderr, "%s: %d %s\n", target, answer.status, answer.body);
  return 1;
}

int main(void) {
  const char *plugins[] = {TALOME_TEST_PLUGIN};
  const talome_testing_options options = {.struct_size = sizeof options, .n_plugins = 1, .plugins = plugins};
  talome_testing *host = talome_testing_open(&options);
  if (!host) return talome_testing_why(print, stderr), 1;
  int failed = expect(host, "/api/greeter/hello?name=Ann", 200, "Hello, Ann");
  failed |= expect(host, "/api/greeter/hello", 400, "name");
  talome_testing_close(host);
  return failed;
}
