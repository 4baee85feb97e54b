/*
 * A PKCS#11 module for tests: a real one with single calls replaced. Every call goes on to the module of FAULTY_REAL
 * (SoftHSM if unset) unless FAULTY_PLAN has something else in mind for it:
 *
 *   FAULTY_PLAN = "C_Function:n:behaviour[;C_Function:n:behaviour …]"
 *   n           = the n-th call of that function in this process, from 1; * for each
 *   behaviour   = 0x30        answer this CKR without calling
 *               | late-0x30   do it truly, then answer this CKR
 *               | abort       end the process by SIGABRT
 *               | hang        never return
 *               | noise       print a lot on stdout and stderr, then go on
 *               | flag-0x80000  C_GetTokenInfo: add these flags to what the token says
 *
 * FAULTY_LOG = a file that gets one line for each call: its name.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

#define TOKEN_INFO_FLAGS 96

/* The behaviour planned for this call, or NULL; written into `out`. */
static const char *planned(int i, char *out, size_t size) {
  const char *plan = getenv("FAULTY_PLAN");
  char copy[4096], *save = NULL;
  if (!plan) return NULL;
  snprintf(copy, sizeof copy, "%s", plan);
  for (char *entry = strtok_r(copy, ";", &save); entry; entry = strtok_r(NULL, ";", &save)) {
    char name[64], when[16], how[64];
    if (sscanf(entry, "%63[^:]:%15[^:]:%63s", name, when, how) != 3 || strcmp(name, NAMES[i])) continue;
    if (strcmp(when, "*") && atoi(when) != calls[i]) continue;
    snprintf(out, size, "%s", how);
    return out;
  }
  return NULL;
}

static void record(int i) {
  const char *path = getenv("FAULTY_LOG");
  FILE *log = path ? fopen(path, "a") : NULL;
  if (!log) return;
  fprintf(log, "%s\n", NAMES[i]);
  fclose(log);
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
  record(i);
  const char *how = planned(i, buffer, sizeof buffer);
  if (how && !strncmp(how, "0x", 2)) return strtoul(how, NULL, 16);
  if (how && !strcmp(how, "abort")) abort();
  if (how && !strcmp(how, "hang")) for (;;) pause();
  if (how && !strcmp(how, "noise")) noise();
  word rv = real->call[i](a, b, c, d, e, f, g, h);
  if (how && !strncmp(how, "late-", 5)) return strtoul(how + 5, NULL, 16);
  if (how && !strncmp(how, "flag-", 5) && rv == 0) *(word *)(b + TOKEN_INFO_FLAGS) |= strtoul(how + 5, NULL, 16);
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
