/* For plugins in plain C: texts, the flat JSON of inputs and settings, and answers, without a JSON library. Not part of the
 * contract: these functions are compiled into the plugin, and allocate nothing. */
#ifndef TALOME_PLAIN_C_H
#define TALOME_PLAIN_C_H

#include "abi.h"
#include "settings.h"

#include <string.h>

static inline talome_str talome_text(const char *text) {
  const talome_str all = {text, strlen(text)};
  return all;
}

/* For what a plugin's descriptor must have and this plugin does not need: .start = talome_nothing, .stop = talome_ignore. */
static inline talome_status talome_nothing(void *plugin) { return (void)plugin, TALOME_OK; }
static inline void talome_ignore(void *plugin) { (void)plugin; }

/* Where the JSON value at `p` ends; `end` if it does not. */
static inline const char *talome_json_end(const char *p, const char *end) {
  for (int depth = 0; p < end; ++p) {
    if (*p == '"') {
      for (++p; p < end && *p != '"'; ++p)
        if (*p == '\\' && p + 1 < end) ++p;
    } else if (*p == '{' || *p == '[') {
      ++depth;
    } else if (*p == '}' || *p == ']' || *p == ',') {
      if (depth == 0) return p;
      if (*p != ',') --depth;
    }
  }
  return end;
}

/* The value of a member of this object, as JSON; { NULL, 0 } if it is not there. The host writes inputs without blanks. */
static inline talome_bytes talome_json_member(talome_bytes object, const char *name) {
  const talome_bytes none = {NULL, 0};
  const size_t n = strlen(name);
  const char *p = (const char *)object.p, *end = p + object.n;
  if (object.n == 0 || *p != '{') return none;
  for (++p; p < end && *p == '"'; ++p) {
    const char *key = p + 1, *colon = key;
    while (colon < end && *colon != '"') colon += *colon == '\\' ? 2 : 1;
    if (end - colon < 3 || colon[1] != ':') return none;
    p = talome_json_end(colon + 2, end);
    if ((size_t)(colon - key) == n && memcmp(key, name, n) == 0) {
      const talome_bytes value = {colon + 2, (size_t)(p - colon - 2)};
      return value;
    }
  }
  return none;
}

/* The four hexadecimal digits at `p`; -1 if they are none. */
static inline int32_t talome_json_hex(const char *p, const char *end) {
  int32_t value = 0;
  if (end - p < 4) return -1;
  for (int i = 0; i < 4; ++i) {
    const char *digits = "0123456789abcdef", *digit = strchr(digits, p[i] >= 'A' && p[i] <= 'F' ? p[i] + 32 : p[i]);
    if (!p[i] || !digit) return -1;
    value = value * 16 + (int32_t)(digit - digits);
  }
  return value;
}

/* Unescapes a JSON text into `to`, and terminates it. -1 if it is none, holds a NUL, or has no room in `size` bytes. */
static inline int talome_json_text(talome_bytes json, char *to, size_t size) {
  const char *p = (const char *)json.p, *end = p + json.n;
  size_t n = 0;
  if (json.n < 2 || *p != '"' || end[-1] != '"') return -1;
  for (++p, --end; p < end;) {
    int32_t code = (unsigned char)*p++;
    if (code != '\\') {
      if (code < 0x20 || n + 1 >= size) return -1;
      to[n++] = (char)code;
      continue;
    }
    const char *plain = "\"\\/bfnrt", *real = "\"\\/\b\f\n\r\t", *found = p < end && *p ? strchr(plain, *p) : NULL;
    if (found) {
      code = real[found - plain];
      ++p;
    } else {
      if (p == end || *p != 'u' || (code = talome_json_hex(p + 1, end)) <= 0) return -1;
      p += 5;
      if (code >= 0xd800 && code < 0xe000) { /* one half of a pair */
        const int32_t low = end - p >= 6 && p[0] == '\\' && p[1] == 'u' ? talome_json_hex(p + 2, end) : -1;
        if (code >= 0xdc00 || low < 0xdc00 || low > 0xdfff) return -1;
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
        p += 6;
      }
    }
    const int more = code < 0x80 ? 0 : code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    static const unsigned char first[] = {0, 0xc0, 0xe0, 0xf0};
    if (n + (size_t)more + 1 >= size) return -1;
    to[n++] = (char)(first[more] | (code >> (6 * more)));
    for (int i = more - 1; i >= 0; --i) to[n++] = (char)(0x80 | ((code >> (6 * i)) & 0x3f));
  }
  to[n] = 0;
  return size ? 0 : -1;
}

/* A whole number. -1 if it is none, or does not fit. */
static inline int talome_json_integer(talome_bytes json, int64_t *to) {
  const char *p = (const char *)json.p, *end = p + json.n;
  const int minus = json.n > 0 && *p == '-';
  uint64_t value = 0;
  if ((p += minus) == end || end - p > 19) return -1; /* 19 digits fit into 64 bits */
  for (; p < end; ++p) {
    if (*p < '0' || *p > '9') return -1;
    value = value * 10 + (uint64_t)(*p - '0');
  }
  if (value > (uint64_t)INT64_MAX) return -1;
  *to = minus ? -(int64_t)value : (int64_t)value;
  return 0;
}

/* A talome_sink into memory: what does not fit is dropped, and `lost` says so. */
typedef struct talome_buffer { char *p; size_t n, size; int lost; } talome_buffer;
static inline void talome_buffer_take(void *to, talome_bytes piece) TALOME_NOEXCEPT {
  talome_buffer *buffer = (talome_buffer *)to;
  if (piece.n > buffer->size - buffer->n) buffer->lost = 1;
  if (buffer->lost || piece.n == 0) return;
  memcpy(buffer->p + buffer->n, piece.p, piece.n);
  buffer->n += piece.n;
}

/* The value of a text setting of up to 1 KiB. */
static inline talome_status talome_setting_text(const talome_settings *settings, talome_self *self, const char *key, char *to,
                                                size_t size) {
  char json[1024];
  talome_buffer buffer = {json, 0, sizeof json, 0};
  const talome_status status = settings->get(self, talome_text(key), talome_buffer_take, &buffer);
  const talome_bytes all = {json, buffer.n};
  if (status < 0) return status;
  return buffer.lost || talome_json_text(all, to, size) < 0 ? TALOME_E_TOO_LARGE : TALOME_OK;
}

/* Answers, piece by piece: as it is, and as a JSON text with its quotes. */
static inline void talome_put(talome_sink out, void *to, const char *text) {
  const talome_bytes piece = {text, strlen(text)};
  out(to, piece);
}
static inline void talome_put_text(talome_sink out, void *to, const char *text) {
  talome_put(out, to, "\"");
  while (*text) {
    size_t n = 0;
    while ((unsigned char)text[n] >= 0x20 && text[n] != '"' && text[n] != '\\') ++n;
    const talome_bytes plain = {text, n};
    if (n) out(to, plain);
    if (!*(text += n)) break;
    const char c = *text++, *hex = "0123456789abcdef";
    const char escaped[] = {'\\', 'u', '0', '0', hex[(c >> 4) & 15], hex[c & 15], 0};
    talome_put(out, to, escaped);
  }
  talome_put(out, to, "\"");
}

#endif
