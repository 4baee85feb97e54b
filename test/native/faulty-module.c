/*
 * A PKCS#11 module for tests: a real one with single calls replaced. Every call goes on to the module of FAULTY_REAL
 * (SoftHSM if unset) unless FAULTY_PLAN has something else in mind for it:
 *
 *   FAULTY_PLAN = "C_Function:n:behaviour[;C_Function:n:behaviour …]"
 *   n           = the n-th call of that function in this process, from 1; * for each
 *                 instead of C_Function: @ for the n-th of all calls that FAULTY_LOG counts, in whichever process
 *   behaviour   = 0x30        answer this CKR without calling
 *               | late-0x30   do it truly, then answer this CKR
 *               | abort       end the process by SIGABRT
 *               | kill        end the process by SIGKILL
 *               | kill-both   end it and the process that started it, which is the agent, by SIGKILL
 *               | hang        never return
 *               | slow-500    wait so many milliseconds, then go on
 *               | noise       print a lot on stdout and stderr, then go on
 *               | scribble    write garbage into every open descriptor above 2, then go on
 *               | endless     C_FindObjects: always one more handle
 *               | length      C_GetAttributeValue, C_Sign: answer a length far beyond what was given
 *               | pin-pad     C_Login, C_SetPIN: refuse by CKR_ARGUMENTS_BAD any PIN that is not NULL_PTR, and for NULL_PTR
 *                             take the PIN of FAULTY_PAD, as a person would type it on the reader
 *               | flag-0x80000  C_GetTokenInfo: add these flags to what the token says
 *               | room-2000   C_GetTokenInfo: this much public and private memory is free, of a million
 *
 * FAULTY_LOG = a file that gets one line of 32 bytes for each call: its name, padded.
 * FAULTY_WITNESS = a file that gets a line for what C_SignInit, C_Sign and C_GenerateKeyPair are given: the mechanism, the
 * data, the two templates as `type=value`, all in hexadecimal.
 * FAULTY_PULLED = a file: while it is there, the token is not. After it is gone the token is seen again, but an old session
 * answers CKR_DEVICE_REMOVED if it was used meanwhile.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef unsigned long word;
typedef word (*function)(word, word, word, word, word, word, word, word);

/* CK_FUNCTION_LIST, PKCS#11 v2.40: a version, padded to a word, then these in this order. */
#define COUNT 68
static const char *NAMES[COUNT] = {
  "C_Initialize", "C_Finalize", "C_GetInfo", "C_GetFunctionList", "C_GetSlotList", "C_GetSlotInfo", "C_GetTokenInfo",
  "C_GetMechanismList", "C_GetMechanismInfo", "C_InitToken", "C_InitPIN", "C_SetPIN", "C_OpenSession", "C_CloseSession",
  "C_CloseAllSessions", "C_GetSessionInfo", "C_GetOperationState", "C_SetOperationState", "C_Login", "C_Logout",
  "C_CreateObject", "C_CopyObject", "C_DestroyObject", "C_GetObjectSize", "C_GetAttributeValue", "C_SetAttributeValue",
  "C_FindObjectsInit", "C_FindObjects", "C_FindObjectsFinal", "C_EncryptInit", "C_Encrypt", "C_EncryptUpdate",
  "C_EncryptFinal", "C_DecryptInit", "C_Decrypt", "C_DecryptUpdate", "C_DecryptFinal", "C_DigestInit", "C_Digest",
  "C_DigestUpdate", "C_DigestKey", "C_DigestFinal", "C_SignInit", "C_Sign", "C_SignUpdate", "C_SignFinal",
  "C_SignRecoverInit", "C_SignRecover", "C_VerifyInit", "C_Verify", "C_VerifyUpdate", "C_VerifyFinal",
  "C_VerifyRecoverInit", "C_VerifyRecover", "C_DigestEncryptUpdate", "C_DecryptDigestUpdate", "C_SignEncryptUpdate",
  "C_DecryptVerifyUpdate", "C_GenerateKey", "C_GenerateKeyPair", "C_WrapKey", "C_UnwrapKey", "C_DeriveKey",
  "C_SeedRandom", "C_GenerateRandom", "C_GetFunctionStatus", "C_CancelFunction", "C_WaitForSlotEvent"};

struct list { unsigned char version[sizeof(word)]; function call[COUNT]; };
static struct list *real;
static int calls[COUNT];

/* Offsets in CK_TOKEN_INFO and CK_ATTRIBUTE. */
#define TOKEN_INFO_FLAGS 96
#define TOKEN_INFO_TOTAL_PUBLIC 152
#define LINE 32

enum { INITIALIZE = 0, SLOT_LIST = 4, SET_PIN = 11, OPEN_SESSION = 12, LOGIN = 18, GET_ATTRIBUTE = 24,
       FIND_OBJECTS = 27, SIGN_INIT = 42, SIGN = 43, GENERATE_KEY_PAIR = 59 };
#define CKR_ARGUMENTS_BAD 0x07
#define CKR_DEVICE_REMOVED 0x32
#define CKR_TOKEN_NOT_PRESENT 0xe0

/* The behaviour planned for this call, or NULL; written into `out`. */
static const char *planned(int i, int all, char *out, size_t size) {
  const char *plan = getenv("FAULTY_PLAN");
  char copy[4096], *save = NULL;
  if (!plan) return NULL;
  snprintf(copy, sizeof copy, "%s", plan);
  for (char *entry = strtok_r(copy, ";", &save); entry; entry = strtok_r(NULL, ";", &save)) {
    char name[64], when[16], how[64];
    if (sscanf(entry, "%63[^:]:%15[^:]:%63s", name, when, how) != 3) continue;
    if (strcmp(name, "@") && strcmp(name, NAMES[i])) continue;
    if (strcmp(when, "*") && atoi(when) != (name[0] == '@' ? all : calls[i])) continue;
    snprintf(out, size, "%s", how);
    return out;
  }
  return NULL;
}

/* Answers which call of all this is. One write of one size: lines of two processes do not mix. */
static int record(int i) {
  const char *path = getenv("FAULTY_LOG");
  char line[LINE + 1];
  int log = path ? open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600) : -1;
  struct stat now;
  if (log < 0) return 0;
  snprintf(line, sizeof line, "%-31s\n", NAMES[i]);
  int done = write(log, line, LINE) == LINE && fstat(log, &now) == 0;
  close(log);
  return done ? (int)(now.st_size / LINE) : 0;
}

static void scribble(void) {
  static const char garbage[] = "\x00\x00\x00\x10 not a message \xff\xff\xff\xff{\"kind\":\"result\"}";
  struct stat what;
  for (int fd = 3; fd < 64; fd++)
    if (fstat(fd, &what) == 0 && S_ISSOCK(what.st_mode) && write(fd, garbage, sizeof garbage) < 0) continue;
}

/* Whether the token is out; `gone`: or was, since this session's time. */
static int out(void) {
  const char *path = getenv("FAULTY_PULLED");
  return path && access(path, F_OK) == 0;
}

/* What the calls answer then; -1: they go on. A token that came back is seen, and sessions may be opened on it. */
static long answer_when_pulled(int i, word c) {
  static int gone;
  int now = out();
  if (i == INITIALIZE || (i == OPEN_SESSION && !now)) gone = 0;
  if (now) gone = 1;
  if (i <= 3 || !gone) return -1;
  if (i == SLOT_LIST) return now ? (long)(*(word *)c = 0) : -1;
  if (i <= 8) return now ? CKR_TOKEN_NOT_PRESENT : -1;
  return CKR_DEVICE_REMOVED;
}

static word on_the_pad(int i, word a, word b, word c, word d, word e) {
  const char *typed = getenv("FAULTY_PAD");
  static const char new_pin[] = "24681357";
  if ((i == LOGIN && c) || (i == SET_PIN && (b || d))) return CKR_ARGUMENTS_BAD;
  (void)e;
  if (i == LOGIN) return real->call[i](a, b, (word)typed, strlen(typed), 0, 0, 0, 0);
  return real->call[i](a, (word)typed, strlen(typed), (word)new_pin, strlen(new_pin), 0, 0, 0);
}

/* What lies beside a true answer. */
static void lie(int i, const char *how, word a, word b, word c, word d, word e) {
  (void)a;
  if (!strncmp(how, "flag-", 5)) *(word *)(b + TOKEN_INFO_FLAGS) |= strtoul(how + 5, NULL, 16);
  if (!strncmp(how, "room-", 5)) {
    word *memory = (word *)(b + TOKEN_INFO_TOTAL_PUBLIC);
    memory[0] = memory[2] = 1000000;
    memory[1] = memory[3] = strtoul(how + 5, NULL, 10);
  }
  if (!strcmp(how, "endless") && i == FIND_OBJECTS && c > 0) *(word *)b = 1, *(word *)d = 1;
  if (!strcmp(how, "length") && i == GET_ATTRIBUTE) ((word *)c)[2] = 1UL << 40;
  if (!strcmp(how, "length") && i == SIGN) *(word *)e = 1UL << 30;
}

static void hex(FILE *out, word bytes, word length) {
  for (word at = 0; at < length; at++) fprintf(out, "%02x", ((unsigned char *)bytes)[at]);
}

/* CK_ATTRIBUTE is three words: type, pointer, length. */
static void template(FILE *out, word attributes, word count) {
  for (word *at = (word *)attributes; count > 0; count--, at += 3) {
    fprintf(out, " %lx=", at[0]);
    hex(out, at[1], at[2]);
  }
}

static void witness(int i, word b, word c, word d, word e, word f) {
  const char *path = getenv("FAULTY_WITNESS");
  FILE *out = path && (i == SIGN_INIT || i == SIGN || i == GENERATE_KEY_PAIR) ? fopen(path, "ae") : NULL;
  if (!out) return;
  fprintf(out, "%s ", NAMES[i]);
  if (i == SIGN) hex(out, b, c);
  else fprintf(out, "%lx", *(word *)b);
  if (i == GENERATE_KEY_PAIR) template(out, c, d), fputs(" |", out), template(out, e, f);
  fputs("\n", out);
  fclose(out);
}

static void noise(void) {
  for (int line = 0; line < 5000; line++) {
    fprintf(stdout, "stdout noise of a module, line %d, PIN 73915846\n", line);
    fprintf(stderr, "{\"kind\":\"result\",\"id\":1}\n");
  }
  fflush(NULL);
}

static word step(int i, word a, word b, word c, word d, word e, word f, word g, word h) {
  char buffer[64];
  calls[i] += 1;
  const char *how = planned(i, record(i), buffer, sizeof buffer);
  witness(i, b, c, d, e, f);
  if (how && !strncmp(how, "0x", 2)) return strtoul(how, NULL, 16);
  if (how && !strcmp(how, "abort")) abort();
  if (how && !strcmp(how, "kill-both")) kill(getppid(), SIGKILL);
  if (how && !strncmp(how, "kill", 4)) for (kill(getpid(), SIGKILL);;) pause();
  if (how && !strcmp(how, "hang")) for (;;) pause();
  if (how && !strncmp(how, "slow-", 5)) usleep(1000 * atoi(how + 5));
  if (how && !strcmp(how, "noise")) noise();
  if (how && !strcmp(how, "scribble")) scribble();
  if (how && !strcmp(how, "pin-pad")) return on_the_pad(i, a, b, c, d, e);
  long gone = answer_when_pulled(i, c);
  if (gone >= 0) return gone;
  word rv = real->call[i](a, b, c, d, e, f, g, h);
  if (how && !strncmp(how, "late-", 5)) return strtoul(how + 5, NULL, 16);
  if (how && rv == 0) lie(i, how, a, b, c, d, e);
  return rv;
}

/* All arguments are words; passing more than a function takes does no harm in the calling conventions of Linux. */
#define W(i) static word w##i(word a, word b, word c, word d, word e, word f, word g, word h) { return step(i, a, b, c, d, e, f, g, h); }
#define TEN(M, t) M(t##0) M(t##1) M(t##2) M(t##3) M(t##4) M(t##5) M(t##6) M(t##7) M(t##8) M(t##9)
#define ALL(M) M(0) M(1) M(2) M(3) M(4) M(5) M(6) M(7) M(8) M(9) TEN(M, 1) TEN(M, 2) TEN(M, 3) TEN(M, 4) TEN(M, 5) \
  M(60) M(61) M(62) M(63) M(64) M(65) M(66) M(67)
ALL(W)

static struct list ours = {{2, 40}, {
#define P(i) w##i,
  ALL(P)
}};

word C_GetFunctionList(struct list **out) {
  const char *path = getenv("FAULTY_REAL");
  void *library = dlopen(path ? path : "/usr/lib/softhsm/libsofthsm2.so", RTLD_NOW | RTLD_LOCAL);
  word (*get)(struct list **) = library ? (word (*)(struct list **))dlsym(library, "C_GetFunctionList") : NULL;
  if (!get || get(&real) != 0) return 5; /* CKR_GENERAL_ERROR */
  *out = &ours;
  return 0;
}
