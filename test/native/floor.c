/*
 * The floor of the bench: what an enrollment costs when a C program makes the same PKCS#11 calls as the token host and
 * curl sends the request. It judges nothing and keeps nothing; it is no way to enroll.
 *
 *   floor enroll MODULE LABEL FOLDER      FOLDER holds subject.der, curl.conf and, afterwards, what was sent and answered
 *   floor certificates MODULE LABEL       prints microseconds from after C_Initialize to the last certificate
 *   floor fill MODULE LABEL COUNT         so many certificates more, of random content
 *   floor sign MODULE LABEL               log in, find the key, sign, finalize
 *   floor clear MODULE LABEL              destroys every object on the token
 *
 * The PIN comes by the environment (FLOOR_PIN).
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "pkcs11.h"

typedef unsigned char byte;
typedef struct { const byte *at; size_t length; } Slice;
typedef struct { byte bytes[65536]; size_t length; } Buffer;

static CK_FUNCTION_LIST *p11;
static CK_SLOT_ID slot;
static CK_SESSION_HANDLE session;
static const char *label;
static char *pin;

static CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
static byte ckaId[20] = "floor floor floor 12";

static void fail(const char *what, unsigned long rv) {
  fprintf(stderr, "floor: %s 0x%lx\n", what, rv);
  exit(1);
}
#define CALL(function, ...) do { CK_RV rv_ = p11->function(__VA_ARGS__); if (rv_ != CKR_OK) fail(#function, rv_); } while (0)
#define ATTRIBUTE(type, value) { type, &(value), sizeof(value) }

/* ---- slots, sessions ---- */

static void initialize(void) {
  CK_C_INITIALIZE_ARGS args = { .flags = CKF_OS_LOCKING_OK };
  CALL(C_Initialize, &args);
}

static void describeSlot(CK_SLOT_ID id) {
  CK_MECHANISM_TYPE mechanisms[512];
  CK_ULONG count = 512;
  CK_SLOT_INFO info;
  CALL(C_GetSlotInfo, id, &info);
  CALL(C_GetMechanismList, id, mechanisms, &count);
  CK_MECHANISM_TYPE asked[] = { CKM_RSA_PKCS_KEY_PAIR_GEN, CKM_RSA_PKCS_KEY_PAIR_GEN, CKM_RSA_PKCS_KEY_PAIR_GEN,
                                CKM_SHA256_RSA_PKCS, CKM_SHA256_RSA_PKCS, CKM_SHA256_RSA_PKCS,
                                CKM_EC_KEY_PAIR_GEN, CKM_EC_KEY_PAIR_GEN, CKM_ECDSA, CKM_ECDSA };
  for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
    CK_MECHANISM_INFO mechanism;
    CALL(C_GetMechanismInfo, id, asked[i], &mechanism);
  }
}

/* A customer's desk is described once, for the human; afterwards the token is only found again. */
static void lookAround(int describing) {
  CK_SLOT_ID slots[64];
  CK_ULONG count = 64;
  CALL(C_GetSlotList, CK_TRUE, slots, &count);
  int found = 0;
  for (CK_ULONG i = 0; i < count; i++) {
    CK_TOKEN_INFO info;
    CALL(C_GetTokenInfo, slots[i], &info);
    if (!(info.flags & CKF_TOKEN_INITIALIZED)) continue;
    if (describing) describeSlot(slots[i]);
    if (strncmp((char *)info.label, label, strlen(label)) == 0) { slot = slots[i]; found = 1; }
  }
  if (!found) fail("token not found", 0);
}

static void findSlot(void) { lookAround(0); }

static void openSession(void) { CALL(C_OpenSession, slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &session); }
static void login(void) { CALL(C_Login, session, CKU_USER, (byte *)pin, strlen(pin)); }

static void finalize(void) {
  p11->C_CloseAllSessions(slot);
  CALL(C_Finalize, NULL);
}

/* ---- objects ---- */

static CK_ULONG find(CK_ATTRIBUTE *template, CK_ULONG size, CK_OBJECT_HANDLE *found, CK_ULONG most) {
  CK_ULONG total = 0, count;
  CALL(C_FindObjectsInit, session, template, size);
  do {
    CALL(C_FindObjects, session, found + total, most - total > 64 ? 64 : most - total, &count);
    total += count;
  } while (count > 0 && total < most);
  CALL(C_FindObjectsFinal, session);
  return total;
}

static CK_OBJECT_HANDLE objects[4096];

static void snapshot(void) {
  CK_ATTRIBUTE all[] = { ATTRIBUTE(CKA_TOKEN, yes) };
  find(all, 1, objects, 4096);
}

static CK_OBJECT_HANDLE findOne(CK_OBJECT_CLASS class) {
  CK_ATTRIBUTE template[] = { ATTRIBUTE(CKA_CLASS, class), ATTRIBUTE(CKA_ID, ckaId) };
  return find(template, 2, objects, 2) > 0 ? objects[0] : 0;
}

/* Length first, then the value, as everybody must. */
static size_t attribute(CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type, byte *into, size_t room) {
  CK_ATTRIBUTE one = { type, NULL, 0 };
  if (p11->C_GetAttributeValue(session, object, &one, 1) != CKR_OK || one.ulValueLen > room) return 0;
  one.pValue = into;
  return p11->C_GetAttributeValue(session, object, &one, 1) == CKR_OK ? one.ulValueLen : 0;
}

/* Between runs: a token is to find each as it found the first. */
static void clear(void) {
  CK_ATTRIBUTE all[] = { ATTRIBUTE(CKA_TOKEN, yes) };
  initialize();
  findSlot();
  openSession();
  login();
  CK_ULONG count = find(all, 1, objects, 4096);
  for (CK_ULONG i = 0; i < count; i++) CALL(C_DestroyObject, session, objects[i]);
  finalize();
}

/* ---- the key ---- */

static CK_OBJECT_HANDLE generate(CK_OBJECT_HANDLE *publicKey) {
  static byte p256[] = { 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07 };
  CK_MECHANISM mechanism = { CKM_EC_KEY_PAIR_GEN, NULL, 0 };
  CK_OBJECT_CLASS publicClass = CKO_PUBLIC_KEY, privateClass = CKO_PRIVATE_KEY;
  CK_KEY_TYPE ec = CKK_EC;
  CK_ATTRIBUTE publicTemplate[] = {
    ATTRIBUTE(CKA_CLASS, publicClass), ATTRIBUTE(CKA_KEY_TYPE, ec), ATTRIBUTE(CKA_TOKEN, yes),
    ATTRIBUTE(CKA_PRIVATE, no), ATTRIBUTE(CKA_ID, ckaId), { CKA_LABEL, "floor", 5 }, ATTRIBUTE(CKA_VERIFY, yes),
    ATTRIBUTE(CKA_EC_PARAMS, p256) };
  CK_ATTRIBUTE privateTemplate[] = {
    ATTRIBUTE(CKA_CLASS, privateClass), ATTRIBUTE(CKA_KEY_TYPE, ec), ATTRIBUTE(CKA_TOKEN, yes),
    ATTRIBUTE(CKA_PRIVATE, yes), ATTRIBUTE(CKA_SENSITIVE, yes), ATTRIBUTE(CKA_EXTRACTABLE, no),
    ATTRIBUTE(CKA_ID, ckaId), { CKA_LABEL, "floor", 5 }, ATTRIBUTE(CKA_SIGN, yes) };
  CK_OBJECT_HANDLE privateKey;
  CALL(C_GenerateKeyPair, session, &mechanism, publicTemplate, 8, privateTemplate, 9, publicKey, &privateKey);
  return privateKey;
}

/* The same trials as the token host's examination. */
static void examine(CK_OBJECT_HANDLE key) {
  CK_ATTRIBUTE_TYPE read[] = { CKA_EXTRACTABLE, CKA_VALUE, CKA_PRIVATE_EXPONENT, CKA_PRIME_1, CKA_PRIME_2, CKA_EXPONENT_1,
                               CKA_EXPONENT_2, CKA_COEFFICIENT, CKA_SENSITIVE, CKA_EXTRACTABLE, CKA_ALWAYS_SENSITIVE,
                               CKA_NEVER_EXTRACTABLE, CKA_LOCAL };
  byte value[4096], vector[16] = { 0 };
  for (size_t i = 0; i < sizeof read / sizeof *read; i++) attribute(key, read[i], value, sizeof value);
  CK_MECHANISM_TYPE mechanisms[512];
  CK_ULONG count = 512, length = 32;
  CALL(C_GetMechanismList, slot, mechanisms, &count);
  CK_OBJECT_CLASS secret = CKO_SECRET_KEY;
  CK_KEY_TYPE aes = CKK_AES;
  CK_ATTRIBUTE template[] = { ATTRIBUTE(CKA_CLASS, secret), ATTRIBUTE(CKA_KEY_TYPE, aes), ATTRIBUTE(CKA_VALUE_LEN, length),
                              ATTRIBUTE(CKA_TOKEN, no), ATTRIBUTE(CKA_WRAP, yes) };
  CK_MECHANISM generation = { CKM_AES_KEY_GEN, NULL, 0 };
  CK_OBJECT_HANDLE wrapping;
  CALL(C_GenerateKey, session, &generation, template, 5, &wrapping);
  CK_MECHANISM ways[] = { { CKM_AES_CBC_PAD, vector, 16 }, { CKM_AES_KEY_WRAP, NULL, 0 }, { CKM_AES_KEY_WRAP_PAD, NULL, 0 } };
  for (size_t i = 0; i < 3; i++) {
    CK_ULONG room = sizeof value;
    if (p11->C_WrapKey(session, &ways[i], wrapping, key, value, &room) == CKR_OK) fail("the key can be wrapped", 0);
  }
  CALL(C_DestroyObject, session, wrapping);
}

static void sign(CK_OBJECT_HANDLE key, const byte *data, size_t length, byte signature[64]) {
  byte hash[32];
  CK_ULONG size = sizeof hash;
  CK_MECHANISM sha256 = { CKM_SHA256, NULL, 0 }, ecdsa = { CKM_ECDSA, NULL, 0 };
  CALL(C_DigestInit, session, &sha256);
  CALL(C_Digest, session, (byte *)data, length, hash, &size);
  CALL(C_SignInit, session, &ecdsa, key);
  size = 64;
  CALL(C_Sign, session, hash, sizeof hash, signature, &size);
}

static void verify(CK_OBJECT_HANDLE key, const byte *data, size_t length, byte signature[64]) {
  byte hash[32];
  CK_ULONG size = sizeof hash;
  CK_MECHANISM sha256 = { CKM_SHA256, NULL, 0 }, ecdsa = { CKM_ECDSA, NULL, 0 };
  CALL(C_DigestInit, session, &sha256);
  CALL(C_Digest, session, (byte *)data, length, hash, &size);
  CALL(C_VerifyInit, session, &ecdsa, key);
  CALL(C_Verify, session, hash, sizeof hash, signature, 64);
}

/* ---- DER ---- */

static void put(Buffer *into, const void *bytes, size_t length) {
  if (into->length + length > sizeof into->bytes) fail("too long", length);
  memcpy(into->bytes + into->length, bytes, length);
  into->length += length;
}

static void putTlv(Buffer *into, byte tag, const byte *content, size_t length) {
  byte head[4] = { tag, (byte)length };
  size_t size = 2;
  if (length > 0x7f && length <= 0xff) { head[1] = 0x81; head[2] = (byte)length; size = 3; }
  if (length > 0xff) { head[1] = 0x82; head[2] = (byte)(length >> 8); head[3] = (byte)length; size = 4; }
  put(into, head, size);
  put(into, content, length);
}

static void putInteger(Buffer *into, const byte *number, size_t length) {
  byte padded[33] = { 0 };
  while (length > 1 && number[0] == 0) { number++; length--; }
  size_t sign = number[0] >> 7;
  memcpy(padded + sign, number, length);
  putTlv(into, 0x02, padded, length + sign);
}

/* The element at the start of `in`, whole; its content goes to `content`, what follows stays in `in`. */
static Slice next(Slice *in, Slice *content) {
  size_t head = 2, length = in->at[1];
  if (length > 0x80) {
    head += length & 0x7f;
    length = 0;
    for (size_t i = 2; i < head; i++) length = length << 8 | in->at[i];
  }
  if (head + length > in->length) fail("DER is cut off", length);
  Slice whole = { in->at, head + length };
  if (content) *content = (Slice){ in->at + head, length };
  in->at += whole.length;
  in->length -= whole.length;
  return whole;
}

static void requestInfo(Buffer *info, const byte *subject, size_t subjectLength, const byte point[65]) {
  static const byte version[] = { 0x02, 0x01, 0x00 }, attributes[] = { 0xa0, 0x00 };
  static const byte spki[] = { 0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06,
                               0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00 };
  static Buffer content;
  put(&content, version, sizeof version);
  put(&content, subject, subjectLength);
  put(&content, spki, sizeof spki);
  put(&content, point, 65);
  put(&content, attributes, sizeof attributes);
  putTlv(info, 0x30, content.bytes, content.length);
}

static void request(Buffer *csr, const Buffer *info, const byte signature[64]) {
  static const byte ecdsaWithSha256[] = { 0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02 };
  static Buffer pair, bits, content;
  putInteger(&pair, signature, 32);
  putInteger(&pair, signature + 32, 32);
  put(&bits, "", 1);
  putTlv(&bits, 0x30, pair.bytes, pair.length);
  put(&content, info->bytes, info->length);
  put(&content, ecdsaWithSha256, sizeof ecdsaWithSha256);
  putTlv(&content, 0x03, bits.bytes, bits.length);
  putTlv(csr, 0x30, content.bytes, content.length);
}

/* ---- base64, files, curl ---- */

static const char ALPHABET[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static void toBase64(const Buffer *from, Buffer *into) {
  for (size_t i = 0; i < from->length; i += 3) {
    size_t left = from->length - i;
    unsigned group = from->bytes[i] << 16 | (left > 1 ? from->bytes[i + 1] << 8 : 0) | (left > 2 ? from->bytes[i + 2] : 0);
    char four[4] = { ALPHABET[group >> 18], ALPHABET[group >> 12 & 63], left > 1 ? ALPHABET[group >> 6 & 63] : '=',
                     left > 2 ? ALPHABET[group & 63] : '=' };
    put(into, four, 4);
  }
}

static void fromBase64(const Buffer *from, Buffer *into) {
  unsigned group = 0, bits = 0;
  for (size_t i = 0; i < from->length; i++) {
    const char *at = from->bytes[i] ? strchr(ALPHABET, from->bytes[i]) : NULL;
    if (!at) continue;
    group = group << 6 | (unsigned)(at - ALPHABET);
    bits += 6;
    if (bits >= 8) { bits -= 8; byte one = (byte)(group >> bits); put(into, &one, 1); }
  }
}

static void readFile(const char *name, Buffer *into) {
  FILE *file = fopen(name, "rb");
  if (!file) fail(name, 0);
  into->length = fread(into->bytes, 1, sizeof into->bytes, file);
  fclose(file);
}

static void writeFile(const char *name, const Buffer *from) {
  FILE *file = fopen(name, "wb");
  if (!file || fwrite(from->bytes, 1, from->length, file) != from->length || fclose(file) != 0) fail(name, 0);
}

static void post(void) {
  pid_t child = fork();
  if (child == 0) {
    execlp("curl", "curl", "-q", "-K", "curl.conf", "--data-binary", "@request.b64", "-o", "answer.b64", (char *)NULL);
    _exit(127);
  }
  int status;
  if (child < 0 || waitpid(child, &status, 0) != child || status != 0) fail("curl", 0);
}

/* ---- the certificate ---- */

/* RFC 5652: ContentInfo, [0], SignedData: version, algorithms, content, [0] certificates. */
static Slice certificatesIn(const Buffer *answer) {
  Slice in = { answer->bytes, answer->length }, content;
  next(&in, &content);
  in = content;
  next(&in, NULL);
  next(&in, &content);
  in = content;
  next(&in, &content);
  in = content;
  next(&in, NULL);
  next(&in, NULL);
  next(&in, NULL);
  next(&in, &content);
  return content;
}

static void create(Slice certificate, byte *id, size_t idLength, const char *name) {
  Slice in = certificate, tbs, serial, issuer, subject;
  next(&in, &tbs);
  in = tbs;
  next(&in, &tbs);
  in = tbs;
  next(&in, NULL);
  serial = next(&in, NULL);
  next(&in, NULL);
  issuer = next(&in, NULL);
  next(&in, NULL);
  subject = next(&in, NULL);
  CK_OBJECT_CLASS class = CKO_CERTIFICATE;
  CK_CERTIFICATE_TYPE x509 = CKC_X_509;
  CK_ATTRIBUTE same[] = { ATTRIBUTE(CKA_CLASS, class), { CKA_VALUE, (void *)certificate.at, certificate.length } };
  CK_OBJECT_HANDLE there;
  if (find(same, 2, &there, 1) > 0) return;
  snapshot();
  CK_ATTRIBUTE template[] = {
    ATTRIBUTE(CKA_CLASS, class), ATTRIBUTE(CKA_CERTIFICATE_TYPE, x509), ATTRIBUTE(CKA_TOKEN, yes), ATTRIBUTE(CKA_PRIVATE, no),
    { CKA_ID, id, idLength }, { CKA_LABEL, (void *)name, strlen(name) },
    { CKA_SUBJECT, (void *)subject.at, subject.length }, { CKA_ISSUER, (void *)issuer.at, issuer.length },
    { CKA_SERIAL_NUMBER, (void *)serial.at, serial.length }, { CKA_VALUE, (void *)certificate.at, certificate.length } };
  CK_OBJECT_HANDLE made;
  CALL(C_CreateObject, session, template, 10, &made);
}

static void store(const Buffer *answer, const byte point[65]) {
  Slice rest = certificatesIn(answer);
  findOne(CKO_PRIVATE_KEY);
  while (rest.length > 0) {
    Slice one = next(&rest, NULL);
    int isOurs = memmem(one.at, one.length, point, 65) != NULL;
    create(one, isOurs ? ckaId : (byte *)"CA", isOurs ? sizeof ckaId : 2, isOurs ? "floor" : "CA");
  }
}

static void prove(void) {
  byte certificate[8192], challenge[47] = "inkan-proof-v1", signature[64];
  finalize();
  initialize();
  findSlot();
  openSession();
  login();
  if (attribute(findOne(CKO_CERTIFICATE), CKA_VALUE, certificate, sizeof certificate) == 0) fail("no certificate", 0);
  sign(findOne(CKO_PRIVATE_KEY), challenge, sizeof challenge, signature);
  verify(findOne(CKO_PUBLIC_KEY), challenge, sizeof challenge, signature);
}

/* ---- what it can do ---- */

static void enroll(const char *folder) {
  static Buffer subject, info, csr, sent, answer, decoded;
  byte point[67], signature[64];
  CK_OBJECT_HANDLE publicKey;
  if (chdir(folder) != 0) fail("chdir", 0);
  readFile("subject.der", &subject);
  initialize();
  lookAround(1);
  finalize();
  initialize();
  findSlot();
  openSession();
  login();
  findOne(CKO_PRIVATE_KEY);
  snapshot();
  CK_OBJECT_HANDLE key = generate(&publicKey);
  if (attribute(publicKey, CKA_EC_POINT, point, sizeof point) != 67) fail("CKA_EC_POINT", 0);
  examine(key);
  requestInfo(&info, subject.bytes, subject.length, point + 2);
  sign(key, info.bytes, info.length, signature);
  request(&csr, &info, signature);
  toBase64(&csr, &sent);
  writeFile("request.b64", &sent);
  post();
  readFile("answer.b64", &answer);
  fromBase64(&answer, &decoded);
  store(&decoded, point + 2);
  prove();
  finalize();
}

static void certificates(void) {
  static byte value[65536], name[256];
  struct timespec from, to;
  initialize();
  clock_gettime(CLOCK_MONOTONIC, &from);
  findSlot();
  CALL(C_OpenSession, slot, CKF_SERIAL_SESSION, NULL, NULL, &session);
  CK_OBJECT_CLASS class = CKO_CERTIFICATE;
  CK_ATTRIBUTE template[] = { ATTRIBUTE(CKA_CLASS, class), ATTRIBUTE(CKA_TOKEN, yes) };
  CK_ULONG count = find(template, 2, objects, 4096);
  for (CK_ULONG i = 0; i < count; i++) {
    CK_ATTRIBUTE both[] = { { CKA_VALUE, NULL, 0 }, { CKA_LABEL, NULL, 0 } };
    CALL(C_GetAttributeValue, session, objects[i], both, 2);
    if (both[0].ulValueLen > sizeof value || both[1].ulValueLen > sizeof name) fail("too long", both[0].ulValueLen);
    both[0].pValue = value;
    both[1].pValue = name;
    CALL(C_GetAttributeValue, session, objects[i], both, 2);
  }
  clock_gettime(CLOCK_MONOTONIC, &to);
  printf("%lu %ld\n", count, (to.tv_sec - from.tv_sec) * 1000000L + (to.tv_nsec - from.tv_nsec) / 1000);
  finalize();
}

static void fill(int count) {
  byte value[900], id[20];
  initialize();
  findSlot();
  openSession();
  login();
  for (int i = 0; i < count; i++) {
    CALL(C_GenerateRandom, session, value, sizeof value);
    CALL(C_GenerateRandom, session, id, sizeof id);
    CK_OBJECT_CLASS class = CKO_CERTIFICATE;
    CK_CERTIFICATE_TYPE x509 = CKC_X_509;
    CK_ATTRIBUTE template[] = {
      ATTRIBUTE(CKA_CLASS, class), ATTRIBUTE(CKA_CERTIFICATE_TYPE, x509), ATTRIBUTE(CKA_TOKEN, yes), ATTRIBUTE(CKA_PRIVATE, no),
      ATTRIBUTE(CKA_ID, id), { CKA_LABEL, "filler", 6 }, { CKA_SUBJECT, id, sizeof id }, ATTRIBUTE(CKA_VALUE, value) };
    CK_OBJECT_HANDLE made;
    CALL(C_CreateObject, session, template, 8, &made);
  }
  finalize();
}

static void signOnce(void) {
  byte challenge[64] = { 0 }, signature[64];
  initialize();
  findSlot();
  openSession();
  login();
  sign(findOne(CKO_PRIVATE_KEY), challenge, sizeof challenge, signature);
  finalize();
}

int main(int count, char **arguments) {
  if (count < 4) fail("usage: floor enroll|certificates|fill|sign|clear MODULE LABEL [FOLDER|COUNT]", 0);
  pin = getenv("FLOOR_PIN");
  label = arguments[3];
  void *module = dlopen(arguments[2], RTLD_NOW);
  CK_C_GetFunctionList list = module ? (CK_C_GetFunctionList)dlsym(module, "C_GetFunctionList") : NULL;
  if (!pin || !list || list(&p11) != CKR_OK) fail("module or PIN", 0);
  if (strcmp(arguments[1], "enroll") == 0 && count == 5) enroll(arguments[4]);
  else if (strcmp(arguments[1], "certificates") == 0) certificates();
  else if (strcmp(arguments[1], "sign") == 0) signOnce();
  else if (strcmp(arguments[1], "clear") == 0) clear();
  else if (strcmp(arguments[1], "fill") == 0 && count == 5) fill(atoi(arguments[4]));
  else fail("unknown command", 0);
  return 0;
}
