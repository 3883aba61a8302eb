/* Sends one kind of HTTP request over and over on kept connections and counts the answers.
 *
 *   generator PORT RATE SECONDS CONNECTIONS < TEMPLATE
 *
 * TEMPLATE is the request as it goes over the wire. In it, each of these stands for something new a
 * request: {uuid7} {token} (22 characters) {base58} (20) {now} (RFC 3339, milliseconds) {now_ms} (13
 * digits) {ip} (an IPv4 address, of varying length: not for a body).
 *
 * RATE 0 is a closed loop: each connection sends its next request when the last one is answered.
 * Otherwise RATE requests a second are due at fixed moments, answers waited for or not, and a time
 * counts from the moment the request was due: a server that stalls cannot hide it.
 *
 * Prints one line of JSON: sent, answered below 400, refused, broken connections, answers a second
 * until the last one came, times in milliseconds, seconds of its own CPU. The first two refusals go
 * to standard error. One thread, epoll; Linux. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { TEMPLATE = 16384, REQUEST = 32768, ANSWER = 1 << 18, PIECES = 64, EVENTS = 256, PATIENCE = 20 };
enum kind { TEXT, UUID7, TOKEN, BASE58, NOW, NOW_MS, IP, KINDS };
static const char *const NAMES[KINDS] = {"", "{uuid7}", "{token}", "{base58}", "{now}", "{now_ms}", "{ip}"};

struct piece { enum kind kind; const char *text; size_t length; };
struct connection {
  int socket, busy, body_known, chunked;
  size_t have, whole; /* bytes read of an answer, and its length where it says one */
  double due;
  char answer[ANSWER];
};

static char template[TEMPLATE];
static struct piece pieces[PIECES];
static int piece_count;
static unsigned long long state;

static double seconds(clockid_t clock) {
  struct timespec at;
  clock_gettime(clock, &at);
  return (double)at.tv_sec + (double)at.tv_nsec * 1e-9;
}

static double now(void) { return seconds(CLOCK_MONOTONIC); }

static unsigned long long drawn(void) { /* xorshift64 (Marsaglia 2003) */
  state ^= state << 13;
  state ^= state >> 7;
  return state ^= state << 17;
}

static void cut_template(void) {
  char *rest = template;
  while (*rest && piece_count < PIECES - 1) {
    char *first = NULL;
    enum kind found = TEXT;
    for (int kind = UUID7; kind < KINDS; kind++) {
      char *at = strstr(rest, NAMES[kind]);
      if (at && (!first || at < first)) first = at, found = (enum kind)kind;
    }
    size_t before = first ? (size_t)(first - rest) : strlen(rest);
    pieces[piece_count++] = (struct piece){TEXT, rest, before};
    rest += before;
    if (!first) break;
    pieces[piece_count++] = (struct piece){found, NULL, 0};
    rest += strlen(NAMES[found]);
  }
}

static char *letters(char *out, int count, const char *alphabet, unsigned size) {
  for (int n = 0; n < count; n++) *out++ = alphabet[(drawn() >> 20) % size];
  return out;
}

static char *written(char *out, enum kind kind) {
  unsigned long long ms = (unsigned long long)(seconds(CLOCK_REALTIME) * 1000), a = drawn();
  static const char url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  static const char plain[] = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
  switch (kind) {
  case UUID7:
    return out + sprintf(out, "%08llx-%04llx-7%03llx-%04llx-%012llx", ms >> 16, ms & 0xffff, a >> 52,
                         0x8000 | (a & 0x3fff), drawn() >> 16);
  case TOKEN: return letters(out, 22, url, 64);
  case BASE58: return letters(out, 20, plain, 58);
  case NOW: {
    time_t second = (time_t)(ms / 1000);
    out += strftime(out, 32, "%Y-%m-%dT%H:%M:%S", gmtime(&second));
    return out + sprintf(out, ".%03lluZ", ms % 1000);
  }
  case NOW_MS: return out + sprintf(out, "%013llu", ms);
  default:
    return out + sprintf(out, "%u.%u.%u.%u", 1 + (unsigned)((a >> 24) % 222), (unsigned)(a >> 32) & 255,
                         (unsigned)(a >> 40) & 255, (unsigned)(a >> 48) & 255);
  }
}

static size_t made(char *request) {
  char *out = request;
  for (int n = 0; n < piece_count; n++) {
    if (pieces[n].kind != TEXT) out = written(out, pieces[n].kind);
    else out = (char *)memcpy(out, pieces[n].text, pieces[n].length) + pieces[n].length;
  }
  return (size_t)(out - request);
}

static void dial(struct connection *one, int port, int poll, unsigned number) {
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  one->socket = socket(AF_INET, SOCK_STREAM, 0);
  if (connect(one->socket, (struct sockaddr *)&to, sizeof to)) perror("connect"), exit(1);
  int yes = 1;
  setsockopt(one->socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  fcntl(one->socket, F_SETFL, O_NONBLOCK);
  one->busy = 0;
  epoll_ctl(poll, EPOLL_CTL_ADD, one->socket, &(struct epoll_event){.events = EPOLLIN, .data.u32 = number});
}

/* Whether the answer is all there: by its length, by its last chunk, or because it has no body. */
static int complete(struct connection *one) {
  one->answer[one->have] = 0;
  if (!one->body_known) {
    char *end = strstr(one->answer, "\r\n\r\n");
    if (!end) return 0;
    char *length = strcasestr(one->answer, "\r\ncontent-length:");
    one->body_known = 1;
    one->whole = (size_t)(end + 4 - one->answer);
    one->chunked = !(length && length < end) && atoi(one->answer + 9) != 304;
    if (length && length < end && atoi(one->answer + 9) != 304) one->whole += (size_t)atol(length + 17);
  }
  if (one->chunked) return one->have >= 5 && !memcmp(one->answer + one->have - 5, "0\r\n\r\n", 5);
  return one->have >= one->whole;
}

static int by_size(const void *a, const void *b) {
  float x = *(const float *)a, y = *(const float *)b;
  return (x > y) - (x < y);
}

int main(int count, char **given) {
  if (count != 5) return fprintf(stderr, "generator PORT RATE SECONDS CONNECTIONS < TEMPLATE\n"), 2;
  int port = atoi(given[1]), connections = atoi(given[4]);
  double rate = atof(given[2]), length = atof(given[3]);
  if (!fread(template, 1, sizeof template - 1, stdin)) return 2;
  cut_template();
  state = (unsigned long long)(seconds(CLOCK_REALTIME) * 1e6) * 2654435761ULL | 1;

  int poll = epoll_create1(0), idle_count = 0;
  struct connection *all = calloc((size_t)connections, sizeof *all);
  unsigned *idle = calloc((size_t)connections, sizeof *idle);
  size_t room = 1 << 16, timed = 0;
  float *times = malloc(room * sizeof *times);
  if (!all || !idle || !times) return 1;
  for (unsigned n = 0; n < (unsigned)connections; n++) dial(&all[n], port, poll, n), idle[idle_count++] = n;

  static char request[REQUEST];
  struct epoll_event events[EVENTS];
  long sent = 0, ok = 0, refused = 0, broken = 0;
  double start = now(), due = start, last = start + length;
  for (;;) {
    double at = now();
    int over = at - start >= length;
    while (idle_count && !over && (rate == 0 || due <= at)) {
      struct connection *one = &all[idle[--idle_count]];
      size_t size = made(request);
      one->due = rate ? due : now();
      if (rate) due += 1 / rate;
      one->busy = 1;
      one->have = 0;
      one->body_known = 0;
      sent++;
      if (send(one->socket, request, size, MSG_NOSIGNAL) != (ssize_t)size) broken++;
    }
    if (over && (idle_count == connections || at - start > length + PATIENCE)) break;
    int wait = 5;
    if (rate && !over && idle_count) wait = due - at < 0.001 ? 0 : (int)((due - at) * 1000);
    int ready = epoll_wait(poll, events, EVENTS, wait);
    if (!ready && !wait && due - now() > 40e-6)
      nanosleep(&(struct timespec){0, (long)((due - now()) * 5e8)}, NULL);
    for (int n = 0; n < ready; n++) {
      unsigned number = events[n].data.u32;
      struct connection *one = &all[number];
      ssize_t got = recv(one->socket, one->answer + one->have, sizeof one->answer - 1 - one->have, 0);
      if (got < 0 && errno == EAGAIN) continue;
      if (got <= 0) {
        int lost = one->busy;
        close(one->socket);
        dial(one, port, poll, number);
        if (lost) broken++, idle[idle_count++] = number;
        continue;
      }
      one->have += (size_t)got;
      if (!one->busy || !complete(one)) continue;
      double answered = now();
      if (answered > last) last = answered;
      if (timed == room && !(times = realloc(times, (room *= 2) * sizeof *times))) return 1;
      times[timed++] = (float)((answered - one->due) * 1000);
      if (atoi(one->answer + 9) < 400) ok++;
      else if (refused++ < 2) fprintf(stderr, "%.600s\n", one->answer);
      one->busy = 0;
      idle[idle_count++] = number;
    }
  }
  qsort(times, timed, sizeof *times, by_size);
  struct rusage used;
  getrusage(RUSAGE_SELF, &used);
#define SHARE(q) (timed ? times[(size_t)((double)(timed - 1) * (q))] : 0)
#define SECONDS(t) ((double)(t).tv_sec + (double)(t).tv_usec * 1e-6)
  printf("{\"sent\": %ld, \"ok\": %ld, \"refused\": %ld, \"broken\": %ld, "
         "\"per_s\": %.2f, \"p50_ms\": %.3f, \"p90_ms\": %.3f, \"p99_ms\": %.3f, \"max_ms\": %.3f, "
         "\"own_cpu_s\": %.3f}\n",
         sent, ok, refused, broken, (double)ok / (last - start), SHARE(.5), SHARE(.9), SHARE(.99),
         SHARE(1), SECONDS(used.ru_utime) + SECONDS(used.ru_stime));
}
